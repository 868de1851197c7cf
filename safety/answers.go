package safety

import (
	"fmt"
	"math"
	"slices"

	"github.com/paulmach/orb"

	"hazgrid/geo"
)

// Schemes returns the names of the schemes there are grids of, in order.
func (s *Snapshot) Schemes() []string {
	names := make([]string, len(s.boundaries))
	for i, b := range s.boundaries {
		names[i] = b.name
	}
	return names
}

// Depth returns the deepest level of the scheme ("": the default one), 0 when it has no grids.
func (s *Snapshot) Depth(scheme string) int {
	if b, ok := s.boundaries.scheme(Query{Scheme: scheme}.scheme()); ok {
		return b.depth()
	}
	return 0
}

// epoch returns the boundaries of the scheme in force at t (unset: the snapshot's time).
func (s *Snapshot) epoch(scheme string, t Time) (*epoch, error) {
	scheme = Query{Scheme: scheme}.scheme()
	b, ok := s.boundaries.scheme(scheme)
	if !ok {
		return nil, fmt.Errorf("scheme %q: %w", scheme, ErrNotFound)
	}
	if !t.IsSet() {
		t = s.at
	}
	_, e := b.at(t)
	return e, nil
}

// Layer returns the grids of a level (1 the largest) of the scheme ("": the default one) valid
// at t (unset: now), or ErrNotFound for one below the deepest. A level that the scheme leaves out is empty.
func (s *Snapshot) Layer(scheme string, level int, t Time) (*Layer, error) {
	e, err := s.epoch(scheme, t)
	if err != nil {
		return nil, err
	}
	if level < 1 || level > len(e.levels) {
		return nil, fmt.Errorf("level %d: %w", level, ErrNotFound)
	}
	return e.levels[level-1].get()
}

// Grid returns the version of the grid with the code that is valid at t (unset: now).
func (s *Snapshot) Grid(scheme, code string, t Time) (*Grid, error) {
	e, err := s.epoch(scheme, t)
	if err != nil {
		return nil, err
	}
	for _, l := range e.levels {
		if i, ok := l.layer.index(code); ok {
			return l.layer.Grids[i], nil
		}
	}
	return nil, fmt.Errorf("grid %q: %w", code, ErrNotFound)
}

// Children returns the grids that declare g as their parent at t (unset: now), by level and code.
func (s *Snapshot) Children(g *Grid, t Time) []*Grid {
	e, err := s.epoch(g.Scheme, t)
	if err != nil {
		return nil
	}
	var children []*Grid
	for _, l := range e.levels[min(g.Level, len(e.levels)):] {
		for _, c := range l.layer.Grids {
			if c.Parent == g.Code {
				children = append(children, c)
			}
		}
	}
	return children
}

// Ancestors returns the declared parents of g at t (unset: now), the largest first.
func (s *Snapshot) Ancestors(g *Grid, t Time) []*Grid {
	e, err := s.epoch(g.Scheme, t)
	if err != nil {
		return nil
	}
	var up []*Grid
	for p := e.parent(g); p != nil; p = e.parent(p) {
		up = append([]*Grid{p}, up...)
	}
	return up
}

// WhichOptions say where and how to look for the grid of a point; the zero value looks in the
// default scheme, now, and does not snap.
type WhichOptions struct {
	Scheme string
	SnapM  float64 // metres within which a point outside every grid takes the nearest of the deepest level
	At     Time
}

// Where is the answer to which-grid: the owner at each level that has one, the largest first.
type Where struct {
	Grids     []*Grid
	DistanceM float64 // from the point to the deepest of Grids; over 0 only when it was snapped
}

// CheckPoint returns a *FieldError unless p is a longitude and latitude in degrees.
func CheckPoint(p orb.Point) error {
	if !(math.Abs(p[0]) <= 180) {
		return wrong("lon", "want -180 to 180, got %v", p[0])
	}
	if !(math.Abs(p[1]) <= 90) {
		return wrong("lat", "want -90 to 90, got %v", p[1])
	}
	return nil
}

// onEarth is CheckPoint without its reasons.
func onEarth(p orb.Point) bool { return math.Abs(p[0]) <= 180 && math.Abs(p[1]) <= 90 }

// Which returns the grids that own p at every level in one go; none when p lies outside.
// A number that is not a coordinate is ErrInvalid, an unknown scheme ErrNotFound.
func (s *Snapshot) Which(p orb.Point, o WhichOptions) (Where, error) {
	if err := CheckPoint(p); err != nil {
		return Where{}, err
	}
	if len(s.boundaries) == 0 && o.Scheme == "" {
		return Where{}, nil
	}
	e, err := s.epoch(o.Scheme, o.At)
	if err != nil {
		return Where{}, err
	}
	owners, err := e.locate(p)
	if err != nil {
		return Where{}, err
	}
	w := Where{Grids: present(owners)}
	if len(w.Grids) == 0 && o.SnapM > 0 {
		return e.snap(p, o.SnapM)
	}
	return w, nil
}

func present(owners []*Grid) []*Grid {
	var grids []*Grid
	for _, g := range owners {
		if g != nil {
			grids = append(grids, g)
		}
	}
	return grids
}

// snap returns the grid of the deepest level nearest to p within metres, and its ancestors:
// declared, or where none is declared the owners of a point inside that grid.
func (e *epoch) snap(p orb.Point, metres float64) (Where, error) {
	deepest := len(e.levels)
	for deepest > 0 && len(e.levels[deepest-1].layer.Grids) == 0 {
		deepest--
	}
	if deepest == 0 {
		return Where{}, nil
	}
	l, err := e.levels[deepest-1].get()
	if err != nil {
		return Where{}, err
	}
	var room [1]geo.Near
	near := l.Coverage.Nearest(p, 1, metres, room[:0])
	if len(near) == 0 {
		return Where{}, nil
	}
	owners, err := e.locate(geo.InteriorPoint(l.Grids[near[0].Face].Boundary))
	if err != nil {
		return Where{}, err
	}
	return Where{Grids: present(owners), DistanceM: near[0].Metres}, nil
}

type tableKey struct {
	level int
	query Query
}

// Tallies counts by the grids of a level under q. It is ErrNotFound for a level or scheme that is not there.
func (s *Snapshot) Tallies(level int, q Query) (*Table, error) {
	if !q.At.IsSet() {
		q.At = s.at
	}
	l, err := s.Layer(q.Scheme, level, q.At)
	if err != nil {
		return nil, err
	}
	return s.tables.get(tableKey{level, q}, func() *Table { return s.tally(l, q) }), nil
}

// A placement is which grids of a level the places of a snapshot lie in.
type placement struct {
	row    []int32 // by place of the ledger: the number of its grid, len(grids) for outside, one more for unlocated
	starts []int32
	places []int32 // of grid n: places[starts[n]:starts[n+1]]
}

func (p *placement) placesOf(grid int32) []int32 { return p.places[p.starts[grid]:p.starts[grid+1]] }

// placementKey names a placement: epochs may share a layer and still place differently what is decided by other levels.
type placementKey struct {
	layer *Layer
	epoch *epoch
}

// placement returns where the places are in l, which is in force at q.At. Snapshots with the same places share it.
func (s *Snapshot) placement(l *Layer, q Query) *placement {
	e, err := s.epoch(q.Scheme, q.At)
	if err != nil {
		e = nil // no place lies in a grid of no scheme
	}
	return s.placements.get(placementKey{l, e}, func() *placement {
		outside := int32(len(l.Grids))
		p := &placement{row: make([]int32, len(s.places)+2), starts: make([]int32, len(l.Grids)+3)}
		for i := range p.row {
			p.row[i] = outside
		}
		p.row[len(s.places)+1] = outside + 1
		s.eachSite(l.Level, q, func(place int32, site *Site) {
			if n, ok := l.index(site.Code); ok {
				p.row[place] = int32(n)
			}
		})
		for _, n := range p.row {
			p.starts[n+1]++
		}
		for n := range outside + 2 {
			p.starts[n+1] += p.starts[n]
		}
		p.places = make([]int32, len(p.row))
		next := slices.Clone(p.starts)
		for place, n := range p.row {
			p.places[next[n]] = int32(place)
			next[n]++
		}
		return p
	})
}

// inBelow tells for each place whether a grid of the next level down owns it; nil at the deepest level.
func (s *Snapshot) inBelow(level int, q Query) []bool {
	b, ok := s.boundaries.scheme(q.scheme())
	if !ok || b.below(level) == 0 {
		return nil
	}
	in := make([]bool, len(s.places))
	s.eachSite(b.below(level), q, func(place int32, _ *Site) { in[place] = true })
	return in
}

// eachSite visits the sites of one level in the boundaries of q, by the number of their place.
func (s *Snapshot) eachSite(level int, q Query, visit func(place int32, site *Site)) {
	e, err := s.epoch(q.Scheme, q.At)
	if err != nil {
		return
	}
	scheme := q.scheme()
	for place := range int32(len(s.places)) {
		for i := s.starts[place]; i < s.starts[place+1]; i++ {
			site := &s.sites[i]
			if site.Level == level && site.Epoch == e.from && site.Scheme == scheme {
				visit(place, site)
			}
		}
	}
}
