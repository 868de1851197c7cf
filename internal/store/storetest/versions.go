package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"hazgrid/internal/store"
	"hazgrid/safety"

	"github.com/paulmach/orb"
	"pgregory.net/rapid"
)

func versions() map[string]func(*testing.T, Opener) {
	return map[string]func(*testing.T, Opener){
		"each write that changes something is one version":      rising,
		"a load since a version gives what changed and no more": deltas,
		"changes applied one by one equal the whole":            deltasEqualWhole,
		"time makes a version once for each instant":            clock,
		"a new handle loads what an old one wrote":              reopened,
	}
}

func rising(t *testing.T, o Opener) {
	s := o.Open(t, home)
	for i := range int64(4) {
		r := apply(t, s, batch(t, safety.Hazards, hazard(fmt.Sprint(i), "", inW())))
		if v, err := s.Version(t.Context()); r.Version != i+1 || v != i+1 || err != nil {
			t.Errorf("got version %d in the receipt, %d in the store, %v, want %d", r.Version, v, err, i+1)
		}
	}
}

func deltas(t *testing.T, o Opener) {
	s := o.Open(t, home)
	apply(t, s, town(t))
	apply(t, s, batch(t, safety.Hazards, hazard("a", "", inW()), hazard("b", "", inW())))
	apply(t, s, batch(t, safety.Hazards, hazard("a", "", inW()), hazard("b", "", inE()), hazard("c", "", inE())))
	got := load(t, s, 2)
	if got.Whole || got.Version != 3 || len(got.Hazards) != 2 || len(got.Grids) != 0 {
		t.Fatalf("since 2: got whole %v, version %d, %d hazards, %d grids, want false, 3, 2, 0", got.Whole, got.Version, len(got.Hazards), len(got.Grids))
	}
	same(t, "sites of the new place", codes(got, got.Hazards[0].Place, 0), []string{"T", "E"})
	same(t, "since the last version", load(t, s, 3), safety.Records{Version: 3})
	if !load(t, s, 99).Whole {
		t.Error("since a version that is not there yet: got a delta, want everything")
	}
}

func clock(t *testing.T, o Opener) {
	s, other := o.Open(t, home), o.Open(t, home)
	at := safety.TimeOf(day(5))
	first := apply(t, s, safety.Batch{Clock: at}).Version
	if again := apply(t, other, safety.Batch{Clock: at}).Version; first != 1 || again != 1 {
		t.Errorf("got versions %d and %d, want 1 and 1", first, again)
	}
	apply(t, s, batch(t, safety.Hazards, hazard("h", "", inW())))
	if v := apply(t, s, safety.Batch{Clock: at - 1}).Version; v != 2 {
		t.Errorf("an earlier instant: got version %d, want 2", v)
	}
	if v := apply(t, other, safety.Batch{Clock: at + 1}).Version; v != 3 {
		t.Errorf("a later instant: got version %d, want 3", v)
	}
	same(t, "delta", load(t, s, 2), safety.Records{Version: 3, Clock: at + 1})
}

func reopened(t *testing.T, o Opener) {
	s := o.Open(t, home)
	apply(t, s, town(t))
	apply(t, s, batch(t, safety.Hazards, hazard("h", "", inW())))
	want := load(t, s, 0)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	same(t, "records", load(t, o.Open(t, home), 0), want)
}

// deltasEqualWhole applies random batches and follows them by deltas.
func deltasEqualWhole(t *testing.T, o Opener) {
	number := 0
	property(t, 15, func(r *rapid.T) {
		number++
		s := o.Open(t, fmt.Sprint("d", number))
		follower := load(t, s, 0)
		for range rapid.IntRange(1, 7).Draw(r, "writes") {
			apply(t, s, randomBatch(t, r))
			if rapid.Bool().Draw(r, "load") {
				follower = follow(t, s, follower)
			}
		}
		got, want := follow(t, s, follower), load(t, s, 0)
		same(t, "records followed", got, want)
	})
}

// follow brings records up to date by a delta.
func follow(t *testing.T, s store.Store, old safety.Records) safety.Records {
	t.Helper()
	delta := load(t, s, old.Version)
	if delta.Whole {
		return delta
	}
	delta.Whole, delta.Grids = true, old.Grids
	delta.Enterprises = overlay(old.Enterprises, delta.Enterprises, func(e safety.Enterprise) (string, bool) { return e.ID, e.Deleted })
	delta.Hazards = overlay(old.Hazards, delta.Hazards, func(h safety.Hazard) (string, bool) { return h.ID, h.Deleted })
	delta.Inspections = overlay(old.Inspections, delta.Inspections, func(i safety.Inspection) (string, bool) { return i.ID, i.Deleted })
	delta.Lines = overlay(old.Lines, delta.Lines, func(l safety.Line) (string, bool) { return l.ID, l.Deleted })
	delta.Sites = append(slices.Clone(old.Sites), delta.Sites...)
	slices.SortFunc(delta.Sites, safety.CompareSites)
	return delta
}

// overlay puts the rows of delta over those of old, by id.
func overlay[T any](old, delta []T, id func(T) (string, bool)) []T {
	rows := map[string]T{}
	for _, r := range append(slices.Clone(old), delta...) {
		key, deleted := id(r)
		rows[key] = r
		if deleted {
			delete(rows, key)
		}
	}
	var out []T
	for _, r := range rows {
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b T) int {
		x, _ := id(a)
		y, _ := id(b)
		return strings.Compare(x, y)
	})
	return out
}

// randomBatch draws a batch of up to five records with few different ids.
func randomBatch(t *testing.T, r *rapid.T) safety.Batch {
	letter := rapid.SampledFrom([]string{"a", "b", "c", "d"})
	point := rapid.Custom(func(r *rapid.T) orb.Geometry {
		if rapid.IntRange(0, 3).Draw(r, "unlocated") == 0 {
			return nil
		}
		return orb.Point{120 + float64(rapid.IntRange(0, 9).Draw(r, "x"))/4, 27.5}
	})
	k := rapid.SampledFrom([]safety.Kind{safety.Enterprises, safety.Hazards, safety.Hazards, safety.Inspections, safety.Grids}).Draw(r, "kind")
	var specs []spec
	for range rapid.IntRange(0, 5).Draw(r, "records") {
		id, at := letter.Draw(r, "id"), point.Draw(r, "at")
		switch k {
		case safety.Enterprises:
			specs = append(specs, enterprise(id, at, "risk", rapid.SampledFrom([]string{"red", "blue"}).Draw(r, "risk")))
		case safety.Hazards:
			specs = append(specs, hazard(id, letter.Draw(r, "enterprise"), at))
		case safety.Inspections:
			specs = append(specs, inspection(id, letter.Draw(r, "enterprise"), at))
		case safety.Grids:
			specs = append(specs, grid(id, 1, square(120+float64(rapid.IntRange(0, 2).Draw(r, "left")), 27, 1, 1)))
		}
	}
	return batch(t, k, specs...)
}
