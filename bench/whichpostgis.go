package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/wkb"
)

// servers starts what answers from another process: PostGIS, and Tile38 where its program is.
func (b *bench) servers(ctx context.Context, cells []orb.MultiPolygon) ([]system, func() error, error) {
	all, stopPostGIS, err := b.withPostGIS(ctx, cells)
	if err != nil {
		return nil, stopPostGIS, err
	}
	more, stopTile38, err := b.withTile38(ctx, cells)
	return append(all, more...), func() error { return errors.Join(stopPostGIS(), stopTile38()) }, err
}

// withPostGIS loads the cells with an index and asks by single prepared queries, and by one join for all points.
// The points are in a table before the join's time begins, and its answers stay in one.
func (b *bench) withPostGIS(ctx context.Context, cells []orb.MultiPolygon) ([]system, func() error, error) {
	nothing := func() error { return nil }
	url, err := b.database(ctx)
	if err != nil {
		return nil, nothing, err
	}
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return nil, nothing, err
	}
	stop := func() error { return conn.Close(ctx) }
	if err := loadPostGIS(ctx, conn, cells); err != nil {
		return nil, stop, err
	}
	single := func(points []orb.Point, faces []int32) error {
		for i, p := range points {
			faces[i] = -1
			err := conn.QueryRow(ctx, "which", p[0], p[1]).Scan(&faces[i])
			if err != nil && !errors.Is(err, pgx.ErrNoRows) {
				return err
			}
		}
		return nil
	}
	j := &joined{conn: conn}
	return []system{
		{name: "PostGIS, single ST_Covers by pgx", answer: single, server: true, limit: 2000},
		{name: "PostGIS, one join, no parallel workers", prepare: j.load, answer: j.run, collect: j.collect, server: true, limit: 50_000},
	}, stop, nil
}

func loadPostGIS(ctx context.Context, conn *pgx.Conn, cells []orb.MultiPolygon) error {
	shapes := make([][]byte, len(cells))
	for i, cell := range cells {
		shapes[i] = wkb.MustMarshal(cell)
	}
	if _, err := conn.Exec(ctx, "create table cells (face int primary key, geom geometry(MultiPolygon, 4326))"); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, "insert into cells select n - 1, ST_GeomFromWKB(shape, 4326) from unnest($1::bytea[]) with ordinality s(shape, n)", shapes); err != nil {
		return err
	}
	for _, sql := range []string{"create index on cells using gist (geom)", "vacuum analyze cells", "set max_parallel_workers_per_gather = 0"} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	_, err := conn.Prepare(ctx, "which", "select face from cells where ST_Covers(geom, ST_SetSRID(ST_MakePoint($1, $2), 4326)) order by face limit 1")
	return err
}

// A joined is the question as one statement.
type joined struct{ conn *pgx.Conn }

func (j *joined) load(ctx context.Context, points []orb.Point) error {
	xs, ys := make([]float64, len(points)), make([]float64, len(points))
	for i, p := range points {
		xs[i], ys[i] = p[0], p[1]
	}
	if _, err := j.conn.Exec(ctx, "drop table if exists answers, points"); err != nil {
		return err
	}
	if _, err := j.conn.Exec(ctx, "create temp table points (n int, at geometry(Point, 4326))"); err != nil {
		return err
	}
	if _, err := j.conn.Exec(ctx, "insert into points select n - 1, ST_SetSRID(ST_MakePoint(x, y), 4326) from unnest($1::float8[], $2::float8[]) with ordinality p(x, y, n)", xs, ys); err != nil {
		return err
	}
	_, err := j.conn.Exec(ctx, "analyze points")
	return err
}

func (j *joined) run([]orb.Point, []int32) error {
	_, err := j.conn.Exec(context.Background(), "create temp table answers as select n, min(face) face from points join cells on ST_Covers(geom, at) group by n")
	return err
}

func (j *joined) collect(ctx context.Context, faces []int32) error {
	for i := range faces {
		faces[i] = -1
	}
	rows, err := j.conn.Query(ctx, "select n, face from answers")
	if err != nil {
		return err
	}
	var n, face int32
	_, err = pgx.ForEachRow(rows, []any{&n, &face}, func() error { faces[n] = face; return nil })
	return err
}
