package coverages_test

import (
	"math"
	"math/big"
	"slices"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"

	"hazgrid/internal/coverages"
)

// Every side of a Voronoi coverage that is not on the box has its like, run the other way, in
// another cell, and the cells fill the box: so they neither gap nor overlap.
func TestVoronoiNeighboursShareTheirSides(t *testing.T) {
	for _, v := range []coverages.Voronoi{{N: 1, Seed: 1}, {N: 2, Seed: 1}, {N: 1888, Jags: 7, Seed: 1}, {N: 20_000, Jags: 3, Seed: 2}, {N: 50_000, Seed: 3}} {
		cells, sites := v.Cells()
		box, area := coverages.City(), 0.0
		seen := make(map[[2]orb.Point]int)
		for i, cell := range cells {
			ring := cell[0][0]
			if !planar.RingContains(ring, sites[i]) {
				t.Errorf("%d cells: site %d is not in its cell", v.N, i)
			}
			area += planar.Area(ring)
			for k := 1; k < len(ring); k++ {
				seen[[2]orb.Point{ring[k-1], ring[k]}]++
			}
		}
		alone := 0
		for side, n := range seen {
			onBox := side[0][0] == side[1][0] && (side[0][0] == box.Min[0] || side[0][0] == box.Max[0]) ||
				side[0][1] == side[1][1] && (side[0][1] == box.Min[1] || side[0][1] == box.Max[1])
			if n != 1 || !onBox && seen[[2]orb.Point{side[1], side[0]}] != 1 {
				alone++
			}
		}
		if want := planar.Area(box.ToPolygon()); alone > 0 || math.Abs(area-want) > 1e-9*want {
			t.Errorf("%d cells: %d sides alone; area %v, the box has %v", v.N, alone, area, want)
		}
	}
}

// The sizes are those of research with other generators, so that figures compare.
func TestGridsHaveTheVerticesTheirFiguresWereTakenWith(t *testing.T) {
	for n, want := range map[int]int{1888: 90_143, 100_000: 2_490_000} {
		if got := coverages.Vertices(coverages.Grids(n)); math.Abs(float64(got-want)) > 0.03*float64(want) {
			t.Errorf("%d cells: %d vertices, not about %d", n, got, want)
		}
	}
}

// TestOracle is the rule by hand, on what has gone wrong elsewhere.
func TestOracle(t *testing.T) {
	square := func(w, s, e, n float64) orb.Ring { return orb.Ring{{w, s}, {e, s}, {e, n}, {w, n}, {w, s}} }
	cells := []orb.MultiPolygon{
		{},
		{{square(0, 0, 2, 2), square(0.5, 0.5, 1, 1)}},
		{{square(2, 0, 4, 2)}, {square(0, 2, 2, 4)}},
		{{square(2, 2, 4, 4)[:4]}}, // not closed
		{{square(1.5, 1.5, 2.5, 2.5)}},
	}
	o := coverages.NewOracle(cells)
	for _, tt := range []struct {
		p    orb.Point
		want []int
	}{
		{orb.Point{0, 0}, []int{1}},
		{orb.Point{0.25, 0.25}, []int{1}},
		{orb.Point{0.5, 0.5}, []int{1}}, // the hole's own south-west corner: only touched
		{orb.Point{0.75, 0.75}, nil},    // in the hole
		{orb.Point{1, 1}, []int{1}},     // the hole's north-east corner: held
		{orb.Point{2, 1}, []int{2}},     // the shared side is the eastern one's
		{orb.Point{2, 2}, []int{3, 4}},  // four meet, and one over them
		{orb.Point{1.75, 1.75}, []int{1, 4}},
		{orb.Point{2.5, 2.5}, []int{3}},
		{orb.Point{4, 1}, []int{2}}, // the outer outline
		{orb.Point{4, 2}, []int{2}}, // on it where two touch: the lower one's
		{orb.Point{4, 4}, []int{3}},
		{orb.Point{5, 1}, nil},
	} {
		if got := o.All(tt.p, nil); !slices.Equal(got, tt.want) {
			t.Errorf("%v: %v, want %v", tt.p, got, tt.want)
		}
	}
}

// The oracle's buckets and bands leave nothing out: a walk over all sides of all faces agrees.
func TestOracleAgreesWithAWalkOverEverything(t *testing.T) {
	cells, sites := coverages.Voronoi{N: 40, Jags: 5, Seed: 4}.Cells()
	cells = coverages.WithOverlaps(coverages.InGroups(coverages.WithIslands(cells, sites), 2))
	o := coverages.NewOracle(cells)
	corpus := coverages.NewCorpus(cells, nil, 1)
	owned := 0
	for p := range corpus.Points(1500) {
		want := walk(cells, p)
		if got := o.Owner(p); got != want {
			t.Fatalf("%v: %d, a walk says %d", p, got, want)
		}
		if want >= 0 {
			owned++
		}
	}
	if owned < 750 {
		t.Errorf("only %d of 1,500 points are anybody's", owned)
	}
}

// walk decides everything in fractions.
func walk(cells []orb.MultiPolygon, p orb.Point) int {
	rat := func(x float64) *big.Rat { return new(big.Rat).SetFloat64(x) }
	x, y := rat(p[0]), rat(p[1])
	touched := -1
	for i, cell := range cells {
		inside, touches := false, false
		for _, polygon := range cell {
			for _, ring := range polygon {
				for k := 1; k < len(ring); k++ {
					a, b := ring[k-1], ring[k]
					if a[1] > b[1] {
						a, b = b, a
					}
					if y.Cmp(rat(a[1])) < 0 || y.Cmp(rat(b[1])) > 0 {
						continue
					}
					if a[1] == b[1] {
						touches = touches || min(a[0], b[0]) <= p[0] && p[0] <= max(a[0], b[0])
						continue
					}
					// Where the side is at p's latitude: a + (b - a)(y - a.y)/(b.y - a.y).
					at := new(big.Rat).Quo(new(big.Rat).Sub(y, rat(a[1])), new(big.Rat).Sub(rat(b[1]), rat(a[1])))
					at.Mul(at, new(big.Rat).Sub(rat(b[0]), rat(a[0]))).Add(at, rat(a[0]))
					touches = touches || at.Cmp(x) == 0
					if at.Cmp(x) <= 0 && y.Cmp(rat(b[1])) < 0 {
						inside = !inside
					}
				}
			}
		}
		if inside {
			return i
		}
		if touches && touched < 0 {
			touched = i
		}
	}
	return touched
}

func BenchmarkOracle(b *testing.B) {
	cells := coverages.Grids(1888)
	o := coverages.NewOracle(cells)
	points := slices.Collect(coverages.NewCorpus(cells, nil, 1).Points(100_000))
	i := 0
	for b.Loop() {
		o.Owner(points[i%len(points)])
		i++
	}
}

// TestCorpusLeavesNothingOut: after All points every vertex, every rounded middle of a side, their eight
// neighbours and every corner have come; and the points are the same every time.
func TestCorpusLeavesNothingOut(t *testing.T) {
	cells, _ := coverages.Voronoi{N: 20, Jags: 2, Seed: 6}.Cells()
	corners := []orb.Point{{120.5, 22.75}, {120.25, 22.5}}
	corpus := coverages.NewCorpus(cells, corners, 1)
	points := slices.Collect(corpus.Points(corpus.All()))
	if again := slices.Collect(corpus.Points(corpus.All())); !slices.Equal(points, again) || len(points) != corpus.All() {
		t.Error("other points the second time, or another number")
	}
	come := make(map[orb.Point]bool)
	for _, p := range points {
		come[p] = true
	}
	want := slices.Clone(corners)
	for _, cell := range cells {
		ring := cell[0][0]
		for k := 1; k < len(ring); k++ {
			a, b := ring[k-1], ring[k]
			for _, p := range []orb.Point{a, {(a[0] + b[0]) / 2, (a[1] + b[1]) / 2}} {
				east, south := math.Nextafter(p[0], 180), math.Nextafter(p[1], -90)
				want = append(want, p, orb.Point{east, p[1]}, orb.Point{p[0], south}, orb.Point{east, south})
			}
		}
	}
	for _, p := range want {
		if !come[p] {
			t.Fatalf("%v has not come", p)
		}
	}
}
