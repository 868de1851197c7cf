package geo

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/paulmach/orb"
)

// TestBoxTreePairs holds the pairs that a walk finds to those that are found by looking at all, for trees of one to five levels.
func TestBoxTreePairs(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, n := range []int{0, 1, 2, fan, fan + 1, fan*fan - 1, fan * fan, fan*fan + 1, 700, fan*fan*fan*fan + 3} {
		boxes := make([]orb.Bound, n)
		at := orb.Point{}
		for i := range boxes { // a walk that comes back to where it was, with boxes that touch, as sides do
			next := orb.Point{float64(r.IntN(30)), float64(r.IntN(30))}
			if r.IntN(3) > 0 {
				next = orb.Point{at[0] + float64(r.IntN(3)-1), at[1] + float64(r.IntN(3)-1)}
			}
			boxes[i], at = segmentBox(at, next), next
		}
		var want, got [][2]int
		for i := range boxes {
			for j := i + 1; j < n; j++ {
				if boxesMeet(boxes[i], boxes[j]) {
					want = append(want, [2]int{i, j})
				}
			}
		}
		tree := newBoxTree(boxes)
		if !tree.pairs(func(i, j int) bool { got = append(got, [2]int{i, j}); return true }) {
			t.Errorf("%d boxes: did not come to the end", n)
		}
		slices.SortFunc(got, func(a, b [2]int) int { return slices.Compare(a[:], b[:]) })
		if !slices.Equal(got, want) {
			t.Errorf("%d boxes: %d pairs, want %d", n, len(got), len(want))
		}
		seen := 0
		whole := tree.pairs(func(int, int) bool { seen++; return seen < 2 })
		if whole != (len(want) < 2) || seen != min(2, len(want)) {
			t.Errorf("%d boxes: stopped after %d of %d pairs, and came to the end: %v", n, seen, len(want), whole)
		}
	}
}
