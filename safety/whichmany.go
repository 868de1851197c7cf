package safety

import (
	"github.com/paulmach/orb"

	"hazgrid/geo"
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
	levels *geo.Levels
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
	levels, err := e.piled()
	if err != nil {
		return nil, err
	}
	return &Lookup{epoch: e, levels: levels, snapM: o.SnapM}, nil
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
	n := l.Depth()
	if n == 0 {
		return
	}
	l.levels.LocateBatch(points, grids)
	for i, p := range points {
		if onEarth(p) {
			continue
		}
		for k := range n {
			grids[i*n+k] = BadPoint
		}
	}
}

// layer is a level's, which has been built.
func (l *Lookup) layer(level int) *Layer { return &l.epoch.levels[level-1].layer }

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
