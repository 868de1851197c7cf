package gpkg

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"sync"

	"hazgrid/internal/store"
	"hazgrid/internal/store/merge"
	"hazgrid/safety"
)

// A Store is one division of a GeoPackage file. Its methods are safe for concurrent use.
type Store struct {
	division string
	engine   *merge.Engine
	news     *broadcast

	writer  *sql.DB // one connection: SQLite has one writer, and a batch is staged on it
	settler *sql.DB // one more, so that an edit need not wait until a batch is staged
	reader  *sql.DB
}

var _ store.Store = (*Store)(nil)

// Apply writes b as one transaction (see store.Store).
func (s *Store) Apply(ctx context.Context, b safety.Batch) (safety.Receipt, error) {
	if err := s.settle(ctx); err != nil {
		return safety.Receipt{}, err
	}
	c, err := s.writer.Conn(ctx)
	if err != nil {
		return safety.Receipt{}, fmt.Errorf("apply: %w", err)
	}
	defer c.Close() //nolint:errcheck // back to the pool
	r, err := s.engine.Apply(ctx, c, b)
	if err != nil {
		return r, explain(err)
	}
	s.news.tell()
	return r, nil
}

// Records yields the records of a kind (see store.Store).
func (s *Store) Records(ctx context.Context, q safety.Reading) iter.Seq2[safety.Stored, error] {
	return s.engine.Records(ctx, q, func(f func(*sql.Conn) error) error {
		if err := s.settle(ctx); err != nil {
			return err
		}
		return s.read(ctx, f)
	})
}

// Version returns the version of the division (see store.Store).
func (s *Store) Version(ctx context.Context) (v int64, err error) {
	if err := s.settle(ctx); err != nil {
		return 0, err
	}
	err = s.read(ctx, func(c *sql.Conn) error {
		v, err = s.engine.Version(ctx, c)
		return err
	})
	return v, err
}

// Batches returns the batches of the division, the newest first (see store.Store).
func (s *Store) Batches(ctx context.Context) (all []safety.Applied, err error) {
	if err := s.settle(ctx); err != nil {
		return nil, err
	}
	err = s.read(ctx, func(c *sql.Conn) error {
		all, err = s.engine.Batches(ctx, c)
		return err
	})
	return all, err
}

// read lends f a connection that can only read.
func (s *Store) read(ctx context.Context, f func(*sql.Conn) error) error {
	c, err := s.reader.Conn(ctx)
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	defer c.Close() //nolint:errcheck // back to the pool
	return f(c)
}

// loadTries is how often Load begins again because another program edited meanwhile.
const loadTries = 5

// Load returns the records of the division (see store.Store).
func (s *Store) Load(ctx context.Context, since int64) (safety.Records, error) {
	for try := 1; ; try++ {
		if err := s.settle(ctx); err != nil {
			return safety.Records{}, err
		}
		records, clean, err := s.loadOnce(ctx, since)
		if clean || try == loadTries {
			return records, err
		}
	}
}

// loadOnce loads, and tells whether nothing was unsettled after that, so that all it saw is settled.
func (s *Store) loadOnce(ctx context.Context, since int64) (records safety.Records, clean bool, err error) {
	err = s.read(ctx, func(c *sql.Conn) error {
		if records, err = s.engine.Load(ctx, c, since); err != nil {
			return err
		}
		if !records.Whole {
			err = s.bury(ctx, c, &records, since)
		}
		return err
	})
	if err != nil && ctx.Err() != nil {
		return records, true, err
	}
	pending, perr := s.pending(ctx)
	return records, !pending || perr != nil, errors.Join(err, perr)
}

// Close releases the store; watchers end.
func (s *Store) Close() error {
	s.news.close()
	var errs []error
	for _, db := range []*sql.DB{s.reader, s.settler, s.writer} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// A broadcast wakes whoever waits for the next version made by this process.
type broadcast struct {
	mu     sync.Mutex
	next   chan struct{} // closed with the next version
	closed chan struct{}
}

func newBroadcast() *broadcast {
	return &broadcast{next: make(chan struct{}), closed: make(chan struct{})}
}

func (b *broadcast) wait() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.next
}

func (b *broadcast) tell() {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.next)
	b.next = make(chan struct{})
}

func (b *broadcast) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-b.closed:
	default:
		close(b.closed)
	}
}
