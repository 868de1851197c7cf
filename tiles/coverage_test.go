package tiles

import (
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
			var cells []orb.MultiPolygon
			for _, f := range fc.Features {
				if p, ok := f.Geometry.(orb.Polygon); ok {
					cells = append(cells, orb.MultiPolygon{p})
					continue
				}
				cells = append(cells, f.Geometry.(orb.MultiPolygon))
			}
			for z := range maptile.Zoom(15) {
				for m := range tilesAt(cells, z) {
					a := Address{uint32(m.Z), m.X, m.Y}
					wantSharedEdges(t, a, inBound(cells, a.Bound(Buffer)))
				}
			}
		})
	}
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
