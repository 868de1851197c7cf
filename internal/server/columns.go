package server

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gorilla/mux"

	"hazgrid/internal/export"
	"hazgrid/safety"
)

// columnsAsked is which live columns are asked for, and of which grids.
type columnsAsked struct {
	layer   layer
	query   safety.Query
	since   int64        // version after which changes are asked for, 0: all grids
	columns []liveColumn // in the order of liveColumns
	unnamed bool         // ids=none: who asks has them
}

// columns answers with the live columns of a grid layer as arrays in the order of ids, or with those of the grids that
// changed since a version.
func (s *Server) columns(w http.ResponseWriter, r *http.Request, st *state) error {
	a, err := s.columnsAsked(r, st)
	if err != nil {
		return err
	}
	return s.reply(w, r, st, jsonAnswer(a.key(), func() (any, error) { return s.columnsOf(st, a) }))
}

func (s *Server) columnsAsked(r *http.Request, st *state) (a columnsAsked, err error) {
	if a.query, err = s.query(r, st); err != nil {
		return a, err
	}
	if a.layer, err = parseLayer(mux.Vars(r)["layer"], st.snapshot.Depth(a.query.Scheme)); err != nil {
		return a, err
	}
	if a.layer.kind != gridLayer {
		return a, fmt.Errorf("live columns of layer %q: %w", a.layer.id, safety.ErrNotFound)
	}
	get := parameters(r)
	if a.since, err = sinceOf(get("since")); err != nil {
		return a, err
	}
	if a.columns, err = columnsNamed(get("columns")); err != nil {
		return a, err
	}
	switch ids := get("ids"); ids {
	case "", "all":
	case "none":
		a.unnamed = true
	default:
		return a, &safety.FieldError{Field: "ids", Reason: fmt.Sprintf("want none, got %q", ids)}
	}
	return a, nil
}

func (a columnsAsked) key() string {
	names := make([]string, len(a.columns))
	for i, c := range a.columns {
		names[i] = c.name
	}
	return fmt.Sprintf("columns %s %d %t %v %#v", a.layer.id, a.since, a.unnamed, names, a.query)
}

func sinceOf(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, &safety.FieldError{Field: "since", Reason: fmt.Sprintf("want a version, a whole number, got %q", text)}
	}
	return n, nil
}

// columnsNamed reads a comma list of columns; "" is all of them.
func columnsNamed(list string) ([]liveColumn, error) {
	all := liveColumns()
	if list == "" {
		return all, nil
	}
	wanted := map[string]bool{}
	for name := range strings.SplitSeq(list, ",") {
		if !slices.ContainsFunc(all, func(c liveColumn) bool { return c.name == name }) {
			return nil, &safety.FieldError{Field: "columns", Reason: fmt.Sprintf("there is no column %q", name)}
		}
		wanted[name] = true
	}
	return slices.DeleteFunc(all, func(c liveColumn) bool { return !wanted[c.name] }), nil
}

// columnsOf makes the answer: of all grids, or of those that may have changed where that is known.
func (s *Server) columnsOf(st *state, a columnsAsked) (any, error) {
	table, err := st.snapshot.Tallies(a.layer.level, a.query)
	if err != nil {
		return nil, err
	}
	all := rowsByID(table)
	rows, whole := all, true
	if a.since > 0 && toldByHistory(a.query) {
		var codes []string
		if codes, whole = st.changedSince(a.since); !whole {
			rows = rowsIn(all, codes)
		}
	}
	var o export.Object
	o.Set("layer", a.layer.id).Set("version", table.Version).Set("at", export.Instant(table.Query.At, s.cfg.Location))
	if whole {
		o.Set("since", nil)
	} else {
		o.Set("since", a.since)
	}
	o.Set("grids", gridsDigest(all))
	if a.unnamed && whole {
		o.Set("id", nil)
	} else {
		o.Set("id", idsOf(rows))
	}
	return o.Set("columns", valuesOf(rows, a.columns)), nil
}

// toldByHistory reports whether grids that the history does not name have kept their live columns under a query. The history
// names every grid with a changed record in it, or with other counts as of now. What time alone does to hazards only adds up, so none
// can come in unseen; but a kind or a floor area is the enterprise's, which may be anywhere.
func toldByHistory(q safety.Query) bool { return q.Kind == "" && !q.HasFloorMax }

// rowsByID returns the rows that are grids, by feature id.
func rowsByID(t *safety.Table) []*safety.Row {
	rows := make([]*safety.Row, 0, len(t.Rows))
	for i := range t.Rows {
		if t.Rows[i].Grid != nil {
			rows = append(rows, &t.Rows[i])
		}
	}
	slices.SortFunc(rows, func(a, b *safety.Row) int {
		if a.Grid.ID < b.Grid.ID {
			return -1
		}
		return 1
	})
	return rows
}

// rowsIn keeps the rows of the grids with the codes, which are sorted.
func rowsIn(rows []*safety.Row, codes []string) []*safety.Row {
	kept := []*safety.Row{}
	for _, r := range rows {
		if _, in := slices.BinarySearch(codes, r.Grid.Code); in {
			kept = append(kept, r)
		}
	}
	return kept
}

func idsOf(rows []*safety.Row) []int64 {
	ids := make([]int64, len(rows))
	for i, r := range rows {
		ids[i] = r.Grid.ID
	}
	return ids
}

// gridsDigest names a set of grids by their ids.
func gridsDigest(rows []*safety.Row) string { return digest(fmt.Append(nil, idsOf(rows))) }

func valuesOf(rows []*safety.Row, columns []liveColumn) *export.Object {
	var o export.Object
	for _, c := range columns {
		values := make([]*float64, len(rows))
		for i, r := range rows {
			if v, ok := c.value(r); ok {
				values[i] = &v
			}
		}
		o.Set(c.name, values)
	}
	return &o
}
