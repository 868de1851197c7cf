package geo_test

import (
	"cmp"
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/wkb"
	"pgregory.net/rapid"

	"hazgrid/geo"
)

// crowd are n points: most in clusters, many at one place, some far off, some over the antimeridian.
func crowd(n int, seed uint64) (points []orb.Point) {
	r := rand.New(rand.NewPCG(seed, 40))
	for i := range n {
		p := orb.Point{120.3 + 0.03*r.NormFloat64(), 22.6 + 0.03*r.NormFloat64()}
		switch i % 50 {
		case 0:
			p = orb.Point{120.3, 22.6}
		case 1:
			p = orb.Point{0, 0}
		case 2:
			p = orb.Point{math.Remainder(180+0.01*r.NormFloat64(), 360), -16}
		}
		points = append(points, p)
	}
	return points
}

// TestPointsFindWhatALookAtEachDoes compares with a look at every point.
func TestPointsFindWhatALookAtEachDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		points := crowd(rapid.IntRange(0, 3000).Draw(t, "points"), rapid.Uint64().Draw(t, "seed"))
		x := geo.NewPoints(points)
		centre := points[min(len(points), rapid.IntRange(0, 9).Draw(t, "centre")):]
		if len(centre) == 0 {
			return
		}
		shape := blob(centre[0], rapid.Float64Range(1e-4, 0.2).Draw(t, "radius"), rapid.IntRange(3, 30).Draw(t, "sides"), 5)
		metres := rapid.Float64Range(0, 5000).Draw(t, "metres")
		one, path := geo.NewShape(shape), geo.NewPath(orb.MultiLineString{orb.LineString(shape[0][0])})
		var inBox, inShape []int
		var along, all []geo.Near
		for i, p := range points {
			if shape.Bound().Contains(p) {
				inBox = append(inBox, i)
			}
			if one.Covers(p) {
				inShape = append(inShape, i)
			}
			if m, ok := path.Distance(p, metres); ok {
				along = append(along, geo.Near{Face: i, Metres: m})
			}
			if i%3 > 0 {
				all = append(all, geo.Near{Face: i, Metres: math.Round(geo.Distance(centre[0], p)*1e8) / 1e8})
			}
		}
		slices.SortStableFunc(all, func(a, b geo.Near) int { return cmp.Compare(a.Metres, b.Metres) })
		k := rapid.IntRange(1, 200).Draw(t, "k")
		all = all[:min(k, len(all))]
		if got := x.Search(shape.Bound(), nil); !slices.Equal(got, inBox) {
			t.Fatalf("in the box %v, want %v", got, inBox)
		}
		if got := x.In(one, nil); !slices.Equal(got, inShape) {
			t.Fatalf("in %v: %v, want %v", shape, got, inShape)
		}
		if got := x.Within(path, metres, nil); !slices.Equal(got, along) {
			t.Fatalf("within %v m of %v: %v, want %v", metres, shape, got, along)
		}
		keep := func(i int) bool { return i%3 > 0 }
		if got := x.Nearest(centre[0], k, math.Inf(1), keep, nil); !slices.Equal(got, all) {
			t.Fatalf("nearest %v: %v, want %v", centre[0], got, all)
		}
	})
}

// TestPointsAgainstPostGIS compares with ST_Intersects, and with ST_DWithin and ST_Distance on
// geography.
func TestPointsAgainstPostGIS(t *testing.T) {
	db, ctx := postgis(t), context.Background()
	points := crowd(2000, 41)
	if _, err := db.Exec(ctx, `create table points (face int primary key, geom geometry(Point, 4326))`); err != nil {
		t.Fatal(err)
	}
	for i, p := range points {
		if _, err := db.Exec(ctx, `insert into points values ($1, ST_SetSRID(ST_MakePoint($2, $3), 4326))`, i, p[0], p[1]); err != nil {
			t.Fatal(err)
		}
	}
	x := geo.NewPoints(points)
	for seed := range uint64(30) {
		shape := blob(points[seed*7], 0.05, 12, seed)
		shape[0][0][3] = points[(seed*13)%50] // a point is a vertex
		if geo.Validate(shape) == nil {
			want := faces(t, db, `select face from points where ST_Intersects(geom, ST_GeomFromWKB($1, 4326)) order by face`, wkb.MustMarshal(shape))
			if got := x.In(geo.NewShape(shape), nil); !slices.Equal(got, want) {
				t.Errorf("%v: %v, PostGIS %v", shape, got, want)
			}
		}
		line := orb.LineString(shape[0][0][:8])
		want := nears(t, db, `select face, ST_Distance(geom::geography, ST_GeomFromWKB($1, 4326)::geography) d from points
			where ST_DWithin(geom::geography, ST_GeomFromWKB($1, 4326)::geography, $2) order by face`, wkb.MustMarshal(line), 700)
		if got := x.Within(geo.NewPath(orb.MultiLineString{line}), 700, nil); !sameNears(got, want) {
			t.Errorf("%v: %v, PostGIS %v", line, got, want)
		}
		p := points[seed*7]
		want = nears(t, db, `select * from (select face, ST_Distance(geom::geography, ST_MakePoint($1, $2)::geography) d from points) q order by round(d::numeric, 8), face limit 40`, p[0], p[1])
		if got := x.Nearest(p, 40, math.Inf(1), nil, nil); !sameNears(got, want) {
			t.Errorf("%v: %v, PostGIS %v", p, got, want)
		}
	}
}

func nears(t testing.TB, db *pgx.Conn, sql string, args ...any) []geo.Near {
	t.Helper()
	rows, err := db.Query(context.Background(), sql, args...)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[geo.Near])
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func sameNears(a, b []geo.Near) bool {
	return slices.EqualFunc(a, b, func(a, b geo.Near) bool {
		return a.Face == b.Face && math.Abs(a.Metres-b.Metres) <= 1e-6*b.Metres+2e-8
	})
}

func TestPointQueriesAllocateNothing(t *testing.T) {
	if raced {
		t.Skip("a pool loses some under the race detector")
	}
	points := crowd(20_000, 6)
	x := geo.NewPoints(points)
	shape := blob(orb.Point{120.3, 22.6}, 0.02, 40, 3)
	one, path := geo.NewShape(shape), geo.NewPath(orb.MultiLineString{orb.LineString(shape[0][0])})
	ints, nears := make([]int, 0, 20_000), make([]geo.Near, 0, 20_000)
	for name, f := range map[string]func(){
		"Search":  func() { x.Search(shape.Bound(), ints) },
		"In":      func() { x.In(one, ints) },
		"Within":  func() { x.Within(path, 100, nears) },
		"Nearest": func() { x.Nearest(orb.Point{120.2, 22.7}, 50, 1e6, nil, nears) },
	} {
		if n := testing.AllocsPerRun(20, f); n > 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkPoints(b *testing.B) {
	points := crowd(1_000_000, 7)
	b.Run("build", func(b *testing.B) {
		for b.Loop() {
			geo.NewPoints(points)
		}
	})
	x := geo.NewPoints(points)
	shape := geo.NewShape(coast(orb.Point{120.3, 22.6}, 0.05, 1000))
	b.Run("in", func(b *testing.B) {
		var dst []int
		for b.Loop() {
			dst = x.In(shape, dst[:0])
		}
		b.ReportMetric(float64(len(dst)), "points")
	})
	b.Run("nearest10", func(b *testing.B) {
		var dst []geo.Near
		for b.Loop() {
			dst = x.Nearest(orb.Point{120.31, 22.61}, 10, 1e9, nil, dst[:0])
		}
	})
}
