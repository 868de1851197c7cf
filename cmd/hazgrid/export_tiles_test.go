package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"hazgrid/tiles"
)

// TestExportTiles exports the invented district and has it read by others: the npm package pmtiles, over a service that
// has the archive as a base map, and GDAL. Every tile is what the live service answers.
func TestExportTiles(t *testing.T) {
	dir := t.TempDir()
	db := filepath.Join(dir, "demo.gpkg")
	live := serving(t, "demo", "--db", db, "--addr", "127.0.0.1:0", "--log-level", "warn")
	layers := "grids-3,grid-labels-1,hazards"
	export := func(name string) (path string) {
		path = filepath.Join(dir, name)
		said := must(t, "export", "tiles", "--db", db, "--layers", layers, "--max-zoom", "11", "-o", path)
		if !strings.HasPrefix(said, path+": ") || !strings.Contains(said, " tiles") {
			t.Errorf("said %q", said)
		}
		return path
	}
	archive := export("district.pmtiles")
	exported := tilesOf(t, archive)
	for a, tile := range exported {
		if want := gzipTile(t, live+"/tiles/"+layers+"/"+a+".mvt"); !bytes.Equal(tile, want) {
			t.Errorf("%s has %d bytes, the service says %d", a, len(tile), len(want))
		}
	}
	t.Run("pmtiles", func(t *testing.T) {
		readByNPM(t, serving(t, "demo", "--db", db, "--addr", "127.0.0.1:0", "--basemap", "own="+archive), exported)
	})
	other := export("district.mbtiles")
	t.Run("sqlite", func(t *testing.T) { readBySQL(t, other, exported) })
	t.Run("gdal", func(t *testing.T) { readByGDAL(t, other) })
	t.Run("again", func(t *testing.T) {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
		for _, path := range []string{archive, other} {
			if again := export("again" + filepath.Ext(path)); readFile(t, again) != readFile(t, path) {
				t.Errorf("%s has other bytes on one core", path)
			}
		}
	})
}

// tilesOf reads the tiles of an archive over the district, zoom 0 to 11.
func tilesOf(t *testing.T, path string) map[string][]byte {
	t.Helper()
	b := readFile(t, path)
	p, err := tiles.OpenPMTiles(strings.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{}
	for z := uint32(0); z <= 11; z++ {
		for x := uint32(1707) >> (11 - z); x <= 1714>>(11-z); x++ {
			for y := uint32(857) >> (11 - z); y <= 862>>(11-z); y++ {
				a := tiles.Address{Z: z, X: x, Y: y}
				tile, ok, err := p.Tile(a)
				if err != nil {
					t.Fatal(err)
				}
				if ok {
					all[a.String()] = tile
				}
			}
		}
	}
	if len(all) < 30 {
		t.Fatalf("the archive has %d tiles", len(all))
	}
	return all
}

func gzipTile(t *testing.T, url string) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept-Encoding", "gzip")
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK || res.Header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("GET %s: %s, %v, %v", url, res.Status, res.Header, err)
	}
	return b
}

// absent skips the test, but fails it where everything has to be there.
func absent(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

func gunzip(t *testing.T, b []byte) []byte {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func readByNPM(t *testing.T, base string, want map[string][]byte) {
	web, err := filepath.Abs(filepath.Join("..", "..", "internal", "web", "package.json"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(web), "node_modules", "pmtiles")); err != nil {
		absent(t, "the npm package pmtiles is not here: run make build")
	}
	cmd := exec.CommandContext(t.Context(), "node", filepath.Join("testdata", "pmtiles.mjs"), web, base+"/basemaps/own.pmtiles")
	addresses := "11/0/0\n"
	for a := range want {
		addresses += a + "\n"
	}
	cmd.Stdin, cmd.Stderr = strings.NewReader(addresses), os.Stderr
	b, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Header struct {
			MinZoom, MaxZoom, TileType, TileCompression, InternalCompression int
			Clustered                                                        bool
			NumAddressedTiles                                                int
			MinLon, MaxLat                                                   float64
		}
		Metadata struct {
			VectorLayers []tiles.VectorLayer `json:"vector_layers"`
		}
		Tiles map[string]*string
	}
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	h := got.Header
	if h.MinZoom != 0 || h.MaxZoom != 11 || h.TileType != 1 || h.TileCompression != 2 || h.InternalCompression != 2 || !h.Clustered ||
		h.NumAddressedTiles != len(want) || int(h.MinLon) != 120 || int(h.MaxLat) != 27 {
		t.Errorf("header: %+v, want %d tiles", h, len(want))
	}
	if l := got.Metadata.VectorLayers; len(l) != 3 || l[0].ID != "grids-3" || l[0].Fields["found"] != "Number" {
		t.Errorf("vector layers: %+v", l)
	}
	for a, tile := range want {
		sum := sha256.Sum256(gunzip(t, tile))
		if g := got.Tiles[a]; g == nil || *g != hex.EncodeToString(sum[:]) {
			t.Errorf("%s is another tile to the package pmtiles", a)
		}
	}
	if got.Tiles["11/0/0"] != nil {
		t.Error("the package pmtiles finds a tile where none is")
	}
}

func readBySQL(t *testing.T, path string, want map[string][]byte) {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	rows, err := db.QueryContext(t.Context(), "SELECT zoom_level, tile_column, (1 << zoom_level) - 1 - tile_row, tile_data FROM tiles")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	n := 0
	for rows.Next() {
		var z, x, y int
		var tile []byte
		if err := rows.Scan(&z, &x, &y, &tile); err != nil {
			t.Fatal(err)
		}
		if a := fmt.Sprintf("%d/%d/%d", z, x, y); !bytes.Equal(tile, want[a]) {
			t.Errorf("%s differs from that of the archive", a)
		}
		n++
	}
	if err := rows.Err(); err != nil || n != len(want) {
		t.Errorf("%d tiles, want %d; %v", n, len(want), err)
	}
	var said string
	err = db.QueryRowContext(t.Context(), `SELECT (SELECT group_concat(name || '=' || value, ' ') FROM (SELECT * FROM metadata WHERE name IN ('format', 'minzoom', 'maxzoom') ORDER BY name))
		|| ' ' || (SELECT "unique" FROM pragma_index_list('tiles')) || ' ' || (SELECT application_id FROM pragma_application_id)`).Scan(&said)
	if want := fmt.Sprintf("format=pbf maxzoom=11 minzoom=0 1 %d", 0x4d504258); err != nil || said != want {
		t.Errorf("got %q, want %q; %v", said, want, err)
	}
}

func readByGDAL(t *testing.T, path string) {
	if _, err := exec.LookPath("ogrinfo"); err != nil {
		absent(t, "GDAL is not here: %v", err)
	}
	for _, zoom := range []string{"0", "11"} {
		b, err := exec.CommandContext(t.Context(), "ogrinfo", "-ro", "-q", path, "-oo", "ZOOM_LEVEL="+zoom, "-dialect", "sqlite",
			"-sql", `SELECT count(DISTINCT code) AS grids, max(level) AS level FROM "grids-3"`).CombinedOutput()
		if err != nil || !strings.Contains(string(b), "grids (Integer) = 1888\n") || !strings.Contains(string(b), " = 3\n") {
			t.Errorf("zoom %s: %v\n%s", zoom, err, b)
		}
	}
}

// Mistakes are one clear line with their status, and nothing is left of them.
func TestExportTilesRefusals(t *testing.T) {
	dir := t.TempDir()
	db := filepath.Join(dir, "city.gpkg")
	small(t, db)
	before := list(t, dir)
	to := func(name string) string { return filepath.Join(dir, name) }
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{2, "want --output FILE.pmtiles or FILE.mbtiles", nil},
		{2, "want the ending .pmtiles or .mbtiles", []string{"-o", to("a.zip")}},
		{2, "want no arguments", []string{"grids", "-o", to("a.pmtiles")}},
		{2, `layer "grids-3"`, []string{"-o", to("a.pmtiles"), "--layers", "grids-1,grids-3"}},
		{2, "--min-zoom 5, --max-zoom 4", []string{"-o", to("a.pmtiles"), "--min-zoom", "5", "--max-zoom", "4"}},
		{2, "want 0 to 22", []string{"-o", to("a.mbtiles"), "--max-zoom", "23"}},
		{2, "--columns: want none", []string{"-o", to("a.pmtiles"), "--columns", "some"}},
		{2, "--frame: want wgs84, gcj02 or bd09", []string{"-o", to("a.pmtiles"), "--frame", "EPSG:4549"}},
		{2, "--at: ", []string{"-o", to("a.pmtiles"), "--at", "never"}},
		{2, `--scheme: there is no scheme "x"`, []string{"-o", to("a.pmtiles"), "--scheme", "x"}},
		{1, "it is the store (--db)", []string{"-o", to("city.mbtiles"), "--db", to("city.mbtiles")}},
		{1, "there is nothing in the layers hazards", []string{"-o", to("a.mbtiles"), "--layers", "hazards", "--source", "joint"}},
		{1, "none.gpkg", []string{"-o", to("a.pmtiles"), "--db", to("none.gpkg")}},
		{1, "no such file", []string{"-o", filepath.Join(dir, "none", "a.pmtiles")}},
	} {
		if slices.Contains(c.args, to("city.mbtiles")) {
			if err := os.Link(db, to("city.mbtiles")); err != nil {
				t.Fatal(err)
			}
		}
		_, errs, code := hazgrid(t, append([]string{"export", "tiles", "--db", db}, c.args...)...)
		if code != c.code || !strings.Contains(errs, c.want) || strings.Count(errs, "\n") != 1 {
			t.Errorf("%v: exit status %d, want %d; said %q, want %q", c.args, code, c.code, errs, c.want)
		}
		_ = os.Remove(to("city.mbtiles"))
	}
	if got := list(t, dir); !slices.Equal(got, before) {
		t.Errorf("left behind: %v, before %v", got, before)
	}
}

// An export that is interrupted leaves the file that was there, and nothing else.
func TestExportTilesInterrupted(t *testing.T) {
	dir := t.TempDir()
	db := filepath.Join(t.TempDir(), "city.gpkg")
	small(t, db)
	for _, name := range []string{"a.pmtiles", "a.mbtiles"} {
		path := filepath.Join(dir, name)
		must(t, "export", "tiles", "--db", db, "--max-zoom", "3", "-o", path)
		before := readFile(t, path)
		code, said := interrupt(t, 700*time.Millisecond, "export", "tiles", "--db", db, "--max-zoom", "22", "-o", path) // hours of work
		if code != exitFailed || said != "" && !strings.Contains(said, "interrupted") {
			t.Errorf("exit status %d, said %q", code, said)
		}
		if readFile(t, path) != before {
			t.Errorf("%s was changed", name)
		}
	}
	if got := list(t, dir); !slices.Equal(got, []string{"a.mbtiles", "a.pmtiles"}) {
		t.Errorf("left behind: %v", got)
	}
}

// A base map that cannot be served is said before anything is.
func TestBasemapRefusals(t *testing.T) {
	dir := t.TempDir()
	db := filepath.Join(dir, "city.gpkg")
	small(t, db)
	other := write(t, "no.pmtiles", "no archive at all")
	for given, want := range map[string]struct {
		code int
		said string
	}{
		filepath.Join(dir, "none.pmtiles"): {1, "none.pmtiles: no such file"}, other: {1, "base map no: tiles: not a sound PMTiles archive"},
		"a b=" + other: {2, "want name=file"}, "中国=" + other: {2, "want name=file"},
	} {
		_, errs, code := hazgrid(t, "serve", "--db", db, "--addr", "127.0.0.1:0", "--log-level", "error", "--basemap", given)
		if code != want.code || !strings.Contains(errs, want.said) {
			t.Errorf("--basemap %s: exit status %d, said %q", given, code, errs)
		}
	}
}
