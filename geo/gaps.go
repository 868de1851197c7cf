package geo

import (
	"cmp"
	"fmt"
	"slices"
	"sync"

	"github.com/paulmach/orb"
)

// A Gap is ground that no face claims and that faces enclose.
type Gap struct {
	Beside []int            // the faces around it, rising
	AreaM2 float64          // square metres, geodesic
	WidthM float64          // metres: twice the area over the rim, the width of a long strip
	At     orb.Point        // a point in it, in degrees
	Shape  orb.MultiPolygon // one polygon; faces that lie in the gap are its holes
}

// leastGapM2 is the area under which a gap counts as dust of rounded coordinates, as for overlaps.
const leastGapM2 = 1.0

// Gaps lists the holes in the union of all faces, of one square metre or more, in order of their
// points. Sides that two faces share from either hand bound nothing and are left out, so that a
// clean coverage costs no more than its outline. Ground that is open to the outside is no gap.
// It fails when sides cross too often (see [Repair]).
func (c *Coverage) Gaps() ([]Gap, error) { return c.borders().Gaps() }

// Gaps is as that of [Coverage].
func (b *Borders) Gaps() ([]Gap, error) {
	g, err := b.loose()
	if err != nil {
		return nil, fmt.Errorf("gaps: %w", err)
	}
	var gaps []Gap
	for f, rim := range g.rims() {
		if f == 0 || g.depth[f] != 0 || g.extentOf(rim).areaM2 < leastGapM2/2 {
			continue
		}
		gap, err := g.gap(rim)
		if err != nil {
			return nil, fmt.Errorf("gaps: %w", err)
		}
		if gap.AreaM2 >= leastGapM2 {
			gaps = append(gaps, gap)
		}
	}
	slices.SortFunc(gaps, func(x, y Gap) int { return slices.CompareFunc(x.Shape[0][0], y.Shape[0][0], comparePoints) })
	return gaps, nil
}

// A ground is what the sides that do not cancel out part the plane into. The sides of all faces together wind as often
// around a point as faces lie over it, and those that two faces share from either hand wind around nothing: so the depth of
// a piece of ground, which the loose sides alone tell, is the number of valid faces over it.
type ground struct {
	*graph
	depth []int // by face of the graph
}

// lazyGround is made when it is first asked for.
type lazyGround struct {
	once sync.Once
	made ground
	err  error
}

// loose is the ground between the loose sides. It fails when they cross too often.
func (b *Borders) loose() (ground, error) {
	b.ground.once.Do(func() {
		segs, err := node(b.looseSegments())
		if err != nil {
			b.ground.err = err
			return
		}
		g := newGraph(segs)
		b.ground.made = ground{g, g.depths()}
	})
	return b.ground.made, b.ground.err
}

// gap describes the ground on the left of the half-edges.
func (g *graph) gap(rim []int) (Gap, error) {
	shape, err := g.shapeOf(rim)
	if err != nil {
		return Gap{}, err
	}
	gap := Gap{AreaM2: Area(shape), WidthM: g.extentOf(rim).widthM(), At: InteriorPoint(shape), Shape: shape}
	for _, h := range rim {
		for _, l := range g.linings[h/2] {
			gap.Beside = append(gap.Beside, int(l.cell))
		}
	}
	slices.Sort(gap.Beside)
	gap.Beside = slices.Compact(gap.Beside)
	return gap, nil
}

// looseSegments are the edges that change how many faces lie over the ground: all but those with
// one face on either side. Each runs with its faces on the left.
func (b *Borders) looseSegments() (segs []segment) {
	more := slices.SortedFunc(slices.Values(b.extra), func(x, y claimed) int { return cmp.Compare(x.edge, y.edge) })
	for i := range b.edges {
		e := &b.edges[i]
		if extra := len(more) > 0 && int(more[0].edge) == i; !extra && e.left != none && e.right != none {
			continue
		}
		s := segment{a: e.lo, b: e.hi}
		s.line(e.left, 1)
		s.line(e.right, -1)
		for ; len(more) > 0 && int(more[0].edge) == i; more = more[1:] {
			if more[0].left {
				s.line(more[0].face, 1)
			} else {
				s.line(more[0].face, -1)
			}
		}
		if s.wind != 0 {
			segs = append(segs, s)
		}
	}
	return segs
}

// line adds a face to those whose rings run along the segment.
func (s *segment) line(face int32, wind int) {
	if face == none {
		return
	}
	s.wind += wind
	s.linings = joinLinings(s.linings, []lining{{cell: face, wind: int32(wind)}})
}
