package tiles

import (
	"slices"
	"sort"
)

// An arrow is a side with the inside of the polygon to its left (from x to y).
type arrow struct{ from, to dot }

// assemble joins segs, which meet at their ends only and close, to simple rings:
// shells with positive area, each followed by its holes.
func assemble(segs []seg) [][]dot {
	arrows := make([]arrow, len(segs))
	for i, s := range segs {
		arrows[i] = direct(s, segs)
	}
	slices.SortFunc(arrows, func(p, q arrow) int {
		if c := compareDots(p.from, q.from); c != 0 {
			return c
		}
		return compareDots(p.to, q.to)
	})
	return nest(walk(arrows, successors(arrows)))
}

// direct decides on which side of s the inside is, by counting the sides beyond its middle: below it, or left
// of it when s is upright. Sides are counted in half units, so everything is exact.
func direct(s seg, segs []seg) arrow {
	middle := dot{s.a.x + s.b.x, s.a.y + s.b.y} // in half units
	beyond := 0
	for _, t := range segs {
		if t != s && passes(t, middle, s.a.x == s.b.x) {
			beyond++
		}
	}
	// s points right, or up when upright. Odd: the inside is below (towards lesser y) or left of (lesser x) it.
	inside := beyond%2 == 1
	upright := s.a.x == s.b.x
	if inside == upright {
		return arrow{s.a, s.b}
	}
	return arrow{s.b, s.a}
}

// passes reports whether t crosses the ray from m (in half units) towards lesser y, or towards lesser x when sideways.
func passes(t seg, m dot, sideways bool) bool {
	a, b := dot{2 * t.a.x, 2 * t.a.y}, dot{2 * t.b.x, 2 * t.b.y}
	if sideways {
		a, b, m = dot{a.y, a.x}, dot{b.y, b.x}, dot{m.y, m.x}
	}
	if (a.x <= m.x) == (b.x <= m.x) {
		return false
	}
	if b.x < a.x {
		a, b = b, a
	}
	return turn(a, b, m) > 0
}

// successors returns for each arrow the one that goes on around the same inside.
func successors(arrows []arrow) []int {
	next := make([]int, len(arrows))
	for i, p := range arrows {
		first := sort.Search(len(arrows), func(k int) bool { return !arrows[k].from.less(p.to) })
		if first == len(arrows) || arrows[first].from != p.to {
			next[i] = i // not closed: splitAll gave up; the walk ends here
			continue
		}
		next[i] = first
		for k := first + 1; k < len(arrows) && arrows[k].from == p.to; k++ {
			if sooner(p, arrows[k], arrows[next[i]]) {
				next[i] = k
			}
		}
	}
	return next
}

// sooner reports whether, coming along p and turning from the way back to the left of p,
// q is met before r.
func sooner(p, q, r arrow) bool {
	hq, hr := half(p, q), half(p, r)
	if hq != hr {
		return hq < hr
	}
	return cross(q, r) < 0
}

// half is 0 when q lies less than half a turn beyond the way back of p, 1 at half a turn, else 2.
func half(p, q arrow) int {
	switch c := cross(arrow{p.to, p.from}, q); {
	case c < 0:
		return 0
	case c == 0:
		return 1
	}
	return 2
}

func cross(p, q arrow) int64 {
	return int64(p.to.x-p.from.x)*int64(q.to.y-q.from.y) - int64(p.to.y-p.from.y)*int64(q.to.x-q.from.x)
}

// walk follows the arrows and cuts off a ring whenever it comes to a dot for the second time.
func walk(arrows []arrow, next []int) [][]dot {
	var rings [][]dot
	used := make([]bool, len(arrows))
	for start := range arrows {
		if used[start] {
			continue
		}
		path := []dot{arrows[start].from}
		place := map[dot]int{path[0]: 0}
		for i := start; !used[i]; i = next[i] {
			used[i] = true
			d := arrows[i].to
			k, seen := place[d]
			if !seen {
				place[d] = len(path)
				path = append(path, d)
				continue
			}
			rings = append(rings, slices.Clone(path[k:]))
			for _, gone := range path[k+1:] {
				delete(place, gone)
			}
			path = path[:k+1]
		}
	}
	return rings
}

// nest puts each hole after the smallest shell around it.
func nest(rings [][]dot) [][]dot {
	type shell struct {
		area  int64
		rings [][]dot
	}
	var shells []shell
	for _, r := range rings {
		if a := ringArea(r); a > 0 {
			shells = append(shells, shell{a, [][]dot{r}})
		}
	}
	for _, r := range rings {
		if ringArea(r) > 0 {
			continue
		}
		best := -1
		for i, s := range shells {
			if surrounds(s.rings[0], r) && (best < 0 || s.area < shells[best].area) {
				best = i
			}
		}
		if best >= 0 {
			shells[best].rings = append(shells[best].rings, r)
		}
	}
	var out [][]dot
	for _, s := range shells {
		out = append(out, s.rings...)
	}
	return out
}

// surrounds reports whether the first side of hole is inside shell, with which it shares no side.
func surrounds(shell, hole []dot) bool {
	s := newSeg(hole[0], hole[1])
	middle := dot{s.a.x + s.b.x, s.a.y + s.b.y}
	in := false
	for i, d := range shell {
		if passes(newSeg(d, shell[(i+1)%len(shell)]), middle, false) {
			in = !in
		}
	}
	return in
}

// ringArea returns twice the area of a ring, positive when it turns from x to y.
func ringArea(ring []dot) int64 {
	var sum int64
	for i, d := range ring {
		e := ring[(i+1)%len(ring)]
		sum += int64(d.x)*int64(e.y) - int64(e.x)*int64(d.y)
	}
	return sum
}

// oriented returns ring turning the way a shell, or else a hole, has to.
func oriented(ring []dot, shell bool) []dot {
	if (ringArea(ring) > 0) != shell {
		slices.Reverse(ring)
	}
	return ring
}
