package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/jackc/pgx/v5"
)

// tilePyramid measures how long all tiles of zooms 0 to 14 take into a PMTiles file, from the store of ours and from GeoJSON
// of the same grids with the same figures.
func (b *bench) tilePyramid(ctx context.Context, f *tileField) error {
	text, err := b.gridLines(ctx, f.conn)
	if err != nil {
		return err
	}
	if why := b.exports(ctx); why != "" {
		_, err := fmt.Fprintf(b.out, "\nPyramid of the grids: not measured, %s\n", why)
		return err
	}
	ours, theirs := filepath.Join(b.dir, "grids-3.pmtiles"), filepath.Join(b.dir, "tippecanoe.pmtiles")
	return b.compete(ctx, fmt.Sprintf("All %d tiles of the grids, z0–z14, into PMTiles (asked: 20 × tippecanoe); load average %s", len(f.all), busyness()), len(f.all), b.rounds,
		runner{name: "hazgrid export tiles", run: func(ctx context.Context) (toll, error) {
			return measured(ctx, b.program, exportTiles(f.db, ours)...)
		}},
		runner{name: "tippecanoe, nothing dropped", absent: needs("tippecanoe"), run: func(ctx context.Context) (toll, error) {
			return measured(ctx, "tippecanoe", tippecanoe(theirs, text)...)
		}})
}

func exportTiles(db, out string) []string {
	return []string{"export", "tiles", "--db", db, "--layers", "grids-3", "--min-zoom", "0", "--max-zoom", "14", "-o", out}
}

// tippecanoe are its arguments: buffer and extent as ours, input read by all cores, no feature and no tile left out.
func tippecanoe(out, text string) []string {
	return []string{
		"--quiet", "--force", "-P", "-Z0", "-z14", "-b4", "-l", "grids-3", "--no-feature-limit", "--no-tile-size-limit", "--drop-rate=1",
		"--no-tiny-polygon-reduction", "-o", out, text,
	}
}

// exports is why the program cannot write tiles, "" when it can.
func (b *bench) exports(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, b.program, "export", "tiles", "--help").CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("--layers")) {
		return "the program has no `export tiles`"
	}
	return ""
}

// gridLines writes the grids of PostGIS with their figures as GeoJSON, one feature a line.
func (b *bench) gridLines(ctx context.Context, conn *pgx.Conn) (path string, err error) {
	path = filepath.Join(b.dir, "grids.geojsonl")
	f, err := os.Create(path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	sql := `copy (select ST_AsGeoJSON(t) from (select ST_Transform(g3857, 4326) as geom, id, ` + tileColumns + ` from grids3857) t)
		to stdout with (format csv, quote e'\x01', delimiter e'\x02')` // text as it is
	_, err = conn.PgConn().CopyTo(ctx, f, sql)
	return path, err
}

// ownArchive is our export served by pmtiles, else tippecanoe's.
func (b *bench) ownArchive(ctx context.Context, f *tileField) (*tileServer, error) {
	out := filepath.Join(b.dir, "archive", "grids.pmtiles")
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return nil, err
	}
	if needs("pmtiles") != "" {
		return missing("pmtiles serve", "pmtiles"), nil
	}
	if b.exports(ctx) == "" {
		if _, err := timed(ctx, b.program, exportTiles(f.db, out)...); err != nil {
			return nil, err
		}
		return b.archive(ctx, out, "our export")
	}
	if needs("tippecanoe") != "" {
		return &tileServer{name: "pmtiles serve", absent: "no archive: neither export tiles nor tippecanoe", stop: func() error { return nil }}, nil
	}
	text, err := b.gridLines(ctx, f.conn)
	if err != nil {
		return nil, err
	}
	if _, err := timed(ctx, "tippecanoe", tippecanoe(out, text)...); err != nil {
		return nil, err
	}
	return b.archive(ctx, out, "tippecanoe's tiles")
}
