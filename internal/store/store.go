// Package store keeps the records of a division between runs. Package gpkg (a GeoPackage
// file) and package postgis implement Store; package storetest says what both must do.
package store

import (
	"context"
	"errors"
	"iter"

	"hazgrid/safety"
)

// ErrOlder says that a store has the layout of an older program, and was opened by somebody who may not change that.
var ErrOlder = errors.New("made by an older hazgrid")

// A Store holds one division. Questions about the data are not asked here: they are asked of
// the safety.Snapshot that is built from Load. Methods are safe for concurrent use.
type Store interface {
	// Load returns the records of the division at one version. With since = 0, or when the
	// boundaries or anything else a delta cannot express changed after since, it returns all
	// of them (Whole); else only those changed after version since, with their tombstones.
	Load(ctx context.Context, since int64) (safety.Records, error)

	// Apply writes b as one transaction and tells what became of each record. A batch that
	// changes nothing makes no new version.
	Apply(ctx context.Context, b safety.Batch) (safety.Receipt, error)

	// Records yields the records of a kind, without those deleted, by key and as of one version, with all of their
	// fields, for an export. An error ends it: safety.ErrNotFound for grids that are asked for and are not there.
	// Memory does not grow with the records.
	Records(ctx context.Context, q safety.Reading) iter.Seq2[safety.Stored, error]

	// Batches returns what Apply has written, and what other programs have, the newest first.
	Batches(ctx context.Context) ([]safety.Applied, error)

	// Version returns the version of the division; 0 before the first write.
	Version(ctx context.Context) (int64, error)

	// Watch yields the newest version whenever one is committed after the call, by this
	// process or another, skipping those the reader was too slow for. It ends with ctx or with an error.
	Watch(ctx context.Context) iter.Seq2[int64, error]

	// Close releases the store. It is not needed for durability.
	Close() error
}
