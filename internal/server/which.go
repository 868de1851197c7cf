package server

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"net/http"
	"strconv"

	"github.com/paulmach/orb"

	"hazgrid/geo/crs"
	"hazgrid/internal/export"
	"hazgrid/safety"
)

// which answers for one point.
func (s *Server) which(w http.ResponseWriter, r *http.Request, st *state) error {
	l, err := s.locator(r, st)
	if err != nil {
		return err
	}
	var p orb.Point
	for i, name := range []string{"lon", "lat"} {
		text := parameters(r)(name)
		if p[i], err = export.ParseNumber(text); err != nil {
			return &safety.FieldError{Field: name, Reason: fmt.Sprintf("want a number, got %q", text)}
		}
	}
	o, err := l.Answer(p)
	if err != nil {
		return err
	}
	return s.reply(w, r, st, jsonAnswer(fmt.Sprintf("which %v %v %#v", p, l.Frame, l.Options), func() (any, error) { return o, nil }))
}

func (s *Server) locator(r *http.Request, st *state) (export.Locator, error) {
	l := export.Locator{Snapshot: st.snapshot, Frame: crs.WGS84}
	q, err := s.query(r, st)
	if err != nil {
		return l, err
	}
	l.Options = safety.WhichOptions{Scheme: q.Scheme, At: q.At}
	get := parameters(r)
	if name := get("frame"); name != "" {
		l.Asked = name
		if l.Frame, err = crs.Parse(name); err != nil {
			return l, &safety.FieldError{Field: "frame", Reason: err.Error()}
		}
	}
	if text := get("snap"); text != "" {
		m, err := strconv.ParseFloat(text, 64)
		if err != nil || !(m >= 0) || math.IsInf(m, 0) {
			return l, &safety.FieldError{Field: "snap", Reason: fmt.Sprintf("want metres, got %q", text)}
		}
		l.Options.SnapM = m
	}
	return l, nil
}

// whichMany answers for many points, in the form they came in, while they come. Clients differ: some read as
// they send, some only afterwards. So the answer goes to a spool, from which it is sent as fast as the client takes it.
func (s *Server) whichMany(w http.ResponseWriter, r *http.Request, st *state) error {
	l, err := s.locator(r, st)
	if err != nil {
		return err
	}
	if coding := r.Header.Get("Content-Encoding"); coding != "" && coding != "identity" {
		return &refusal{status: http.StatusUnsupportedMediaType, detail: "want an uncompressed body, got " + coding, field: "Content-Encoding"}
	}
	in := bufio.NewReaderSize(r.Body, 64) // for a look at the beginning: large reads go past it
	ask, reply, err := pointsForm(l, r.Header.Get("Content-Type"), in)
	if err != nil {
		return err
	}
	// Where the connection cannot do both at once (HTTP/2 always can), the answer simply comes after the question.
	_ = http.NewResponseController(w).EnableFullDuplex()
	out := newSpool()
	sent := make(chan error, 1)
	go func() {
		sent <- out.sendTo(w, func() {
			w.Header().Set("Content-Type", reply)
			w.Header().Set("Cache-Control", "no-store")
		})
	}()
	err = ask(out, in)
	out.finish(err)
	if e := <-sent; errors.Is(err, errGone) || (err == nil && e != nil) {
		s.cfg.Log.DebugContext(r.Context(), "the client took no more", "err", e)
		return nil
	}
	return err
}

// pointsForm returns what answers a body of points, and the media type of the answer. Of a text it takes the
// byte order mark off.
func pointsForm(l export.Locator, header string, body *bufio.Reader) (ask func(io.Writer, io.Reader) error, reply string, err error) {
	if media, _, _ := mime.ParseMediaType(header); media == export.PointsMedia {
		return l.WhichBinary, export.GridsMedia, nil
	}
	if mark, err := body.Peek(3); err == nil && string(mark) == "\ufeff" {
		_, _ = body.Discard(3) // what was peeked is there
	}
	switch media := pointsMedia(header, body); media {
	case "application/json":
		return l.WhichJSON, media, nil
	case "text/csv":
		return l.WhichCSV, "text/csv; charset=utf-8", nil
	default:
		detail := "want text/csv, application/json or " + export.PointsMedia + ", got " + media
		return nil, "", &refusal{status: http.StatusUnsupportedMediaType, detail: detail, field: "Content-Type"}
	}
}

// pointsMedia is the media type of a body of points. Where the client names none, or the one that
// curl and browsers put on anything, the first character tells.
func pointsMedia(header string, body *bufio.Reader) string {
	media, _, err := mime.ParseMediaType(header)
	switch {
	case err != nil && header != "":
		return header
	case media != "" && media != "application/x-www-form-urlencoded" && media != "application/octet-stream" && media != "text/plain":
		return media
	}
	if first, err := body.Peek(1); err == nil && first[0] == '[' {
		return "application/json"
	}
	return "text/csv"
}
