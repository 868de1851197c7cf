package geo_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/paulmach/orb"

	"hazgrid/geo"
)

func TestSearch(t *testing.T) {
	cells := []orb.MultiPolygon{append(box(0, 0, 1, 1), box(5, 5, 6, 6)...), box(1, 0, 2, 1), nil, box(4, 4, 6, 6)}
	c := newCoverage(t, cells)
	for _, tt := range []struct {
		in   orb.Bound
		want []int
	}{
		{orb.Bound{Min: orb.Point{0, 0}, Max: orb.Point{9, 9}}, []int{0, 1, 3}},
		{orb.Bound{Min: orb.Point{1, 1}, Max: orb.Point{1, 1}}, []int{0, 1}},
		{orb.Bound{Min: orb.Point{2.5, 2.5}, Max: orb.Point{3, 3}}, nil},
		{orb.Bound{Min: orb.Point{math.Inf(-1), math.Inf(-1)}, Max: orb.Point{math.Inf(1), math.Inf(1)}}, []int{0, 1, 3}},
	} {
		if got := c.Search(tt.in, nil); !slices.Equal(got, tt.want) {
			t.Errorf("%v: %v, want %v", tt.in, got, tt.want)
		}
	}
	if got := c.Search(c.Bound(), []int{7}); !slices.Equal(got, []int{7, 0, 1, 3}) {
		t.Errorf("appended to 7: %v", got)
	}
	if want := (orb.Bound{Max: orb.Point{6, 6}}); c.Bound() != want || c.Len() != 4 {
		t.Errorf("bound %v of %d", c.Bound(), c.Len())
	}
	if !newCoverage(t, nil).Bound().IsEmpty() {
		t.Error("the bound of nothing is not empty")
	}
}

// The answers follow from the drawing: squares [0,1]², [1,2]×[0,1], one with a hole, one of two parts.
func TestIntersects(t *testing.T) {
	holed := orb.MultiPolygon{{{{10, 0}, {20, 0}, {20, 10}, {10, 10}, {10, 0}}, {{12, 2}, {18, 2}, {18, 8}, {12, 8}, {12, 2}}}}
	c := newCoverage(t, []orb.MultiPolygon{box(0, 0, 1, 1), box(1, 0, 2, 1), holed, append(box(30, 0, 31, 1), box(40, 0, 41, 1)...), nil})
	for name, tt := range map[string]struct {
		shape orb.MultiPolygon
		want  []int
	}{
		"inside one":                       {box(0.2, 0.2, 0.4, 0.4), []int{0}},
		"across a border":                  {box(0.9, 0.4, 1.1, 0.5), []int{0, 1}},
		"shares an edge":                   {box(2, 0, 3, 1), []int{1}},
		"touches at a vertex":              {box(2, 1, 3, 2), []int{1}},
		"a vertex in the middle of a side": {orb.MultiPolygon{{{{2, 0.5}, {3, 0}, {3, 1}, {2, 0.5}}}}, []int{1}},
		"a hair away":                      {box(math.Nextafter(2, 3), 0, 3, 1), nil},
		"around":                           {box(-5, -5, 5, 5), []int{0, 1}},
		"in the hole":                      {box(13, 3, 17, 7), nil},
		"fills the hole":                   {box(12, 2, 18, 8), []int{2}},
		"between hole and rim":             {box(10.5, 0.5, 11.5, 9), []int{2}},
		"a ring around the hole's rim":     {orb.MultiPolygon{{{{11, 1}, {19, 1}, {19, 9}, {11, 9}, {11, 1}}, {{11.5, 1.5}, {18.5, 1.5}, {18.5, 8.5}, {11.5, 8.5}, {11.5, 1.5}}}}, []int{2}},
		"its hole around a face":           {orb.MultiPolygon{{{{-9, -9}, {9, -9}, {9, 9}, {-9, 9}, {-9, -9}}, {{-1, -1}, {3, -1}, {3, 2}, {-1, 2}, {-1, -1}}}}, nil},
		"the second part":                  {box(40.5, 0.5, 50, 0.6), []int{3}},
		"both parts":                       {box(30.5, 0.5, 50, 0.6), []int{3}},
		"two polygons":                     {append(box(0.2, 0.2, 0.3, 0.3), box(29, 0, 30, 1)...), []int{0, 3}},
		"nothing":                          {nil, nil},
		"a point":                          {box(1, 1, 1, 1), []int{0, 1}},
		"a stroke":                         {box(1.5, 0.5, 15, 0.5), []int{1, 2}},
		"clockwise, not closed":            {orb.MultiPolygon{{{{0.2, 0.2}, {0.2, 0.4}, {0.4, 0.4}}}}, []int{0}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.Intersects(tt.shape, nil); !slices.Equal(got, tt.want) {
				t.Errorf("%v, want %v", got, tt.want)
			}
		})
	}
}

func TestAlongAndWithin(t *testing.T) {
	c := newCoverage(t, []orb.MultiPolygon{box(0, 0, 1, 1), box(1, 0, 2, 1), box(179, 0, 180, 1)})
	for name, tt := range map[string]struct {
		line   orb.MultiLineString
		metres float64
		want   []geo.Near
	}{
		"inside":           {orb.MultiLineString{{{0.2, 0.2}, {0.4, 0.4}}}, 0, []geo.Near{{Face: 0}}},
		"touches a vertex": {orb.MultiLineString{{{2, 1}, {3, 2}}}, 0, []geo.Near{{Face: 1}}},
		"along the border": {orb.MultiLineString{{{1, 0.2}, {1, 0.4}}}, 0, []geo.Near{{Face: 0}, {Face: 1}}},
		"a hair away":      {orb.MultiLineString{{{math.Nextafter(2, 3), 0}, {3, 0}}}, 0, nil},
		"a point":          {orb.MultiLineString{{{0.5, 0.5}}}, 0, []geo.Near{{Face: 0}}},
		"nothing":          {nil, 1e9, nil},
		"no limit":         {orb.MultiLineString{{{0.5, 0.5}, {0.6, 0.5}}}, math.NaN(), nil},
		// 0.01° of longitude at the equator: a·π/18000 = 1113.1949 m.
		"east of the equator":   {orb.MultiLineString{{{2.01, 0}, {2.02, 0}}}, 1113.195, []geo.Near{{Face: 1, Metres: 1113.19490793}}},
		"not quite":             {orb.MultiLineString{{{2.01, 0}, {2.02, 0}}}, 1113.194, nil},
		"over the antimeridian": {orb.MultiLineString{{{-179.99, 0}, {-179.98, 0}}}, 1113.195, []geo.Near{{Face: 2, Metres: 1113.19490793}}},
	} {
		t.Run(name, func(t *testing.T) {
			got := c.Within(tt.line, tt.metres, nil)
			same := slices.EqualFunc(got, tt.want, func(a, b geo.Near) bool { return a.Face == b.Face && math.Abs(a.Metres-b.Metres) < 1e-7 })
			if faces := c.Along(tt.line, tt.metres, nil); !same || len(faces) != len(got) {
				t.Errorf("%v, %v, want %v", got, faces, tt.want)
			}
		})
	}
}

// Of the faces around a point the owner comes first, then those it touches, then the rest.
func TestNearestMany(t *testing.T) {
	c := newCoverage(t, []orb.MultiPolygon{box(0, 0, 1, 1), box(1, 0, 2, 1), box(5, 0, 6, 1), box(0, 1, 1, 2), nil})
	got := c.Nearest(orb.Point{1, 0.5}, 9, math.Inf(1), []geo.Near{{Face: 7}})
	faces := make([]int, len(got))
	for i, n := range got {
		faces[i] = n.Face
	}
	if !slices.Equal(faces, []int{7, 1, 0, 3, 2}) || got[2].Metres != 0 || got[3].Metres == 0 {
		t.Errorf("%v", got)
	}
	if got := c.Nearest(orb.Point{1, 0.5}, 9, 0, nil); len(got) != 2 {
		t.Errorf("within 0 m: %v", got)
	}
	if got := c.Nearest(orb.Point{1, 0.5}, 0, 1e9, nil); len(got) != 0 {
		t.Errorf("none asked for: %v", got)
	}
}

// Queries take their memory from callers and a pool.
func TestQueriesAllocateNothing(t *testing.T) {
	if raced {
		t.Skip("a pool loses some under the race detector")
	}
	c := newCoverage(t, city())
	shape := blob(c.Bound().Center(), 0.05, 60, 3)
	line := orb.MultiLineString{orb.LineString(shape[0][0][:40])}
	ints, nears := make([]int, 0, 4096), make([]geo.Near, 0, 4096)
	for name, f := range map[string]func(){
		"Search":     func() { c.Search(shape.Bound(), ints) },
		"Intersects": func() { c.Intersects(shape, ints) },
		"Along":      func() { c.Along(line, 300, ints) },
		"Within":     func() { c.Within(line, 300, nears) },
		"Nearest":    func() { c.Nearest(orb.Point{120.2, 22.7}, 50, 1e6, nears) },
	} {
		if n := testing.AllocsPerRun(50, f); n > 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// blob is a star-shaped polygon of n vertices about a centre, radius in degrees.
func blob(centre orb.Point, radius float64, n int, seed uint64) orb.MultiPolygon {
	r := rand.New(rand.NewPCG(seed, 8))
	ring := make(orb.Ring, 0, n+1)
	for i := range n {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / float64(n))
		far := radius * (0.5 + 0.5*r.Float64())
		ring = append(ring, orb.Point{centre[0] + far*cos, centre[1] + far*sin})
	}
	return orb.MultiPolygon{{append(ring, ring[0])}}
}

// What holds for any shape: its box finds all that it meets, a shape within it meets no more,
// faces of one another's order, winding and start change nothing, and with 0 m a line meets what
// its points and crossings do.
func TestQueriesAgreeWithEachOther(t *testing.T) {
	cells := withIslands(mesh{wide: 9, high: 7, lon: 120, lat: 22, size: 0.01, jitter: 0.2, jags: 5, places: 1e4, seed: 5}.cells())
	c := newCoverage(t, cells)
	order := rand.New(rand.NewPCG(1, 1)).Perm(len(cells))
	turnedRound := make([]orb.MultiPolygon, len(cells))
	for to, from := range order {
		turnedRound[to] = turnRound(cells[from])
	}
	other := newCoverage(t, turnedRound)
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 2))
		centre := orb.Point{120 + 0.09*r.Float64(), 22 + 0.07*r.Float64()}
		shape := blob(centre, 0.03*r.Float64(), 3+r.IntN(20), seed)
		got := c.Intersects(shape, nil)
		if !subset(got, c.Search(shape.Bound(), nil)) {
			t.Fatalf("%v is not within what its box finds", shape)
		}
		rim := orb.MultiLineString{orb.LineString(shape[0][0])}
		if !subset(c.Along(rim, 0, nil), got) || !subset(c.Along(rim, 20, nil), c.Along(rim, 200, nil)) {
			t.Fatalf("%v: the rim meets more than the shape, or less further off", shape)
		}
		var mapped []int
		for _, i := range other.Intersects(turnRound(shape), nil) {
			mapped = append(mapped, order[i])
		}
		if slices.Sort(mapped); !slices.Equal(mapped, got) {
			t.Fatalf("%v: in other order %v, want %v", shape, mapped, got)
		}
		one := geo.NewShape(shape)
		for i, cell := range cells {
			if want := geo.NewShape(cell).Meets(rim) || one.Meets(orb.MultiLineString{orb.LineString(cell[0][0])}); want != slices.Contains(got, i) {
				t.Fatalf("%v and face %d: by their rims %v", shape, i, want)
			}
		}
	}
}

func subset(a, b []int) bool {
	return !slices.ContainsFunc(a, func(x int) bool { return !slices.Contains(b, x) })
}

// turnRound is the same shape with rings of the other winding that start elsewhere.
func turnRound(mp orb.MultiPolygon) orb.MultiPolygon {
	mp = mp.Clone()
	for _, polygon := range mp {
		for _, ring := range polygon {
			slices.Reverse(ring)
			n := len(ring) - 1
			copy(ring, slices.Concat(ring[n/3:n], ring[:n/3]))
			ring[n] = ring[0]
		}
	}
	return mp
}

// A city of 100,096 faces, asked with small and large polygons.
func BenchmarkIntersects(b *testing.B) {
	c := newCoverage(b, mesh{wide: 391, high: 256, lon: 118, lat: 22, size: 0.005, jitter: 0.2, jags: 3, seed: 9}.cells())
	for _, radius := range []float64{0.005, 0.05, 0.5} {
		for _, n := range []int{20, 20_000} {
			shape := coast(c.Bound().Center(), radius, n)
			faces := c.Intersects(shape, nil)
			b.Run(fmt.Sprintf("%d-faces-%d-sides", len(faces), n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					faces = c.Intersects(shape, faces[:0])
				}
			})
		}
	}
}

// coast is a polygon of n vertices with bays and small teeth.
func coast(centre orb.Point, radius float64, n int) orb.MultiPolygon {
	ring := make(orb.Ring, 0, n+1)
	for i := range n {
		turn := 2 * math.Pi * float64(i) / float64(n)
		far := radius * (0.7 + 0.2*math.Sin(5*turn) + 0.05*math.Sin(31*turn) + 0.001*float64(i%2))
		ring = append(ring, orb.Point{centre[0] + far*math.Cos(turn), centre[1] + far*math.Sin(turn)})
	}
	return orb.MultiPolygon{{append(ring, ring[0])}}
}
