package server

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
	kgzip "github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"hazgrid/tiles"
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
func codings() [4]coding { return [4]coding{brotliC, zstdC, gzipC, identity} }

// tileCodings are those of tiles: most of a tile is packed as gzip beforehand, and a tenth of its bytes is not worth packing it for each answer.
func tileCodings() [4]coding { return [4]coding{gzipC, brotliC, zstdC, identity} }

// A negotiator remembers what it chose for a header: the few that browsers send come again and again.
type negotiator struct {
	order  [4]coding
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
	as, ok := choose(n.order, header)
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
// weight, the first in order of those. Identity needs no mention, but loses to any coding that is named with a weight above 0. Not ok when the client
// forbids identity and likes nothing else there is.
func choose(order [4]coding, header string) (coding, bool) {
	weights := parseWeights(header)
	best, most := identity, 0.0
	for _, c := range order {
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

// content is one answer: what it says, its digest, and its forms.
type content struct {
	body    []byte         // of what is no drawing
	drawing *tiles.Drawing // of a tile with plates
	digest  string
	forms   [4]form   // in the order of codings
	tags    [4]string // of the forms
}

// A form is a content in one coding, made when it is first asked for, with the values of its headers.
type form struct {
	once   sync.Once
	body   []byte
	err    error
	tag    []string
	length []string
}

// newContent takes over body.
func newContent(body []byte) *content {
	c := &content{body: body, digest: digest(body)}
	c.setTags()
	return c
}

// newTileContent takes over a drawing.
func newTileContent(d *tiles.Drawing) *content {
	if !d.Plated() {
		return newContent(d.Bytes())
	}
	sum := d.Sum()
	c := &content{drawing: d, digest: hex.EncodeToString(sum[:8])}
	c.setTags()
	return c
}

// setTags names the forms, all in one text: most are never asked for.
func (c *content) setTags() {
	text := make([]byte, 0, 128)
	var ends [4]int
	for i, as := range codings() {
		text = append(append(append(append(append(text, '"'), c.digest...), '-'), as...), '"')
		ends[i] = len(text)
	}
	all, from := string(text), 0
	for i, end := range ends {
		c.tags[i] = all[from:end]
		c.forms[i].tag = c.tags[i : i+1 : i+1]
		from = end
	}
}

// plain returns what it says without a coding.
func (c *content) plain() []byte {
	if c.drawing != nil {
		return c.drawing.Bytes()
	}
	return c.body
}

func (c *content) length() int {
	if c.drawing != nil {
		return c.drawing.Len()
	}
	return len(c.body)
}

// size counts the plain body twice, for the compressed forms.
func (c *content) size() int { return 2*c.length() + 1024 }

// at returns the place of the form in a coding, made or not.
func (c *content) at(as coding) *form {
	for i, known := range codings() {
		if known == as {
			return &c.forms[i]
		}
	}
	return &c.forms[len(c.forms)-1]
}

// form returns the content in a coding.
func (c *content) form(as coding) (*form, error) {
	f := c.at(as)
	f.once.Do(func() {
		switch {
		case as == identity || c.length() == 0:
			f.body = c.plain()
		case as == gzipC && c.drawing != nil:
			f.body, f.err = c.drawing.Gzip()
		default:
			f.body, f.err = compress(c.plain(), as)
		}
		f.length = []string{strconv.Itoa(len(f.body))}
	})
	return f, f.err
}

// gzipLevel makes the tiles of the district 9 % larger than level 6, in half of its time, and 6 % larger than level 3 in 0.4 of its.
const gzipLevel = 1

// smallBody is up to which size, bytes, a better level is quick too, and a fifth smaller where a change of one grid is told.
const (
	smallBody      = 4096
	gzipSmallLevel = 6
)

// Compressors need more memory than most of what they compress, so they are kept between uses. They hold nothing of what they did.
var (
	gzips      = sync.Pool{New: func() any { w, _ := kgzip.NewWriterLevel(nil, gzipLevel); return w }}
	gzipsSmall = sync.Pool{New: func() any { w, _ := kgzip.NewWriterLevel(nil, gzipSmallLevel); return w }}
	brotlis    = sync.Pool{New: func() any { return brotli.NewWriterLevel(nil, 5) }}
	zstds      = sync.OnceValues(func() (*zstd.Encoder, error) { return zstd.NewWriter(nil) })
)

// compress is deterministic: the same body has the same bytes in every process.
func compress(body []byte, as coding) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(len(body)/2 + 64)
	switch as {
	case brotliC:
		w := brotlis.Get().(*brotli.Writer)
		defer brotlis.Put(w)
		w.Reset(&b)
		return finish(&b, w, body)
	case gzipC:
		pool := &gzips
		if len(body) <= smallBody {
			pool = &gzipsSmall
		}
		w := pool.Get().(*kgzip.Writer)
		defer pool.Put(w)
		w.Reset(&b)
		return finish(&b, w, body)
	case zstdC:
		w, err := zstds()
		if err != nil {
			return nil, err
		}
		return w.EncodeAll(body, make([]byte, 0, len(body)/2+64)), nil
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
