package geo_test

import (
	"math"
	"slices"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"
	"pgregory.net/rapid"

	"hazgrid/geo"
)

// The tile of a place, at every zoom that orb's maptile knows, is the run of the curve that holds it.
func TestCurveRunsAreTiles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		points := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) orb.Point {
			// A little beside round numbers: on the edge of a tile, maptile and the curve may round to different sides of it.
			return orb.Point{float64(rapid.IntRange(-18e6, 18e6-1).Draw(t, "lon"))/1e5 + 3.7e-6, float64(rapid.IntRange(-85e5, 85e5-1).Draw(t, "lat"))/1e5 + 3.7e-6}
		}), 1, 40).Draw(t, "points")
		var c geo.Curve
		for _, p := range points {
			c = append(c, geo.CurveAt(p))
		}
		slices.Sort(c)
		z := rapid.IntRange(0, 25).Draw(t, "zoom")
		at := maptile.At(points[0], maptile.Zoom(z))
		want := 0
		for _, p := range points {
			if maptile.At(p, maptile.Zoom(z)) == at {
				want++
			}
		}
		from, to := c.Run(z, at.X, at.Y)
		if to-from != want {
			t.Fatalf("tile %d/%d/%d has %d places, want %d", z, at.X, at.Y, to-from, want)
		}
		distinct := map[maptile.Tile]bool{}
		for _, p := range points {
			distinct[maptile.At(p, maptile.Zoom(z))] = true
		}
		if got := c.Cells()[z]; got != len(distinct) {
			t.Fatalf("zoom %d has %d tiles, want %d", z, got, len(distinct))
		}
	})
}

func TestCurveEnds(t *testing.T) {
	c := geo.Curve{geo.CurveAt(orb.Point{-180, 90}), geo.CurveAt(orb.Point{180, -90}), math.MaxUint64}
	if c[0] != 0 || c[1] != math.MaxUint64 {
		t.Fatalf("the corners are %x", c)
	}
	if from, to := c.Run(0, 0, 0); from != 0 || to != 3 {
		t.Errorf("the world holds %d to %d", from, to)
	}
	if from, to := c.Run(geo.CurveZoom, math.MaxUint32, math.MaxUint32); from != 1 || to != 3 {
		t.Errorf("the last corner holds %d to %d", from, to)
	}
	x, y := geo.CurvePlace(geo.CurveCode(123456789, 987654321))
	if x != 123456789 || y != 987654321 {
		t.Errorf("column and row come back as %d, %d", x, y)
	}
	p := orb.Point{120.65, 27.78}
	if q := geo.FromMercator(geo.Mercator(p)); math.Abs(q[0]-p[0]) > 1e-12 || math.Abs(q[1]-p[1]) > 1e-12 {
		t.Errorf("%v comes back as %v", p, q)
	}
}
