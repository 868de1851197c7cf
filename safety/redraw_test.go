package safety_test

import (
	"slices"
	"testing"

	"github.com/paulmach/orb"

	"hazgrid/safety"
)

// A snapshot after a border moved starts from the coverages before it and answers as one made afresh;
// the one before answers as before.
func TestRedrawnBordersAreFollowed(t *testing.T) {
	moved := twoLevels()
	moved[2].Boundary, moved[3].Boundary = box(0, 0, 1.25, 1), box(1.25, 0, 2, 1)
	fewer := append(twoLevels()[:3], grid("A3", "A", 2, box(1, 0, 2, 0.5)))
	before := snapshot(t, safety.Records{Grids: twoLevels()}, day("2014-06-01"))
	points := []orb.Point{{0.5, 0.5}, {1, 0.5}, {1.1, 0.25}, {1.25, 0.5}, {1.5, 0.75}, {2, 0}, {2, 1}, {2.5, 0.5}, {3, 1}, {9, 9}}
	old := ask(t, before, points)
	for name, grids := range map[string][]safety.Grid{"moved": moved, "same": twoLevels(), "fewer": fewer} {
		next, err := before.Next(safety.Records{Whole: true, Grids: grids}, day("2014-06-01"))
		if err != nil {
			t.Fatal(err)
		}
		fresh := snapshot(t, safety.Records{Grids: slices.Clone(grids)}, day("2014-06-01"))
		if got, want := ask(t, next, points), ask(t, fresh, points); !slices.EqualFunc(got, want, slices.Equal[[]string]) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	if got := ask(t, before, points); !slices.EqualFunc(got, old, slices.Equal[[]string]) {
		t.Errorf("the snapshot before changed: %v, want %v", got, old)
	}
}

func ask(t *testing.T, s *safety.Snapshot, points []orb.Point) (all [][]string) {
	t.Helper()
	for _, p := range points {
		w, err := s.Which(p, safety.WhichOptions{})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, codes(w.Grids))
	}
	return all
}
