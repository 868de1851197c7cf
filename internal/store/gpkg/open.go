package gpkg

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"hazgrid/internal/store/merge"
	"hazgrid/safety"
)

// Numbers in the header of a GeoPackage 1.3 file (clause 1.1.1.1.1): "GPKG", and the version.
const (
	applicationID = 0x47504B47
	userVersion   = 10300
	oldestVersion = 10200 // GeoPackage 1.2, whose tables are those of 1.3
)

// Open opens the GeoPackage at path for a division. With create, an absent or empty file is made,
// a GeoPackage of another program gets the tables beside its own, and an older layout is
// migrated; without, these are errors: safety.ErrNotFound for an absent file, safety.ErrInvalid
// for one that is not hazgrid's. A file or folder that cannot be written is safety.ErrDenied, a
// GeoPackage with layers of our names that are not ours safety.ErrConflict.
func Open(ctx context.Context, path, division string, create bool) (*Store, error) {
	s, err := openStore(ctx, path, division, create)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, explain(err))
	}
	return s, nil
}

func openStore(ctx context.Context, path, division string, create bool) (*Store, error) {
	m, err := inspect(path, create)
	if err != nil {
		return nil, err
	}
	s := &Store{division: division, news: newBroadcast(), engine: merge.New(dialect(), division)}
	if s.writer, err = open(path, m, 1); err != nil {
		return nil, err
	}
	if err := prepare(ctx, s.writer, create); err != nil {
		return nil, errors.Join(err, s.writer.Close())
	}
	if s.settler, err = open(path, writing, 1); err == nil {
		s.reader, err = open(path, reading, 0)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// inspect looks at the file before SQLite does. It must not open it: closing any handle of a file
// takes away every POSIX lock that this process has on it, those of another Store included.
func inspect(path string, create bool) (mode, error) {
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return "", fmt.Errorf("there is no folder %s: %w", filepath.Dir(path), safety.ErrNotFound)
	} else if info.Mode().Perm()&0o222 == 0 {
		return "", fmt.Errorf("folder %s is read-only (SQLite keeps its journal beside the file): %w", filepath.Dir(path), safety.ErrDenied)
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && create:
		return creating, nil
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("there is no such file: make it with an import or with demo: %w", safety.ErrNotFound)
	case err != nil:
		return "", err
	case !info.Mode().IsRegular():
		return "", fmt.Errorf("not a file: %w", safety.ErrInvalid)
	case info.Mode().Perm()&0o222 == 0:
		return "", fmt.Errorf("the file is read-only: %w", safety.ErrDenied)
	}
	if info.Size() == 0 && !create {
		return "", fmt.Errorf("the file is empty: fill it with an import or with demo: %w", safety.ErrInvalid)
	}
	return writing, nil
}

// prepare makes sure that the file is a GeoPackage with our tables in it, and in WAL mode.
func prepare(ctx context.Context, db *sql.DB, create bool) error {
	h, err := readHeader(ctx, db)
	if err != nil {
		return err
	}
	if err := h.check(create); err != nil {
		return err
	}
	if !create {
		return upToDate(ctx, db)
	}
	if err := patiently(ctx, func() error { return h.write(ctx, db) }); err != nil {
		return err
	}
	return migrate(ctx, db)
}

// patiently tries f again while another process has the file locked: the change to WAL mode does
// not wait for a lock by itself.
func patiently(ctx context.Context, f func() error) error {
	const tries, pause = 250, 20 * time.Millisecond
	for try := 1; ; try++ {
		err := f()
		if !isLocked(err) || try == tries {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// A header is what says whose file it is.
type header struct {
	application, version int
	tables               []string
}

func readHeader(ctx context.Context, db *sql.DB) (h header, err error) {
	if err := db.QueryRowContext(ctx, "PRAGMA application_id").Scan(&h.application); err != nil {
		return h, err
	}
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&h.version); err != nil {
		return h, err
	}
	rows, err := db.QueryContext(ctx, "SELECT lower(name) FROM sqlite_schema WHERE type IN ('table', 'view') ORDER BY 1")
	if err != nil {
		return h, err
	}
	defer rows.Close() //nolint:errcheck // Err says it
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return h, err
		}
		h.tables = append(h.tables, name)
	}
	return h, rows.Err()
}

func (h header) has(table string) bool { return slices.Contains(h.tables, table) }

// ours tells whether hazgrid made, or is just making, its tables here.
func (h header) ours() bool { return h.has(historyTable) }

func (h header) check(create bool) error {
	blank := len(h.tables) == 0 && (h.application == 0 || h.application == applicationID)
	switch {
	case h.ours():
		return nil
	case blank && create:
		return nil
	case !blank && (h.application != applicationID || h.version < oldestVersion):
		return fmt.Errorf("a SQLite file, but not a GeoPackage 1.2 or later: %w", safety.ErrInvalid)
	case !create:
		return fmt.Errorf("a GeoPackage, but without hazgrid's tables: fill it with an import or with demo: %w", safety.ErrInvalid)
	}
	for _, t := range append(merge.Tables(), "change_log", "grid_tally", "grid_tally_row") {
		if h.has(t) {
			return fmt.Errorf("another program's GeoPackage has a layer or table %q, which hazgrid needs for itself: choose another file: %w",
				t, safety.ErrConflict)
		}
	}
	return nil
}

// write makes the file a GeoPackage in WAL mode.
func (h header) write(ctx context.Context, db *sql.DB) error {
	var statements []string
	if h.application != applicationID {
		statements = append(statements, fmt.Sprintf("PRAGMA application_id = %d", applicationID))
	}
	if h.version < userVersion {
		statements = append(statements, fmt.Sprintf("PRAGMA user_version = %d", userVersion))
	}
	// WAL comes last: who looks at the bytes of the file alone must find the numbers there
	for _, s := range append(statements, "PRAGMA journal_mode = WAL") {
		if _, err := db.ExecContext(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// explain turns SQLite's words about the file into ours.
func explain(err error) error {
	switch {
	case isNotDatabase(err):
		return fmt.Errorf("not a GeoPackage, or a damaged one: %w (%w)", safety.ErrInvalid, err)
	case isReadOnly(err):
		return fmt.Errorf("the file or its folder cannot be written: %w (%w)", safety.ErrDenied, err)
	case isLocked(err):
		return fmt.Errorf("another program keeps the file locked: %w", err)
	}
	return err
}

// quoted is name as an SQL identifier.
func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
