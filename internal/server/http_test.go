package server

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

const someTile = "/tiles/grids-2/10/854/429.mvt"

// The rules of contract section 4, as a table.
func TestContentCodings(t *testing.T) {
	s := start(t)
	_, plain := s.get(t, someTile)
	if len(plain) == 0 {
		t.Fatal("the tile is empty")
	}
	tests := []struct{ accept, want string }{
		{"", "identity"},
		{"identity", "identity"},
		{"gzip", "gzip"},
		{"br", "br"},
		{"zstd", "zstd"},
		{"gzip, deflate, br, zstd", "gzip"},
		{"br, zstd", "br"},
		{"*", "gzip"},
		{"GZIP", "gzip"},
		{"x-gzip", "gzip"},
		{"gzip;q=1, br;q=0.5", "gzip"},
		{"gzip;q=0.4,br;q=0.5", "br"},
		{"gzip;q=0", "identity"},
		{"gzip;q=0, *", "br"},
		{"gzip;q=0, br;q=0, *", "zstd"},
		{"identity;q=1, gzip;q=0.5", "identity"},
		{"deflate", "identity"},
		{"identity;q=0, gzip", "gzip"},
		{"gzip;q=0.001", "gzip"},
		{"*;q=0, zstd", "zstd"},
		{"identity;q=0", "406"},
		{"*;q=0", "406"},
		{"gzip;q=0, identity;q=0", "406"},
		{"gzip ; Q=1.0", "gzip"},
		{"gzip;q=nonsense", "identity"},
		{"*;q=0.5, identity;q=0", "gzip"},
	}
	if resp, _ := s.do(t, http.MethodGet, "/api/v1/grids", header{"Accept-Encoding": "gzip, deflate, br, zstd"}); resp.Header.Get("Content-Encoding") != "br" {
		t.Errorf("of what is not packed beforehand the best coding is %q, want br", resp.Header.Get("Content-Encoding"))
	}
	for _, tt := range tests {
		resp, b := s.do(t, http.MethodGet, someTile, header{"Accept-Encoding": tt.accept})
		if resp.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%q: Vary is %q", tt.accept, resp.Header.Values("Vary"))
		}
		if tt.want == "406" {
			if resp.StatusCode != http.StatusNotAcceptable {
				t.Errorf("%q: status %d, want 406", tt.accept, resp.StatusCode)
			}
			continue
		}
		got := resp.Header.Get("Content-Encoding")
		if got == "" {
			got = "identity"
		}
		if got != tt.want || !strings.HasSuffix(resp.Header.Get("ETag"), "-"+tt.want+`"`) {
			t.Errorf("%q: coding %q, ETag %s, want %s", tt.accept, got, resp.Header.Get("ETag"), tt.want)
		}
		if !bytes.Equal(unpack(t, got, b), plain) {
			t.Errorf("%q: the body is not the same", tt.accept)
		}
	}
}

func unpack(t *testing.T, as string, b []byte) []byte {
	t.Helper()
	var r io.Reader = bytes.NewReader(b)
	var err error
	switch as {
	case "gzip":
		r, err = gzip.NewReader(r)
	case "br":
		r = brotli.NewReader(r)
	case "zstd":
		r, err = zstd.NewReader(r)
	}
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestConditionalRequests(t *testing.T) {
	s := start(t)
	for _, path := range []string{someTile, "/api/v1/tallies?level=1", "/tiles/grids-1.json", "/api/v1/district", "/openapi.json", "/tiles/hazards/10/0/0.mvt", "/collections", "/collections/hazards/items?limit=2", "/collections/hazards/items/H1", "/styles/hazards.json", "/?f=json"} {
		resp, _ := s.do(t, http.MethodGet, path, header{"Accept-Encoding": "gzip"})
		tag := resp.Header.Get("ETag")
		name := strings.Trim(tag, `"`)[:16]
		for condition, want := range map[string]int{
			tag: 304, `W/` + tag: 304, `"x", ` + tag: 304, "*": 304, `"` + name + `-br"`: 304, `"` + name + `-identity"`: 304,
			`"` + name + `"`: resp.StatusCode, `"0000000000000000-gzip"`: resp.StatusCode, `"` + name + `-lzma"`: resp.StatusCode, "": resp.StatusCode,
		} {
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				got, b := s.do(t, method, path, header{"If-None-Match": condition, "Accept-Encoding": "br"})
				if got.StatusCode != want {
					t.Errorf("%s %s with %s: %d, want %d", method, path, condition, got.StatusCode, want)
				}
				if want == 304 && (len(b) > 0 || got.Header.Get("ETag") == "" || got.Header.Get("Vary") == "" || got.Header.Get("Cache-Control") != "no-cache") {
					t.Errorf("%s %s: a 304 with %q and %v", method, path, b, got.Header)
				}
			}
		}
	}
}

func TestHeadSaysWhatGetSays(t *testing.T) {
	s := start(t)
	for _, path := range []string{someTile, "/api/v1/tallies?level=1", "/api/v1/nothing", "/", "/healthz", "/tiles/grids-9/0/0/0.mvt", "/?f=json", "/collections/grids-2/items", "/collections/grids-2/tiles/WebMercatorQuad/10/429/854"} {
		get, b := s.get(t, path)
		head, none := s.do(t, http.MethodHead, path, nil)
		if head.StatusCode != get.StatusCode || len(none) > 0 || head.Header.Get("ETag") != get.Header.Get("ETag") {
			t.Errorf("%s: HEAD %d with %d bytes, GET %d", path, head.StatusCode, len(none), get.StatusCode)
		}
		if get.StatusCode == 200 && head.ContentLength != int64(len(b)) && head.ContentLength != -1 {
			t.Errorf("%s: HEAD promises %d bytes, GET has %d", path, head.ContentLength, len(b))
		}
	}
}

func TestStatuses(t *testing.T) {
	s := start(t)
	tests := []struct {
		path   string
		status int
		field  string
	}{
		{someTile, 200, ""},
		{"/tiles/grids-1,grids-2,hazards/10/854/429.mvt", 200, ""},
		{"/tiles/grids-1/10/0/0.mvt", 204, ""},
		{"/tiles/grids-1/23/0/0.mvt", 404, ""},
		{"/tiles/grids-1/1/2/0.mvt", 404, ""},
		{"/tiles/grids-1/1/0/2.mvt", 404, ""},
		{"/tiles/grids-1/-1/0/0.mvt", 404, ""},
		{"/tiles/grids-1/a/0/0.mvt", 404, ""},
		{"/tiles/grids-3/0/0/0.mvt", 404, ""},
		{"/tiles/grids-0/0/0/0.mvt", 404, ""},
		{"/tiles/grids-01/0/0/0.mvt", 404, ""},
		{"/tiles/grids-1,nothing/0/0/0.mvt", 404, ""},
		{"/tiles/nothing.json", 404, ""},
		{someTile + "?severity=huge", 400, "severity"},
		{someTile + "?at=soon", 400, "at"},
		{someTile + "?scheme=none", 400, "scheme"},
		{someTile + "?columns=most", 400, "columns"},
		{someTile + "?frame=mars", 400, "frame"},
		{someTile + "?nonsense=1", 200, ""},
		{"/api/v1/tallies?level=3", 400, "level"},
		{"/api/v1/tallies?level=0", 400, "level"},
		{"/api/v1/tallies?level=x", 400, "level"},
		{"/api/v1/tallies?level=1&format=pdf", 400, "format"},
		{"/api/v1/tallies?level=1&floor_area_max=wide", 400, "floor_area_max"},
		{"/api/v1/which?lon=120.5", 400, "lat"},
		{"/api/v1/which?lon=NaN&lat=1", 400, "lon"},
		{"/api/v1/which?lon=181&lat=1", 400, "lon"},
		{"/api/v1/which?lon=1&lat=1&snap=-1", 400, "snap"},
		{"/api/v1/which?lon=1&lat=1", 200, ""},
		{"/api/v1/grids/none", 404, ""},
		{"/api/v1/grids?level=7", 400, "level"},
		{"/api/v1/columns/hazards", 404, ""},
		{"/api/v1/columns/grids-1?since=x", 400, "since"},
		{"/heatmaps/none/legend.json", 404, ""},
		{"/heatmaps/hazard-density/legend.json?level=9", 400, "level"},
		{"/nowhere", 404, ""},
	}
	for _, tt := range tests {
		resp, b := s.get(t, tt.path)
		if resp.StatusCode != tt.status {
			t.Errorf("%s: %d, want %d: %s", tt.path, resp.StatusCode, tt.status, b)
			continue
		}
		if resp.Header.Get("Hazgrid-Version") == "" || resp.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: headers %v", tt.path, resp.Header)
		}
		if tt.status >= 400 {
			checkProblem(t, tt.path, resp, b, tt.field)
		}
	}
}

func checkProblem(t *testing.T, path string, resp *http.Response, b []byte, field string) {
	t.Helper()
	var p problem
	if err := json.Unmarshal(b, &p); err != nil {
		t.Errorf("%s: %v: %s", path, err, b)
	}
	if resp.Header.Get("Content-Type") != "application/problem+json" || p.Status != resp.StatusCode || p.Title == "" || p.Type == "" || p.Detail == "" || p.Field != field {
		t.Errorf("%s: %s %s, want field %q", path, resp.Header.Get("Content-Type"), b, field)
	}
}

func TestMethods(t *testing.T) {
	s := start(t)
	resp, b := s.do(t, http.MethodDelete, "/api/v1/tallies", nil)
	if resp.StatusCode != 405 || resp.Header.Get("Allow") != "GET, HEAD, OPTIONS" {
		t.Errorf("DELETE: %s, Allow %q", resp.Status, resp.Header.Get("Allow"))
	}
	checkProblem(t, "DELETE", resp, b, "")
	resp, _ = s.do(t, http.MethodOptions, "/api/v1/which", header{"Origin": "https://example.org", "Access-Control-Request-Method": "POST"})
	if resp.StatusCode != 204 || !strings.Contains(resp.Header.Get("Access-Control-Allow-Methods"), "POST") || !strings.Contains(resp.Header.Get("Access-Control-Allow-Headers"), "Hazgrid-Min-Version") {
		t.Errorf("OPTIONS: %s %v", resp.Status, resp.Header)
	}
}

func TestTheDocumentNamesEveryRoute(t *testing.T) {
	s := start(t)
	paths := s.json(t, "/openapi.json")["paths"].(map[string]any)
	for _, r := range s.srv.table() {
		path := strings.ReplaceAll(r.path, ":.+}", "}")
		if r.path == "/assets/{file:.+}" {
			continue // the page's own business
		}
		operations, ok := paths[path].(map[string]any)
		if !ok || (r.get != nil) != (operations["get"] != nil) || (r.post != nil) != (operations["post"] != nil) {
			t.Errorf("openapi.json does not describe %s", path)
		}
	}
}
