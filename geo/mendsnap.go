package geo

import (
	"cmp"
	"iter"
	"slices"

	"github.com/paulmach/orb"
	"github.com/tidwall/rtree"
)

// A knot is a vertex on the rim of narrow ground, and the cells that have it.
type knot struct {
	at    orb.Point
	cells []int32 // rising
}

// snap moves vertices on the rims of narrow faces to those of other cells within the tolerance, and
// tells whether it moved any. All rings that have such a vertex follow it, so that what was
// one border stays one. Two vertices of one cell never come together: its detail stays. Where a cell would be lost nothing
// is moved, from then on.
func (m *mender) snap(o *overlay, narrow []int) bool {
	if m.unsnapped || len(narrow) == 0 {
		return false
	}
	moves := m.moves(m.knots(o, narrow))
	if len(moves) == 0 {
		return false
	}
	moved := map[int]orb.MultiPolygon{}
	for i, cell := range m.cells {
		if !hasAny(cell, moves) {
			continue
		}
		shape, err := Repair(movedCell(cell, moves)) // its form does not depend on how the rings ran
		if err != nil {
			m.unsnapped = true
			return false
		}
		moved[i] = shape
	}
	for i, shape := range moved {
		m.cells[i], m.changed[i] = shape, true
	}
	return true
}

// knots are the vertices of cells on the rims of the faces: by their lowest cell, then by place.
func (m *mender) knots(o *overlay, faces []int) []knot {
	wanted := make([]bool, o.faces)
	for _, f := range faces {
		wanted[f] = len(o.owners[f]) != 1 // what is cut off shares its vertices already
	}
	cells := map[orb.Point][]int32{}
	for h, f := range o.face {
		if wanted[f] && o.face[h^1] != f {
			cells[o.points[o.origin[h]]] = nil
		}
	}
	for i, cell := range m.cells {
		for p := range vertices(cell) {
			if list, on := cells[p]; on && !slices.Contains(list, int32(i)) {
				cells[p] = append(list, int32(i))
			}
		}
	}
	var knots []knot
	for _, p := range sortedPoints(cells) {
		if len(cells[p]) > 0 { // else it is where sides cross
			knots = append(knots, knot{p, cells[p]})
		}
	}
	slices.SortStableFunc(knots, func(x, y knot) int { return cmp.Compare(x.cells[0], y.cells[0]) })
	return knots
}

// moves takes each knot, in their order, to the nearest one before it that stays and has no cell in
// common with it, or lets it stay.
func (m *mender) moves(knots []knot) map[orb.Point]orb.Point {
	moves := map[orb.Point]orb.Point{}
	var staying rtree.RTreeGN[float64, int]
	for i := range knots {
		c := &knots[i]
		near := surroundingOf(c.at, m.toleranceM)
		best, to := m.toleranceM, -1
		box := near.box()
		staying.Search(box.Min, box.Max, func(at, _ [2]float64, k int) bool {
			metres := near.distance(at)
			if apart(knots[k].cells, c.cells) && (metres < best || metres == best && k < to) {
				best, to = metres, k
			}
			return true
		})
		if to < 0 {
			staying.Insert(c.at, c.at, i)
			continue
		}
		moves[c.at] = knots[to].at
		knots[to].cells = append(slices.Clip(knots[to].cells), c.cells...)
	}
	return moves
}

// apart tells whether the lists have nothing in common.
func apart(x, y []int32) bool {
	return !slices.ContainsFunc(x, func(c int32) bool { return slices.Contains(y, c) })
}

func hasAny(cell orb.MultiPolygon, moves map[orb.Point]orb.Point) bool {
	for p := range vertices(cell) {
		if _, ok := moves[p]; ok {
			return true
		}
	}
	return false
}

// vertices yields all vertices of a cell, those that close rings twice.
func vertices(cell orb.MultiPolygon) iter.Seq[orb.Point] {
	return func(yield func(orb.Point) bool) {
		for _, polygon := range cell {
			for _, ring := range polygon {
				for _, p := range ring {
					if !yield(p) {
						return
					}
				}
			}
		}
	}
}

// movedCell is the cell with its vertices moved, and repeated ones left out.
func movedCell(cell orb.MultiPolygon, moves map[orb.Point]orb.Point) orb.MultiPolygon {
	out := cell.Clone()
	for _, polygon := range out {
		for k, ring := range polygon {
			for i, p := range ring {
				if to, ok := moves[p]; ok {
					ring[i] = to
				}
			}
			polygon[k] = slices.Compact(ring)
		}
	}
	return out
}
