package gpkg

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"time"
)

// pollEvery is how soon a commit of another process is noticed: the contract allows 250 ms
// for one of ours and a second for an edit by QGIS.
const pollEvery = 50 * time.Millisecond

// errClosed ends the watches of a store that was closed.
var errClosed = errors.New("the store is closed")

// Watch yields the newest version whenever one is committed (see store.Store). It holds a
// connection while it is ranged over, and settles what other programs edit.
func (s *Store) Watch(ctx context.Context) iter.Seq2[int64, error] {
	seen, err := s.Version(ctx)
	return func(yield func(int64, error) bool) {
		if err == nil {
			err = s.read(ctx, func(c *sql.Conn) error { return s.watch(ctx, c, seen, yield) })
		}
		if err != nil && ctx.Err() == nil {
			yield(0, fmt.Errorf("watch: %w", err))
		}
	}
}

func (s *Store) watch(ctx context.Context, c *sql.Conn, seen int64, yield func(int64, error) bool) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	state := int64(-1)
	for {
		next := s.news.wait()
		now, err := dataVersion(ctx, c)
		if err != nil {
			return err
		}
		if now != state {
			state = now
			v, err := s.settledVersion(ctx, c)
			if err != nil {
				return err
			}
			if v > seen {
				seen = v
				if !yield(v, nil) {
					return nil
				}
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-s.news.closed:
			return errClosed
		case <-next:
		case <-tick.C:
		}
	}
}

// dataVersion is a number that changes when another connection has committed.
func dataVersion(ctx context.Context, c *sql.Conn) (n int64, err error) {
	err = c.QueryRowContext(ctx, "PRAGMA data_version").Scan(&n)
	return n, err
}

// settledVersion takes in what other programs did, and returns the version after that.
func (s *Store) settledVersion(ctx context.Context, c *sql.Conn) (int64, error) {
	if err := s.settleSeen(ctx, c); err != nil {
		return 0, err
	}
	return s.engine.Version(ctx, c)
}
