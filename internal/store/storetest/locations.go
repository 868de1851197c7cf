package storetest

import (
	"fmt"
	"slices"
	"testing"

	"hazgrid/safety"

	"github.com/paulmach/orb"
	"pgregory.net/rapid"
)

func locations() map[string]func(*testing.T, Opener) {
	return map[string]func(*testing.T, Opener){
		"outside and unlocated records are counted":                            outsideAndUnlocated,
		"a hazard without a location takes that of its enterprise":             inherits,
		"what has no location of its own moves with its enterprise":            moves,
		"grids imported last place what was there before":                      replaced,
		"the order in which kinds are imported changes no record and no place": anyOrder,
	}
}

func outsideAndUnlocated(t *testing.T, o Opener) {
	s := o.Open(t, home)
	apply(t, s, town(t))
	r := apply(t, s, batch(t, safety.Enterprises, enterprise("in", inW()), enterprise("out", nowhere()), enterprise("lost", nil)))
	if r.Outside != 1 || r.Unlocated != 1 {
		t.Errorf("enterprises: got %d outside and %d unlocated, want 1 and 1", r.Outside, r.Unlocated)
	}
	r = apply(t, s, batch(t, safety.Hazards, hazard("1", "out", nil), hazard("2", "lost", nil), hazard("3", "", nil), hazard("4", "lost", nowhere()), hazard("5", "in", nil)))
	if r.Outside != 2 || r.Unlocated != 2 {
		t.Errorf("hazards: got %d outside and %d unlocated, want 2 and 2", r.Outside, r.Unlocated)
	}
	got := load(t, s, 0)
	same(t, "place of what is outside", find(t, got.Hazards, "1").Place, safety.Outside)
	same(t, "place of what is unlocated", find(t, got.Hazards, "2").Place, safety.NoPlace)
}

func inherits(t *testing.T, o Opener) {
	s := o.Open(t, home)
	apply(t, s, town(t))
	apply(t, s, batch(t, safety.Enterprises, enterprise("e", inW())))
	apply(t, s, batch(t, safety.Hazards, hazard("its", "e", nil), hazard("own", "e", inE())))
	got := load(t, s, 0)
	same(t, "location", find(t, got.Hazards, "its").At, inW())
	same(t, "sites", codes(got, find(t, got.Hazards, "its").Place, 0), []string{"T", "W"})
	same(t, "sites of its own location", codes(got, find(t, got.Hazards, "own").Place, 0), []string{"T", "E"})
}

func moves(t *testing.T, o Opener) {
	s := o.Open(t, home)
	apply(t, s, town(t))
	apply(t, s, batch(t, safety.Enterprises, enterprise("e", inW()), enterprise("f", inW())))
	apply(t, s, batch(t, safety.Inspections, inspection("its", "e", nil)))
	before := apply(t, s, batch(t, safety.Hazards, hazard("its", "e", nil), hazard("own", "e", inW()), hazard("other", "f", nil))).Version
	apply(t, s, batch(t, safety.Enterprises, enterprise("e", inE())))
	delta := load(t, s, before)
	if delta.Whole || len(delta.Hazards) != 1 || len(delta.Inspections) != 1 {
		t.Fatalf("change: got whole %v, %d hazards, %d inspections, want false, 1, 1", delta.Whole, len(delta.Hazards), len(delta.Inspections))
	}
	same(t, "location", delta.Hazards[0].At, inE())
	same(t, "sites", codes(load(t, s, 0), delta.Hazards[0].Place, 0), []string{"T", "E"})
	same(t, "inspection", delta.Inspections[0].Where, inE())
	apply(t, s, batch(t, safety.Enterprises, enterprise("e", nil)))
	same(t, "place after the location was taken away", find(t, load(t, s, 0).Hazards, "its").Place, safety.NoPlace)
}

func replaced(t *testing.T, o Opener) {
	s := o.Open(t, home)
	apply(t, s, batch(t, safety.Enterprises, enterprise("e", inW()), enterprise("lost", nil)))
	before := apply(t, s, batch(t, safety.Hazards, hazard("its", "e", nil), hazard("own", "e", inE()), hazard("lost", "lost", nil))).Version
	same(t, "place without grids", find(t, load(t, s, 0).Hazards, "own").Place, safety.Outside)
	apply(t, s, town(t))
	got := load(t, s, before)
	if !got.Whole {
		t.Fatal("a change of boundaries is no change of rows: everything must be loaded")
	}
	same(t, "sites", codes(got, find(t, got.Hazards, "its").Place, 0), []string{"T", "W"})
	same(t, "sites of its own location", codes(got, find(t, got.Hazards, "own").Place, 0), []string{"T", "E"})
	same(t, "unlocated", find(t, got.Hazards, "lost").Place, safety.NoPlace)
}

// anyOrder imports the same batches in random orders (references allowing) into divisions of
// their own and compares them.
func anyOrder(t *testing.T, o Opener) {
	number := 0
	property(t, 12, func(r *rapid.T) {
		points := rapid.SliceOfN(rapid.Custom(func(r *rapid.T) orb.Geometry {
			if rapid.IntRange(0, 5).Draw(r, "unlocated") == 0 {
				return nil
			}
			return orb.Point{120 + float64(rapid.IntRange(0, 24).Draw(r, "x"))/10, 27 + float64(rapid.IntRange(0, 10).Draw(r, "y"))/10}
		}), 8, 8).Draw(r, "points")
		var enterprises, hazards, inspections []spec
		for i, p := range points[:3] {
			enterprises = append(enterprises, enterprise(string(rune('a'+i)), p))
		}
		for i, p := range points[3:6] {
			hazards = append(hazards, hazard(string(rune('p'+i)), string(rune('a'+i)), p))
		}
		for i, p := range points[6:] {
			inspections = append(inspections, inspection(string(rune('x'+i)), string(rune('a'+i)), p))
		}
		steps := []func() safety.Batch{
			func() safety.Batch { return town(t) },
			func() safety.Batch {
				return batch(t, safety.Grids, grid("W", 2, square(120, 27, 1, 0.5), "parent", "T", "valid_from", day(10)))
			},
			func() safety.Batch { return batch(t, safety.Enterprises, enterprises...) },
			func() safety.Batch { return batch(t, safety.Hazards, hazards...) },
			func() safety.Batch { return batch(t, safety.Inspections, inspections...) },
		}
		var results []safety.Records
		for _, order := range [][]int{{0, 1, 2, 3, 4}, rapid.SampledFrom([][]int{{2, 3, 4, 0, 1}, {2, 0, 4, 1, 3}, {2, 4, 3, 0, 1}, {0, 2, 3, 1, 4}}).Draw(r, "order")} {
			number++
			s := o.Open(t, fmt.Sprint("d", number))
			for _, i := range order {
				apply(t, s, steps[i]())
			}
			got := load(t, s, 0)
			got.Version = 0
			for i := range got.Grids {
				got.Grids[i].ID = 0 // depends on the division
			}
			results = append(results, got)
		}
		same(t, "records of the second order", used(results[1]), used(results[0]))
	})
}

// used drops the sites that no record lies at.
func used(r safety.Records) safety.Records {
	in := map[safety.PlaceID]bool{}
	for _, e := range r.Enterprises {
		in[e.Place] = true
	}
	for _, h := range r.Hazards {
		in[h.Place] = true
	}
	for _, i := range r.Inspections {
		in[i.Place] = true
	}
	r.Sites = slices.DeleteFunc(slices.Clone(r.Sites), func(s safety.Site) bool { return !in[s.Place] })
	return r
}
