package geo_test

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"hazgrid/geo"
	"hazgrid/internal/store/postgis/pgtest"

	"github.com/jackc/pgx/v5"
	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"
)

// A postgisOracle answers what PostGIS says of a polygon.
type postgisOracle struct {
	t    testing.TB
	conn *pgx.Conn
}

func newPostgisOracle(t testing.TB) postgisOracle {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), pgtest.DB(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return postgisOracle{t, conn}
}

// valid is ST_IsValid and its reason.
func (o postgisOracle) valid(mp orb.MultiPolygon) (ok bool, reason string) {
	o.t.Helper()
	o.ask("select st_isvalid(g), st_isvalidreason(g) from (select st_geomfromewkb($1) g) q", []any{encode(o.t, mp)}, &ok, &reason)
	return ok, reason
}

// repaired is the planar area of ST_MakeValid, and that of its difference from ours.
func (o postgisOracle) repaired(mp, ours orb.MultiPolygon) (area, difference float64) {
	o.t.Helper()
	o.ask(`with q as (select st_collectionextract(st_makevalid(st_geomfromewkb($1)), 3) g, st_geomfromewkb($2) ours)
		select st_area(g), st_area(st_symdifference(g, ours)) from q`, []any{encode(o.t, mp), encode(o.t, ours)}, &area, &difference)
	return area, difference
}

// union is the planar area of ST_Union, and that of its difference from ours.
func (o postgisOracle) union(parts []orb.MultiPolygon, ours orb.MultiPolygon) (area, difference float64) {
	o.t.Helper()
	blobs := make([][]byte, len(parts))
	for i, p := range parts {
		blobs[i] = encode(o.t, p)
	}
	o.ask(`with q as (select st_union(st_geomfromewkb(b)) g, st_geomfromewkb($2) ours from unnest($1::bytea[]) b)
		select st_area(g), st_area(st_symdifference(g, ours)) from q`, []any{blobs, encode(o.t, ours)}, &area, &difference)
	return area, difference
}

func (o postgisOracle) ask(sql string, args []any, dst ...any) {
	o.t.Helper()
	if err := o.conn.QueryRow(context.Background(), sql, args...).Scan(dst...); err != nil {
		o.t.Fatal(err)
	}
}

func encode(t testing.TB, g orb.Geometry) []byte {
	t.Helper()
	b, err := geo.EncodeEWKB(g)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// agree checks validity and repair of mp against PostGIS.
func (o postgisOracle) agree(mp orb.MultiPolygon) {
	o.t.Helper()
	fault := geo.Validate(mp)
	ok, reason := o.valid(mp)
	if ok != (fault == nil) {
		o.t.Fatalf("Validate %v, PostGIS %v (%s)\n%v", fault, ok, reason, mp)
	}
	ours, err := geo.Repair(mp)
	if err != nil {
		if area, _ := o.repaired(mp, nil); area > 0 {
			o.t.Fatalf("%v; PostGIS keeps an area of %g\n%v", err, area, mp)
		}
		return
	}
	area, difference := o.repaired(mp, ours)
	if got := planar.Area(ours); math.Abs(got-area) > 1e-9*area || difference > 1e-9*area {
		o.t.Fatalf("area %.17g, PostGIS %.17g (%s), difference %g\n%v\n%v", got, area, reason, difference, mp, ours)
	}
}

func TestValidateAndRepairAgreeWithPostGIS(t *testing.T) {
	o := newPostgisOracle(t)
	for name, b := range brokenWKT {
		t.Run(name, func(t *testing.T) {
			o := postgisOracle{t, o.conn}
			mp := parseWKT(t, b.wkt)
			o.agree(mp)
			if area, _ := o.repaired(mp, nil); area != b.area {
				t.Errorf("area in the table %v, PostGIS %v", b.area, area)
			}
		})
	}
}

// Random shapes come in three kinds, for in shapes where edges run along each
// other and are crossed there at points that no float64 is, GEOS' own noding
// parts the two by a bit and fills other faces: there only validity compares.
func TestRandomShapesAgreeWithPostGIS(t *testing.T) {
	o := newPostgisOracle(t)
	r := rand.New(rand.NewPCG(1, 2))
	for range 150 {
		o.agree(randomPolygons(r, octilinear)) // all crossings at exact halves
		o.agree(randomPolygons(r, anywhere))   // no edge along another
		mp := randomPolygons(r, wholeNumbers)
		if ok, reason := o.valid(mp); ok != (geo.Validate(mp) == nil) {
			t.Fatalf("Validate %v, PostGIS %v (%s)\n%v", geo.Validate(mp), ok, reason, mp)
		}
	}
}

// randomPolygons are up to three polygons of up to three rings.
func randomPolygons(r *rand.Rand, ring func(*rand.Rand) orb.Ring) orb.MultiPolygon {
	mp := make(orb.MultiPolygon, 1+r.IntN(3))
	for i := range mp {
		mp[i] = make(orb.Polygon, 1+r.IntN(3))
		for k := range mp[i] {
			mp[i][k] = ring(r)
		}
	}
	return mp
}

func wholeNumbers(r *rand.Rand) orb.Ring {
	ring := make(orb.Ring, 3+r.IntN(5))
	for n := range ring {
		ring[n] = orb.Point{float64(r.IntN(7)), float64(r.IntN(7))}
	}
	return append(ring, ring[0])
}

func anywhere(r *rand.Rand) orb.Ring {
	at := orb.Point{r.Float64() * 3, r.Float64() * 3}
	ring := make(orb.Ring, 3+r.IntN(5))
	for n := range ring {
		ring[n] = orb.Point{at[0] + r.Float64(), at[1] + r.Float64()}
	}
	return append(ring, ring[0])
}

// octilinear has sides along the axes and the diagonals only.
func octilinear(r *rand.Rand) orb.Ring {
	corner := orb.Point{float64(r.IntN(9)), float64(r.IntN(9))}
	ring := orb.Ring{corner}
	to := func(x, y float64) {
		last := ring[len(ring)-1]
		dx, dy := x-last[0], y-last[1]
		diagonal := min(math.Abs(dx), math.Abs(dy)) * float64(r.IntN(2))
		bend := orb.Point{last[0] + math.Copysign(diagonal, dx), last[1] + math.Copysign(diagonal, dy)}
		ring = append(ring, bend, orb.Point{x, bend[1]}, orb.Point{x, y})
	}
	for range 1 + r.IntN(4) {
		to(float64(r.IntN(9)), float64(r.IntN(9)))
	}
	to(corner[0], corner[1])
	return ring
}
