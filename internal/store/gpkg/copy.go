package gpkg

import (
	"context"
	"errors"
	"fmt"
)

// Copy writes the GeoPackage at from, as it is at one moment, to the new file at to. Both may
// be on disks of different kinds; writers of from are not held up.
func Copy(ctx context.Context, from, to string) error {
	db, err := open(from, writing, 1)
	if err != nil {
		return fmt.Errorf("copy %s: %w", from, err)
	}
	_, err = db.ExecContext(ctx, "vacuum into $1", to)
	if err := errors.Join(explain(err), db.Close()); err != nil {
		return fmt.Errorf("copy %s: %w", from, err)
	}
	return nil
}

// IsStore tells whether the file at path holds hazgrid's tables, of whatever age. No store may be open there in this process (see inspect).
// The file is opened for writing, so that SQLite takes its log away again when it closes it.
func IsStore(ctx context.Context, path string) bool {
	db, err := open(path, writing, 1)
	if err != nil {
		return false
	}
	defer db.Close() //nolint:errcheck // nothing was written
	h, err := readHeader(ctx, db)
	return err == nil && h.ours()
}
