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
	for i, cell := range cells {
		if _, err := db.Exec(ctx, `insert into cells values ($1, ST_GeomFromWKB($2, 4326))`, i, wkb.MustMarshal(cell)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Exec(ctx, `create index on cells using gist (geom)`); err != nil {
		t.Fatal(err)
	}
}
