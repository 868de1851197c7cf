package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"hazgrid/internal/store/postgis/pgtest"
)

// atlas returns the folder with counties.geojson, states.geojson and places.csv that `make atlas` makes.
func atlas(t *testing.T) string {
	t.Helper()
	dir := filepath.Join("..", "..", "testdata", "atlas")
	if _, err := os.Stat(filepath.Join(dir, "places.csv")); err != nil {
		lacking(t, "run `make atlas` first")
	}
	return dir
}

// lacking ends a test for which the machine has not what it takes; a machine that decides must have it.
func lacking(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip("SKIPPED, NOT TESTED: " + why)
}

// US counties and states, 40 and one of them invalid as delivered: repaired, none is lost, and
// the owner of each of 16,677 places is one that PostGIS's ST_Covers returns on
// ST_MakeValid polygons, whenever it returns any.
func TestUSCountiesAgainstPostGIS(t *testing.T) {
	t.Parallel()
	dir := atlas(t)
	db := filepath.Join(t.TempDir(), "us.gpkg")
	for _, c := range []struct {
		file     string
		level    int
		read     int64
		repaired int64
	}{{"states.geojson", 1, 56, 1}, {"counties.geojson", 2, 3231, 40}} {
		report := filepath.Join(t.TempDir(), "report.json")
		must(t, "import", "grids", "--db", db, "--level", fmt.Sprint(c.level), "--repair", "--report", report, filepath.Join(dir, c.file))
		var got struct{ Read, Inserted, Rejected, Repaired, Superseded int64 }
		text, err := os.ReadFile(report)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		listed := 0
		for _, f := range readReport(t, report).Findings.List {
			if f.Kind == "repaired" && len(f.Codes) == 1 && f.Reason != "" && f.AfterM2 != nil && (f.Lon != 0 || f.Lat != 0) {
				listed++
			}
		}
		if int64(listed) != c.repaired {
			t.Errorf("%s: the report lists %d repairs with place and area, want %d", c.file, listed, c.repaired)
		}
		if got.Read != c.read || got.Inserted != c.read || got.Repaired != c.repaired || got.Rejected != 0 {
			t.Errorf("%s: %+v, want %d read and inserted, %d repaired", c.file, got, c.read, c.repaired)
		}
	}
	out := filepath.Join(t.TempDir(), "out.csv")
	must(t, "which", "--db", db, "--file", filepath.Join(dir, "places.csv"), "-o", out)
	mine := owners(t, out)
	theirs := map[int]map[string][]string{1: covers(t, dir, "states.geojson"), 2: covers(t, dir, "counties.geojson")}
	if len(mine) < 16000 {
		t.Errorf("only %d places", len(mine))
	}
	wrong := 0
	for id, levels := range mine {
		for n, code := range levels {
			if want := theirs[n+1][id]; (code == "") != (len(want) == 0) || code != "" && !slices.Contains(want, code) {
				if wrong++; wrong < 10 {
					t.Errorf("place %s level %d: %q, PostGIS says %v", id, n+1, code, want)
				}
			}
		}
	}
	if wrong > 0 {
		t.Errorf("%d answers differ", wrong)
	}
}

// owners reads grid_1 and grid_2 by place from the output of which --file.
func owners(t *testing.T, path string) map[string][2]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at := func(name string) int { return slices.Index(rows[0], name) }
	out := map[string][2]string{}
	for _, r := range rows[1:] {
		out[r[at("id")]] = [2]string{r[at("grid_1")], r[at("grid_2")]}
	}
	return out
}

// covers asks PostGIS for the codes of the repaired polygons that cover each place.
func covers(t *testing.T, dir, file string) map[string][]string {
	t.Helper()
	ctx := t.Context()
	conn, err := pgx.Connect(ctx, pgtest.DB(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	text, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		t.Fatal(err)
	}
	places, err := os.Open(filepath.Join(dir, "places.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = places.Close() }()
	for _, sql := range []string{
		"create table place (id text, name text, lon float8, lat float8)",
		"create table area (code text, g geometry)",
	} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := conn.PgConn().CopyFrom(ctx, places, "copy place from stdin with (format csv, header)"); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(ctx, `insert into area select f->>'id', ST_MakeValid(ST_GeomFromGeoJSON(f->'geometry')) from jsonb_array_elements($1::jsonb->'features') f`, string(text)); err != nil {
		t.Fatal(err)
	}
	rows, err := conn.Query(ctx, `select p.id, a.code from place p join area a on ST_Covers(a.g, ST_SetSRID(ST_MakePoint(p.lon, p.lat), 4326)) order by 1, 2`)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	var id, code string
	if _, err := pgx.ForEachRow(rows, []any{&id, &code}, func() error {
		out[id] = append(out[id], code)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

// 202 real villages: imported under Chinese names, tiled without one missing.
func TestKaohsiungVillages(t *testing.T) {
	file := filepath.Join("..", "..", "..", "shared", "data", "kaohsiung_villages_wgs84.geojson")
	if _, err := os.Stat(file); err != nil {
		t.Skip("the villages are third-party data and not beside this checkout")
	}
	db := filepath.Join(t.TempDir(), "k.gpkg")
	out := must(t, "import", "grids", "--db", db, "--level", "1", "--map", "code=VILLAGEID", "--map", "name=VILLAGENAM", file)
	if !strings.Contains(out, "202") {
		t.Errorf("import says %q, want 202 villages", out)
	}
	base := servingOn(t, db)
	var d tallies
	getJSON(t, base+"/api/v1/tallies?level=1", &d)
	if len(d.Rows) != 204 {
		t.Errorf("%d rows, want 202 villages, outside and unlocated", len(d.Rows))
	}
	seen := map[string]bool{}
	for _, tile := range []string{"9/426/222", "9/427/222", "9/426/223", "9/427/223"} {
		for _, name := range tileCodes(t, base+"/tiles/grids-1/"+tile+".mvt", "grids-1") {
			seen[name] = true
		}
	}
	if len(seen) != 202 {
		t.Errorf("the tiles of zoom 9 hold %d villages, want 202", len(seen))
	}
}
