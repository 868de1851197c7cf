package geo

import (
	"slices"

	"github.com/paulmach/orb"
)

// canonicalRings orders the rings of one polygon, in place: each starts at its
// least point, the outer one (counter-clockwise) is first, the holes
// (clockwise) follow in order of their points. It returns the number of
// counter-clockwise rings. The rings are closed and simple.
func canonicalRings(rings []orb.Ring) (shells int) {
	for i, r := range rings {
		rings[i] = startAtLeast(r)
		if isCCW(rings[i]) {
			shells++
		}
	}
	slices.SortFunc(rings, func(r, s orb.Ring) int {
		if a, b := isCCW(r), isCCW(s); a != b {
			if a {
				return -1
			}
			return 1
		}
		return slices.CompareFunc(r, s, comparePoints)
	})
	return shells
}

// startAtLeast turns a closed ring so that it starts at its least point.
func startAtLeast(r orb.Ring) orb.Ring {
	least := 0
	for i, p := range r {
		if before(p, r[least]) {
			least = i
		}
	}
	out := append(make(orb.Ring, 0, len(r)), r[least:len(r)-1]...)
	out = append(out, r[:least]...)
	return append(out, r[least])
}

// isCCW tells the winding of a closed simple ring that starts at its least point.
func isCCW(r orb.Ring) bool {
	return orient(r[len(r)-2], r[0], r[1]) > 0
}

// sets are disjoint sets of small numbers (union-find).
type sets []int

func newSets(n int) sets {
	s := make(sets, n)
	for i := range s {
		s[i] = i
	}
	return s
}

// root is the least member of x's set.
func (s sets) root(x int) int {
	for s[x] != x {
		s[x] = s[s[x]]
		x = s[x]
	}
	return x
}

// join makes one set of two; false when they were one already.
func (s sets) join(x, y int) bool {
	x, y = s.root(x), s.root(y)
	s[max(x, y)] = min(x, y)
	return x != y
}

// number replaces each member by the number of its set, from 0 in order of
// the sets' least members, and returns how many sets there are.
func (s sets) number(members []int) (numbers []int, count int) {
	number := make([]int, len(s))
	for x := range s {
		if s[x] == x {
			number[x] = count
			count++
		} else {
			number[x] = number[s[x]] // s[x] < x, and of the same set
		}
	}
	numbers = make([]int, len(members))
	for i, m := range members {
		numbers[i] = number[m]
	}
	return numbers, count
}
