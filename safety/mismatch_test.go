package safety_test

import (
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/paulmach/orb"

	"hazgrid/safety"
)

// mismatching is a town of two villages, and records that declare them, well and badly.
func mismatching(t *testing.T) *safety.Snapshot {
	grids := []safety.Grid{grid("T", "", 1, box(0, 0, 0.02, 0.01)), grid("W", "T", 2, box(0, 0, 0.01, 0.01)), grid("E", "T", 2, box(0.01, 0, 0.02, 0.01))}
	grids[1].Name, grids[2].Name = "西村", "东村"
	placer, err := safety.NewPlacer(grids)
	if err != nil {
		t.Fatal(err)
	}
	r := safety.Records{Version: 7, Grids: grids}
	place := func(p orb.Point) safety.PlaceID {
		id, sites := placer.Place(p)
		r.Sites = append(r.Sites, sites...)
		return id
	}
	for _, e := range []struct {
		id, grid string
		at       orb.Point
	}{
		{"fine", "W", orb.Point{0.005, 0.002}},
		{"fine-name", " 东村 ", orb.Point{0.0125, 0.005}},
		{"fine-town", "T", orb.Point{0.0125, 0.005}},
		{"near", "W", orb.Point{0.0125, 0.005}},
		{"near-name", "西村", orb.Point{0.0125, 0.005}},
		{"none", "", orb.Point{0.0125, 0.005}},
		{"out", "W", orb.Point{0.03, 0.005}},
		{"strange", "南村", orb.Point{0.005, 0.002}},
		{"stranger", "南村", orb.Point{0.03, 0.005}},
	} {
		r.Enterprises = append(r.Enterprises, safety.Enterprise{ID: e.id, Grid: e.grid, At: e.at, Place: place(e.at)})
	}
	r.Enterprises = append(r.Enterprises, safety.Enterprise{ID: "unlocated", Grid: "W", Place: safety.NoPlace},
		safety.Enterprise{ID: "was", Grid: "W", EndedAt: day("2014-01-01"), At: orb.Point{0.03, 0.005}})
	beyond := orb.Point{0.012, 0.02}
	r.Hazards = []safety.Hazard{
		{ID: "h", Grid: "T", FoundAt: day("2014-02-01"), At: beyond, Place: place(beyond)},
		{ID: "later", Grid: "T", FoundAt: day("2015-02-01"), At: beyond, Place: place(beyond)},
		{ID: "void", Grid: "T", Outcome: "void", FoundAt: day("2014-02-01"), At: beyond, Place: place(beyond)},
	}
	return snapshot(t, r, day("2014-06-01"))
}

// line is a mismatch as a test writes it.
type line struct {
	id, declared, computed string
	level                  int
	reason                 safety.Reason
	metres                 float64 // -1: none
}

func lines(t *testing.T, s *safety.Snapshot, kind safety.Kind, level int) (out []line) {
	t.Helper()
	m, err := s.Mismatches(kind, level, safety.Query{})
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range m.Rows {
		l := line{id: r.ID, declared: r.Declared, level: r.Level, reason: r.Reason, metres: -1}
		if r.Computed != nil {
			l.computed = r.Computed.Code
		}
		if metres, ok := m.DistanceM(i); ok {
			l.metres = metres
		}
		out = append(out, l)
	}
	return out
}

// Metres are those of ST_Distance(geography) in PostGIS 3.3.2 to POLYGON((0 0, 0.01 0, 0.01 0.01, 0 0.01, 0 0)), which is W.
func TestMismatches(t *testing.T) {
	s := mismatching(t)
	same := cmp.Options{cmp.AllowUnexported(line{}), cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-6 })}
	all := []line{
		{"near", "W", "E", 2, safety.Elsewhere, 278.29872593},
		{"near-name", "西村", "E", 2, safety.Elsewhere, 278.29872593},
		{"out", "W", "", 2, safety.Beyond, 2226.38980744},
		{"strange", "南村", "W", 2, safety.Unknown, -1},
		{"stranger", "南村", "", 0, safety.Unknown, -1},
	}
	if diff := cmp.Diff(all, lines(t, s, safety.Enterprises, 0), same); diff != "" {
		t.Errorf("enterprises (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(all[3:], lines(t, s, safety.Enterprises, 1), same); diff != "" {
		t.Errorf("declared at level 1 (-want +got):\n%s", diff)
	}
	hazards := lines(t, s, safety.Hazards, 0)
	if len(hazards) != 1 || hazards[0].id != "h" || hazards[0].reason != safety.Beyond || hazards[0].level != 1 {
		t.Errorf("hazards: got %+v, want h, outside", hazards)
	}
	if both := lines(t, s, "", 0); len(both) != 6 || both[5].id != "h" {
		t.Errorf("both kinds: got %+v", both)
	}
}

// A point inside the declared grid that another grid, which overlaps it, owns, is 0 m away.
func TestMismatchInside(t *testing.T) {
	grids := []safety.Grid{grid("A", "", 1, box(0, 0, 1, 1)), grid("B", "", 1, box(0, 0, 1, 1))}
	placer, err := safety.NewPlacer(grids)
	if err != nil {
		t.Fatal(err)
	}
	at := orb.Point{0.5, 0.5}
	id, sites := placer.Place(at)
	s := snapshot(t, safety.Records{Grids: grids, Sites: sites, Enterprises: []safety.Enterprise{{ID: "e", Grid: "B", At: at, Place: id}}}, day("2014-06-01"))
	if diff := cmp.Diff([]line{{"e", "B", "A", 1, safety.Elsewhere, 0}}, lines(t, s, "", 0), cmp.AllowUnexported(line{})); diff != "" {
		t.Error(diff)
	}
}

func TestMismatchesRefused(t *testing.T) {
	s := mismatching(t)
	if _, err := s.Mismatches(safety.Lines, 0, safety.Query{}); !errors.Is(err, safety.ErrInvalid) {
		t.Errorf("lines: got %v, want invalid", err)
	}
	if _, err := s.Mismatches("", 0, safety.Query{Scheme: "none"}); !errors.Is(err, safety.ErrNotFound) {
		t.Errorf("another scheme: got %v, want not found", err)
	}
}
