package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"

	"hazgrid/safety"
)

// martin is the statement that Martin prepares for a table, over geometry kept in EPSG:3857.
const martin = `select ST_AsMVT(t, 'grids', 4096, 'geom') from (
	select id, code, name, parent, level, area_km2, ST_AsMVTGeom(g3857, ST_TileEnvelope($1, $2, $3), 4096, 64, true) as geom
	from grids3857 where g3857 && ST_TileEnvelope($1, $2, $3, margin => 64.0 / 4096)) t`

// tiles measures each tile of zooms 8 to 14 over the district once, from a service that has
// built none of them.
func (b *bench) tiles(ctx context.Context) error {
	db, err := b.geoPackage(ctx, "tiles.gpkg", safety.Kinds()...)
	if err != nil {
		return err
	}
	pg, err := b.martin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = pg.Close(ctx) }()
	pyramid, err := inhabited(ctx, pg)
	if err != nil {
		return err
	}
	var cold, warm, peer []time.Duration
	for range b.rounds {
		s, stop, err := b.serve(ctx, db)
		if err != nil {
			return err
		}
		for _, into := range []*[]time.Duration{&cold, &warm} {
			for _, t := range pyramid {
				d, err := fetch(ctx, fmt.Sprintf("%s/tiles/grids-3/%d/%d/%d.mvt", s.url, t.Z, t.X, t.Y))
				if err != nil {
					return errors.Join(err, stop())
				}
				*into = append(*into, d)
			}
		}
		if err := stop(); err != nil {
			return err
		}
		for _, t := range pyramid {
			start := time.Now()
			var tile []byte
			if err := pg.QueryRow(ctx, "tile", int32(t.Z), int32(t.X), int32(t.Y)).Scan(&tile); err != nil {
				return err
			}
			peer = append(peer, time.Since(start))
		}
	}
	row := func(name string, all []time.Duration) []string {
		p50 := percentile(all, 0.5)
		return []string{name, ms(p50), ms(percentile(all, 0.99)), fmt.Sprintf("%.2f", float64(p50)/float64(percentile(cold, 0.5)))}
	}
	b.table(fmt.Sprintf("Tiles of the 1,888 grids, zooms 8 to 14, %d tiles, one client", len(pyramid)),
		[]string{"system", "p50", "p99", "p50 to ours"},
		row("hazgrid, cold, HTTP, gzip", cold), row("hazgrid, warm, HTTP, gzip", warm),
		row("PostGIS ST_AsMVT as Martin asks it, no HTTP, no gzip", peer))
	return nil
}

// inhabited lists the tiles of the district's box that hold a grid.
func inhabited(ctx context.Context, pg *pgx.Conn) (tiles []maptile.Tile, err error) {
	for z := maptile.Zoom(8); z <= 14; z++ {
		a, b := maptile.At(orb.Point{120.17, 28.0}, z), maptile.At(orb.Point{121.23, 27.5}, z)
		for x := a.X; x <= b.X; x++ {
			for y := a.Y; y <= b.Y; y++ {
				var tile []byte
				if err := pg.QueryRow(ctx, "tile", int32(z), int32(x), int32(y)).Scan(&tile); err != nil {
					return nil, err
				}
				if len(tile) > 0 {
					tiles = append(tiles, maptile.New(x, y, z))
				}
			}
		}
	}
	return tiles, nil
}

func fetch(ctx context.Context, url string) (time.Duration, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Accept-Encoding", "gzip")
	start := time.Now()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, res.Body)
	took := time.Since(start)
	if res.StatusCode >= 300 {
		err = errors.Join(err, fmt.Errorf("GET %s: %s", url, res.Status))
	}
	return took, errors.Join(err, res.Body.Close())
}

// martin loads the grids into PostGIS as EPSG:3857 and prepares Martin's statement.
func (b *bench) martin(ctx context.Context) (*pgx.Conn, error) {
	url, err := b.postGIS(ctx, safety.Grids)
	if err != nil {
		return nil, err
	}
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return nil, err
	}
	for _, sql := range []string{
		"create table grids3857 as select id, code, name, parent, level, area_km2, ST_Transform(geom, 3857) as g3857 from grids where level = 3",
		"create index on grids3857 using gist (g3857)", "vacuum analyze grids3857",
	} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return nil, errors.Join(err, conn.Close(ctx))
		}
	}
	_, err = conn.Prepare(ctx, "tile", martin)
	return conn, err
}

// freeAddr returns a loopback address whose port is free.
func freeAddr(ctx context.Context) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
