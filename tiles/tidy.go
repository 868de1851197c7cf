package tiles

import (
	"math"
	"slices"

	"github.com/paulmach/orb"
)

// Whole units bend a polygon: sides touch or cross, spikes fold, cuts along the edge of the tile leave double edges.
// tidy returns rings in which none of that is left, each shell followed by its
// holes. Rings that are fine are returned as they are, so that two grids keep the same
// points along the edge they share. The others are split where they meet, sides that lie on
// each other cancel out, and what has an odd number of sides around it is inside.
func tidy(rings [][]dot) [][]dot {
	if !meets(rings) {
		return rings
	}
	return assemble(splitAll(sides(rings)))
}

// A seg is a side between two dots, the lesser first.
type seg struct{ a, b dot }

func newSeg(a, b dot) seg {
	if b.less(a) {
		a, b = b, a
	}
	return seg{a, b}
}

func compareDots(d, e dot) int {
	if d.x != e.x {
		return int(d.x - e.x)
	}
	return int(d.y - e.y)
}

func compareSegs(s, t seg) int {
	if c := compareDots(s.a, t.a); c != 0 {
		return c
	}
	return compareDots(s.b, t.b)
}

// sides returns the sides of all rings, sorted, without those that cancel out.
func sides(rings [][]dot) []seg {
	var out []seg
	for _, r := range rings {
		for i, d := range r {
			if e := r[(i+1)%len(r)]; e != d {
				out = append(out, newSeg(d, e))
			}
		}
	}
	return odd(out)
}

// odd sorts segs and keeps one of each that is there an odd number of times.
func odd(segs []seg) []seg {
	slices.SortFunc(segs, compareSegs)
	out := segs[:0]
	for i := 0; i < len(segs); {
		j := i
		for j < len(segs) && segs[j] == segs[i] {
			j++
		}
		if (j-i)%2 == 1 {
			out = append(out, segs[i])
		}
		i = j
	}
	return out
}

// meets reports whether any side touches another otherwise than the next one of its ring, or a dot is there twice.
func meets(rings [][]dot) bool {
	var dots []dot
	var segs []seg
	for _, r := range rings {
		dots = append(dots, r...)
		for i, d := range r {
			segs = append(segs, newSeg(d, r[(i+1)%len(r)]))
		}
	}
	slices.SortFunc(dots, compareDots)
	if len(slices.Compact(dots)) < len(segs) {
		return true
	}
	slices.SortFunc(segs, compareSegs)
	found := false
	eachPair(segs, func(i, j int) bool {
		_, found = meeting(segs[i], segs[j])
		return !found
	})
	return found
}

// eachPair calls f for the pairs of sorted segs whose boxes meet, until it returns false.
func eachPair(segs []seg, f func(i, j int) bool) {
	for i, s := range segs {
		lo, hi := min(s.a.y, s.b.y), max(s.a.y, s.b.y)
		for j := i + 1; j < len(segs) && segs[j].a.x <= s.b.x; j++ {
			t := segs[j]
			if max(t.a.y, t.b.y) < lo || min(t.a.y, t.b.y) > hi {
				continue
			}
			if !f(i, j) {
				return
			}
		}
	}
}

// turn is positive when a, b, c turn from x to y, 0 when they are on one line.
func turn(a, b, c dot) int64 {
	return int64(b.x-a.x)*int64(c.y-a.y) - int64(b.y-a.y)*int64(c.x-a.x)
}

// within reports whether d is on s but not one of its ends.
func within(d dot, s seg) bool {
	if d == s.a || d == s.b || turn(s.a, s.b, d) != 0 {
		return false
	}
	return s.a.x <= d.x && d.x <= s.b.x && min(s.a.y, s.b.y) <= d.y && d.y <= max(s.a.y, s.b.y)
}

// meeting returns a dot at which s or t has to be split, if any: an end of one
// inside the other, or the unit nearest to where they cross.
func meeting(s, t seg) (dot, bool) {
	for _, d := range [2]dot{t.a, t.b} {
		if within(d, s) {
			return d, true
		}
	}
	for _, d := range [2]dot{s.a, s.b} {
		if within(d, t) {
			return d, true
		}
	}
	return crossing(s, t)
}

// crossing returns the unit nearest to where s and t cross, if they do so inside both.
func crossing(s, t seg) (dot, bool) {
	d1, d2 := turn(t.a, t.b, s.a), turn(t.a, t.b, s.b)
	d3, d4 := turn(s.a, s.b, t.a), turn(s.a, s.b, t.b)
	if (d1 > 0) == (d2 > 0) || (d3 > 0) == (d4 > 0) || d1 == 0 || d2 == 0 || d3 == 0 || d4 == 0 {
		return dot{}, false
	}
	den := d1 - d2
	return dot{
		s.a.x + int32(divide(d1*int64(s.b.x-s.a.x), den)),
		s.a.y + int32(divide(d1*int64(s.b.y-s.a.y), den)),
	}, true
}

// divide returns n/d, rounded to the nearest whole number.
func divide(n, d int64) int64 {
	if d < 0 {
		n, d = -n, -d
	}
	q := 2*n + d
	if q < 0 {
		return -((-q + 2*d - 1) / (2 * d))
	}
	return q / (2 * d)
}

// maxRounds ends the splitting of shapes that would never settle; none is known.
const maxRounds = 32

// splitAll splits segs until they meet at their ends only. Where ends lie on sides nothing
// moves. If sides still cross, it is snap rounding (Hobby 1999): every side is led through the middle of each unit
// square it passes in which there is an end or a crossing. One round settles nearly all.
func splitAll(segs []seg) []seg {
	segs = split(segs, onSides(segs))
	for range maxRounds {
		hot := crossings(segs)
		if hot == nil {
			return segs
		}
		segs = split(segs, through(segs, hot))
	}
	return segs
}

// onSides returns for each of segs the ends of others that lie on it.
func onSides(segs []seg) [][]dot {
	cuts := make([][]dot, len(segs))
	eachPair(segs, func(i, j int) bool {
		for _, d := range [2]dot{segs[j].a, segs[j].b} {
			if within(d, segs[i]) {
				cuts[i] = append(cuts[i], d)
			}
		}
		for _, d := range [2]dot{segs[i].a, segs[i].b} {
			if within(d, segs[j]) {
				cuts[j] = append(cuts[j], d)
			}
		}
		return true
	})
	return cuts
}

// crossings returns the ends of segs and the units where two cross, sorted; nil when none cross.
func crossings(segs []seg) []dot {
	var hot []dot
	eachPair(segs, func(i, j int) bool {
		if d, ok := meeting(segs[i], segs[j]); ok {
			hot = append(hot, d)
		}
		return true
	})
	if hot == nil {
		return nil
	}
	for _, s := range segs {
		hot = append(hot, s.a, s.b)
	}
	slices.SortFunc(hot, compareDots)
	return slices.Compact(hot)
}

// through returns for each of segs the hot dots whose unit square it touches.
func through(segs []seg, hot []dot) [][]dot {
	cuts := make([][]dot, len(segs))
	for i, s := range segs {
		from, _ := slices.BinarySearchFunc(hot, s.a.x-1, func(d dot, x int32) int { return int(d.x - x) })
		for _, d := range hot[from:] {
			if d.x > s.b.x+1 {
				break
			}
			if d != s.a && d != s.b && touchesUnit(s, d) {
				cuts[i] = append(cuts[i], d)
			}
		}
	}
	return cuts
}

// touchesUnit reports whether s meets the square of one unit around d. In half units, so exact.
func touchesUnit(s seg, d dot) bool {
	a, b := dot{2 * s.a.x, 2 * s.a.y}, dot{2 * s.b.x, 2 * s.b.y}
	x, y := 2*d.x, 2*d.y
	if max(a.x, b.x) < x-1 || min(a.x, b.x) > x+1 || max(a.y, b.y) < y-1 || min(a.y, b.y) > y+1 {
		return false
	}
	left, right := 0, 0
	for _, c := range [4]dot{{x - 1, y - 1}, {x + 1, y - 1}, {x + 1, y + 1}, {x - 1, y + 1}} {
		switch v := turn(a, b, c); {
		case v > 0:
			left++
		case v < 0:
			right++
		}
	}
	return left < 4 && right < 4
}

// passesUnit reports whether a side passes the square of one unit around d: its lesser edges belong to it, the others do not.
func passesUnit(side [2]orb.Point, d dot) bool {
	unit := box{-0.5, math.Nextafter(0.5, 0)}
	from := func(p orb.Point) orb.Point { return orb.Point{p[0] - float64(d.x), p[1] - float64(d.y)} }
	_, _, ok := clipSegment(from(side[0]), from(side[1]), unit)
	return ok
}

// split returns segs led through their cuts.
func split(segs []seg, cuts [][]dot) []seg {
	var out []seg
	for i, s := range segs {
		path := pathOf(s, cuts[i])
		for k := 1; k < len(path); k++ {
			out = append(out, newSeg(path[k-1], path[k]))
		}
	}
	return odd(out)
}

// pathOf returns the dots of s led through its cuts, from s.a to s.b, none twice in a row.
func pathOf(s seg, cuts []dot) []dot {
	along := func(d dot) int64 {
		return int64(d.x-s.a.x)*int64(s.b.x-s.a.x) + int64(d.y-s.a.y)*int64(s.b.y-s.a.y)
	}
	path := append(make([]dot, 0, len(cuts)+2), cuts...)
	slices.SortFunc(path, func(d, e dot) int {
		if c := along(d) - along(e); c != 0 {
			return int(c)
		}
		return compareDots(d, e)
	})
	return slices.Compact(append(slices.Insert(path, 0, s.a), s.b))
}
