package server

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gorilla/mux"

	"hazgrid/internal/export"
	"hazgrid/safety"
)

// item answers with one feature: whatever its time, so that each that a page has named can be had.
func (s *Server) item(w http.ResponseWriter, r *http.Request, st *state) error {
	media, err := featureMedia(w, r)
	if err != nil {
		return err
	}
	c, err := s.collectionOf(r, st)
	if err != nil {
		return err
	}
	if err := onlyKnown(r, slices.Concat([]string{"f", "at", "scheme"}, c.figureFilters())); err != nil {
		return err
	}
	q, err := s.query(r, st)
	if err != nil {
		return err
	}
	here, id := baseURL(r)+"/collections/"+c.id, mux.Vars(r)["featureId"]
	return s.reply(w, r, st, answer{
		key: fmt.Sprintf("item %s %q %#v %s", here, id, q, media), media: media,
		build: func() ([]byte, error) {
			f, err := describer{s, st.snapshot, q}.find(c, id)
			if err != nil {
				return nil, fmt.Errorf("feature of %s: %w", c.id, err)
			}
			o := f.feature().Set("links", []link{
				{Href: here + "/items/" + url.PathEscape(f.id) + passOn(r, queryNames()), Rel: "self", Type: media, Title: "This feature"},
				jsonLink(here, "collection", "The collection"),
			})
			b, err := o.MarshalJSON()
			return append(b, '\n'), err
		},
	})
}

// figureFilters are the filters that change what one feature says: the figures of a grid.
func (c collection) figureFilters() []string {
	if c.kind == gridLayer {
		return c.filters
	}
	return nil
}

func (d describer) find(c collection, id string) (found, error) {
	switch c.kind {
	case enterpriseLayer:
		return one(d.enterprise, id, d.snapshot.Enterprise)
	case hazardLayer:
		return one(d.hazard, id, d.snapshot.Hazard)
	case lineLayer:
		return one(d.line, id, d.snapshot.Line)
	}
	grid, err := d.grid(c.level)
	if err != nil {
		return found{}, err
	}
	return one(grid, id, func(id string) (*safety.Grid, error) { return d.findGrid(c.level, id) })
}

func one[T any](describe func(*T) (found, error), id string, get func(string) (*T, error)) (found, error) {
	r, err := get(id)
	if err != nil {
		return found{}, err
	}
	return describe(r)
}

// findGrid returns the grid with a code, or else with the id that tiles give its feature: the version
// valid at the time of the query, or else the last there is.
func (d describer) findGrid(level int, name string) (*safety.Grid, error) {
	id, err := strconv.ParseInt(name, 10, 64)
	if err != nil {
		id = -1 // which no grid has
	}
	for _, during := range []*safety.Span{nil, {}} {
		grids, err := d.snapshot.SelectGrids(level, safety.Selection{Query: d.query, During: during})
		if err != nil {
			return nil, err
		}
		i, ok := slices.BinarySearchFunc(grids, name, func(g *safety.Grid, code string) int { return strings.Compare(g.Code, code) })
		if !ok {
			i = slices.IndexFunc(grids, func(g *safety.Grid) bool { return g.ID == id })
		}
		if i >= 0 {
			return grids[i], nil
		}
	}
	return nil, fmt.Errorf("%q: %w", name, safety.ErrNotFound)
}

// A describer says what features say, as of a query.
type describer struct {
	s        *Server
	snapshot *safety.Snapshot
	query    safety.Query
}

func (d describer) at() safety.Time {
	if d.query.At.IsSet() {
		return d.query.At
	}
	return d.snapshot.At()
}

func (d describer) enterprise(e *safety.Enterprise) (found, error) {
	f := found{id: e.ID, row: enterpriseRow(d.s, d.snapshot, e, d.query)}
	if e.Place != safety.NoPlace {
		f.shape = e.At
	}
	return f, nil
}

func (d describer) hazard(h *safety.Hazard) (found, error) {
	f := found{id: h.ID, row: hazardRow(d.s, d.snapshot, h, d.query)}
	if h.Place != safety.NoPlace {
		f.shape = h.At
	}
	return f, nil
}

func (d describer) line(l *safety.Line) (found, error) {
	return found{l.ID, lineRow(l), l.Path}, nil
}

// grid describes the grids of a level with their figures; one that is not valid at the time of the query has none.
func (d describer) grid(level int) (func(*safety.Grid) (found, error), error) {
	table, err := d.snapshot.Tallies(level, d.query)
	if err != nil {
		return nil, err
	}
	return func(g *safety.Grid) (found, error) {
		o := gridRow(g)
		o.Set("valid_from", export.Instant(g.ValidFrom, d.s.cfg.Location)).Set("valid_to", export.Instant(g.ValidTo, d.s.cfg.Location))
		setFigures(o, rowOf(table, g))
		return found{g.Code, o, g.Boundary}, nil
	}, nil
}

// rowOf is the row of a grid, nil when the table is of other boundaries.
func rowOf(t *safety.Table, g *safety.Grid) *safety.Row {
	rows := t.Rows[:len(t.Rows)-2] // by code; the last two are no grids
	i, ok := slices.BinarySearchFunc(rows, g.Code, func(r safety.Row, code string) int { return strings.Compare(r.Grid.Code, code) })
	if !ok || rows[i].Grid != g {
		return nil
	}
	return &rows[i]
}

// setFigures sets the live columns of a row, which are null where there is none.
func setFigures(o *export.Object, r *safety.Row) {
	for _, c := range liveColumns() {
		if r == nil {
			o.Set(c.name, nil)
			continue
		}
		switch v, ok := c.value(r); {
		case !ok:
			o.Set(c.name, nil)
		case c.whole:
			o.Set(c.name, int64(v))
		default:
			o.Set(c.name, v)
		}
	}
}
