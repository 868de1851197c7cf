package importers

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/paulmach/orb"

	"hazgrid/safety"
)

// lacking ends a test for which the machine has not what it takes; a machine that decides must have it.
func lacking(t testing.TB, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip("SKIPPED, NOT TESTED: " + why)
}

// sameRecords fails unless two readings gave the same records and rejects, whatever their numbers are called.
func sameRecords(t *testing.T, got, want result) {
	t.Helper()
	if got.err != nil || want.err != nil {
		t.Fatalf("errors %v and %v", got.err, want.err)
	}
	if len(got.records) != len(want.records) || len(got.rejects) != len(want.rejects) {
		t.Fatalf("%d records and %d rejects (%v), want %d and %d", len(got.records), len(got.rejects), got.rejects, len(want.records), len(want.rejects))
	}
	for i := range got.records {
		if d := cmp.Diff(want.records[i], got.records[i]); d != "" {
			t.Fatalf("record %d differs: %s", i+1, d)
		}
	}
	for i := range got.rejects {
		if d := cmp.Diff(want.rejects[i], got.rejects[i]); d != "" {
			t.Fatalf("reject %d differs: %s", i+1, d)
		}
	}
}

// topology is two squares that share an edge, a multipolygon, a line, points and an empty geometry. Arc 0 is
// the shared edge upwards, 1 the rest of the left square, 2 the rest of the right one.
func topology(transform, arcs, points string) string {
	return `{"type":"Topology",` + transform + `"objects":{"网格":{"type":"GeometryCollection","geometries":[
		{"type":"Polygon","id":7,"arcs":[[0,1]],"properties":{"name":"西","level":1}},
		{"type":"Polygon","arcs":[[2,-1]],"properties":{"code":"东","level":"1"}},
		{"type":"MultiPolygon","id":"both","arcs":[[[0,1]]],"properties":{"level":1}},
		{"type":null,"id":"none","properties":{"level":1}},
		{"type":"Polygon","arcs":[[0,9]],"id":"lost","properties":{"level":1}},
		{"type":"GeometryCollection","geometries":[],"id":"nested","properties":{"level":1}},
		{"type":"Polygon","arcs":[0,1],"id":"flat","properties":{"level":1}}]},
		"管线":{"type":"LineString","arcs":[0,2],"id":"l","properties":{"name":"n"}},
		"points":{"type":"GeometryCollection","geometries":[` + points + `]}},"arcs":` + arcs + `}`
}

var topologies = map[string]string{
	"plain": topology("", `[[[121,27],[121,28]],[[121,28],[120,28],[120,27],[121,27]],[[121,27],[122,27],[122,28],[121,28]]]`,
		`{"type":"Point","id":"p","coordinates":[120.5,27.5]},{"type":"MultiPoint","id":"q","coordinates":[[121.5,27.5]]}`),
	"quantised": topology(`"transform":{"scale":[0.5,0.25],"translate":[120,27]},`, `[[[2,0],[0,4]],[[2,4],[-2,0],[0,-4],[2,0]],[[2,0],[2,0],[0,4],[-2,0]]]`,
		`{"type":"Point","id":"p","coordinates":[1,2]},{"type":"MultiPoint","id":"q","coordinates":[[3,2]]}`),
}

func TestTopoJSON(t *testing.T) {
	left := orb.Polygon{{{121, 27}, {121, 28}, {120, 28}, {120, 27}, {121, 27}}}
	right := orb.Polygon{{{121, 27}, {122, 27}, {122, 28}, {121, 28}, {121, 27}}}
	for name, in := range topologies {
		t.Run(name, func(t *testing.T) {
			got := readText(t, in, Options{Kind: safety.Grids, Layer: "网格"})
			if got.err != nil || len(got.records) != 3 || len(got.rejects) != 4 || got.file.Format != "TopoJSON" {
				t.Fatalf("%+v", got)
			}
			for i, want := range []struct {
				code string
				area orb.MultiPolygon
			}{{"7", orb.MultiPolygon{left}}, {"东", orb.MultiPolygon{right}}, {"both", orb.MultiPolygon{left}}} {
				if code := value(t, safety.Grids, got.records[i], "code"); code != want.code || !orb.Equal(got.records[i].Geometry, want.area) {
					t.Errorf("record %d: %v %v, want %v", i+1, code, got.records[i].Geometry, want)
				}
			}
			for i, want := range []string{"missing", "arc 9 of a topology of 3", `"GeometryCollection" is not read`, "not nested"} {
				if bad := got.rejects[i]; bad.Field != "geometry" || !strings.Contains(bad.Reason, want) {
					t.Errorf("reject %d: %v, want %s", i+1, bad, want)
				}
			}
			lines := readText(t, in, Options{Kind: safety.Lines, Layer: "管线"})
			if want := (orb.MultiLineString{{{121, 27}, {121, 28}, {122, 28}}}); lines.err != nil || len(lines.records) != 1 {
				t.Errorf("%v %v, want %v", lines.err, lines.rejects, want)
			}
			points := readText(t, in, Options{Kind: safety.Enterprises, Layer: "points"})
			if points.err != nil || len(points.records) != 2 || points.records[0].Geometry != (orb.Point{120.5, 27.5}) || points.records[1].Geometry != (orb.Point{121.5, 27.5}) {
				t.Errorf("%+v", points)
			}
		})
	}
}

// TestTopoJSONOriginals holds what the rejects file shows of a geometry that is no use without its arcs.
func TestTopoJSONOriginals(t *testing.T) {
	got := readText(t, topologies["quantised"], Options{Kind: safety.Grids, Layer: "网格"})
	var texts []string
	for text, err := range got.file.Originals(func(yield func(int64) bool) { _ = yield(2) && yield(4) }) {
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, text)
	}
	want := []string{
		`{"type":"Feature","properties":{"code":"东","level":"1"},"geometry":{"type":"Polygon","coordinates":[[[121,27],[122,27],[122,28],[121,28],[121,27]]]}}`,
		`{"type":"Feature","id":"none","properties":{"level":"1"},"geometry":null}`,
	}
	if d := cmp.Diff(want, texts); d != "" {
		t.Error(d)
	}
}

func TestTopoJSONFaults(t *testing.T) {
	whole := topologies["quantised"]
	for name, c := range map[string]struct{ in, layer, want string }{
		"several":        {whole, "", "there are 3 layers, say --layer (one of 网格, 管线, points)"},
		"unknown":        {whole, "x", `there is no layer "x" (there are: 网格, 管线, points)`},
		"none":           {`{"type":"Topology","objects":{},"arcs":[]}`, "", "there are 0 layers"},
		"late type":      {`{"arcs":[],"objects":{"a":null},"type":"Thing"}`, "", `type "Thing", want Topology`},
		"no arc":         {`{"type":"Topology","arcs":[5]}`, "", "arc 0 at byte"},
		"deep arc":       {`{"type":"Topology","arcs":[[[[[[[[0]]]]]]]]}`, "", "nested too deep"},
		"text arc":       {`{"type":"Topology","arcs":[["AAA"]]}`, "", "coordinates are text"},
		"transform":      {`{"type":"Topology","transform":{"scale":5}}`, "", "want an array of two numbers"},
		"long arc":       {`{"type":"Topology","arcs":[[` + strings.Repeat("[1,1],", 400_000) + `[1,1]]],"objects":{"a":null}}`, "", "is longer than 2 MB"},
		"garbage after":  {`{"type":"Topology","objects":{"a":null},"arcs":[]} x`, "", "after the end of the topology"},
		"two claims":     {strings.Replace(whole, `"GeometryCollection"`, `"Polygon"`, 1), "网格", `has geometries and is of type "Polygon"`},
		"broken member":  {strings.Replace(whole, `"name":"西"`, `"name" "西"`, 1), "网格", "not JSON at byte"},
		"numbers differ": {strings.Replace(whole, `"scale":[0.5,0.25]`, `"scale":[1e308,1e308]`, 1), "网格", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := readText(t, c.in, Options{Kind: safety.Grids, Layer: c.layer, MaxBytes: 2 << 20})
			if c.want == "" {
				if got.err != nil || len(got.records) != 0 || len(got.rejects) != 7 {
					t.Errorf("%+v, want every record rejected", got)
				}
			} else if got.err == nil || !strings.Contains(got.err.Error(), c.want) || !errors.Is(got.err, safety.ErrInvalid) {
				t.Errorf("error %v, want %q", got.err, c.want)
			}
		})
	}
}

// TestTopoJSONCut cuts a topology at every byte: one clear error each time.
func TestTopoJSONCut(t *testing.T) {
	cutEverywhere(t, []byte(strings.TrimSpace(topologies["quantised"])), Options{Kind: safety.Grids, Layer: "网格"})
}

// cutEverywhere reads a file cut at every byte; each must be refused in one line.
func cutEverywhere(t *testing.T, whole []byte, o Options) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cut")
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := readPath(t, path, o); got.err != nil {
		t.Fatal("whole:", got.err)
	}
	for n := len(whole) - 1; n >= 0; n-- {
		if err := os.Truncate(path, int64(n)); err != nil {
			t.Fatal(err)
		}
		got := readPath(t, path, o)
		if got.file != nil {
			_ = got.file.Close()
		}
		if got.err == nil || strings.Contains(got.err.Error(), "\n") {
			t.Errorf("cut at byte %d: error %v", n, got.err)
		}
	}
}

// TestTopoJSONBomb names an arc many times: what it would make is refused, not made.
func TestTopoJSONBomb(t *testing.T) {
	arc := "[" + strings.Repeat("[0,0],", 9999) + "[1,1]]"
	refs := strings.Repeat("0,", 9999) + "0"
	in := `{"type":"Topology","arcs":[` + arc + `],"objects":{"a":{"type":"GeometryCollection","geometries":[` +
		fmt.Sprintf(`{"type":"LineString","id":"a","arcs":[%s]},{"type":"MultiLineString","id":"b","arcs":[[%[1]s]]}`, refs) + `]}}}`
	got := readText(t, in, Options{Kind: safety.Lines})
	if got.err != nil || len(got.rejects) != 2 || !strings.Contains(got.rejects[1].Reason, "more than 4000000 positions") {
		t.Errorf("%v %v", got.rejects, got.err)
	}
}

// TestUSAtlas holds 3,231 real counties, 40 of them invalid, against what topojson-client makes of the same file.
func TestUSAtlas(t *testing.T) {
	dir := filepath.Join("..", "testdata", "atlas")
	topo := filepath.Join(dir, "node_modules", "us-atlas", "counties-10m.json")
	if _, err := os.Stat(topo); err != nil {
		lacking(t, "run `make atlas` first")
	}
	for layer, want := range map[string]struct {
		records  int
		repaired int64
	}{"counties": {3231, 40}, "states": {56, 1}} {
		got := readPath(t, topo, Options{Kind: safety.Grids, Level: 1, Repair: true, Layer: layer})
		ref := readPath(t, filepath.Join(dir, layer+".geojson"), Options{Kind: safety.Grids, Level: 1, Repair: true})
		sameRecords(t, got, ref)
		if len(got.records) != want.records || got.file.Repaired() != want.repaired {
			t.Errorf("%s: %d records, %d repaired, want %v", layer, len(got.records), got.file.Repaired(), want)
		}
	}
}

func FuzzTopoJSON(f *testing.F) {
	for _, in := range topologies {
		f.Add([]byte(in))
	}
	f.Add([]byte(`{"objects":{"a":{"type":"Polygon","id":1,"properties":{"level":1,"code":"x"},"arcs":[[-1]]}},"arcs":[[[0,0],[1,0],[1,1],[0,0]]],"type":"Topology"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		_ = drain(t, b, safety.Grids)
		_ = drain(t, b, safety.Lines)
		_ = drain(t, b, safety.Enterprises)
	})
}
