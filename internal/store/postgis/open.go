// Package postgis is the Store in a PostgreSQL database with PostGIS.
//
// The schema obeys design rule 13, so that it runs unchanged on one server, on replicas and
// distributed by division; the change feed is that of rule 14.
package postgis

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"slices"
	"strings"
	"time"

	"hazgrid/internal/store"
	"hazgrid/internal/store/merge"
	"hazgrid/safety"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

// connectTimeout bounds how long a server that does not answer is waited for, where the URL does not say.
const connectTimeout = 10 * time.Second

// Open opens the division's store in the database at url (postgres://…). With create, what is
// missing is made: the extension postgis, the tables, later columns. Without, a database without a
// store is safety.ErrNotFound. A store made by a newer program is refused. Errors never show the password.
func Open(ctx context.Context, url, division string, create bool) (*Store, error) {
	s, err := open(ctx, url, division, create)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", redacted(url), oneLine(err))
	}
	return s, nil
}

// A lineError says in one line what an error says in several.
type lineError struct {
	error
	line string
}

func (e lineError) Error() string { return e.line }

func (e lineError) Unwrap() error { return e.error }

// oneLine makes one line of the causes of an error, each once: a server that cannot be reached is tried with and without encryption.
func oneLine(err error) error {
	var causes []string
	for line := range strings.Lines(err.Error()) {
		if line = strings.TrimSpace(line); line != "" && !slices.Contains(causes, line) {
			causes = append(causes, line)
		}
	}
	return lineError{err, strings.Join(causes, " ")}
}

func open(ctx context.Context, url, division string, create bool) (*Store, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("%w: not the URL of a PostgreSQL database", safety.ErrInvalid)
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	if err := prepare(ctx, config, url, create); err != nil {
		return nil, err
	}
	s := &Store{
		config: config, division: division, engine: merge.New(dialect(), division),
		db: stdlib.OpenDB(*config, stdlib.OptionAfterConnect(registerGeometry)),
	}
	s.db.SetMaxIdleConns(maxIdle)
	s.db.SetMaxOpenConns(maxOpen)
	if err := s.db.PingContext(ctx); err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	return s, nil
}

// prepare sees that the database holds the schema this program knows.
func prepare(ctx context.Context, config *pgx.ConnConfig, url string, create bool) error {
	db := stdlib.OpenDB(*config)
	err := migrate(ctx, db, url, create)
	return errors.Join(err, db.Close())
}

func migrate(ctx context.Context, db *sql.DB, url string, create bool) error {
	var there, extended bool
	const look = `select to_regclass('division') is not null and to_regclass('hazgrid_schema') is not null,
		exists (select from pg_extension where extname = 'postgis')`
	if err := db.QueryRowContext(ctx, look).Scan(&there, &extended); err != nil {
		return err
	}
	if !there && !create {
		return fmt.Errorf("%w: no hazgrid store at %s; `hazgrid import` or `hazgrid demo` makes one", safety.ErrNotFound, redacted(url))
	}
	if !extended {
		if err := extend(ctx, db, create); err != nil {
			return err
		}
	}
	p, err := provider(db)
	if err != nil {
		return err
	}
	return upgrade(ctx, p, create)
}

// extend adds PostGIS to the database.
func extend(ctx context.Context, db *sql.DB, create bool) error {
	if !create {
		return errors.New("the database has no PostGIS (run: create extension postgis)")
	}
	if _, err := db.ExecContext(ctx, "create extension if not exists postgis"); err != nil {
		return fmt.Errorf("the database has no PostGIS, and adding it failed: %w", err)
	}
	return nil
}

func provider(db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 60))
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, db, files, goose.WithTableName("hazgrid_schema"),
		goose.WithSessionLocker(locker), goose.WithDisableGlobalRegistry(true))
}

// upgrade brings the schema to what this program knows, if it may.
func upgrade(ctx context.Context, p *goose.Provider, create bool) error {
	if create {
		if _, err := p.Up(ctx); err != nil {
			return fmt.Errorf("make the tables: %w", err)
		}
	}
	have, want, err := p.GetVersions(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("read the schema's version: %w", err)
	case have > want:
		return fmt.Errorf("%w: the store has schema %d, this program knows %d: use a newer hazgrid", safety.ErrConflict, have, want)
	case have < want:
		return fmt.Errorf("%w: %w: the store has schema %d, this program wants %d: `hazgrid import` upgrades it", safety.ErrConflict, store.ErrOlder, have, want)
	}
	return nil
}

// redacted is the URL without its password.
func redacted(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "the database"
	}
	q := u.Query()
	if q.Has("password") {
		q.Set("password", "xxxxx")
		u.RawQuery = q.Encode()
	}
	return u.Redacted()
}
