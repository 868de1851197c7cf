package server

import (
	"fmt"
	"net/http"

	"hazgrid/internal/export"
	"hazgrid/safety"
)

// mismatches lists the records whose declared grid is not the computed one, a page at a time. Here
// kind is the kind of record, as on the command line; of the filters only scheme and at count.
func (s *Server) mismatches(w http.ResponseWriter, r *http.Request, st *state) error {
	get := parameters(r)
	kind, err := safety.ParseKind(get("kind"))
	if err != nil {
		return err
	}
	asked, err := s.query(r, st)
	if err != nil {
		return err
	}
	q := safety.Query{At: asked.At, Scheme: asked.Scheme}
	n, err := level(r, st, 0)
	if err != nil {
		return err
	}
	var page search
	if page.limit, page.offset, err = pageAsked(get); err != nil {
		return err
	}
	key := fmt.Sprintf("mismatches %q %d %#v %d %d", kind, n, q, page.limit, page.offset)
	return s.reply(w, r, st, jsonAnswer(key, func() (any, error) {
		m, err := st.snapshot.Mismatches(kind, n, q)
		if err != nil {
			return nil, err
		}
		rows := export.MismatchRows(m, page.offset, page.limit)
		o := export.MismatchHead(m, s.cfg.Location)
		return o.Set("returned", len(rows)).Set("next", page.next(len(m.Rows))).Set("mismatches", rows), nil
	}))
}
