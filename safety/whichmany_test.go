package safety_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/paulmach/orb"
	"pgregory.net/rapid"

	"hazgrid/safety"
)

// nested draws grids of up to four levels on a small lattice: gaps, overlaps, levels left out, parents that are
// declared, missing, unknown, or skip a level.
func nested(t *rapid.T) []safety.Grid {
	var grids []safety.Grid
	above := []string{"", "nobody"}
	for level := range rapid.IntRange(1, 4).Draw(t, "levels") {
		var here []string
		for i := range rapid.IntRange(0, 5).Draw(t, "grids") {
			x, y := rapid.IntRange(0, 4).Draw(t, "x"), rapid.IntRange(0, 4).Draw(t, "y")
			w, h := rapid.IntRange(1, 3).Draw(t, "w"), rapid.IntRange(1, 3).Draw(t, "h")
			code := fmt.Sprintf("%d-%d", level+1, i)
			g := grid(code, rapid.SampledFrom(above).Draw(t, "parent"), level+1, box(float64(x), float64(y), float64(x+w), float64(y+h)))
			g.ValidFrom = safety.Time(rapid.IntRange(0, 2).Draw(t, "from") * 10)
			grids, here = append(grids, g), append(here, code)
		}
		above = append(above, here...)
	}
	return grids
}

// rows are the answers of Which as a Lookup gives them.
func rows(t *rapid.T, s *safety.Snapshot, o safety.WhichOptions, points []orb.Point) []int32 {
	depth := s.Depth(o.Scheme)
	var all []int32
	for _, p := range points {
		row := slices.Repeat([]int32{safety.NoGrid}, depth)
		w, err := s.Which(p, safety.WhichOptions{Scheme: o.Scheme, At: o.At})
		if errors.Is(err, safety.ErrInvalid) {
			row = slices.Repeat([]int32{safety.BadPoint}, depth)
		} else if err != nil {
			t.Fatal(err)
		}
		for _, g := range w.Grids {
			layer, err := s.Layer(o.Scheme, g.Level, o.At)
			if err != nil {
				t.Fatal(err)
			}
			row[g.Level-1] = int32(slices.Index(layer.Grids, g))
		}
		all = append(all, row...)
	}
	return all
}

// A Lookup says what Which says, for points inside, on lattice lines and corners, outside, and none at all.
func TestLookupEqualsWhich(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, err := safety.NewSnapshot(safety.Records{Whole: true, Version: 1, Grids: nested(t)}, 15)
		if err != nil {
			t.Fatal(err)
		}
		o := safety.WhichOptions{At: safety.Time(rapid.IntRange(0, 30).Draw(t, "at")), SnapM: 150_000}
		number := rapid.OneOf(rapid.Float64Range(-1, 9), rapid.Map(rapid.IntRange(-2, 18), func(n int) float64 { return float64(n) / 2 }),
			rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), -181, 91, math.Copysign(0, -1)}))
		points := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) orb.Point {
			return orb.Point{number.Draw(t, "lon"), number.Draw(t, "lat")}
		}), 0, 40).Draw(t, "points")
		l, err := s.Lookup(o)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]int32, len(points)*l.Depth())
		l.Locate(points, got)
		if want := rows(t, s, o, points); l.Depth() != s.Depth("") || !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
		for i, p := range points {
			snapsLikeWhich(t, s, l, o, p, got[i*l.Depth():(i+1)*l.Depth()])
		}
	})
}

// snapsLikeWhich holds a row, snapped where no grid owns p, against Which.
func snapsLikeWhich(t *rapid.T, s *safety.Snapshot, l *safety.Lookup, o safety.WhichOptions, p orb.Point, row []int32) {
	want, err := s.Which(p, o)
	if err != nil {
		return
	}
	metres := 0.0
	if !slices.ContainsFunc(row, func(n int32) bool { return n >= 0 }) {
		if metres, _, err = l.Snap(p, row); err != nil {
			t.Fatal(err)
		}
	}
	var got []*safety.Grid
	for i, n := range row {
		if n >= 0 {
			got = append(got, l.Grids(i + 1)[n])
		}
	}
	if !slices.Equal(got, want.Grids) || metres != want.DistanceM {
		t.Fatalf("%v: snapped to %v, %v m, want %v", p, codes(got), metres, want)
	}
}

func TestLookupWithoutGrids(t *testing.T) {
	s := snapshot(t, safety.Records{}, 1)
	l, err := s.Lookup(safety.WhichOptions{SnapM: 10})
	if err != nil || l.Depth() != 0 {
		t.Fatalf("depth %v, %v", l.Depth(), err)
	}
	l.Locate([]orb.Point{{1, 1}, {math.NaN(), 1}}, nil)
	if _, ok, err := l.Snap(orb.Point{1, 1}, nil); ok || err != nil {
		t.Errorf("snapped to nothing: %v", err)
	}
	if _, err := s.Lookup(safety.WhichOptions{Scheme: "order"}); !errors.Is(err, safety.ErrNotFound) {
		t.Errorf("unknown scheme: %v", err)
	}
}

func TestLookupAllocatesNothing(t *testing.T) {
	l, err := snapshot(t, safety.Records{Grids: twoLevels()}, 1).Lookup(safety.WhichOptions{})
	if err != nil {
		t.Fatal(err)
	}
	points := []orb.Point{{0.5, 0.5}, {1.5, 0.5}, {2.5, 0.5}, {9, 9}, {200, 0}}
	grids := make([]int32, len(points)*l.Depth())
	if n := testing.AllocsPerRun(100, func() { l.Locate(points, grids) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if want := []int32{0, 0, 1, 1, 1, -1, -1, -1, -2, -2}; !slices.Equal(grids, want) {
		t.Errorf("got %v, want %v", grids, want)
	}
}
