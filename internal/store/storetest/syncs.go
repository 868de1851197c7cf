package storetest

import (
	"iter"
	"slices"
	"testing"

	"hazgrid/internal/store"
	"hazgrid/safety"

	"github.com/paulmach/orb"
)

func syncs() map[string]func(*testing.T, Opener) {
	return map[string]func(*testing.T, Opener){
		"a sync ends what its source has not, whatever the kind":             syncEnds,
		"a sync that would end too much writes nothing":                      syncGuard,
		"a sync ends no record that was refused or left out":                 syncRefused,
		"a sync that ends enterprises in use says so":                        syncInUse,
		"a sync of grids keeps to its scheme and level":                      syncGrids,
		"a sync of grids with a date lets the others end on the day before":  syncGridsFrom,
		"a sync of grids ends no parent of a grid that stays":                syncParents,
		"a sync twice ends nothing more, and an ended record can come again": syncTwice,
	}
}

// syncing makes b end what it has not.
func syncing(b safety.Batch, s safety.Sync) safety.Batch {
	b.Sync, b.Origin = &s, by("ann")
	return b
}

func keys(list ...string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, k := range list {
			if !yield(k, nil) {
				return
			}
		}
	}
}

func enterpriseIDs(t *testing.T, s store.Store) (ids []string) {
	t.Helper()
	for _, e := range load(t, s, 0).Enterprises {
		ids = append(ids, e.ID)
	}
	return ids
}

func gridCodes(t *testing.T, s store.Store) (list []string) {
	t.Helper()
	for _, g := range load(t, s, 0).Grids {
		list = append(list, g.Scheme+"/"+g.Code)
	}
	return list
}

func syncEnds(t *testing.T, o Opener) {
	s := o.Open(t, home)
	other := o.Open(t, "other")
	path := orb.MultiLineString{{inW(), inE()}}
	for k, specs := range map[safety.Kind][3]spec{
		safety.Enterprises: {enterprise("a", inW()), enterprise("b", inW()), enterprise("c", inE())},
		safety.Hazards:     {hazard("a", "", inW()), hazard("b", "", inW()), hazard("c", "", inE())},
		safety.Inspections: {inspection("a", "", inW()), inspection("b", "", inW()), inspection("c", "", inE())},
		safety.Lines:       {{path, values{"id": "a"}}, {path, values{"id": "b"}}, {path, values{"id": "c"}}},
	} {
		apply(t, other, batch(t, k, specs[:]...))
		apply(t, s, batch(t, k, specs[0], specs[1]))
		old := load(t, s, 0)
		r := apply(t, s, syncing(batch(t, k, specs[1], specs[2]), safety.Sync{MaxPercent: 50}))
		wantCounts(t, r, [5]int64{1, 0, 1, 0, 0})
		if r.Ended != 1 || r.Version != old.Version+1 {
			t.Errorf("%s: got %+v, want one ended", k, r)
		}
		same(t, "records followed", follow(t, s, old), load(t, s, 0))
		if got := batches(t, s)[0]; got.Ended != 1 || got.Inserted != 1 || got.Read != 2 {
			t.Errorf("%s: got %+v, want one ended of two read", k, got)
		}
	}
	got := load(t, s, 0)
	if len(got.Enterprises) != 2 || len(got.Hazards) != 2 || len(got.Inspections) != 2 || len(got.Lines) != 2 || got.Lines[0].ID != "b" {
		t.Errorf("got %+v, want b and c of each kind", got)
	}
	if got := load(t, other, 0); len(got.Enterprises) != 3 || len(got.Lines) != 3 {
		t.Errorf("another division: got %+v, want all three of each", got)
	}
}

func syncGuard(t *testing.T, o Opener) {
	s := o.Open(t, home)
	apply(t, s, batch(t, safety.Enterprises, enterprise("a", inW()), enterprise("b", inW()), enterprise("c", inW()), enterprise("d", inW()), enterprise("e", inW())))
	three := batch(t, safety.Enterprises, enterprise("a", inE()), enterprise("b", inW()), enterprise("c", inW()))
	refused(t, s, syncing(three, safety.Sync{MaxPercent: 39.9}), safety.ErrConflict, "2 of 5 enterprises", "40.0 %", "39.9 %")
	refused(t, s, syncing(batch(t, safety.Enterprises), safety.Sync{MaxPercent: 99}), safety.ErrConflict, "5 of 5")
	withoutTime := three
	withoutTime.Sync, withoutTime.Origin = &safety.Sync{MaxPercent: 40}, nil
	refused(t, s, withoutTime, safety.ErrInvalid, "time")
	apply(t, s, syncing(three, safety.Sync{MaxPercent: 40}))
	same(t, "left", enterpriseIDs(t, s), []string{"a", "b", "c"})

	apply(t, s, town(t))
	half := batch(t, safety.Grids, grid("T", 1, square(120, 27, 2, 1)))
	refused(t, s, syncing(half, safety.Sync{MaxPercent: 50}), safety.ErrConflict, "2 of 3 grids")
}

func syncRefused(t *testing.T, o Opener) {
	s := o.Open(t, home)
	apply(t, s, batch(t, safety.Enterprises, enterprise("a", inW()), enterprise("b", inW()), enterprise("c", inW()), enterprise("d", inW())))
	b := batch(t, safety.Enterprises, enterprise("b", inW(), "parent", "nobody"), enterprise("d", inE()), enterprise("d", inW()))
	r := apply(t, s, syncing(b, safety.Sync{MaxPercent: 25, Keep: keys("c", "x")}))
	wantCounts(t, r, [5]int64{0, 0, 1, 1, 1})
	same(t, "left", enterpriseIDs(t, s), []string{"b", "c", "d"})

	apply(t, s, town(t))
	wrong := batch(t, safety.Grids, grid("T", 1, square(120, 27, 2, 1)), grid("W", 0, square(120, 27, 1, 1)))
	r = apply(t, s, syncing(wrong, safety.Sync{MaxPercent: 0, Keep: keys("E")}))
	wantCounts(t, r, [5]int64{0, 0, 1, 0, 1})
	same(t, "grids", gridCodes(t, s), []string{"safety/E", "safety/T", "safety/W"})
}

func syncInUse(t *testing.T, o Opener) {
	s := o.Open(t, home)
	apply(t, s, town(t))
	apply(t, s, batch(t, safety.Enterprises, enterprise("a", inW()), enterprise("b", inE()), enterprise("c", inE())))
	apply(t, s, batch(t, safety.Hazards, hazard("h", "b", nil)))
	r := apply(t, s, syncing(batch(t, safety.Enterprises, enterprise("c", inE())), safety.Sync{MaxPercent: 100}))
	same(t, "warnings", r.Warnings, []safety.Warning{{Code: "ended_in_use", Count: 1, Example: "b"}})
	got := load(t, s, 0)
	same(t, "the hazard stays where it was", codes(got, find(t, got.Hazards, "h").Place, 0), []string{"T", "E"})
}

func syncGrids(t *testing.T, o Opener) {
	s := o.Open(t, home)
	apply(t, s, town(t))
	apply(t, s, batch(t, safety.Grids, grid("V", 1, square(120, 27, 3, 3), "scheme", "villages")))
	apply(t, s, batch(t, safety.Hazards, hazard("h", "", inE())))
	r := apply(t, s, syncing(batch(t, safety.Grids, grid("W", 2, square(120, 27, 1, 1), "parent", "T")), safety.Sync{MaxPercent: 50, Level: 2}))
	wantCounts(t, r, [5]int64{0, 0, 1, 0, 0})
	if r.Ended != 1 {
		t.Errorf("got %d ended, want E", r.Ended)
	}
	got := load(t, s, 0)
	same(t, "sites of the hazard", codes(got, find(t, got.Hazards, "h").Place, 0), []string{"T", "V"})
	same(t, "left", gridCodes(t, s), []string{"safety/T", "safety/W", "villages/V"})
	before := content(t, s)
	apply(t, s, syncing(batch(t, safety.Grids, grid("N", 1, square(120, 27, 1, 1))), safety.Sync{MaxPercent: 100}))
	same(t, "left", gridCodes(t, s), []string{"safety/N", "villages/V"})
	apply(t, s, undo(batches(t, s)[0].Batch))
	same(t, "reverted", content(t, s), before)
}

func syncGridsFrom(t *testing.T, o Opener) {
	s := o.Open(t, home)
	apply(t, s, town(t))
	apply(t, s, batch(t, safety.Hazards, hazard("h", "", inE())))
	before := content(t, s)
	r := apply(t, s, syncing(batch(t, safety.Grids, grid("T", 1, square(120, 27, 2, 1), "valid_from", day(10)),
		grid("W", 2, square(120, 27, 2, 1), "parent", "T", "valid_from", day(10))), safety.Sync{MaxPercent: 50}))
	if r.Inserted != 2 || r.Ended != 1 {
		t.Errorf("got %+v, want two inserted and E ended", r)
	}
	got := load(t, s, 0)
	h := find(t, got.Hazards, "h")
	same(t, "the hazard before", codes(got, h.Place, 0), []string{"T", "E"})
	same(t, "the hazard after", codes(got, h.Place, safety.TimeOf(day(10))), []string{"T", "W"})
	i := slices.IndexFunc(got.Grids, func(g safety.Grid) bool { return g.Code == "E" })
	same(t, "valid_to of E", got.Grids[i].ValidTo, safety.TimeOf(day(10))-1)
	number := r.Version
	wantCounts(t, apply(t, s, town(t)), [5]int64{0, 1, 2, 0, 0}) // E opens again
	refused(t, s, undo(number), safety.ErrConflict, "batch 4")
	apply(t, s, undo(4))
	apply(t, s, undo(number))
	same(t, "reverted", content(t, s), before)
}

func syncParents(t *testing.T, o Opener) {
	s := o.Open(t, home)
	apply(t, s, town(t))
	top := batch(t, safety.Grids, grid("N", 1, square(120, 27, 2, 1)))
	refused(t, s, syncing(top, safety.Sync{MaxPercent: 100, Level: 1}), safety.ErrConflict, "no grid T", "parent of E")
	below := batch(t, safety.Grids, grid("W", 2, square(120, 27, 2, 1), "parent", "T"))
	refused(t, s, syncing(below, safety.Sync{MaxPercent: 100}), safety.ErrConflict, "no grid T", "parent of W")
}

func syncTwice(t *testing.T, o Opener) {
	s := o.Open(t, home)
	apply(t, s, batch(t, safety.Enterprises, enterprise("a", inW()), enterprise("b", inW())))
	one := func() safety.Batch {
		return syncing(batch(t, safety.Enterprises, enterprise("a", inW())), safety.Sync{MaxPercent: 50})
	}
	first := apply(t, s, one())
	again := apply(t, s, one())
	if first.Ended != 1 || again.Ended != 0 || again.Version != first.Version {
		t.Errorf("got %+v and %+v, want one ended, then nothing", first, again)
	}
	wantCounts(t, apply(t, s, batch(t, safety.Enterprises, enterprise("a", inW()), enterprise("b", inW()))), [5]int64{1, 0, 1, 0, 0})
	apply(t, s, undo(3))
	same(t, "after reverting its return", enterpriseIDs(t, s), []string{"a"})
	apply(t, s, undo(2))
	same(t, "after reverting its end", enterpriseIDs(t, s), []string{"a", "b"})
}
