package geo

import (
	"iter"
	"slices"
	"sync"

	"github.com/paulmach/orb"
	"github.com/tidwall/rtree"
)

// Outlines are a coverage's boundaries by polygon, for questions about pairs of faces: its borders, and for each polygon its
// edges in bands of latitude.
type outlines struct {
	*Borders
	parts []outline
	tree  rtree.RTreeGN[float64, int32]

	bandStart []int32 // where each band of each part begins in bandEdges
	bandEdges []int32

	neighbourStart []int32 // where each face's neighbours begin in neighbours
	neighbours     []int
}

// lazyOutlines are made when they are first asked for.
type lazyOutlines struct {
	once, all sync.Once
	borders   *Borders
	made      *outlines
}

// borders are the coverage's, made when they are first asked for.
func (c *Coverage) borders() *Borders {
	c.lines.once.Do(func() { c.lines.borders = newBorders(c.cells.all()) })
	return c.lines.borders
}

func (c *Coverage) outlines() *outlines {
	c.lines.all.Do(func() {
		c.lines.made = c.borders().outlines(func(*outline) bool { return true })
		c.lines.made.linkNeighbours()
	})
	return c.lines.made
}

// An outline is one polygon of a face. Its edges are also listed by horizontal bands of equal
// height, so that a point meets only those near its latitude.
type outline struct {
	face        int32
	polygon     int32 // in the face's cell
	first, last int32 // in uses
	band, bands int32 // first in bandStart, and how many
	bound       orb.Bound
	perY        float64 // bands per degree of latitude
}

// outlines indexes the parts that want says.
func (b *Borders) outlines(want func(*outline) bool) *outlines {
	c := &outlines{Borders: b}
	for _, p := range b.parts {
		if want(&p) {
			c.indexPart(p)
		}
	}
	c.bandStart = append(c.bandStart, int32(len(c.bandEdges)))
	return c
}

// segments yields the sides of a ring, leaving out those without length.
func segments(ring orb.Ring) iter.Seq2[orb.Point, orb.Point] {
	return func(yield func(a, b orb.Point) bool) {
		if len(ring) == 0 {
			return
		}
		a := ring[len(ring)-1]
		for _, b := range ring {
			if a != b && !yield(a, b) {
				return
			}
			a = b
		}
	}
}

// winding is twice the ring's planar signed area: positive when it runs anticlockwise.
func winding(ring orb.Ring) (sum float64) {
	for a, b := range segments(ring) {
		o := ring[0]
		sum += (a[0]-o[0])*(b[1]-o[1]) - (b[0]-o[0])*(a[1]-o[1])
	}
	return sum
}

// edgesPerBand is how many edges of a part a band has room for, on average.
const edgesPerBand = 4

// indexPart gives the part its bands, and puts it into the tree.
func (c *outlines) indexPart(p outline) {
	uses := c.uses[p.first:p.last]
	p.band, p.bands = int32(len(c.bandStart)), max(1, int32(len(uses))/edgesPerBand)
	if height := p.bound.Max[1] - p.bound.Min[1]; height > 0 {
		p.perY = float64(p.bands) / height
	}
	c.fillBands(&p, uses)
	c.tree.Insert(p.bound.Min, p.bound.Max, int32(len(c.parts)))
	c.parts = append(c.parts, p)
}

// fillBands lists the edges of each band: a counting sort over all pairs of band and edge.
func (c *outlines) fillBands(p *outline, uses []int32) {
	next := make([]int32, p.bands+1)
	for _, e := range uses {
		for b := p.bandOf(c.edges[e].lo[1]); b <= p.bandOf(c.edges[e].hi[1]); b++ {
			next[b+1]++
		}
	}
	next[0] = int32(len(c.bandEdges))
	for b := range p.bands {
		next[b+1] += next[b]
	}
	c.bandStart = append(c.bandStart, next[:p.bands]...)
	c.bandEdges = slices.Grow(c.bandEdges, int(next[p.bands]-next[0]))[:next[p.bands]]
	for _, e := range uses {
		for b := p.bandOf(c.edges[e].lo[1]); b <= p.bandOf(c.edges[e].hi[1]); b++ {
			c.bandEdges[next[b]] = e
			next[b]++
		}
	}
}

// bandOf never falls as y rises, also after rounding: so an edge is listed in the band of
// every latitude between its ends.
func (p *outline) bandOf(y float64) int32 {
	b := (y - p.bound.Min[1]) * p.perY
	return int32(max(0, min(b, float64(p.bands-1))))
}

// near lists the part's edges that may reach latitude y, which must be inside the part's box.
func (c *outlines) near(p *outline, y float64) []int32 {
	b := p.band + p.bandOf(y)
	return c.bandEdges[c.bandStart[b]:c.bandStart[b+1]]
}

// holds says whether the part holds p + (ε, ε²): whether an odd number of its edges passes p
// on the left or through p. An edge counts from its lower end up to, but not with, its upper
// end, so a level edge never does. p must be inside the part's box.
func (c *outlines) holds(part *outline, p orb.Point) bool {
	odd := false
	for _, i := range c.near(part, p[1]) {
		if c.edges[i].passes(p) {
			odd = !odd
		}
	}
	return odd
}

// passes reports whether e passes p on the left, or through it, half-open at its upper end.
func (e *edge) passes(p orb.Point) bool {
	if !(e.lo[1] <= p[1] && p[1] < e.hi[1]) {
		return false
	}
	if p[0] < e.lo[0] && p[0] < e.hi[0] {
		return false
	}
	if p[0] >= e.lo[0] && p[0] >= e.hi[0] {
		return true
	}
	return orient(e.lo, e.hi, p) <= 0
}

// onBoundary reports whether p lies exactly on an edge of the part. p must be inside its box.
func (c *outlines) onBoundary(part *outline, p orb.Point) bool {
	return slices.ContainsFunc(c.near(part, p[1]), func(i int32) bool {
		return onSegment(c.edges[i].lo, c.edges[i].hi, p)
	})
}
