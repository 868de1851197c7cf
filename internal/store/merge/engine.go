// Package merge is the write and read engine that both stores share: contract section 3 and the
// change feed's versions, written once over database/sql. What differs between SQLite and
// PostgreSQL is a Dialect.
//
// A write has two parts. The batch is staged into a temporary table, which locks nobody out and
// takes as long as its source takes. Then one short transaction locks the division, merges, and
// raises the division's version last, so that the order of versions is the order of commits.
//
// A large batch that brings the first rows of a table has nothing to be merged with. Where the database has a way to
// write such a table from the ground up (Dialect.Lay), it is staged for that instead.
package merge

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"hazgrid/safety"
)

// An Engine writes and reads one division. Its methods are safe for concurrent use, each call
// with a connection of its own.
type Engine struct {
	dialect  Dialect
	division string

	mu     sync.Mutex
	placer placer // the last one used
}

// New returns the engine for a division of a store.
func New(d Dialect, division string) *Engine { return &Engine{dialect: d, division: division} }

// Change says what a write did.
type Change struct {
	Rows       bool // rows were written: there is a new version
	Boundaries bool // grids changed: everything is placed anew, and readers load everything
	Locations  bool // locations may have changed behind the engine's back: everything is placed anew
}

// Write runs f in a write transaction on c while the division is locked, and commits what f
// did as one new version. f is told that version, which the rows it writes carry. If it reports no
// Change or fails, or ctx ends, the whole transaction is undone. The list of batches has it as an edit, made at
// the instant at. Write returns the version of the division after it.
func (e *Engine) Write(ctx context.Context, c *sql.Conn, at safety.Time, f func(version int64) (Change, error)) (int64, error) {
	return e.write(ctx, c, func(w *write) (err error) {
		if w.change, err = f(w.next()); err != nil {
			return err
		}
		return w.record(ctx, safety.Applied{Op: safety.OpEdit, Origin: safety.Origin{At: at}})
	})
}

// Version returns the version of the division, 0 before the first write.
func (e *Engine) Version(ctx context.Context, c *sql.Conn) (int64, error) {
	var v int64
	err := c.QueryRowContext(ctx, "select version from division where division = $1", e.division).Scan(&v)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("version of division %s: %w", e.division, err)
	}
	return v, nil
}

// Apply is store.Store's Apply on connection c.
func (e *Engine) Apply(ctx context.Context, c *sql.Conn, b safety.Batch) (safety.Receipt, error) {
	r, err := e.apply(ctx, c, b)
	if err != nil {
		return r, fmt.Errorf("apply %s: %w", what(b), err)
	}
	return r, nil
}

func what(b safety.Batch) string {
	switch {
	case b.Revert != 0:
		return fmt.Sprintf("the reversal of batch %d", b.Revert)
	case b.Records == nil:
		return "clock " + b.Clock.String()
	}
	return string(b.Kind)
}

func (e *Engine) apply(ctx context.Context, c *sql.Conn, b safety.Batch) (safety.Receipt, error) {
	switch {
	case b.Records == nil && b.Revert != 0:
		return e.revert(ctx, c, b)
	case b.Records == nil && b.Clock.IsSet():
		return e.tick(ctx, c, b.Clock)
	case b.Records == nil:
		return safety.Receipt{}, fmt.Errorf("a batch has records, a clock or a batch to revert: %w", safety.ErrInvalid)
	case b.Kind == safety.Grids:
		return e.applyGrids(ctx, c, b)
	case safety.Fields(b.Kind) != nil:
		return e.applyRecords(ctx, c, b)
	}
	return safety.Receipt{}, fmt.Errorf("kind %q: %w", b.Kind, safety.ErrInvalid)
}

// tick raises the version if t is later than every instant told before.
func (e *Engine) tick(ctx context.Context, c *sql.Conn, t safety.Time) (r safety.Receipt, err error) {
	r.Version, err = e.write(ctx, c, func(w *write) error {
		if w.clock >= t {
			return nil
		}
		w.clock, w.change.Rows = t, true
		return nil
	})
	return r, err
}
