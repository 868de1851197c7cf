package safety

import (
	"cmp"
	"math"
	"slices"
	"sync"

	"github.com/paulmach/orb"

	"hazgrid/geo"
)

// A Region says where to look, in one of three ways; coordinates are degrees. Near, if set, asks
// for the K records nearest to it within WithinM metres. Else Line, if not empty, asks for those
// within WithinM metres of it, 0 being those that it touches. Else Shape, valid as
// [geo.Validate] says, asks for those that share at least a point with it.
type Region struct {
	Shape   orb.MultiPolygon
	Line    orb.MultiLineString
	Near    *orb.Point
	K       int
	WithinM float64 // metres, geodesic
}

// BoxRegion is the closed box from the south-western to the north-eastern corner, degrees. One
// whose western side lies east of the eastern reaches over the antimeridian.
func BoxRegion(b orb.Bound) Region {
	if b.Min[0] <= b.Max[0] {
		return Region{Shape: orb.MultiPolygon{b.ToPolygon()}}
	}
	west, east := b, b
	west.Max[0], east.Min[0] = 180, -180
	return Region{Shape: orb.MultiPolygon{west.ToPolygon(), east.ToPolygon()}}
}

// A Hit is a record found in a region, and how far it is from the region's Near or Line in
// geodesic metres; 0 where neither is asked for.
type Hit[T any] struct {
	Of        *T
	DistanceM float64
}

// GridsIn returns the grids of a level (0: of all levels) of the scheme of q, valid at its time,
// that the region meets: by level and code, or the nearest first when it has Near. The grid that
// owns Near is 0 m away, another as far as its boundary; see [geo.Coverage.Nearest].
func (s *Snapshot) GridsIn(level int, q Query, r Region) ([]Hit[Grid], error) {
	from, to := level, level
	if level == 0 {
		from, to = 1, s.Depth(q.Scheme)
	}
	hits := []Hit[Grid]{}
	for n := from; n <= to; n++ {
		l, err := s.Layer(q.Scheme, n, q.At)
		if err != nil {
			return nil, err
		}
		for _, near := range r.faces(l.Coverage) {
			hits = append(hits, Hit[Grid]{l.Grids[near.Face], near.Metres})
		}
	}
	if r.Near != nil {
		slices.SortStableFunc(hits, func(a, b Hit[Grid]) int { return cmp.Compare(a.DistanceM, b.DistanceM) })
		hits = hits[:min(len(hits), r.K)]
	}
	return hits, nil
}

// faces returns the faces of a level that the region meets.
func (r Region) faces(c *geo.Coverage) []geo.Near {
	switch {
	case r.Near != nil:
		return c.Nearest(*r.Near, r.K, r.WithinM, nil)
	case len(r.Line) > 0:
		return c.Within(r.Line, r.WithinM, nil)
	}
	return unmeasured(c.Intersects(r.Shape, nil))
}

func unmeasured(numbers []int) []geo.Near {
	near := make([]geo.Near, len(numbers))
	for i, n := range numbers {
		near[i].Face = n
	}
	return near
}

// EnterprisesIn returns the located enterprises that q counts in the region: by id, or the
// nearest first when it has Near.
func (s *Snapshot) EnterprisesIn(q Query, r Region) []Hit[Enterprise] {
	q = s.resolve(q)
	t := &s.enterprises
	return t.hits(r.points(t.points(spotOfEnterprise), func(i int) bool { return q.counts(t.at(int32(i))) }))
}

// HazardsIn returns the located hazards that q finds in the region: by id, or the nearest first
// when it has Near.
func (s *Snapshot) HazardsIn(q Query, r Region) []Hit[Hazard] {
	q = s.resolve(q)
	t := &s.hazards
	return t.hits(r.points(t.points(spotOfHazard), func(i int) bool { return q.found(t.at(int32(i)), s.enterpriseAt(t.owner(int32(i)))) }))
}

// LinesIn returns the lines in the region: by id, or the nearest first when it has Near. Each line
// is looked at: a district has thousands of them, not millions.
func (s *Snapshot) LinesIn(r Region) []Hit[Line] {
	hits := []Hit[Line]{}
	reaches := r.reaches()
	for i := range s.lines {
		if metres, ok := reaches(s.lines[i].Path); ok {
			hits = append(hits, Hit[Line]{&s.lines[i], metres})
		}
	}
	if r.Near != nil {
		slices.SortStableFunc(hits, func(a, b Hit[Line]) int { return cmp.Compare(a.DistanceM, b.DistanceM) })
		hits = hits[:min(len(hits), r.K)]
	}
	return hits
}

// reaches returns a function that tells whether a line is in the region, and how far from it.
func (r Region) reaches() func(orb.MultiLineString) (metres float64, ok bool) {
	line := r.Line
	if r.Near != nil {
		line = orb.MultiLineString{{*r.Near}}
	}
	if len(line) > 0 {
		path := geo.NewPath(line)
		return func(l orb.MultiLineString) (float64, bool) { return path.DistanceTo(l, r.WithinM) }
	}
	shape := geo.NewShape(r.Shape)
	return func(l orb.MultiLineString) (float64, bool) { return 0, shape.Meets(l) }
}

// points returns the points in the region that keep lets through.
func (r Region) points(x *geo.Points, keep func(i int) bool) []geo.Near {
	var near []geo.Near
	switch {
	case r.Near != nil:
		return x.Nearest(*r.Near, r.K, r.WithinM, keep, nil)
	case len(r.Line) > 0:
		near = x.Within(geo.NewPath(r.Line), r.WithinM, nil)
	default:
		near = unmeasured(x.In(geo.NewShape(r.Shape), nil))
	}
	return slices.DeleteFunc(near, func(n geo.Near) bool { return !keep(n.Face) })
}

func (t *table[T]) hits(near []geo.Near) []Hit[T] {
	hits := make([]Hit[T], len(near))
	for i, n := range near {
		hits[i] = Hit[T]{t.at(int32(n.Face)), n.Metres}
	}
	return hits
}

// spots are the places of a table's records, indexed when they are first asked for: a start does
// not wait for it. Snapshots share them while no record of the kind changes.
type spots struct {
	once  sync.Once
	index *geo.Points

	sorted sync.Once
	order  []int32 // numbers of the located records along curve, those at one coordinate by number
	curve  geo.Curve
}

// points returns the index of the located records by their number.
func (t *table[T]) points(spot func(*T) (orb.Point, PlaceID)) *geo.Points {
	t.spots.once.Do(func() {
		at := make([]orb.Point, t.len())
		for i, r := range t.all() {
			p, place := spot(r)
			if place == NoPlace {
				p = orb.Point{math.NaN(), math.NaN()} // which is never found
			}
			at[i] = p
		}
		t.spots.index = geo.NewPoints(at)
	})
	return t.spots.index
}

func spotOfEnterprise(e *Enterprise) (orb.Point, PlaceID) { return e.At, e.Place }
func spotOfHazard(h *Hazard) (orb.Point, PlaceID)         { return h.At, h.Place }

// GridOf returns the code of the deepest grid of the scheme of q that owns a place at the time of
// q, "" where none does.
func (s *Snapshot) GridOf(place PlaceID, q Query) string {
	q = s.resolve(q)
	e, err := s.epoch(q.Scheme, q.At)
	if err != nil {
		return ""
	}
	code, scheme := "", q.scheme()
	for _, site := range s.sitesOf(place) { // by level, the deepest last
		if site.Scheme == scheme && site.Epoch == e.from {
			code = site.Code
		}
	}
	return code
}
