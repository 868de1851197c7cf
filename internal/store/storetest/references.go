package storetest

import (
	"strings"
	"testing"

	"hazgrid/safety"
)

func references() map[string]func(*testing.T, Opener) {
	return map[string]func(*testing.T, Opener){
		"a hazard or inspection of an unknown enterprise is rejected":           unknownEnterprise,
		"a parent may come later in the batch or be in the store":               parents,
		"what refers to a rejected record is rejected too":                      chains,
		"an unknown declared grid is a warning":                                 unknownGrid,
		"an enterprise of another division is unknown":                          foreignEnterprise,
		"a deleted record counts nowhere and comes back when it is given again": deleted,
	}
}

func unknownEnterprise(t *testing.T, o Opener) {
	s := o.Open(t, home)
	apply(t, s, batch(t, safety.Enterprises, enterprise("e", inW())))
	r, rejects := applyAll(t, s, batch(t, safety.Hazards, hazard("1", "e", nil), hazard("2", "nobody", inW()), hazard("3", "", inW())))
	wantCounts(t, r, [5]int64{2, 0, 0, 0, 1})
	if len(rejects) != 1 || rejects[0].Number != 2 || rejects[0].Key != "2" || rejects[0].Field != "enterprise" || !strings.Contains(rejects[0].Reason, "nobody") {
		t.Errorf("got %+v, want record 2, field enterprise, the reason naming nobody", rejects)
	}
	r, rejects = applyAll(t, s, batch(t, safety.Inspections, inspection("1", "nobody", nil)))
	wantCounts(t, r, [5]int64{0, 0, 0, 0, 1})
	if len(rejects) != 1 || r.Version != 2 {
		t.Errorf("got %d rejects and version %d, want 1 and 2", len(rejects), r.Version)
	}
}

func parents(t *testing.T, o Opener) {
	s := o.Open(t, home)
	apply(t, s, batch(t, safety.Enterprises, enterprise("market", inW())))
	r := apply(t, s, batch(t, safety.Enterprises,
		enterprise("stall", inW(), "parent", "market"), enterprise("room", inW(), "parent", "floor"), enterprise("floor", inW(), "parent", "market")))
	wantCounts(t, r, [5]int64{3, 0, 0, 0, 0})
}

func chains(t *testing.T, o Opener) {
	s := o.Open(t, home)
	r, rejects := applyAll(t, s, batch(t, safety.Enterprises,
		enterprise("c", nil, "parent", "b"), enterprise("b", nil, "parent", "a"), enterprise("a", nil, "parent", "nobody"), enterprise("x", nil)))
	wantCounts(t, r, [5]int64{1, 0, 0, 0, 3})
	for i, reject := range rejects {
		if reject.Number != int64(i+1) || reject.Field != "parent" {
			t.Errorf("reject %d: got %+v", i, reject)
		}
	}
	r, rejects = applyAll(t, s, batch(t, safety.Grids,
		grid("C", 3, square(120, 27, 1, 1), "parent", "B"), grid("B", 2, square(120, 27, 1, 1), "parent", "A"), grid("X", 1, square(120, 27, 1, 1))))
	wantCounts(t, r, [5]int64{1, 0, 0, 0, 2})
	if len(rejects) != 2 || rejects[0].Field != "parent" || rejects[1].Field != "parent" {
		t.Errorf("got %+v, want two parents rejected", rejects)
	}
}

func unknownGrid(t *testing.T, o Opener) {
	s := o.Open(t, home)
	apply(t, s, town(t))
	r := apply(t, s, batch(t, safety.Enterprises, enterprise("1", inW(), "grid", "W"), enterprise("2", inW(), "grid", "Q"), enterprise("3", inW(), "grid", "R"),
		enterprise("4", inW(), "grid", "grid W"))) // a name
	wantCounts(t, r, [5]int64{4, 0, 0, 0, 0})
	same(t, "warnings", r.Warnings, []safety.Warning{{Code: "unknown_grid", Count: 2, Example: "2: Q"}})
}

func foreignEnterprise(t *testing.T, o Opener) {
	apply(t, o.Open(t, "other"), batch(t, safety.Enterprises, enterprise("e", inW())))
	s := o.Open(t, home)
	wantCounts(t, apply(t, s, batch(t, safety.Hazards, hazard("h", "e", nil))), [5]int64{0, 0, 0, 0, 1})
	same(t, "records", load(t, s, 0), safety.Records{Whole: true})
}

func deleted(t *testing.T, o Opener) {
	s := o.Open(t, home)
	apply(t, s, batch(t, safety.Enterprises, enterprise("e", inW()), enterprise("f", inW())))
	before := apply(t, s, batch(t, safety.Hazards, hazard("h", "e", nil), hazard("i", "f", nil))).Version
	o.Delete(t, home, safety.Hazards, "h")
	o.Delete(t, home, safety.Enterprises, "e")
	delta := load(t, s, before)
	if delta.Whole {
		t.Fatalf("a deletion wants everything to be loaded again")
	}
	if h := find(t, delta.Hazards, "h"); !h.Deleted {
		t.Errorf("the change lacks the tombstone of the hazard")
	}
	if e := find(t, delta.Enterprises, "e"); !e.Deleted {
		t.Errorf("the change lacks the tombstone of the enterprise")
	}
	whole := load(t, s, 0)
	if len(whole.Hazards) != 1 || len(whole.Enterprises) != 1 {
		t.Errorf("got %d hazards and %d enterprises, want 1 and 1", len(whole.Hazards), len(whole.Enterprises))
	}
	wantCounts(t, apply(t, s, batch(t, safety.Hazards, hazard("k", "e", nil))), [5]int64{0, 0, 0, 0, 1})
	apply(t, s, batch(t, safety.Enterprises, enterprise("e", inE())))
	wantCounts(t, apply(t, s, batch(t, safety.Hazards, hazard("h", "e", nil))), [5]int64{1, 0, 0, 0, 0})
	same(t, "the hazard that came back", find(t, load(t, s, 0).Hazards, "h").At, inE())
}
