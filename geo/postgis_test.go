package geo_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/wkb"
)

// loadCells makes the table cells(face, geom) with an index.
func loadCells(t testing.TB, db *pgx.Conn, cells []orb.MultiPolygon) {
	t.Helper()
	ctx := context.Background()
	if _, err := db.Exec(ctx, `create table cells (face int primary key, geom geometry(MultiPolygon, 4326))`); err != nil {
		t.Fatal(err)
	}
	shapes := make([][]byte, len(cells))
	for i, cell := range cells {
		shapes[i] = wkb.MustMarshal(cell)
	}
	if _, err := db.Exec(ctx, `insert into cells select n - 1, ST_GeomFromWKB(shape, 4326)
		from unnest($1::bytea[]) with ordinality s(shape, n)`, shapes); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{`create index on cells using gist (geom)`, `analyze cells`} {
		if _, err := db.Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
}
