package storetest

import (
	"strconv"
	"strings"
	"testing"

	"hazgrid/safety"

	"github.com/paulmach/orb"
)

func upserts() map[string]func(*testing.T, Opener) {
	return map[string]func(*testing.T, Opener){
		"a record comes back as it was given":                             roundTrip,
		"the same batch twice writes nothing":                             twice,
		"a record that differs in any value is updated":                   updated,
		"the last of several records with one key wins":                   lastWins,
		"doubles far apart in a large batch are found, and it is counted": farApart,
		"an empty store has version 0 and no records":                     empty,
		"a lines batch is kept":                                           lines,
		"text of any language and any length of text survives":            languages,
		"many records in one batch are all there, in order of their id":   many,
	}
}

func roundTrip(t *testing.T, o Opener) {
	s := o.Open(t, home)
	apply(t, s, town(t))
	apply(t, s, batch(t, safety.Enterprises, enterprise("e1", inW(), "kind", "combined_use", "risk", "red", "grid", "W",
		"floor_area_m2", 120.25, "opened_at", day(1), "ended_at", day(20), "synthetic", true, "name", "someone")))
	apply(t, s, batch(t, safety.Hazards, hazard("h1", "e1", inE(), "aspect", "fire", "item", "wires", "responsible", "owner",
		"severity", "major", "source", "patrol", "outcome", "transferred", "grid", "E", "ordered_at", day(2), "due_at", day(3),
		"rectified_at", day(4), "reviewed_at", day(5), "closed_at", day(6), "round", 2, "description", "secret")))
	apply(t, s, batch(t, safety.Inspections, inspection("i1", "e1", nil, "kind", "campaign", "officers", 3, "order", "suspend")))
	got := load(t, s, 0)
	at := func(n int) safety.Time { return safety.TimeOf(day(n)) }
	e := find(t, got.Enterprises, "e1")
	same(t, "enterprise", e, safety.Enterprise{
		ID: "e1", Kind: "combined_use", Risk: "red", Grid: "W", FloorAreaM2: 120.25, HasFloor: true, OpenedAt: at(1), EndedAt: at(20),
		At: inW(), Place: e.Place, Synthetic: true,
	})
	h := find(t, got.Hazards, "h1")
	same(t, "hazard", h, safety.Hazard{
		ID: "h1", Enterprise: "e1", Aspect: "fire", Item: "wires", Responsible: "owner", Severity: "major", Source: "patrol",
		Outcome: "transferred", Grid: "E", FoundAt: at(1), OrderedAt: at(2), DueAt: at(3), RectifiedAt: at(4), ReviewedAt: at(5), ClosedAt: at(6),
		At: inE(), Place: h.Place,
	})
	same(t, "inspection", find(t, got.Inspections, "i1"), safety.Inspection{
		ID: "i1", Enterprise: "e1", Kind: "campaign", Order: "suspend", At: at(1), Officers: 3, Where: inW(), Place: e.Place,
	})
	same(t, "sites of the enterprise", codes(got, e.Place, 0), []string{"T", "W"})
	same(t, "sites of the hazard", codes(got, h.Place, 0), []string{"T", "E"})
	if got.Version != 4 || !got.Whole {
		t.Errorf("got version %d, whole %v, want 4 and true", got.Version, got.Whole)
	}
}

// farApart imports more records than are worked on at once: a thousand that differ, and the first again as the last.
func farApart(t *testing.T, o Opener) {
	const n = 1000
	s := o.Open(t, home)
	apply(t, s, town(t))
	first := func() safety.Batch {
		specs := make([]spec, 0, n+1)
		for i := range n {
			specs = append(specs, enterprise(key(i), []orb.Geometry{inW(), nowhere(), nil, inE()}[i%4], "grid", "W"))
		}
		return batch(t, safety.Enterprises, append(specs, enterprise(key(0), inE()))...)
	}
	r, rejects := applyAll(t, s, first())
	wantCounts(t, r, [5]int64{n, 0, 0, 1, 0})
	same(t, "outside and unlocated", [2]int64{r.Outside, r.Unlocated}, [2]int64{n / 4, n / 4})
	if len(rejects) != 1 || rejects[0].Number != 1 || !rejects[0].Superseded {
		t.Errorf("got rejects %+v, want record 1, superseded", rejects)
	}
	wantCounts(t, apply(t, s, first()), [5]int64{0, 0, n, 1, 0})
	follower := func(i int, enterprise string) spec { return hazard("h"+key(i), enterprise, nil) }
	var specs []spec
	for i := range n {
		specs = append(specs, follower(i, key(i)))
	}
	r = apply(t, s, batch(t, safety.Hazards, specs...))
	wantCounts(t, r, [5]int64{n, 0, 0, 0, 0})
	same(t, "outside and unlocated with their enterprises", [2]int64{r.Outside, r.Unlocated}, [2]int64{n / 4, n / 4})
	r = apply(t, s, batch(t, safety.Hazards, append(specs, follower(n, "nobody"), follower(n+1, key(1)))...))
	wantCounts(t, r, [5]int64{1, 0, n, 0, 1})
	same(t, "outside and unlocated of those that are left", [2]int64{r.Outside, r.Unlocated}, [2]int64{n/4 + 1, n / 4})
}

func twice(t *testing.T, o Opener) {
	s := o.Open(t, home)
	batches := []func() safety.Batch{
		func() safety.Batch { return town(t) },
		func() safety.Batch {
			return batch(t, safety.Enterprises, enterprise("e1", inW()), enterprise("e2", nil))
		},
		func() safety.Batch { return batch(t, safety.Hazards, hazard("h1", "e1", nil), hazard("h2", "", inE())) },
		func() safety.Batch { return batch(t, safety.Inspections, inspection("i1", "e2", nil)) },
	}
	var sizes []int64
	for _, b := range batches {
		sizes = append(sizes, apply(t, s, b()).Inserted)
	}
	before := load(t, s, 0)
	for i, b := range batches {
		r := apply(t, s, b())
		wantCounts(t, r, [5]int64{0, 0, sizes[i], 0, 0})
		if r.Version != before.Version {
			t.Errorf("version: got %d, want %d as before", r.Version, before.Version)
		}
	}
	same(t, "records after the second time", load(t, s, 0), before)
}

func updated(t *testing.T, o Opener) {
	s := o.Open(t, home)
	apply(t, s, batch(t, safety.Enterprises, enterprise("a", inW(), "name", "x"), enterprise("b", inW()), enterprise("c", nil)))
	r := apply(t, s, batch(t, safety.Enterprises, enterprise("a", inW(), "name", "y"), enterprise("b", inE()), enterprise("c", nil), enterprise("d", nil)))
	wantCounts(t, r, [5]int64{1, 2, 1, 0, 0})
	got := load(t, s, 0)
	same(t, "moved", find(t, got.Enterprises, "b").At, inE())
	r = apply(t, s, batch(t, safety.Enterprises, enterprise("a", inW())))
	wantCounts(t, r, [5]int64{0, 1, 0, 0, 0})
}

func lastWins(t *testing.T, o Opener) {
	s := o.Open(t, home)
	r, rejects := applyAll(t, s, batch(t, safety.Hazards,
		hazard("h", "", inW(), "item", "1"), hazard("x", "", inW()), hazard("h", "", inW(), "item", "2"), hazard("h", "", inE(), "item", "3")))
	wantCounts(t, r, [5]int64{2, 0, 0, 2, 0})
	same(t, "the winner", find(t, load(t, s, 0).Hazards, "h").Item, "3")
	if len(rejects) != 2 || rejects[0].Number != 1 || rejects[1].Number != 3 {
		t.Fatalf("rejects: got %+v, want records 1 and 3", rejects)
	}
	for _, reject := range rejects {
		if !reject.Superseded || reject.Key != "h" || !strings.Contains(reject.Reason, "record 4") {
			t.Errorf("got %+v, want h superseded by record 4", reject)
		}
	}
}

func empty(t *testing.T, o Opener) {
	s := o.Open(t, home)
	same(t, "records", load(t, s, 0), safety.Records{Whole: true})
	if v, err := s.Version(t.Context()); v != 0 || err != nil {
		t.Errorf("version: got %d, %v, want 0", v, err)
	}
	r := apply(t, s, batch(t, safety.Hazards))
	same(t, "receipt of an empty batch", r, safety.Receipt{})
}

func lines(t *testing.T, o Opener) {
	s := o.Open(t, home)
	path := orb.MultiLineString{{{120, 27}, {121, 27.5}}, {{121, 28}, {122, 28.5}, {123, 28}}}
	apply(t, s, batch(t, safety.Lines, spec{path, values{"id": "l1", "kind": "gas", "name": "main", "protection_m": 5.0, "operator": "x"}}))
	same(t, "lines", load(t, s, 0).Lines, []safety.Line{{ID: "l1", Kind: "gas", Name: "main", ProtectionM: 5, Path: path}})
}

func languages(t *testing.T, o Opener) {
	s := o.Open(t, home)
	long := strings.Repeat("瑞安", 50_000)
	for _, id := range []string{"塘下镇'\"\\", "𠮷 é \u202e", long[:300]} {
		apply(t, s, batch(t, safety.Hazards, hazard(id, "", inW(), "item", id, "description", long)))
		if got := find(t, load(t, s, 0).Hazards, id); got.Item != id {
			t.Errorf("item: got %q, want %q", got.Item, id)
		}
	}
}

func many(t *testing.T, o Opener) {
	s := o.Open(t, home)
	const n = 5000
	var specs []spec
	for i := range n {
		specs = append(specs, hazard(key(n-i), "", orb.Point{120 + float64(i)/n, 27.5}))
	}
	wantCounts(t, apply(t, s, batch(t, safety.Hazards, specs...)), [5]int64{n, 0, 0, 0, 0})
	got := load(t, s, 0).Hazards
	if len(got) != n {
		t.Fatalf("got %d hazards, want %d", len(got), n)
	}
	for i := range got {
		if i > 0 && got[i-1].ID >= got[i].ID {
			t.Fatalf("%q comes before %q", got[i-1].ID, got[i].ID)
		}
	}
	wantCounts(t, apply(t, s, batch(t, safety.Hazards, specs...)), [5]int64{0, 0, n, 0, 0})
}

// key is an id whose order as bytes is not its order in any language.
func key(n int) string {
	return string("aAbB-_é中"[n%6]) + strings.Repeat("z", n%3) + strconv.Itoa(n)
}
