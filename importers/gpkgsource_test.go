package importers

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/paulmach/orb"

	"hazgrid/geo"
	"hazgrid/internal/limits"
	"hazgrid/safety"
)

// gpkgTables are what a reader needs of a GeoPackage, in pages of 512 bytes.
const gpkgTables = `PRAGMA page_size = 512; PRAGMA application_id = 0x47504B47;
	CREATE TABLE gpkg_contents (table_name TEXT PRIMARY KEY, data_type TEXT);
	CREATE TABLE gpkg_geometry_columns (table_name TEXT, column_name TEXT, srs_id INTEGER);
	CREATE TABLE gpkg_spatial_ref_sys (srs_id INTEGER PRIMARY KEY, organization TEXT, organization_coordsys_id INTEGER, definition TEXT);
	INSERT INTO gpkg_spatial_ref_sys VALUES (4326, 'EPSG', 4326, 'GEOGCS[…]'), (7, 'NONE', 7, 'undefined'), (2383, 'EPSG', 2383, ''), (-1, 'NONE', -1, 'undefined');
	CREATE TABLE 网格 (fid INTEGER PRIMARY KEY, code TEXT, name, level REAL, form BLOB, photo BLOB, valid_from DATE);
	INSERT INTO gpkg_contents VALUES ('网格', 'features');
	INSERT INTO gpkg_geometry_columns VALUES ('网格', 'FORM', 4326);
	CREATE TABLE book (id TEXT, 经度 REAL, 纬度 TEXT, opened_at DATETIME);
	INSERT INTO book VALUES ('甲', 120.5, '27.5', '2014-11-03T02:00:00.000Z'), ('乙', NULL, NULL, NULL);
	INSERT INTO gpkg_contents VALUES ('book', 'attributes');`

// makeGPKG makes a GeoPackage with three grids, and does to it what more says.
func makeGPKG(t testing.TB, more ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "made ?%41.gpkg")
	db := openDB(t, path)
	blob, err := geo.EncodeGPKG(orb.Polygon{squareRing})
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range append([]string{
		gpkgTables,
		fmt.Sprintf("INSERT INTO 网格 VALUES (1, 'g1', '塘下', 1.0, x'%x', x'00', '2014-01-01'), (5, 'g5', 33038100112345678, 2, x'%[1]x', NULL, NULL), (6, 'g6', x'ff', 1, x'4750', NULL, NULL)", blob),
	}, more...) {
		if _, err := db.ExecContext(t.Context(), q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func openDB(t testing.TB, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+strings.NewReplacer("%", "%25", "?", "%3f").Replace(path))
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func TestGeoPackage(t *testing.T) {
	path := makeGPKG(t)
	got := readPath(t, path, Options{Kind: safety.Grids})
	if got.err != nil || len(got.records) != 2 || len(got.rejects) != 1 || got.file.Format != "GeoPackage" {
		t.Fatalf("%+v", got)
	}
	for i, want := range []struct{ code, name string }{{"g1", "塘下"}, {"g5", "33038100112345678"}} {
		r := got.records[i]
		if value(t, safety.Grids, r, "code") != want.code || value(t, safety.Grids, r, "name") != want.name || !orb.Equal(r.Geometry, orb.MultiPolygon{{squareRing}}) {
			t.Errorf("%v, want %v", r, want)
		}
	}
	if bad := got.rejects[0]; bad.Number != 3 || bad.Key != "g6" || !strings.Contains(bad.Reason, "truncated") {
		t.Errorf("reject %v", bad)
	}
	if w := got.file.Warnings(); len(w) != 1 || w[0].Code != "binary_column" || w[0].Count != 2 {
		t.Errorf("warnings %v, want a column of bytes and a value of bytes", w)
	}
	var texts []string
	for text, err := range got.file.Originals(slices.Values([]int64{2, 3})) {
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, text)
	}
	if len(texts) != 2 || !strings.Contains(texts[0], `"code":"g5"`) || !strings.Contains(texts[1], `"geometry":null`) {
		t.Errorf("originals %q", texts)
	}
}

func TestGeoPackageAttributes(t *testing.T) {
	got := readPath(t, makeGPKG(t), Options{Kind: safety.Enterprises, Layer: "book"})
	if got.err != nil || len(got.records) != 2 || got.records[0].Geometry != (orb.Point{120.5, 27.5}) || got.records[1].Geometry != nil {
		t.Fatalf("%+v %v", got, got.rejects)
	}
	if opened := value(t, safety.Enterprises, got.records[0], "opened_at"); opened != at(t, "2014-11-03T10:00:00+08:00") {
		t.Errorf("opened_at %v", opened)
	}
	alone := readPath(t, makeGPKG(t, "DELETE FROM gpkg_contents WHERE data_type = 'features'"), Options{Kind: safety.Enterprises})
	sameRecords(t, alone, got)
}

// TestGeoPackageFaults holds what of a file is refused as a whole.
func TestGeoPackageFaults(t *testing.T) {
	for name, c := range map[string]struct{ more, layer, want string }{
		"several":      {"INSERT INTO gpkg_contents VALUES ('b', 'features')", "", "there are 2 layers, say --layer (one of b, 网格)"},
		"unknown":      {"", "x", `there is no layer "x" (there are: 网格, book)`},
		"no contents":  {"DROP TABLE gpkg_contents", "", "not a GeoPackage (it has no table gpkg_contents)"},
		"empty":        {"DELETE FROM gpkg_contents", "", "there are 0 layers"},
		"no table":     {"DROP TABLE 网格", "", `lists a layer "网格" and does not have it`},
		"no system":    {"UPDATE gpkg_geometry_columns SET srs_id = 99", "", "srs_id 99, which the file does not describe"},
		"other system": {"UPDATE gpkg_geometry_columns SET srs_id = 2383", "", "EPSG:2383"},
		"a store":      {"CREATE TABLE hazgrid_migrations (x)", "", "a store of hazgrid itself"},
		"no columns":   {"ALTER TABLE 网格 RENAME code TO a; ALTER TABLE 网格 RENAME name TO b; ALTER TABLE 网格 RENAME level TO c; ALTER TABLE 网格 RENAME valid_from TO d", "", "no column of the GeoPackage is a field of grids (there are: fid, a, b, c, d)"},
	} {
		t.Run(name, func(t *testing.T) {
			got := readPath(t, makeGPKG(t, c.more), Options{Kind: safety.Grids, Layer: c.layer})
			if got.err == nil || !strings.Contains(got.err.Error(), c.want) || strings.Contains(got.err.Error(), "\n") {
				t.Errorf("error %v, want %q", got.err, c.want)
			}
		})
	}
}

// TestGeoPackageOtherSystem holds that a geometry in another system than its layer's is not believed.
func TestGeoPackageOtherSystem(t *testing.T) {
	got := readPath(t, makeGPKG(t, "UPDATE gpkg_geometry_columns SET srs_id = 7"), Options{Kind: safety.Grids})
	if got.err != nil || len(got.rejects) != 3 || !strings.Contains(got.rejects[0].Reason, "srs_id 4326, the layer in 7") {
		t.Errorf("%v %v", got.err, got.rejects)
	}
}

// TestGeoPackageLog reads a file in WAL mode: with the log of a program that has it open, whose rows are nowhere else, and
// closed, when reading must leave nothing beside it.
func TestGeoPackageLog(t *testing.T) {
	path := makeGPKG(t, "PRAGMA journal_mode = WAL")
	got := readPath(t, path, Options{Kind: safety.Enterprises, Layer: "book"})
	if got.err != nil || len(got.records) != 2 {
		t.Fatalf("%v %v", got.err, got.rejects)
	}
	if beside, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*")); len(beside) != 1 {
		t.Errorf("reading left %q", beside)
	}
	writer := openDB(t, path)
	defer func() { _ = writer.Close() }()
	if _, err := writer.ExecContext(t.Context(), "INSERT INTO book VALUES ('丙', 1, 2, NULL)"); err != nil {
		t.Fatal(err)
	}
	if got := readPath(t, path, Options{Kind: safety.Enterprises, Layer: "book"}); got.err != nil || len(got.records) != 3 {
		t.Errorf("%d records of a file with a log, want 3: %v", len(got.records), got.err)
	}
}

// TestGeoPackageChanged holds that a file read without locks is not believed when it changes meanwhile.
func TestGeoPackageChanged(t *testing.T) {
	path := makeGPKG(t, "PRAGMA journal_mode = WAL")
	f, err := Open(path, Options{Kind: safety.Enterprises, Layer: "book"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	writer := openDB(t, path)
	if _, err := writer.ExecContext(t.Context(), "INSERT INTO book VALUES ('丙', 1, 2, NULL)"); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	var last error
	for _, err := range f.Records() {
		last = err
	}
	if last == nil || !strings.Contains(last.Error(), "changed while it was read") {
		t.Errorf("error %v", last)
	}
}

// TestGeoPackageCut cuts a GeoPackage at many places and damages it at others: an error or fewer records, never a panic.
func TestGeoPackageCut(t *testing.T) {
	whole, err := os.ReadFile(makeGPKG(t))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "cut.gpkg")
	read := func(b []byte) result {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		got := readPath(t, path, Options{Kind: safety.Grids})
		if got.file != nil {
			_ = got.file.Close()
		}
		return got
	}
	for n := 0; n < len(whole); n += 37 {
		if got := read(whole[:n]); got.err == nil || strings.Contains(got.err.Error(), "\n") {
			t.Errorf("cut at byte %d: error %v", n, got.err)
		}
	}
	for n := 0; n < len(whole); n += 61 {
		b := slices.Clone(whole)
		b[n] ^= 0xa5
		if got := read(b); got.err != nil && strings.Contains(got.err.Error(), "\n") {
			t.Errorf("byte %d changed: error %v", n, got.err)
		}
	}
}

func FuzzGeoPackage(f *testing.F) {
	b, err := os.ReadFile(makeGPKG(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "in.gpkg")
		if err := os.WriteFile(path, append([]byte(sqliteMagic), b[min(len(b), len(sqliteMagic)):]...), 0o600); err != nil {
			t.Fatal(err)
		}
		limits.Hold(t, func() {
			got := readPath(t, path, Options{Kind: safety.Grids, MaxBytes: 1 << 16, Repair: true})
			for _, r := range got.records {
				checkRecord(t, safety.Grids, r)
			}
			if got.err != nil && strings.Contains(got.err.Error(), "\n") {
				t.Errorf("an error of several lines: %q", got.err)
			}
		})
	})
}
