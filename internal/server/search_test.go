package server

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/geojson"

	"hazgrid/geo"
	"hazgrid/geo/crs"
	"hazgrid/internal/limits"
)

// search posts a body to a path.
func (s *service) search(t testing.TB, path, body string, h header) (*http.Response, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/geo+json")
	r.Header.Set("Accept-Encoding", "identity")
	for k, v := range h {
		r.Header.Set(k, v)
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, b
}

// page is the answer to a search.
type page struct {
	Version, Matched, Returned         int
	Next                               *int
	At, Frame                          string
	Grids, Enterprises, Hazards, Lines []map[string]any
	Type                               string
	Features                           []map[string]any
}

// keys are the codes or ids of the rows.
func (p page) keys() (keys []string) {
	for _, rows := range [][]map[string]any{p.Grids, p.Enterprises, p.Hazards, p.Lines} {
		for _, row := range rows {
			key, ok := row["code"].(string)
			if !ok {
				key, _ = row["id"].(string)
			}
			keys = append(keys, key)
		}
	}
	return keys
}

func readPage(t testing.TB, what string, resp *http.Response, b []byte) (p page) {
	t.Helper()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %s", what, resp.Status, b)
	}
	if err := json.Unmarshal(b, &p); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	return p
}

func square(w, s, e, n float64) string {
	return fmt.Sprintf(`{"type":"Polygon","coordinates":[[[%v,%v],[%v,%v],[%v,%v],[%v,%v],[%v,%v]]]}`, w, s, e, s, e, n, w, n, w, s)
}

// The records are those of fill: E1 and E2 in A1, E3 in B1, E4 outside; H1 to H3 with the first
// two, H4 with E3, H5 with E4.
func TestSearches(t *testing.T) {
	s := start(t)
	for _, tt := range []struct {
		path, body string
		want       string
	}{
		{"/api/v1/grids?bbox=120.51,27.71,120.52,27.72", "", "A A1"},
		{"/api/v1/grids?bbox=120.51,27.71,120.52,27.72&level=2", "", "A1"},
		{"/api/v1/grids?bbox=120.6,27.8,121,28&level=1", "", "A B"},
		{"/api/v1/grids?bbox=120.7001,27.7,121,28", "", ""},
		{"/api/v1/grids?bbox=120.66,27,120.5,28&level=2", "", "A1 B2"}, // over the antimeridian
		{"/api/v1/grids?near=120.52,27.75&level=2&k=3", "", "A1 A2 B1"},
		{"/api/v1/grids?near=120.52,27.75&k=2", "", "A A1"},
		{"/api/v1/grids?near=120.52,27.75&level=2&within=4000", "", "A1 A2"},
		{"/api/v1/grids?near=0,0&within=4000", "", ""},
		{"/api/v1/enterprises?bbox=120.5,27.7,120.7,27.8", "", "E1 E2 E3"},
		{"/api/v1/enterprises?bbox=120.52,27.75,120.52,27.75", "", "E1 E2"},
		{"/api/v1/enterprises?bbox=120.5,27.7,120.7,27.8&kind=construction", "", "E3"},
		{"/api/v1/enterprises?near=120.7,27.75&k=2", "", "E3 E1"},
		{"/api/v1/enterprises?near=120.7,27.75&k=2&kind=enterprise", "", "E1 E4"},
		{"/api/v1/hazards?bbox=120,27,121,28", "", "H1 H2 H3 H4 H5"},
		{"/api/v1/hazards?bbox=120,27,121,28&severity=major", "", "H3"},
		{"/api/v1/hazards?bbox=120,27,121,28&source=campaign", "", "H4"},
		{"/api/v1/hazards?bbox=120,27,121,28&kind=enterprise", "", "H1 H2 H5"},
		{"/api/v1/hazards?bbox=120,27,121,28&at=2014-11-30", "", ""},
		{"/api/v1/lines?bbox=120.59,27.74,120.61,27.76", "", "L1"},
		{"/api/v1/lines?bbox=120.5,27.72,120.51,27.8", "", ""},
		{"/api/v1/lines?near=120.6,27.76&within=1200", "", "L1"},
		{"/api/v1/lines/search", square(120.69, 27.78, 120.8, 27.8), "L1"},
		{"/api/v1/lines/search?within=100", `{"type":"LineString","coordinates":[[120.7,27.7905],[120.8,27.8]]}`, "L1"},
		{"/api/v1/hazards?near=120.52,27.75&k=4", "", "H1 H2 H3 H4"},
		{"/api/v1/grids/search?level=2", square(120.56, 27.72, 120.61, 27.73), "A2 B1"},
		{"/api/v1/grids/search", square(120.56, 27.72, 120.57, 27.73), "A A2"},
		{"/api/v1/grids/search?level=2", `{"type":"LineString","coordinates":[[120.7,27.8],[120.8,27.9]]}`, "B2"},
		{"/api/v1/grids/search?level=2&within=10", `{"type":"LineString","coordinates":[[120.7001,27.75],[120.8,27.75]]}`, "B2"},
		{"/api/v1/grids/search?level=2&within=9", `{"type":"LineString","coordinates":[[120.7001,27.75],[120.8,27.75]]}`, ""},
		{"/api/v1/enterprises/search", square(120.5, 27.7, 120.6, 27.8), "E1 E2"},
		{"/api/v1/enterprises/search", `{"type":"Feature","properties":null,"geometry":` + square(120.5, 27.7, 120.6, 27.8) + `}`, "E1 E2"},
		{"/api/v1/enterprises/search", `{"type":"FeatureCollection","features":[{"type":"Feature","geometry":` + square(120.5, 27.7, 120.6, 27.8) + `}]}`, "E1 E2"},
		{"/api/v1/enterprises/search", `{"type":"Polygon","coordinates":[[[120.5,27.7,5],[120.6,27.8],[120.5,27.8]]]}`, "E1 E2"}, // not closed
		{"/api/v1/enterprises/search", `{"type":"MultiPolygon","coordinates":[[[[120.5,27.7],[120.53,27.7],[120.53,27.8],[120.5,27.8],[120.5,27.7]]],[[[120.8,27.7],[120.9,27.7],[120.9,27.8],[120.8,27.8],[120.8,27.7]]]]}`, "E1 E2 E4"},
		{"/api/v1/hazards/search?within=1200", `{"type":"MultiLineString","coordinates":[[[120.6,27.76],[120.7,27.76]],[[120.95,27.75],[120.96,27.75]]]}`, "H4"}, // 0.01° of latitude: 1,108 m
		{"/api/v1/hazards/search?within=1100", `{"type":"LineString","coordinates":[[120.6,27.76],[120.7,27.76]]}`, ""},
		{"/api/v1/hazards/search", `{"type":"LineString","coordinates":[[120.5,27.75],[120.7,27.75]]}`, "H1 H2 H3 H4"},
	} {
		t.Run(tt.path+" "+tt.body, func(t *testing.T) {
			resp, b := s.get(t, tt.path)
			if tt.body != "" {
				resp, b = s.search(t, tt.path, tt.body, nil)
			}
			p := readPage(t, tt.path, resp, b)
			if got := strings.Join(p.keys(), " "); got != tt.want || p.Matched != len(p.keys()) || p.Returned != p.Matched || p.Next != nil {
				t.Errorf("%q of %d, want %q", got, p.Matched, tt.want)
			}
			if p.Version == 0 || p.At == "" || p.Frame != "wgs84" {
				t.Errorf("version %d at %q in %q", p.Version, p.At, p.Frame)
			}
		})
	}
}

// Nothing is cut without a word: pages follow each other to the end.
func TestPagesOfASearch(t *testing.T) {
	s := start(t)
	var all []string
	path := "/api/v1/hazards?bbox=120,27,121,28&limit=2"
	for offset := 0; ; {
		resp, b := s.get(t, fmt.Sprintf("%s&offset=%d", path, offset))
		p := readPage(t, path, resp, b)
		if p.Matched != 5 || p.Returned != len(p.Hazards) || p.Returned > 2 {
			t.Fatalf("page at %d: %s", offset, b)
		}
		if all = append(all, p.keys()...); p.Next == nil {
			break
		}
		offset = *p.Next
	}
	if !slices.Equal(all, []string{"H1", "H2", "H3", "H4", "H5"}) {
		t.Errorf("pages: %v", all)
	}
}

func TestWhatARowSays(t *testing.T) {
	s := start(t)
	resp, b := s.get(t, "/api/v1/hazards?near=120.53,27.75&k=2")
	h := readPage(t, "hazards", resp, b).Hazards[1]
	want := map[string]any{"id": "H2", "enterprise": "E1", "grid": "A1", "state": "registered", "overdue": false, "found_at": "2014-12-01T00:00:00+08:00", "lon": 120.52, "lat": 27.75, "severity": nil}
	for k, v := range want {
		if h[k] != v {
			t.Errorf("%s is %v, want %v", k, h[k], v)
		}
	}
	if d := geo.Distance(orb.Point{120.53, 27.75}, orb.Point{120.52, 27.75}); math.Abs(h["distance_m"].(float64)-d) > 1e-7 {
		t.Errorf("distance %v, want %v", h["distance_m"], d)
	}
	resp, b = s.get(t, "/api/v1/enterprises?bbox=120.62,27.75,120.62,27.75")
	e := readPage(t, "enterprises", resp, b).Enterprises[0]
	if _, measured := e["distance_m"]; measured || e["kind"] != "construction" || e["grid"] != "B1" || len(e) != 10 {
		t.Errorf("enterprise: %v", e)
	}
	resp, b = s.get(t, "/api/v1/hazards?bbox=120.52,27.75,120.52,27.75&at=2015-01-02")
	if h := readPage(t, "hazards", resp, b).Hazards; h[0]["overdue"] != false || h[1]["overdue"] != true {
		t.Errorf("overdue in 2015: %v", h)
	}
}

// A client with a GCJ-02 map, or a city's plan, asks and hears in its coordinates.
func TestFrameOfASearch(t *testing.T) {
	s := start(t)
	for frame, hair := range map[crs.Frame]float64{crs.GCJ02: 1e-6, "EPSG:4549": 0.1, "EPSG:4528": 0.1, "EPSG:3857": 0.1} {
		at, err := frame.FromWGS84(orb.Point{120.62, 27.75})
		if err != nil {
			t.Fatal(err)
		}
		west, south, east, north := at[0]-hair, at[1]-hair, at[0]+hair, at[1]+hair
		for _, tt := range []struct {
			path, body string
			want       int
		}{
			{fmt.Sprintf("/api/v1/enterprises?frame=%s&bbox=%.9f,%.9f,%.9f,%.9f", frame, west, south, east, north), "", 1},
			{fmt.Sprintf("/api/v1/enterprises?frame=bd09&bbox=%v,%v,%v,%v", 120.62-hair, 27.75-hair, 120.62+hair, 27.75+hair), "", 0},
			{fmt.Sprintf("/api/v1/enterprises?frame=%s&within=0.2&near=%.9f,%.9f", frame, at[0], at[1]), "", 1},
			{fmt.Sprintf("/api/v1/enterprises/search?frame=%s", frame), square(west, south, east, north), 1},
			{fmt.Sprintf("/api/v1/enterprises/search?frame=%s&within=1", frame), fmt.Sprintf(`{"type":"LineString","coordinates":[[%v,%v],[%v,%v]]}`, at[0], at[1], east, at[1]), 1},
		} {
			if tt.want == 0 && frame.Projected() {
				continue
			}
			resp, b := s.get(t, tt.path)
			if tt.body != "" {
				resp, b = s.search(t, tt.path, tt.body, nil)
			}
			p := readPage(t, tt.path, resp, b)
			if p.Matched != tt.want {
				t.Errorf("%s: %s", tt.path, b)
			} else if tt.want > 0 && (p.Frame != string(frame) || math.Hypot(p.Enterprises[0]["lon"].(float64)-at[0], p.Enterprises[0]["lat"].(float64)-at[1]) > hair/1e4) {
				t.Errorf("%s: %s, want %v", tt.path, b, at)
			}
		}
	}
}

// A foreign reader takes the GeoJSON.
func TestSearchesAsGeoJSON(t *testing.T) {
	s := start(t)
	for path, shape := range map[string]string{
		"/api/v1/grids?bbox=120.51,27.71,120.52,27.72&level=2&f=geojson": "MultiPolygon",
		"/api/v1/hazards?near=120.52,27.75&k=1&f=geojson":                "Point",
		"/api/v1/enterprises?near=120.52,27.75&k=1&f=geojson":            "Point",
	} {
		resp, b := s.get(t, path)
		c, err := geojson.UnmarshalFeatureCollection(b)
		if err != nil || resp.Header.Get("Content-Type") != "application/geo+json" {
			t.Fatalf("%s: %s %v", path, resp.Header.Get("Content-Type"), err)
		}
		if len(c.Features) != 1 || c.Features[0].Geometry.GeoJSONType() != shape || c.ExtraMembers["matched"] != 1.0 {
			t.Errorf("%s: %s", path, b)
		}
	}
}

func TestSearchesRefused(t *testing.T) {
	s := start(t)
	big := `{"type":"LineString","coordinates":[` + strings.Repeat("[1,1],", 800_000) + `[1,1]]}`
	for _, tt := range []struct {
		path, body string
		status     int
		field, say string // say is in the detail
	}{
		{"/api/v1/enterprises", "", 400, "bbox", "bbox="},
		{"/api/v1/hazards?bbox=1,2,3", "", 400, "bbox", "4 numbers"},
		{"/api/v1/hazards?bbox=1,2,3,x", "", 400, "bbox", "4 numbers"},
		{"/api/v1/hazards?bbox=1,2,3,NaN", "", 400, "bbox", ""},
		{"/api/v1/hazards?bbox=1,5,3,4", "", 400, "bbox", "south"},
		{"/api/v1/hazards?bbox=1,2,3,91", "", 400, "bbox", "latitude"},
		{"/api/v1/hazards?near=1", "", 400, "near", "2 numbers"},
		{"/api/v1/hazards?near=181,1", "", 400, "near", "longitude"},
		{"/api/v1/hazards?near=1,1&bbox=1,1,2,2", "", 400, "near", "not both"},
		{"/api/v1/hazards?near=1,1&k=0", "", 400, "k", ""},
		{"/api/v1/hazards?near=1,1&k=10001", "", 400, "k", "10000"},
		{"/api/v1/hazards?near=1,1&within=-1", "", 400, "within", "metres"},
		{"/api/v1/hazards?bbox=1,1,2,2&within=9", "", 400, "within", "near"},
		{"/api/v1/hazards?bbox=1,1,2,2&k=9", "", 400, "k", "near"},
		{"/api/v1/hazards?bbox=1,1,2,2&limit=0", "", 400, "limit", ""},
		{"/api/v1/hazards?bbox=1,1,2,2&limit=10001", "", 400, "limit", "10000"},
		{"/api/v1/hazards?bbox=1,1,2,2&offset=-1", "", 400, "offset", ""},
		{"/api/v1/hazards?bbox=1,1,2,2&f=shp", "", 400, "f", "geojson"},
		{"/api/v1/hazards?bbox=1,1,2,2&frame=mars", "", 400, "frame", ""},
		{"/api/v1/hazards?bbox=500000,3000000,400000,3100000&frame=EPSG:4549", "", 400, "bbox", ""},
		{"/api/v1/hazards?near=9e6,3e6&frame=EPSG:4549", "", 400, "near", ""},
		{"/api/v1/hazards?bbox=1,1,2,2&severity=huge", "", 400, "severity", ""},
		{"/api/v1/grids?bbox=1,1,2,2&level=9", "", 400, "level", ""},
		{"/api/v1/grids?bbox=1,1,2,2&scheme=none", "", 400, "scheme", ""},
		{"/api/v1/grids/search", "{", 400, "geometry", "GeoJSON"},
		{"/api/v1/grids/search", "[]", 400, "geometry", "GeoJSON"},
		{"/api/v1/grids/search", "{}", 400, "geometry", "want a Polygon"},
		{"/api/v1/grids/search", `{"type":"Point","coordinates":[1,2]}`, 400, "geometry", "want a Polygon"},
		{"/api/v1/grids/search", `{"type":"Feature","geometry":null}`, 400, "geometry", ""},
		{"/api/v1/grids/search", `{"type":"FeatureCollection","features":[]}`, 400, "geometry", "one feature"},
		{"/api/v1/grids/search", `{"type":"Polygon","coordinates":[]}`, 400, "geometry", "empty"},
		{"/api/v1/grids/search", `{"type":"MultiPolygon","coordinates":[]}`, 400, "geometry", "empty"},
		{"/api/v1/grids/search", `{"type":"Polygon","coordinates":[[[1]]]}`, 400, "geometry", "longitude and latitude"},
		{"/api/v1/grids/search", `{"type":"Polygon","coordinates":[[null,[1,2],[2,3]]]}`, 400, "geometry", ""},
		{"/api/v1/grids/search", `{"type":"Polygon","coordinates":[[[null,1],[1,2],[2,3]]]}`, 400, "geometry", "longitude and latitude"},
		{"/api/v1/grids/search", `{"type":"Polygon","coordinates":[[["1",1],[1,2],[2,3]]]}`, 400, "geometry", ""},
		{"/api/v1/grids/search", `{"type":"Polygon","coordinates":[[[0,0],[1,1],[0,0]]]}`, 400, "geometry", "fewer than four"},
		{"/api/v1/grids/search", `{"type":"Polygon","coordinates":[[[0,0],[2,2],[2,0],[0,2],[0,0]]]}`, 400, "geometry", "crosses itself, at 1,1"},
		{"/api/v1/grids/search", `{"type":"Polygon","coordinates":[[[0,0],[200,0],[2,2],[0,0]]]}`, 400, "geometry", "out of range"},
		{"/api/v1/grids/search", `{"type":"LineString","coordinates":[]}`, 400, "geometry", "two or more"},
		{"/api/v1/grids/search", `{"type":"MultiLineString","coordinates":[]}`, 400, "geometry", "empty"},
		{"/api/v1/grids/search", `{"type":"LineString","coordinates":[[1,1]]}`, 400, "geometry", "two or more"},
		{"/api/v1/grids/search", `{"type":"LineString","coordinates":[[1,1],[1,99]]}`, 400, "geometry", "latitude"},
		{"/api/v1/grids/search?within=x", `{"type":"LineString","coordinates":[[1,1],[1,9]]}`, 400, "within", "metres"},
		{"/api/v1/grids/search?within=1e9", `{"type":"LineString","coordinates":[[1,1],[1,9]]}`, 400, "within", "at most"},
		{"/api/v1/grids/search?within=5", square(1, 1, 2, 2), 400, "within", "LineString"},
		{"/api/v1/grids/search", big, 413, "geometry", "4194304"},
	} {
		t.Run(tt.path+" "+tt.body[:min(len(tt.body), 80)], func(t *testing.T) {
			resp, b := s.get(t, tt.path)
			if tt.body != "" {
				resp, b = s.search(t, tt.path, tt.body, nil)
			}
			if resp.StatusCode != tt.status || !strings.Contains(string(b), tt.say) {
				t.Errorf("%d %s, want %d with %q", resp.StatusCode, b, tt.status, tt.say)
			}
			checkProblem(t, tt.path, resp, b, tt.field)
		})
	}
	for h, status := range map[string]int{"application/json": 200, "application/x-www-form-urlencoded": 200, "text/csv": 415, "a/b/c": 415} {
		if resp, b := s.search(t, "/api/v1/grids/search", square(1, 1, 2, 2), header{"Content-Type": h}); resp.StatusCode != status {
			t.Errorf("%s: %s %s", h, resp.Status, b)
		}
	}
	if resp, b := s.search(t, "/api/v1/grids/search", square(1, 1, 2, 2), header{"Content-Encoding": "gzip"}); resp.StatusCode != 415 {
		t.Errorf("gzip: %s %s", resp.Status, b)
	}
}

// A search path takes POST only, but a grid whose code is "search" can still be had.
func TestMethodsOfASearch(t *testing.T) {
	s := start(t)
	resp, b := s.get(t, "/api/v1/hazards/search")
	if resp.StatusCode != 405 || resp.Header.Get("Allow") != "OPTIONS, POST" {
		t.Errorf("GET: %s, Allow %q", resp.Status, resp.Header.Get("Allow"))
	}
	checkProblem(t, "GET", resp, b, "")
	if resp, _ = s.do(t, http.MethodOptions, "/api/v1/hazards/search", nil); resp.StatusCode != 204 || resp.Header.Get("Access-Control-Allow-Methods") != "OPTIONS, POST" {
		t.Errorf("OPTIONS: %s %v", resp.Status, resp.Header)
	}
	if resp, b = s.get(t, "/api/v1/grids/search"); resp.StatusCode != 404 || !strings.Contains(string(b), `grid \"search\"`) {
		t.Errorf("the grid: %s %s", resp.Status, b)
	}
	if resp, _ = s.search(t, "/api/v1/hazards", "{}", nil); resp.StatusCode != 405 {
		t.Errorf("POST: %s", resp.Status)
	}
	tag, _ := s.get(t, "/api/v1/hazards?bbox=120,27,121,28")
	if resp, _ := s.do(t, http.MethodGet, "/api/v1/hazards?bbox=120,27,121,28", header{"If-None-Match": tag.Header.Get("ETag")}); resp.StatusCode != 304 {
		t.Errorf("asked again: %s", resp.Status)
	}
	resp, b = s.search(t, "/api/v1/hazards/search", square(120, 27, 121, 28), header{"Accept-Encoding": "gzip"})
	if resp.Header.Get("Content-Encoding") != "gzip" || !strings.Contains(string(unpack(t, "gzip", b)), `"matched":5`) || resp.Header.Get("ETag") != "" {
		t.Errorf("gzip: %v", resp.Header)
	}
}

func FuzzParseRegion(f *testing.F) {
	for _, s := range []string{square(1, 1, 2, 2), `{"type":"LineString","coordinates":[[1,1],[1,9]]}`, `{"type":"Feature","geometry":{"type":"MultiPolygon","coordinates":[[[[0,0],[2,2],[2,0],[0,2],[0,0]]]]}}`} {
		f.Add([]byte(s), "gcj02")
		f.Add([]byte(s), "EPSG:4549")
	}
	f.Fuzz(func(t *testing.T, body []byte, frame string) {
		name, err := crs.Parse(frame)
		if err != nil {
			return
		}
		limits.Hold(t, func() {
			region, err := parseRegion(body, name)
			if err == nil && len(region.Shape) == 0 && len(region.Line) == 0 {
				t.Errorf("%s is nothing", body)
			}
		})
	})
}
