package server

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
	kgzip "github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// coding is a content coding of RFC 9110.
type coding string

const (
	identity coding = "identity"
	brotliC  coding = "br"
	zstdC    coding = "zstd"
	gzipC    coding = "gzip"
)

// codings lists what can be served, the best first: it decides between codings that a client likes as well.
func codings() []coding { return []coding{brotliC, zstdC, gzipC, identity} }

// A negotiator remembers what it chose for a header: the few that browsers send come again and again.
type negotiator struct {
	mu     sync.RWMutex
	chosen map[string]coding
}

// headersKept is how many headers are remembered, and headerLength how long they may be: clients write them.
const (
	headersKept  = 256
	headerLength = 256
)

// choose is the function choose for a header that is given.
func (n *negotiator) choose(header string) (coding, bool) {
	n.mu.RLock()
	as, known := n.chosen[header]
	n.mu.RUnlock()
	if known {
		return as, true
	}
	as, ok := choose(header, true)
	if ok && len(header) <= headerLength {
		n.mu.Lock()
		if n.chosen == nil || len(n.chosen) >= headersKept {
			n.chosen = map[string]coding{}
		}
		n.chosen[strings.Clone(header)] = as
		n.mu.Unlock()
	}
	return as, ok
}

// choose returns the coding for an Accept-Encoding header (RFC 9110, 12.5.3): the one with the highest
// weight. Identity needs no mention, but loses to any coding that is named with a weight above 0. Not ok when the client
// forbids identity and likes nothing else there is.
func choose(header string, given bool) (coding, bool) {
	if !given {
		return identity, true
	}
	weights := parseWeights(header)
	best, most := identity, 0.0
	for _, c := range codings() {
		if q, ok := weightOf(weights, c); ok && q > most {
			best, most = c, q
		}
	}
	if q, named := weightOf(weights, identity); most == 0 && named && q == 0 {
		return "", false
	}
	return best, true
}

// weightOf returns the weight of c: its own, else that of "*". Identity falls under "*" only when that forbids it.
func weightOf(weights map[string]float64, c coding) (q float64, named bool) {
	if q, ok := weights[string(c)]; ok {
		return q, true
	}
	if q, ok := weights["*"]; ok && (c != identity || q == 0) {
		return q, true
	}
	return 0, false
}

// parseWeights reads "gzip;q=0.5, br". What is malformed counts as not said.
func parseWeights(header string) map[string]float64 {
	weights := map[string]float64{}
	for item := range strings.SplitSeq(header, ",") {
		name, parameters, _ := strings.Cut(item, ";")
		q := 1.0
		for p := range strings.SplitSeq(parameters, ";") {
			key, value, ok := strings.Cut(p, "=")
			if !ok || !strings.EqualFold(strings.TrimSpace(key), "q") {
				continue
			}
			v, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil || !(v >= 0 && v <= 1) {
				v = 0
			}
			q = v
		}
		name = strings.ToLower(strings.TrimSpace(name))
		if name == "x-gzip" {
			name = "gzip"
		}
		if name != "" {
			weights[name] = q
		}
	}
	return weights
}

// content is one answer: what it says, its digest, and its forms, each compressed once.
type content struct {
	body   []byte
	digest string
	forms  sync.Map // coding → func() ([]byte, error)
}

// newContent takes over body.
func newContent(body []byte) *content { return &content{body: body, digest: digest(body)} }

// tag returns the entity tag of the content in a coding.
func (c *content) tag(as coding) string { return `"` + c.digest + "-" + string(as) + `"` }

// size counts the plain body twice, for the compressed forms.
func (c *content) size() int { return 2*len(c.body) + 512 }

// form returns the body in a coding.
func (c *content) form(as coding) ([]byte, error) {
	if as == identity || len(c.body) == 0 {
		return c.body, nil
	}
	f, _ := c.forms.LoadOrStore(as, sync.OnceValues(func() ([]byte, error) { return compress(c.body, as) }))
	return f.(func() ([]byte, error))()
}

// compress is deterministic: the same body has the same bytes in every process.
func compress(body []byte, as coding) ([]byte, error) {
	var b bytes.Buffer
	switch as {
	case brotliC:
		w := brotli.NewWriterLevel(&b, 5)
		return finish(&b, w, body)
	case gzipC:
		w, err := kgzip.NewWriterLevel(&b, gzip.DefaultCompression)
		if err != nil {
			return nil, err
		}
		return finish(&b, w, body)
	case zstdC:
		w, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		return w.EncodeAll(body, nil), w.Close()
	}
	return nil, fmt.Errorf("no coding %q", as)
}

// finish writes body through w, a compressor into b.
func finish(b *bytes.Buffer, w io.WriteCloser, body []byte) ([]byte, error) {
	if _, err := w.Write(body); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
