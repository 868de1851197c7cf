package safety

import (
	"errors"
	"sync"

	"github.com/paulmach/orb"
)

// What a Lookup writes in place of a grid's number.
const (
	NoGrid   int32 = -1 // no grid of the level owns the point
	BadPoint int32 = -2 // CheckPoint refuses the point; then all its levels say so
)

// A Lookup answers which-grid for many points, from one snapshot and with the same options: what
// Which answers, as numbers and without allocating. It is safe for concurrent use.
type Lookup struct {
	epoch  *epoch // nil: there are no grids at all
	chains *chains
	snapM  float64
}

// Lookup returns the bulk form of Which. An unknown scheme is ErrNotFound; a snapshot without
// any grids has a Lookup of depth 0. It builds what Which builds when it is first asked.
func (s *Snapshot) Lookup(o WhichOptions) (*Lookup, error) {
	if len(s.boundaries) == 0 && o.Scheme == "" {
		return &Lookup{}, nil
	}
	e, err := s.epoch(o.Scheme, o.At)
	if err != nil {
		return nil, err
	}
	c, err := e.chained()
	if err != nil {
		return nil, err
	}
	return &Lookup{epoch: e, chains: c, snapM: o.SnapM}, nil
}

// Depth is the number of levels that an answer has: Snapshot.Depth of the scheme.
func (l *Lookup) Depth() int {
	if l.epoch == nil {
		return 0
	}
	return len(l.epoch.levels)
}

// Grids returns the grids of a level from 1 to Depth, by code: the numbers of an answer count in
// them. They must not be changed.
func (l *Lookup) Grids(level int) []*Grid { return l.epoch.levels[level-1].layer.Grids }

// Locate answers for the points (longitude and latitude in degrees, WGS 84): grids, Depth() numbers
// for each point, gets the number of the owner at level 1 first, NoGrid where there is none. It does not snap.
func (l *Lookup) Locate(points []orb.Point, grids []int32) {
	n, c := l.Depth(), l.chains
	if n == 0 || len(points) == 0 {
		return
	}
	// The faces lie at the end of grids: row i ends where face i+1 begins or before it, so that no
	// row is written over a face that is still to be read.
	faces := grids[(n-1)*len(points) : n*len(points)]
	l.faces(points, faces)
	for i, p := range points {
		face, row := faces[i], grids[i*n:(i+1)*n:(i+1)*n]
		if face >= 0 && onEarth(p) {
			if chain := c.rows[int(face)*n : (int(face)+1)*n]; chain[c.deepest-1] != undecided {
				copy(row, chain)
				continue
			}
		}
		l.decide(p, face, row)
	}
}

// faces finds the owner of each point at the deepest level that has grids, NoGrid where there is none.
func (l *Lookup) faces(points []orb.Point, faces []int32) {
	for i := range faces {
		faces[i] = NoGrid
	}
	if l.chains.deepest == 0 {
		return
	}
	coverage := l.layer(l.chains.deepest).Coverage
	for i, p := range points {
		if face, ok := coverage.Locate(p); ok {
			faces[i] = int32(face)
		}
	}
}

// layer is a level's, which has been built.
func (l *Lookup) layer(level int) *Layer { return &l.epoch.levels[level-1].layer }

// decide answers for one point as epoch.locate does, with face its owner at the deepest level.
func (l *Lookup) decide(p orb.Point, face int32, row []int32) {
	fill := NoGrid
	if !onEarth(p) {
		fill = BadPoint
	}
	for i := range row {
		row[i] = fill
	}
	if fill == BadPoint {
		return
	}
	var up ref
	for n := l.chains.deepest; n >= 1; n-- {
		if up.level == int32(n) {
			row[n-1], up = up.grid, l.chains.up[n-1][up.grid]
			continue
		}
		if n < l.chains.deepest {
			face = l.owner(n, p)
		}
		row[n-1] = face
		if face >= 0 && up.level == 0 {
			up = l.chains.up[n-1][face]
		}
	}
}

func (l *Lookup) owner(level int, p orb.Point) int32 {
	if layer := l.layer(level); len(layer.Grids) > 0 {
		if face, ok := layer.Coverage.Locate(p); ok {
			return int32(face)
		}
	}
	return NoGrid
}

// Snap gives p, which no grid owns, the nearest grid of the deepest level within the metres of
// the options, as Which does: row gets the numbers, and metres is the distance. Not ok when none is
// so near.
func (l *Lookup) Snap(p orb.Point, row []int32) (metres float64, ok bool, err error) {
	if l.epoch == nil || !(l.snapM > 0) {
		return 0, false, nil
	}
	w, err := l.epoch.snap(p, l.snapM)
	for _, g := range w.Grids {
		i, _ := l.layer(g.Level).index(g.Code)
		row[g.Level-1] = int32(i)
	}
	return w.DistanceM, len(w.Grids) > 0, err
}

// A ref is a grid by its level and its number there; level 0 is no grid.
type ref struct{ level, grid int32 }

// chains are the declared parents of an epoch, looked up once.
type chains struct {
	once    sync.Once
	err     error
	deepest int     // level that has grids, 0 when none has
	up      [][]ref // declared parent by level and number
	rows    []int32 // for each grid of the deepest level its answer at every level
}

// undecided marks, at the deepest level, a row that geometry has to complete.
const undecided int32 = -3

// chained builds the coverages and the chains of the epoch when they are first asked for.
func (e *epoch) chained() (*chains, error) {
	c := e.chains
	c.once.Do(func() {
		c.up = make([][]ref, len(e.levels))
		for n, l := range e.levels {
			if len(l.layer.Grids) == 0 {
				continue
			}
			_, err := l.get()
			c.err = errors.Join(c.err, err)
			c.deepest = n + 1
			c.up[n] = e.refs(&l.layer)
		}
		if c.deepest > 0 {
			c.fill(e)
		}
	})
	return c, c.err
}

// refs finds the declared parent of each grid of a level.
func (e *epoch) refs(l *Layer) []ref {
	refs := make([]ref, len(l.Grids))
	for i, g := range l.Grids {
		if p := e.parent(g); p != nil {
			n, _ := e.levels[p.Level-1].layer.index(p.Code)
			refs[i] = ref{int32(p.Level), int32(n)}
		}
	}
	return refs
}

// fill makes the rows. A level that no declared parent names is undecided unless it is empty.
func (c *chains) fill(e *epoch) {
	depth := len(e.levels)
	c.rows = make([]int32, depth*len(c.up[c.deepest-1]))
	for i := range c.up[c.deepest-1] {
		row, at := c.rows[i*depth:(i+1)*depth], ref{int32(c.deepest), int32(i)}
		for n := depth; n >= 1; n-- {
			row[n-1] = NoGrid
			if at.level == int32(n) {
				row[n-1], at = at.grid, c.up[n-1][at.grid]
			} else if n < c.deepest && len(c.up[n-1]) > 0 {
				row[c.deepest-1] = undecided
			}
		}
	}
}
