package server

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/mvt"
	"github.com/paulmach/orb/maptile"

	"hazgrid/geo/crs"
	"hazgrid/internal/district"
	"hazgrid/internal/store/gpkg"
	"hazgrid/safety"
	"hazgrid/tiles"
)

// invented is a snapshot of the invented district as of the day it is meant to be looked at.
func invented(t testing.TB) *safety.Snapshot {
	t.Helper()
	st, err := gpkg.Open(t.Context(), filepath.Join(t.TempDir(), "district.gpkg"), "0", true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	d := district.Generate(district.Seed)
	for _, k := range []safety.Kind{safety.Grids, safety.Enterprises, safety.Hazards, safety.Lines} {
		if _, err := st.Apply(t.Context(), safety.Batch{Kind: k, Records: d.Records(k)}); err != nil {
			t.Fatal(err)
		}
	}
	r, err := st.Load(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	s, err := safety.NewSnapshot(r, day("2015-01-01")-1)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Every tile of the district is one by the specification, at zooms 15 and 16 one of sixteen; so is the class breaks' part. Every hazard and every enterprise
// is counted once at each zoom of which all tiles are drawn. GDAL reads as many features of the largest tiles of some
// zooms as orb.
func TestEveryTileOfTheDistrict(t *testing.T) {
	if testing.Short() {
		t.Skip("some thousands of tiles")
	}
	snapshot := invented(t)
	paint, st := newPainter(), newState(1, snapshot)
	layers, err := parseLayers("grids-1,grids-2,grids-3,grid-labels-1,grid-labels-2,grid-labels-3,enterprises,hazards,lines", snapshot.Depth(""))
	if err != nil {
		t.Fatal(err)
	}
	box, _ := gridBounds(snapshot, "", 0)
	want := map[string]int64{"enterprises": 0, "hazards": 0}
	for name, y := range map[string]*safety.Symbols{"enterprises": snapshot.EnterpriseSymbols(safety.Query{}), "hazards": snapshot.HazardSymbols(safety.Query{})} {
		for i := range y.Len() {
			want[name] += y.Fold(i, i+1).Count
		}
	}
	for z := uint32(0); z <= 16; z++ {
		drawn := addressesIn(box, z)
		if z > 14 {
			drawn = sixteenth(drawn)
		}
		got := map[string]int64{"enterprises": 0, "hazards": 0}
		var largest []byte
		eachTile(t, drawn, func(a tiles.Address) ([]byte, error) {
			d, err := paint.drawAll(st, layers, tileRequest{address: a, frame: crs.WGS84, meta: true})
			if err != nil {
				return nil, err
			}
			return d.Bytes(), nil
		}, func(tile []byte) {
			for name, n := range countsIn(t, tile) {
				got[name] += n
			}
			if len(tile) > len(largest) {
				largest = tile
			}
		})
		if z%4 == 3 {
			readByGDAL(t, largest)
		}
		if z <= 14 && !maps.Equal(got, want) {
			t.Errorf("zoom %d counts %v, want %v", z, got, want)
		}
	}
}

// All tiles of the finest grids, zooms 0 to 14, geometry and compression included, from a snapshot.
func BenchmarkPyramid(b *testing.B) {
	snapshot := invented(b)
	for b.Loop() {
		set, err := NewTileset(snapshot, TilesetRequest{Layers: "grids-3"})
		if err != nil {
			b.Fatal(err)
		}
		p := tiles.Pyramid{Make: set.Tile, Bound: set.Bound(), MaxZoom: 14}
		if err := p.Each(b.Context(), func(tiles.Address, []byte) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}

func sixteenth(all []tiles.Address) (some []tiles.Address) {
	for i := 0; i < len(all); i += 16 {
		some = append(some, all[i])
	}
	return some
}

// eachTile draws and checks tiles on two cores, and looks at one at a time.
func eachTile(t *testing.T, all []tiles.Address, draw func(tiles.Address) ([]byte, error), look func([]byte)) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	for half := range 2 {
		wg.Go(func() {
			for i := half; i < len(all); i += 2 {
				tile, err := draw(all[i])
				if err == nil {
					err = tiles.Check(tile)
				}
				if err != nil {
					t.Errorf("%s: %v", all[i], err)
					continue
				}
				mu.Lock()
				look(tile)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}

// addressesIn lists the tiles of a zoom over a box.
func addressesIn(box orb.Bound, z uint32) (out []tiles.Address) {
	low, high := maptile.At(orb.Point{box.Min[0], box.Max[1]}, maptile.Zoom(z)), maptile.At(orb.Point{box.Max[0], box.Min[1]}, maptile.Zoom(z))
	for x := low.X; x <= high.X; x++ {
		for y := low.Y; y <= high.Y; y++ {
			out = append(out, tiles.Address{Z: z, X: x, Y: y})
		}
	}
	return out
}

// countsIn sums the counts of the layers of points of a tile, without its margin.
func countsIn(t *testing.T, tile []byte) map[string]int64 {
	layers, err := mvt.Unmarshal(tile)
	if err != nil {
		t.Error(err)
	}
	out := map[string]int64{}
	for _, l := range layers {
		if l.Name != "enterprises" && l.Name != "hazards" {
			continue
		}
		for _, f := range l.Features {
			if p := f.Geometry.(orb.Point); p[0] >= 0 && p[0] < 4096 && p[1] >= 0 && p[1] < 4096 {
				out[l.Name] += int64(f.Properties["count"].(float64))
			}
		}
	}
	return out
}

// readByGDAL compares the numbers of features by layer.
func readByGDAL(t *testing.T, tile []byte) {
	t.Helper()
	if _, err := exec.LookPath("ogrinfo"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Errorf("GDAL is not here: %v", err)
		}
		return
	}
	path := filepath.Join(t.TempDir(), "tile.mvt")
	if err := os.WriteFile(path, tile, 0o644); err != nil {
		t.Error(err)
		return
	}
	said, err := exec.CommandContext(t.Context(), "ogrinfo", "-ro", "-so", "-al", "-oo", "CLIP=NO", "MVT:"+path).CombinedOutput()
	if err != nil {
		t.Errorf("ogrinfo: %v: %s", err, said)
	}
	layers, err := mvt.Unmarshal(tile)
	if err != nil {
		t.Error(err)
	}
	var want, got []string
	for _, l := range layers {
		want = append(want, fmt.Sprintf("Layer name: %s Feature Count: %d", l.Name, len(l.Features)))
	}
	for _, line := range strings.Split(string(said), "\n") {
		switch {
		case strings.HasPrefix(line, "Layer name: "):
			got = append(got, line)
		case strings.HasPrefix(line, "Feature Count: "):
			got[len(got)-1] += " " + line
		}
	}
	if !slices.Equal(got, want) || len(want) == 0 {
		t.Errorf("GDAL reads %q, want %q", got, want)
	}
}
