package geo

import (
	"cmp"
	"math"
	"slices"

	"github.com/paulmach/orb"
)

// A lining says that rings of a cell run along a segment.
type lining struct {
	cell int32
	wind int32 // how often with the cell on the left of the way from a to b, less how often on the right
	cut  bool  // noding has made a piece of a longer side of it
}

// backwards are the linings seen from the other end.
func backwards(linings []lining) []lining {
	if len(linings) == 0 {
		return nil
	}
	out := slices.Clone(linings)
	for i := range out {
		out[i].wind = -out[i].wind
	}
	return out
}

// asCut are the linings on a piece of the segment.
func asCut(linings []lining) []lining {
	if len(linings) == 0 {
		return nil
	}
	out := slices.Clone(linings)
	for i := range out {
		out[i].cut = true
	}
	return out
}

// joinLinings are the linings on one segment that two lists name: each cell once.
func joinLinings(x, y []lining) []lining {
	if len(x)+len(y) == 0 {
		return nil
	}
	all := slices.Concat(x, y)
	slices.SortStableFunc(all, func(x, y lining) int { return cmp.Compare(x.cell, y.cell) })
	out := all[:1]
	for _, c := range all[1:] {
		if last := &out[len(out)-1]; last.cell == c.cell {
			last.wind, last.cut = last.wind+c.wind, last.cut || c.cut
		} else {
			out = append(out, c)
		}
	}
	return out
}

// cellSegments are the sides of all cells, each running with its cell on the left.
func cellSegments(cells []orb.MultiPolygon) (segs []segment) {
	for i, cell := range cells {
		for _, polygon := range cell {
			for k, ring := range polygon {
				from, wind := len(segs), 1
				if (winding(ring) > 0) != (k == 0) {
					wind = -1
				}
				segs = ringSegments(segs, ring)
				for s := range segs[from:] {
					one := &segs[from+s]
					one.wind, one.linings = wind, []lining{{cell: int32(i), wind: int32(wind)}}
				}
			}
		}
	}
	return segs
}

// An overlay is cells laid over each other: the graph of all their sides, and whose ground each
// face between them is.
type overlay struct {
	*graph
	owners [][]int32 // by face: the cells it lies in, rising. Lists are shared.
}

// newOverlay lays over each other what the segments bound.
func newOverlay(segs []segment) (*overlay, error) {
	segs, err := node(segs)
	if err != nil {
		return nil, err
	}
	// The same ground gives the same graph, whatever the order of cells and rings.
	slices.SortFunc(segs, func(s, t segment) int { return cmp.Or(comparePoints(s.a, t.a), comparePoints(s.b, t.b)) })
	o := &overlay{graph: newGraph(segs)}
	inside := [][]lining{nil} // how often the rings of each cell go around a face
	value := o.spread(0, func(h, v int) int {
		inside = append(inside, across(inside[v], o.linings[h/2], h%2 == 0))
		return len(inside) - 1
	})
	o.owners = make([][]int32, o.faces)
	for f, v := range value {
		for _, c := range inside[v] {
			if c.wind > 0 {
				o.owners[f] = append(o.owners[f], c.cell)
			}
		}
	}
	return o, nil
}

// across is how often rings go around the ground on the other side of an edge. Looking from its
// lower vertex, one goes from the left to the right, or else back.
func across(inside, edge []lining, rightwards bool) []lining {
	if len(edge) == 0 {
		return inside
	}
	if rightwards {
		edge = backwards(edge)
	}
	return slices.DeleteFunc(joinLinings(inside, edge), func(c lining) bool { return c.wind == 0 })
}

// rims are, by face, the half-edges that have another face behind them.
func (g *graph) rims() [][]int {
	rims := make([][]int, g.faces)
	for h, f := range g.face {
		if g.face[h^1] != f {
			rims[f] = append(rims[f], h)
		}
	}
	return rims
}

// shapeOf makes polygons of the half-edges around some ground, which lies on their left.
func (g *graph) shapeOf(rim []int) (orb.MultiPolygon, error) {
	segs := make([]segment, len(rim))
	for i, h := range rim {
		segs[i] = segment{a: g.points[g.origin[h]], b: g.points[g.head(h)], wind: 1}
	}
	return polygonsOf(segs)
}

// depths are, by face, how many shapes lie over it, where shells run counter-clockwise and holes clockwise.
func (g *graph) depths() []int {
	return g.spread(0, func(h, n int) int { return n - g.windOf(h) })
}

// polygonsOf makes polygons of segments that are noded and have the ground on their left.
func polygonsOf(segs []segment) (orb.MultiPolygon, error) {
	g := newGraph(merge(segs))
	return g.polygons(keepIf(g.depths(), func(n int) bool { return n > 0 }))
}

// An extent is how large a piece of ground is, by the local scale of degrees: good to a part in
// a thousand for what is small.
type extent struct {
	areaM2 float64
	rimM   float64 // the length of its rim
}

// extentOf measures the ground on the left of the half-edges.
func (g *graph) extentOf(rim []int) (e extent) {
	if len(rim) == 0 {
		return e
	}
	start := g.points[g.origin[rim[0]]]
	perLon, perLat := metresPerDegree(start[1])
	for _, h := range rim {
		a, b := g.points[g.origin[h]], g.points[g.head(h)]
		ax, ay := (a[0]-start[0])*perLon, (a[1]-start[1])*perLat
		bx, by := (b[0]-start[0])*perLon, (b[1]-start[1])*perLat
		e.areaM2 += (ax*by - bx*ay) / 2
		e.rimM += math.Hypot(bx-ax, by-ay)
	}
	return e
}

// widthM is the width in metres of a long strip with this area and rim. Ground without holes in which no
// disc of so many metres fits is narrower than that (Bonnesen: area ≤ radius × rim).
func (e extent) widthM() float64 {
	if e.rimM == 0 {
		return 0
	}
	return 2 * max(e.areaM2, 0) / e.rimM
}

// metresPerDegree are the lengths of a degree of longitude and of latitude at a latitude in
// degrees, on the ellipsoid.
func metresPerDegree(lat float64) (lon, along float64) {
	sin, cos := math.Sincos(lat * degree)
	w2 := 1 - eccentricity2*sin*sin
	across := equatorRadius / math.Sqrt(w2) // radius of curvature in the prime vertical
	return across * cos * degree, across * (1 - eccentricity2) / w2 * degree
}
