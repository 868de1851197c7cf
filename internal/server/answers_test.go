package server

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/mvt"
	"github.com/paulmach/orb/maptile"
	"github.com/paulmach/orb/project"

	"hazgrid/geo/crs"
	"hazgrid/internal/store/gpkg"
	"hazgrid/safety"
)

// layers decodes a tile with a foreign decoder.
func (s *service) layers(t testing.TB, path string) map[string]*mvt.Layer {
	t.Helper()
	resp, b := s.get(t, path)
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != tileMedia {
		t.Fatalf("%s: %s %s", path, resp.Status, b)
	}
	ls, err := mvt.Unmarshal(b)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*mvt.Layer{}
	for _, l := range ls {
		out[l.Name] = l
	}
	return out
}

// The records and their figures are those of fill: hazards H1 to H3 in village A1, H4 in B1, H5 outside.
func TestTileAttributes(t *testing.T) {
	s := start(t)
	ls := s.layers(t, "/tiles/grids-2,grid-labels-2,enterprises,hazards,lines/8/213/107.mvt")
	grids := ls["grids-2"].Features
	if len(grids) != 4 || len(ls["grid-labels-2"].Features) != 4 {
		t.Fatalf("%d grids, %d labels", len(grids), len(ls["grid-labels-2"].Features))
	}
	a1, a2 := grids[0].Properties, grids[1].Properties
	want := map[string]any{"code": "A1", "name": "甲", "parent": "A", "level": 2.0, "enterprises": 2.0, "found": 3.0, "rectified": 1.0, "open": 2.0, "overdue": 0.0, "rate": 1.0 / 3}
	for k, v := range want {
		if a1[k] != v {
			t.Errorf("A1 has %s = %v, want %v", k, a1[k], v)
		}
	}
	if a1["id"] != grids[0].ID || math.Abs(a1["density"].(float64)-3/a1["area_km2"].(float64)) > 1e-12 || len(a1) != 13 {
		t.Errorf("A1 is %v with id %v", a1, grids[0].ID)
	}
	if _, ok := a2["rate"]; ok || a2["density"] != 0.0 || len(a2) != 12 {
		t.Errorf("A2 has nothing found, but is %v", a2)
	}
	if e := ls["enterprises"].Features; len(e) != 3 || e[0].Properties["count"] != 2.0 || e[0].Properties["grid"] != "A1" || e[0].Properties["found"] != 3.0 || e[0].Properties["kind"] != nil {
		t.Errorf("enterprises: %v", e[0].Properties)
	}
	if h := ls["hazards"].Features; len(h) != 3 || h[0].Properties["count"] != 3.0 || h[1].Properties["source"] != "campaign" || h[2].Properties["grid"] != nil {
		t.Errorf("hazards: %v %v %v", h[0].Properties, h[1].Properties, h[2].Properties)
	}
	if l := ls["lines"].Features; len(l) != 1 || l[0].Properties["kind"] != "gas" || l[0].Properties["operator"] != nil {
		t.Errorf("lines: %v", l)
	}
	bare := s.layers(t, "/tiles/grids-2/8/213/107.mvt?columns=none")["grids-2"].Features[0]
	if len(bare.Properties) != 4 || bare.ID != grids[0].ID {
		t.Errorf("columns=none: %v", bare.Properties)
	}
	filtered := s.layers(t, "/tiles/grids-2/8/213/107.mvt?severity=major")["grids-2"].Features[0]
	if filtered.Properties["found"] != 1.0 {
		t.Errorf("severity=major: %v", filtered.Properties)
	}
}

// The vertex of a tile for a GCJ-02 map lies where GCJ-02 puts it, to a unit.
func TestFrameOfTheBaseMap(t *testing.T) {
	s := start(t)
	at := orb.Point{120.62, 27.75}
	moved, err := crs.GCJ02.FromWGS84(at)
	if err != nil {
		t.Fatal(err)
	}
	for frame, want := range map[string]orb.Point{"wgs84": at, "gcj02": moved} {
		tile := maptile.At(want, 16)
		fs := s.layers(t, fmt.Sprintf("/tiles/hazards/16/%d/%d.mvt?frame=%s", tile.X, tile.Y, frame))["hazards"].Features
		if len(fs) != 1 {
			t.Fatalf("%s: %d hazards", frame, len(fs))
		}
		f := *fs[0]
		got := project.Point(f.Geometry.(orb.Point), func(p orb.Point) orb.Point {
			n := math.Exp2(16) * 4096
			x, y := float64(tile.X)*4096+p[0], float64(tile.Y)*4096+p[1]
			return orb.Point{x/n*360 - 180, math.Atan(math.Sinh(math.Pi*(1-2*y/n))) * 180 / math.Pi}
		})
		if math.Abs(got[0]-want[0]) > 1e-6 || math.Abs(got[1]-want[1]) > 1e-6 {
			t.Errorf("%s: at %v, want %v", frame, got, want)
		}
	}
}

func TestTalliesAndTheirFormats(t *testing.T) {
	s := start(t)
	v := s.json(t, "/api/v1/tallies?level=1&kind=combined_use")
	rows := v["rows"].([]any)
	last := rows[len(rows)-1].(map[string]any)
	if len(rows) != 4 || last["name"] != "unlocated" || last["code"] != "" || last["density"] != nil || last["area_km2"] != nil {
		t.Errorf("rows: %v", rows)
	}
	if f := v["filters"].(map[string]any); len(f) != 1 || f["kind"] != "combined_use" || v["from"] != nil || v["definition"] != "rate_found" {
		t.Errorf("answer: %v", v)
	}
	if total := v["total"].(map[string]any); total["found"] != 1.0 || total["rate"] != 0.0 {
		t.Errorf("total: %v", total)
	}
	resp, b := s.get(t, "/api/v1/tallies?level=1&format=csv")
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	if resp.Header.Get("Content-Type") != "text/csv; charset=utf-8" || len(lines) != 5 || !strings.HasPrefix(lines[0], "code,name,parent,area_km2,enterprises,found") || !strings.HasPrefix(lines[3], ",outside,,,1,1,0,1,0,,0,") {
		t.Errorf("csv: %q", lines)
	}
	if resp, b := s.get(t, "/api/v1/tallies?level=1&format=xlsx"); resp.StatusCode != 200 || string(b[:2]) != "PK" {
		t.Errorf("xlsx: %s", resp.Status)
	}
}

func TestWhichOne(t *testing.T) {
	s := start(t)
	_, b := s.get(t, "/api/v1/which?lon=120.51&lat=27.75")
	if want := `{"point":[120.51,27.75],"frame":"wgs84","grids":[{"level":1,"code":"A","name":"塘下"},{"level":2,"code":"A1","name":"甲"}],"distance_m":0}` + "\n"; string(b) != want {
		t.Errorf("got %s", b)
	}
	_, b = s.get(t, "/api/v1/which?lon=121&lat=27.75")
	if want := `{"point":[121,27.75],"frame":"wgs84","grids":[],"distance_m":null}` + "\n"; string(b) != want {
		t.Errorf("outside: %s", b)
	}
	plane, err := crs.Frame("EPSG:4528").FromWGS84(orb.Point{120.51, 27.75})
	if err != nil {
		t.Fatal(err)
	}
	_, b = s.get(t, fmt.Sprintf("/api/v1/which?frame=epsg:4528&lon=%.9f&lat=%.9f", plane[0], plane[1]))
	if want := `,"frame":"epsg:4528","grids":[{"level":1,"code":"A",`; !strings.Contains(string(b), want) {
		t.Errorf("in a plane: %s", b)
	}
	if resp, b := s.get(t, "/api/v1/which?frame=EPSG:4528&lon=120.51&lat=27.75"); resp.StatusCode != 400 {
		t.Errorf("degrees in a plane: %d %s", resp.StatusCode, b)
	}
	near := s.json(t, "/api/v1/which?lon=120.7001&lat=27.75&snap=50")
	if d, ok := near["distance_m"].(float64); !ok || d < 9 || d > 10.5 || len(near["grids"].([]any)) != 2 { // 0.0001° at 27.75°N is 9.86 m
		t.Errorf("snapped: %v", near)
	}
}

func (s *service) post(t testing.TB, media string, body io.Reader) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/api/v1/which", body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", media)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func TestWhichMany(t *testing.T) {
	s := start(t)
	status, got := s.post(t, "text/csv", strings.NewReader("name,lon,lat\nx,120.51,27.75\n\"a,b\",121,27\nbad,181,0\nworse,east,0\n"))
	want := "name,lon,lat,grid,grid_1,grid_2,grid_distance_m,error\nx,120.51,27.75,A1,A,A1,0,\n\"a,b\",121,27,,,,,\nbad,181,0,,,,,\"lon: want -180 to 180, got 181\"\nworse,east,0,,,,,\"lon: \"\"east\"\" is not a number\"\n"
	if status != 200 || got != want {
		t.Errorf("csv: %d %s", status, got)
	}
	status, got = s.post(t, "application/json", strings.NewReader("[[120.51,27.75],[181,0],\"x\"]"))
	var answers []map[string]any
	if err := json.Unmarshal([]byte(got), &answers); err != nil || status != 200 || len(answers) != 3 {
		t.Fatalf("json: %d %v %s", status, err, got)
	}
	if len(answers[0]["grids"].([]any)) != 2 || answers[1]["error"] == nil || answers[2]["error"] == nil || len(answers[2]["grids"].([]any)) != 0 {
		t.Errorf("json: %s", got)
	}
	for _, tt := range []struct {
		media, body string
		status      int
	}{{"text/csv", "", 400}, {"text/csv", "x,y\n1,2\n", 400}, {"application/json", "{}", 400}, {"application/json", "[[1,2]", 400}, {"application/xml", "<a/>", 415}, {"application/json", "[]", 200}} {
		if status, got := s.post(t, tt.media, strings.NewReader(tt.body)); status != tt.status {
			t.Errorf("%s %q: %d %s", tt.media, tt.body, status, got)
		}
	}
}

// A client that sends everything before it reads anything: without a spool both sides would wait for each other.
func TestWhichAMillionPoints(t *testing.T) {
	if testing.Short() {
		t.Skip("a million points")
	}
	s := start(t)
	const n = 1_000_000
	var body bytes.Buffer
	body.WriteString("n,lon,lat\n")
	for i := range n {
		fmt.Fprintf(&body, "%d,120.%06d,27.75\n", i, i)
	}
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(2 * time.Minute))
	if _, err := fmt.Fprintf(conn, "POST /api/v1/which HTTP/1.1\r\nHost: test\r\nContent-Type: text/csv\r\nContent-Length: %d\r\n\r\n", body.Len()); err != nil {
		t.Fatal(err)
	}
	if _, err := body.WriteTo(conn); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	status, got := resp.StatusCode, string(b)
	lines := strings.Split(got, "\n")
	if status != 200 || len(lines) != n+2 {
		t.Fatalf("%d with %d lines", status, len(lines))
	}
	for i, want := range map[int]string{1: "0,120.000000,27.75,,,,,", n: "999999,120.999999,27.75,,,,,", 510_001: "510000,120.510000,27.75,A1,A,A1,0,"} {
		if lines[i] != want {
			t.Errorf("line %d is %q, want %q", i, lines[i], want)
		}
	}
}

func TestGridsColumnsDistrictLegend(t *testing.T) {
	s := start(t)
	if all := s.json(t, "/api/v1/grids")["grids"].([]any); len(all) != 6 {
		t.Errorf("%d grids", len(all))
	}
	g := s.json(t, "/api/v1/grids/A")
	if len(g["children"].([]any)) != 2 || len(g["ancestors"].([]any)) != 0 || g["tally"].(map[string]any)["found"] != 3.0 || g["geometry"].(map[string]any)["type"] != "MultiPolygon" {
		t.Errorf("grid A: %v", g)
	}
	c := s.json(t, "/api/v1/columns/grids-2")
	if len(c["id"].([]any)) != 4 || len(c["columns"].(map[string]any)["rate"].([]any)) != 4 || c["since"] != nil {
		t.Errorf("columns: %v", c)
	}
	d := s.json(t, "/api/v1/district")
	if d["levels"] != 2.0 || d["opens_at"] != "2014-12-31" || d["division"] != "330381" || d["synthetic"] != false || fmt.Sprint(d["bounds"]) != "[120.5 27.7 120.7 27.8]" {
		t.Errorf("district: %v", d)
	}
	l := s.json(t, "/heatmaps/rectification-rate/legend.json?level=2")
	sum := l["no_data"].(map[string]any)["count"].(float64)
	for _, c := range l["classes"].([]any) {
		sum += c.(map[string]any)["count"].(float64)
	}
	if sum != 4 {
		t.Errorf("the legend counts %v grids: %v", sum, l)
	}
	j := s.json(t, "/tiles/grids-2,hazards.json?severity=major")
	if j["tilejson"] != "3.0.0" || len(j["vector_layers"].([]any)) != 2 || !strings.HasSuffix(j["tiles"].([]any)[0].(string), "/tiles/grids-2,hazards/{z}/{x}/{y}.mvt?severity=major") {
		t.Errorf("TileJSON: %v", j)
	}
}

// What is said of people, firms and hazards never leaves the service.
func TestNothingPrivateLeaves(t *testing.T) {
	s := start(t)
	for _, path := range []string{
		"/tiles/grids-1,grids-2,grid-labels-1,enterprises,hazards,lines/8/213/107.mvt", "/api/v1/grids", "/api/v1/grids/A", "/api/v1/grids/A1",
		"/api/v1/tallies?level=1", "/api/v1/tallies?level=2&format=csv", "/api/v1/district", "/api/v1/columns/grids-1", "/api/v1/which?lon=120.51&lat=27.75",
		"/api/v1/grids?bbox=120,27,121,28&f=geojson", "/api/v1/grids?near=120.5,27.7", "/api/v1/enterprises?bbox=120,27,121,28", "/api/v1/enterprises?near=120.5,27.7&f=geojson",
		"/api/v1/lines?bbox=120,27,121,28", "/api/v1/hazards?bbox=120,27,121,28", "/api/v1/hazards?near=120.5,27.7&f=geojson",
		"/tiles/enterprises.json", "/heatmaps/hazard-density/legend.json", "/metrics", "/openapi.json", "/", "/?f=json", "/api", "/collections",
		"/collections/grids-1/items", "/collections/grids-2/items/A1", "/collections/enterprises/items", "/collections/enterprises/items/E1",
		"/collections/hazards/items", "/collections/hazards/items/H1", "/collections/lines/items", "/collections/lines/items/L1",
		"/collections/enterprises/tiles/WebMercatorQuad/8/107/213", "/tiles/WebMercatorQuad/8/107/213", "/tiles", "/styles/enterprises.json",
	} {
		_, b := s.get(t, path)
		if kind, _, ok := strings.Cut(path, "?bbox"); ok {
			_, more := s.search(t, kind+"/search?f=geojson", square(120, 27, 121, 28), nil)
			b = append(b, more...)
		}
		for _, secret := range []string{"张三丰", "李四光", "王五", "解放路", "秘密公司", "电线私拉"} {
			if strings.Contains(string(b), secret) {
				t.Errorf("%s says %s", path, secret)
			}
		}
	}
}

// A deadline passes at midnight: tally, tile, ETag, version and event agree, though nothing was written but the time.
func TestADeadlinePasses(t *testing.T) {
	s := start(t)
	events := s.listen(t, "")
	before, _ := s.get(t, someTile)
	if r := s.json(t, "/api/v1/tallies?level=1")["total"].(map[string]any); r["overdue"] != 0.0 {
		t.Fatalf("overdue at noon: %v", r["overdue"])
	}
	s.clock.set(time.Date(2015, 1, 1, 0, 0, 0, 0, shanghai()))
	after, _ := s.get(t, someTile)
	if r := s.json(t, "/api/v1/tallies?level=1")["total"].(map[string]any); r["overdue"] != 1.0 {
		t.Errorf("overdue after midnight: %v", r["overdue"])
	}
	if before.Header.Get("ETag") == after.Header.Get("ETag") || before.Header.Get("Hazgrid-Version") == after.Header.Get("Hazgrid-Version") {
		t.Errorf("ETag %s, version %s before and after", after.Header.Get("ETag"), after.Header.Get("Hazgrid-Version"))
	}
	e := events.next(t)
	if fmt.Sprint(e.version) != after.Header.Get("Hazgrid-Version") || fmt.Sprint(e.Grids) != "[A A1]" {
		t.Errorf("event %+v, version %s", e, after.Header.Get("Hazgrid-Version"))
	}
	if resp, _ := s.get(t, someTile+"?at=2014-12-31"); resp.StatusCode != 200 {
		t.Errorf("yesterday: %s", resp.Status)
	}
}

// A TileJSON's bounds hold what its layers show, wherever that is: clients ask for nothing outside.
func TestBoundsOfTileJSON(t *testing.T) {
	s := start(t)
	r := apply(t, s.store, safety.Enterprises, record(safety.Enterprises, 1, row{"id": "far"}, orb.Point{100, 10}))
	eventually(t, "the far enterprise", func() bool { return s.srv.state.Load().snapshot.Version() >= r.Version })
	for path, want := range map[string]bool{
		"/tiles/grids-1.json": false, "/tiles/enterprises.json": true, "/tiles/enterprises.json?frame=gcj02": true, "/tiles/grids-1,enterprises.json": true,
	} {
		box, _ := s.json(t, path)["bounds"].([]any)
		if len(box) != 4 || (box[0].(float64) <= 100.01 && box[1].(float64) <= 10.01) != want {
			t.Errorf("%s: bounds %v, want the far enterprise in it: %v", path, box, want)
		}
	}
}

// While a large import of another process holds the store, nobody waits for a deadline to become a
// version: figures stay those of the version served, and follow once the store is free.
func TestADeadlinePassesWhileTheStoreIsHeld(t *testing.T) {
	s := start(t)
	other, err := gpkg.Open(t.Context(), s.path, "330381", false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close() })
	held, free, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		_, err := other.Apply(context.Background(), safety.Batch{
			Kind: safety.Enterprises,
			Records: func(yield func(safety.Record, error) bool) {
				yield(record(safety.Enterprises, 1, row{"id": "new"}, nil), nil)
			},
			Confirm: func(safety.Receipt) error { close(held); <-free; return nil },
		})
		ended <- err
	}()
	<-held
	s.clock.set(time.Date(2015, 1, 1, 0, 0, 0, 0, shanghai()))
	began := time.Now()
	s.get(t, "/healthz")
	if r := s.json(t, "/api/v1/tallies?level=1"); r["total"].(map[string]any)["overdue"] != 0.0 {
		t.Errorf("overdue without a version: %v", r["total"])
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("two requests took %v", took)
	}
	close(free)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	eventually(t, "the deadline", func() bool {
		return s.json(t, "/api/v1/tallies?level=1")["total"].(map[string]any)["overdue"] == 1.0
	})
}
