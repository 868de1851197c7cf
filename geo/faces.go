package geo

import (
	"errors"
	"slices"

	"github.com/paulmach/orb"
)

// A graph is a set of noded segments as vertices, edges and faces. Edge e is
// two half-edges: 2e runs from its lower to its higher vertex, 2e+1 back. The
// face of a half-edge is the one to its left.
type graph struct {
	points  []orb.Point // by vertex, in order of longitude, latitude
	wind    []int       // by edge
	linings [][]lining  // by edge
	origin  []int       // by half-edge: the vertex it leaves
	out     [][]int     // by vertex: half-edges that leave it, counter-clockwise
	slot    []int       // by half-edge: its index in out[origin]
	face    []int       // by half-edge
	faces   int         // number of faces; face 0 is the unbounded one
}

// newGraph builds the graph of segments that meet in their ends only (see node).
func newGraph(segs []segment) *graph {
	g := &graph{wind: make([]int, len(segs)), linings: make([][]lining, len(segs)), origin: make([]int, 2*len(segs)), slot: make([]int, 2*len(segs))}
	g.addVertices(segs)
	for e, s := range segs {
		g.wind[e], g.linings[e] = s.wind, s.linings
	}
	g.out = make([][]int, len(g.points))
	for h, v := range g.origin {
		g.out[v] = append(g.out[v], h)
	}
	for v, out := range g.out {
		slices.SortFunc(out, func(h, k int) int { return g.compareAngle(v, h, k) })
		for i, h := range out {
			g.slot[h] = i
		}
	}
	g.findFaces()
	return g
}

func (g *graph) addVertices(segs []segment) {
	for _, s := range segs {
		g.points = append(g.points, s.a, s.b)
	}
	slices.SortFunc(g.points, comparePoints)
	g.points = slices.Compact(g.points)
	at := make(map[orb.Point]int, len(g.points))
	for v, p := range g.points {
		at[p] = v
	}
	for e, s := range segs {
		g.origin[2*e], g.origin[2*e+1] = at[s.a], at[s.b]
	}
}

// head is the vertex half-edge h runs to.
func (g *graph) head(h int) int { return g.origin[h^1] }

// compareAngle orders two half-edges from v counter-clockwise, from just after
// straight down.
func (g *graph) compareAngle(v, h, k int) int {
	// Vertices are numbered from left to right, so the number tells the side.
	hRight, kRight := g.head(h) > v, g.head(k) > v
	if hRight != kRight {
		if hRight {
			return -1
		}
		return 1
	}
	return orient(g.points[v], g.points[g.head(k)], g.points[g.head(h)])
}

// after is the half-edge that follows h along its face: arriving at a vertex,
// the first one clockwise from the way back.
func (g *graph) after(h int) int {
	return g.clockwise(h ^ 1)
}

// clockwise is the next half-edge clockwise around h's origin.
func (g *graph) clockwise(h int) int {
	out := g.out[g.origin[h]]
	return out[(g.slot[h]+len(out)-1)%len(out)]
}

// findFaces numbers the cycles of half-edges, then joins the cycles that
// bound one face: a component's outer one with the face it lies in.
func (g *graph) findFaces() {
	cycle := make([]int, len(g.origin))
	cycles := 1 // 0 is the unbounded face
	for h := range cycle {
		if cycle[h] != 0 {
			continue
		}
		for k := h; cycle[k] == 0; k = g.after(k) {
			cycle[k] = cycles
		}
		cycles++
	}
	same := newSets(cycles)
	beside := g.besideSearch()
	for _, v := range g.lowestVertices() {
		// From a lowest vertex all edges go right, so the last one in order
		// has the sector to the left, which is outside, on its left.
		outer := cycle[g.out[v][len(g.out[v])-1]]
		if h, ok := beside(g.points[v]); ok {
			same.join(outer, cycle[h])
		} else {
			same.join(outer, 0)
		}
	}
	g.face, g.faces = same.number(cycle)
}

// lowestVertices are the least vertex of each connected component, rising.
func (g *graph) lowestVertices() []int {
	var lowest, stack []int
	seen := make([]bool, len(g.points))
	for v := range g.points {
		if seen[v] {
			continue
		}
		lowest = append(lowest, v)
		seen[v] = true
		for stack = append(stack, v); len(stack) > 0; {
			w := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			for _, h := range g.out[w] {
				if !seen[g.head(h)] {
					seen[g.head(h)] = true
					stack = append(stack, g.head(h))
				}
			}
		}
	}
	return lowest
}

// besideSearch returns a function that finds, for a point on no edge to its
// left, the half-edge of the nearest edge to the left that has the point's
// face on its left; not ok when there is none.
func (g *graph) besideSearch() func(p orb.Point) (int, bool) {
	boxes := make([]orb.Bound, len(g.wind))
	for e := range boxes {
		boxes[e] = segmentBox(g.points[g.origin[2*e]], g.points[g.origin[2*e+1]])
	}
	tree := newBoxTree(boxes)
	return func(p orb.Point) (int, bool) {
		best := -1
		if len(boxes) == 0 {
			return best, false
		}
		row := orb.Bound{Min: orb.Point{-1e9, p[1]}, Max: p}
		tree.search(row, 0, len(boxes), func(e int) bool {
			h := 2 * e
			if g.points[g.head(h)][1] > g.points[g.origin[h]][1] {
				h++ // point it down: its left is then the east
			}
			top, bottom := g.points[g.origin[h]], g.points[g.head(h)]
			if bottom[1] <= p[1] && p[1] < top[1] && orient(top, bottom, p) > 0 && (best < 0 || g.eastOf(h, best)) {
				best = h
			}
			return true
		})
		return best, best >= 0
	}
}

// eastOf tells whether of two downward half-edges that cross one horizontal
// line, but not each other, the first is more to the east there.
func (g *graph) eastOf(h, k int) bool {
	hTop, hLow := g.points[g.origin[h]], g.points[g.head(h)]
	kTop, kLow := g.points[g.origin[k]], g.points[g.head(k)]
	// Compare at an end of one that is in the other's span of latitudes.
	if hLow[1] >= kLow[1] {
		if side := orient(kTop, kLow, hLow); side != 0 {
			return side > 0
		}
	} else if side := orient(hTop, hLow, kLow); side != 0 {
		return side < 0
	}
	if hTop[1] <= kTop[1] {
		return orient(kTop, kLow, hTop) > 0
	}
	return orient(hTop, hLow, kTop) < 0
}

// spread gives every face a value: start for the unbounded one, and across
// half-edge h, from its face to its twin's, step(h, value). Faces are reached
// over as few edges as possible.
func (g *graph) spread(start int, step func(h, value int) int) []int {
	around := g.halfEdgesByFace()
	values, seen := make([]int, g.faces), make([]bool, g.faces)
	values[0], seen[0] = start, true
	for queue := []int{0}; len(queue) > 0; queue = queue[1:] {
		f := queue[0]
		for _, h := range around[f] {
			if next := g.face[h^1]; !seen[next] {
				seen[next] = true
				values[next] = step(h, values[f])
				queue = append(queue, next)
			}
		}
	}
	return values
}

func (g *graph) halfEdgesByFace() [][]int {
	around := make([][]int, g.faces)
	for h, f := range g.face {
		around[f] = append(around[f], h)
	}
	return around
}

// polygons joins the kept faces, which may not include face 0: edges between
// two of them vanish, what hangs together over an edge becomes one polygon.
// The result is valid and canonical (see canonical).
func (g *graph) polygons(keep []bool) (orb.MultiPolygon, error) {
	same := newSets(g.faces)
	for h := 0; h < len(g.face); h += 2 {
		if keep[g.face[h]] && keep[g.face[h+1]] {
			same.join(g.face[h], g.face[h+1])
		}
	}
	rings := make([][]orb.Ring, g.faces)
	done := make([]bool, len(g.face))
	for h, f := range g.face {
		if !done[h] && keep[f] && !keep[g.face[h^1]] {
			root := same.root(f)
			rings[root] = append(rings[root], g.splitRings(g.walk(h, keep, done))...)
		}
	}
	var out orb.MultiPolygon
	for _, rs := range rings {
		if len(rs) == 0 {
			continue
		}
		if shells := canonicalRings(rs); shells != 1 {
			return nil, errors.New("a face without one outer ring")
		}
		out = append(out, rs)
	}
	slices.SortFunc(out, func(p, q orb.Polygon) int { return slices.CompareFunc(p[0], q[0], comparePoints) })
	return out, nil
}

// walk follows the rim of the kept faces from h, with them on its left, and
// returns the vertices passed.
func (g *graph) walk(h int, keep, done []bool) []int {
	var path []int
	for !done[h] {
		done[h] = true
		path = append(path, g.origin[h])
		for h = g.after(h); keep[g.face[h^1]]; {
			h = g.clockwise(h) // an inner edge: go past it
		}
	}
	return path
}

// splitRings cuts a closed path at every vertex it passes twice, so that each
// ring passes each vertex once: a hole that touches its shell, or another
// hole, becomes a ring of its own.
func (g *graph) splitRings(path []int) []orb.Ring {
	var rings []orb.Ring
	var open []int
	at := map[int]int{} // vertex → its place in open
	for _, v := range append(path, path[0]) {
		if i, ok := at[v]; ok {
			rings = append(rings, g.ring(open[i:]))
			for _, w := range open[i:] {
				delete(at, w)
			}
			open = open[:i]
		}
		at[v] = len(open)
		open = append(open, v)
	}
	return rings
}

func (g *graph) ring(vertices []int) orb.Ring {
	r := make(orb.Ring, 0, len(vertices)+1)
	for _, v := range vertices {
		r = append(r, g.points[v])
	}
	return append(r, r[0])
}
