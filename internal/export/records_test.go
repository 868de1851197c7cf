package export_test

import (
	"bytes"
	"iter"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/wkt"

	"hazgrid/importers"
	"hazgrid/internal/export"
	"hazgrid/internal/store"
	"hazgrid/internal/store/gpkg"
	"hazgrid/safety"
)

// asOf is the time of every export here.
var asOf = safety.TimeOf(time.Date(2015, 1, 2, 3, 4, 5, 0, time.UTC))

// readBack tells which formats an import reads; GDAL reads the others for it, and judges all that it knows.
var readBack = map[string]bool{"geojson": true, "csv": true, "shp": true, "xlsx": true, "gpkg": true}

// newStore opens an empty store that ends with t.
func newStore(t *testing.T) store.Store {
	t.Helper()
	s, err := gpkg.Open(t.Context(), filepath.Join(t.TempDir(), "city.gpkg"), "0", true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// fill applies records and wants all of them taken.
func fill(t *testing.T, s store.Store, k safety.Kind, records iter.Seq2[safety.Record, error]) {
	t.Helper()
	r, err := s.Apply(t.Context(), safety.Batch{Kind: k, Records: records, Rejected: func(r safety.Reject) error {
		t.Errorf("%s: refused: %v", k, r)
		return nil
	}})
	if err != nil || r.Rejected+r.Superseded > 0 {
		t.Fatalf("%s: %+v, %v", k, r, err)
	}
}

// made yields records of k with the given values by name.
func made(k safety.Kind, specs []spec) iter.Seq2[safety.Record, error] {
	return func(yield func(safety.Record, error) bool) {
		for i, s := range specs {
			r := safety.Record{Number: int64(i + 1), Geometry: s.at}
			for _, f := range safety.Fields(k) {
				v, ok := s.v[f.Name]
				switch {
				case f.Name == "frame" && !ok:
					v = "wgs84"
				case !ok:
					v = f.Default
				}
				if n, ok := v.(int); ok {
					v = int64(n)
				}
				r.Values = append(r.Values, v)
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

type spec struct {
	at orb.Geometry
	v  map[string]any
}

func at(y int, m time.Month, d, ms int) safety.Time {
	return safety.TimeOf(time.Date(y, m, d, 9, 5, 7, ms*1e6, time.UTC))
}

// circle is a ring of n sides with coordinates of all 17 digits.
func circle(lon, lat, radius float64, n int) orb.Ring {
	var r orb.Ring
	for i := range n {
		a := 2 * math.Pi * float64(i) / float64(n)
		r = append(r, orb.Point{lon + radius*math.Cos(a), lat + radius*math.Sin(a)})
	}
	return append(r, r[0])
}

// hard are records with what formats stumble over.
func hard() map[safety.Kind][]spec {
	hole := circle(120.5, 27.5, 0.1, 7)
	hole.Reverse()
	wide := circle(120.5, 27.5, 0.4, 5)
	return map[safety.Kind][]spec{
		safety.Grids: {
			{orb.MultiPolygon{{wide, hole}, {circle(121.5, 27.5, 0.3, 2000)}}, map[string]any{
				"code": "0012", "level": 1, "name": "安阳, \"街道\"", "kind": "base", "leader": "张𠮷", "inspectors": "甲、乙\n丙", "synthetic": true,
			}},
			{orb.MultiPolygon{{circle(120.7, 27.5, 0.05, 6)}}, map[string]any{
				"code": "0012-01", "level": 2, "parent": "0012", "valid_to": at(2014, 12, 31, 999), "synthetic": false,
			}},
			{orb.MultiPolygon{{circle(120.7, 27.5, 0.07, 6)}}, map[string]any{
				"code": "0012-01", "level": 2, "parent": "0012", "valid_from": at(2015, 1, 1, 1), "frame": "gcj02",
			}},
			{orb.MultiPolygon{{wide}}, map[string]any{"code": "V", "level": 1, "scheme": "villages"}},
		},
		safety.Enterprises: {
			{orb.Point{120.70000000000002, 27.5}, map[string]any{
				"id": "007", "name": "=1+1", "credit_code": "91330381MA2ABCDEF0", "grid": "0012-01", "kind": "combined_use", "parent": "e2",
				"industry": "C29", "size": "1e5", "risk": "red", "address": "<b>&amp; 路\t1号", "floor_area_m2": math.Nextafter(0.3, 1),
				"opened_at": at(1900, 1, 1, 0), "ended_at": at(9999, 12, 31, 0), "synthetic": true, "frame": "bd09",
			}},
			{nil, map[string]any{"id": "e2", "name": "NULL", "floor_area_m2": 1e21}},
			{orb.Point{-120.123456789, -0.1}, map[string]any{"id": "e3", "name": strings.Repeat("长", 130), "floor_area_m2": 200.0}},
		},
		safety.Hazards: {
			{nil, map[string]any{"id": "h1", "enterprise": "007", "found_at": at(2014, 12, 3, 120), "round": 3, "previous": "h2", "description": "明火\n\n，\"出口\""}},
			{orb.Point{120.9, 27.5}, map[string]any{
				"id": "h2", "enterprise": "e2", "grid": "0012", "aspect": "exits", "item": "'quoted'", "responsible": "tenant", "severity": "major",
				"source": "joint", "found_at": at(2014, 12, 3, 0), "reported_at": at(2014, 12, 3, 1), "ordered_at": at(2014, 12, 4, 10),
				"due_at": at(2014, 12, 5, 100), "rectified_at": at(2014, 12, 6, 0), "reviewed_at": at(2014, 12, 7, 0), "closed_at": at(2014, 12, 8, 0),
				"outcome": "transferred", "synthetic": true,
			}},
			{nil, map[string]any{"id": "h3", "found_at": at(1899, 1, 1, 1)}},
		},
		safety.Inspections: {
			{nil, map[string]any{"id": "i1", "enterprise": "007", "kind": "patrol", "at": at(2014, 12, 3, 0), "officers": 39, "order": "suspend"}},
			{orb.Point{120.5, 27.9}, map[string]any{"id": "i2", "at": at(2014, 12, 3, 0), "inspector": "李", "result": "好; 是"}},
		},
		safety.Lines: {
			{orb.MultiLineString{{{120, 27}, {120.1, 27.000000000000004}}, {{121, 27}, {121, 28}, {122, 28}}}, map[string]any{
				"id": "l1", "kind": "gas", "name": "中压", "operator": "公司", "protection_m": 1.0 / 3, "synthetic": true,
			}},
			{orb.MultiLineString{{{120, 27}, {120.1, 27.1}}}, map[string]any{"id": "l2"}},
		},
	}
}

// hardStore holds them.
func hardStore(t *testing.T) store.Store {
	t.Helper()
	s := newStore(t)
	for _, k := range safety.Kinds() {
		fill(t, s, k, made(k, hard()[k]))
	}
	return s
}

// layer is the layer of a store's records of k.
func layer(t *testing.T, s store.Store, k safety.Kind) *export.Layer {
	t.Helper()
	loc, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	return &export.Layer{Kind: k, Location: loc, At: asOf, Records: s.Records(t.Context(), safety.Reading{Kind: k, At: asOf})}
}

// exportTo writes the records of k and returns the path.
func exportTo(t *testing.T, s store.Store, k safety.Kind, format string, want ...safety.Warning) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), string(k)+"."+format)
	warnings, err := layer(t, s, k).WriteFile(t.Context(), path, format)
	if err != nil {
		t.Fatalf("export %s: %v", path, err)
	}
	if diff := cmp.Diff(want, warnings, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("warnings of %s (-want +got):\n%s", path, diff)
	}
	return path
}

// importFrom reads a file into a store and wants every record taken.
func importFrom(t *testing.T, s store.Store, k safety.Kind, path string) {
	t.Helper()
	f, err := importers.Open(path, importers.Options{Kind: k})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // only read from
	fill(t, s, k, f.Records())
	for _, w := range f.Warnings() {
		if w.Code != "credit_code" {
			t.Errorf("import %s: %+v", path, w)
		}
	}
}

// stored are the records of k.
func stored(t *testing.T, s store.Store, k safety.Kind) (out []safety.Stored) {
	t.Helper()
	for r, err := range s.Records(t.Context(), safety.Reading{Kind: k, At: asOf}) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

// TestRecordsReadBack exports, imports into an empty store, and wants there what was exported, and the same bytes once more.
func TestRecordsReadBack(t *testing.T) {
	for _, format := range export.RecordFormats() {
		t.Run(format, func(t *testing.T) {
			from, to := hardStore(t), newStore(t)
			for _, k := range safety.Kinds() {
				path := exportTo(t, from, k, format, cuts(format, k)...)
				importFrom(t, to, k, readable(t, path, format))
				opts := []cmp.Option{cmpopts.EquateEmpty()}
				if !readBack[format] { // GDAL's GeoJSON has 15 digits
					opts = append(opts, cmpopts.EquateApprox(1e-9, 0), cmp.Comparer(near[orb.Point]), cmp.Comparer(near[orb.MultiLineString]))
				}
				if format == "shp" || !readBack[format] {
					opts = append(opts, cmp.Comparer(near[orb.MultiPolygon]))
				}
				if format == "shp" {
					opts = append(opts, cmp.Transformer("cut", cutTo))
				}
				if diff := cmp.Diff(stored(t, from, k), stored(t, to, k), opts...); diff != "" {
					t.Errorf("%s (-exported +read back):\n%s", k, diff)
				}
				if readBack[format] && (format != "shp" || k != safety.Enterprises) { // whose long name is not cut again
					sameFiles(t, path, exportTo(t, to, k, format))
				}
			}
		})
	}
}

// cuts are the warnings of an export of hard.
func cuts(format string, k safety.Kind) []safety.Warning {
	if format == "shp" && k == safety.Enterprises {
		return []safety.Warning{{Code: "text_cut", Count: 1, Example: "e3: name: longer than the 254 bytes of a column"}}
	}
	return nil
}

// cutTo cuts the one text that is too long for a Shapefile.
func cutTo(s string) string {
	if r := []rune(s); len(r) > 127 {
		return string(r[:127])
	}
	return s
}

// near tells whether two geometries have the same vertices to 13 decimals, areas whichever way their rings turn.
func near[T orb.Geometry](a, b T) bool { return rounded(a) == rounded(b) }

func rounded(g orb.Geometry) string {
	g = orb.Round(orb.Clone(g), 1e13)
	if mp, ok := g.(orb.MultiPolygon); ok {
		for _, p := range mp {
			for i, r := range p {
				if (r.Orientation() == orb.CW) != (i == 0) {
					r.Reverse()
				}
			}
		}
	}
	return wkt.MarshalString(g)
}

// readable is the file itself or, where no import reads its format, what GDAL makes of it.
func readable(t *testing.T, path, format string) string {
	t.Helper()
	if readBack[format] {
		return path
	}
	out := filepath.Join(t.TempDir(), "gdal.geojson")
	gdal(t, "ogr2ogr", "-f", "GeoJSON", "-lco", "COORDINATE_PRECISION=16", "-lco", "SIGNIFICANT_FIGURES=17", out, path)
	return out
}

// gdal runs a program of GDAL.
func gdal(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// sameFiles wants two exports to be the same bytes, in all their parts.
func sameFiles(t *testing.T, a, b string) {
	t.Helper()
	paths := []string{a}
	if strings.HasSuffix(a, ".shp") {
		paths = nil
		for _, part := range export.ShapefileParts() {
			paths = append(paths, strings.TrimSuffix(a, ".shp")+part)
		}
	}
	for _, p := range paths {
		x, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		y, err := os.ReadFile(strings.TrimSuffix(b, filepath.Ext(b)) + filepath.Ext(p))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(x, y) {
			t.Errorf("%s: the export of what was read back is another", filepath.Base(p))
		}
	}
	if got, err := os.ReadDir(filepath.Dir(a)); err != nil || len(got) != len(paths) {
		t.Errorf("files of %s: got %v (%v), want %d", a, got, err, len(paths))
	}
}
