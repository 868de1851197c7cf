package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"hazgrid/internal/store"
	"hazgrid/safety"

	"github.com/paulmach/orb"
	"pgregory.net/rapid"
)

func reverts() map[string]func(*testing.T, Opener) {
	return map[string]func(*testing.T, Opener){
		"every batch that changed something is listed, the newest first":         listed,
		"a batch that is reverted leaves the records as they were before it":     reverted,
		"a revert is a batch and can be reverted":                                revertedTwice,
		"batches are reverted one after the other, back to the empty store":      unwound,
		"a batch whose records a later one changed is not reverted":              revertChanged,
		"a batch whose records a later one refers to is not reverted":            revertReferred,
		"a batch of grids takes its boundaries with it, and their epochs":        revertGrids,
		"a parent that a code names goes with the batch that brought it":         revertParents,
		"records put back lie in the grids of today":                             revertPlaces,
		"hazards follow the enterprise that is put back":                         revertFollowers,
		"rows from before there were batches are put back too":                   revertOlder,
		"a revert that is not confirmed writes nothing, and needs a batch":       revertRefused,
		"whatever is written, reverting gives the records before, in each order": revertAnything,
	}
}

// undo is the batch that reverts another.
func undo(number int64) safety.Batch {
	return safety.Batch{Revert: number, Origin: by("undoer")}
}

func by(name string) func() safety.Origin {
	return func() safety.Origin {
		return safety.Origin{File: name + ".csv", By: name, At: safety.TimeOf(day(20)), Frame: "wgs84", Encoding: "utf-8"}
	}
}

// content is what can be seen of a store but for its version: records, and for each place in use where it is.
func content(t *testing.T, s store.Store) safety.Records {
	t.Helper()
	r := load(t, s, 0)
	r.Version = 0
	used := map[safety.PlaceID]bool{}
	for _, e := range r.Enterprises {
		used[e.Place] = true
	}
	for _, h := range r.Hazards {
		used[h.Place] = true
	}
	for _, i := range r.Inspections {
		used[i.Place] = true
	}
	r.Sites = slices.DeleteFunc(r.Sites, func(s safety.Site) bool { return !used[s.Place] })
	return r
}

// refused fails the test unless b is refused with a conflict that says what.
func refused(t *testing.T, s store.Store, b safety.Batch, want error, says ...string) {
	t.Helper()
	before := content(t, s)
	_, err := s.Apply(t.Context(), b)
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want %v", err, want)
	}
	for _, word := range says {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("got %q, want it to say %q", err, word)
		}
	}
	same(t, "records", content(t, s), before)
}

func batches(t *testing.T, s store.Store) []safety.Applied {
	t.Helper()
	all, err := s.Batches(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func revertParents(t *testing.T, o Opener) {
	s := o.Open(t, home)
	apply(t, s, batch(t, safety.Grids, grid("330381001002003", 3, square(120, 27, 1, 0.5))))
	alone := content(t, s)
	community := apply(t, s, batch(t, safety.Grids, grid("330381001002", 2, square(120, 27, 1, 1))))
	both := content(t, s)
	if both.Grids[0].Parent == alone.Grids[0].Parent && both.Grids[1].Parent == alone.Grids[0].Parent {
		t.Fatalf("no parent is derived: %+v", both.Grids)
	}
	back := apply(t, s, undo(community.Version))
	same(t, "records", content(t, s), alone)
	apply(t, s, undo(back.Version))
	same(t, "records", content(t, s), both)
}

func listed(t *testing.T, o Opener) {
	s := o.Open(t, home)
	same(t, "of an empty store", batches(t, s), []safety.Applied(nil))
	first := batch(t, safety.Enterprises, enterprise("a", inW()), enterprise("b", inE()), enterprise("b", nowhere()), enterprise("c", inE(), "parent", "nobody"))
	first.Origin = func() safety.Origin { o := by("ann")(); o.LeftOut = 2; return o }
	apply(t, s, first)
	apply(t, s, batch(t, safety.Enterprises, enterprise("a", inW())))
	apply(t, s, safety.Batch{Clock: safety.TimeOf(day(5))})
	apply(t, s, batch(t, safety.Enterprises, enterprise("a", inE())))
	apply(t, s, undo(3))
	same(t, "batches", batches(t, s), []safety.Applied{
		{Batch: 4, Op: safety.OpRevert, Kind: safety.Enterprises, Reverts: 3, Origin: by("undoer")(), Updated: 1},
		{Batch: 3, Op: safety.OpImport, Kind: safety.Enterprises, Read: 1, Updated: 1},
		{Batch: 1, Op: safety.OpImport, Kind: safety.Enterprises, Origin: by("ann")(), Read: 6, Inserted: 2, Superseded: 1, Rejected: 3},
	})
	same(t, "of another division", batches(t, o.Open(t, "other")), []safety.Applied(nil))
}

func reverted(t *testing.T, o Opener) {
	s := o.Open(t, home)
	apply(t, s, town(t))
	apply(t, s, batch(t, safety.Enterprises, enterprise("a", inW(), "name", "A", "floor_area_m2", 0.1), enterprise("b", nil), enterprise("c", inE())))
	before := content(t, s)
	sync := batch(t, safety.Enterprises, enterprise("a", inE()), enterprise("b", inW(), "opened_at", day(3)), enterprise("d", nowhere()))
	sync.Sync, sync.Origin = &safety.Sync{MaxPercent: 50}, by("ann")
	apply(t, s, sync)
	r := apply(t, s, undo(3))
	if r.Inserted != 1 || r.Updated != 2 || r.Ended != 1 || r.Version != 4 {
		t.Errorf("got %+v, want c again, a and b as they were, d ended", r)
	}
	same(t, "records", content(t, s), before)
	same(t, "digests: the first file again", counts(apply(t, s, batch(t, safety.Enterprises,
		enterprise("a", inW(), "name", "A", "floor_area_m2", 0.1), enterprise("b", nil), enterprise("c", inE())))), [5]int64{0, 0, 3, 0, 0})
}

func revertedTwice(t *testing.T, o Opener) {
	s := o.Open(t, home)
	apply(t, s, batch(t, safety.Lines, spec{orb.MultiLineString{{inW(), inE()}}, values{"id": "l", "name": "one"}}))
	apply(t, s, batch(t, safety.Lines, spec{orb.MultiLineString{{inE(), inW()}}, values{"id": "l", "name": "two"}},
		spec{orb.MultiLineString{{inE(), nowhere()}}, values{"id": "m"}}))
	after := content(t, s)
	apply(t, s, undo(2))
	before := content(t, s)
	for number := range int64(4) {
		apply(t, s, undo(3+number))
		want := after
		if number%2 == 1 {
			want = before
		}
		same(t, fmt.Sprint("after reverting ", 3+number), content(t, s), want)
	}
	refused(t, s, undo(2), safety.ErrConflict, "batch 7")
}

func unwound(t *testing.T, o Opener) {
	s := o.Open(t, home)
	var states []safety.Records
	for _, b := range []safety.Batch{
		town(t), batch(t, safety.Enterprises, enterprise("a", inW())), batch(t, safety.Enterprises, enterprise("a", inE()), enterprise("b", nil, "parent", "a")),
		batch(t, safety.Hazards, hazard("h", "a", nil), hazard("i", "", inW())), batch(t, safety.Hazards, hazard("h", "b", nil)),
		batch(t, safety.Inspections, inspection("v", "a", nil)), batch(t, safety.Enterprises, enterprise("a", nowhere())),
	} {
		states = append(states, content(t, s))
		apply(t, s, b)
	}
	for i := len(states) - 1; i >= 0; i-- {
		apply(t, s, undo(int64(i+1)))
		same(t, fmt.Sprint("before batch ", i+1), content(t, s), states[i])
	}
	ids := load(t, s, 0)
	if len(ids.Grids) != 0 {
		t.Errorf("got %d grids, want none", len(ids.Grids))
	}
	apply(t, s, town(t))
	for _, g := range load(t, s, 0).Grids {
		if want := safety.GridID(home, g.Scheme, g.Code); g.ID != want {
			t.Errorf("id of %s: got %d, want %d again", g.Code, g.ID, want)
		}
	}
}

func revertChanged(t *testing.T, o Opener) {
	s := o.Open(t, home)
	apply(t, s, batch(t, safety.Enterprises, enterprise("a", inW()), enterprise("b", inW())))
	apply(t, s, batch(t, safety.Enterprises, enterprise("a", inE()), enterprise("c", inE())))
	apply(t, s, batch(t, safety.Enterprises, enterprise("c", inW())))
	apply(t, s, batch(t, safety.Enterprises, enterprise("a", nowhere())))
	refused(t, s, undo(1), safety.ErrConflict, "batch 4")
	refused(t, s, undo(2), safety.ErrConflict, "batches 3, 4")
	apply(t, s, undo(4))
	refused(t, s, undo(2), safety.ErrConflict, "batch 3")
	refused(t, s, undo(4), safety.ErrConflict, "batch 5")
	apply(t, s, undo(3))
	apply(t, s, undo(2))
	apply(t, s, undo(1))
	same(t, "records", content(t, s), safety.Records{Whole: true})
	refused(t, s, undo(1), safety.ErrConflict)
}

func revertReferred(t *testing.T, o Opener) {
	s := o.Open(t, home)
	apply(t, s, batch(t, safety.Grids, grid("T", 1, square(120, 27, 2, 1))))
	apply(t, s, batch(t, safety.Grids, grid("W", 2, square(120, 27, 1, 1), "parent", "T")))
	apply(t, s, batch(t, safety.Enterprises, enterprise("a", inW())))
	apply(t, s, batch(t, safety.Hazards, hazard("h", "a", nil)))
	apply(t, s, batch(t, safety.Inspections, inspection("v", "a", nil)))
	apply(t, s, batch(t, safety.Enterprises, enterprise("b", nil, "parent", "a")))
	refused(t, s, undo(1), safety.ErrConflict, "batch 2")
	refused(t, s, undo(3), safety.ErrConflict, "batches 4, 5, 6")
	for _, number := range []int64{4, 5, 6, 3, 2, 1} {
		apply(t, s, undo(number))
	}
	same(t, "records", content(t, s), safety.Records{Whole: true})
}

func revertGrids(t *testing.T, o Opener) {
	s := o.Open(t, home)
	apply(t, s, town(t))
	apply(t, s, batch(t, safety.Hazards, hazard("h", "", inW()), hazard("i", "", inE())))
	before := content(t, s)
	apply(t, s, batch(t, safety.Grids, // a new boundary from day 10 on, and a correction of the old ones
		grid("W", 2, square(120, 27, 0.25, 1), "parent", "T", "valid_from", day(10)), grid("E", 2, square(121, 27, 0.25, 1), "parent", "T"),
		grid("V", 1, square(120, 27, 3, 3), "scheme", "villages")))
	after := content(t, s)
	if slices.Equal(codes(before, before.Hazards[0].Place, 0), codes(after, after.Hazards[0].Place, 0)) {
		t.Fatal("the batch was to move the hazard")
	}
	old := load(t, s, 0)
	apply(t, s, undo(3))
	same(t, "records", content(t, s), before)
	same(t, "records followed", follow(t, s, old), load(t, s, 0))
	apply(t, s, undo(4))
	same(t, "records after reverting the revert", content(t, s), after)
}

func revertPlaces(t *testing.T, o Opener) {
	s := o.Open(t, home)
	apply(t, s, batch(t, safety.Enterprises, enterprise("e", inW())))
	apply(t, s, batch(t, safety.Enterprises, enterprise("e", inE())))
	apply(t, s, batch(t, safety.Hazards, hazard("h", "e", nil), hazard("i", "e", inE())))
	apply(t, s, batch(t, safety.Hazards, hazard("h", "e", inE()), hazard("i", "e", nil)))
	apply(t, s, town(t))
	old := load(t, s, 0)
	apply(t, s, undo(4))
	apply(t, s, undo(2))
	got := load(t, s, 0)
	same(t, "of e", codes(got, find(t, got.Enterprises, "e").Place, 0), []string{"T", "W"})
	same(t, "of h, at e", codes(got, find(t, got.Hazards, "h").Place, 0), []string{"T", "W"})
	same(t, "of i", codes(got, find(t, got.Hazards, "i").Place, 0), []string{"T", "E"})
	same(t, "records followed", follow(t, s, old), got)
}

func revertFollowers(t *testing.T, o Opener) {
	s := o.Open(t, home)
	apply(t, s, town(t))
	apply(t, s, batch(t, safety.Enterprises, enterprise("e", nil), enterprise("f", inE())))
	apply(t, s, batch(t, safety.Hazards, hazard("h", "e", nil), hazard("own", "e", inW())))
	apply(t, s, batch(t, safety.Inspections, inspection("v", "e", nil), inspection("w", "f", nil)))
	before := content(t, s)
	apply(t, s, batch(t, safety.Enterprises, enterprise("e", inW()), enterprise("f", nil)))
	old := load(t, s, 0)
	apply(t, s, undo(5))
	same(t, "records", content(t, s), before)
	same(t, "records followed", follow(t, s, old), load(t, s, 0))
}

// revertOlder starts from rows as a store has them that was made before there were batches.
func revertOlder(t *testing.T, o Opener) {
	s := o.Open(t, home)
	apply(t, s, batch(t, safety.Enterprises, enterprise("a", inW()), enterprise("b", inE())))
	for _, statement := range []string{"update enterprises set batch = null", "delete from batches"} {
		if _, err := o.DB.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	before := content(t, s)
	apply(t, s, syncing(batch(t, safety.Enterprises, enterprise("a", inE())), safety.Sync{MaxPercent: 50}))
	apply(t, s, undo(2))
	same(t, "records", content(t, s), before)
	refused(t, s, undo(1), safety.ErrNotFound)
	apply(t, s, undo(3))
	same(t, "after reverting the revert", enterpriseIDs(t, s), []string{"a"})
}

func revertRefused(t *testing.T, o Opener) {
	s := o.Open(t, home)
	refused(t, s, undo(1), safety.ErrNotFound, "batch 1")
	apply(t, s, batch(t, safety.Enterprises, enterprise("a", inW())))
	refused(t, s, undo(2), safety.ErrNotFound, "batch 2")
	refused(t, o.Open(t, "other"), undo(1), safety.ErrNotFound)
	refused(t, s, safety.Batch{Revert: 1}, safety.ErrInvalid, "time")
	stop := errors.New("dry run")
	b := undo(1)
	b.Confirm = func(r safety.Receipt) error {
		if r.Ended != 1 {
			t.Errorf("got %+v, want one ended", r)
		}
		return stop
	}
	refused(t, s, b, stop)
	if got := batches(t, s); len(got) != 1 {
		t.Errorf("got %+v, want the import alone", got)
	}
}

// revertAnything writes random batches, some of which end what they have not, and reverts the last
// ones, or a revert again.
func revertAnything(t *testing.T, o Opener) {
	number := 0
	property(t, 12, func(r *rapid.T) {
		number++
		s := o.Open(t, fmt.Sprint("d", number))
		states := []safety.Records{content(t, s)} // state n is that after version n
		follower := load(t, s, 0)
		for range rapid.IntRange(1, 6).Draw(r, "writes") {
			b := randomBatch(t, r)
			b.Origin = by("ann")
			if rapid.Bool().Draw(r, "sync") {
				b.Sync = &safety.Sync{MaxPercent: 100}
			}
			if apply(t, s, b).Version >= int64(len(states)) {
				states = append(states, content(t, s))
			}
		}
		last := int64(len(states) - 1)
		for n := last; n > 0 && n > last-3; n-- {
			_, err := s.Apply(t.Context(), undo(n))
			if err != nil {
				t.Fatalf("revert %d of %d: %v", n, last, err)
			}
			same(t, fmt.Sprint("reverted ", n), content(t, s), states[n-1])
			states = append(states, content(t, s))
		}
		if n := int64(len(states) - 1); n > last {
			apply(t, s, undo(n))
			same(t, "the last revert reverted", content(t, s), states[n-1])
		}
		same(t, "records followed", follow(t, s, follower), load(t, s, 0))
	})
}
