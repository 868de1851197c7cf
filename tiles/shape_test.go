package tiles

import (
	"math"
	"slices"
	"testing"

	"github.com/paulmach/orb"
	"github.com/peterstace/simplefeatures/geom"
	"pgregory.net/rapid"
)

// decode reads geometry commands back into parts of dots. It is written from the
// specification (MVT 2.1, 4.3), not from the encoder.
func decode(t rapid.TB, s Shape) [][]dot {
	t.Helper()
	var parts [][]dot
	var at dot
	b := s.commands
	next := func() uint32 {
		var v uint32
		for shift := 0; ; shift += 7 {
			if len(b) == 0 {
				t.Fatal("commands end early")
			}
			c := b[0]
			b = b[1:]
			v |= uint32(c&0x7f) << shift
			if c < 0x80 {
				return v
			}
		}
	}
	step := func() dot {
		x, y := next(), next()
		at.x += int32(x>>1) ^ -int32(x&1)
		at.y += int32(y>>1) ^ -int32(y&1)
		return at
	}
	for len(b) > 0 {
		c := next()
		switch c & 7 {
		case 1:
			for range c >> 3 {
				parts = append(parts, []dot{step()})
			}
		case 2:
			for range c >> 3 {
				parts[len(parts)-1] = append(parts[len(parts)-1], step())
			}
		case 7:
			if c>>3 != 1 {
				t.Fatalf("ClosePath has count %d", c>>3)
			}
		default:
			t.Fatalf("unknown command %d", c&7)
		}
	}
	return parts
}

// polygons groups decoded rings as a reader of the specification does: a ring with positive area begins a
// polygon, one with negative area is its hole.
func polygons(t rapid.TB, parts [][]dot) geom.MultiPolygon {
	t.Helper()
	var polys [][]geom.LineString
	for _, r := range parts {
		switch a := ringArea(r); {
		case a > 0:
			polys = append(polys, nil)
		case a == 0:
			t.Fatalf("ring without area: %v", r)
		case len(polys) == 0:
			t.Fatalf("first ring is a hole: %v", r)
		}
		var xy []float64
		for _, d := range append(slices.Clone(r), r[0]) {
			xy = append(xy, float64(d.x), float64(d.y))
		}
		polys[len(polys)-1] = append(polys[len(polys)-1], geom.NewLineString(geom.NewSequence(xy, geom.DimXY)))
	}
	var out []geom.Polygon
	for _, rings := range polys {
		out = append(out, geom.NewPolygon(rings))
	}
	return geom.NewMultiPolygon(out)
}

func square(x0, y0, x1, y1 float64) orb.Ring {
	return orb.Ring{{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}, {x0, y0}}
}

// inTile returns a ring given in units of a as degrees.
func inTile(a Address, ring orb.Ring) orb.Ring {
	out := make(orb.Ring, len(ring))
	for i, p := range ring {
		out[i][0], out[i][1] = a.lonLat(p[0], p[1])
	}
	return out
}

var home = Address{12, 3418, 1753}

func TestProjectPolygons(t *testing.T) {
	tests := []struct {
		name  string
		shape orb.MultiPolygon // in units of home
		want  [][]dot
	}{
		{"square", orb.MultiPolygon{{square(10, 20, 30, 40)}}, [][]dot{{{10, 20}, {30, 20}, {30, 40}, {10, 40}}}},
		{"turned the wrong way", orb.MultiPolygon{{orb.Ring{{10, 20}, {10, 40}, {30, 40}, {30, 20}, {10, 20}}}}, [][]dot{{{30, 20}, {30, 40}, {10, 40}, {10, 20}}}},
		{
			"hole after its shell",
			orb.MultiPolygon{{square(0, 0, 50, 50), square(10, 10, 20, 20)}},
			[][]dot{{{0, 0}, {50, 0}, {50, 50}, {0, 50}}, {{10, 20}, {20, 20}, {20, 10}, {10, 10}}},
		},
		{
			"larger than the tile",
			orb.MultiPolygon{{square(-9000, -9000, 9000, 9000)}},
			[][]dot{{{-64, 4160}, {-64, -64}, {4160, -64}, {4160, 4160}}},
		},
		{"the tile lies in a hole", orb.MultiPolygon{{square(-9000, -9000, 9000, 9000), square(-8000, -8000, 8000, 8000)}}, nil},
		{"too small", orb.MultiPolygon{{square(100.6, 200.6, 100.8, 200.8)}}, [][]dot{{{100, 200}, {101, 200}, {101, 201}, {100, 201}}}},
		{"too small, at the far corner", orb.MultiPolygon{{square(4095.7, 4095.7, 4095.9, 4095.9)}}, [][]dot{{{4095, 4095}, {4096, 4095}, {4096, 4096}, {4095, 4096}}}},
		{"too small, in the margin", orb.MultiPolygon{{square(-10.4, 5.1, -10.3, 5.2)}}, nil},
		{"beyond the margin", orb.MultiPolygon{{square(-100, 5, -65, 60)}}, nil},
		{"in the margin", orb.MultiPolygon{{square(-60, 5, -50, 15)}}, [][]dot{{{-60, 5}, {-50, 5}, {-50, 15}, {-60, 15}}}},
		{"spike folds away", orb.MultiPolygon{{orb.Ring{{0, 0}, {10, 0}, {10, 10}, {30, 10.1}, {10, 10.2}, {0, 10}, {0, 0}}}}, [][]dot{{{0, 0}, {10, 0}, {10, 10}, {0, 10}}}},
		{
			"comb cut by the edge of the tile falls into its teeth",
			orb.MultiPolygon{{orb.Ring{{-500, 0}, {10, 0}, {10, 10}, {-400, 10}, {-400, 20}, {10, 20}, {10, 30}, {-500, 30}, {-500, 0}}}},
			[][]dot{{{-64, 0}, {10, 0}, {10, 10}, {-64, 10}}, {{-64, 20}, {10, 20}, {10, 30}, {-64, 30}}},
		},
		{"neck closes: two parts that touch", orb.MultiPolygon{{orb.Ring{{0, 0}, {20, 0}, {10.2, 10}, {20, 20}, {0, 20}, {9.8, 10}, {0, 0}}}}, [][]dot{{{0, 0}, {20, 0}, {10, 10}}, {{0, 20}, {10, 10}, {20, 20}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			mp := make(orb.MultiPolygon, len(tt.shape))
			for i, p := range tt.shape {
				for _, r := range p {
					mp[i] = append(mp[i], inTile(home, r))
				}
			}
			got := decode(t, Project(home, mp))
			if !slices.EqualFunc(got, tt.want, func(a, b []dot) bool { return slices.Equal(canonical(a), canonical(b)) }) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			if err := polygons(t, got).Validate(); err != nil {
				t.Errorf("not valid: %v", err)
			}
		})
	}
}

// canonical turns a ring so that its least dot comes first.
func canonical(ring []dot) []dot {
	least := 0
	for i, d := range ring {
		if d.less(ring[least]) {
			least = i
		}
	}
	return append(slices.Clone(ring[least:]), ring[:least]...)
}

func TestProjectPointsAndLines(t *testing.T) {
	at := func(x, y float64) orb.Point {
		lon, lat := home.lonLat(x, y)
		return orb.Point{lon, lat}
	}
	tests := []struct {
		name string
		g    orb.Geometry
		want [][]dot
	}{
		{"point", at(5, 7), [][]dot{{{5, 7}}}},
		{"point in the margin", at(-60, 7), [][]dot{{{-60, 7}}}},
		{"point beyond", at(-66, 7), nil},
		{"points", orb.MultiPoint{at(5, 7), at(-900, 0), at(3, 3)}, [][]dot{{{5, 7}}, {{3, 3}}}},
		{"line", orb.LineString{at(0, 0), at(10, 10), at(10.1, 10.1), at(20, 0)}, [][]dot{{{0, 0}, {10, 10}, {20, 0}}}},
		{"line leaves and comes back", orb.LineString{at(10, 0), at(-164, 0), at(-164, 40), at(10, 40)}, [][]dot{{{10, 0}, {-64, 0}}, {{-64, 40}, {10, 40}}}},
		{"line too small", orb.LineString{at(8.1, 9.2), at(8.2, 9.3)}, [][]dot{{{8, 9}, {9, 9}}}},
		{"line beyond", orb.LineString{at(-100, 0), at(-100, 50)}, nil},
		{"collection", orb.Collection{at(1, 1)}, nil},
		{"nothing", nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := Project(home, tt.g)
			if got := decode(t, s); !slices.EqualFunc(got, tt.want, slices.Equal) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			if s.Empty() != (tt.want == nil) {
				t.Errorf("Empty() = %v", s.Empty())
			}
		})
	}
}

func TestEndsOfTheMap(t *testing.T) {
	world := orb.Polygon{square(-180, -90, 180, 90)}
	got := decode(t, Project(Address{}, world))
	want := []dot{{0, 0}, {4096, 0}, {4096, 4096}, {0, 4096}}
	if len(got) != 1 || !slices.Equal(canonical(got[0]), want) {
		t.Errorf("the world is %v, want %v", got, want)
	}
	if b := (Address{}).Bound(Buffer); b.Min != (orb.Point{-180, -maxLatitude}) || b.Max != (orb.Point{180, maxLatitude}) {
		t.Errorf("bound of the world is %v", b)
	}
}

// star draws a polygon with holes around a place near the tile: always valid before it is rounded.
func star(t *rapid.T) []orb.Ring {
	cx, cy := rapid.Float64Range(-1000, 5000).Draw(t, "x"), rapid.Float64Range(-1000, 5000).Draw(t, "y")
	size := math.Exp(rapid.Float64Range(-1, 8).Draw(t, "size"))
	n := rapid.IntRange(3, 60).Draw(t, "corners")
	ring := func(lo, hi float64) orb.Ring {
		var r orb.Ring
		for i := range n {
			d := size * rapid.Float64Range(lo, hi).Draw(t, "radius")
			angle := 2 * math.Pi * float64(i) / float64(n)
			r = append(r, orb.Point{cx + d*math.Cos(angle), cy + d*math.Sin(angle)})
		}
		return append(r, r[0])
	}
	rings := []orb.Ring{ring(0.3, 1)}
	if n > 6 && rapid.Bool().Draw(t, "hole") {
		rings = append(rings, ring(0.05, 0.25))
	}
	return rings
}

// clippedArea is the area a polygon has in the tile and its margin, computed from exact (not rounded) rings.
func clippedArea(rings []orb.Ring) (area, length float64) {
	for i, r := range rings {
		c := clipRing(r, bufferedBox)
		a := math.Abs(doubleArea(c)) / 2
		if i > 0 {
			a = -a
		}
		area += a
		for k := range c {
			d := c[(k+1)%len(c)]
			length += math.Hypot(d[0]-c[k][0], d[1]-c[k][1])
		}
	}
	return area, length
}

func TestPolygonsStayValidAndKeepTheirArea(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rings := star(t)
		poly := make(orb.Polygon, len(rings))
		for i, r := range rings {
			poly[i] = inTile(home, r)
		}
		parts := decode(t, Project(home, poly))
		if err := polygons(t, parts).Validate(); err != nil {
			t.Fatalf("not valid: %v\n%v", err, parts)
		}
		var got float64
		for _, p := range parts {
			got += float64(ringArea(p)) / 2
		}
		// Rounding moves each point by at most √½ unit.
		want, length := clippedArea(rings)
		if math.Abs(got-want) > 0.71*length+1 {
			t.Fatalf("area %v, want %v (outline %v)", got, want, length)
		}
		if inside, _ := tileArea(rings); inside > 0 && len(parts) == 0 {
			t.Fatalf("%v square units of the tile are missing", inside)
		}
	})
}

func tileArea(rings []orb.Ring) (float64, bool) {
	var area float64
	for i, r := range rings {
		a := math.Abs(doubleArea(clipRing(r, tileBox)))
		if i > 0 {
			a = -a
		}
		area += a
	}
	return area / 2, area > 1e-6
}

// Any rings at all, also nonsense ones, give rings a reader can use.
func TestTidyAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		coord := rapid.Int32Range(-64, rapid.SampledFrom([]int32{-60, 0, 4160}).Draw(t, "size"))
		var rings [][]dot
		for range rapid.IntRange(1, 4).Draw(t, "rings") {
			n := rapid.IntRange(3, 20).Draw(t, "corners")
			var r []dot
			for range n {
				r = append(r, dot{coord.Draw(t, "x"), coord.Draw(t, "y")})
			}
			rings = append(rings, r)
		}
		got := assemble(splitAll(sides(rings)))
		if meetsInside(got) {
			t.Fatalf("sides still meet: %v", got)
		}
		if err := polygons(t, got).Validate(); err != nil {
			t.Fatalf("not valid: %v\n%v\n%v", err, rings, got)
		}
	})
}

// meetsInside reports whether two sides of rings cross, or one ends inside another.
func meetsInside(rings [][]dot) bool {
	segs := sides(rings)
	found := false
	eachPair(segs, func(i, j int) bool {
		_, found = meeting(segs[i], segs[j])
		return !found
	})
	return found
}

// Two grids that share an edge keep the same points along it, at any zoom, also where the tile cuts it.
func TestNeighboursShareTheirEdge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 30).Draw(t, "points")
		var edge []orb.Point
		for i := range n {
			x := 2048 + rapid.Float64Range(-800, 800).Draw(t, "x")
			edge = append(edge, orb.Point{x, -200 + 4500*float64(i)/float64(n-1)})
		}
		left := append(orb.Ring{{-300, -200}}, edge...)
		left = append(left, orb.Point{-300, 4300}, orb.Point{-300, -200})
		right := orb.Ring{{4400, 4300}}
		for i := range edge {
			right = append(right, edge[n-1-i])
		}
		right = append(right, orb.Point{4400, -200}, orb.Point{4400, 4300})
		var area int64
		for _, r := range []orb.Ring{left, right} {
			for _, p := range decode(t, Project(home, orb.Polygon{inTile(home, r)})) {
				area += ringArea(p)
			}
		}
		if want := int64(2 * 4224 * 4224); area != want {
			t.Fatalf("the two cover %v half units, want %v", area, want)
		}
	})
}

func TestAddress(t *testing.T) {
	if a, err := ParseAddress("12", "3418", "1753"); err != nil || a != home {
		t.Errorf("got %v, %v", a, err)
	}
	for _, bad := range [][3]string{{"23", "0", "0"}, {"1", "2", "0"}, {"1", "0", "2"}, {"-1", "0", "0"}, {"x", "0", "0"}, {"0", "", "0"}, {"1", "0", "99999999999"}} {
		if _, err := ParseAddress(bad[0], bad[1], bad[2]); err == nil {
			t.Errorf("%v is accepted", bad)
		}
	}
}
