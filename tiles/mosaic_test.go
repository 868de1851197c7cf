package tiles_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"image/color"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/geojson"

	"hazgrid/geo"
	"hazgrid/internal/coverages"
	"hazgrid/tiles"
)

// districtCells are the finest grids of the invented district.
func districtCells(tb testing.TB) []orb.MultiPolygon {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join("..", "testdata", "district", "grids-3.geojson"))
	if err != nil {
		tb.Fatal(err)
	}
	fc, err := geojson.UnmarshalFeatureCollection(b)
	if err != nil {
		tb.Fatal(err)
	}
	cells := make([]orb.MultiPolygon, len(fc.Features))
	for i, f := range fc.Features {
		cells[i] = multi(f.Geometry)
	}
	return cells
}

func mosaicOf(a tiles.Address, cells []orb.MultiPolygon) *tiles.Mosaic {
	c := tiles.NewCanvas(a)
	bound := a.Bound(0)
	for i, cell := range slices.Backward(cells) {
		if cell.Bound().Intersects(bound) {
			c.Fill(i, cell)
		}
	}
	return c.Mosaic()
}

// downtown is the tile of a zoom in which the district's centre lies.
func downtown(z uint32) tiles.Address {
	w := tiles.World(orb.Point{120.6552, 27.7787})
	n := float64(uint32(1) << z)
	return tiles.Address{Z: z, X: uint32(w[0] * n), Y: uint32(w[1] * n)}
}

// GDAL fills the same polygons at the same samples. It rounds where sides cross rows otherwise, so a few samples on
// sides may differ.
func TestMosaicOfGDAL(t *testing.T) {
	if _, err := exec.LookPath("gdal_rasterize"); err != nil {
		absent(t, "GDAL is not here: %v", err)
	}
	cells := districtCells(t)
	file := planeFile(t, cells)
	for _, a := range []tiles.Address{downtown(9), downtown(11), downtown(14), {Z: 10, X: 854, Y: 429}} {
		theirs := rasterized(t, file, a)
		m := mosaicOf(a, cells)
		var covered, differ int
		for y := range tiles.Samples {
			ours := make([]int32, tiles.Samples)
			m.Row(y, func(cell, from, to int) {
				for x := from; x < to; x++ {
					ours[x] = int32(cell) + 1
				}
			})
			for x, n := range ours {
				their := int32(binary.LittleEndian.Uint32(theirs[4*(y*tiles.Samples+x):]))
				if n > 0 || their > 0 {
					covered++
				}
				if n != their {
					differ++
				}
			}
		}
		if covered == 0 || float64(differ) > 1e-5*float64(covered) {
			t.Errorf("%v: %d of %d samples differ", a, differ, covered)
		}
	}
}

// planeFile writes cells in EPSG:3857, so that GDAL's sides are straight where ours are.
func planeFile(t *testing.T, cells []orb.MultiPolygon) string {
	t.Helper()
	fc := geojson.NewFeatureCollection()
	for i, cell := range cells {
		cell = cell.Clone()
		for _, polygon := range cell {
			for _, ring := range polygon {
				for k, p := range ring {
					w := tiles.World(p)
					ring[k] = orb.Point{(w[0] - 0.5) * worldSide, (0.5 - w[1]) * worldSide}
				}
			}
		}
		f := geojson.NewFeature(cell)
		f.Properties = geojson.Properties{"n": i + 1}
		fc.Append(f)
	}
	b, err := json.Marshal(fc)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "cells.geojson")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// worldSide is the side of the Web Mercator map, metres: 2π · 6378137.
const worldSide = 40075016.685578488

func rasterized(t *testing.T, file string, a tiles.Address) []byte {
	t.Helper()
	out := filepath.Join(t.TempDir(), "samples.img")
	side := worldSide / float64(uint32(1)<<a.Z)
	west, north := float64(a.X)*side-worldSide/2, worldSide/2-float64(a.Y)*side
	args := []string{"-q", "-a", "n", "-ot", "Int32", "-of", "EHdr", "-init", "0", "-ts", "1024", "1024", "-te"}
	for _, v := range []float64{west, north - side, west + side, north} {
		args = append(args, fmt.Sprintf("%.9f", v))
	}
	if b, err := exec.CommandContext(t.Context(), "gdal_rasterize", append(args, file, out)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	b, err := os.ReadFile(out)
	if err != nil || len(b) != 4*tiles.Samples*tiles.Samples {
		t.Fatalf("%d bytes, %v", len(b), err)
	}
	return b
}

// Where grids tile the ground no sample is without one, at any zoom, and none is in two: Fill would show it by the order.
func TestMosaicHasNoGaps(t *testing.T) {
	cells, sites := coverages.Voronoi{N: 300, Jags: 12, Seed: 5}.Cells()
	backwards := slices.Clone(cells)
	slices.Reverse(backwards)
	for z := uint32(12); z <= 22; z += 2 {
		w := tiles.World(sites[len(sites)/2])
		n := float64(uint32(1) << z)
		a := tiles.Address{Z: z, X: uint32(w[0] * n), Y: uint32(w[1] * n)}
		if !within(a.Bound(0), cells) {
			t.Fatalf("%v is not full", a)
		}
		m, back := mosaicOf(a, cells), mosaicOf(a, backwards)
		for _, n := range m.Covered() {
			if n != tiles.PixelSamples {
				t.Fatalf("%v: a pixel has %d samples in a grid", a, n)
			}
		}
		for y := range tiles.Samples {
			var owners []int
			m.Row(y, func(cell, from, _ int) { owners = append(owners, from, cell) })
			back.Row(y, func(cell, from, _ int) {
				if len(owners) < 2 || owners[0] != from || owners[1] != len(cells)-1-cell {
					t.Fatalf("%v, row %d: another grid at %d", a, y, from)
				}
				owners = owners[2:]
			})
		}
	}
}

// within reports whether a box lies in that of cells.
func within(b orb.Bound, cells []orb.MultiPolygon) bool {
	all := cells[0].Bound()
	for _, c := range cells {
		all = all.Union(c.Bound())
	}
	return all.Contains(b.Min) && all.Contains(b.Max)
}

func TestMosaicRules(t *testing.T) {
	home := tiles.Address{Z: 1, X: 1, Y: 0}
	square := func(w, s, e, n float64) orb.Polygon {
		return orb.Polygon{{{w, s}, {e, s}, {e, n}, {w, n}, {w, s}}}
	}
	hole := square(45, 20, 90, 40)
	hole = append(hole, square(60, 25, 70, 35)[0])
	for name, c := range map[string]struct {
		cell orb.MultiPolygon
		want int // samples
	}{
		"the whole tile":   {orb.MultiPolygon{square(-10, -10, 190, 89)}, 1024 * 1024},
		"the western half": {orb.MultiPolygon{square(0, 0, 90, 86)}, 1024 * 512},
		"an open ring":     {orb.MultiPolygon{{square(0, 0, 90, 86)[0][:4]}}, 1024 * 512},
		"beside the tile":  {orb.MultiPolygon{square(-90, 10, -1, 20)}, 0},
		"no ring":          {orb.MultiPolygon{{{}}, {}}, 0},
		"two points":       {orb.MultiPolygon{{{{10, 10}, {20, 20}}}}, 0},
		"twice the same":   {orb.MultiPolygon{square(10, 10, 20, 20), square(10, 10, 20, 20)}, 0},
	} {
		canvas := tiles.NewCanvas(home)
		canvas.Fill(0, c.cell)
		got := 0
		for _, n := range canvas.Mosaic().Covered() {
			got += int(n)
		}
		if got != c.want {
			t.Errorf("%s: %d samples, want %d", name, got, c.want)
		}
	}
	canvas := tiles.NewCanvas(home)
	canvas.Fill(3, orb.MultiPolygon{hole})
	canvas.Fill(1, orb.MultiPolygon{square(62, 27, 68, 33)}) // in the hole
	row := int(tiles.World(orb.Point{0, 30})[1] * 2 * tiles.Samples)
	var cells []int
	canvas.Mosaic().Row(row, func(cell, _, _ int) { cells = append(cells, cell) })
	if !slices.Equal(cells, []int{3, 1, 3}) {
		t.Errorf("through the hole: %v", cells)
	}
}

// What a cold tile costs: geometry, then values.
func BenchmarkHeatmapTile(b *testing.B) {
	cells := districtCells(b)
	coverage, err := geo.NewCoverage(cells)
	if err != nil {
		b.Fatal(err)
	}
	classes := make([]uint8, len(cells))
	for i := range classes {
		classes[i] = uint8(i%8) + 1
	}
	inks := make([]tiles.Ink, 8)
	for i := range inks {
		inks[i].Color = color.NRGBA{uint8(30 * i), uint8(255 - 30*i), 90, 255}
	}
	inks[7].Lines = color.NRGBA{A: 255}
	for _, a := range []tiles.Address{downtown(8), downtown(10), downtown(12), downtown(14)} {
		b.Run(fmt.Sprintf("z%d/geometry", a.Z), func(b *testing.B) {
			for b.Loop() {
				canvas := tiles.NewCanvas(a)
				for _, i := range coverage.Search(a.Bound(0), nil) {
					canvas.Fill(i, cells[i])
				}
				canvas.Mosaic()
			}
		})
		m := mosaicOf(a, cells)
		for _, size := range []int{256, 512} {
			b.Run(fmt.Sprintf("z%d/%dpx", a.Z, size), func(b *testing.B) {
				for b.Loop() {
					if _, err := tiles.DrawPNG(size, inks, rowOf(m, classes)); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(m.Len()), "mosaic-bytes")
			})
		}
	}
}

// rowOf draws each cell in the ink that classes says.
func rowOf(m *tiles.Mosaic, classes []uint8) func(y int, dst []uint8) {
	return func(y int, dst []uint8) {
		m.Row(y, func(cell, from, to int) {
			for x := from; x < to; x++ {
				dst[x] = classes[cell]
			}
		})
	}
}
