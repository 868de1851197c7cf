package server

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"hazgrid/tiles"
)

// exported writes the tiles of a set, zoom 0 to 9, into an archive and opens it for reading.
func exported(t *testing.T, set *Tileset) *os.File {
	t.Helper()
	dir := t.TempDir()
	data, err := os.Create(filepath.Join(dir, "tiles"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = data.Close() }()
	w := tiles.NewPMTilesWriter(data)
	if err := (tiles.Pyramid{Make: set.Tile, Bound: set.Bound(), MaxZoom: 9}).Each(t.Context(), w.Add); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := w.Finish(&out, set.TileJSON(0, 9)); err != nil {
		t.Fatal(err)
	}
	return kept(t, out.Bytes())
}

// kept is a file that holds b.
func kept(t *testing.T, b []byte) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "base.pmtiles")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// withBasemaps serves what s does, and base maps.
func withBasemaps(t *testing.T, s *service, maps ...Basemap) *service {
	t.Helper()
	srv, err := New(t.Context(), Config{Store: s.store, Location: shanghai(), Clock: s.clock.Now, Basemaps: maps})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(srv)
	t.Cleanup(web.Close)
	return &service{Server: web, store: s.store, srv: srv, clock: s.clock}
}

// An exported archive, served as a base map, has the tiles of the layers it was made of.
func TestBasemapIsWhatWasExported(t *testing.T) {
	live := start(t)
	set := tilesetFor(t, live, "", "")
	s := withBasemaps(t, live, Basemap{"own", exported(t, set)})
	for a, want := range collect(t, set, 0, 9) {
		resp, got := s.do(t, http.MethodGet, "/basemaps/own/"+a.String()+".mvt", header{"Accept-Encoding": "br, gzip"})
		if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Encoding") != "gzip" || resp.Header.Get("Content-Type") != tileMedia || !bytes.Equal(got, want) {
			t.Errorf("%s: %s, %v, %d bytes, want %d", a, resp.Status, resp.Header, len(got), len(want))
		}
	}
	about := s.json(t, "/basemaps/own.json")
	if about["tilejson"] != "3.0.0" || about["minzoom"] != 0.0 || about["maxzoom"] != 9.0 || len(about["vector_layers"].([]any)) != 7 ||
		fmt.Sprint(about["tiles"]) != "["+s.URL+"/basemaps/own/{z}/{x}/{y}.mvt]" {
		t.Errorf("TileJSON: %v", about)
	}
	if len(about["bounds"].([]any)) != 4 || strings.Count(fmt.Sprint(about), "vector_layers") != 1 {
		t.Errorf("TileJSON: %v", about)
	}
}

// The HTTP rules of contract section 4, for tiles of an archive packed with gzip.
func TestBasemapHTTP(t *testing.T) {
	live := start(t)
	set := tilesetFor(t, live, "grids-1", "")
	s := withBasemaps(t, live, Basemap{"own", exported(t, set)})
	packed, err := set.Tile(tiles.Address{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	resp, _ := s.do(t, http.MethodGet, "/basemaps/own/0/0/0.mvt", header{"Accept-Encoding": "gzip"})
	tag := resp.Header.Get("ETag")
	if !strings.HasSuffix(tag, `-gzip"`) || resp.Header.Get("Vary") != "Accept-Encoding" {
		t.Errorf("headers: %v", resp.Header)
	}
	for _, c := range []struct {
		method, path string
		h            header
		status       int
		coding       string
		body         []byte
	}{
		{"GET", "/0/0/0.mvt", header{"Accept-Encoding": "gzip"}, 200, "gzip", packed},
		{"GET", "/0/0/0.mvt", header{"Accept-Encoding": "*"}, 200, "gzip", packed},
		{"GET", "/0/0/0.mvt", header{"Accept-Encoding": "identity"}, 200, "", plain},
		{"GET", "/0/0/0.mvt", header{"Accept-Encoding": "br, zstd"}, 200, "", plain},
		{"GET", "/0/0/0.mvt", header{"Accept-Encoding": "gzip;q=0"}, 200, "", plain},
		{"GET", "/0/0/0.mvt", header{"Accept-Encoding": "gzip;q=0.2, identity;q=0.5"}, 200, "", plain},
		{"GET", "/0/0/0.mvt", header{"Accept-Encoding": "gzip;q=0.2, identity;q=0.1"}, 200, "gzip", packed},
		{"GET", "/0/0/0.mvt", header{"Accept-Encoding": "br, identity;q=0"}, 406, "", nil},
		{"HEAD", "/0/0/0.mvt", header{"Accept-Encoding": "gzip"}, 200, "gzip", []byte{}},
		{"GET", "/0/0/0.mvt", header{"Accept-Encoding": "gzip", "If-None-Match": tag}, 304, "", []byte{}},
		{"GET", "/0/0/0.mvt", header{"Accept-Encoding": "identity", "If-None-Match": `"x", W/` + tag}, 304, "", []byte{}},
		{"GET", "/0/0/0.mvt", header{"Accept-Encoding": "gzip", "If-None-Match": `"x"`}, 200, "gzip", packed},
		{"GET", "/9/0/0.mvt", nil, 204, "", []byte{}},
		{"GET", "/10/0/0.mvt", nil, 404, "", nil},
		{"GET", "/0/0/1.mvt", nil, 404, "", nil},
		{"GET", "/0/0/0.png", nil, 404, "", nil},
		{"GET", "/23/0/0.mvt", nil, 404, "", nil},
		{"GET", "/0/0/-1.mvt", nil, 404, "", nil},
		{"GET", "none/0/0/0.mvt", nil, 404, "", nil},
		{"GET", "none.json", nil, 404, "", nil},
		{"GET", "none.pmtiles", nil, 404, "", nil},
		{"POST", "/0/0/0.mvt", nil, 405, "", nil},
	} {
		path := "/basemaps/own" + c.path
		if !strings.HasPrefix(c.path, "/") {
			path = "/basemaps/" + c.path
		}
		resp, body := s.do(t, c.method, path, c.h)
		if resp.StatusCode != c.status || resp.Header.Get("Content-Encoding") != c.coding || c.body != nil && !bytes.Equal(body, c.body) {
			t.Errorf("%s %s %v: %s, %v, %d bytes", c.method, path, c.h, resp.Status, resp.Header, len(body))
		}
		if c.status >= 400 && resp.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s: %s", c.method, path, resp.Header.Get("Content-Type"))
		}
	}
}

// The archive itself is read by parts, as clients of PMTiles do.
func TestBasemapFile(t *testing.T) {
	live := start(t)
	f := exported(t, tilesetFor(t, live, "", ""))
	s := withBasemaps(t, live, Basemap{"own", f})
	want, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	resp, body := s.get(t, "/basemaps/own.pmtiles")
	tag := resp.Header.Get("ETag")
	if resp.StatusCode != 200 || !bytes.Equal(body, want) || resp.Header.Get("Content-Type") != "application/vnd.pmtiles" || tag == "" {
		t.Errorf("whole: %s, %v, %d bytes, want %d", resp.Status, resp.Header, len(body), len(want))
	}
	for _, c := range []struct {
		h      header
		status int
		body   []byte
	}{
		{header{"Range": "bytes=0-126"}, 206, want[:127]},
		{header{"Range": "bytes=-5"}, 206, want[len(want)-5:]},
		{header{"Range": "bytes=0-126", "If-Range": tag}, 206, want[:127]},
		{header{"Range": "bytes=0-126", "If-Range": `"other"`}, 200, want},
		{header{"If-None-Match": tag}, 304, nil},
		{header{"Range": fmt.Sprintf("bytes=%d-", len(want))}, 416, nil},
	} {
		resp, body := s.do(t, http.MethodGet, "/basemaps/own.pmtiles", c.h)
		if resp.StatusCode != c.status || c.body != nil && !bytes.Equal(body, c.body) {
			t.Errorf("%v: %s, %d bytes", c.h, resp.Status, len(body))
		}
		if c.status == 416 && (resp.Header.Get("Content-Range") != fmt.Sprintf("bytes */%d", len(want)) || resp.Header.Get("Content-Type") != "application/problem+json") {
			t.Errorf("%v: %v %s", c.h, resp.Header, body)
		}
	}
}

// Archives that are broken, or were never one, are refused at the start, and broken tiles are an error of ours.
func TestBrokenBasemaps(t *testing.T) {
	live := start(t)
	good := exported(t, tilesetFor(t, live, "", ""))
	for _, maps := range [][]Basemap{
		{{"a", kept(t, nil)}}, {{"a", kept(t, make([]byte, 1000))}}, {{"a/b", good}}, {{"", good}}, {{"a", good}, {"a", good}},
	} {
		if _, err := New(t.Context(), Config{Store: live.store, Basemaps: maps}); err == nil {
			t.Errorf("%v was taken", maps[len(maps)-1].Name)
		}
	}
	b, err := os.ReadFile(good.Name())
	if err != nil {
		t.Fatal(err)
	}
	copy(b[len(b)-3000:], make([]byte, 3000)) // the last tiles
	s := withBasemaps(t, live, Basemap{"broken", kept(t, b)})
	failed := 0
	for a := range collect(t, tilesetFor(t, live, "", ""), 9, 9) {
		resp, body := s.get(t, "/basemaps/broken/"+a.String()+".mvt")
		var p problem
		if resp.StatusCode == http.StatusInternalServerError && json.Unmarshal(body, &p) == nil && p.Status == 500 {
			failed++
		}
	}
	if failed == 0 {
		t.Error("no tile was found broken")
	}
}

// Archives of other makers: tiles packed otherwise, or not at all, and pictures. The header says which, at bytes 98 and 99.
func TestForeignBasemaps(t *testing.T) {
	live := start(t)
	for name, c := range map[string]struct {
		packed, kind byte
		coding       coding
		ending       string
		media        string
	}{
		"brotli": {3, 1, brotliC, "mvt", tileMedia}, "zstd": {4, 1, zstdC, "mvt", tileMedia}, "plain": {1, 1, identity, "mvt", tileMedia}, "unknown": {0, 1, identity, "mvt", tileMedia},
		"png": {1, 2, identity, "png", "image/png"}, "jpeg": {1, 3, identity, "jpg", "image/jpeg"}, "webp": {1, 4, identity, "webp", "image/webp"}, "avif": {1, 5, identity, "avif", "image/avif"},
	} {
		want := []byte(strings.Repeat("a tile ", 50))
		tile := want
		if c.coding != identity {
			var err error
			if tile, err = compress(want, c.coding); err != nil {
				t.Fatal(err)
			}
		}
		data, err := os.Create(filepath.Join(t.TempDir(), "tiles"))
		if err != nil {
			t.Fatal(err)
		}
		w := tiles.NewPMTilesWriter(data)
		if err := w.Add(tiles.Address{}, tile); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := errors.Join(w.Finish(&out, tiles.TileJSON{}), data.Close()); err != nil {
			t.Fatal(err)
		}
		b := out.Bytes()
		b[98], b[99] = c.packed, c.kind
		s := withBasemaps(t, live, Basemap{"other", kept(t, b)})
		for accept, coded := range map[string]coding{string(c.coding): c.coding, "gzip": identity} {
			resp, got := s.do(t, http.MethodGet, "/basemaps/other/0/0/0."+c.ending, header{"Accept-Encoding": accept})
			said, body := coding(resp.Header.Get("Content-Encoding")), want
			if coded != identity {
				body = tile
			}
			if said == "" {
				said = identity
			}
			if resp.StatusCode != http.StatusOK || said != coded || !bytes.Equal(got, body) || resp.Header.Get("Content-Type") != c.media {
				t.Errorf("%s, Accept-Encoding %s: %s, %v, %d bytes", name, accept, resp.Status, resp.Header, len(got))
			}
		}
		if urls := fmt.Sprint(s.json(t, "/basemaps/other.json")["tiles"]); !strings.HasSuffix(urls, "/{y}."+c.ending+"]") {
			t.Errorf("%s: TileJSON says %s", name, urls)
		}
	}
}

// What is answered for base maps is what the document says.
func TestBasemapsFollowTheDocument(t *testing.T) {
	live := start(t)
	s := withBasemaps(t, live, Basemap{"own", exported(t, tilesetFor(t, live, "grids-1", ""))})
	doc, err := openapi3.NewLoader().LoadFromData(openAPIDocument)
	if err != nil {
		t.Fatal(err)
	}
	doc.Servers = openapi3.Servers{{URL: s.URL}}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"own.json", "own.pmtiles", "own/0/0/0.mvt", "own/9/0/0.mvt", "own/0/0/0.png", "none.json", "none.pmtiles", "none/0/0/0.mvt"} {
		follows(t, s, router.FindRoute, "/basemaps/"+path, "")
	}
}
