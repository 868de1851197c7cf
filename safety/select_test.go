package safety_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/paulmach/orb"

	"hazgrid/safety"
)

// What is selected in a box is what a search finds there, and what has no place; without a box it is all that counts.
func TestSelectedInABox(t *testing.T) {
	r := sown(2000)
	s := snapshot(t, r, day("2014-06-01"))
	q := safety.Query{At: 8, Kind: "enterprise"}
	for _, box := range []orb.Bound{
		{Min: orb.Point{0.2, 0.3}, Max: orb.Point{0.7, 0.6}},
		{Min: orb.Point{0.5, 0}, Max: orb.Point{0.5, 1}},
		{Min: orb.Point{0.8, 0}, Max: orb.Point{0.1, 1}},
		{Min: orb.Point{5, 5}, Max: orb.Point{6, 6}},
	} {
		region := safety.BoxRegion(box)
		var want, got []string
		for _, hit := range s.EnterprisesIn(q, region) {
			want = append(want, hit.Of.ID)
		}
		for e := range s.SelectEnterprises(safety.Selection{Query: q}) {
			if e.Place == safety.NoPlace {
				want = append(want, e.ID)
			}
		}
		for e := range s.SelectEnterprises(safety.Selection{Query: q, In: region.Shape}) {
			got = append(got, e.ID)
		}
		if slices.Sort(want); !slices.Equal(got, want) || len(got) == 0 {
			t.Errorf("%v: %d enterprises, want %d", box, len(got), len(want))
		}
		middle := got[len(got)/2]
		var rest []string
		for e := range s.SelectEnterprises(safety.Selection{Query: q, In: region.Shape, After: middle}) {
			rest = append(rest, e.ID)
		}
		if !slices.Equal(rest, got[len(got)/2+1:]) {
			t.Errorf("%v: %d after %s, want the rest of %d", box, len(rest), middle, len(got))
		}
		want, got = nil, nil
		for _, hit := range s.HazardsIn(q, region) {
			want = append(want, hit.Of.ID)
		}
		for h := range s.SelectHazards(safety.Selection{Query: q, In: region.Shape}) {
			got = append(got, h.ID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%v: hazards %v, want %v", box, got, want)
		}
	}
}

// A span and a life that share an instant meet: both ends of the span belong to it, the end of a life does not.
func TestEnterprisesOfASpan(t *testing.T) {
	s := snapshot(t, safety.Records{Enterprises: []safety.Enterprise{
		{ID: "a"}, {ID: "b", OpenedAt: 10, EndedAt: 20}, {ID: "c", OpenedAt: 20}, {ID: "d", EndedAt: 10},
	}}, 1000)
	for _, tt := range []struct {
		span safety.Span
		want string
	}{
		{safety.Span{}, "abcd"},
		{safety.Span{From: 10, To: 10}, "ab"},
		{safety.Span{From: 9, To: 9}, "ad"},
		{safety.Span{From: 20}, "ac"},
		{safety.Span{From: 19}, "abc"},
		{safety.Span{To: 19}, "abd"},
		{safety.Span{To: 9}, "ad"},
		{safety.Span{From: 1, To: 20}, "abcd"},
	} {
		got := ""
		for e := range s.SelectEnterprises(safety.Selection{During: &tt.span}) {
			got += e.ID
		}
		if got != tt.want {
			t.Errorf("%+v: %s, want %s", tt.span, got, tt.want)
		}
	}
}

// Versions of grids: each once, the last of those that were valid in the span; and the time of them all.
func TestGridsOfASpan(t *testing.T) {
	boundary := orb.MultiPolygon{orb.Bound{Max: orb.Point{1, 1}}.ToPolygon()}
	grid := func(code string, from, to safety.Time, name string) safety.Grid {
		return safety.Grid{Scheme: safety.DefaultScheme, Code: code, Level: 1, ValidFrom: from, ValidTo: to, Name: name, Boundary: boundary}
	}
	s := snapshot(t, safety.Records{Grids: []safety.Grid{grid("A", 0, 0, "1"), grid("A", 100, 0, "2"), grid("B", 50, 99, "3"), grid("C", 200, 300, "4")}}, 1000)
	for _, tt := range []struct {
		span *safety.Span
		want string
	}{
		{nil, "A2"},
		{&safety.Span{}, "A2 B3 C4"},
		{&safety.Span{From: 10, To: 49}, "A1"},
		{&safety.Span{From: 10, To: 50}, "A1 B3"},
		{&safety.Span{From: 99, To: 100}, "A2 B3"},
		{&safety.Span{From: 100, To: 199}, "A2"},
		{&safety.Span{From: 300}, "A2 C4"},
		{&safety.Span{From: 301}, "A2"},
	} {
		grids, err := s.SelectGrids(1, safety.Selection{During: tt.span})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, g := range grids {
			got += " " + g.Code + g.Name
		}
		if got != " "+tt.want {
			t.Errorf("%+v:%s, want %s", tt.span, got, tt.want)
		}
	}
	if d := s.Validity("", 1); d != (safety.Span{}) {
		t.Errorf("validity %+v", d)
	}
	for _, level := range []int{0, 2} {
		if _, err := s.SelectGrids(level, safety.Selection{}); !errors.Is(err, safety.ErrNotFound) {
			t.Errorf("level %d: %v", level, err)
		}
	}
}

func TestRecordsByID(t *testing.T) {
	s := snapshot(t, safety.Records{
		Enterprises: []safety.Enterprise{{ID: "a"}, {ID: "c"}}, Hazards: []safety.Hazard{{ID: "h"}, {ID: "v", Outcome: "void"}}, Lines: []safety.Line{{ID: "l"}},
	}, 1000)
	e, err1 := s.Enterprise("c")
	h, err2 := s.Hazard("h")
	l, err3 := s.Line("l")
	if err := errors.Join(err1, err2, err3); err != nil || e.ID != "c" || h.ID != "h" || l.ID != "l" {
		t.Fatal(err)
	}
	_, err1 = s.Enterprise("b")
	_, err2 = s.Hazard("v")
	_, err3 = s.Line("")
	for _, err := range []error{err1, err2, err3} {
		if !errors.Is(err, safety.ErrNotFound) {
			t.Errorf("%v, want ErrNotFound", err)
		}
	}
}
