package safety_test

import (
	"fmt"
	"log"
	"testing"
	"time"

	"github.com/paulmach/orb"

	"hazgrid/safety"
)

// A district of one grid with one enterprise and two hazards, one of them rectified.
func ExampleSnapshot() {
	day := func(s string) safety.Time {
		t, err := safety.ParseTime(s, time.UTC, safety.Opens)
		if err != nil {
			log.Fatal(err)
		}
		return t
	}
	grids := []safety.Grid{{
		Scheme: "safety", Code: "A", Name: "Harbour", Level: 1, AreaKm2: 2,
		Boundary: orb.MultiPolygon{{{{120, 27}, {120.1, 27}, {120.1, 27.1}, {120, 27.1}, {120, 27}}}},
	}}
	placer, err := safety.NewPlacer(grids)
	if err != nil {
		log.Fatal(err)
	}
	at := orb.Point{120.05, 27.05}
	place, sites := placer.Place(at)
	s, err := safety.NewSnapshot(safety.Records{
		Whole: true, Version: 1, Grids: grids, Sites: sites,
		Enterprises: []safety.Enterprise{{ID: "e1", At: at, Place: place}},
		Hazards: []safety.Hazard{
			{ID: "h1", Enterprise: "e1", At: at, Place: place, FoundAt: day("2014-11-03"), RectifiedAt: day("2014-11-05")},
			{ID: "h2", Enterprise: "e1", At: at, Place: place, FoundAt: day("2014-11-03"), DueAt: day("2014-11-10")},
		},
	}, day("2014-12-31"))
	if err != nil {
		log.Fatal(err)
	}
	w, err := s.Which(at, safety.WhichOptions{})
	if err != nil {
		log.Fatal(err)
	}
	table, err := s.Tallies(1, safety.Query{})
	if err != nil {
		log.Fatal(err)
	}
	row := table.Rows[0]
	rate, _ := row.Rate()
	density, _ := row.Density()
	fmt.Printf("%s: %d found, %d overdue, rate %.2f, %.0f per km²\n", w.Grids[0].Name, row.Found, row.Overdue, rate, density)
	// Output: Harbour: 2 found, 1 overdue, rate 0.50, 1 per km²
}

func FuzzParseTime(f *testing.F) {
	for _, s := range []string{"2014-12-31", "2014-12-31T08:30:15.123+08:00", "2014-12-31 08:30", "", "0001-01-01", "9999-12-31T23:59:59Z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := safety.ParseTime(s, time.UTC, safety.Opens)
		if err != nil {
			return
		}
		b, err := safety.ParseTime(s, time.UTC, safety.Closes)
		if err != nil || b < a {
			t.Errorf("%q opens at %v and closes at %v, %v", s, a, b, err)
		}
		if again, err := safety.ParseTime(a.String(), time.UTC, safety.Opens); err != nil || again != a {
			t.Errorf("%q: %v reads back as %v, %v", s, a, again, err)
		}
	})
}
