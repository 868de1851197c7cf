package gpkg

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/paulmach/orb"

	"hazgrid/safety"
)

// TestOgrinfoReads asks GDAL what it sees, while the store is open.
func TestOgrinfoReads(t *testing.T) {
	_, path := tempStore(t, small()...)
	for layer, want := range map[string][]string{
		"grids":       {"Geometry: Multi Polygon", "Feature Count: 3", "Extent: (120.000000, 27.000000) - (122.000000, 28.000000)", "网格A1"},
		"enterprises": {"Geometry: Point", "Feature Count: 3", "POINT (120.5 27.5)"},
		"hazards":     {"Geometry: Point", "Feature Count: 4", "found_at (DateTime) = 2014/12/01 00:00:00+00", "POINT (121.5 27.5)"},
		"inspections": {"Geometry: Point", "Feature Count: 1", "order (String) = rectify"},
		"lines":       {"Geometry: Multi Line String", "Feature Count: 1"},
		"grid_tally":  {"Geometry: None", "Feature Count: 7", "density (Real)", "found (Integer64)"},
	} {
		out := command(t, "ogrinfo", "-ro", path, layer)
		if layer != "grid_tally" {
			want = append(want, `ID["EPSG",4326]`, "FID Column = fid", "Geometry Column = geom")
			index := command(t, "ogrinfo", "-ro", "-q", path, "-sql", "SELECT HasSpatialIndex('"+layer+"', 'geom')")
			if !strings.Contains(index, "= 1") {
				t.Errorf("%s has no spatial index:\n%s", layer, index)
			}
		}
		for _, w := range want {
			if !strings.Contains(out, w) {
				t.Errorf("ogrinfo %s does not say %q:\n%s", layer, w, out)
			}
		}
		if strings.Contains(out, "Warning") {
			t.Errorf("ogrinfo %s warns:\n%s", layer, out)
		}
	}
	if out := command(t, "ogrinfo", "-ro", path); strings.Contains(out, "migrations") || strings.Contains(out, "rtree") {
		t.Errorf("ogrinfo lists tables that are no layers:\n%s", out)
	}
	out := command(t, "ogrinfo", "-ro", path, "hazards", "-spat", "120", "27", "121", "28")
	if !strings.Contains(out, "Feature Count: 1") {
		t.Errorf("spatial filter:\n%s", out)
	}
}

// TestValidator runs the validator that comes with GDAL.
func TestValidator(t *testing.T) {
	python := validator(t)
	s, path := tempStore(t)
	for _, when := range []string{"empty", "filled"} {
		if when == "filled" {
			for _, b := range small() {
				apply(t, s, b)
			}
		}
		out, err := exec.CommandContext(t.Context(), python, "-m", "osgeo_utils.samples.validate_gpkg", "-k", "--extra", "--warning-as-error", path).CombinedOutput()
		if err != nil || len(out) > 0 {
			t.Errorf("%s: validate_gpkg: %v\n%s", when, err, out)
		}
	}
}

// validator returns a python that has GDAL's validator.
func validator(t *testing.T) string {
	t.Helper()
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		if exec.CommandContext(t.Context(), python, "-c", "import osgeo.ogr, osgeo_utils.samples.validate_gpkg").Run() == nil {
			return python
		}
	}
	absent(t, "python3-gdal")
	return ""
}

// TestConflictingFile wants nothing of another program's file touched.
func TestConflictingFile(t *testing.T) {
	dir := t.TempDir()
	source := filepath.Join(dir, "in.geojson")
	const text = `{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"name":"a"},"geometry":{"type":"Point","coordinates":[120,27]}}]}`
	if err := os.WriteFile(source, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	other, beside := filepath.Join(dir, "other.gpkg"), filepath.Join(dir, "beside.gpkg")
	command(t, "ogr2ogr", "-f", "GPKG", other, source, "-nln", "hazards")
	command(t, "ogr2ogr", "-f", "GPKG", beside, source, "-nln", "trees")
	before, err := os.ReadFile(other)
	if err != nil {
		t.Fatal(err)
	}
	for _, create := range []bool{false, true} {
		want := safety.ErrInvalid
		if create {
			want = safety.ErrConflict
		}
		wantError(t, want, other, create)
	}
	if after, err := os.ReadFile(other); err != nil || string(after) != string(before) {
		t.Errorf("the other program's file was changed (%v)", err)
	}
	wantError(t, safety.ErrInvalid, beside, false)
	s, err := Open(t.Context(), beside, "0", true)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // a test
	apply(t, s, small()[0])
	if out := command(t, "ogrinfo", "-ro", "-al", "-so", beside); !strings.Contains(out, "Layer name: trees") || !strings.Contains(out, "Layer name: grids") {
		t.Errorf("layers beside each other:\n%s", out)
	}
}

// TestWriteLayer wants a layer that is given away to be a valid GeoPackage with its values and an index that answers.
func TestWriteLayer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hazards.gpkg")
	at := safety.TimeOf(time.Date(2014, 12, 3, 9, 5, 7, 120e6, time.UTC))
	l := Layer{Kind: safety.Hazards, Changed: at, Columns: []Column{
		{"id", safety.Text}, {"order", safety.Integer}, {"area", safety.Real}, {"synthetic", safety.Boolean}, {"found_at", safety.Instant},
	}}
	const many = 5000
	err := WriteLayer(t.Context(), path, l, func(yield func(Feature, error) bool) {
		for i := range many {
			if !yield(Feature{[]any{strconv.Itoa(i), int64(i), 0.5, i%2 == 0, at}, orb.Point{120 + float64(i)/many, 27}}, nil) {
				return
			}
		}
		yield(Feature{Values: make([]any, 5)}, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), validator(t), "-m", "osgeo_utils.samples.validate_gpkg", "-k", "--extra", "--warning-as-error", path).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("validate_gpkg: %v\n%s", err, out)
	}
	text := command(t, "ogrinfo", "-ro", path, "hazards", "-spat", "120.9998", "26", "121", "28")
	for _, want := range []string{
		"Feature Count: 1\n", "Extent: (120.000000, 27.000000) - (120.999800, 27.000000)", "order (Integer64) = 4999", "area (Real) = 0.5",
		"synthetic (Integer(Boolean)) = 0", "found_at (DateTime) = 2014/12/03 09:05:07.120+00",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("ogrinfo does not say %q:\n%s", want, text)
		}
	}
	if IsStore(t.Context(), path) {
		t.Error("a layer is taken for a store")
	}
	if _, store := tempStore(t); !IsStore(t.Context(), store) {
		t.Error("a store is not taken for one")
	}
	if err := WriteLayer(t.Context(), path, l, func(func(Feature, error) bool) {}); err == nil {
		t.Error("a second layer in the same file: want an error")
	}
}
