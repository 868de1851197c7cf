package server

import (
	"bytes"
	"fmt"
	"image/color"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/paulmach/orb"

	"hazgrid/geo"
	"hazgrid/geo/crs"
	"hazgrid/internal/store/gpkg"
	"hazgrid/safety"
	"hazgrid/tiles"
)

func measures() []string { return []string{"hazard-density", "rectification-rate", "hazard-kernel"} }

// pixelAt is a place in a picture, by tile.
type pixelAt struct {
	address tiles.Address
	x, y    int // of 256
}

func pixelOf(zoom uint32, p orb.Point) pixelAt {
	w := tiles.World(p)
	side := 256 * float64(uint32(1)<<zoom)
	x, y := uint32(w[0]*side), uint32(w[1]*side)
	return pixelAt{tiles.Address{Z: zoom, X: x / 256, Y: y / 256}, int(x % 256), int(y % 256)}
}

// look returns the colour of a pixel of a heatmap; the large picture of it must have the same.
func (s *service) look(t *testing.T, measure, query string, at pixelAt) color.NRGBA {
	t.Helper()
	small := s.pixel(t, fmt.Sprintf("/heatmaps/%s/%v.png%s", measure, at.address, query), 256, at.x, at.y)
	large := s.pixel(t, fmt.Sprintf("/heatmaps/%s/%v@2x.png%s", measure, at.address, query), 512, 2*at.x, 2*at.y)
	if small != large && small.R != 0x88 { // of a hatch a pixel may be half line, half ground
		t.Errorf("%s%s at %v: %v in the small picture, %v in the large", measure, query, at, small, large)
	}
	return small
}

func (s *service) pixel(t *testing.T, path string, size, x, y int) color.NRGBA {
	t.Helper()
	resp, b := s.get(t, path)
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "image/png" {
		t.Fatalf("%s: %s %s %s", path, resp.Status, resp.Header.Get("Content-Type"), b)
	}
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if img.Bounds().Dx() != size || img.Bounds().Dy() != size {
		t.Fatalf("%s: %v", path, img.Bounds())
	}
	return color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
}

// legendColour returns the colour that a legend has for a value.
func legendColour(t *testing.T, legend map[string]any, v float64) color.NRGBA {
	t.Helper()
	classes := legend["classes"].([]any)
	for i, c := range classes {
		c := c.(map[string]any)
		if v >= c["min"].(float64) && (v < c["max"].(float64) || i == len(classes)-1 && v == c["max"].(float64)) {
			return rgb(c["color"].(string))
		}
	}
	t.Fatalf("no class for %v in %v", v, legend)
	return color.NRGBA{}
}

// The middle of each village has its class's colour in the legend of the same query.
func TestGridsHaveTheColourOfTheirClass(t *testing.T) {
	if testing.Short() {
		t.Skip("pictures by the dozen, one after another")
	}
	s := start(t)
	columns := map[string]string{"hazard-density": "density", "rectification-rate": "rate"}
	for measure, column := range columns {
		for _, query := range []string{
			"", "?classes=jenks", "?classes=equal&n=3", "?breaks=0.03,0.05", "?ramp=viridis&classes=equal", "?ramp=YlOrRd", "?ramp=ylgnbu&n=2",
			"?level=1", "?from=2014-12-02", "?severity=major&classes=equal", "?at=2014-11-01",
		} {
			level := 2
			if query == "?level=1" {
				level = 1
			}
			legend := s.json(t, "/heatmaps/"+measure+"/legend.json"+query)
			with := "?"
			if query != "" {
				with = query + "&"
			}
			for _, row := range s.json(t, fmt.Sprintf("/api/v1/tallies%slevel=%d", with, level))["rows"].([]any) {
				row := row.(map[string]any)
				if row["code"] == "" {
					continue
				}
				grid := s.json(t, "/api/v1/grids/"+row["code"].(string))
				got := s.look(t, measure, query, pixelOf(13, middleOf(grid)))
				want := color.NRGBA{0x88, 0x88, 0x88, got.A} // no data: of one of two kinds, line and ground
				if v, ok := row[column].(float64); ok {
					want = legendColour(t, legend, v)
				}
				if got != want || got.A == 0 {
					t.Errorf("%s%s: %v is %v, want %v", measure, query, row["code"], got, want)
				}
			}
		}
	}
}

// middleOf is the middle of the box of a grid's answer, a little beside it so that no tile's edge is there.
func middleOf(grid map[string]any) orb.Point {
	ring := grid["geometry"].(map[string]any)["coordinates"].([]any)[0].([]any)[0].([]any)
	a, b := ring[0].([]any), ring[2].([]any)
	return orb.Point{(a[0].(float64)+b[0].(float64))/2 + 0.003, (a[1].(float64)+b[1].(float64))/2 - 0.003}
}

// No data looks like nothing else: its lines are there, and the ground between them is seen through.
func TestNoDataIsHatched(t *testing.T) {
	s := start(t)
	at := pixelOf(13, orb.Point{120.575, 27.75}) // in A2, where nothing was found
	_, b := s.get(t, fmt.Sprintf("/heatmaps/rectification-rate/%v.png", at.address))
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[color.NRGBA]int{}
	for y := range 32 {
		for x := range 32 {
			seen[color.NRGBAModel.Convert(img.At(at.x/2+x, at.y/2+y)).(color.NRGBA)]++
		}
	}
	if line, ground := seen[rgb(noData)], seen[color.NRGBA{0x88, 0x88, 0x88, 0x40}]; line < 100 || ground < 300 {
		t.Errorf("%v", seen)
	}
}

// On a base map in GCJ-02 everything lies where that map puts it.
func TestHeatmapsInFrames(t *testing.T) {
	if testing.Short() {
		t.Skip("pictures by the dozen, one after another")
	}
	s := start(t)
	for _, frame := range []crs.Frame{crs.GCJ02, crs.BD09} {
		for _, measure := range measures() {
			for _, p := range []orb.Point{{120.5003, 27.75}, {120.4997, 27.75}, {120.523, 27.751}} { // just inside A1, outside, near its hazards
				moved, err := frame.FromWGS84(p)
				if err != nil {
					t.Fatal(err)
				}
				there := s.look(t, measure, "", pixelOf(16, p))
				if got := s.look(t, measure, "?frame="+string(frame), pixelOf(16, moved)); got != there {
					t.Errorf("%s in %s at %v: %v, in wgs84 %v", measure, frame, p, got, there)
				}
				if (there.A == 0) != (p[0] < 120.5) {
					t.Errorf("%s at %v: %v", measure, p, there)
				}
			}
		}
	}
}

func TestHeatmapStatuses(t *testing.T) {
	s := start(t)
	tests := []struct {
		path, field string
		status      int
	}{
		{"none/10/854/429.png", "", 404},
		{"hazard-density/23/0/0.png", "", 404},
		{"hazard-density/1/2/0.png", "", 404},
		{"hazard-density/1/0/2@2x.png", "", 404},
		{"hazard-density/1/0/1@3x.png", "", 404},
		{"hazard-density/a/0/0.png", "", 404},
		{"hazard-density/1/0/01.png", "", 404},
		{"hazard-density/10/854/429.png?level=3", "level", 400},
		{"hazard-density/10/854/429.png?level=0", "level", 400},
		{"hazard-density/10/854/429.png?frame=EPSG:3857", "frame", 400},
		{"hazard-density/10/854/429.png?at=soon", "at", 400},
		{"hazard-density/10/854/429.png?severity=huge", "severity", 400},
		{"hazard-density/10/854/429.png?scheme=none", "scheme", 400},
		{"hazard-density/10/854/429.png?classes=natural", "classes", 400},
		{"hazard-density/10/854/429.png?n=0", "n", 400},
		{"hazard-density/10/854/429.png?n=21", "n", 400},
		{"hazard-density/10/854/429.png?n=few", "n", 400},
		{"hazard-density/10/854/429.png?breaks=5,1", "breaks", 400},
		{"hazard-density/10/854/429.png?breaks=1,1", "breaks", 400},
		{"hazard-density/10/854/429.png?breaks=1,,2", "breaks", 400},
		{"hazard-density/10/854/429.png?breaks=1,Inf", "breaks", 400},
		{"hazard-density/10/854/429.png?breaks=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20", "breaks", 400},
		{"hazard-density/10/854/429.png?breaks=1,2&n=3", "n", 400},
		{"hazard-density/10/854/429.png?breaks=1,2&classes=equal", "classes", 400},
		{"hazard-density/10/854/429.png?ramp=rainbow", "ramp", 400},
		{"hazard-kernel/10/854/429.png?bandwidth=0", "bandwidth", 400},
		{"hazard-kernel/10/854/429.png?bandwidth=-5", "bandwidth", 400},
		{"hazard-kernel/10/854/429.png?bandwidth=NaN", "bandwidth", 400},
		{"hazard-kernel/10/854/429.png?bandwidth=1e7", "bandwidth", 400},
		{"hazard-kernel/10/854/429.png?bandwidth=20", "bandwidth", 400}, // too little for 220 km²
		{"hazard-kernel/legend.json?bandwidth=20", "bandwidth", 400},
		{"hazard-kernel/legend.json?ramp=rainbow", "ramp", 400},
		{"hazard-kernel/10/854/429.png?bandwidth=20000", "bandwidth", 400}, // wider than the ground
		{"hazard-kernel/10/854/429.png?bandwidth=19000", "", 200},
		{"hazard-density/10/854/429.png?nonsense=1", "", 200},
		{"hazard-density/22/0/0.png", "", 200},
		{"hazard-density/0/0/0@2x.png", "", 200},
	}
	for _, tt := range tests {
		resp, b := s.get(t, "/heatmaps/"+tt.path)
		if resp.StatusCode != tt.status {
			t.Errorf("%s: %d, want %d: %s", tt.path, resp.StatusCode, tt.status, b)
			continue
		}
		if tt.status >= 400 {
			checkProblem(t, tt.path, resp, b, tt.field)
		}
	}
}

// Where grids overlap a picture shows the one that owns the place.
func TestPicturesShowTheOwner(t *testing.T) {
	grids := &safety.Layer{Level: 1}
	var cells []orb.MultiPolygon
	for i, b := range []orb.MultiPolygon{box(1, 1, 4, 4), box(3, 3, 7, 6), box(2, 2, 9, 9), box(8, 0, 10, 3)} {
		grids.Grids = append(grids.Grids, &safety.Grid{Code: fmt.Sprint(i), Boundary: b})
		cells = append(cells, b)
	}
	var err error
	if grids.Coverage, err = geo.NewCoverage(cells); err != nil {
		t.Fatal(err)
	}
	m, err := newHeat().mosaic(mosaicKey{grids, tiles.Address{Z: 5, X: 16, Y: 15}, crs.WGS84})
	if err != nil {
		t.Fatal(err)
	}
	const side = 32 * tiles.Samples
	for y := 0; y < tiles.Samples; y += 7 {
		owners := make([]int, tiles.Samples)
		m.Row(y, func(cell, from, to int) {
			for x := from; x < to; x++ {
				owners[x] = cell + 1
			}
		})
		for x := 0; x < tiles.Samples; x += 5 {
			p := tiles.FromWorld(orb.Point{(16*tiles.Samples + float64(x) + 0.5) / side, (15*tiles.Samples + float64(y) + 0.5) / side})
			want, ok := grids.Coverage.Locate(p)
			if ok {
				want++
			}
			if owners[x] != want {
				t.Fatalf("at %v: grid %d, want %d", p, owners[x]-1, want-1)
			}
		}
	}
}

// Many who ask at once get what one gets.
func TestHeatmapsAtOnce(t *testing.T) {
	s := start(t)
	var paths []string
	for _, measure := range measures() {
		for x := 1708; x < 1711; x++ {
			paths = append(paths, fmt.Sprintf("/heatmaps/%s/11/%d/859.png", measure, x))
		}
	}
	tags := make([]string, 4*len(paths))
	var wg sync.WaitGroup
	for i := range tags {
		wg.Go(func() {
			w := httptest.NewRecorder()
			s.srv.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, paths[i%len(paths)], nil))
			tags[i] = w.Header().Get("ETag")
		})
	}
	wg.Wait()
	other := start(t)
	for i, tag := range tags {
		if resp, _ := other.get(t, paths[i%len(paths)]); resp.Header.Get("ETag") != tag || tag == "" {
			t.Errorf("%s: %s, and %s for another service", paths[i%len(paths)], tag, resp.Header.Get("ETag"))
		}
	}
}

// The rules of all answers hold for pictures.
func TestPicturesFollowTheRules(t *testing.T) {
	s := start(t)
	for _, measure := range measures() {
		path := "/heatmaps/" + measure + "/11/1709/859.png"
		get, b := s.get(t, path)
		tag := get.Header.Get("ETag")
		if get.StatusCode != 200 || get.Header.Get("Vary") != "Accept-Encoding" || get.Header.Get("Cache-Control") != "no-cache" ||
			get.Header.Get("Hazgrid-Version") == "" || get.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: %s %v", path, get.Status, get.Header)
		}
		head, none := s.do(t, http.MethodHead, path, nil)
		if head.StatusCode != 200 || len(none) > 0 || head.ContentLength != int64(len(b)) || head.Header.Get("ETag") != tag {
			t.Errorf("%s: HEAD %s %v", path, head.Status, head.Header)
		}
		same, none := s.do(t, http.MethodGet, path, header{"If-None-Match": strings.Replace(tag, "identity", "br", 1)})
		if same.StatusCode != 304 || len(none) > 0 {
			t.Errorf("%s: %s for its own tag", path, same.Status)
		}
		packed, zipped := s.do(t, http.MethodGet, path, header{"Accept-Encoding": "gzip"})
		if packed.Header.Get("Content-Encoding") != "gzip" || !bytes.Equal(unpack(t, "gzip", zipped), b) {
			t.Errorf("%s: as gzip it is another", path)
		}
	}
}

// Where no grid is there is a transparent picture, the same everywhere; also where there are no grids at all.
func TestNothingThere(t *testing.T) {
	st, err := gpkg.Open(t.Context(), filepath.Join(t.TempDir(), "empty.gpkg"), "330381", true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	var tags []string
	for _, s := range []*service{start(t), serve(t, st)} {
		for _, measure := range measures() {
			for _, query := range []string{"", "?frame=gcj02", "?classes=jenks"} {
				resp, _ := s.get(t, "/heatmaps/"+measure+"/10/0/0.png"+query)
				tags = append(tags, resp.Status+resp.Header.Get("ETag"))
			}
		}
	}
	slices.Sort(tags)
	if tags = slices.Compact(tags); len(tags) != 1 || !strings.HasPrefix(tags[0], "200") {
		t.Errorf("%v", tags)
	}
	s := start(t)
	if got := s.look(t, "hazard-density", "", pixelOf(10, orb.Point{0, 0})); got.A != 0 {
		t.Errorf("nothing is %v", got)
	}
}

// With given breaks a hazard changes the pictures it is in, and no others.
func TestAHazardChangesItsPicturesOnly(t *testing.T) {
	s := start(t)
	paths := map[string]pixelAt{"near": pixelOf(13, orb.Point{120.52, 27.75}), "far": pixelOf(13, orb.Point{120.68, 27.75})}
	tags := func() map[string]string {
		out := map[string]string{}
		for _, measure := range measures() {
			for where, p := range paths {
				resp, _ := s.get(t, fmt.Sprintf("/heatmaps/%s/%v.png?breaks=0.06,0.35,3", measure, p.address))
				out[where+" "+measure] = resp.Header.Get("ETag")
			}
		}
		return out
	}
	before := tags()
	r := apply(t, s.store, safety.Hazards, hazard("H9", "E1", row{"rectified_at": day("2014-12-03")}), hazard("H8", "E1", nil))
	eventually(t, "the new version", func() bool { return s.srv.current().Version() >= r.Version })
	for k, tag := range tags() {
		if changed := tag != before[k]; changed != strings.HasPrefix(k, "near") {
			t.Errorf("%s: changed %v", k, changed)
		}
	}
}

func TestRamps(t *testing.T) {
	for _, name := range []string{"cividis", "viridis", "ylorrd", "ylgnbu"} {
		ramp := rampOf(name)
		for n := 1; n <= mostClasses; n++ {
			var colours []string
			for i := range n {
				colours = append(colours, step(ramp, i, n))
			}
			if colours[0] != ramp[0] || n > 1 && colours[n-1] != ramp[len(ramp)-1] || len(slices.Compact(slices.Sorted(slices.Values(colours)))) != n {
				t.Errorf("%s in %d: %v", name, n, colours)
			}
		}
	}
	if got := step(rampOf("viridis"), 1, 13); got != "#441e6c" {
		t.Errorf("between the first two of viridis: %s", got)
	}
}

// GDAL reads the tiles as QGIS does.
func TestPicturesInGDAL(t *testing.T) {
	if _, err := exec.LookPath("gdal_translate"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("GDAL is not here: %v", err)
		}
		t.Skipf("GDAL is not here: %v", err)
	}
	s := start(t)
	b, err := exec.CommandContext(t.Context(), "gdalinfo", "/vsicurl/"+s.URL+"/heatmaps/hazard-density/11/1709/859.png").CombinedOutput()
	if err != nil || !strings.Contains(string(b), "Size is 256, 256") || !strings.Contains(string(b), "ColorInterp=Palette") {
		t.Fatalf("%v: %s", err, b)
	}
	source := fmt.Sprintf(`<GDAL_WMS><Service name="TMS"><ServerUrl>%s/heatmaps/hazard-density/${z}/${x}/${y}.png</ServerUrl></Service>
<DataWindow><UpperLeftX>-20037508.34</UpperLeftX><UpperLeftY>20037508.34</UpperLeftY><LowerRightX>20037508.34</LowerRightX><LowerRightY>-20037508.34</LowerRightY>
<TileLevel>13</TileLevel><TileCountX>1</TileCountX><TileCountY>1</TileCountY><YOrigin>top</YOrigin></DataWindow>
<Projection>EPSG:3857</Projection><BlockSizeX>256</BlockSizeX><BlockSizeY>256</BlockSizeY><BandsCount>4</BandsCount></GDAL_WMS>`, s.URL)
	legend := s.json(t, "/heatmaps/hazard-density/legend.json")
	row := s.json(t, "/api/v1/tallies?level=2")["rows"].([]any)[0].(map[string]any) // A1
	b, err = exec.CommandContext(t.Context(), "gdallocationinfo", "-valonly", "-wgs84", source, "120.52", "27.75").CombinedOutput()
	want := legendColour(t, legend, row["density"].(float64))
	if got := strings.Join(strings.Fields(string(b)), " "); err != nil || got != fmt.Sprintf("%d %d %d 255", want.R, want.G, want.B) {
		t.Errorf("%v: %q, want %v", err, got, want)
	}
}

func BenchmarkPicture(b *testing.B) {
	s := start(b)
	snapshot := s.srv.current()
	for _, measure := range measures() {
		m := heatmap{measure: measure, level: 2, classing: usualClassing()}
		b.Run(measure, func(b *testing.B) {
			for b.Loop() {
				if _, err := s.srv.heat.paint(snapshot, m, picture{pixelOf(12, orb.Point{120.52, 27.75}).address, crs.WGS84, 256}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
