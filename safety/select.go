package safety

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sort"

	"github.com/paulmach/orb"

	"hazgrid/geo"
)

// A Span is a stretch of time. Both ends belong to it; one that is unset is open.
type Span struct{ From, To Time }

// meets reports whether something that lasts from its beginning until just before end (unset:
// for ever) lasts at some time in the span.
func (d Span) meets(begin, end Time) bool {
	return (!d.To.IsSet() || begin <= d.To) && (!d.From.IsSet() || !end.IsSet() || end > d.From)
}

// A Selection says which records of a kind are wanted. The zero Selection wants those that
// figures as of now count, wherever they lie.
type Selection struct {
	Query  Query
	During *Span            // enterprises active and grids valid at some time in it; nil: at the time of Query
	In     orb.MultiPolygon // what shares a point with it, and what has no place; nil: all
	After  string           // those whose code or id comes later
}

// holds returns a test for places of records.
func (x Selection) holds() func(orb.Point, PlaceID) bool {
	if x.In == nil {
		return func(orb.Point, PlaceID) bool { return true }
	}
	shape := geo.NewShape(x.In)
	return func(p orb.Point, at PlaceID) bool { return at == NoPlace || shape.Covers(p) }
}

// SelectEnterprises yields the enterprises that x wants, by id.
func (s *Snapshot) SelectEnterprises(x Selection) iter.Seq[*Enterprise] {
	q, holds := s.resolve(x.Query), x.holds()
	active := func(e *Enterprise) bool { return e.ActiveAt(q.At) }
	if x.During != nil {
		active = func(e *Enterprise) bool { return x.During.meets(e.OpenedAt, e.EndedAt) }
	}
	return those(s.enterprises.after(x.After, enterpriseForm()), func(_ int32, e *Enterprise) bool {
		return q.ofEnterprise(e) && active(e) && holds(e.At, e.Place)
	})
}

// SelectHazards yields the hazards that x wants, by id. During does not count: From and To of
// the query say when they were found.
func (s *Snapshot) SelectHazards(x Selection) iter.Seq[*Hazard] {
	q, holds := s.resolve(x.Query), x.holds()
	return those(s.hazards.after(x.After, hazardForm()), func(i int32, h *Hazard) bool {
		return q.found(h, s.enterpriseAt(s.hazards.owner(i))) && holds(h.At, h.Place)
	})
}

// those yields the rows that wanted lets through, in their order.
func those[T any](rows iter.Seq2[int32, *T], wanted func(i int32, row *T) bool) iter.Seq[*T] {
	return func(yield func(*T) bool) {
		for i, row := range rows {
			if wanted(i, row) && !yield(row) {
				return
			}
		}
	}
}

// firstAfter returns the number of the first row whose key comes after another.
func firstAfter[T any](rows []T, key string, of func(*T) string) int {
	return sort.Search(len(rows), func(i int) bool { return of(&rows[i]) > key })
}

func idOfEnterprise(e *Enterprise) string { return e.ID }
func idOfHazard(h *Hazard) string         { return h.ID }
func idOfInspection(i *Inspection) string { return i.ID }
func idOfLine(l *Line) string             { return l.ID }

// SelectLines yields the lines in the region of x and after its After, by id; nothing else of x counts.
func (s *Snapshot) SelectLines(x Selection) iter.Seq[*Line] {
	holds := func(orb.MultiLineString) bool { return true }
	if x.In != nil {
		holds = geo.NewShape(x.In).Meets
	}
	return func(yield func(*Line) bool) {
		for i := firstAfter(s.lines, x.After, idOfLine); i < len(s.lines); i++ {
			if holds(s.lines[i].Path) && !yield(&s.lines[i]) {
				return
			}
		}
	}
}

// SelectGrids returns the grids of a level of the query's scheme that x wants, by code: with
// During each in the last version that is valid in it. Filters do not count. They must not be changed.
// It is ErrNotFound for a level or scheme that is not there.
func (s *Snapshot) SelectGrids(level int, x Selection) ([]*Grid, error) {
	b, ok := s.boundaries.scheme(x.Query.scheme())
	if !ok || level < 1 || level > b.depth() {
		return nil, fmt.Errorf("level %d of scheme %q: %w", level, x.Query.scheme(), ErrNotFound)
	}
	if x.During == nil {
		_, e := b.at(s.resolve(x.Query).At)
		return x.grids(e.levels[level-1])
	}
	last := map[string]*Grid{}
	for i := range b.epochs {
		end := Time(0)
		if i+1 < len(b.epochs) {
			end = b.epochs[i+1].from
		}
		if !x.During.meets(b.epochs[i].from, end) {
			continue
		}
		grids, err := x.grids(b.epochs[i].levels[level-1])
		if err != nil {
			return nil, err
		}
		for _, g := range grids {
			last[g.Code] = g
		}
	}
	return slices.SortedFunc(maps.Values(last), func(a, b *Grid) int { return cmp.Compare(a.Code, b.Code) }), nil
}

// grids returns the grids of a level in the region of x and after its After, by code.
func (x Selection) grids(l *level) ([]*Grid, error) {
	grids := l.layer.Grids
	if x.In != nil {
		layer, err := l.get()
		if err != nil {
			return nil, err
		}
		numbers := layer.Coverage.Intersects(x.In, nil)
		grids = make([]*Grid, len(numbers))
		for i, n := range numbers {
			grids[i] = layer.Grids[n]
		}
	}
	return grids[firstAfter(grids, x.After, func(g **Grid) string { return (*g).Code }):], nil
}

// Validity returns the time from the first to the last validity of a version of a grid of a level.
func (s *Snapshot) Validity(scheme string, level int) Span {
	scheme = Query{Scheme: scheme}.scheme()
	all, d := false, Span{From: forever}
	for i := range s.grids {
		g := &s.grids[i]
		if g.Deleted || g.Scheme != scheme || g.Level != level {
			continue
		}
		d.From = min(d.From, g.ValidFrom) // unset is the least
		all = all || !g.ValidTo.IsSet()
		d.To = max(d.To, g.ValidTo)
	}
	if d.From == forever {
		d.From = 0
	}
	if all {
		d.To = 0
	}
	return d
}

// Enterprise returns the enterprise with the id, whenever it is active, or ErrNotFound.
func (s *Snapshot) Enterprise(id string) (*Enterprise, error) {
	return byID(&s.enterprises, id, enterpriseForm())
}

// Hazard returns the hazard with the id, or ErrNotFound; a void one is none.
func (s *Snapshot) Hazard(id string) (*Hazard, error) {
	h, err := byID(&s.hazards, id, hazardForm())
	if err == nil && h.Outcome == "void" {
		return nil, fmt.Errorf("%q: %w", id, ErrNotFound)
	}
	return h, err
}

// Line returns the line with the id, or ErrNotFound.
func (s *Snapshot) Line(id string) (*Line, error) {
	i, found := slices.BinarySearchFunc(s.lines, id, func(l Line, id string) int { return cmp.Compare(l.ID, id) })
	if !found {
		return nil, fmt.Errorf("%q: %w", id, ErrNotFound)
	}
	return &s.lines[i], nil
}

func byID[T any](t *table[T], id string, f form[T]) (*T, error) {
	n, found := t.search(id, f)
	if !found {
		return nil, fmt.Errorf("%q: %w", id, ErrNotFound)
	}
	return t.at(n), nil
}
