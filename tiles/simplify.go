package tiles

import (
	"math"
	"slices"

	"github.com/paulmach/orb"
)

// SimplestZoom is the deepest zoom at which Simplify leaves anything out: beyond it a tile unit is less than surveyors measure.
const SimplestZoom = 14

// How far Simplify goes. A corner is left out if the triangle it makes with its neighbours is at most maxTriangle
// square tile units: a thirtieth of a pixel on a screen. All that is left out of a part of a cell, or added to it, changes its area by at
// most keptShare, that of a cell under smallCell square units, which is a dot, by smallShare. (With a keptShare of 0.001, parts
// of cells that the edge of a tile cuts off came to differ from those of PostGIS by over 1 %; where it was of the whole cell, the
// Aleutian Islands beyond the antimeridian by 1.4 %, as a part of Alaska.)
const (
	maxTriangle = 2
	keptShare   = 0.0005
	smallCell   = 100
	smallShare  = 0.25
)

// Simplify returns cells (degrees) with the corners that tiles of a zoom can do without left out. It looks at the whole
// coverage, so tiles agree where they meet, and at corners, not at rings: one that two cells share goes in both or in neither, so
// neighbours still share their edges. Corners where three sides or more meet stay. It is the method of
// Visvalingam and Whyatt (1993), the least triangle first, bounded by the area of each polygon and by this: no corner
// comes to lie on the other side of a side. Rings keep at least three corners. The cells are not changed; what stays as it was is shared.
func Simplify(zoom uint32, cells []orb.MultiPolygon) []orb.MultiPolygon {
	if zoom > SimplestZoom {
		return cells
	}
	w := newThinner(zoom, cells)
	w.thin()
	out := make([]orb.MultiPolygon, len(cells))
	at := 0
	for i, cell := range cells {
		out[i] = make(orb.MultiPolygon, len(cell))
		for k, polygon := range cell {
			out[i][k] = make(orb.Polygon, len(polygon))
			for j, ring := range polygon {
				out[i][k][j] = w.kept(ring, w.numbers[at:at+len(ring)])
				at += len(ring)
			}
		}
	}
	return out
}

// A thinner leaves corners out of a coverage. Corners are places in whole units of a zoom, so those that a tile cannot tell apart are one.
type thinner struct {
	numbers []int32 // corner of each vertex, cell after cell, ring after ring
	corners []spot
	drift   []int64 // by part, a polygon of a cell: twice the area that it has gained
	most    []int64 // by part: how large that may become
	near    *vicinity
	queue   triangles
}

// A spot is one place where sides meet.
type spot struct {
	at    dot
	sides [2]int32 // the corners next to it, when they are two
	parts [2]int32 // those that have it; -1 for none. The first lies left of the way from sides[0] to sides[1], the second right of it
	state spotState
	turns uint32 // how often its triangle changed
}

type spotState byte

const (
	free   spotState = iota // two sides meet, of at most two cells
	pinned                  // it stays
	gone
)

func newThinner(zoom uint32, cells []orb.MultiPolygon) *thinner {
	w := &thinner{}
	w.number(Address{Z: zoom}, cells)
	at := 0
	var ring []int32
	for _, cell := range cells {
		first := len(w.most)
		for _, polygon := range cell {
			part := len(w.most)
			w.most = append(w.most, 0)
			for j, r := range polygon {
				ring = w.ring(ring[:0], w.numbers[at:at+len(r)])
				at += len(r)
				w.most[part] += w.enter(int32(part), ring, j == 0)
			}
		}
		allow(w.most[first:])
	}
	w.drift = make([]int64, len(w.most))
	return w
}

// allow turns the areas of the parts of a cell into what each may change by.
func allow(areas []int64) {
	var whole int64
	for _, area := range areas {
		whole += area
	}
	share := keptShare
	if whole < 2*smallCell {
		share = smallShare
	}
	for i, area := range areas {
		areas[i] = int64(share * float64(area))
	}
}

// number gives each distinct place a number, in the order of places.
func (w *thinner) number(a Address, cells []orb.MultiPolygon) {
	var keys []uint64
	for _, cell := range cells {
		for _, polygon := range cell {
			for _, ring := range polygon {
				for _, p := range ring {
					keys = append(keys, worldKey(round(a.units(p))))
				}
			}
		}
	}
	places := slices.Clone(keys)
	slices.Sort(places)
	places = slices.Compact(places)
	w.corners = make([]spot, len(places))
	for i, k := range places {
		w.corners[i] = spot{at: worldDot(k), sides: [2]int32{-1, -1}, parts: [2]int32{-1, -1}}
	}
	w.numbers = make([]int32, len(keys))
	for i, k := range keys {
		n, _ := slices.BinarySearch(places, k)
		w.numbers[i] = int32(n)
	}
}

func worldKey(d dot) uint64 { return uint64(uint32(d.x))<<32 | uint64(uint32(d.y)^1<<31) }

func worldDot(k uint64) dot { return dot{int32(k >> 32), int32(uint32(k) ^ 1<<31)} }

// ring returns the corners along a ring, none twice in a row, the first not at the end.
func (w *thinner) ring(out []int32, numbers []int32) []int32 {
	for _, n := range numbers {
		if len(out) == 0 || out[len(out)-1] != n {
			out = append(out, n)
		}
	}
	for len(out) > 1 && out[len(out)-1] == out[0] {
		out = out[:len(out)-1]
	}
	return out
}

// enter notes a ring of a part: which sides meet at its corners, and on which side the part lies. It returns twice the area that
// the ring adds to it.
func (w *thinner) enter(part int32, ring []int32, shell bool) (area int64) {
	if len(ring) < 4 {
		for _, n := range ring {
			w.corners[n].state = pinned
		}
		if len(ring) < 3 {
			return 0
		}
	}
	for i, n := range ring {
		p, q := w.corners[n].at, w.corners[ring[(i+1)%len(ring)]].at
		area += int64(p.x)*int64(q.y) - int64(q.x)*int64(p.y)
	}
	left := (area > 0) == shell
	if area < 0 {
		area = -area
	}
	if !shell {
		area = -area
	}
	for i, n := range ring {
		w.meet(n, [2]int32{ring[(i+len(ring)-1)%len(ring)], ring[(i+1)%len(ring)]}, part, left)
	}
	return area
}

// meet notes that a ring of a part passes a corner, from and to its neighbours, the part on its left or its right.
func (w *thinner) meet(n int32, way [2]int32, part int32, left bool) {
	c := &w.corners[n]
	if c.sides[0] < 0 {
		c.sides = way
	}
	switch {
	case way[0] == way[1]:
		c.state = pinned
		return
	case c.sides == way:
	case c.sides == [2]int32{way[1], way[0]}:
		left = !left
	default:
		c.state = pinned
		return
	}
	side := 0
	if !left {
		side = 1
	}
	if c.parts[side] >= 0 {
		c.state = pinned // they overlap here
		return
	}
	c.parts[side] = part
}

// thin leaves out what can be left out.
func (w *thinner) thin() {
	w.near = newVicinity(w.corners)
	for n := range w.corners {
		w.push(int32(n))
	}
	for t, ok := w.queue.pop(); ok; t, ok = w.queue.pop() {
		c := &w.corners[t.corner]
		if c.state != free || c.turns != t.turns || !w.may(c, t.corner) {
			continue
		}
		w.leaveOut(c, t.corner)
	}
}

// push queues a corner with its triangle, unless that is too large.
func (w *thinner) push(n int32) {
	c := &w.corners[n]
	if c.state != free || c.sides[0] < 0 {
		return
	}
	if c.sides[0] == c.sides[1] {
		c.state = pinned
		return
	}
	if area := w.triangle(c); area <= 2*maxTriangle && area >= -2*maxTriangle {
		w.queue.push(triangle{max(area, -area), n, c.turns})
	}
}

// triangle returns twice the area of a corner and its neighbours, positive when the way from the first to the second
// turns from x to y.
func (w *thinner) triangle(c *spot) int64 {
	return turn(w.corners[c.sides[0]].at, c.at, w.corners[c.sides[1]].at)
}

// may reports whether a corner may go: its parts keep their areas, and no other corner lies in its triangle.
func (w *thinner) may(c *spot, n int32) bool {
	area := w.triangle(c)
	for side, gain := range [2]int64{-area, area} {
		if part := c.parts[side]; part >= 0 {
			if after := w.drift[part] + gain; after > w.most[part] || after < -w.most[part] {
				return false
			}
		}
	}
	if area == 0 {
		return true
	}
	a, b := w.corners[c.sides[0]].at, w.corners[c.sides[1]].at
	return !w.near.any(a, c.at, b, func(other int32) bool {
		return other != n && other != c.sides[0] && other != c.sides[1] && w.corners[other].state != gone &&
			inTriangle(w.corners[other].at, a, c.at, b)
	})
}

// leaveOut takes a corner out and joins its neighbours.
func (w *thinner) leaveOut(c *spot, n int32) {
	area := w.triangle(c)
	for side, gain := range [2]int64{-area, area} {
		if part := c.parts[side]; part >= 0 {
			w.drift[part] += gain
		}
	}
	c.state = gone
	for i, at := range c.sides {
		neighbour := &w.corners[at]
		for k := range neighbour.sides {
			if neighbour.sides[k] == n {
				neighbour.sides[k] = c.sides[1-i]
			}
		}
		neighbour.turns++
		w.push(at)
	}
}

// kept returns the vertices of a ring whose corners are still there, and of those that are at one corner in a row the least:
// both cells beside them keep the same. A ring that would have fewer than three is returned as it is.
func (w *thinner) kept(ring orb.Ring, numbers []int32) orb.Ring {
	open := len(ring)
	if open > 1 && ring[0] == ring[open-1] {
		open--
	}
	out, at := make(orb.Ring, 0, open+1), make([]int32, 0, open)
	for i, p := range ring[:open] {
		n := numbers[i]
		switch last := len(out) - 1; {
		case w.corners[n].state == gone:
		case last < 0 || at[last] != n:
			out, at = append(out, p), append(at, n)
		default:
			out[last] = least(out[last], p)
		}
	}
	if last := len(out) - 1; last > 0 && at[last] == at[0] {
		out[0] = least(out[0], out[last])
		out = out[:last]
	}
	if len(out) < 3 || len(out) == open {
		return ring
	}
	return append(out, out[0])
}

func least(p, q orb.Point) orb.Point {
	if q[0] < p[0] || q[0] == p[0] && q[1] < p[1] {
		return q
	}
	return p
}

// inTriangle reports whether d lies in the triangle a, b, c or on its sides.
func inTriangle(d, a, b, c dot) bool {
	x, y, z := turn(a, b, d), turn(b, c, d), turn(c, a, d)
	return x >= 0 && y >= 0 && z >= 0 || x <= 0 && y <= 0 && z <= 0
}

// Places at SimplestZoom fit 32 bits.
const _ = uint(math.MaxInt32 - Extent<<SimplestZoom)
