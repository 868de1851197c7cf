package importers

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hazgrid/safety"
)

// ogr2ogr runs GDAL's translator, or skips where there is none.
func ogr2ogr(t testing.TB, args ...string) {
	t.Helper()
	if _, err := exec.LookPath("ogr2ogr"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("SKIPPED, NOT TESTED: ogr2ogr is not there (gdal-bin)")
	}
	if out, err := exec.Command("ogr2ogr", args...).CombinedOutput(); err != nil {
		t.Fatalf("ogr2ogr %v: %v: %s", args, err, out)
	}
}

// geometries are of every type that a Shapefile holds, with what is hard about them.
func geometries() map[string][]string {
	return map[string][]string{
		"POINT":      {`{"type":"Point","coordinates":[120.123456789012345,27.1,5]}`, `{"type":"Point","coordinates":[-0.1,1e-7,6]}`, `null`},
		"MULTIPOINT": {`{"type":"MultiPoint","coordinates":[[120.1,27.1,1]]}`, `{"type":"MultiPoint","coordinates":[[120.1,27.1,2],[120.2,27.2,3],[120.3,27.3,4]]}`},
		"ARC": {
			`{"type":"LineString","coordinates":[[120.1,27.1,1],[120.2,27.2,2]]}`, `null`,
			`{"type":"MultiLineString","coordinates":[[[120.1,27.1,1],[120.2,27.2,2]],[[121.1,27.1,3],[121.2,27.2,4],[121.3,27.2,5]]]}`,
		},
		"POLYGON": {
			`{"type":"Polygon","coordinates":[[[0,0,1],[4,0,2],[4,4,3],[0,4,4],[0,0,1]]]}`,
			`{"type":"Polygon","coordinates":[[[0,0,1],[9,0,2],[9,9,3],[0,9,4],[0,0,1]],[[1,1,1],[1,2,1],[2,2,1],[2,1,1],[1,1,1]],[[3,3,1],[3,4,1],[4,4,1],[4,3,1],[3,3,1]]]}`,
			`{"type":"MultiPolygon","coordinates":[[[[0,0,1],[9,0,2],[9,9,3],[0,9,4],[0,0,1]],[[1,1,1],[1,8,1],[8,8,1],[8,1,1],[1,1,1]]],[[[2,2,1],[7,2,1],[7,7,1],[2,7,1],[2,2,1]],[[3,3,1],[3,4,1],[4,4,1],[4,3,1],[3,3,1]]],[[[20,0,1],[24,0,1],[24,4,1],[20,0,1]]]]}`,
			`null`,
		},
	}
}

// properties of a feature: a column with a name and text in the encoding, numbers, a date.
func properties(i int, name, text string) string {
	return `{"code":"G` + strconv.Itoa(i) + `","` + name + `":"` + text + `","long_column_name":` + strconv.Itoa(1000000007*i) + `,"area":` + strconv.Itoa(i) + `.25,"day":"2014-11-0` + strconv.Itoa(i+1) + `","flag":true,"blank":null}`
}

// A written is an encoding with the name of a column and a text that use it.
type written struct{ encoding, name, text string }

// TestShapefileAgainstGDAL reads Shapefiles of every type and encoding that ogr2ogr makes, and holds every
// value and coordinate against what ogr2ogr says of the same file in GeoJSON.
func TestShapefileAgainstGDAL(t *testing.T) {
	utf8 := written{"UTF-8", "网格名", "瑞安市塘下镇，第①号“网格”—é𠮷"}
	for kind, shapes := range geometries() {
		for _, dimension := range []string{"", "Z", "M"} {
			t.Run(kind+dimension, func(t *testing.T) { againstGDAL(t, shapes, kind+dimension, utf8) })
		}
	}
	for _, w := range []written{
		{"GB18030", "网格名称", "瑞安市塘下镇，第①号“网格”é𠮷"},
		{"CP936", "网格名称", "瑞安市塘下镇，第①号“网格”—é€"},
		{"BIG5", "網格名稱", "瑞安市塘下鎮，第一號「網格」"},
		{"ISO-8859-1", "Größe", "éÄß"},
	} {
		t.Run(w.encoding, func(t *testing.T) { againstGDAL(t, geometries()["POINT"], "POINT", w) })
	}
}

func againstGDAL(t *testing.T, shapes []string, kind string, w written) {
	dir := t.TempDir()
	var features []string
	for i, g := range shapes {
		features = append(features, feature(g, properties(i, w.name, w.text)))
	}
	in := filepath.Join(dir, "in.geojson")
	if err := os.WriteFile(in, []byte(collection(features...)), 0o600); err != nil {
		t.Fatal(err)
	}
	shp := filepath.Join(dir, "made.shp")
	ogr2ogr(t, "-f", "ESRI Shapefile", shp, in, "-lco", "ENCODING="+w.encoding, "-lco", "SHPT="+kind)
	said := sayGDAL(t, shp)
	compareRows(t, said, shp, Options{})
	if strings.Contains("UTF-8 GB18030 CP936", w.encoding) {
		if err := os.Remove(filepath.Join(dir, "made.cpg")); err != nil {
			t.Fatal(err)
		}
		compareRows(t, said, shp, Options{})
	}
	compareRows(t, said, shp, Options{Encoding: w.encoding})
}

// sayGDAL returns what GDAL says a file holds.
func sayGDAL(t *testing.T, path string) []row {
	t.Helper()
	out := filepath.Join(t.TempDir(), "said.geojson")
	ogr2ogr(t, "-f", "GeoJSON", out, path, "-lco", "RFC7946=NO", "-lco", "SIGNIFICANT_FIGURES=17")
	return rowsOf(t, out, Options{Frame: "wgs84"})
}

// rowsOf returns the rows of a file, before they are records.
func rowsOf(t *testing.T, path string, o Options) (out []row) {
	t.Helper()
	o.Kind = safety.Grids
	f, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for r, err := range f.table.rows {
		if err != nil || r.fault != nil {
			t.Fatal(err, r.fault)
		}
		r.names, r.values = slices.Clone(r.names), slices.Clone(r.values)
		out = append(out, r)
	}
	return out
}

// compareRows holds the rows of a file against those that GDAL says it has.
func compareRows(t *testing.T, want []row, path string, o Options) {
	t.Helper()
	got := rowsOf(t, path, o)
	if len(got) != len(want) {
		t.Fatalf("%d rows, want %d", len(got), len(want))
	}
	for i, w := range want {
		if d := cmp.Diff(w.geometry, got[i].geometry); d != "" {
			t.Errorf("row %d: %s", i+1, d)
		}
		if d := cmp.Diff(normal(w.values), normal(got[i].values)); d != "" {
			t.Errorf("row %d: %s", i+1, d)
		}
		if d := cmp.Diff(w.names, got[i].names); d != "" {
			t.Errorf("names: %s", d)
		}
	}
}

// normal writes numbers and dates in one way.
func normal(values []string) (out []string) {
	for _, v := range values {
		if x, err := strconv.ParseFloat(v, 64); err == nil {
			v = strconv.FormatFloat(x, 'g', -1, 64)
		}
		if len(v) == 10 && v[4] == '/' {
			v = strings.ReplaceAll(v, "/", "-")
		}
		out = append(out, v)
	}
	return out
}
