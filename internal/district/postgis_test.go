package district

import (
	"math"
	"testing"

	"github.com/jackc/pgx/v5"

	"hazgrid/geo"
	"hazgrid/internal/store/postgis/pgtest"
)

// PostGIS, the other judge: valid polygons, no gaps and no overlaps, strict nesting, areas as
// geo.Area has them, premises inside.
func TestPostGIS(t *testing.T) {
	ctx := t.Context()
	db, err := pgx.Connect(ctx, pgtest.DB(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close(ctx) }()
	const tables = `create table g (code text primary key, parent text, level int, km2 float8, geom geometry(MultiPolygon, 4326));
		create table e (id text, grid text, geom geometry(Point, 4326));`
	if _, err := db.Exec(ctx, tables); err != nil {
		t.Fatal(err)
	}
	b := &pgx.Batch{}
	for _, g := range demo().grids {
		ewkb, err := geo.EncodeEWKB(g.boundary)
		if err != nil {
			t.Fatal(err)
		}
		b.Queue("insert into g values ($1, $2, $3, $4, $5::bytea::geometry)", g.code, g.parent, g.level, geo.Area(g.boundary)/1e6, ewkb)
	}
	grids := ofLevel(3)
	for _, f := range demo().firms {
		b.Queue("insert into e values ($1, $2, st_setsrid(st_point($3, $4), 4326))", f.id, grids[f.grid].code, f.at[0], f.at[1])
	}
	if err := db.SendBatch(ctx, b).Close(); err != nil {
		t.Fatal(err)
	}
	for what, query := range map[string]string{
		"invalid grids":                       "select count(*) from g where not st_isvalid(geom)",
		"children that stick out":             "select count(*) from g c join g p on p.code = c.parent where not st_coveredby(c.geom, p.geom)",
		"premises not properly inside":        "select count(*) from e join g on code = grid where not st_containsproperly(g.geom, e.geom)",
		"grids that are not their children":   "select count(*) from g p, lateral (select st_union(geom) u from g c where c.parent = p.code) c where level < 3 and not st_equals(p.geom, c.u)",
		"areas not as in PostGIS":             "select count(*) from g where abs(st_area(geom::geography) / 1e6 - km2) > 1e-9 * km2 + 1e-10",
		"vertices of other than 7 decimals":   "select count(*) from (select (st_dumppoints(geom)).geom p from g) v where st_x(p) <> round(st_x(p)::numeric, 7) or st_y(p) <> round(st_y(p)::numeric, 7)",
		"lakes and gaps (rings in the union)": "select sum(st_numinteriorrings(d.geom)) from (select (st_dump(st_union(geom))).geom from g where level = 3) d",
	} {
		var n int
		if err := db.QueryRow(ctx, query).Scan(&n); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		equal(t, what, n, 0)
	}
	for level := 1; level <= 3; level++ {
		var union, sum float64
		const query = "select st_area(st_union(geom)), sum(st_area(geom)) from g where level = $1"
		if err := db.QueryRow(ctx, query, level).Scan(&union, &sum); err != nil {
			t.Fatal(err)
		}
		if math.Abs(union/sum-1) > 1e-12 {
			t.Errorf("level %d: the union has %v square degrees, the grids %v", level, union, sum)
		}
	}
}
