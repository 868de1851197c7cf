package postgis

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"sync"
	"time"

	"hazgrid/internal/store"
	"hazgrid/internal/store/merge"
	"hazgrid/safety"

	"github.com/jackc/pgx/v5"
)

// Connections kept ready, and at most.
const (
	maxIdle = 4
	maxOpen = 16
)

// A Store is one division in a PostGIS database.
type Store struct {
	config   *pgx.ConnConfig
	db       *sql.DB
	engine   *merge.Engine
	division string
	bell     bell
}

var _ store.Store = (*Store)(nil)

// Load implements store.Store.
func (s *Store) Load(ctx context.Context, since int64) (r safety.Records, err error) {
	err = s.with(ctx, func(c *sql.Conn) error {
		r, err = s.engine.Load(ctx, c, since)
		return err
	})
	return r, err
}

// Apply implements store.Store.
func (s *Store) Apply(ctx context.Context, b safety.Batch) (r safety.Receipt, err error) {
	err = s.with(ctx, func(c *sql.Conn) error {
		r, err = s.engine.Apply(ctx, c, b)
		return err
	})
	if err == nil && r.Version > 0 {
		s.bell.ring(ctx, s.notify)
	}
	return r, err
}

// Records implements store.Store.
func (s *Store) Records(ctx context.Context, q safety.Reading) iter.Seq2[safety.Stored, error] {
	return s.engine.Records(ctx, q, func(f func(*sql.Conn) error) error { return s.with(ctx, f) })
}

// Version implements store.Store.
func (s *Store) Version(ctx context.Context) (v int64, err error) {
	err = s.with(ctx, func(c *sql.Conn) error {
		v, err = s.engine.Version(ctx, c)
		return err
	})
	return v, err
}

// Batches implements store.Store.
func (s *Store) Batches(ctx context.Context) (all []safety.Applied, err error) {
	err = s.with(ctx, func(c *sql.Conn) error {
		all, err = s.engine.Batches(ctx, c)
		return err
	})
	return all, err
}

// Close implements store.Store. Readers still owed a wake-up get it first.
func (s *Store) Close() error {
	s.bell.flush(s.notify)
	return s.db.Close()
}

// with lends f a connection of the pool.
func (s *Store) with(ctx context.Context, f func(*sql.Conn) error) error {
	c, err := s.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect to PostgreSQL: %w", err)
	}
	defer func() { _ = c.Close() }() // gives it back; f's error is the one that counts
	return f(c)
}

// channel is what sleeping readers listen on.
const channel = "hazgrid"

// notify wakes the readers, of every division: they look for themselves. Its failure costs at
// most a poll's time, so nobody is told.
func (s *Store) notify(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_, _ = s.db.ExecContext(ctx, "notify "+channel)
}

// bellGap is the least time between two wake-ups from one process.
const bellGap = 25 * time.Millisecond

// A bell rings at most once per bellGap: at once if it has been quiet, else when the gap is over.
type bell struct {
	mu    sync.Mutex
	last  time.Time
	timer *time.Timer // of the ring still owed, nil if none
}

func (b *bell) ring(ctx context.Context, f func(context.Context)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.timer != nil {
		return
	}
	if wait := bellGap - time.Since(b.last); wait > 0 {
		ctx := context.WithoutCancel(ctx)
		b.timer = time.AfterFunc(wait, func() {
			b.mu.Lock()
			b.last, b.timer = time.Now(), nil
			b.mu.Unlock()
			f(ctx)
		})
		return
	}
	b.last = time.Now()
	f(ctx)
}

// flush rings at once if a ring is owed.
func (b *bell) flush(f func(context.Context)) {
	b.mu.Lock()
	owed := b.timer != nil && b.timer.Stop()
	b.timer = nil
	b.mu.Unlock()
	if owed {
		f(context.Background())
	}
}
