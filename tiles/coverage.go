package tiles

import (
	"slices"

	"github.com/paulmach/orb"
)

// ProjectCoverage returns what the tile a shows of each of cells (degrees), as Project does, but of all of them
// together: cells that share their edges on the map share them in whole units too. A corner that comes to lie
// on a side divides it for the cells on both sides of it, and where rounding makes sides cross, all are led the same way
// around each other. So neighbours neither gap nor overlap, with two exceptions: the squares of cells too small to draw lie
// over others, and where many cells hardly a unit wide crowd, a few may overlap by a unit or so.
//
// A side is also led through corners within half a unit of it which all cells beside it have. ST_AsMVTGeom of PostGIS
// does that with every corner of the one cell it is given, and so opens gaps to neighbours that lack the
// corner; there the side stays here, unless a cell of over a hundred square units would differ by more than 1 %: then the two
// cells divide the gap.
func ProjectCoverage(a Address, cells []orb.MultiPolygon) []Shape {
	m, units := settledMesh(a, cells)
	shapes := make([]Shape, len(cells))
	for i := range cells {
		shapes[i] = polygonShape(m.tidied[i], units[i])
	}
	return shapes
}

// settledMesh returns the mesh of cells (degrees), and their rings by cell and part in units of a, before rounding.
func settledMesh(a Address, cells []orb.MultiPolygon) (*mesh, [][][][]orb.Point) {
	units := make([][][][]orb.Point, len(cells))
	rings := make([][][]dot, len(cells))
	for i, c := range cells {
		units[i] = a.partUnits(c)
		rings[i] = wholeParts(units[i])
	}
	m := newMesh(rings)
	m.settle(units)
	return m, units
}

// settle leads segs through corners and around each other until they meet at their ends only.
func (m *mesh) settle(units [][][][]orb.Point) {
	m.buckets = newBuckets(m.segs)
	moved := m.leadAll()
	balanced := false
	for range maxRounds {
		if len(moved) > 0 {
			moved = m.untangle(moved, units)
			continue
		}
		if moved = m.keepSides(m.turned(), units); len(moved) > 0 {
			continue
		}
		if balanced {
			return
		}
		if moved, balanced = m.balance(), true; len(moved) == 0 {
			return
		}
	}
	m.turned()
}

// leadAll leads each seg through the corners that lie on it, and through those within half a unit of it which all cells
// beside it have. It returns the segs that may now cross others.
func (m *mesh) leadAll() []int32 {
	var moved []int32
	for i, s := range m.segs {
		m.buckets.add(int32(i), s, func(j int32) {
			t := m.segs[j]
			if !near(s, t) {
				return
			}
			if m.lead(int32(i), t) {
				moved = append(moved, int32(i))
			}
			if m.lead(j, s) {
				moved = append(moved, j)
			}
			if _, ok := crossing(s, t); ok {
				moved = append(moved, int32(i))
			}
		})
	}
	return distinct(moved)
}

// lead leads a seg through the ends of another, as leadAll says, and reports whether that bent it.
func (m *mesh) lead(i int32, other seg) (bent bool) {
	s := m.segs[i]
	for _, d := range [2]dot{other.a, other.b} {
		if d == s.a || d == s.b || !touchesUnit(s, d) {
			continue
		}
		on := within(d, s)
		if on || m.shared(i, d) {
			m.cuts[i] = append(m.cuts[i], d)
			bent = bent || !on
		} else {
			m.contested = append(m.contested, contest{i, d})
		}
	}
	return bent
}

// shared reports whether all cells beside a seg have a corner at d.
func (m *mesh) shared(seg int32, d dot) bool {
	for _, cell := range m.beside[seg] {
		if !m.has(cell, d) {
			return false
		}
	}
	return true
}

// has reports whether a cell has a corner at d.
func (m *mesh) has(cell int32, d dot) bool {
	_, ok := slices.BinarySearch(m.cells[cell].corners, d.key())
	return ok
}

// untangle looks where segs, which have moved, meet others otherwise than at their ends. It divides the segs there or
// leads them in another way, and returns those.
func (m *mesh) untangle(moved []int32, units [][][][]orb.Point) []int32 {
	var divided []int32
	var crossed []int32
	var knots []dot
	for _, i := range moved {
		for _, j := range m.buckets.around(m.segs[i]) {
			for _, p := range m.pieces(i) {
				for _, q := range m.pieces(j) {
					if m.divide(i, p, q) {
						divided = append(divided, i)
					}
					if m.divide(j, q, p) {
						divided = append(divided, j)
					}
					if at, ok := crossing(p, q); ok {
						crossed = append(crossed, i, j)
						knots = append(knots, at)
					}
				}
			}
		}
	}
	if led := m.keepSides(distinct(crossed), units); len(led) > 0 {
		return distinct(append(divided, led...))
	}
	return distinct(append(divided, m.cutKnots(knots)...))
}

// pieces returns what a seg has become.
func (m *mesh) pieces(i int32) []seg {
	path := pathOf(m.segs[i], m.cuts[i])
	out := make([]seg, len(path)-1)
	for k := range out {
		out[k] = newSeg(path[k], path[k+1])
	}
	return out
}

// divide cuts a seg, of which p is a piece, where q ends on p, and reports whether it does.
func (m *mesh) divide(i int32, p, q seg) bool {
	on := false
	for _, d := range [2]dot{q.a, q.b} {
		if within(d, p) {
			m.cuts[i] = append(m.cuts[i], d)
			on = true
		}
	}
	return on
}

// keepSides leads segs, each once, through every corner whose unit square they passed before they were rounded, and returns
// those it led. This is snap rounding (Hobby 1999), in which no corner changes sides: segs cross, and cells turn over, only
// because a corner came to the wrong side of a seg when it or the seg was rounded.
func (m *mesh) keepSides(segs []int32, units [][][][]orb.Point) []int32 {
	unrounded := map[seg][][2]orb.Point{}
	var led []int32
	for _, i := range segs {
		if !m.exact[i] {
			m.exact[i] = true
			led = append(led, i)
			unrounded[m.segs[i]] = nil
		}
	}
	if len(led) > 0 {
		findUnrounded(unrounded, units)
	}
	for _, i := range led {
		m.cuts[i] = m.passed(m.segs[i], unrounded[m.segs[i]])
	}
	return led
}

// turned tidies all cells and returns the segs of those that rounding has turned over, in whole or in part. Where a
// cell turned over it lies on its neighbours: they have its sides in the same direction, not in opposite ones. Where a
// part did, the cell's rings wind around it the wrong way, and around less than they fill.
func (m *mesh) turned() []int32 {
	var out []int32
	m.tidied = make([][][]dot, len(m.cells))
	balance := make([]int32, len(m.segs)) // cells that have a seg forwards less those that have it backwards
	for i, c := range m.cells {
		side := 0
		for _, r := range c.rings {
			for _, d := range r {
				s := c.segs[side]
				if m.segs[s].a == d {
					balance[s]++
				} else {
					balance[s]--
				}
				side++
			}
		}
		var partly bool
		if m.tidied[i], partly = m.tidy(c); partly {
			out = append(out, c.segs...)
		}
	}
	for s, b := range balance {
		if b < -1 || b > 1 {
			out = append(out, int32(s))
		}
	}
	return distinct(out)
}

// findUnrounded fills in, for each seg, the sides which were rounded to it; none for those that the edge of the tile cut.
func findUnrounded(of map[seg][][2]orb.Point, units [][][][]orb.Point) {
	for _, cell := range units {
		for _, part := range cell {
			for _, ring := range part {
				for i, p := range ring {
					q := ring[(i+1)%len(ring)]
					if !bufferedBox.holds(whole(p)) || !bufferedBox.holds(whole(q)) {
						continue
					}
					s := newSeg(round(p), round(q))
					if sides, ok := of[s]; ok {
						of[s] = append(sides, [2]orb.Point{p, q})
					}
				}
			}
		}
	}
}

// passed returns the corners whose unit square any of sides passes; the sides were rounded to s. None: s itself.
func (m *mesh) passed(s seg, sides [][2]orb.Point) []dot {
	if sides == nil {
		sides = [][2]orb.Point{{s.a.point(), s.b.point()}}
	}
	var out []dot
	for _, j := range m.buckets.around(s) {
		for _, d := range [2]dot{m.segs[j].a, m.segs[j].b} {
			if d != s.a && d != s.b && slices.ContainsFunc(sides, func(side [2]orb.Point) bool { return passesUnit(side, d) }) {
				out = append(out, d)
			}
		}
	}
	return out
}

// cutKnots leads all segs through the middle of the units in which two still cross, and returns those it led. These
// crossed on the map already, or the edge of the tile cut them.
func (m *mesh) cutKnots(knots []dot) []int32 {
	var led []int32
	for _, d := range knots {
		for _, i := range m.buckets.around(seg{d, d}) {
			for _, p := range m.pieces(i) {
				if d != p.a && d != p.b && touchesUnit(p, d) {
					m.cuts[i] = append(m.cuts[i], d)
					led = append(led, i)
				}
			}
		}
	}
	return led
}

// distinct sorts numbers and keeps one of each.
func distinct(numbers []int32) []int32 {
	slices.Sort(numbers)
	return slices.Compact(numbers)
}
