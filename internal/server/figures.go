package server

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"

	"github.com/gorilla/mux"
	"github.com/paulmach/orb/geojson"

	"hazgrid/internal/export"
	"hazgrid/safety"
)

func (s *Server) tallies(w http.ResponseWriter, r *http.Request, st *state) error {
	q, err := s.query(r, st)
	if err != nil {
		return err
	}
	n, err := level(r, st, 1)
	if err != nil {
		return err
	}
	format := parameters(r)("format")
	if format == "" {
		format = "json"
	}
	if !slices.Contains(export.TallyFormats(), format) {
		return &safety.FieldError{Field: "format", Reason: fmt.Sprintf("want json, csv or xlsx, got %q", format)}
	}
	if format != "json" {
		w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="tallies-%d.%s"`, n, format))
	}
	err = s.reply(w, r, st, answer{
		key: fmt.Sprintf("tallies %d %s %#v", n, format, q), media: export.MediaType(format),
		build: func() ([]byte, error) { return s.tally(st.snapshot, n, q, format) },
	})
	if err != nil {
		w.Header().Del("Content-Disposition")
	}
	return err
}

func (s *Server) tally(snapshot *safety.Snapshot, level int, q safety.Query, format string) ([]byte, error) {
	t, err := snapshot.Tallies(level, q)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = export.Tally(&b, t, format, s.cfg.Location)
	return b.Bytes(), err
}

// gridLine is a grid without its geometry.
type gridLine struct {
	ID      int64   `json:"id"`
	Code    string  `json:"code"`
	Name    string  `json:"name"`
	Level   int     `json:"level"`
	Parent  *string `json:"parent"`
	Kind    *string `json:"kind"`
	AreaKm2 float64 `json:"area_km2"`
}

func lineOf(g *safety.Grid) gridLine {
	return gridLine{g.ID, g.Code, g.Name, g.Level, optional(g.Parent), optional(g.Kind), g.AreaKm2}
}

func linesOf(grids []*safety.Grid) []gridLine {
	out := make([]gridLine, len(grids))
	for i, g := range grids {
		out[i] = lineOf(g)
	}
	return out
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// grids lists the grids of a level, or of all of them; in a box or near a point, if that is asked.
func (s *Server) grids(w http.ResponseWriter, r *http.Request, st *state) error {
	if get := parameters(r); get("bbox") != "" || get("near") != "" {
		return s.find(safety.Grids)(w, r, st)
	}
	q, err := s.query(r, st)
	if err != nil {
		return err
	}
	n, err := level(r, st, 0)
	if err != nil {
		return err
	}
	return s.reply(w, r, st, jsonAnswer(fmt.Sprintf("grids %d %q %d", n, q.Scheme, q.At), func() (any, error) {
		from, to := n, n
		if n == 0 {
			from, to = 1, st.snapshot.Depth(q.Scheme)
		}
		all := []gridLine{}
		for level := from; level <= to; level++ {
			l, err := st.snapshot.Layer(q.Scheme, level, q.At)
			if err != nil {
				return nil, err
			}
			all = append(all, linesOf(l.Grids)...)
		}
		var o export.Object
		return o.Set("version", st.snapshot.Version()).Set("grids", all), nil
	}))
}

// grid answers for one grid: geometry, what is above and below it, its tally.
func (s *Server) grid(w http.ResponseWriter, r *http.Request, st *state) error {
	q, err := s.query(r, st)
	if err != nil {
		return err
	}
	code := mux.Vars(r)["code"]
	return s.reply(w, r, st, jsonAnswer(fmt.Sprintf("grid %q %#v", code, q), func() (any, error) {
		return s.oneGrid(st.snapshot, code, q)
	}))
}

func (s *Server) oneGrid(snapshot *safety.Snapshot, code string, q safety.Query) (any, error) {
	g, err := snapshot.Grid(q.Scheme, code, q.At)
	if err != nil {
		return nil, err
	}
	table, err := snapshot.Tallies(g.Level, q)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(table.Rows, func(r safety.Row) bool { return r.Grid == g })
	if i < 0 {
		return nil, fmt.Errorf("grid %q has no tally at its level %d", code, g.Level)
	}
	var o export.Object
	o.Set("id", g.ID).Set("scheme", g.Scheme).Set("code", g.Code).Set("name", g.Name).Set("level", g.Level)
	o.Set("parent", optional(g.Parent)).Set("kind", optional(g.Kind)).Set("area_km2", g.AreaKm2)
	o.Set("valid_from", export.Instant(g.ValidFrom, s.cfg.Location)).Set("valid_to", export.Instant(g.ValidTo, s.cfg.Location))
	o.Set("synthetic", g.Synthetic)
	o.Set("version", snapshot.Version()).Set("at", export.Instant(table.Query.At, s.cfg.Location))
	o.Set("ancestors", linesOf(snapshot.Ancestors(g, q.At))).Set("children", linesOf(snapshot.Children(g, q.At)))
	o.Set("tally", export.TallyRow(&table.Rows[i]))
	return o.Set("geometry", geojson.NewGeometry(g.Boundary)), nil
}

// district tells the page what it shows.
func (s *Server) district(w http.ResponseWriter, r *http.Request, st *state) error {
	return s.reply(w, r, st, jsonAnswer("district", func() (any, error) {
		snapshot := st.snapshot
		schemes := snapshot.Schemes()
		if schemes == nil {
			schemes = []string{}
		}
		var box *[4]float64
		if b, ok := gridBounds(snapshot, "", 0); ok {
			box = &[4]float64{b.Min[0], b.Min[1], b.Max[0], b.Max[1]}
		}
		var o export.Object
		o.Set("division", s.cfg.Division).Set("version", snapshot.Version())
		o.Set("at", export.Instant(snapshot.At(), s.cfg.Location)).Set("tz", s.cfg.Location.String())
		o.Set("synthetic", snapshot.Synthetic()).Set("opens_at", optional(s.cfg.OpensAt))
		return o.Set("schemes", schemes).Set("levels", snapshot.Depth("")).Set("bounds", box), nil
	}))
}
