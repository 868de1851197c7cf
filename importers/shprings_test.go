package importers

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/paulmach/orb"
	"pgregory.net/rapid"
)

// TestRings sorts rings into shells and holes, also those that run the wrong way.
func TestRings(t *testing.T) {
	at := func(x, y, size float64) orb.Ring { return box(x, y, size) }
	hole := func(x, y, size float64) orb.Ring { return reversed(box(x, y, size)) }
	for name, c := range map[string]struct {
		in   []orb.Ring
		want orb.Geometry
	}{
		"one":                          {[]orb.Ring{hole(0, 0, 1)}, orb.Polygon{hole(0, 0, 1)}},
		"hole":                         {[]orb.Ring{at(0, 0, 9), hole(1, 1, 1)}, orb.Polygon{at(0, 0, 9), hole(1, 1, 1)}},
		"hole before its shell":        {[]orb.Ring{hole(1, 1, 1), at(0, 0, 9)}, orb.Polygon{at(0, 0, 9), hole(1, 1, 1)}},
		"two shells":                   {[]orb.Ring{at(0, 0, 1), at(5, 0, 1)}, orb.MultiPolygon{{at(0, 0, 1)}, {at(5, 0, 1)}}},
		"all the wrong way":            {[]orb.Ring{hole(0, 0, 9), hole(1, 1, 1), hole(20, 0, 1)}, orb.MultiPolygon{{hole(0, 0, 9), hole(1, 1, 1)}, {hole(20, 0, 1)}}},
		"hole without a shell":         {[]orb.Ring{at(0, 0, 1), hole(5, 5, 1)}, orb.MultiPolygon{{at(0, 0, 1)}, {hole(5, 5, 1)}}},
		"island in a hole":             {[]orb.Ring{at(0, 0, 9), hole(1, 1, 7), at(2, 2, 5), hole(3, 3, 1)}, orb.MultiPolygon{{at(0, 0, 9), hole(1, 1, 7)}, {at(2, 2, 5), hole(3, 3, 1)}}},
		"island the wrong way":         {[]orb.Ring{at(0, 0, 9), hole(1, 1, 7), hole(2, 2, 5), at(20, 2, 5)}, orb.MultiPolygon{{at(0, 0, 9), hole(1, 1, 7)}, {hole(2, 2, 5)}, {at(20, 2, 5)}}},
		"holes that touch their shell": {[]orb.Ring{at(0, 0, 9), hole(0, 3, 1), at(20, 0, 9), hole(28, 3, 1)}, orb.MultiPolygon{{at(0, 0, 9), hole(0, 3, 1)}, {at(20, 0, 9), hole(28, 3, 1)}}},
		"a ring twice":                 {[]orb.Ring{hole(0, 0, 9), hole(0, 0, 9)}, orb.MultiPolygon{{hole(0, 0, 9)}, {hole(0, 0, 9)}}},
		"a point":                      {[]orb.Ring{at(0, 0, 9), {{1, 1}}}, orb.Polygon{at(0, 0, 9), {{1, 1}}}},
		"in the box but not in":        {[]orb.Ring{{{0, 0}, {0, 9}, {9, 9}, {0, 0}}, hole(6, 1, 1), at(20, 0, 1)}, orb.MultiPolygon{{{{0, 0}, {0, 9}, {9, 9}, {0, 0}}}, {hole(6, 1, 1)}, {at(20, 0, 1)}}},
	} {
		got, f := polygonsOf(c.in)
		if d := cmp.Diff(c.want, got); f != nil || d != "" {
			t.Errorf("%s: %v %s", name, f, d)
		}
	}
	for _, x := range []float64{math.NaN(), math.Inf(1), 1e308, -1e308} {
		if g, f := polygonsOf([]orb.Ring{{{x, 0}, {0, x}, {1, 1}}, hole(1, 1, 1), {{0, x}, {x, 1}, {0, 0}}}); g == nil || f != nil {
			t.Errorf("%v: %v %v", x, g, f)
		}
	}
}

// TestRingsEvenOdd holds, for nested squares that all run the wrong way in any order, shells and holes against the
// number of squares around each.
func TestRingsEvenOdd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var rings []orb.Ring
		for tower := range rapid.IntRange(1, 4).Draw(t, "towers") {
			for depth := range rapid.IntRange(1, 6).Draw(t, "depth") {
				rings = append(rings, reversed(box(float64(20*tower+depth), float64(depth), float64(15-2*depth))))
			}
		}
		rings = rapid.Permutation(rings).Draw(t, "order")
		got, f := polygonsOf(rings)
		if f != nil {
			t.Fatal(f)
		}
		polygons, ok := got.(orb.MultiPolygon)
		if p, one := got.(orb.Polygon); one {
			polygons, ok = orb.MultiPolygon{p}, true
		}
		count := 0
		for _, p := range polygons {
			shell := p[0].Bound()
			if int(shell.Min[1])%2 != 0 || len(p) > 2 || len(p) == 2 && p[1].Bound().Min[1] != shell.Min[1]+1 {
				t.Fatalf("%v", p)
			}
			count += len(p)
		}
		if !ok || count != len(rings) {
			t.Fatalf("%d rings of %d", count, len(rings))
		}
	})
}

// TestManyRings: a shape of forty thousand rings takes no quadratic time, one that is made to ends with a fault.
func TestManyRings(t *testing.T) {
	start := time.Now()
	var rings []orb.Ring
	for i := range 20000 {
		x, y := float64(i%300), float64(i/300)
		rings = append(rings, box(3*x, 3*y, 2.5), reversed(box(3*x+1, 3*y+1, 0.5)))
	}
	g, f := polygonsOf(rings)
	if mp, ok := g.(orb.MultiPolygon); f != nil || !ok || len(mp) != 20000 || len(mp[5]) != 2 {
		t.Error(f)
	}
	rings = rings[:0]
	for i := range 8000 {
		rings = append(rings, reversed(box(float64(i), float64(i), float64(16000-2*i))))
	}
	if _, f := polygonsOf(rings); f == nil || !strings.Contains(f.reason, "too often") {
		t.Errorf("eight thousand rings in one another: %v", f)
	}
	if d := time.Since(start); d > 60*time.Second {
		t.Errorf("took %v", d)
	}
}

// TestSlabs holds the strips of long rings against a look at all sides.
func TestSlabs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tick := rapid.Custom(func(t *rapid.T) float64 { return float64(rapid.IntRange(0, 40).Draw(t, "tick")) / 4 })
		ring := orb.Ring{}
		for range rapid.IntRange(4, 60).Draw(t, "points") {
			ring = append(ring, orb.Point{tick.Draw(t, "x"), tick.Draw(t, "y")})
		}
		if rapid.Bool().Draw(t, "closed") {
			ring = append(ring, ring[0])
		}
		short := shpRing{points: ring, box: ring.Bound()}
		long := short
		long.slabs = newSlabs(ring, long.box)
		for range 20 {
			p := orb.Point{tick.Draw(t, "x"), tick.Draw(t, "y")}
			want, _ := short.sideOf(p)
			if got, _ := long.sideOf(p); got != want && long.box.Contains(p) {
				t.Fatalf("%v in %v: %d, want %d", p, ring, got, want)
			}
		}
	})
}
