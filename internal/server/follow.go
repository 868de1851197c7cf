package server

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"hazgrid/safety"
)

// A change is one version as the event stream tells it.
type change struct {
	Version int64
	Codes   []string // grids whose figures differ, sorted
	All     bool     // any grid may
}

// historySize is how many changes a reader may have missed before it is told "all".
const historySize = 1024

// How Run follows the store.
const (
	tickEvery  = 100 * time.Millisecond // how often the clock is compared with the next deadline
	lookEvery  = time.Second            // how often the version is read, should Watch miss one
	retryFirst = 100 * time.Millisecond
	retryMost  = 5 * time.Second
)

// Run follows the store until ctx ends: each committed version, and each deadline that passes, becomes the
// snapshot that is served. Trouble with the store is logged and tried again; what was loaded is served
// meanwhile. When Run returns, event streams end.
func (s *Server) Run(ctx context.Context) {
	defer s.end.Do(func() { close(s.closing) })
	var wg sync.WaitGroup
	wg.Go(func() { s.watch(ctx) })
	wg.Go(func() { s.ahead(ctx) })
	wg.Go(func() { s.every(ctx, tickEvery, s.tick) })
	wg.Go(func() { s.every(ctx, lookEvery, s.look) })
	wg.Wait()
}

// every calls f until ctx ends, more and more rarely while f fails.
func (s *Server) every(ctx context.Context, period time.Duration, f func(context.Context) error) {
	wait := period
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		err := f(ctx)
		switch {
		case err == nil:
			wait = period
		case ctx.Err() == nil:
			s.cfg.Log.ErrorContext(ctx, "cannot follow the store", "err", err)
			wait = min(max(2*wait, retryFirst), retryMost)
		}
	}
}

// watch refreshes at every version that Watch yields, and watches again when it ends.
func (s *Server) watch(ctx context.Context) {
	wait := retryFirst
	for ctx.Err() == nil {
		for _, err := range s.cfg.Store.Watch(ctx) {
			if err == nil {
				err = s.refresh(ctx)
			}
			if err != nil {
				if ctx.Err() == nil {
					s.cfg.Log.ErrorContext(ctx, "cannot follow the store", "err", err)
				}
				break
			}
			wait = retryFirst
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
			wait = min(2*wait, retryMost)
		}
	}
}

// look refreshes when the store has a version that is not served.
func (s *Server) look(ctx context.Context) error {
	v, err := s.cfg.Store.Version(ctx)
	if err != nil || v == s.current().Version() {
		return err
	}
	return s.refresh(ctx)
}

// load makes the first snapshot.
func (s *Server) load(ctx context.Context) error {
	records, err := s.cfg.Store.Load(ctx, 0)
	if err != nil {
		return err
	}
	now := s.now()
	if due, err := dueSince(records, now); err != nil {
		return err
	} else if due.IsSet() {
		// Deadlines passed while nobody looked: that is a version of its own.
		if _, err := s.cfg.Store.Apply(ctx, safety.Batch{Clock: due}); err != nil {
			s.cfg.Log.WarnContext(ctx, "cannot note the time in the store", "err", err)
		} else if records, err = s.cfg.Store.Load(ctx, 0); err != nil {
			return err
		}
	}
	snapshot, err := safety.NewSnapshot(records, now)
	if err != nil {
		return err
	}
	s.state.Store(newState(1, snapshot))
	return nil
}

// dueSince returns the first deadline after the last tick of the store that has passed at now, if any.
func dueSince(r safety.Records, now safety.Time) (safety.Time, error) {
	if !r.Clock.IsSet() || r.Clock >= now {
		return 0, nil
	}
	then, err := safety.NewSnapshot(r, r.Clock)
	if err != nil {
		return 0, err
	}
	if next := then.NextChange(); next.IsSet() && next <= now {
		return next, nil
	}
	return 0, nil
}

// refresh serves what the store has.
func (s *Server) refresh(ctx context.Context) error {
	s.update.Lock()
	defer s.update.Unlock()
	return s.advance(ctx)
}

// Apply writes a batch into the store and serves what follows before it returns: no request that begins after that gets
// older content. When only the serving fails, the receipt tells what was written.
func (s *Server) Apply(ctx context.Context, b safety.Batch) (safety.Receipt, error) {
	r, err := s.cfg.Store.Apply(ctx, b)
	if err != nil {
		return r, err
	}
	return r, s.refresh(ctx)
}

// advance makes the next state if there is anything new. The caller holds update.
func (s *Server) advance(ctx context.Context) error {
	cur := s.current()
	delta, err := s.cfg.Store.Load(ctx, cur.Version())
	if err == nil && delta.Version < cur.Version() { // another store was put in its place
		delta, err = s.cfg.Store.Load(ctx, 0)
	}
	if err != nil {
		return fmt.Errorf("load what changed since version %d: %w", cur.Version(), err)
	}
	if delta.Version == cur.Version() {
		return nil // time alone changes nothing that is served: tick makes it a version first
	}
	next, err := cur.Next(delta, s.now())
	if err != nil {
		return fmt.Errorf("version %d: %w", delta.Version, err)
	}
	s.swap(next)
	s.cfg.Log.InfoContext(ctx, "snapshot swapped", "version", next.Version())
	return nil
}

// swap serves next from now on and wakes those who wait.
func (s *Server) swap(next *safety.Snapshot) {
	old := s.state.Load()
	history := old.history
	if next.Version() != old.snapshot.Version() {
		codes, all := next.Changed(old.snapshot)
		if len(codes) > namedAtMost {
			codes, all = nil, true
		}
		history = append(history[max(0, len(history)-historySize+1):len(history):len(history)], change{next.Version(), codes, all})
	}
	st := newState(old.seq+1, next)
	st.history = history
	if len(history) > 0 {
		st.before, st.told = old.snapshot.Version(), history[len(history)-1].event()
	}
	if sameLines(next, old.snapshot) {
		st.linesSince = old.linesSince
	}
	s.state.Store(st)
	close(old.superseded)
}

func newState(seq int64, snapshot *safety.Snapshot) *state {
	return &state{
		seq: seq, snapshot: snapshot, linesSince: seq, superseded: make(chan struct{}),
		version: []string{strconv.FormatInt(snapshot.Version(), 10)},
	}
}

func due(snapshot *safety.Snapshot, now safety.Time) bool {
	next := snapshot.NextChange()
	return next.IsSet() && next <= now
}

// tickPatience is how long a request waits for a deadline that has just passed to become a version.
const tickPatience = 250 * time.Millisecond

// tick makes a version when the clock has passed a deadline, and waits a moment for it. The store
// may be held by a large import of another process: then the figures stay as they are, all of
// one version, until it lets the time in.
func (s *Server) tick(ctx context.Context) error {
	if !due(s.current(), s.now()) {
		return nil
	}
	wait := time.NewTimer(tickPatience)
	defer wait.Stop()
	select {
	case err := <-s.noteTime(context.WithoutCancel(ctx)):
		return err
	case <-wait.C:
	case <-ctx.Done():
	}
	return nil
}

// noteTime writes the deadline that has passed into the store and serves what follows. Only one
// call does so at a time; the others wait for the same outcome.
func (s *Server) noteTime(ctx context.Context) <-chan error {
	return s.noting.join(func() error {
		cur := s.current()
		if !due(cur, s.now()) {
			return nil
		}
		if _, err := s.cfg.Store.Apply(ctx, safety.Batch{Clock: cur.NextChange()}); err != nil {
			return fmt.Errorf("note the time in the store: %w", err)
		}
		return s.refresh(ctx)
	})
}

// A flight lets many wait for one run of a function.
type flight struct {
	mu      sync.Mutex
	waiting []chan error // of the run under way, nil when there is none
}

// join starts f unless a run is under way, and returns where its outcome will be.
func (w *flight) join(f func() error) <-chan error {
	outcome := make(chan error, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting = append(w.waiting, outcome)
	if len(w.waiting) == 1 {
		go func() { w.land(f()) }()
	}
	return outcome
}

func (w *flight) land(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, outcome := range w.waiting {
		outcome <- err
	}
	w.waiting = nil
}

// atLeast waits until version n is served, at most patience. It returns a state in any case.
func (s *Server) atLeast(ctx context.Context, n int64) (*state, bool) {
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	for {
		st := s.state.Load()
		if st.snapshot.Version() >= n {
			return st, true
		}
		select {
		case <-st.superseded:
		case <-timeout.C:
			return st, false
		case <-ctx.Done():
			return st, false
		}
	}
}

// patience is how long a request waits for the version it asks for.
const patience = 5 * time.Second
