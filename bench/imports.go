package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"hazgrid/safety"
)

// imports measures files into each store beside the usual loaders of the same file into the same kind of store. Those only load: no
// references, duplicates, which-grid or ground are looked at. The server writes through to the disk meanwhile (fsync on).
func (b *bench) imports(ctx context.Context) (err error) {
	if err := b.durable(ctx, "on"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.durable(context.WithoutCancel(ctx), "off")) }()
	fmt.Fprint(b.out, "\nImports, with fsync=on and full_page_writes=on (ratio: their time / ours)\n")
	for _, part := range []struct {
		name    string
		measure func(context.Context) error
	}{{"points", b.importPoints}, {"hazards", b.importHazards}, {"polygons", b.importPolygons}, {"geojson", b.importLarge}, {"xlsx", b.importSheet}} {
		if b.parts != "" && !slices.Contains(strings.Split(b.parts, ","), part.name) {
			continue
		}
		if err := part.measure(ctx); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return nil
}

// durable says whether the server waits for the disk.
func (b *bench) durable(ctx context.Context, yes string) error {
	out, err := exec.CommandContext(ctx, "psql", "-qX", b.pg, "-c", "alter system set fsync = "+yes, "-c", "alter system set full_page_writes = "+yes, "-c", "select pg_reload_conf()").CombinedOutput()
	if err != nil {
		return fmt.Errorf("fsync %s: %w: %s", yes, err, out)
	}
	return nil
}

// ours is the program importing a file of one kind into a new store that has the given kinds of the district.
func (b *bench) ours(store string, kind safety.Kind, file string, has ...safety.Kind) runner {
	return runner{name: "hazgrid, " + store, run: func(ctx context.Context) (toll, error) {
		db, err := b.emptyStore(ctx, store, has...)
		if err != nil {
			return toll{}, err
		}
		return measured(ctx, b.program, "import", string(kind), "--db", db, file)
	}}
}

func (b *bench) emptyStore(ctx context.Context, store string, has ...safety.Kind) (string, error) {
	if store == "PostGIS" {
		return b.postGIS(ctx, has...)
	}
	return b.geoPackage(ctx, b.newName("ours", ".gpkg"), has...)
}

// newName is the name of a file that is not there yet.
func (b *bench) newName(start, end string) string {
	b.made++
	return fmt.Sprintf("%s%d%s", start, b.made, end)
}

// ogr2ogr loads the same file into the same kind of store.
func (b *bench) ogr2ogr(store, layer, file string, options ...string) runner {
	return runner{name: "ogr2ogr, " + store, absent: needs("ogr2ogr"), run: func(ctx context.Context) (toll, error) {
		args := append([]string{"-q", "-a_srs", "EPSG:4326", "-nln", layer, "-gt", "unlimited"}, options...)
		if store != "PostGIS" {
			return measured(ctx, "ogr2ogr", append(args, "-f", "GPKG", filepath.Join(b.dir, b.newName("theirs", ".gpkg")), file)...)
		}
		url, err := b.database(ctx)
		if err != nil {
			return toll{}, err
		}
		c, err := pgx.ParseConfig(url)
		if err != nil {
			return toll{}, err
		}
		return measured(ctx, "ogr2ogr", append(args, "--config", "PG_USE_COPY", "YES", "-f", "PostgreSQL",
			fmt.Sprintf("PG:host=%s user=%s dbname=%s", c.Host, c.User, c.Database), file)...)
	}}
}

// lonLat tells ogr2ogr which columns of a CSV are the coordinates.
func lonLat() []string {
	return []string{"-oo", "X_POSSIBLE_NAMES=lon", "-oo", "Y_POSSIBLE_NAMES=lat"}
}

// bareCopy is psql's \copy of a file that is ready for it, into a table that is the store's own, with its columns, keys and
// indexes: what the server itself cannot be faster than. The file has what an import of file wrote.
func (b *bench) bareCopy(kind safety.Kind, file string, has ...safety.Kind) runner {
	ready := ""
	return runner{name: `psql \copy of a ready file`, run: func(ctx context.Context) (toll, error) {
		if ready == "" {
			path := filepath.Join(b.dir, b.newName("ready", ".txt"))
			if err := b.readyFile(ctx, kind, file, path, has...); err != nil {
				return toll{}, err
			}
			ready = path
		}
		db, err := b.postGIS(ctx)
		if err != nil {
			return toll{}, err
		}
		return measured(ctx, "psql", "-qX", db, "-c", fmt.Sprintf(`\copy %s from '%s'`, kind, ready))
	}}
}

// readyFile writes the rows that an import makes as COPY reads them.
func (b *bench) readyFile(ctx context.Context, kind safety.Kind, file, path string, has ...safety.Kind) error {
	db, err := b.postGIS(ctx, has...)
	if err != nil {
		return err
	}
	if _, err := measured(ctx, b.program, "import", string(kind), "--db", db, file); err != nil {
		return err
	}
	_, err = measured(ctx, "psql", "-qX", db, "-c", fmt.Sprintf(`\copy %s to '%s'`, kind, path))
	return err
}
