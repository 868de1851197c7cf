package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"

	"hazgrid/safety"
)

// imports measures a large file of hazards into each store, and ogr2ogr loading the same file
// into the same kind of store. ogr2ogr only loads: no references, duplicates or which-grid.
func (b *bench) imports(ctx context.Context) error {
	file, err := b.hazardFile()
	if err != nil {
		return err
	}
	rows := [][]string{{fmt.Sprintf("import of %d hazards", b.hazards), "time", "rows/s", "ratio to ours"}}
	for _, store := range []string{"GeoPackage", "PostGIS"} {
		ours, theirs, err := b.importInto(ctx, store, file)
		if err != nil {
			return err
		}
		rate := func(d time.Duration) string { return fmt.Sprintf("%.0f", float64(b.hazards)/d.Seconds()) }
		rows = append(rows, []string{"hazgrid, " + store, ours.Round(10 * time.Millisecond).String(), rate(ours), "1"})
		if theirs > 0 {
			rows = append(rows, []string{"ogr2ogr, " + store + " (loads only)", theirs.Round(10 * time.Millisecond).String(), rate(theirs), fmt.Sprintf("%.2f", theirs.Seconds()/ours.Seconds())})
		} else {
			rows = append(rows, []string{"ogr2ogr", "absent", "", ""})
		}
	}
	b.table("Import (ratio: their time / ours)", rows...)
	return nil
}

// importInto returns the medians of ours and of ogr2ogr, which take turns.
func (b *bench) importInto(ctx context.Context, store, file string) (ours, theirs time.Duration, err error) {
	var a, o []time.Duration
	for i := range min(b.rounds, 3) {
		d, err := b.importOurs(ctx, store, file, i)
		if err != nil {
			return 0, 0, err
		}
		a = append(a, d)
		if _, err := exec.LookPath("ogr2ogr"); err != nil {
			continue
		}
		if d, err = b.importTheirs(ctx, store, file, i); err != nil {
			return 0, 0, err
		}
		o = append(o, d)
	}
	if len(o) > 0 {
		theirs = median(o)
	}
	return median(a), theirs, nil
}

func (b *bench) importOurs(ctx context.Context, store, file string, round int) (time.Duration, error) {
	db, err := b.geoPackage(ctx, fmt.Sprintf("ours%d.gpkg", round), safety.Grids, safety.Enterprises)
	if store == "PostGIS" {
		db, err = b.postGIS(ctx, safety.Grids, safety.Enterprises)
	}
	if err != nil {
		return 0, err
	}
	return timed(ctx, b.program, "import", "hazards", "--db", db, file)
}

func (b *bench) importTheirs(ctx context.Context, store, file string, round int) (time.Duration, error) {
	args := []string{"-q", "-oo", "X_POSSIBLE_NAMES=lon", "-oo", "Y_POSSIBLE_NAMES=lat", "-a_srs", "EPSG:4326", "-nln", "hazards", "-gt", "unlimited"}
	if store == "PostGIS" {
		url, err := b.database(ctx)
		if err != nil {
			return 0, err
		}
		c, err := pgx.ParseConfig(url)
		if err != nil {
			return 0, err
		}
		args = append(args, "--config", "PG_USE_COPY", "YES", "-f", "PostgreSQL",
			fmt.Sprintf("PG:host=%s user=%s dbname=%s", c.Host, c.User, c.Database), file)
	} else {
		args = append(args, "-f", "GPKG", filepath.Join(b.dir, fmt.Sprintf("theirs%d.gpkg", round)), file)
	}
	return timed(ctx, "ogr2ogr", args...)
}
