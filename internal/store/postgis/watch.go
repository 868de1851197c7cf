package postgis

import (
	"context"
	"iter"
	"time"

	"github.com/jackc/pgx/v5"
)

// pollEvery is how long a commit may stay unseen when its wake-up is lost.
const pollEvery = 500 * time.Millisecond

// Watch implements store.Store. It listens for wake-ups and looks at the version each time and
// every pollEvery besides, so nothing depends on a wake-up arriving. A server that goes away is
// waited for: the reader is behind meanwhile, and catches up. Only ctx ends it.
func (s *Store) Watch(ctx context.Context) iter.Seq2[int64, error] {
	last, err := s.Version(ctx)
	return func(yield func(int64, error) bool) {
		if err != nil {
			if ctx.Err() == nil {
				yield(0, err)
			}
			return
		}
		ear := ear{config: s.config}
		defer ear.close()
		for {
			ear.open(ctx) // before looking: what is committed after the look rings
			if v, err := s.Version(ctx); err == nil && v > last {
				last = v
				if !yield(v, nil) {
					return
				}
				continue
			}
			if ear.wait(ctx); ctx.Err() != nil {
				return
			}
		}
	}
}

// An ear is a connection that listens, opened again whenever it is lost.
type ear struct {
	config *pgx.ConnConfig
	conn   *pgx.Conn
}

func (e *ear) open(ctx context.Context) {
	if e.conn != nil {
		return
	}
	conn, err := pgx.ConnectConfig(ctx, e.config)
	if err != nil {
		return // deaf until the next try
	}
	e.conn = conn
	if _, err := conn.Exec(ctx, "listen "+channel); err != nil {
		e.close()
	}
}

// wait returns at a wake-up, after pollEvery, or when ctx ends.
func (e *ear) wait(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, pollEvery)
	defer cancel()
	if e.conn == nil {
		<-ctx.Done()
		return
	}
	_, err := e.conn.WaitForNotification(ctx)
	if err != nil && ctx.Err() == nil || e.conn.IsClosed() {
		e.close()
	}
}

func (e *ear) close() {
	if e.conn != nil {
		_ = e.conn.Close(context.Background()) // it may be dead: nothing to be done
		e.conn = nil
	}
}
