package geo_test

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/geojson"
	"github.com/paulmach/orb/planar"

	"hazgrid/geo"
)

// Shapes whose pole is known from school geometry, near the equator, where both degrees are as long.
func TestPole(t *testing.T) {
	ring := func(ps ...orb.Point) orb.Ring { return append(ps, ps[0]) }
	square := func(x, y, size float64) orb.Ring {
		return ring(orb.Point{x, y}, orb.Point{x + size, y}, orb.Point{x + size, y + size}, orb.Point{x, y + size})
	}
	for name, c := range map[string]struct {
		shape orb.MultiPolygon
		room  float64
	}{
		"square":             {orb.MultiPolygon{{square(0, 0, 0.02)}}, 0.01},
		"3-4-5 triangle":     {orb.MultiPolygon{{ring(orb.Point{0, 0}, orb.Point{0.04, 0}, orb.Point{0, 0.03})}}, 0.01},                                                                                         // its incircle: (a+b−c)/2
		"square with a hole": {orb.MultiPolygon{{square(0, 0, 0.04), square(0.01, 0.01, 0.02)}}, 0.01 * math.Sqrt2 / (1 + math.Sqrt2)},                                                                          // between a corner of the hole and the corner of the square
		"L":                  {orb.MultiPolygon{{ring(orb.Point{0, 0}, orb.Point{0.04, 0}, orb.Point{0.04, 0.02}, orb.Point{0.02, 0.02}, orb.Point{0.02, 0.04}, orb.Point{0, 0.04})}}, 0.04 / (2 + math.Sqrt2)}, // touches both outer sides and the inner corner
		"the larger of two":  {orb.MultiPolygon{{square(1, 0, 0.01)}, {square(0, 0, 0.02)}}, 0.01},
	} {
		if room := roomAt(c.shape, geo.Pole(c.shape)); math.Abs(room-c.room) > 0.011*c.room {
			t.Errorf("%s: %v from the boundary, want %v", name, room, c.room)
		}
	}
}

// roomAt is the planar distance from p to the boundary of mp, negative outside.
func roomAt(mp orb.MultiPolygon, p orb.Point) float64 {
	least := math.Inf(1)
	for _, polygon := range mp {
		for _, r := range polygon {
			least = min(least, planar.DistanceFrom(orb.LineString(r), p))
		}
	}
	if !planar.MultiPolygonContains(mp, p) {
		return -least
	}
	return least
}

// Every grid of the district has its pole inside, and not nearer to the boundary than the point found by a few looks.
func TestPolesOfTheDistrict(t *testing.T) {
	cells := levelOf(t, "grids-3.geojson")
	for i, mp := range cells {
		scale := math.Cos(mp.Bound().Center()[1] * math.Pi / 180)
		flat := orb.Clone(mp).(orb.MultiPolygon)
		for _, polygon := range flat {
			for _, r := range polygon {
				for k := range r {
					r[k][0] *= scale
				}
			}
		}
		at := func(p orb.Point) float64 { return roomAt(flat, orb.Point{p[0] * scale, p[1]}) }
		pole, few := at(geo.Pole(mp)), at(geo.InteriorPoint(mp))
		if pole <= 0 || pole < few/1.011 {
			t.Errorf("grid %d: the pole is %v from the boundary, a few looks find %v", i, pole, few)
		}
	}
}

// Without an inside there is no pole, but still a point.
func TestPoleOfNothing(t *testing.T) {
	if p := geo.Pole(nil); p != (orb.Point{}) {
		t.Errorf("of nothing: %v", p)
	}
	flat := orb.MultiPolygon{{{{1, 1}, {2, 2}, {3, 3}, {1, 1}}}}
	if p := geo.Pole(flat); p != geo.InteriorPoint(flat) {
		t.Errorf("of a line: %v", p)
	}
	thread := orb.MultiPolygon{{{{0, 0}, {10, 0}, {10, 1e-9}, {0, 1e-9}, {0, 0}}}}
	if p := geo.Pole(thread); roomAt(thread, p) <= 0 {
		t.Errorf("of a thread: %v", p)
	}
}

func levelOf(t testing.TB, name string) []orb.MultiPolygon {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "testdata", "district", name))
	if err != nil {
		t.Fatal(err)
	}
	fc, err := geojson.UnmarshalFeatureCollection(b)
	if err != nil {
		t.Fatal(err)
	}
	var cells []orb.MultiPolygon
	for _, f := range fc.Features {
		switch g := f.Geometry.(type) {
		case orb.Polygon:
			cells = append(cells, orb.MultiPolygon{g})
		case orb.MultiPolygon:
			cells = append(cells, g)
		}
	}
	return cells
}

func BenchmarkPole(b *testing.B) {
	cells := levelOf(b, "grids-3.geojson")
	for i := 0; b.Loop(); i++ {
		geo.Pole(cells[i%len(cells)])
	}
}
