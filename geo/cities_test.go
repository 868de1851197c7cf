package geo_test

import (
	"testing"

	"github.com/paulmach/orb"

	"hazgrid/geo"
	"hazgrid/internal/coverages"
)

// Cities far apart in one index answer as each of them alone, and need no more than a few words for the ground between.
// They are moved by whole degrees to where coordinates are not coarser, so exactly.
func TestCitiesFarApart(t *testing.T) {
	const each = 12_000
	city, _ := coverages.Voronoi{N: each, Seed: 3}.Cells()
	moves := []orb.Point{{0, 0}, {-10, 0}, {-20, -6}}
	var cells []orb.MultiPolygon
	for _, by := range moves {
		cells = append(cells, mapped(city, func(p orb.Point) orb.Point { return orb.Point{p[0] + by[0], p[1] + by[1]} })...)
	}
	alone, all := newCoverage(t, city), newCoverage(t, cells)
	points := append(corners(city[:200]), scattered(city, 20_000)...)
	check := func(all *geo.Coverage) {
		t.Helper()
		for i, by := range moves {
			for _, p := range points {
				want, wanted := alone.Locate(p)
				got, ok := all.Locate(orb.Point{p[0] + by[0], p[1] + by[1]})
				if ok != wanted || ok && got != want+i*each {
					t.Fatalf("city %d, %v: %d %v, alone %d %v", i, p, got, ok, want, wanted)
				}
			}
		}
	}
	check(all)
	gone, err := all.With(geo.Change{Face: each + 7})
	if err != nil {
		t.Fatal(err)
	}
	back, err := gone.With(geo.Change{Face: each + 7, Cell: cells[each+7]})
	if err != nil {
		t.Fatal(err)
	}
	check(back)
	if f, ok := all.Locate(orb.Point{115, 20}); ok {
		t.Errorf("face %d between the cities", f)
	}
	// Half a block a face is the most that empty ground is given, and this much ground takes all of it.
	if n := all.Blocks(); n < len(cells)/2 || n > len(cells) {
		t.Errorf("%d blocks, one city has %d: those of the cities should not grow with the ground between", n, alone.Blocks())
	}
}
