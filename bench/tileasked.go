package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/paulmach/orb/maptile"

	"hazgrid/safety"
)

// tilesAsked measures tiles of questions that nobody asked before, among many hazards: filtered, and as of a random instant of
// 2014, the year of the hazards; and the columns of all grids day by day, as a map plays the year.
func (b *bench) tilesAsked(ctx context.Context, f *tileField) error {
	db, err := b.geoPackage(ctx, "asked.gpkg", safety.Kinds()...)
	if err != nil {
		return err
	}
	file, err := b.hazardFile()
	if err != nil {
		return err
	}
	if _, err := timed(ctx, b.program, "import", "hazards", "--db", db, file); err != nil {
		return err
	}
	s, err := b.gridTiles(ctx, "", db)
	if err != nil {
		return err
	}
	err = b.questions(ctx, f, s)
	return errors.Join(err, s.stop())
}

func (b *bench) questions(ctx context.Context, f *tileField, s *tileServer) error {
	rng := rand.New(rand.NewPCG(11, 12))
	var list []maptile.Tile
	for _, t := range f.list {
		if t.Z == 12 {
			list = append(list, t)
		}
	}
	tile := func() string { return s.of(list[rng.IntN(len(list))]) }
	rows := [][]string{{"question", "answers/s", "p50", "p99", "asked"}}
	before := busyness()
	for _, q := range []struct {
		name, asked string
		path        func(i int) string
	}{
		{"a z12 tile, ?severity=major&floor_area_max=, any", "p99 ≤ 10 ms", func(int) string {
			return fmt.Sprintf("%s?severity=major&floor_area_max=%.3f", tile(), 20+5000*rng.Float64())
		}},
		{"a z12 tile, ?at=, any second of 2014", "p99 ≤ 10 ms", func(int) string {
			return tile() + "?at=" + day(rng.IntN(365), rng.IntN(86400))
		}},
		{"/api/v1/columns/grids-3?at=, day by day", "≥ 10 a second", func(i int) string {
			return "/api/v1/columns/grids-3?at=" + day(i, 86399-i/365)
		}},
	} {
		var paces []pace
		for range b.rounds {
			p, err := b.anew(ctx, s.addr, q.path)
			if err != nil {
				return fmt.Errorf("%s: %w", q.name, err)
			}
			paces = append(paces, p)
		}
		m := medianPace(paces)
		rows = append(rows, []string{q.name, fmt.Sprintf("%.1f", m.rate), ms(m.p50), ms(m.p99), q.asked})
	}
	b.table(fmt.Sprintf("Questions asked for the first time, %d hazards, one client, gzip; %d rounds of %v, load average %s to %s",
		b.hazards, b.rounds, b.span, before, busyness()), rows...)
	return nil
}

// day is a second of a day of 2014, counted from its first.
func day(n, second int) string {
	return time.Date(2014, 1, 1+n%365, 0, 0, second, 0, time.UTC).Format("2006-01-02T15:04:05")
}

// anew asks one question after another, each another one.
func (b *bench) anew(ctx context.Context, addr string, path func(i int) string) (pace, error) {
	w, err := dial(ctx, addr)
	if err != nil {
		return pace{}, err
	}
	defer func() { _ = w.conn.Close() }()
	var took []time.Duration
	begun := time.Now()
	for i := 0; time.Since(begun) < b.span && ctx.Err() == nil; i++ {
		request := get(addr, path(i))
		start := time.Now()
		status, _, err := w.ask(request)
		if err != nil || status != 200 && status != 204 {
			return pace{}, fmt.Errorf("%s: status %d: %w", path(i), status, err)
		}
		took = append(took, time.Since(start))
	}
	return pace{float64(len(took)) / time.Since(begun).Seconds(), percentile(took, 0.5), percentile(took, 0.99), 0}, ctx.Err()
}
