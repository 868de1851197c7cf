package geo_test

import (
	"context"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/paulmach/orb"
	"pgregory.net/rapid"

	"hazgrid/geo"
	"hazgrid/internal/coverages"
)

// degreesOf is a length in metres as degrees of latitude, near enough for tests.
func degreesOf(metres float64) float64 { return metres / 111_000 }

// A failer is a *testing.T or a *rapid.T.
type failer interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
}

func mend(t failer, cells []orb.MultiPolygon, toleranceM float64) geo.Mending {
	t.Helper()
	m, err := geo.Mend(cells, toleranceM)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Cells) != len(cells) {
		t.Fatalf("%d cells of %d", len(m.Cells), len(cells))
	}
	return m
}

// cleanBelow fails t unless the cells are valid and have no gap or overlap narrower than the
// tolerance, and mending them again changes nothing.
func cleanBelow(t failer, cells []orb.MultiPolygon, toleranceM float64) {
	t.Helper()
	for i, cell := range cells {
		if f := geo.Validate(cell); f != nil {
			t.Errorf("cell %d: %v", i, f)
		}
	}
	c, err := geo.NewCoverage(cells)
	if err != nil {
		t.Fatal(err)
	}
	gaps, err := c.Gaps()
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range gaps {
		if g.WidthM < toleranceM {
			t.Errorf("a gap of %v m², %v m wide, is left at %v", g.AreaM2, g.WidthM, g.At)
		}
	}
	for _, o := range c.Overlaps() {
		if o.WidthM < toleranceM {
			t.Errorf("an overlap of %v m², %v m wide, is left at %v", o.AreaM2, o.WidthM, o.At)
		}
	}
	again := mend(t, cells, toleranceM)
	if len(again.Changed) > 0 || len(again.Patches) > 0 || !reflect.DeepEqual(again.Cells, cells) {
		t.Errorf("mending again changes %v", again.Changed)
	}
}

// A clean coverage stays as it is, bit by bit.
func TestMendLeavesCleanCellsAlone(t *testing.T) {
	voronoi, sites := coverages.Voronoi{N: 300, Jags: 5, Seed: 2}.Cells()
	for name, cells := range map[string][]orb.MultiPolygon{
		"voronoi": voronoi,
		"lakes":   coverages.WithIslands(voronoi, sites),
		"jagged":  mesh{wide: 9, high: 7, lon: 120.6, lat: 27.7, size: 0.005, jitter: 0.2, jags: 6, seed: 3}.cells(),
		"squares": coverages.Squares(120.6, 27.7, 0.01, 8, 8),
		"nothing": nil,
		"empty":   {{}, voronoi[3], {}},
	} {
		t.Run(name, func(t *testing.T) {
			m := mend(t, cells, 1)
			if len(m.Changed) > 0 || len(cells) > 0 && !reflect.DeepEqual(m.Cells, cells) {
				t.Errorf("changed %v", m.Changed)
			}
		})
	}
}

// TestMendFillsAndAssigns holds single faults of known area between two or four squares of about 1 km.
func TestMendFillsAndAssigns(t *testing.T) {
	const west, south, side = 120.6, 27.7, 0.01
	square := func(w, s, e, n float64) orb.MultiPolygon { return box(west+w, south+s, west+e, south+n) }
	left := square(0, 0, side, side)
	for _, tt := range []struct {
		name    string
		cells   []orb.MultiPolygon
		changed []int
		gaps    int // left
		overlap int // left
	}{
		{"overlap of half a metre", []orb.MultiPolygon{left, square(side-degreesOf(0.5), 0, 2*side, side)}, []int{1}, 0, 0},
		{"overlap of ten metres stays", []orb.MultiPolygon{left, square(side-degreesOf(10), 0, 2*side, side)}, nil, 0, 1},
		{"gap of half a metre, open at both ends", []orb.MultiPolygon{left, square(side+degreesOf(0.5), 0, 2*side, side)}, []int{1}, 0, 0},
		{"gap of ten metres, open, stays", []orb.MultiPolygon{left, square(side+degreesOf(10), 0, 2*side, side)}, nil, 0, 0},
		{"the same twice stays", []orb.MultiPolygon{left, left}, nil, 0, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := mend(t, tt.cells, 1)
			cleanBelow(t, m.Cells, 1)
			c := newCoverage(t, m.Cells)
			gaps, err := c.Gaps()
			if err != nil || len(gaps) != tt.gaps || len(c.Overlaps()) != tt.overlap {
				t.Errorf("%d gaps, %d overlaps left, %v", len(gaps), len(c.Overlaps()), err)
			}
			if tt.changed != nil && !slices.Equal(m.Changed, tt.changed) {
				t.Errorf("changed %v, want %v", m.Changed, tt.changed)
			}
		})
	}
}

// A thin part of a cell that lies cut off between others goes to that with the longer border; an islet stays.
func TestMendGivesAwayWhatIsCutOff(t *testing.T) {
	const west, south, side = 120.6, 27.7, 0.01
	thin := degreesOf(0.4)
	islet := box(west, south+2*side, west+side, south+2*side+thin)[0]
	cells := []orb.MultiPolygon{
		{box(west, south, west+side, south+side)[0], box(west+2*side, south, west+2*side+thin, south+side)[0], islet},
		box(west+side, south, west+2*side, south+side),
		box(west+2*side+thin, south+side/4, west+3*side, south+side),
	}
	m := mend(t, cells, 1)
	cleanBelow(t, m.Cells, 1)
	if len(m.Cells[0]) != 2 || len(m.Patches) != 1 || m.Patches[0].To != 1 || !slices.Equal(m.Patches[0].From, []int{0}) {
		t.Errorf("cell 0 has %d parts, patches %v", len(m.Cells[0]), m.Patches)
	}
}

// Perturbed borders become one again, whatever the mesh, and far cells stay as they were.
func TestMendPerturbedMeshes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64Range(0, 1<<20).Draw(t, "seed")
		by := rapid.Float64Range(0.01, 0.3).Draw(t, "metres")
		cells, _ := coverages.Voronoi{N: 30, Jags: int(seed % 4), Seed: seed}.Cells()
		moved := slices.Clone(cells)
		copy(moved[:4], perturbed(cells[:4], degreesOf(by), seed))
		m := mend(t, moved, 1)
		cleanBelow(t, m.Cells, 1)
		far, err := geo.NewCoverage(cells)
		if err != nil {
			t.Fatal(err)
		}
		for i := range cells {
			touched := i < 4
			for _, n := range far.Neighbours(i) {
				touched = touched || n < 4
			}
			for _, n := range far.Intersects(cells[i], nil) {
				touched = touched || n < 4
			}
			if !touched && !reflect.DeepEqual(m.Cells[i], moved[i]) {
				t.Fatalf("cell %d is far away and changed", i)
			}
		}
	})
}

// The order of cells decides nothing but ties: the ground of each stays what it was.
func TestMendInAnyOrder(t *testing.T) {
	cells, _ := coverages.Voronoi{N: 40, Jags: 3, Seed: 8}.Cells()
	cells = perturbed(cells, degreesOf(0.2), 4)
	want := mend(t, cells, 1)
	r := rand.New(rand.NewPCG(1, 1))
	turned := make([]orb.MultiPolygon, len(cells))
	for i, cell := range cells {
		turned[i] = shuffledRings(r, cell)
	}
	if got := mend(t, turned, 1); !reflect.DeepEqual(got.Cells, want.Cells) {
		t.Error("other rings of the same cells are mended another way")
	}
}

// TestMendAgainstPostGIS holds the district of perturbed grids: PostGIS finds no overlap and no hole.
func TestMendAgainstPostGIS(t *testing.T) {
	clean, _ := coverages.Voronoi{N: 150, Jags: 4, Seed: 21}.Cells()
	for name, cells := range map[string][]orb.MultiPolygon{
		"perturbed": perturbed(clean, degreesOf(0.3), 5),
		"villages":  villages(t),
	} {
		t.Run(name, func(t *testing.T) {
			m := mend(t, cells, 1)
			cleanBelow(t, m.Cells, 1)
			db := postgis(t)
			loadCells(t, db, m.Cells)
			var invalid, overlaps int
			var wide, hole, before, after float64
			if err := db.QueryRow(context.Background(), `select
				(select count(*) from cells where not ST_IsValid(geom)),
				(select count(*) from (select ST_Intersection(a.geom, b.geom) g from cells a join cells b on a.face < b.face and a.geom && b.geom) o
					where ST_Area(g::geography) > 0.001 and 2 * ST_Area(g::geography) < ST_Perimeter(g::geography)),
				(select coalesce(max(ST_Area(g::geography)), 0) from (select ST_Intersection(a.geom, b.geom) g from cells a join cells b on a.face < b.face and a.geom && b.geom) o),
				(select count(*) from (select (ST_DumpRings(g)).* from (select (ST_Dump(ST_Union(geom))).geom g from cells) u) r
					where path[1] > 0 and ST_Area(geom::geography) > 0.001 and 2 * ST_Area(geom::geography) < ST_Perimeter(geom::geography)),
				(select sum(ST_Area(geom::geography)) from cells)`).Scan(&invalid, &overlaps, &wide, &hole, &after); err != nil {
				t.Fatal(err)
			}
			for _, cell := range cells {
				before += geo.Area(cell)
			}
			if invalid > 0 || overlaps > 0 || hole > 0 {
				t.Errorf("PostGIS: %d invalid, %d narrow overlaps, %v narrow holes", invalid, overlaps, hole)
			}
			t.Logf("%d cells changed, %d patches; %.0f m² before, %.0f m² after; widest overlap left %.0f m²", len(m.Changed), len(m.Patches), before, after, wide)
			if math.Abs(after-before) > 1e-3*before {
				t.Errorf("%v m² before, %v m² after", before, after)
			}
		})
	}
}

func TestMendRefuses(t *testing.T) {
	bowTie := parseWKT(t, "POLYGON((0 0,10 10,10 0,0 10,0 0))")
	if _, err := geo.Mend([]orb.MultiPolygon{bowTie}, 1); err == nil {
		t.Error("an invalid cell is no error")
	}
	for _, tolerance := range []float64{-1, math.NaN(), math.Inf(1), 1001} {
		if _, err := geo.Mend(nil, tolerance); err == nil {
			t.Errorf("tolerance %v is no error", tolerance)
		}
	}
}
