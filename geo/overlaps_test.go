package geo_test

import (
	"context"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/wkb"
	"github.com/peterstace/simplefeatures/geom"
	"pgregory.net/rapid"

	"hazgrid/geo"
)

type sharedGround struct {
	A, B   int
	AreaM2 float64
}

// TestOverlapsAgainstPostGIS compares with ST_Intersection of all pairs.
func TestOverlapsAgainstPostGIS(t *testing.T) {
	jagged := mesh{wide: 8, high: 6, lon: 120.3, lat: 22.6, size: 0.004, jitter: 0.2, jags: 6, seed: 9}.cells()
	moved := withIslands(jagged)
	for i := 0; i < len(moved); i += 5 {
		moved[i] = shift(moved[i], 1e-5*float64(i%3), 2e-5)
	}
	for name, cells := range map[string][]orb.MultiPolygon{
		"clean":    withIslands(jagged),
		"moved":    moved,
		"across":   withOverlaps(jagged),
		"doubled":  append(slices.Clone(jagged), jagged[3], jagged[40]),
		"villages": villages(t),
	} {
		t.Run(name, func(t *testing.T) {
			db := postgis(t)
			loadCells(t, db, cells)
			rows, err := db.Query(context.Background(), `select * from (
				select a.face, b.face, ST_Area(ST_Intersection(a.geom, b.geom)::geography) area
				from cells a join cells b on a.face < b.face and a.geom && b.geom) s where area > 0.9 order by 1, 2`)
			if err != nil {
				t.Fatal(err)
			}
			want, err := pgx.CollectRows(rows, pgx.RowToStructByPos[sharedGround])
			if err != nil {
				t.Fatal(err)
			}
			compareOverlaps(t, newCoverage(t, cells), want)
		})
	}
}

func compareOverlaps(t *testing.T, c *geo.Coverage, want []sharedGround) {
	t.Helper()
	found := make(map[[2]int]geo.Overlap)
	for _, o := range c.Overlaps() {
		found[[2]int{o.A, o.B}] = o
		for _, face := range []int{o.A, o.B} {
			if boxes := c.Cell(face).Bound(); !boxes.Contains(o.At) {
				t.Errorf("%v is not in face %d", o, face)
			}
		}
	}
	for _, w := range want {
		o, ok := found[[2]int{w.A, w.B}]
		if !ok && w.AreaM2 > 1.001 || ok && math.Abs(o.AreaM2-w.AreaM2) > 1e-3+1e-7*w.AreaM2 {
			t.Errorf("%d and %d share %v m² by PostGIS, %v here", w.A, w.B, w.AreaM2, o.AreaM2)
		}
		delete(found, [2]int{w.A, w.B})
	}
	for _, o := range found {
		t.Errorf("%v is none by PostGIS", o)
	}
	t.Logf("%d overlaps", len(want))
}

func shift(mp orb.MultiPolygon, dx, dy float64) orb.MultiPolygon {
	out := mp.Clone()
	for _, polygon := range out {
		for _, ring := range polygon {
			for i := range ring {
				ring[i] = orb.Point{ring[i][0] + dx, ring[i][1] + dy}
			}
		}
	}
	return out
}

// TestOverlapsThatOnlyTouch holds cases whose boundaries never cross inside an edge.
func TestOverlapsThatOnlyTouch(t *testing.T) {
	ring := func(points ...orb.Point) orb.MultiPolygon {
		return orb.MultiPolygon{{append(points, points[0])}}
	}
	square := box(0, 0, 4, 4)
	for _, tt := range []struct {
		name string
		a, b orb.MultiPolygon
		want bool
	}{
		{"beside", square, box(4, 1, 5, 2), false},
		{"at a corner", square, box(4, 4, 5, 5), false},
		{"within", square, box(1, 1, 2, 2), true},
		{"around", box(1, 1, 2, 2), square, true},
		{"within, on a side", square, box(1, 0, 2, 2), true},
		{"the same with other vertices", square, ring(orb.Point{0, 0}, orb.Point{2, 0}, orb.Point{4, 0}, orb.Point{4, 4}, orb.Point{0, 4}), true},
		{"the same", square, square, true},
		{"half of it", square, box(0, 0, 4, 2), true},
		{"a triangle of it", square, ring(orb.Point{0, 0}, orb.Point{4, 0}, orb.Point{4, 4}), true},
		{"a plus", box(1, 0, 3, 4), box(0, 1, 4, 3), true},
		{"through its corners", ring(orb.Point{2, 1}, orb.Point{3, 2}, orb.Point{2, 3}, orb.Point{1, 2}), ring(orb.Point{0, 2}, orb.Point{4, 2}, orb.Point{4, 9}, orb.Point{0, 9}), true},
		{"in its hole", orb.MultiPolygon{{square[0][0], box(1, 1, 3, 3)[0][0]}}, box(1, 1, 3, 3), false},
		{"in its hole, other vertices", orb.MultiPolygon{{square[0][0], box(1, 1, 3, 3)[0][0]}}, ring(orb.Point{1, 1}, orb.Point{2, 1}, orb.Point{3, 1}, orb.Point{3, 3}, orb.Point{1, 3}), false},
		{"over its hole", orb.MultiPolygon{{square[0][0], box(1, 1, 3, 3)[0][0]}}, box(1, 1, 4, 4), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			overlaps := newCoverage(t, []orb.MultiPolygon{tt.a, tt.b}).Overlaps()
			if got := len(overlaps) > 0; got != tt.want {
				t.Errorf("%v", overlaps)
			}
		})
	}
}

// TestOverlapsFindsAll compares with an overlay of every pair, on shapes of a small lattice that
// touch in all ways.
func TestOverlapsFindsAll(t *testing.T) {
	shape := rapid.Custom(func(t *rapid.T) orb.MultiPolygon {
		n := rapid.IntRange(3, 7).Draw(t, "n")
		var ring orb.Ring
		for range n {
			ring = append(ring, orb.Point{float64(rapid.IntRange(0, 4).Draw(t, "x")), float64(rapid.IntRange(0, 4).Draw(t, "y"))})
		}
		return orb.MultiPolygon{{append(ring, ring[0])}}
	}).Filter(func(mp orb.MultiPolygon) bool { return geo.Validate(mp) == nil })
	rapid.Check(t, func(t *rapid.T) {
		a, b := shape.Draw(t, "a"), shape.Draw(t, "b")
		c, err := geo.NewCoverage([]orb.MultiPolygon{a, b})
		if err != nil {
			t.Fatal(err)
		}
		common, err := geom.Intersection(simple(t, a), simple(t, b))
		if err != nil {
			t.Skip(err)
		}
		overlaps := c.Overlaps()
		if (common.Area() > 1e-9) != (len(overlaps) == 1) {
			t.Fatalf("%v of %v square degrees", overlaps, common.Area())
		}
	})
}

func simple(t *rapid.T, mp orb.MultiPolygon) geom.Geometry {
	g, err := geom.UnmarshalWKB(wkb.MustMarshal(mp))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestOverlapsBearsAnything: shapes that are not valid make no panic.
func TestOverlapsBearsAnything(t *testing.T) {
	coordinate := rapid.OneOf(rapid.Map(rapid.IntRange(0, 3), func(n int) float64 { return float64(n) }), rapid.Float64Range(-1e3, 1e3))
	ring := rapid.Custom(func(t *rapid.T) orb.Ring {
		var ring orb.Ring
		for range rapid.IntRange(0, 7).Draw(t, "n") {
			ring = append(ring, orb.Point{coordinate.Draw(t, "x"), coordinate.Draw(t, "y")})
		}
		return ring
	})
	polygon := rapid.Custom(func(t *rapid.T) orb.Polygon { return rapid.SliceOfN(ring, 0, 3).Draw(t, "rings") })
	cell := rapid.Custom(func(t *rapid.T) orb.MultiPolygon { return rapid.SliceOfN(polygon, 0, 2).Draw(t, "polygons") })
	rapid.Check(t, func(t *rapid.T) {
		cells := rapid.SliceOfN(cell, 0, 4).Draw(t, "cells")
		c, err := geo.NewCoverage(cells)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range c.Overlaps() {
			if o.A >= o.B || !(o.AreaM2 >= 1) {
				t.Fatalf("%v", o)
			}
		}
		for _, cell := range cells {
			p := geo.InteriorPoint(cell)
			c.Locate(p)
			c.Nearest(p, 2, math.Inf(1), nil)
			if area := geo.Area(cell); math.IsNaN(area) {
				t.Fatalf("area of %v", cell)
			}
		}
	})
}

// TestOverlapsOfACleanCity: no overlay is needed, so that even a loaded machine is done soon
// (BenchmarkOverlaps tells how soon).
func TestOverlapsOfACleanCity(t *testing.T) {
	c := newCoverage(t, city())
	start := time.Now()
	if overlaps := c.Overlaps(); len(overlaps) > 0 {
		t.Errorf("%v in a clean coverage", overlaps)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("%v for %d faces", took, c.Len())
	}
}

func BenchmarkOverlaps(b *testing.B) {
	c := newCoverage(b, city())
	for b.Loop() {
		c.Overlaps()
	}
}
