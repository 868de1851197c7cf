package gpkg

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"

	"hazgrid/internal/store"
	"hazgrid/safety"
)

//go:embed migrations/*.sql
var migrations embed.FS

// historyTable is where goose notes which migrations a file has had. It is no layer and is not
// listed in gpkg_contents: GDAL and QGIS do not show it.
const historyTable = "hazgrid_migrations"

func provider(db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectSQLite3, db, files,
		goose.WithTableName(historyTable), goose.WithDisableGlobalRegistry(true))
}

// migrateTries is enough for as many migrations as there are, and then some.
const migrateTries = 10

// migrate brings the file to the layout of this program, triggers included.
func migrate(ctx context.Context, db *sql.DB) error {
	p, err := provider(db)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if err := notNewer(ctx, p); err != nil {
		return err
	}
	for try := 1; ; try++ {
		_, err := p.Up(ctx)
		if err == nil {
			break
		}
		// Another process that makes the same file at the same time is quicker with each
		// migration of which ours fails.
		if try == migrateTries || ctx.Err() != nil {
			return fmt.Errorf("migrate: %w", err)
		}
	}
	if err := createTriggers(ctx, db); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// upToDate refuses a file that wants migrating or was made by a later program.
func upToDate(ctx context.Context, db *sql.DB) error {
	p, err := provider(db)
	if err != nil {
		return err
	}
	if err := notNewer(ctx, p); err != nil {
		return err
	}
	pending, err := p.HasPending(ctx)
	if err == nil && pending {
		return fmt.Errorf("%w: an import brings it up to date: %w", store.ErrOlder, safety.ErrInvalid)
	}
	return err
}

func notNewer(ctx context.Context, p *goose.Provider) error {
	current, target, err := p.GetVersions(ctx)
	if err == nil && current > target {
		return fmt.Errorf("made by a newer hazgrid (layout %d, this program knows %d): %w", current, target, safety.ErrInvalid)
	}
	return err
}
