package geo

import (
	"math"
	"slices"

	"github.com/paulmach/orb"
	"github.com/tidwall/rtree"
)

// Neighbours are the faces that share a piece of boundary of positive length with face i,
// rising; touching at a point is not enough. Pieces match when they have the same two ends, or
// when they lie on one line within 1e-9 degrees (a tenth of a millimetre) and run beside each
// other for more, as where one face has a vertex in the middle of the other's side. The slice
// is shared: do not change it.
func (c *Coverage) Neighbours(i int) []int {
	lines := c.outlines()
	from, to := lines.neighbourStart[i], lines.neighbourStart[i+1]
	return lines.neighbours[from:to:to]
}

// sameLine is how far, in degrees, two borders may lie apart and still be one.
const sameLine = 1e-9

// linkNeighbours fills the neighbour lists from the edges.
func (c *outlines) linkNeighbours() {
	var pairs [][2]int32
	link := func(a, b int32) {
		if a != none && b != none && a != b {
			pairs = append(pairs, [2]int32{a, b}, [2]int32{b, a})
		}
	}
	for i := range c.edges {
		link(c.edges[i].left, c.edges[i].right)
	}
	c.linkExtras(link)
	c.linkUnmatched(link)
	slices.SortFunc(pairs, func(a, b [2]int32) int { return slices.Compare(a[:], b[:]) })
	c.neighbourStart = make([]int32, len(c.cells)+1)
	for _, pair := range slices.Compact(pairs) {
		c.neighbours = append(c.neighbours, int(pair[1]))
		c.neighbourStart[pair[0]+1] = int32(len(c.neighbours))
	}
	for i := range c.cells { // a face without neighbours ends where the one before it did
		c.neighbourStart[i+1] = max(c.neighbourStart[i+1], c.neighbourStart[i])
	}
}

// linkExtras links the faces that claim a side of an edge another face has claimed.
func (c *outlines) linkExtras(link func(a, b int32)) {
	claims := make(map[int32][]int32)
	for _, u := range c.extra {
		link(u.face, c.edges[u.edge].left)
		link(u.face, c.edges[u.edge].right)
		for _, other := range claims[u.edge] {
			link(u.face, other)
		}
		claims[u.edge] = append(claims[u.edge], u.face)
	}
}

// linkUnmatched links faces along borders whose vertices do not match. Only edges with a free
// side can lie there; in a clean coverage those are the outer outline.
func (c *outlines) linkUnmatched(link func(a, b int32)) {
	var tree rtree.RTreeGN[float64, int32]
	for i := range c.edges {
		e := &c.edges[i]
		if e.left != none && e.right != none {
			continue
		}
		box := e.bound().Pad(sameLine)
		tree.Search(box.Min, box.Max, func(_, _ [2]float64, j int32) bool {
			if other := &c.edges[j]; e.runsAlong(other) {
				link(max(e.left, e.right), max(other.left, other.right))
			}
			return true
		})
		tree.Insert(box.Min, box.Max, int32(i))
	}
}

// runsAlong reports whether the two edges lie on one line and beside each other there for
// more than sameLine.
func (e *edge) runsAlong(other *edge) bool {
	if e.length() < other.length() {
		e, other = other, e
	}
	from, fromOff := e.along(other.lo)
	to, toOff := e.along(other.hi)
	if math.Abs(fromOff) > sameLine || math.Abs(toOff) > sameLine {
		return false
	}
	return min(max(from, to), e.length())-max(min(from, to), 0) > sameLine
}

// along is where p lies along the line of e, and how far off it, both in degrees from e.lo.
func (e *edge) along(p orb.Point) (at, off float64) {
	dx, dy := e.hi[0]-e.lo[0], e.hi[1]-e.lo[1]
	px, py := p[0]-e.lo[0], p[1]-e.lo[1]
	length := e.length()
	return (px*dx + py*dy) / length, (px*dy - py*dx) / length
}

func (e *edge) length() float64 { return math.Hypot(e.hi[0]-e.lo[0], e.hi[1]-e.lo[1]) }
