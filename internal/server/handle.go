package server

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"hazgrid/safety"
	"hazgrid/tiles"
)

// A handler answers one request from one state. An error it returns is answered for it,
// unless it has begun to answer.
type handler func(w http.ResponseWriter, r *http.Request, st *state) error

// Names of headers of our own.
const (
	versionHeader    = "Hazgrid-Version"     // of the snapshot that answered
	minVersionHeader = "Hazgrid-Min-Version" // the least a request wants to be answered from
)

// A refusal is an answer with a status that no kind of error stands for.
type refusal struct {
	status int
	detail string
	field  string
}

func (e *refusal) Error() string { return e.detail }

// serve runs h on one snapshot, so that an answer never mixes two, and turns its error into
// a problem. It is the only place that logs a failed request.
func (s *Server) serve(route string, h handler) http.Handler {
	metrics := s.metrics.of(route)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		out := &recorder{ResponseWriter: w}
		st, err := s.stateFor(r)
		out.Header()[versionHeader] = st.version
		if err == nil {
			err = h(out, r, st)
		}
		if err != nil {
			if r.Context().Err() != nil { // the client is gone, or still there while the service ends
				err = &refusal{status: http.StatusServiceUnavailable, detail: "the request was given up"}
			}
			s.fail(out, r, err)
		}
		metrics.observe(out.code(), time.Since(start))
	})
}

// stateFor returns the state to answer r from: with the time of now, and at least as new as r asks.
func (s *Server) stateFor(r *http.Request) (*state, error) {
	if err := s.tick(r.Context()); err != nil {
		s.cfg.Log.DebugContext(r.Context(), "cannot follow the time", "err", err) // Run says it louder
	}
	text := r.Header.Get(minVersionHeader)
	if text == "" {
		return s.state.Load(), nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return s.state.Load(), &safety.FieldError{Field: minVersionHeader, Reason: "want a version, a whole number"}
	}
	st, ok := s.atLeast(r.Context(), n)
	if !ok {
		return st, &refusal{status: http.StatusServiceUnavailable, detail: "version " + text + " is not here yet"}
	}
	return st, nil
}

// fail answers with a problem and logs it if it is a fault of ours.
func (s *Server) fail(w *recorder, r *http.Request, err error) {
	p := problemOf(err)
	if p.Status == http.StatusInternalServerError {
		s.cfg.Log.ErrorContext(r.Context(), "request failed", "method", r.Method, "path", r.URL.Path, "principal", principalOf(r.Context()).name, "err", err)
	}
	if w.status != 0 {
		// The answer has begun: only breaking the connection tells the client that it is not whole.
		panic(http.ErrAbortHandler)
	}
	if p.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	writeProblem(w, r, p)
}

// problem is RFC 9457.
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
	Field  string `json:"field,omitempty"`
}

func problemOf(err error) problem {
	p := problem{Type: "about:blank", Detail: err.Error()}
	var field *safety.FieldError
	var no *refusal
	switch {
	case errors.As(err, &field):
		p.Status, p.Field = http.StatusBadRequest, field.Field
	case errors.As(err, &no):
		p.Status, p.Field = no.status, no.field
	case errors.Is(err, safety.ErrNotFound), errors.Is(err, tiles.ErrAddress):
		p.Status = http.StatusNotFound
	case errors.Is(err, safety.ErrInvalid):
		p.Status = http.StatusBadRequest
	case errors.Is(err, safety.ErrConflict):
		p.Status = http.StatusConflict
	case errors.Is(err, safety.ErrDenied):
		p.Status = http.StatusForbidden
	default:
		p.Status, p.Detail = http.StatusInternalServerError, "the log of the service says more"
	}
	p.Title = http.StatusText(p.Status)
	return p
}

func writeProblem(w http.ResponseWriter, r *http.Request, p problem) {
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	h.Del("ETag")
	h.Del("Content-Encoding")
	h.Del("Content-Length")
	w.WriteHeader(p.Status)
	if r.Method == http.MethodHead {
		return
	}
	_ = json.NewEncoder(w).Encode(p) // the client may be gone: nobody is left to tell
}

// recorder remembers the status of an answer.
type recorder struct {
	http.ResponseWriter
	status int
}

// WriteHeader notes the status.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write notes an implied 200.
func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController find what the connection can do.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *recorder) code() int {
	if r.status == 0 {
		return http.StatusOK
	}
	return r.status
}

// principal is who asks. Today everybody is the anonymous reader, who sees what a snapshot
// holds: public columns only. Rights and tokens will hang on it.
type principal struct{ name string }

type principalKey struct{}

// principalOf returns who asks: the anonymous reader unless the context says otherwise.
func principalOf(ctx context.Context) principal {
	if p, ok := ctx.Value(principalKey{}).(principal); ok {
		return p
	}
	return principal{"anonymous"}
}
