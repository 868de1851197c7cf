package geo_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/paulmach/orb"

	"hazgrid/geo"
)

// TestNearestAgainstPostGIS compares with the least ST_Distance(geography) over all faces.
func TestNearestAgainstPostGIS(t *testing.T) {
	jagged := withIslands(mesh{wide: 4, high: 4, lon: 120.3, lat: 22.6, size: 0.02, jitter: 0.2, jags: 5, seed: 21}.cells())
	for name, cells := range map[string][]orb.MultiPolygon{
		"villages":     villages(t),
		"multipart":    slices.Delete(inPairs(jagged), 2, 4),
		"high north":   mesh{wide: 3, high: 3, lon: 20, lat: 79, size: 0.02, jitter: 0.2, jags: 3, seed: 22}.cells(),
		"large":        mesh{wide: 2, high: 2, lon: 100, lat: 30, size: 2, jitter: 0.2, seed: 23}.cells(),
		"antimeridian": {box(179.5, -17, 179.99, -16), box(-179.99, -17, -179.5, -16)},
	} {
		t.Run(name, func(t *testing.T) {
			db, ctx := postgis(t), context.Background()
			loadCells(t, db, cells)
			c := newCoverage(t, cells)
			points := around(cells, 120)
			for _, p := range points {
				var wantFace int
				var want float64
				if err := db.QueryRow(ctx, `select face, ST_Distance(geom::geography, ST_MakePoint($1, $2)::geography) d
					from cells order by d, face limit 1`, p[0], p[1]).Scan(&wantFace, &want); err != nil {
					t.Fatal(err)
				}
				face, metres, ok := nearest(c, p, 10_000)
				if _, inside := c.Locate(p); inside {
					if !ok || metres != 0 {
						t.Errorf("%v: face %d, %v m, %v; it is inside", p, face, metres, ok)
					}
					continue
				}
				if ok != (want <= 10_000) || ok && math.Abs(metres-want) > 1e-6*want+2e-8 {
					t.Errorf("%v: face %d, %v m, %v; PostGIS: %d, %v m", p, face, metres, ok, wantFace, want)
				}
			}
		})
	}
}

// nearest is the one nearest face.
func nearest(c *geo.Coverage, p orb.Point, maxM float64) (face int, metres float64, ok bool) {
	for _, n := range c.Nearest(p, 1, maxM, nil) {
		face, metres, ok = n.Face, n.Metres, true
	}
	return face, metres, ok
}

// around are n points near the boundaries, from centimetres to ten kilometres off.
func around(cells []orb.MultiPolygon, n int) (points []orb.Point) {
	r := rand.New(rand.NewPCG(24, 25))
	for range n {
		ring := cells[r.IntN(len(cells))][0][0]
		p, far := ring[r.IntN(len(ring))], math.Pow(10, -7+6*r.Float64())
		sin, cos := math.Sincos(2 * math.Pi * r.Float64())
		points = append(points, orb.Point{math.Remainder(p[0]+far*cos, 360), p[1] + far*sin})
	}
	return points
}

// Distances are from ST_Distance(geography), PostGIS 3.3.2.
func TestNearest(t *testing.T) {
	cells := []orb.MultiPolygon{nil, box(1, 0, 2, 1), box(0, 0, 1, 1), box(5, 0, 6, 1)}
	c := newCoverage(t, cells)
	for _, tt := range []struct {
		name string
		p    orb.Point
		maxM float64
		face int
		m    float64 // -1: none
	}{
		{"inside", orb.Point{0.5, 0.5}, 0, 2, 0},
		{"on the outline", orb.Point{0.5, 1}, 0, 2, 0},
		{"the owner, not the lowest, where it touches", orb.Point{1, 1}, 10, 1, 0},
		{"a tie goes to the lowest", orb.Point{1, 1.5}, 1e5, 1, 55287.40499844},
		{"beyond the limit", orb.Point{1, 1.5}, 55_000, -1, -1},
		{"anywhere", orb.Point{-179, 80}, math.Inf(1), 3, 11003940.97616985},
		{"a limit that is none", orb.Point{1, 1.5}, math.NaN(), -1, -1},
		{"a negative limit", orb.Point{0.5, 0.5}, -1, -1, -1},
		{"no point", orb.Point{math.NaN(), 0}, 1e9, -1, -1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			face, m, ok := nearest(c, tt.p, tt.maxM)
			if ok != (tt.m >= 0) || ok && (face != tt.face || math.Abs(m-tt.m) > 1e-7) {
				t.Errorf("face %d, %v m, %v; want %d, %v m", face, m, ok, tt.face, tt.m)
			}
		})
	}
	if got := newCoverage(t, nil).Nearest(orb.Point{}, 1, math.Inf(1), nil); len(got) != 0 {
		t.Error("an empty coverage has a nearest face")
	}
}

func BenchmarkNearest(b *testing.B) {
	cells := city()
	c := newCoverage(b, cells)
	for name, p := range map[string]orb.Point{"30m": {120.3 - 0.0009, 22.7}, "10km": {120.2, 22.7}} {
		for _, k := range []int{1, 10} {
			b.Run(fmt.Sprintf("%s-k%d", name, k), func(b *testing.B) {
				b.ReportAllocs()
				var near []geo.Near
				for b.Loop() {
					near = c.Nearest(p, k, 1e9, near[:0])
				}
			})
		}
	}
}
