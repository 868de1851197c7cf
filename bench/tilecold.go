package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/paulmach/orb/maptile"
)

// tilesCold measures servers that make each tile, its values included, in the request that asks for it.
func (b *bench) tilesCold(ctx context.Context, f *tileField) error {
	ours, e1 := b.gridTiles(ctx, "hazgrid serve --tile-cache 0", f.db, "--tile-cache", "0")
	tileserv, e2 := b.tileserv(ctx, f.table)
	tegola, e3 := b.tegola(ctx, f.table, "")
	err := errors.Join(e1, e2, e3)
	if err == nil {
		err = b.coldRaces(ctx, f, ours, tileserv, tegola)
	}
	return errors.Join(err, stopAll(ours, tileserv, tegola))
}

func (b *bench) coldRaces(ctx context.Context, f *tileField, servers ...*tileServer) error {
	for _, r := range []struct {
		heading, asked string
		list           []maptile.Tile
	}{
		{"Cold tiles, z8–z14, values joined in the request that asks", "25 × pg_tileserv and tegola, 12 × Martin's statement, p99 1/20", f.list},
		{"First screen, z8–z11, cold", "30 × pg_tileserv", f.upTo(11)},
	} {
		all, err := b.alike(ctx, r.list, servers...)
		if err != nil {
			return err
		}
		n, took, err := martinAlone(ctx, f.conn, r.list)
		if err != nil {
			return err
		}
		all = append(all, &contender{
			name: fmt.Sprintf("Martin's statement, pgbench -M prepared, %d clients, no HTTP, no gzip", poolSize), count: n,
			run: func(ctx context.Context) (pace, error) { return b.martinRate(ctx, f.table, r.list) },
		})
		heading := fmt.Sprintf("%s (asked: %s): grids-3, %d tiles, %d connections, gzip; Martin's statement for one client alone takes %s (p50)", r.heading, r.asked, len(r.list), tileConns, ms(took))
		if err := b.race(ctx, heading, all...); err != nil {
			return err
		}
	}
	return nil
}

// alike are the servers as contenders, if their tiles hold as many features as ours, the first one's, within one in a hundred:
// what is smaller than a tile unit is left out by some.
func (b *bench) alike(ctx context.Context, list []maptile.Tile, servers ...*tileServer) (all []*contender, err error) {
	for _, s := range servers {
		c := b.asking(s, list)
		if all = append(all, c); s.absent != "" {
			continue
		}
		if c.count, err = s.counted(ctx, list); err != nil {
			return nil, err
		}
		if n := all[0].count; c.count > n+n/100 || c.count < n-n/100 {
			return nil, fmt.Errorf("tiles of %s hold %d features, ours %d", s.name, c.count, n)
		}
	}
	return all, nil
}

// martinAlone counts the features that Martin's statement finds, and returns its median time.
func martinAlone(ctx context.Context, conn *pgx.Conn, list []maptile.Tile) (all int, took time.Duration, err error) {
	times := make([]time.Duration, len(list))
	for i, t := range list {
		start := time.Now()
		var tile []byte
		if err := conn.QueryRow(ctx, "tile", int32(t.Z), int32(t.X), int32(t.Y)).Scan(&tile); err != nil {
			return 0, 0, err
		}
		times[i] = time.Since(start)
		n, err := featuresIn(tile)
		if err != nil {
			return 0, 0, err
		}
		all += n
	}
	return all, median(times), nil
}

func stopAll(servers ...*tileServer) error {
	var errs []error
	for _, s := range servers {
		if s != nil && s.stop != nil {
			errs = append(errs, s.stop())
		}
	}
	return errors.Join(errs...)
}
