package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"hazgrid/internal/store"
	"hazgrid/safety"
)

// patience is how long a test waits for what must come within a second, on a busy machine.
const patience = 20 * time.Second

func watches() map[string]func(*testing.T, Opener) {
	return map[string]func(*testing.T, Opener){
		"a handle sees the commits of another":                               seesOthers,
		"a watch ends with its context":                                      watchEnds,
		"a commit whose wake-up is lost is seen all the same":                lostWakeUp,
		"a write that began later and committed first loses nothing":         overtaking,
		"writers side by side make one version each and a follower gets all": sideBySide,
	}
}

// watching starts a watch and returns its versions.
func watching(t *testing.T, s store.Store) <-chan int64 {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	seen := make(chan int64, 1000)
	versions := s.Watch(ctx)
	var done sync.WaitGroup
	done.Go(func() {
		for v, err := range versions {
			if err != nil {
				t.Errorf("watch: %v", err)
				return
			}
			seen <- v
		}
	})
	t.Cleanup(func() { cancel(); done.Wait() })
	return seen
}

// await waits until version v or a later one is seen.
func await(t *testing.T, seen <-chan int64, v int64) {
	t.Helper()
	late := time.After(patience)
	for {
		select {
		case got := <-seen:
			if got >= v {
				return
			}
		case <-late:
			t.Fatalf("version %d was not seen", v)
		}
	}
}

func seesOthers(t *testing.T, o Opener) {
	writer := o.Open(t, home)
	before := apply(t, writer, town(t)).Version
	own, other := watching(t, writer), watching(t, o.Open(t, home))
	for i := range int64(3) {
		v := apply(t, writer, batch(t, safety.Hazards, hazard(fmt.Sprint(i), "", inW()))).Version
		if v != before+i+1 {
			t.Fatalf("got version %d, want %d", v, before+i+1)
		}
		await(t, own, v)
		await(t, other, v)
	}
}

func watchEnds(t *testing.T, o Opener) {
	s := o.Open(t, home)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	for v, err := range s.Watch(ctx) {
		t.Errorf("got version %d, error %v, want nothing", v, err)
	}
}

func lostWakeUp(t *testing.T, o Opener) {
	s := o.Open(t, home)
	v := apply(t, s, town(t)).Version
	seen := watching(t, o.Open(t, home))
	if _, err := o.DB.ExecContext(t.Context(), "update division set version = version + 1 where division = $1", home); err != nil {
		t.Fatal(err)
	}
	await(t, seen, v+1)
}

func overtaking(t *testing.T, o Opener) {
	slow, quick, reader := o.Open(t, home), o.Open(t, home), o.Open(t, home)
	apply(t, slow, town(t))
	seen := watching(t, reader)
	started, release := make(chan bool), make(chan bool)
	type result struct {
		safety.Receipt
		error
	}
	finished := make(chan result)
	first := record(t, safety.Hazards, 1, inW(), hazard("slow", "", nil).v)
	go func() {
		r, err := slow.Apply(t.Context(), safety.Batch{Kind: safety.Hazards, Records: func(yield func(safety.Record, error) bool) {
			close(started)
			<-release
			yield(first, nil)
		}})
		finished <- result{r, err}
	}()
	<-started
	v := apply(t, quick, batch(t, safety.Hazards, hazard("quick", "", inE()))).Version
	await(t, seen, v)
	half := load(t, reader, 0)
	close(release)
	late := <-finished
	if late.error != nil || late.Version != v+1 {
		t.Fatalf("got version %d, %v, want %d", late.Version, late.error, v+1)
	}
	await(t, seen, late.Version)
	same(t, "what the reader follows", follow(t, reader, half), load(t, quick, 0))
}

func sideBySide(t *testing.T, o Opener) {
	const writers, writes = 3, 6
	reader := o.Open(t, home)
	apply(t, reader, town(t))
	seen := watching(t, reader)
	followed := load(t, reader, 0)
	var group sync.WaitGroup
	for w := range writers {
		s := o.Open(t, home)
		group.Go(func() {
			for i := range writes {
				if _, err := s.Apply(t.Context(), batch(t, safety.Hazards, hazard(fmt.Sprint(w, "-", i), "", inW()))); err != nil {
					t.Errorf("writer %d: %v", w, err)
				}
			}
		})
	}
	late := time.After(patience)
	for followed.Version < 1+writers*writes && !t.Failed() {
		select {
		case <-seen:
			followed = follow(t, reader, followed)
		case <-late:
			t.Errorf("followed to version %d, want %d", followed.Version, 1+writers*writes)
		}
	}
	group.Wait()
	if len(followed.Hazards) != writers*writes {
		t.Errorf("got %d hazards, want %d", len(followed.Hazards), writers*writes)
	}
}
