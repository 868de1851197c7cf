package safety

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/paulmach/orb"

	"hazgrid/geo"
)

// DeepestLevel is the largest level of a grid that is believed; a larger one is a column mixed up.
const DeepestLevel = 99

// forever is later than every Time that can be written.
const forever Time = math.MaxInt64

// A Layer is the grids of one level as they are valid at one time, by code.
// Face i of Coverage is Grids[i].
type Layer struct {
	Level    int
	Grids    []*Grid
	Coverage *geo.Coverage
}

// index returns the place of code in the layer.
func (l *Layer) index(code string) (int, bool) {
	return slices.BinarySearchFunc(l.Grids, code, func(g *Grid, c string) int { return cmp.Compare(g.Code, c) })
}

// A level is a Layer whose coverage is built when it is first asked for: old boundaries seldom are.
type level struct {
	layer Layer
	once  sync.Once
	built atomic.Bool
	base  *Layer // built before, of about the same grids; nil if there is none
	err   error
}

func (l *level) get() (*Layer, error) {
	l.once.Do(func() {
		l.layer.Coverage, l.err = l.build()
		if l.err != nil {
			l.err = fmt.Errorf("coverage of level %d: %w", l.layer.Level, l.err)
		}
		l.base = nil
		l.built.Store(l.err == nil)
	})
	return &l.layer, l.err
}

// build indexes the boundaries: where the grids are those of the base, by changing what differs.
func (l *level) build() (*geo.Coverage, error) {
	if l.base != nil && sameCodes(l.layer.Grids, l.base.Grids) {
		return l.base.Coverage.With(changes(l.base.Grids, l.layer.Grids)...)
	}
	cells := make([]orb.MultiPolygon, len(l.layer.Grids))
	for i, g := range l.layer.Grids {
		cells[i] = g.Boundary
	}
	return geo.NewCoverage(cells)
}

func sameCodes(a, b []*Grid) bool {
	return slices.EqualFunc(a, b, func(x, y *Grid) bool { return x.Code == y.Code })
}

// changes lists the grids whose boundary differs.
func changes(from, to []*Grid) (changes []geo.Change) {
	for i, g := range to {
		if !g.Boundary.Equal(from[i].Boundary) {
			changes = append(changes, geo.Change{Face: i, Cell: g.Boundary})
		}
	}
	return changes
}

// An epoch is a time in which the boundaries of a scheme did not change.
type epoch struct {
	from   Time
	levels []*level // level n is levels[n-1]
	pile   *pile    // ask piled
}

// A scheme is one nested set of grids through time; epochs are in order, the first from the beginning.
type scheme struct {
	name   string
	epochs []epoch
	levels []int // that any grid has had, rising: a scheme may leave some out
}

// depth is the deepest level.
func (s *scheme) depth() int { return s.levels[len(s.levels)-1] }

// below returns the next level down that the scheme has, 0 at the deepest.
func (s *scheme) below(level int) int {
	for _, n := range s.levels {
		if n > level {
			return n
		}
	}
	return 0
}

// at returns the epoch in force at t, and its number.
func (s *scheme) at(t Time) (int, *epoch) {
	i, found := slices.BinarySearchFunc(s.epochs, t, func(e epoch, t Time) int { return cmp.Compare(e.from, t) })
	if !found {
		i--
	}
	i = max(i, 0)
	return i, &s.epochs[i]
}

// boundaries are all schemes of a division, by name.
type boundaries []*scheme

func (b boundaries) scheme(name string) (*scheme, bool) {
	i, ok := slices.BinarySearchFunc(b, name, func(s *scheme, n string) int { return cmp.Compare(s.name, n) })
	if !ok {
		return nil, false
	}
	return b[i], true
}

// buildOn lets the levels of b start from the coverages that old has built: boundaries change little at a time.
func (b boundaries) buildOn(old boundaries) {
	for _, s := range b {
		before, ok := old.scheme(s.name)
		if !ok {
			continue
		}
		for i := range s.epochs {
			_, e := before.at(s.epochs[i].from)
			for n, l := range s.epochs[i].levels {
				if n < len(e.levels) && e.levels[n].built.Load() {
					l.base = &e.levels[n].layer
				}
			}
		}
	}
}

// newBoundaries arranges grid versions by scheme and epoch. Deleted ones do not count.
func newBoundaries(grids []Grid) boundaries {
	byScheme := map[string][]*Grid{}
	for i := range grids {
		if g := &grids[i]; !g.Deleted && g.Level >= 1 && g.Level <= DeepestLevel {
			byScheme[g.Scheme] = append(byScheme[g.Scheme], g)
		}
	}
	var b boundaries
	for name, gs := range byScheme {
		b = append(b, newScheme(name, gs))
	}
	slices.SortFunc(b, func(x, y *scheme) int { return cmp.Compare(x.name, y.name) })
	return b
}

// A version is a grid with the first instant at which it is no longer valid.
type version struct {
	*Grid
	end Time
}

// versions sorts grids by code and time and closes each with its successor.
func versions(grids []*Grid) []version {
	slices.SortFunc(grids, func(x, y *Grid) int {
		return cmp.Or(cmp.Compare(x.Code, y.Code), cmp.Compare(x.ValidFrom, y.ValidFrom))
	})
	vs := make([]version, len(grids))
	for i, g := range grids {
		vs[i] = version{g, forever}
		if g.ValidTo.IsSet() {
			vs[i].end = g.ValidTo + 1
		}
		if i+1 < len(grids) && grids[i+1].Code == g.Code {
			vs[i].end = min(vs[i].end, grids[i+1].ValidFrom)
		}
	}
	return vs
}

func newScheme(name string, grids []*Grid) *scheme {
	vs := versions(grids)
	s := &scheme{name: name}
	bounds := []Time{0}
	for _, v := range vs {
		s.levels = append(s.levels, v.Level)
		bounds = append(bounds, v.ValidFrom)
		if v.end != forever {
			bounds = append(bounds, v.end)
		}
	}
	slices.Sort(bounds)
	slices.Sort(s.levels)
	s.levels = slices.Compact(s.levels)
	for _, from := range slices.Compact(bounds) {
		s.epochs = append(s.epochs, newEpoch(vs, from, s.depth()))
	}
	s.share()
	return s
}

// newEpoch gathers the versions valid at from; vs are in order of code.
func newEpoch(vs []version, from Time, depth int) epoch {
	e := epoch{from: from, levels: make([]*level, depth), pile: &pile{}}
	for i := range e.levels {
		e.levels[i] = &level{layer: Layer{Level: i + 1}}
	}
	for _, v := range vs {
		if v.ValidFrom <= from && from < v.end {
			l := &e.levels[v.Level-1].layer
			l.Grids = append(l.Grids, v.Grid)
		}
	}
	return e
}

// share drops epochs equal to the one before and lets levels that did not change be one.
func (s *scheme) share() {
	kept := s.epochs[:1]
	for _, e := range s.epochs[1:] {
		before, same := kept[len(kept)-1], true
		for i, l := range e.levels {
			if slices.Equal(l.layer.Grids, before.levels[i].layer.Grids) {
				e.levels[i] = before.levels[i]
			} else {
				same = false
			}
		}
		if !same {
			kept = append(kept, e)
		}
	}
	s.epochs = kept
}

// A pile is the levels of an epoch over each other, made when they are first asked for.
type pile struct {
	once   sync.Once
	levels *geo.Levels
	err    error
}

// piled returns the levels as one: the deepest level that owns a point decides by geometry, above it
// declared parents, and geometry where none is declared (contract section 6).
func (e *epoch) piled() (*geo.Levels, error) {
	s := e.pile
	s.once.Do(func() {
		coverages := make([]*geo.Coverage, len(e.levels))
		for i, l := range e.levels {
			layer, err := l.get()
			s.err = errors.Join(s.err, err)
			coverages[i] = layer.Coverage
		}
		if s.err == nil {
			s.levels = geo.NewLevels(coverages, e.parentNumber)
		}
	})
	return s.levels, s.err
}

// parentNumber returns the level, from 0, and the number of a grid's declared parent; level -1 when there is none.
func (e *epoch) parentNumber(level, face int) (parentLevel, parentFace int) {
	p := e.parent(e.levels[level].layer.Grids[face])
	if p == nil {
		return -1, 0
	}
	n, _ := e.levels[p.Level-1].layer.index(p.Code)
	return p.Level - 1, n
}

// locate returns the owner of p at each level, nil where there is none.
func (e *epoch) locate(p orb.Point) ([]*Grid, error) {
	numbers, err := e.faces(p, nil)
	if err != nil {
		return nil, err
	}
	owners := make([]*Grid, len(numbers))
	for i, n := range numbers {
		if n >= 0 {
			owners[i] = e.levels[i].layer.Grids[n]
		}
	}
	return owners, nil
}

// faces returns, for each level, the number of the grid that holds p, negative for none. It uses space when that is large enough.
func (e *epoch) faces(p orb.Point, space []int32) ([]int32, error) {
	levels, err := e.piled()
	if err != nil {
		return nil, err
	}
	if len(space) < len(e.levels) {
		space = make([]int32, len(e.levels))
	}
	numbers := space[:len(e.levels)]
	levels.Locate(p, numbers)
	return numbers, nil
}

// parent returns the declared parent of g in this epoch, nil if there is none.
func (e *epoch) parent(g *Grid) *Grid {
	if g.Parent == "" {
		return nil
	}
	for n := g.Level - 1; n >= 1; n-- {
		l := &e.levels[n-1].layer
		if i, ok := l.index(g.Parent); ok {
			return l.Grids[i]
		}
	}
	return nil
}
