package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"

	"hazgrid/safety"
)

// tileBytes counts what travels: for a map that is renewed, and the largest tiles. All with gzip.
func (b *bench) tileBytes(ctx context.Context, f *tileField) error {
	db, err := b.geoPackage(ctx, "bytes.gpkg", safety.Kinds()...)
	if err != nil {
		return err
	}
	s, err := b.gridTiles(ctx, "", db)
	if err != nil {
		return err
	}
	w, err := startWriter(ctx, db, "")
	if err != nil {
		return errors.Join(err, s.stop())
	}
	err = errors.Join(b.renewing(ctx, s, w), b.largest(ctx, f, s))
	return errors.Join(err, w.stop(), s.stop())
}

// size is how many bytes of gzip a path answers with.
func (s *tileServer) size(ctx context.Context, path string) (int, error) {
	k, err := fetch(ctx, "http://"+s.addr+path)
	return len(k.Body), err
}

// renewing compares the columns with tiles of a view.
func (b *bench) renewing(ctx context.Context, s *tileServer, w *liveWriter) error {
	view := 0
	corner := maptile.At(orb.Point{120.65, 27.78}, 12)
	for i := range uint32(20) {
		n, err := s.size(ctx, s.of(maptile.New(corner.X-2+i%5, corner.Y-2+i/5, 12)))
		if err != nil {
			return err
		}
		view += n
	}
	var all, one [2]int // as the page asks, and without parameters
	var err error
	for i, query := range [2]string{askedByPage, ""} {
		if all[i], err = s.size(ctx, "/api/v1/columns/grids-3?"+query); err != nil {
			return err
		}
		if one[i], err = s.oneChange(ctx, w, query); err != nil {
			return err
		}
	}
	row := func(name string, n int, asked string) []string {
		return []string{name, fmt.Sprint(n), fmt.Sprintf("1/%.1f", float64(view)/float64(n)), asked}
	}
	b.table("Bytes of a map of the grids that is renewed, gzip", []string{"what", "bytes", "of the view", "asked"},
		row("20 tiles of a view, z12", view, ""),
		row("columns of all grids, as the page asks", all[0], "1/16"), row("columns of one grid, since=, as the page asks", one[0], "1/1,000"),
		row("columns of all grids, every column and id", all[1], ""), row("columns of one grid, since=, every column and id", one[1], ""))
	return nil
}

// askedByPage is how the page asks for columns after the first time: those it joins, of the ids it has.
const askedByPage = "columns=enterprises,found,rectified,overdue&ids=none"

// oneChange writes a hazard and returns the size of the columns that changed, as a query asks for them.
func (s *tileServer) oneChange(ctx context.Context, w *liveWriter, query string) (int, error) {
	ids, _, err := premises()
	if err != nil {
		return 0, err
	}
	c, err := w.commit(fmt.Sprintf("bytes%d", len(query)), ids[0])
	if err != nil {
		return 0, err
	}
	asker, err := dial(ctx, s.addr)
	if err != nil {
		return 0, err
	}
	defer func() { _ = asker.conn.Close() }()
	path := fmt.Sprintf("/api/v1/columns/grids-3?since=%d&%s", c.version-1, query)
	if _, _, err := asker.ask(get(s.addr, path, fmt.Sprintf("Hazgrid-Min-Version: %d", c.version))); err != nil {
		return 0, err
	}
	return s.size(ctx, path)
}

// largest looks for the largest tiles of zooms 0 to 14.
func (b *bench) largest(ctx context.Context, f *tileField, s *tileServer) error {
	rows := [][]string{{"tiles", "largest at z ≤ 10", "tile", "largest at z 11–14", "tile"}}
	for _, query := range []string{"", "?columns=none"} {
		row, err := s.largestOf(ctx, f.all, query)
		if err != nil {
			return err
		}
		rows = append(rows, append([]string{"grids-3" + query}, row...))
	}
	rows = append(rows, []string{"asked", "60 kB", "", "40 kB", ""})
	b.table("Largest tile of the grids, gzip", rows...)
	return nil
}

func (s *tileServer) largestOf(ctx context.Context, list []maptile.Tile, query string) ([]string, error) {
	var most [2]int
	var which [2]maptile.Tile
	for _, t := range list {
		n, err := s.size(ctx, s.of(t)+query)
		if err != nil {
			return nil, err
		}
		above := 0
		if t.Z > 10 {
			above = 1
		}
		if n > most[above] {
			most[above], which[above] = n, t
		}
	}
	name := func(t maptile.Tile) string { return fmt.Sprintf("%d/%d/%d", t.Z, t.X, t.Y) }
	size := func(n int) string { return fmt.Sprintf("%.1f kB", float64(n)/1000) }
	return []string{size(most[0]), name(which[0]), size(most[1]), name(which[1])}, nil
}
