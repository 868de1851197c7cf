package geo

import (
	"fmt"
	"iter"
	"slices"

	"github.com/paulmach/orb"
	"github.com/tidwall/rtree"
)

// A Coverage is the faces of one level, with every edge held once: its ends and the face on
// either side. Face i is the i-th cell it was made from. A Coverage never changes after it is
// made and may be used by many goroutines at once.
//
// Faces need not fill the plane, and may overlap where data are dirty. A face is what the
// even–odd rule makes of its rings: their order, winding, starting point and repeated
// vertices do not matter, and a ring that is not closed is closed by its first vertex.
type Coverage struct {
	cells []orb.MultiPolygon
	bound orb.Bound
	bulge float64 // how far, in degrees of latitude, a great circle may leave an edge's box
	edges []edge
	extra []use // uses of an edge beyond one on either side: faces that overlap there
	parts []part
	uses  []int32 // edges of the parts, part after part
	tree  rtree.RTreeGN[float64, int32]

	bandStart []int32 // where each band of each part begins in bandEdges
	bandEdges []int32

	neighbourStart []int32 // where each face's neighbours begin in neighbours
	neighbours     []int
}

// An edge is a straight piece of boundary, the lower end first (of a level edge: the western),
// so that both faces beside it do the same arithmetic.
type edge struct {
	lo, hi      orb.Point
	left, right int32 // the faces, looking from lo to hi; none where there is nothing
}

const none = -1

// A use says that a face has an edge in its boundary.
type use struct {
	edge, face int32
	left       bool // which side the face lies on
}

// A part is one polygon of a face. Its edges are also listed by horizontal bands of equal
// height, so that a point meets only those near its latitude.
type part struct {
	face        int32
	polygon     int32 // in the face's cell
	first, last int32 // in uses
	band, bands int32 // first in bandStart, and how many
	bound       orb.Bound
	perY        float64 // bands per degree of latitude
}

// NewCoverage indexes the cells: face i is cells[i]. Where several faces claim a point the
// lowest index wins, so callers sort by code. The cells are kept, not copied: they must not
// change afterwards. It fails when a coordinate is not a finite number.
func NewCoverage(cells []orb.MultiPolygon) (*Coverage, error) {
	c := &Coverage{cells: cells, bound: orb.MultiPolygon{}.Bound()}
	seen := make(map[[2]orb.Point]int32)
	for face, cell := range cells {
		for i := range cell {
			if err := c.addPart(part{face: int32(face), polygon: int32(i)}, seen); err != nil {
				return nil, fmt.Errorf("coverage: face %d: %w", face, err)
			}
		}
	}
	c.bandStart = append(c.bandStart, int32(len(c.bandEdges)))
	c.linkNeighbours()
	c.bulge = c.widestBulge()
	return c, nil
}

// addPart takes in one polygon. seen finds an edge by its ends.
func (c *Coverage) addPart(p part, seen map[[2]orb.Point]int32) error {
	p.first = int32(len(c.uses))
	for i, ring := range c.cells[p.face][p.polygon] {
		if bad := slices.IndexFunc(ring, func(v orb.Point) bool { return !finite(v) }); bad >= 0 {
			return fmt.Errorf("polygon %d: ring %d: coordinate %v is not a finite number", p.polygon, i, ring[bad])
		}
		insideLeft := (winding(ring) > 0) == (i == 0)
		for a, b := range segments(ring) {
			e, forward := c.edgeOf(a, b, seen)
			c.claim(use{edge: e, face: p.face, left: insideLeft == forward})
			c.uses = append(c.uses, e)
		}
	}
	if p.last = int32(len(c.uses)); p.last > p.first {
		c.indexPart(p)
	}
	return nil
}

// segments yields the sides of a ring, leaving out those without length.
func segments(ring orb.Ring) iter.Seq2[orb.Point, orb.Point] {
	return func(yield func(a, b orb.Point) bool) {
		for i, b := range ring {
			a := ring[(i+len(ring)-1)%len(ring)]
			if a != b && !yield(a, b) {
				return
			}
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

// edgeOf is the one edge with these ends; forward says that it runs from a to b.
func (c *Coverage) edgeOf(a, b orb.Point, seen map[[2]orb.Point]int32) (e int32, forward bool) {
	made := edgeBetween(a, b)
	e, known := seen[[2]orb.Point{made.lo, made.hi}]
	if !known {
		e = int32(len(c.edges))
		c.edges = append(c.edges, made)
		seen[[2]orb.Point{made.lo, made.hi}] = e
	}
	return e, made.lo == a
}

// edgeBetween is the edge with these ends and nothing beside it.
func edgeBetween(a, b orb.Point) edge {
	if a[1] < b[1] || a[1] == b[1] && a[0] < b[0] {
		return edge{lo: a, hi: b, left: none, right: none}
	}
	return edge{lo: b, hi: a, left: none, right: none}
}

// claim puts a face beside its edge, or on the list of extras when the side is taken.
func (c *Coverage) claim(u use) {
	side := &c.edges[u.edge].right
	if u.left {
		side = &c.edges[u.edge].left
	}
	if *side == none {
		*side = u.face
		return
	}
	c.extra = append(c.extra, u)
}

// edgesPerBand is how many edges of a part a band has room for, on average.
const edgesPerBand = 4

// indexPart gives the part its box and its bands, and puts it into the tree.
func (c *Coverage) indexPart(p part) {
	uses := c.uses[p.first:p.last]
	p.bound = c.edges[uses[0]].bound()
	for _, e := range uses[1:] {
		p.bound = p.bound.Union(c.edges[e].bound())
	}
	p.band, p.bands = int32(len(c.bandStart)), max(1, int32(len(uses))/edgesPerBand)
	if height := p.bound.Max[1] - p.bound.Min[1]; height > 0 {
		p.perY = float64(p.bands) / height
	}
	c.fillBands(&p, uses)
	c.bound = c.bound.Union(p.bound)
	c.tree.Insert(p.bound.Min, p.bound.Max, int32(len(c.parts)))
	c.parts = append(c.parts, p)
}

// fillBands lists the edges of each band: a counting sort over all pairs of band and edge.
func (c *Coverage) fillBands(p *part, uses []int32) {
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
func (p *part) bandOf(y float64) int32 {
	b := (y - p.bound.Min[1]) * p.perY
	return int32(max(0, min(b, float64(p.bands-1))))
}

// near lists the part's edges that may reach latitude y, which must be inside the part's box.
func (c *Coverage) near(p *part, y float64) []int32 {
	b := p.band + p.bandOf(y)
	return c.bandEdges[c.bandStart[b]:c.bandStart[b+1]]
}

func (e *edge) bound() orb.Bound {
	return orb.Bound{
		Min: orb.Point{min(e.lo[0], e.hi[0]), e.lo[1]},
		Max: orb.Point{max(e.lo[0], e.hi[0]), e.hi[1]},
	}
}

// Len is the number of faces.
func (c *Coverage) Len() int { return len(c.cells) }

// Cell is the shape of face i, in degrees. It is shared: do not change it.
func (c *Coverage) Cell(i int) orb.MultiPolygon { return c.cells[i] }

// Bound is the box of all faces, in degrees; empty ([orb.Bound.IsEmpty]) when there are none.
func (c *Coverage) Bound() orb.Bound { return c.bound }

// Search yields the faces that have a polygon whose box meets b (touching counts), rising.
// b is in degrees.
func (c *Coverage) Search(b orb.Bound) iter.Seq[int] {
	return func(yield func(int) bool) {
		var faces []int
		c.tree.Search(b.Min, b.Max, func(_, _ [2]float64, p int32) bool {
			faces = append(faces, int(c.parts[p].face))
			return true
		})
		slices.Sort(faces)
		for _, face := range slices.Compact(faces) {
			if !yield(face) {
				return
			}
		}
	}
}
