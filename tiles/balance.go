package tiles

import "slices"

// A bend is what ST_AsMVTGeom of PostGIS would do to a seg for one of the cells beside it, of which alone it knows: lead
// it through a corner within half a unit of it, which another cell beside it lacks.
type bend struct {
	cell, seg int32
	at        dot
}

func compareBends(a, b bend) int {
	if a.cell != b.cell {
		return int(a.cell - b.cell)
	}
	if a.seg != b.seg {
		return int(a.seg - b.seg)
	}
	return compareDots(a.at, b.at)
}

// leastBalanced is the area over which a cell is balanced, in half units: a hundred units.
const leastBalanced = 200

// allowed is by how much a cell may differ from what PostGIS makes of it alone: by one part in a hundred, if it is small
// by one in twenty. Areas are in half units.
func allowed(area int64) int64 {
	if area > leastBalanced {
		return area / 100
	}
	return max(area, 0) / 20
}

// balance divides between two cells what PostGIS would leave as a gap between them, where a cell that gets or loses all
// of it would differ from PostGIS by more than is allowed. It returns the segs that it led through more corners for
// that: such as lie in the gap.
func (m *mesh) balance() (led []int32) {
	bends := m.bends()
	if len(bends) == 0 {
		return nil
	}
	s := scales{m, make(map[int32]int64), make(map[int32]int64)}
	for _, b := range bends {
		s.off[b.cell] += s.gain(b.cell, b.seg, b.at)
	}
	for len(bends) > 0 {
		n := 1
		for n < len(bends) && bends[n].cell == bends[0].cell {
			n++
		}
		led = append(led, s.level(bends[:n])...)
		bends = bends[n:]
	}
	return distinct(led)
}

// bends lists what PostGIS would do to the segs beside each cell, cell by cell.
func (m *mesh) bends() []bend {
	var out []bend
	for _, c := range m.contested {
		for _, cell := range m.beside[c.seg] {
			if m.has(cell, c.at) && m.cells[cell].turnsAt(c.at) {
				out = append(out, bend{cell, c.seg, c.at})
			}
		}
	}
	slices.SortFunc(out, compareBends)
	return slices.Compact(out)
}

// turnsAt reports whether a cell has a corner at d which is not on a straight line: those PostGIS drops.
func (c meshCell) turnsAt(d dot) bool {
	for _, r := range c.rings {
		for i, e := range r {
			if e == d && turn(r[(i+len(r)-1)%len(r)], d, r[(i+1)%len(r)]) != 0 {
				return true
			}
		}
	}
	return false
}

// scales weigh the cells of a mesh that has settled.
type scales struct {
	*mesh
	off  map[int32]int64 // by cell: twice the area that PostGIS would make of it, less what it has
	want map[int32]int64 // by cell, of those asked for: twice the area that PostGIS would make of it
}

// wanted is twice the area that PostGIS would make of a cell. It must be asked for before the cell changes.
func (s scales) wanted(cell int32) int64 {
	area, ok := s.want[cell]
	if !ok {
		area = ringsArea(s.tidied[cell]) + s.off[cell]
		s.want[cell] = area
	}
	return area
}

// level leads the segs of bends, which are all those of one cell, until it is no more off than is allowed, as far as its
// neighbours allow it.
func (s scales) level(bends []bend) (led []int32) {
	cell := bends[0].cell
	wanted := s.wanted(cell)
	if wanted <= leastBalanced {
		return nil
	}
	for _, b := range bends {
		off := s.off[cell]
		if max(off, -off) <= allowed(wanted) {
			break
		}
		if path := s.best(b); path != nil {
			other, gain := s.across(b), s.gain(cell, b.seg, path...)
			s.cuts[b.seg] = append(s.cuts[b.seg], path...)
			s.off[cell], s.off[other] = off-gain, s.off[other]+gain
			led = append(led, b.seg)
		}
	}
	return led
}

// best returns the dots in the triangle of a bend through which its seg is to be led so that its cell is as little off as can
// be while the other one is no more off than is allowed; nil when its cell is best left.
func (s scales) best(b bend) (path []dot) {
	other := s.across(b)
	if other < 0 {
		return nil
	}
	off, otherOff, most := s.off[b.cell], s.off[other], allowed(s.wanted(other))
	least := max(off, -off)
	for _, p := range paths(s.segs[b.seg], b.at) {
		gain := s.gain(b.cell, b.seg, p...)
		left, otherLeft := off-gain, otherOff+gain
		if max(left, -left) < least && max(otherLeft, -otherLeft) <= most {
			path, least = p, max(left, -left)
		}
	}
	return path
}

// paths lists ways to lead a seg within its triangle with a dot: through one or two of the dots there.
func paths(s seg, apex dot) (out [][]dot) {
	all := dotsBetween(s, apex)
	for i, d := range all {
		out = append(out, []dot{d})
		for _, e := range all[:i] {
			out = append(out, []dot{e, d})
		}
	}
	return out
}

// mostBetween is among how many dots of a triangle paths are looked for: more only a seg of tens of units has.
const mostBetween = 16

// dotsBetween lists dots in the triangle of a seg and a dot within half a unit of it, this one last; not the seg's ends.
func dotsBetween(s seg, apex dot) (out []dot) {
	dx, dy := int64(s.b.x-s.a.x), int64(s.b.y-s.a.y)
	long := max(dx, dy, -dy)
	for step := range long + 1 {
		on := dot{s.a.x + int32(divide(dx*step, long)), s.a.y + int32(divide(dy*step, long))}
		for side := int32(-1); side <= 1; side++ {
			d := dot{on.x, on.y + side}
			if dx < long { // steep
				d = dot{on.x + side, on.y}
			}
			if d != s.a && d != s.b && d != apex && inTriangle(d, s.a, s.b, apex) {
				out = append(out, d)
			}
		}
	}
	for len(out) >= mostBetween {
		for i := range len(out) / 2 {
			out[i] = out[2*i]
		}
		out = out[:len(out)/2]
	}
	return append(out, apex)
}

// across is the other cell beside the seg of a bend, -1 when there is none, or more.
func (s scales) across(b bend) int32 {
	beside := s.beside[b.seg]
	if len(beside) != 2 || beside[0] == beside[1] {
		return -1
	}
	return beside[0] + beside[1] - b.cell
}

// gain is twice the area that a cell gains when a seg beside it is led through more dots.
func (s scales) gain(cell, seg int32, more ...dot) int64 {
	side := slices.Index(s.cells[cell].segs, seg)
	for _, r := range s.cells[cell].rings {
		if side >= len(r) {
			side -= len(r)
			continue
		}
		gain := ringArea(pathOf(s.segs[seg], slices.Concat(s.cuts[seg], more))) - ringArea(pathOf(s.segs[seg], s.cuts[seg]))
		if s.segs[seg].a != r[side] {
			return -gain
		}
		return gain
	}
	return 0
}
