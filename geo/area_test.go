package geo_test

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/wkb"

	"hazgrid/geo"
)

// geographyNoise is how far, in m² a vertex, ST_Area(geography) itself strays on small polygons,
// because it subtracts angles (measured: up to 1e-4 m² for polygons of 1 m with 20 vertices).
const geographyNoise = 1e-5

func TestAreaAgainstPostGIS(t *testing.T) {
	db := postgis(t)
	for i, cell := range villages(t) {
		checkArea(t, db, cell, 1e-9)
		if t.Failed() {
			t.Fatalf("village %d", i)
		}
	}
	r := rand.New(rand.NewPCG(11, 12))
	for _, size := range []float64{1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 5} { // 1 m to 500 km
		for range 60 {
			at := orb.Point{r.Float64()*360 - 180, r.Float64()*160 - 80}
			checkArea(t, db, orb.MultiPolygon{starWithHole(r, at, size)}, 1e-9)
		}
	}
}

// TestAreaOfOddShapes: around a pole, across the antimeridian, and shapes without area.
func TestAreaOfOddShapes(t *testing.T) {
	db := postgis(t)
	for _, ring := range []orb.Ring{
		{{0, 80}, {90, 80}, {180, 80}, {-90, 80}, {0, 80}},
		{{0, -80}, {-90, -70}, {180, -80}, {90, -60}, {0, -80}},
		{{179, 10}, {-179, 10}, {-179, 11}, {179, 11}, {179, 10}},
		{{-60, -10}, {60, -10}, {170, -10}, {-170, 10}, {60, 10}, {-60, 10}, {-60, -10}},
		{{0, 0}, {1, 0}, {2, 0}, {0, 0}},
		{{0, 0}, {1, 1}, {0, 0}, {0, 0}},
	} {
		checkArea(t, db, orb.MultiPolygon{{ring}}, 1e-9)
	}
	globe := geo.Area(orb.Ring{{0, 0}, {90, 0}, {180, 0}, {-90, 0}, {0, 0}})
	if want := 510065621724088.44 / 2; math.Abs(globe-want) > 1e3 { // WGS 84's area: 2π a² (1 + (1-e²)/e·atanh e)
		t.Errorf("half the globe: %v m², want %v", globe, want)
	}
}

func checkArea(t *testing.T, db *pgx.Conn, mp orb.MultiPolygon, within float64) {
	t.Helper()
	var want float64
	err := db.QueryRow(context.Background(), `select ST_Area(ST_GeomFromWKB($1, 4326)::geography)`, wkb.MustMarshal(mp)).Scan(&want)
	if err != nil {
		t.Fatal(err)
	}
	vertices := 0
	for _, ring := range mp[0] {
		vertices += len(ring)
	}
	if got := geo.Area(mp); math.Abs(got-want) > within*want+geographyNoise*float64(vertices) {
		t.Errorf("%v: %v m², %v by PostGIS", mp, got, want)
	}
}

// starWithHole is a star of about size degrees of latitude around at, with a hole.
func starWithHole(r *rand.Rand, at orb.Point, size float64) orb.Polygon {
	rings := make(orb.Polygon, 2)
	n, wide := 3+r.IntN(20), 1/math.Cos(at[1]*math.Pi/180)
	for k := range n + 1 {
		sin, cos := math.Sincos(2 * math.Pi * float64(k%n) / float64(n))
		far := size * (0.5 + 0.5*r.Float64())
		if k == n {
			rings[0], rings[1] = append(rings[0], rings[0][0]), append(rings[1], rings[1][0])
			break
		}
		rings[0] = append(rings[0], orb.Point{at[0] + far*cos*wide, at[1] + far*sin})
		rings[1] = append(rings[1], orb.Point{at[0] + 0.2*far*cos*wide, at[1] + 0.2*far*sin})
	}
	return rings
}

// TestAreaOfSmallPolygonsAddsUp: the area of a polygon of a few metres is that of its triangles
// to 1e-9, better than ST_Area(geography) can tell.
func TestAreaOfSmallPolygonsAddsUp(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	for range 200 {
		at := orb.Point{r.Float64()*360 - 180, r.Float64()*160 - 80}
		ring := starWithHole(r, at, 3e-5)[0]
		sum := 0.0
		for i := 1; i < len(ring); i++ {
			sum += geo.Area(orb.Ring{at, ring[i-1], ring[i], at})
		}
		if len(ring) < 6 {
			continue // a sector may be wider than a half turn
		}
		if got := geo.Area(ring); math.Abs(got/sum-1) > 2e-9 {
			t.Errorf("%v: %v m², its triangles %v", ring, got, sum)
		}
	}
}

func TestAreaOfEveryGeometry(t *testing.T) {
	square := orb.Ring{{0, 0}, {1, 0}, {1, 1}, {0, 1}, {0, 0}}
	one := geo.Area(square)
	bound := orb.Bound{Max: orb.Point{1, 1}}
	for _, tt := range []struct {
		g    orb.Geometry
		want float64
	}{
		{orb.Polygon{square}, one},
		{orb.Polygon{square, square}, 0},
		{orb.MultiPolygon{{square}, {square}}, 2 * one},
		{bound, one},
		{orb.Collection{orb.Polygon{square}, orb.Point{1, 1}, bound}, 2 * one},
		{orb.Point{1, 1}, 0},
		{orb.LineString(square), 0},
		{orb.Ring(nil), 0},
		{orb.Polygon(nil), 0},
		{nil, 0},
	} {
		if got := geo.Area(tt.g); math.Abs(got-tt.want) > 1e-3 {
			t.Errorf("%v: %v m², want %v", tt.g, got, tt.want)
		}
	}
}

func TestDistanceAgainstPostGIS(t *testing.T) {
	db, r := postgis(t), rand.New(rand.NewPCG(15, 16))
	for i := range 2000 {
		a := orb.Point{r.Float64()*360 - 180, r.Float64()*180 - 90}
		b := orb.Point{r.Float64()*360 - 180, r.Float64()*180 - 90}
		switch i % 4 {
		case 1: // near by
			b = orb.Point{a[0] + 1e-3*r.NormFloat64(), a[1] + 1e-3*r.NormFloat64()}
		case 2: // nearly the antipode
			b = orb.Point{a[0] + 180 + r.NormFloat64(), -a[1] + r.NormFloat64()}
		case 3: // along the equator or a meridian
			if a[1], b[1] = 0, 0; i%8 == 3 {
				a[1], b[0] = b[1], a[0]
			}
		}
		b[0], b[1] = math.Remainder(b[0], 360), max(-90, min(90, b[1]))
		var want float64
		if err := db.QueryRow(context.Background(), `select ST_Distance(ST_MakePoint($1, $2)::geography, ST_MakePoint($3, $4)::geography)`,
			a[0], a[1], b[0], b[1]).Scan(&want); err != nil {
			t.Fatal(err)
		}
		if got := geo.Distance(a, b); math.Abs(got-want) > 5e-8 || got != geo.Distance(b, a) && math.Abs(got-geo.Distance(b, a)) > 5e-8 {
			t.Errorf("%v to %v: %v m, %v by PostGIS", a, b, got, want)
		}
	}
}
