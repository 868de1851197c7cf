package tiles

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/geojson"
	"github.com/paulmach/orb/maptile"
	"pgregory.net/rapid"
)

// mosaic draws cells that share their edges: a lattice whose corners are moved, never so far that a cell turns over, and in
// which some cells are cut in two along a diagonal. The lattice is two units or more wide: of cells of a unit or less, about one
// mosaic in 10,000 has an overlap.
func mosaic(t *rapid.T) []orb.MultiPolygon {
	columns, rows := rapid.IntRange(2, 7).Draw(t, "columns"), rapid.IntRange(2, 7).Draw(t, "rows")
	size := rapid.SampledFrom([]float64{2, 3, 5, 40, 900}).Draw(t, "size")
	move := rapid.Float64Range(-0.24, 0.24)
	x, y := rapid.Float64Range(-90, 4200).Draw(t, "x"), rapid.Float64Range(-90, 4200).Draw(t, "y")
	at := make([][]orb.Point, columns+1)
	for i := range at {
		for j := range rows + 1 {
			lon, lat := home.lonLat(x+size*(float64(i)+move.Draw(t, "dx")), y+size*(float64(j)+move.Draw(t, "dy")))
			at[i] = append(at[i], orb.Point{lon, lat})
		}
	}
	var cells []orb.MultiPolygon
	for i := range columns {
		for j := range rows {
			a, b, c, d := at[i][j], at[i+1][j], at[i+1][j+1], at[i][j+1]
			if rapid.Bool().Draw(t, "cut") {
				cells = append(cells, orb.MultiPolygon{{{a, b, c, a}}}, orb.MultiPolygon{{{a, c, d, a}}})
				continue
			}
			cells = append(cells, orb.MultiPolygon{{{a, b, c, d, a}}})
		}
	}
	return cells
}

// Cells that share their edges on the map share them in the tile.
func TestCoverageNeitherGapsNorOverlaps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, cells := home, mosaic(t)
		wantSharedEdges(t, a, cells)
		for _, s := range ProjectCoverage(a, cells) {
			if err := polygons(t, decode(t, s)).Validate(); err != nil {
				t.Fatalf("not valid: %v", err)
			}
		}
	})
}

// Nor do they when corners are left out; no ring falls apart, no cell gains or loses much, and the order of cells does not matter.
func TestSimplify(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cells := bent(mosaic(t), rapid.Float64Range(-0.1, 0.1).Draw(t, "bend"))
		simple := Simplify(home.Z, cells)
		wantSharedEdges(t, home, simple)
		for i, c := range simple {
			if len(c) != len(cells[i]) || len(c[0][0]) < 4 {
				t.Fatalf("cell %d has become %v", i, c)
			}
			was, is := math.Abs(doubleArea(allWhole(home.allUnits(cells[i][0][0])))), math.Abs(doubleArea(allWhole(home.allUnits(c[0][0]))))
			if share := math.Abs(is-was) / was; was >= 2*smallCell && share > keptShare || was > 0 && share > smallShare {
				t.Fatalf("cell %d: twice its area was %v, is %v", i, was, is)
			}
		}
		slices.Reverse(cells)
		back := Simplify(home.Z, cells)
		slices.Reverse(back)
		if !slices.EqualFunc(back, simple, orb.MultiPolygon.Equal) {
			t.Fatal("the order of the cells matters")
		}
	})
}

// bent puts two corners into each side, beside it by a share of its length: one to its left, one to its right.
func bent(cells []orb.MultiPolygon, by float64) []orb.MultiPolygon {
	out := make([]orb.MultiPolygon, len(cells))
	for i, c := range cells {
		var ring orb.Ring
		for k, p := range c[0][0][:len(c[0][0])-1] {
			q := c[0][0][k+1]
			lo, hi := least(p, q), p
			if lo == p {
				hi = q
			}
			at := func(along, beside float64) orb.Point {
				return orb.Point{lo[0] + along*(hi[0]-lo[0]) - beside*(hi[1]-lo[1]), lo[1] + along*(hi[1]-lo[1]) + beside*(hi[0]-lo[0])}
			}
			a, b := at(0.3, by), at(0.7, -by)
			if lo != p {
				a, b = b, a
			}
			ring = append(ring, p, a, b)
		}
		out[i] = orb.MultiPolygon{{append(ring, ring[0])}}
	}
	return out
}

// A wave of shallow turns beside a straight side: what is beneath notice goes on both sides of it, and nothing else.
func TestSimplifyLeavesOutTogether(t *testing.T) {
	wave, square := orb.Ring{}, func(x float64) orb.Point { return orb.Point{x, 0} }
	for i := range 41 {
		p := square(float64(i) / 40)
		p[1] = 0.00004 * float64(i%2) // 0.5 units at zoom 0 are 0.044 degrees, at zoom 10 0.00004
		wave = append(wave, p)
	}
	above := append(slices.Clone(wave), orb.Point{1, 1}, orb.Point{0, 1}, wave[0])
	below := slices.Clone(wave)
	slices.Reverse(below)
	below = append(below, orb.Point{0, -1}, orb.Point{1, -1}, below[0])
	simple := Simplify(10, []orb.MultiPolygon{{{above}}, {{below}}})
	for i, c := range simple {
		if n := len(c[0][0]); n != 5 {
			t.Errorf("cell %d keeps %d vertices, want the 5 of a square: %v", i, n, c[0][0])
		}
	}
	if s := Simplify(SimplestZoom+1, simple); &s[0] != &simple[0] {
		t.Error("beyond the simplest zoom cells are not left as they are")
	}
}

// The district's corners at zoom 9.
func BenchmarkSimplify(b *testing.B) {
	cells := districtCells(b)
	for b.Loop() {
		Simplify(9, cells)
	}
}

// Nor do the grids of the district, or real villages, at any zoom.
func TestGridsNeitherGapNorOverlap(t *testing.T) {
	for name, path := range map[string]string{
		"district": filepath.Join("..", "testdata", "district", "grids-3.geojson"),
		"villages": filepath.Join("..", "..", "shared", "data", "kaohsiung_villages_wgs84.geojson"),
	} {
		t.Run(name, func(t *testing.T) {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Skipf("not here: %v", err)
			}
			fc, err := geojson.UnmarshalFeatureCollection(b)
			if err != nil {
				t.Fatal(err)
			}
			cells := cellsOf(fc)
			for z := range maptile.Zoom(15) {
				simple := Simplify(uint32(z), cells)
				for m := range tilesAt(cells, z) {
					a := Address{uint32(m.Z), m.X, m.Y}
					wantSharedEdges(t, a, inBound(simple, a.Bound(Buffer)))
				}
			}
		})
	}
}

func cellsOf(fc *geojson.FeatureCollection) (cells []orb.MultiPolygon) {
	for _, f := range fc.Features {
		if p, ok := f.Geometry.(orb.Polygon); ok {
			cells = append(cells, orb.MultiPolygon{p})
			continue
		}
		cells = append(cells, f.Geometry.(orb.MultiPolygon))
	}
	return cells
}

func districtCells(t testing.TB) []orb.MultiPolygon {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "testdata", "district", "grids-3.geojson"))
	if err != nil {
		t.Fatal(err)
	}
	fc, err := geojson.UnmarshalFeatureCollection(b)
	if err != nil {
		t.Fatal(err)
	}
	return cellsOf(fc)
}

// tilesAt returns the tiles of a zoom that have the first point of a cell.
func tilesAt(cells []orb.MultiPolygon, z maptile.Zoom) maptile.Set {
	set := maptile.Set{}
	for _, c := range cells {
		set[maptile.At(c[0][0][0], z)] = true
	}
	return set
}

func inBound(cells []orb.MultiPolygon, b orb.Bound) []orb.MultiPolygon {
	return slices.DeleteFunc(slices.Clone(cells), func(c orb.MultiPolygon) bool { return !c.Bound().Intersects(b) })
}

// wantSharedEdges checks that each side of a cell is drawn once in its direction (else cells overlap), and
// once in the other, for the neighbour (else there is a gap), unless only one cell has that side on the map.
func wantSharedEdges(t rapid.TB, a Address, cells []orb.MultiPolygon) {
	t.Helper()
	m, _ := settledMesh(a, cells)
	drawn := map[arrow]int{}
	for i := range cells {
		for _, r := range m.tidied[i] {
			for k, d := range r {
				drawn[arrow{d, r[(k+1)%len(r)]}]++
			}
		}
	}
	outline := map[seg]bool{}
	for i := range m.segs {
		for _, p := range m.pieces(int32(i)) {
			outline[p] = outline[p] || len(m.beside[i])%2 == 1
		}
	}
	for s, n := range drawn {
		if n > 1 {
			t.Errorf("%s: %v is drawn %d times in one direction: an overlap", a, s, n)
		}
		if drawn[arrow{s.to, s.from}] == 0 && !outline[newSeg(s.from, s.to)] {
			t.Errorf("%s: %v is drawn in one direction only: a gap", a, s)
		}
	}
}
