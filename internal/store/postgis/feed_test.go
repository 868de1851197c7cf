package postgis_test

import (
	"context"
	"iter"
	"testing"
	"time"

	"hazgrid/internal/store/postgis"
	"hazgrid/internal/store/postgis/pgtest"
	"hazgrid/safety"
)

func tick(t *testing.T, s *postgis.Store, at safety.Time) int64 {
	t.Helper()
	r, err := s.Apply(t.Context(), safety.Batch{Clock: at})
	if err != nil {
		t.Fatal(err)
	}
	return r.Version
}

func TestAWatchSurvivesTheLossOfItsConnections(t *testing.T) {
	url := pgtest.DB(t)
	s, writer := open(t, url, "0"), open(t, url, "0")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	next, stop := iter.Pull2(s.Watch(ctx))
	defer stop()
	for round := range safety.Time(3) {
		want := tick(t, writer, round+1)
		if v, err, ok := next(); !ok || err != nil || v != want {
			t.Fatalf("got version %d, %v, want %d", v, err, want)
		}
		const kill = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
		if _, err := connect(t, url).ExecContext(t.Context(), kill); err != nil {
			t.Fatal(err)
		}
		reconnected(t, writer)
	}
}

// reconnected waits until s answers again.
func reconnected(t *testing.T, s *postgis.Store) {
	t.Helper()
	for range 200 {
		if _, err := s.Version(t.Context()); err == nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("the store does not answer any more")
}

func TestEveryVersionIsInTheOutbox(t *testing.T) {
	url := pgtest.DB(t)
	s := open(t, url, "0")
	for at := range safety.Time(5) {
		tick(t, s, at+1)
	}
	got := strings1(t, connect(t, url), "select version::text from outbox where division = '0' order by version")
	if len(got) != 5 || got[0] != "1" || got[4] != "5" {
		t.Errorf("got versions %v, want 1 to 5", got)
	}
}

// TestManyWritesWakeReadersSeldom counts the wake-ups of a burst: throttled, and the last write's never missing.
func TestManyWritesWakeReadersSeldom(t *testing.T) {
	url := pgtest.DB(t)
	s := open(t, url, "0")
	rings := listen(t, url)
	const writes = 50
	began := time.Now()
	for at := range safety.Time(writes) {
		tick(t, s, at+1)
	}
	if err := s.Close(); err != nil { // gives what is owed
		t.Fatal(err)
	}
	most := int(time.Since(began)/postgis.BellGap) + 2
	if n := rings(); n < 1 || n > most {
		t.Errorf("got %d wake-ups for %d writes, want 1 to %d", n, writes, most)
	}
}
