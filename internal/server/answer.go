package server

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"hazgrid/safety"
)

// An answer is what a GET will say: made once per snapshot and key, however often it is asked for.
type answer struct {
	key   string // what is asked, canonical; without the snapshot
	media string // Content-Type
	build func() ([]byte, error)
}

// reply sends a: 304 when the client has it, 204 when it is empty, else its bytes in the coding the client likes best.
func (s *Server) reply(w http.ResponseWriter, r *http.Request, st *state, a answer) error {
	as, err := s.accepted(w, r, &s.negotiator)
	if err != nil {
		return err
	}
	c, err := s.content(st.snapshot, a)
	if err != nil {
		return err
	}
	return s.send(w, r, c, answerForm{as, a.media})
}

// accepted returns the coding that the client likes best, and notes that the answer depends on it.
func (s *Server) accepted(w http.ResponseWriter, r *http.Request, n *negotiator) (coding, error) {
	if h := w.Header(); len(h["Vary"]) == 0 {
		h["Vary"] = s.fixed.vary
	} else {
		h.Add("Vary", "Accept-Encoding")
	}
	given := r.Header["Accept-Encoding"]
	if len(given) == 0 {
		return identity, nil
	}
	header := given[0]
	if len(given) > 1 {
		header = strings.Join(given, ",")
	}
	as, ok := n.choose(header)
	if !ok {
		return "", &refusal{status: http.StatusNotAcceptable, detail: "Accept-Encoding allows none of br, zstd, gzip and identity", field: "Accept-Encoding"}
	}
	return as, nil
}

// answerForm is how a content is sent.
type answerForm struct {
	as    coding
	media string
}

// send answers with a content: 304 when the client has it, 204 when it is empty.
func (s *Server) send(w http.ResponseWriter, r *http.Request, c *content, f answerForm) error {
	h := w.Header()
	h["Cache-Control"] = s.fixed.noCache
	if c.length() == 0 {
		f.as = identity
	}
	h["Etag"] = c.at(f.as).tag
	if tags, asked := r.Header["If-None-Match"]; asked && matches(tags, c.digest) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	if c.length() == 0 {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return s.sendBody(w, r, c, f)
}

func (s *Server) sendBody(w http.ResponseWriter, r *http.Request, c *content, f answerForm) error {
	form, err := c.form(f.as)
	if err != nil {
		return err
	}
	h := w.Header()
	h["Content-Type"] = s.fixed.media(f.media)
	h["Accept-Ranges"] = s.fixed.ranges
	if f.as != identity {
		h["Content-Encoding"] = s.fixed.encoding(f.as)
	}
	status, body := http.StatusOK, form.body
	h["Content-Length"] = form.length
	if _, asked := r.Header["Range"]; asked {
		if status, body, err = pieceOf(h, r, body); err != nil {
			return err
		}
		h.Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the client may be gone: nobody is left to tell
	}
	return nil
}

// content returns what a says, from the cache when it was asked for before.
func (s *Server) content(snapshot *safety.Snapshot, a answer) (*content, error) {
	// A digest of the question, which holds texts as long as the client likes.
	key := sha256.Sum256(fmt.Appendf(nil, "%d %d %s", snapshot.Version(), snapshot.At(), a.key))
	return s.answers.get(string(key[:]), func() (*content, error) {
		s.building <- struct{}{}
		defer func() { <-s.building }()
		body, err := a.build()
		if err != nil {
			return nil, err
		}
		return newContent(body), nil
	})
}

// digest names a body: the first 16 hexadecimal digits of its SHA-256. It knows no version and no
// store, so equal content has equal tags everywhere and after every restart.
func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:8])
}

// matches reports whether one of the entity tags of If-None-Match names the digest, in
// any coding, or is "*".
func matches(values []string, digest string) bool {
	for _, v := range values {
		for tag := range strings.SplitSeq(v, ",") {
			tag = strings.TrimSpace(tag)
			if tag == "*" {
				return true
			}
			tag = strings.Trim(strings.TrimPrefix(tag, "W/"), `"`)
			if name, as, ok := strings.Cut(tag, "-"); ok && name == digest && isCoding(as) {
				return true
			}
		}
	}
	return false
}

func isCoding(s string) bool {
	for _, c := range codings() {
		if string(c) == s {
			return true
		}
	}
	return false
}

// jsonAnswer is an answer of JSON.
func jsonAnswer(key string, make func() (any, error)) answer {
	return answer{key, "application/json", func() ([]byte, error) {
		v, err := make()
		if err != nil {
			return nil, err
		}
		var b bytes.Buffer
		err = json.NewEncoder(&b).Encode(v)
		return b.Bytes(), err
	}}
}

// parameters reads the query string of a request; the first value of a name counts.
func parameters(r *http.Request) func(name string) string {
	return r.URL.Query().Get
}

// query reads at, from, to and the filters, and refuses a scheme that is not there.
func (s *Server) query(r *http.Request, st *state) (safety.Query, error) {
	q, err := safety.ParseQuery(parameters(r), s.cfg.Location)
	if err != nil {
		return q, err
	}
	if q.Scheme != "" && st.snapshot.Depth(q.Scheme) == 0 {
		return q, &safety.FieldError{Field: "scheme", Reason: fmt.Sprintf("there is no scheme %q", q.Scheme)}
	}
	return q, nil
}

// level reads the parameter level; fallback is what it means when it is not given.
func level(r *http.Request, st *state, fallback int) (int, error) {
	text := parameters(r)("level")
	if text == "" {
		return fallback, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, &safety.FieldError{Field: "level", Reason: fmt.Sprintf("want a whole number from 1, got %q", text)}
	}
	if depth := st.snapshot.Depth(parameters(r)("scheme")); n > depth && depth > 0 {
		return 0, &safety.FieldError{Field: "level", Reason: fmt.Sprintf("want 1 to %d, got %d", depth, n)}
	}
	return n, nil
}
