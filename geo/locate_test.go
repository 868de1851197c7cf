package geo_test

import (
	"context"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/paulmach/orb"
	"pgregory.net/rapid"

	"hazgrid/geo"
	"hazgrid/internal/coverages"
)

// owner is the contract in exact fractions: the lowest cell that holds p + (ε, ε²), found by the
// crossings right of it; else the lowest that has p on a side; else -1.
func owner(cells []orb.MultiPolygon, boxes []orb.Bound, p orb.Point) int {
	touched := -1
	for i, cell := range cells {
		if !boxes[i].Contains(p) {
			continue
		}
		inside, touches := false, false
		for _, polygon := range cell {
			for _, ring := range polygon {
				for k := 1; k < len(ring); k++ {
					side, straddles := sideOf(ring[k-1], ring[k], p)
					touches = touches || side == 0
					inside = inside != (straddles && side < 0)
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

// sideOf says whether p is left (-1) or right (+1) of a side at its height, or on it (0; 2 when
// neither), and whether the side straddles p's height, half-open above.
func sideOf(a, b, p orb.Point) (side int, straddles bool) {
	if a[1] > b[1] {
		a, b = b, a
	}
	straddles = a[1] <= p[1] && p[1] < b[1]
	if p[1] < a[1] || b[1] < p[1] || p[0] < min(a[0], b[0]) && !straddles || p[0] > max(a[0], b[0]) {
		return 2, straddles
	}
	if p[0] < min(a[0], b[0]) {
		return -1, straddles
	}
	rat := func(x float64) *big.Rat { return new(big.Rat).SetFloat64(x) }
	sub := func(x, y float64) *big.Rat { return new(big.Rat).Sub(rat(x), rat(y)) }
	l := new(big.Rat).Mul(sub(p[0], a[0]), sub(b[1], a[1]))
	r := new(big.Rat).Mul(sub(p[1], a[1]), sub(b[0], a[0]))
	if a[1] == b[1] {
		return 0, false // level, and p within its box
	}
	return l.Cmp(r), straddles
}

func meshes() map[string][]orb.MultiPolygon {
	jagged := mesh{wide: 7, high: 6, lon: 120.3, lat: 22.6, size: 0.01, jitter: 0.2, jags: 7, seed: 1}.cells()
	return map[string][]orb.MultiPolygon{
		"jagged":    jagged,
		"islands":   withIslands(jagged),
		"multipart": inPairs(withIslands(jagged)),
		"overlaps":  withOverlaps(jagged),
		"square":    inPairs(withIslands(mesh{wide: 6, high: 6, lon: 110, lat: 20, size: 0.25, jags: 2, seed: 2, places: 8}.cells())),
		"rounded":   mesh{wide: 8, high: 8, lon: -0.003, lat: -0.004, size: 0.001, jitter: 0.2, jags: 6, seed: 3, places: 1e5}.cells(),
		"far apart": slices.Concat(jagged, mesh{wide: 30, high: 20, lon: 75.9, lat: 39.4, size: 0.004, jitter: 0.2, jags: 3, seed: 9}.cells()),
		"zero":      mesh{wide: 4, high: 4, lon: -2, lat: -2, size: 1, jitter: 0.1, jags: 3, seed: 4, places: 4}.cells(),
	}
}

func TestLocateIsTheExactOwner(t *testing.T) {
	for name, cells := range meshes() {
		t.Run(name, func(t *testing.T) {
			c := newCoverage(t, cells)
			boxes := make([]orb.Bound, len(cells))
			for i, cell := range cells {
				boxes[i] = cell.Bound()
			}
			for _, p := range append(corners(cells), scattered(cells, 2000)...) {
				want := owner(cells, boxes, p)
				if got, ok := c.Locate(p); ok != (want >= 0) || ok && got != want {
					t.Fatalf("%v: face %d, %v; want %d", p, got, ok, want)
				}
			}
		})
	}
}

func TestLocateDoesNotMindHowRingsAreWritten(t *testing.T) {
	cells := inPairs(withIslands(mesh{wide: 6, high: 5, lon: 120, lat: 22, size: 0.01, jitter: 0.2, jags: 5, seed: 5}.cells()))
	points := append(corners(cells), scattered(cells, 500)...)
	plain := newCoverage(t, cells)
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		other, err := geo.NewCoverage(rewritten(r, cells))
		if err != nil {
			t.Fatal(err)
		}
		for range 2000 {
			p := points[r.IntN(len(points))]
			a, okA := plain.Locate(p)
			if b, okB := other.Locate(p); a != b || okA != okB {
				t.Fatalf("%v: face %d, %v; rewritten %d, %v", p, a, okA, b, okB)
			}
		}
		for i := range plain.Len() {
			if !slices.Equal(plain.Neighbours(i), other.Neighbours(i)) {
				t.Fatalf("neighbours of %d differ", i)
			}
		}
	})
}

// rewritten is the same shapes with other starts, windings, repeated vertices and part orders.
func rewritten(r *rand.Rand, cells []orb.MultiPolygon) []orb.MultiPolygon {
	out := make([]orb.MultiPolygon, len(cells))
	for i, cell := range cells {
		for _, polygon := range cell {
			var copied orb.Polygon
			for _, ring := range polygon {
				open := ring[:len(ring)-1]
				start := r.IntN(len(open))
				turned := slices.Concat(open[start:], open[:start])
				if r.IntN(2) == 0 {
					slices.Reverse(turned)
				}
				twice := r.IntN(len(turned))
				turned = slices.Insert(turned, twice, turned[twice])
				if r.IntN(2) == 0 {
					turned = append(turned, turned[0])
				}
				copied = append(copied, turned)
			}
			out[i] = append(out[i], copied)
		}
		r.Shuffle(len(out[i]), func(a, b int) { out[i][a], out[i][b] = out[i][b], out[i][a] })
	}
	return out
}

func TestLocateOutside(t *testing.T) {
	square := orb.MultiPolygon{{{{0, 0}, {1, 0}, {1, 1}, {0, 1}, {0, 0}}}}
	c := newCoverage(t, []orb.MultiPolygon{{}, square, nil, square})
	nan, inf := math.NaN(), math.Inf(1)
	for _, p := range []orb.Point{{2, 0.5}, {nan, 0.5}, {0.5, nan}, {inf, 0.5}, {0.5, -inf}, {inf, nan}, {-1e308, 1e308}} {
		if face, ok := c.Locate(p); ok {
			t.Errorf("%v is in face %d", p, face)
		}
	}
	for _, p := range []orb.Point{{0.5, 0.5}, {0, 0}, {1, 1}, {1, 0.5}, {0.5, 1}, {math.Copysign(0, -1), 0}} {
		if face, ok := c.Locate(p); !ok || face != 1 {
			t.Errorf("%v is in face %d, %v; want 1", p, face, ok)
		}
	}
	if _, ok := newCoverage(t, nil).Locate(orb.Point{}); ok {
		t.Error("an empty coverage has an owner")
	}
	if _, err := geo.NewCoverage([]orb.MultiPolygon{{{{{0, 0}, {1, nan}, {1, 1}}}}}); err == nil {
		t.Error("a coordinate that is not a number was taken")
	}
}

func TestLocateTakesNoMemory(t *testing.T) {
	cells := mesh{wide: 10, high: 10, lon: 120, lat: 22, size: 0.01, jitter: 0.2, jags: 5, seed: 6}.cells()
	c := newCoverage(t, cells)
	points, i := corners(cells), 0
	if n := testing.AllocsPerRun(len(points), func() { c.Locate(points[i%len(points)]); i++ }); n > 0 {
		t.Errorf("%v allocations a lookup", n)
	}
}

// TestLocateAgainstPostGIS holds Locate to its promise on real villages: the owner is one of
// those ST_Covers gives, and there is one whenever it gives any.
func TestLocateAgainstPostGIS(t *testing.T) {
	cells := villages(t)
	covers := coversInPostGIS(t, cells)
	c := newCoverage(t, cells)
	points := append(corners(cells), scattered(cells, 5000)...)
	for i, faces := range covers(points) {
		face, ok := c.Locate(points[i])
		if ok != (len(faces) > 0) || ok && !slices.Contains(faces, face) {
			t.Errorf("%v: face %d, %v; ST_Covers gives %v", points[i], face, ok, faces)
		}
	}
}

// coversInPostGIS loads the cells and returns a function that asks which of them cover points.
func coversInPostGIS(t *testing.T, cells []orb.MultiPolygon) func([]orb.Point) [][]int {
	db, ctx := postgis(t), context.Background()
	loadCells(t, db, cells)
	return func(points []orb.Point) [][]int {
		xs, ys := make([]float64, len(points)), make([]float64, len(points))
		for i, p := range points {
			xs[i], ys[i] = p[0], p[1]
		}
		rows, err := db.Query(ctx, `select n - 1, face from unnest($1::float8[], $2::float8[]) with ordinality p(x, y, n)
			join cells on ST_Covers(geom, ST_SetSRID(ST_MakePoint(x, y), 4326))`, xs, ys)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		faces := make([][]int, len(points))
		for rows.Next() {
			var point, face int
			if err := rows.Scan(&point, &face); err != nil {
				t.Fatal(err)
			}
			faces[point] = append(faces[point], face)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		return faces
	}
}

func BenchmarkLocate(b *testing.B) {
	cells := city()
	c := newCoverage(b, cells)
	for name, points := range map[string][]orb.Point{
		"scattered": scattered(cells, 100_000),
		"vertices":  corners(cells)[:100_000],
	} {
		b.Run(name, func(b *testing.B) {
			r := rand.New(rand.NewPCG(1, 1))
			r.Shuffle(len(points), func(i, j int) { points[i], points[j] = points[j], points[i] })
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				c.Locate(points[i%len(points)])
				i++
			}
		})
	}
}

func BenchmarkNewCoverage(b *testing.B) {
	cells := city()
	for b.Loop() {
		newCoverage(b, cells)
	}
}

// BenchmarkNewBorders matches the edges of more grids than the caches hold.
func BenchmarkNewBorders(b *testing.B) {
	cells, _ := coverages.Voronoi{N: 100_000, Seed: 1, Jags: 10}.Cells()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := geo.NewBorders(cells); err != nil {
			b.Fatal(err)
		}
	}
}

// LocateBatch and LocateAll tell the same owner as Locate.
func TestBatchAndAllAgreeWithLocate(t *testing.T) {
	for name, cells := range meshes() {
		t.Run(name, func(t *testing.T) {
			c := newCoverage(t, cells)
			points := append(corners(cells), scattered(cells, 2000)...)
			points = append(points, orb.Point{math.NaN(), 0}, orb.Point{0, math.Inf(1)})
			faces := make([]int32, len(points))
			c.LocateBatch(points, faces)
			var all []int
			for i, p := range points {
				face, ok := c.Locate(p)
				if all = c.LocateAll(p, all[:0]); ok != (len(all) > 0) || ok && face != all[0] {
					t.Fatalf("%v: face %d, %v; all are %v", p, face, ok, all)
				}
				if !ok {
					face = -1
				}
				if int(faces[i]) != face {
					t.Fatalf("%v: face %d in a batch, %d alone", p, faces[i], face)
				}
			}
		})
	}
}
