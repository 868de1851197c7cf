package tiles_test

import (
	"slices"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"
	"pgregory.net/rapid"

	"hazgrid/geo"
	"hazgrid/tiles"
)

// Whatever the depth, the runs of all tiles of a zoom that lie in their own tile are all of the curve, once; a run lies in one cell, and
// no two runs of a tile share one.
func TestCellsPartTheCurve(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		points := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) orb.Point {
			return orb.Point{rapid.Float64Range(120, 120.01).Draw(t, "lon"), rapid.Float64Range(27, 27.01).Draw(t, "lat")}
		}), 1, 60).Draw(t, "points")
		var c geo.Curve
		for _, p := range points {
			c = append(c, geo.CurveAt(p))
		}
		slices.Sort(c)
		z := rapid.Uint32Range(0, 18).Draw(t, "zoom")
		depth := rapid.SampledFrom([]int{0, 1, 4, 5, 6, 8, tiles.Apart}).Draw(t, "depth")
		times := make([]int, len(c))
		low, high := maptile.At(orb.Point{120, 27.01}, maptile.Zoom(z)), maptile.At(orb.Point{120.01, 27}, maptile.Zoom(z))
		for x := low.X; x <= high.X; x++ {
			for y := low.Y; y <= high.Y; y++ {
				first, last := c.Run(int(z), x, y)
				at := -1
				for from, to := range (tiles.Address{Z: z, X: x, Y: y}).Cells(c, depth) {
					if from < at || from >= to {
						t.Fatalf("runs %d to %d after %d", from, to, at)
					}
					at = to
					if from >= first && to <= last {
						for i := from; i < to; i++ {
							times[i]++
						}
					}
					if from < first && to > first || from < last && to > last {
						t.Fatalf("a cell of depth %d is cut by the edge of the tile", depth)
					}
					if depth == tiles.Apart && to-from != 1 {
						t.Fatal("places were gathered")
					}
				}
			}
		}
		if slices.ContainsFunc(times, func(n int) bool { return n != 1 }) {
			t.Fatalf("zoom %d, depth %d: places are in so many tiles: %v", z, depth, times)
		}
	})
}

// What lies in the margin of a tile is there too: a point just outside each side.
func TestCellsReachIntoTheMargin(t *testing.T) {
	a := tiles.Address{Z: 3, X: 4, Y: 2}
	const side = 1 << (geo.CurveZoom - 3)
	near, far := uint32(side/100), uint32(side/50) // the margin is 1/64
	west, north := uint32(4*side), uint32(2*side)
	var c geo.Curve
	for _, d := range []uint32{near, far} {
		c = append(c, geo.CurveCode(west-d, north), geo.CurveCode(west+side+d, north), geo.CurveCode(west, north-d), geo.CurveCode(west, north+side+d))
	}
	slices.Sort(c)
	n := 0
	for range a.Cells(c, tiles.Apart) {
		n++
	}
	if n != 4 {
		t.Errorf("%d places, want the 4 near ones", n)
	}
}

func TestDepth(t *testing.T) {
	even := func(side uint32, step uint32) (c geo.Curve) { // a square of points that far apart, at zoom 32
		for x := range side {
			for y := range side {
				c = append(c, geo.CurveCode(x*step, y*step))
			}
		}
		slices.Sort(c)
		return c
	}
	tests := []struct {
		name string
		c    geo.Curve
		z    int
		want int
	}{
		{"none", nil, 5, tiles.Apart},
		{"45 × 45 in one tile", even(45, 1), 0, tiles.Apart},
		{"46 × 46 are too many, and all in one cell", even(46, 1), 0, 8},
		{"the same over 46² tiles", even(46, 1<<20), 12, tiles.Apart},
		{"256 × 256 over the world", even(256, 1<<24), 0, 6},
		{"64 × 64 over the world", even(64, 1<<26), 0, 8},
	}
	for _, tt := range tests {
		if got := tiles.Depth(tt.c, tt.z); got != tt.want {
			t.Errorf("%s: depth %d, want %d", tt.name, got, tt.want)
		}
	}
	if tiles.Shallower(tiles.Apart) != 8 || tiles.Shallower(8) != 7 {
		t.Error("Shallower leaves the order of depths")
	}
}
