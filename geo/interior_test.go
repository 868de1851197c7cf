package geo_test

import (
	"math/rand/v2"
	"testing"

	"github.com/paulmach/orb"

	"hazgrid/geo"
)

func TestInteriorPoint(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 32))
	cells := villages(t)
	for _, mesh := range meshes() {
		cells = append(cells, mesh...)
	}
	for range 500 {
		cells = append(cells, orb.MultiPolygon{starWithHole(r, orb.Point{120, 30}, 0.01)})
	}
	cells = append(cells,
		orb.MultiPolygon{{{{0, 0}, {1e-9, 0}, {1e-9, 1}, {0, 1}, {0, 0}}}},
		orb.MultiPolygon{{{{0, 0}, {10, 0}, {10, 1e-9}, {0, 1e-9}, {0, 0}}}},
		orb.MultiPolygon{{{{0, 0}, {10, 10}, {10, 10.000001}, {0, 0}}}},
		orb.MultiPolygon{nil, {{{0, 0}, {1, 1}, {0, 0}}}, {{{5, 5}, {6, 5}, {6, 6}, {5, 5}}}},
	)
	for i, cell := range cells {
		p := geo.InteriorPoint(cell)
		c := newCoverage(t, []orb.MultiPolygon{cell})
		if _, ok := c.Locate(p); !ok {
			t.Errorf("cell %d: %v is outside %v", i, p, cell)
		}
		if near := c.Nearest(p, 1, 0, nil); len(near) != 1 || near[0].Metres != 0 {
			t.Errorf("cell %d: %v is outside", i, p)
		}
	}
}

func TestInteriorPointOfNothing(t *testing.T) {
	for _, tt := range []struct {
		mp   orb.MultiPolygon
		want orb.Point
	}{
		{nil, orb.Point{}},
		{orb.MultiPolygon{nil, {nil}}, orb.Point{}},
		{orb.MultiPolygon{{{{3, 4}}}}, orb.Point{3, 4}},
		{orb.MultiPolygon{{{{3, 4}, {5, 6}, {3, 4}}}}, orb.Point{3, 4}},
	} {
		if got := geo.InteriorPoint(tt.mp); got != tt.want {
			t.Errorf("%v: %v, want %v", tt.mp, got, tt.want)
		}
	}
}

// TestInteriorPointKeepsAway: a label does not sit in the corner of an L, or on its hole.
func TestInteriorPointKeepsAway(t *testing.T) {
	ell := orb.MultiPolygon{{{{0, 0}, {4, 0}, {4, 1}, {1, 1}, {1, 4}, {0, 4}, {0, 0}}}}
	p := geo.InteriorPoint(ell)
	if p[0] < 0.3 || p[1] < 0.3 || p[0] > 0.7 && p[1] > 0.7 {
		t.Errorf("%v is near the outline", p)
	}
	ring := orb.MultiPolygon{{box(0, 0, 9, 9)[0][0], box(3, 3, 6, 6)[0][0]}}
	if p := geo.InteriorPoint(ring); box(2.5, 2.5, 6.5, 6.5).Bound().Contains(p) {
		t.Errorf("%v is at the hole", p)
	}
}
