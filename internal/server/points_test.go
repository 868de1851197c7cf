package server

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/mvt"
	"github.com/paulmach/orb/maptile"

	"hazgrid/geo/crs"
	"hazgrid/safety"
	"hazgrid/tiles"
)

// million makes n hazards of which every third is rectified: at so many coordinates, half of them in a few dense places.
func million(t testing.TB, n, coordinates int) *safety.Snapshot {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	places := make([]orb.Point, coordinates)
	for i := range places {
		places[i] = orb.Point{120.1 + 0.6*r.Float64(), 27.6 + 0.4*r.Float64()}
		if i%2 == 0 {
			places[i] = orb.Point{120.2 + 0.1*float64(i%8) + 0.004*r.NormFloat64(), 27.75 + 0.004*r.NormFloat64()}
		}
	}
	hazards := make([]safety.Hazard, n)
	for i := range hazards {
		hazards[i] = safety.Hazard{
			ID: fmt.Sprintf("HZ-2014-%08d", i), FoundAt: 1, Severity: [...]string{"general", "major"}[i%2], Source: [...]string{"patrol", "self", "joint"}[i%3],
			Aspect: fmt.Sprint(i % 17), At: places[i%coordinates], Place: safety.Outside,
		}
		if i%3 == 0 {
			hazards[i].RectifiedAt = 2
		}
	}
	s, err := safety.NewSnapshot(safety.Records{Whole: true, Hazards: hazards}, 100)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// seen is what a foreign reader finds in the tile itself, not in its margin.
type seen struct{ features, count, found, rectified, single int }

// look draws the hazards of one tile.
func look(t testing.TB, s *safety.Snapshot, request tileRequest) (seen, int) {
	t.Helper()
	tile, err := request.points(nil, layer{id: "hazards", kind: hazardLayer}, s.HazardSymbols(request.query))
	if err != nil {
		t.Fatal(err)
	}
	layers, err := mvt.Unmarshal(tile)
	if err != nil {
		t.Fatal(err)
	}
	var all seen
	for _, l := range layers {
		for _, f := range l.Features {
			if p := f.Geometry.(orb.Point); p[0] >= 0 && p[0] < 4096 && p[1] >= 0 && p[1] < 4096 {
				all.add(t, f.Properties)
			}
		}
	}
	return all, len(tile)
}

func (s *seen) add(t testing.TB, p map[string]any) {
	t.Helper()
	number := func(key string) int { n, _ := p[key].(float64); return int(n) }
	s.features++
	s.count += number("count")
	if number("count") == 1 {
		s.single++
		s.found++
		if p["id"] == nil || p["found"] != nil || p["severity"] == nil {
			t.Fatalf("one hazard is %v", p)
		}
		if p["state"] == "review" {
			s.rectified++
		}
		return
	}
	s.found += number("found")
	s.rectified += number("rectified")
	if number("found") != number("count") {
		t.Fatalf("a cell of %v", p)
	}
}

// over lists the tiles of a zoom over the invented hazards, shifted or not.
func over(z uint32) []tiles.Address {
	var out []tiles.Address
	low, high := maptile.At(orb.Point{120, 28.1}, maptile.Zoom(z)), maptile.At(orb.Point{120.9, 27.5}, maptile.Zoom(z))
	for x := low.X; x <= high.X; x++ {
		for y := low.Y; y <= high.Y; y++ {
			out = append(out, tiles.Address{Z: z, X: x, Y: y})
		}
	}
	return out
}

// Over all tiles of a zoom every hazard is counted once, in whatever frame.
func TestPointsAreCountedOnce(t *testing.T) {
	const n = 21_000
	s := million(t, n, n/2)
	for _, frame := range []crs.Frame{crs.WGS84, crs.GCJ02} {
		for _, z := range []uint32{0, 5, 8, 9, 10, 11, 12, 13} {
			var sum seen
			for _, a := range over(z) {
				one, _ := look(t, s, tileRequest{address: a, frame: frame})
				sum.features += one.features
				sum.count += one.count
				sum.found += one.found
				sum.rectified += one.rectified
				if one.features > tiles.MaxCells {
					t.Errorf("%s %s: %d features", frame, a, one.features)
				}
			}
			if sum.count != n || sum.found != n || sum.rectified != n/3 {
				t.Errorf("%s zoom %d: %+v, want %d and %d rectified", frame, z, sum, n, n/3)
			}
			if z == 13 && sum.features != n/2 {
				t.Errorf("%s zoom %d shows %d of %d coordinates", frame, z, sum.features, n/2)
			}
		}
	}
}

// 500 kB is what tippecanoe and Mapbox hold for the limit of a tile.
func TestPointTilesStaySmall(t *testing.T) {
	most := 1_000_000
	if testing.Short() {
		most = 100_000
	}
	for _, c := range [][2]int{{100_000, 1}, {most, 1_000}, {most, most}} {
		n, coordinates := c[0], c[1]
		s := million(t, n, coordinates)
		for z := uint32(0); z <= tiles.MaxZoom; z++ {
			at := maptile.At(orb.Point{120.2, 27.75}, maptile.Zoom(z)) // in the midst of a dense place
			one, size := look(t, s, tileRequest{address: tiles.Address{Z: z, X: at.X, Y: at.Y}, frame: crs.WGS84})
			if size > pointBytes {
				t.Errorf("%d coordinates, zoom %d: %d bytes", coordinates, z, size)
			}
			t.Logf("%d coordinates, zoom %d: %d bytes, %+v", coordinates, z, size, one)
			if z < 6 && one.count != n {
				t.Errorf("%d coordinates, zoom %d: %d hazards", coordinates, z, one.count)
			}
		}
	}
}

func BenchmarkPointTile(b *testing.B) {
	for _, n := range []int{100_000, 1_000_000} {
		s := million(b, n, n/2)
		for _, z := range []uint32{0, 8, 12, 16} {
			at := maptile.At(orb.Point{120.2, 27.75}, maptile.Zoom(z))
			r := tileRequest{address: tiles.Address{Z: z, X: at.X, Y: at.Y}, frame: crs.WGS84}
			b.Run(fmt.Sprintf("%d hazards, zoom %d", n, z), func(b *testing.B) {
				for b.Loop() {
					if _, err := r.points(nil, layer{id: "hazards", kind: hazardLayer}, s.HazardSymbols(r.query)); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		at := safety.Time(1000)
		b.Run(fmt.Sprintf("%d hazards, a new query", n), func(b *testing.B) {
			for b.Loop() {
				at++
				s.HazardSymbols(safety.Query{At: at})
			}
		})
	}
}

// Texts as long as a tile takes them: every tile is small all the same, and nothing is lost.
func TestPointTilesOfLongTexts(t *testing.T) {
	const n = 4_000
	hazards := make([]safety.Hazard, n)
	for i := range hazards {
		id := fmt.Sprintf("%0250d", i)
		hazards[i] = safety.Hazard{ID: id, FoundAt: 1, Aspect: id, Item: id, Severity: "general", At: orb.Point{120 + 0.0001*float64(i%64), 27.7 + 0.0001*float64(i/64)}, Place: safety.Outside}
	}
	hazards[0].Aspect = strings.Repeat("x", 1<<20)
	s, err := safety.NewSnapshot(safety.Records{Whole: true, Hazards: hazards}, 100)
	if err != nil {
		t.Fatal(err)
	}
	for z := uint32(0); z <= 17; z++ {
		count := 0
		low, high := maptile.At(orb.Point{119.999, 27.8}, maptile.Zoom(z)), maptile.At(orb.Point{120.0065, 27.699}, maptile.Zoom(z))
		for x := low.X; x <= high.X; x++ {
			for y := low.Y; y <= high.Y; y++ {
				one, size := look(t, s, tileRequest{address: tiles.Address{Z: z, X: x, Y: y}, frame: crs.WGS84})
				count += one.count
				if size > pointBytes {
					t.Errorf("%d/%d/%d: %d bytes", z, x, y, size)
				}
			}
		}
		if count != n {
			t.Errorf("zoom %d: %d hazards of %d", z, count, n)
		}
	}
}

// The class breaks are those of all that the zoom shows, so they are in every tile the same: here 1 to 3 hazards at a place, as fill has them.
func TestMetaLayers(t *testing.T) {
	s := start(t)
	ls := s.layers(t, "/tiles/grids-2,hazards,lines/8/213/107.mvt?meta=1")
	if len(ls) != 5 || ls["lines-meta"] != nil || ls["grids-2-meta"] == nil {
		t.Fatalf("layers: %v", ls)
	}
	counts := ls["hazards-meta"].Features
	if p := counts[0].Properties; len(counts) != 3 || p["attribute"] != "count" || p["unit"] != "hazards" || p["min"] != 1.0 || p["max"] != 3.0 || p["break_0"] != 1.0 {
		t.Errorf("hazards-meta: %v", p)
	}
	grids := ls["grids-2-meta"].Features
	if len(grids) != 2 || grids[0].Properties["attribute"] != "density" || grids[1].Properties["attribute"] != "rate" {
		t.Fatalf("grids-2-meta: %v", grids)
	}
	legend := s.json(t, "/heatmaps/rectification-rate/legend.json?level=2")["classes"].([]any)
	for i, c := range legend { // the legend of the same measure has the same breaks
		p := grids[1].Properties
		if c := c.(map[string]any); p["classes"] != float64(len(legend)) || p[fmt.Sprintf("break_%d", i)] != c["min"] || p[fmt.Sprintf("break_%d", i+1)] != c["max"] {
			t.Errorf("class %d: %v, legend %v", i, p, c)
		}
	}
	if resp, _ := s.get(t, "/tiles/hazards/8/0/0.mvt?meta=1"); resp.StatusCode != 204 {
		t.Errorf("an empty tile with meta=1: %s", resp.Status)
	}
	if resp, _ := s.get(t, someTile+"?meta=yes"); resp.StatusCode != 400 {
		t.Errorf("meta=yes: %s", resp.Status)
	}
	if resp, _ := s.get(t, "/tiles/hazards-meta/8/213/107.mvt"); resp.StatusCode != 404 {
		t.Errorf("hazards-meta by itself: %s", resp.Status)
	}
	if v := s.json(t, "/tiles/hazards,lines.json?meta=1")["vector_layers"].([]any); len(v) != 3 {
		t.Errorf("TileJSON: %v", v)
	}
}
