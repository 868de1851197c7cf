package storetest

import (
	"math"
	"slices"
	"strings"
	"testing"

	"hazgrid/geo"
	"hazgrid/safety"

	"github.com/paulmach/orb"
)

func boundaries() map[string]func(*testing.T, Opener) {
	return map[string]func(*testing.T, Opener){
		"features of one code and level are parts of one grid":                          dissolved,
		"features of one code that disagree are all rejected":                           disagreeing,
		"a code has one level within a scheme":                                          oneLevel,
		"a parent has a smaller level and is looked for in batch and store":             gridParents,
		"a new valid_from closes the version before, the same corrects it":              gridVersions,
		"the integer id of a grid is the same for all its versions and for every store": gridIDs,
		"areas are geodesic": areas,
		"overlaps and children outside their parent are warnings":    gridWarnings,
		"gaps and slivers are warnings, with the ground in question": groundFindings,
		"a parent that the code names is found in any order":         parentsByPrefix,
		"schemes are placed side by side":                            schemes,
		"grids without geometry or with level 0 are rejected":        badGrids,
	}
}

func dissolved(t *testing.T, o Opener) {
	s := o.Open(t, home)
	parts := func() safety.Batch {
		return batch(t, safety.Grids, grid("A", 1, square(120, 27, 1, 1)), grid("B", 1, square(125, 27, 1, 1)),
			grid("A", 1, square(121, 27, 1, 1)), grid("A", 1, square(123, 27, 1, 1)))
	}
	r, rejects := applyAll(t, s, parts())
	wantCounts(t, r, [5]int64{2, 0, 0, 2, 0})
	same(t, "warnings", r.Warnings, []safety.Warning{{Code: "dissolved", Count: 2, Example: "A: records 1, 3, 4"}})
	if len(rejects) != 2 || rejects[0].Number != 3 || rejects[1].Number != 4 || !rejects[0].Superseded || rejects[0].Key != "A" {
		t.Errorf("rejects: got %+v, want records 3 and 4 superseded", rejects)
	}
	got := load(t, s, 0).Grids
	if len(got) != 2 || len(got[0].Boundary) != 2 {
		t.Fatalf("got %d grids, the first with %d polygons, want 2 and 2", len(got), len(got[0].Boundary))
	}
	wantCounts(t, apply(t, s, parts()), [5]int64{0, 0, 2, 2, 0})
}

func disagreeing(t *testing.T, o Opener) {
	s := o.Open(t, home)
	apply(t, s, batch(t, safety.Grids, grid("P", 1, square(120, 27, 2, 2))))
	for field, other := range map[string]any{"name": "another", "level": 3, "parent": "P"} {
		r, rejects := applyAll(t, s, batch(t, safety.Grids, grid("X", 2, square(120, 27, 1, 1)),
			grid("Y", 2, square(120, 28, 1, 1)), grid("X", 2, square(121, 27, 1, 1), field, other)))
		if r.Rejected != 2 || r.Superseded != 0 || len(rejects) != 2 {
			t.Fatalf("%s: got %d rejected, %d superseded, want 2 and 0", field, r.Rejected, r.Superseded)
		}
		for i, number := range []int64{1, 3} {
			if rejects[i].Number != number || rejects[i].Field != field || rejects[i].Superseded {
				t.Errorf("%s: got %+v, want record %d rejected for its %s", field, rejects[i], number, field)
			}
		}
	}
}

func oneLevel(t *testing.T, o Opener) {
	s := o.Open(t, home)
	apply(t, s, batch(t, safety.Grids, grid("A", 1, square(120, 27, 1, 1))))
	r, rejects := applyAll(t, s, batch(t, safety.Grids, grid("A", 2, square(120, 27, 1, 1), "valid_from", day(1))))
	wantCounts(t, r, [5]int64{0, 0, 0, 0, 1})
	if len(rejects) != 1 || rejects[0].Field != "level" {
		t.Errorf("got %+v, want the level rejected", rejects)
	}
	wantCounts(t, apply(t, s, batch(t, safety.Grids, grid("A", 2, square(120, 27, 1, 1)))), [5]int64{0, 1, 0, 0, 0})
	wantCounts(t, apply(t, s, batch(t, safety.Grids, grid("A", 1, square(120, 27, 1, 1), "scheme", "order"))), [5]int64{1, 0, 0, 0, 0})
	r = apply(t, s, batch(t, safety.Grids, grid("N", 1, square(120, 27, 1, 1), "valid_from", day(1)), grid("N", 2, square(120, 27, 1, 1), "valid_from", day(2))))
	wantCounts(t, r, [5]int64{0, 0, 0, 0, 2})
}

func gridParents(t *testing.T, o Opener) {
	s := o.Open(t, home)
	box := square(120, 27, 1, 1)
	r := apply(t, s, batch(t, safety.Grids, grid("C", 3, box, "parent", "B"), grid("B", 2, box, "parent", "A"), grid("A", 1, box)))
	wantCounts(t, r, [5]int64{3, 0, 0, 0, 0})
	wantCounts(t, apply(t, s, batch(t, safety.Grids, grid("D", 2, box, "parent", "A"))), [5]int64{1, 0, 0, 0, 0})
	r, rejects := applyAll(t, s, batch(t, safety.Grids, grid("E", 2, box, "parent", "B"), grid("F", 2, box, "parent", "A", "scheme", "order")))
	wantCounts(t, r, [5]int64{0, 0, 0, 0, 2})
	for _, reject := range rejects {
		if reject.Field != "parent" {
			t.Errorf("got %+v, want the parent rejected", reject)
		}
	}
}

func gridVersions(t *testing.T, o Opener) {
	s := o.Open(t, home)
	apply(t, s, town(t))
	apply(t, s, batch(t, safety.Hazards, hazard("h", "", inE())))
	wider := func(name string) safety.Batch {
		return batch(t, safety.Grids, grid("W", 2, square(120, 27, 2, 1), "parent", "T", "valid_from", day(10), "name", name))
	}
	wantCounts(t, apply(t, s, wider("wide")), [5]int64{1, 0, 0, 0, 0})
	wantCounts(t, apply(t, s, wider("wider")), [5]int64{0, 1, 0, 0, 0})
	got := load(t, s, 0)
	if len(got.Grids) != 4 {
		t.Fatalf("got %d grid versions, want 4", len(got.Grids))
	}
	same(t, "the first version's end as given", got.Grids[2].ValidTo, safety.Time(0))
	p := find(t, got.Hazards, "h").Place
	same(t, "sites before", codes(got, p, 0), []string{"T", "E"})
	same(t, "sites after: both claim it, the lowest code wins", codes(got, p, safety.TimeOf(day(10))), []string{"T", "E"})
	apply(t, s, batch(t, safety.Grids, grid("E", 2, square(121, 27, 1, 1), "parent", "T", "valid_to", safety.TimeOf(day(10))-1)))
	got = load(t, s, 0)
	p = find(t, got.Hazards, "h").Place
	same(t, "sites once E has ended", codes(got, p, safety.TimeOf(day(10))), []string{"T", "W"})
	same(t, "sites before", codes(got, p, 0), []string{"T", "E"})
}

func gridIDs(t *testing.T, o Opener) {
	s := o.Open(t, home)
	apply(t, s, town(t))
	apply(t, s, batch(t, safety.Grids, grid("W", 2, square(120, 27, 0.5, 1), "parent", "T", "valid_from", day(10))))
	for _, g := range load(t, s, 0).Grids {
		if want := safety.GridID(home, g.Scheme, g.Code); g.ID != want {
			t.Errorf("id of %s: got %d, want %d", g.Code, g.ID, want)
		}
	}
}

func areas(t *testing.T, o Opener) {
	s := o.Open(t, home)
	apply(t, s, town(t))
	for _, g := range load(t, s, 0).Grids {
		if want := geo.Area(g.Boundary) / 1e6; want <= 0 || g.AreaKm2 != want {
			t.Errorf("area of %s: got %v km², want %v", g.Code, g.AreaKm2, want)
		}
	}
}

func gridWarnings(t *testing.T, o Opener) {
	s := o.Open(t, home)
	r := apply(t, s, batch(t, safety.Grids,
		grid("P", 1, square(120, 27, 1, 1)), grid("Q", 1, square(120.5, 27, 1, 1)),
		grid("in", 2, square(120, 27, 0.5, 1), "parent", "P"), grid("out", 2, square(120.5, 27, 1, 1), "parent", "P")))
	wantCounts(t, r, [5]int64{4, 0, 0, 0, 0})
	found := map[string]safety.Warning{}
	for _, w := range r.Warnings {
		found[w.Code] = w
	}
	overlap, outside := found["overlap"], found["outside_parent"]
	if overlap.Count != 1 || !strings.Contains(overlap.Example, "P") || !strings.Contains(overlap.Example, "Q") {
		t.Errorf("overlap: got %+v, want one, of P and Q", overlap)
	}
	if outside.Count != 1 || !strings.Contains(outside.Example, "out") || len(found) != 2 {
		t.Errorf("outside_parent: got %+v in %v, want one, of out", outside, found)
	}
	if r := apply(t, o.Open(t, "other"), town(t)); len(r.Warnings) != 0 {
		t.Errorf("a clean town: got %+v, want no warnings", r.Warnings)
	}
}

func groundFindings(t *testing.T, o Opener) {
	s := o.Open(t, home)
	const strip = 2e-6                      // degrees: 0.2 m
	r := apply(t, s, batch(t, safety.Grids, // a frame of four around a hole of one degree, and a thin grid above
		grid("N", 1, square(120, 29, 3, 1)), grid("S", 1, square(120, 27, 3, 1)),
		grid("E", 1, square(122, 28, 1, 1)), grid("W", 1, square(120, 28, 1, 1)), grid("thin", 1, square(120, 30+strip, 3, strip))))
	found := map[string]safety.Finding{}
	for _, f := range r.Findings.List {
		found[f.Kind] = f
	}
	gap, thin := found[safety.FoundGap], found[safety.FoundThinParts]
	hole := geo.Area(square(121, 28, 1, 1))
	if r.Findings.Total != 2 || !slices.Equal(gap.Codes, []string{"E", "N", "S", "W"}) || math.Abs(gap.AreaM2-hole) > 1e-6*hole || gap.Sliver {
		t.Errorf("gap: got %+v of %d, want %v m² between all four", gap, r.Findings.Total, hole)
	}
	if !slices.Equal(thin.Codes, []string{"thin"}) || !thin.Sliver || thin.WidthM < 0.2 || thin.WidthM > 0.25 {
		t.Errorf("sliver: got %+v, want one 0.2 m wide", thin)
	}
	var codes []string
	for _, w := range r.Warnings {
		codes = append(codes, w.Code)
	}
	same(t, "warnings", codes, []string{"gap", "sliver"})
	// What lies elsewhere is not told again by a batch that does not touch it.
	r = apply(t, s, batch(t, safety.Grids, grid("far", 1, square(130, 28, 1, 1))))
	if r.Findings.Total != 0 || len(r.Warnings) != 0 {
		t.Errorf("a batch elsewhere: got %+v", r)
	}
}

func parentsByPrefix(t *testing.T, o Opener) {
	const street, community, micro = "330381001", "330381001002", "330381001002003"
	levels := []func() safety.Batch{
		func() safety.Batch { return batch(t, safety.Grids, grid(street, 1, square(120, 27, 2, 2))) },
		func() safety.Batch { return batch(t, safety.Grids, grid(community, 2, square(120, 27, 1, 1))) },
		func() safety.Batch {
			return batch(t, safety.Grids, grid(micro, 3, square(120, 27, 1, 0.5)), grid("330381009002003", 3, square(120, 27.5, 1, 0.5)))
		},
	}
	for name, order := range map[string][]int{"down": {0, 1, 2}, "up": {2, 1, 0}, "across": {1, 2, 0}} {
		s := o.Open(t, name)
		for _, i := range order {
			apply(t, s, levels[i]())
		}
		got := map[string]string{}
		for _, g := range load(t, s, 0).Grids {
			got[g.Code] = g.Parent
		}
		same(t, name, got, map[string]string{street: "", community: street, micro: community, "330381009002003": ""})
		r := apply(t, s, levels[2]())
		wantCounts(t, r, [5]int64{0, 0, 2, 0, 0})
		same(t, "warnings", r.Warnings, []safety.Warning{{Code: "parent_by_prefix", Count: 1, Example: micro + ": " + community}})
	}
	s := o.Open(t, home) // a declared parent is kept, and a code of the same level is none
	apply(t, s, batch(t, safety.Grids, grid("T", 1, square(120, 27, 2, 2)), grid(community, 2, square(120, 27, 1, 1)), grid(micro, 2, square(121, 27, 1, 1), "parent", "T")))
	for _, g := range load(t, s, 0).Grids {
		if want := map[string]string{micro: "T"}[g.Code]; g.Parent != want {
			t.Errorf("%s: parent %q, want %q", g.Code, g.Parent, want)
		}
	}
}

func schemes(t *testing.T, o Opener) {
	s := o.Open(t, home)
	apply(t, s, batch(t, safety.Hazards, hazard("h", "", inW())))
	apply(t, s, town(t))
	apply(t, s, batch(t, safety.Grids, grid("V", 1, square(120.2, 27, 3, 3), "scheme", "villages")))
	got := load(t, s, 0)
	same(t, "sites", codes(got, find(t, got.Hazards, "h").Place, 0), []string{"T", "W", "V"})
}

func badGrids(t *testing.T, o Opener) {
	s := o.Open(t, home)
	r, rejects := applyAll(t, s, batch(t, safety.Grids, grid("A", 1, nil), grid("B", 0, square(120, 27, 1, 1)), grid("C", 1, orb.Point{1, 2})))
	wantCounts(t, r, [5]int64{0, 0, 0, 0, 3})
	for i, field := range []string{"geometry", "level", "geometry"} {
		if rejects[i].Field != field {
			t.Errorf("record %d: got %q, want %q", i+1, rejects[i].Field, field)
		}
	}
}
