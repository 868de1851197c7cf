package merge

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"hazgrid/safety"
)

// A write is a transaction that holds the division's row.
type write struct {
	engine     *Engine
	conn       *sql.Conn
	version    int64          // before the write
	boundaries int64          // version of the last change of boundaries before the write
	clock      safety.Time    // to be stored if there is a change
	change     Change         // what the write did
	grids      []safety.Grid  // all of them after the write, once it has read them
	placer     *safety.Placer // over grids, once everything was placed anew
}

// errNothing undoes a write that changed nothing; it does not leave this file.
var errNothing = errors.New("nothing changed")

// write locks the division, runs f, and commits if f changed something. The update of the
// division is the last statement: the row lock makes the order of versions that of commits.
func (e *Engine) write(ctx context.Context, c *sql.Conn, f func(*write) error) (int64, error) {
	w := &write{engine: e, conn: c}
	err := transaction(ctx, c, e.dialect.BeginWrite, func() error {
		if err := w.lock(ctx); err != nil {
			return err
		}
		if err := f(w); err != nil {
			return err
		}
		return w.finish(ctx)
	})
	switch {
	case errors.Is(err, errNothing):
		return w.version, nil
	case err != nil:
		return w.version, err
	}
	if w.change.Boundaries && w.placer != nil {
		e.keep(placer{w.placer, w.next()})
	}
	return w.next(), nil
}

// transaction runs f between begin and commit, and undoes it when f or the commit fails or f
// panics. It does without sql.Tx because that always begins with one and the same statement.
func transaction(ctx context.Context, c *sql.Conn, begin string, f func() error) (err error) {
	if _, err := c.ExecContext(ctx, begin); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	done := false
	defer func() {
		if !done {
			rollback(ctx, c)
		}
	}()
	if err := f(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	// From here on it is decided: an interruption now must not report as failed what was kept.
	if _, err := c.ExecContext(context.WithoutCancel(ctx), "commit"); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	done = true
	return nil
}

// rollback undoes the open transaction also when ctx has ended. A connection that cannot even
// do that is broken, and its end undoes the transaction.
func rollback(ctx context.Context, c *sql.Conn) {
	_, _ = c.ExecContext(context.WithoutCancel(ctx), "rollback")
}

func (w *write) lock(ctx context.Context) error {
	const insert = `insert into division (division, version, boundaries) values ($1, 0, 0) on conflict do nothing`
	if _, err := w.conn.ExecContext(ctx, insert, w.engine.division); err != nil {
		return fmt.Errorf("lock division %s: %w", w.engine.division, err)
	}
	clock := instant{read: w.engine.dialect.ReadTime}
	row := w.conn.QueryRowContext(ctx, w.engine.dialect.Lock, w.engine.division)
	if err := row.Scan(&w.version, &w.boundaries, &clock); err != nil {
		return fmt.Errorf("lock division %s: %w", w.engine.division, err)
	}
	w.clock = clock.t
	return nil
}

// next is the version that this write makes, which its rows carry.
func (w *write) next() int64 { return w.version + 1 }

func (w *write) finish(ctx context.Context) error {
	e := w.engine
	if w.change == (Change{}) {
		return errNothing
	}
	if w.change.Boundaries || w.change.Locations {
		if err := w.placeAll(ctx); err != nil {
			return err
		}
	}
	boundaries := w.boundaries
	if w.change.Boundaries {
		boundaries = w.next()
	}
	if e.dialect.Announce != nil {
		if err := e.dialect.Announce(ctx, w.conn, e.division, w.next()); err != nil {
			return fmt.Errorf("announce version %d: %w", w.next(), err)
		}
	}
	var version int64
	const raise = `update division set version = version + 1, boundaries = $2, clock = $3 where division = $1 returning version`
	if err := w.conn.QueryRowContext(ctx, raise, e.division, boundaries, e.time(w.clock)).Scan(&version); err != nil {
		return fmt.Errorf("raise version: %w", err)
	}
	if version != w.next() {
		return fmt.Errorf("version is %d after %d although the division was locked", version, w.version)
	}
	return nil
}

// exec runs a statement of the write and returns how many rows it touched.
func (w *write) exec(ctx context.Context, query string, args ...any) (int64, error) {
	res, err := w.conn.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// bulk runs f, which writes into a fact table, inside the dialect's Bulk hook.
func (w *write) bulk(ctx context.Context, work Work, f func() error) error {
	if w.engine.dialect.Bulk == nil {
		return f()
	}
	return w.engine.dialect.Bulk(ctx, w.conn, work, f)
}

// time is t as the driver takes it, nil when unset.
func (e *Engine) time(t safety.Time) any {
	if !t.IsSet() {
		return nil
	}
	return e.dialect.Time(t)
}
