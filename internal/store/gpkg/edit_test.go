package gpkg

import (
	"context"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paulmach/orb"

	"hazgrid/safety"
)

// gdalSQL lets GDAL run SQL on the file with its SQLite driver's own statements, as QGIS does.
func gdalSQL(t *testing.T, path, statement string) {
	t.Helper()
	out := command(t, "ogrinfo", "-q", path, "-sql", statement)
	if strings.Contains(out, "ERROR") || strings.Contains(out, "FAILURE") {
		t.Fatalf("%s: %s", statement, out)
	}
}

// watched starts a watch and returns the versions it yields.
func watched(t *testing.T, s *Store) <-chan int64 {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	versions, done := make(chan int64, 100), make(chan struct{})
	watch := s.Watch(ctx)
	go func() {
		defer close(done)
		for v, err := range watch {
			if err != nil {
				t.Errorf("watch: %v", err)
				return
			}
			versions <- v
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
	return versions
}

// within waits for a version above last and says when it does not come within a second.
func within(t *testing.T, versions <-chan int64, last int64) int64 {
	t.Helper()
	start := time.Now()
	for {
		select {
		case v := <-versions:
			if v > last {
				t.Logf("version %d after %v", v, time.Since(start).Round(time.Millisecond))
				return v
			}
		case <-time.After(time.Second):
			t.Fatal("no version within a second")
		}
	}
}

func hazard(r safety.Records, id string) *safety.Hazard {
	for i := range r.Hazards {
		if r.Hazards[i].ID == id {
			return &r.Hazards[i]
		}
	}
	return nil
}

// grid returns the code of the grid of a place at a level, "" when it is in none.
func grid(r safety.Records, p safety.PlaceID, level int) string {
	for _, s := range r.Sites {
		if s.Place == p && s.Level == level {
			return s.Code
		}
	}
	return ""
}

// TestGDALEdits lets GDAL change values, move, insert and delete while the store is open.
func TestGDALEdits(t *testing.T) {
	s, path := tempStore(t, small()...)
	versions := watched(t, s)
	last, _ := s.Version(t.Context())

	gdalSQL(t, path, "UPDATE hazards SET rectified_at = '2014-12-18T08:00:00Z', severity = 'general' WHERE id = 'h1'")
	v := within(t, versions, last)
	r := load(t, s, last)
	if h := hazard(r, "h1"); r.Whole || len(r.Hazards) != 1 || h.RectifiedAt != at("2014-12-18")+8*3600_000 || h.Severity != "general" || h.Place <= 0 {
		t.Errorf("delta after an attribute edit: %+v", r)
	}

	last = v
	gdalSQL(t, path, "UPDATE enterprises SET geom = AsGPB(MakePoint(121.25, 27.25, 4326)) WHERE id = 'e1'")
	v = within(t, versions, last)
	r = load(t, s, 0)
	h := hazard(r, "h1")
	if h.At != (orb.Point{121.25, 27.25}) || grid(r, h.Place, 2) != "A2" || r.Enterprises[0].At != h.At || grid(r, r.Inspections[0].Place, 2) != "A2" {
		t.Errorf("after its enterprise was moved: %+v in %s", h, grid(r, h.Place, 2))
	}
	if got := query(t, s, "SELECT lon || ' ' || lat FROM enterprises WHERE id = 'e1'"); got != "121.25 27.25" {
		t.Errorf("lon, lat of a moved enterprise: %s", got)
	}

	last = v
	gdalSQL(t, path, "UPDATE hazards SET lon = 120.25, lat = 27.75 WHERE id = 'h1'")
	v = within(t, versions, last)
	r = load(t, s, 0)
	if h := hazard(r, "h1"); h.At != (orb.Point{120.25, 27.75}) || grid(r, h.Place, 2) != "A1" {
		t.Errorf("after lon, lat were edited: %+v", h)
	}

	last = v
	gdalSQL(t, path, "INSERT INTO hazards (geom, division, id, found_at) VALUES (AsGPB(MakePoint(121.75, 27.5, 4326)), '0', 'q1', '2014-12-19')")
	v = within(t, versions, last)
	r = load(t, s, last)
	if h := hazard(load(t, s, 0), "q1"); h == nil || hazard(r, "q1") == nil || h.FoundAt != at("2014-12-19") || grid(load(t, s, 0), h.Place, 2) != "A2" {
		t.Errorf("an inserted hazard: %+v", h)
	}

	last = v
	gdalSQL(t, path, "DELETE FROM hazards WHERE id = 'q1'")
	within(t, versions, last)
	if h := hazard(load(t, s, last), "q1"); h == nil || !h.Deleted {
		t.Errorf("a deleted hazard is no tombstone: %+v", h)
	}
	if h := hazard(load(t, s, 0), "q1"); h != nil {
		t.Errorf("a deleted hazard is there: %+v", h)
	}
	checkIndexes(t, s)
}

// TestGDALEditsGrids moves a boundary: all is placed anew, and everything is loaded.
func TestGDALEditsGrids(t *testing.T) {
	s, path := tempStore(t, small()...)
	versions := watched(t, s)
	before := load(t, s, 0)
	const west = "AsGPB(ST_GeomFromText('MULTIPOLYGON(((120 27, 120.25 27, 120.25 28, 120 28, 120 27)))', 4326))"
	const east = "AsGPB(ST_GeomFromText('POLYGON((120.25 27, 122 27, 122 28, 120.25 28, 120.25 27))', 4326))"
	gdalSQL(t, path, "UPDATE grids SET geom = "+west+" WHERE code = 'A1'")
	gdalSQL(t, path, "UPDATE grids SET geom = "+east+" WHERE code = 'A2'")
	for v := before.Version; v < before.Version+2; {
		v = within(t, versions, v)
		if query(t, s, "SELECT count(*) FROM change_log WHERE version IS NULL") == "0" && query(t, s, "SELECT area_km2 < 3000 FROM grids WHERE code = 'A1'") == "1" &&
			query(t, s, "SELECT area_km2 > 15000 FROM grids WHERE code = 'A2'") == "1" {
			break
		}
	}
	r := load(t, s, before.Version)
	if h := hazard(r, "h1"); !r.Whole || grid(r, h.Place, 2) != "A2" {
		t.Errorf("whole %v, h1 in %q", r.Whole, grid(r, hazard(r, "h1").Place, 2))
	}
	for i, g := range r.Grids {
		if g.ID != before.Grids[i].ID || g.AreaKm2 == before.Grids[i].AreaKm2 && g.Code != "A" {
			t.Errorf("grid %s: id %d was %d, area %v", g.Code, g.ID, before.Grids[i].ID, g.AreaKm2)
		}
	}
	gdalSQL(t, path, "INSERT INTO grids (geom, code, level, parent) VALUES ("+east+", 'A3', 2, 'A')")
	within(t, versions, r.Version)
	r = load(t, s, 0)
	if g := r.Grids[3]; g.Code != "A3" || g.ID != safety.GridID("0", "safety", "A3") || g.AreaKm2 < 15e3 || g.ValidFrom.IsSet() {
		t.Errorf("an inserted grid: %+v", g)
	}
	checkIndexes(t, s)
}

// TestInvalidEdits wants each kept out of Load with a reason, and taken in once it is mended.
func TestInvalidEdits(t *testing.T) {
	s, path := tempStore(t, small()...)
	before := load(t, s, 0)
	for _, c := range []struct{ edit, reason string }{
		{"INSERT INTO hazards (geom) VALUES (AsGPB(MakePoint(121, 27, 4326)))", "id: missing"},
		{"INSERT INTO grids (geom, division) VALUES (NULL, '0')", "code: missing"},
		{"INSERT INTO grids (geom, code, level) VALUES (AsGPB(ST_GeomFromText('POLYGON((120 27, 121 28, 121 27, 120 28, 120 27))', 4326)), 'bow', 1)", "geometry: "},
		{"UPDATE hazards SET severity = 'awful' WHERE id = 'h2'", "severity: awful is not one of"},
		{"UPDATE hazards SET enterprise = 'nobody' WHERE id = 'h3'", "unknown enterprise nobody"},
		{"UPDATE grids SET level = 0 WHERE code = 'A2'", "level: want 1 to 99"},
		{"UPDATE grids SET geom = NULL WHERE code = 'A1'", "geometry: missing"},
		{"INSERT INTO enterprises (geom, id) VALUES (AsGPB(MakePoint(200, 27, 4326)), 'far')", "not on the earth"},
		{"UPDATE enterprises SET geom = x'0102' WHERE id = 'e2'", "e2: geometry: "},
		{"UPDATE inspections SET at = 'soon'", "at: soon is not a value"},
	} {
		gdalSQL(t, path, c.edit)
		load(t, s, 0)
		if got := query(t, s, "SELECT reason FROM change_log ORDER BY seq DESC LIMIT 1"); !strings.Contains(got, c.reason) {
			t.Errorf("%s\nlogged %q, want %q", c.edit, got, c.reason)
		}
	}
	r := load(t, s, 0)
	if len(r.Hazards) != 2 || len(r.Grids) != 1 || len(r.Enterprises) != 2 || len(r.Inspections) != 0 {
		t.Errorf("%d hazards, %d grids, %d enterprises, %d inspections were loaded", len(r.Hazards), len(r.Grids), len(r.Enterprises), len(r.Inspections))
	}
	for _, b := range small()[1:2] { // places everything that a broken row could disturb
		b = batch(safety.Enterprises, record(safety.Enterprises, 0, row{"id": "e9"}, orb.Point{120.1, 27.1}))
		apply(t, s, b)
	}
	gdalSQL(t, path, "UPDATE enterprises SET geom = AsGPB(MakePoint(121.5, 27.5, 4326)) WHERE id = 'e2'")
	gdalSQL(t, path, "UPDATE hazards SET severity = 'major' WHERE id = 'h2'")
	gdalSQL(t, path, "UPDATE grids SET level = 2 WHERE code = 'A2'")
	gdalSQL(t, path, "INSERT INTO enterprises (id) VALUES ('nobody')")
	r = load(t, s, before.Version)
	if hazard(r, "h2") == nil || hazard(r, "h3") == nil || hazard(r, "h3").Place != safety.NoPlace || len(r.Grids) != 2 {
		t.Errorf("after mending: %d hazards, %d grids", len(r.Hazards), len(r.Grids))
	}
	if n := query(t, s, "SELECT count(*) FROM change_log WHERE version IS NULL"); n != "0" {
		t.Errorf("%s edits are not settled", n)
	}
	if got := query(t, s, "SELECT count(*) FROM hazards"); got != "5" {
		t.Errorf("the layer has %s hazards, want all 5", got)
	}
	checkIndexes(t, s)
}

// TestKeysEditedByOthers renames a key, takes one that is there, and uses another division.
func TestKeysEditedByOthers(t *testing.T) {
	s, path := tempStore(t, small()...)
	last := load(t, s, 0).Version
	gdalSQL(t, path, "UPDATE hazards SET id = 'h9' WHERE id = 'h2'")
	r := load(t, s, last)
	if h2, h9 := hazard(r, "h2"), hazard(r, "h9"); len(r.Hazards) != 2 || !h2.Deleted || h9.Deleted || h9.Place <= 0 {
		t.Errorf("after renaming: %+v", r.Hazards)
	}
	gdalSQL(t, path, "INSERT INTO hazards (id, found_at) VALUES ('h1', '2014-01-01')")
	r = load(t, s, 0)
	if h := hazard(r, "h1"); len(r.Hazards) != 4 || h.FoundAt != at("2014-12-01") {
		t.Errorf("after a key was used twice: %+v", r.Hazards)
	}
	other, err := Open(t.Context(), path, "330381", false)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close() //nolint:errcheck // a test
	gdalSQL(t, path, "INSERT INTO hazards (division, id, found_at) VALUES ('330381', 'x', '2014-01-01')")
	if r := load(t, other, 0); len(r.Hazards) != 1 || r.Hazards[0].ID != "x" || r.Version != 1 {
		t.Errorf("the other division: %+v", r)
	}
	if r := load(t, s, 0); hazard(r, "x") != nil {
		t.Error("a hazard of another division was loaded")
	}
}

// TestOgr2ogrAppends adds features as a GIS does, by column names, without any of ours.
func TestOgr2ogrAppends(t *testing.T) {
	s, path := tempStore(t, small()...)
	versions := watched(t, s)
	last, _ := s.Version(t.Context())
	const source = `{"type":"FeatureCollection","features":[
		{"type":"Feature","properties":{"id":"o1","kind":"enterprise"},"geometry":{"type":"Point","coordinates":[120.75,27.5]}},
		{"type":"Feature","properties":{"kind":"without id"},"geometry":{"type":"Point","coordinates":[120.75,27.5]}}]}`
	cmd := exec.CommandContext(t.Context(), need(t, "ogr2ogr"), "-append", "-f", "GPKG", path, "/vsistdin/", "-nln", "enterprises")
	cmd.Stdin = strings.NewReader(source)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("ogr2ogr: %v\n%s", err, out)
	}
	within(t, versions, last)
	r := load(t, s, 0)
	if len(r.Enterprises) != 4 || r.Enterprises[3].ID != "o1" || grid(r, r.Enterprises[3].Place, 2) != "A1" {
		t.Errorf("after ogr2ogr: %+v", r.Enterprises)
	}
	if got := query(t, s, "SELECT feature_count FROM gpkg_ogr_contents WHERE table_name = 'enterprises'"); got != "5" {
		t.Errorf("feature_count is %s, want 5", got)
	}
	checkIndexes(t, s)
}

// TestEditsFromElsewhere takes in rows that carry another file's version and place, a level that is
// no level, and a duplicate without a division that is marked as deleted; none stops the service.
func TestEditsFromElsewhere(t *testing.T) {
	s, path := tempStore(t, small()...)
	before := load(t, s, 0)
	gdalSQL(t, path, "INSERT INTO hazards (division, id, enterprise, severity, found_at, version, place) VALUES ('0', 'copied', 'e1', 'nonsense', '2014-06-01T00:00:00.000Z', 500, 77)")
	gdalSQL(t, path, "INSERT INTO hazards (division, id, enterprise, severity, found_at, version, place) VALUES ('0', 'pasted', 'e1', 'major', '2014-06-01T00:00:00.000Z', 500, 77)")
	gdalSQL(t, path, "UPDATE grids SET level = 330381001002000 WHERE code = 'A2'")
	gdalSQL(t, path, "INSERT INTO hazards (id, found_at, deleted_at) VALUES ('h1', '2014-06-01T00:00:00.000Z', '2014-07-01T00:00:00.000Z')")
	r := load(t, s, 0)
	if r.Version <= before.Version || hazard(r, "copied") != nil {
		t.Errorf("version %d after %d, the copied hazard is %+v", r.Version, before.Version, hazard(r, "copied"))
	}
	pasted, e1 := hazard(r, "pasted"), slices.IndexFunc(r.Enterprises, func(e safety.Enterprise) bool { return e.ID == "e1" })
	if pasted == nil || e1 < 0 || pasted.Place != r.Enterprises[e1].Place {
		t.Errorf("the pasted hazard is %+v, want it in the place of e1", pasted)
	}
	if hazard(r, "h1") == nil {
		t.Error("h1 is gone")
	}
}
