package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hazgrid/internal/store/postgis/pgtest"
)

// small is a division of a few records of each kind. Its rings turn as in a Shapefile: an area, which is summed along
// them, is the same to the last digit only that way around.
func small(t *testing.T, db string) {
	t.Helper()
	files := map[string]string{
		"grids":       `{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"code":"A","level":1,"name":"安阳","leader":"张"},"geometry":{"type":"Polygon","coordinates":[[[120,27],[121,28],[121,27],[120,27]]]}},{"type":"Feature","properties":{"code":"A-1","level":2,"parent":"A"},"geometry":{"type":"Polygon","coordinates":[[[120.5,27],[121,28],[121,27],[120.5,27]]]}}]}`,
		"enterprises": "id,name,lon,lat,address\ne1,作坊,120.9,27.5,某路\ne2,,,,\n",
		"hazards":     "id,enterprise,found_at,due_at,rectified_at,description\nh1,e1,2014-12-01 08:00,2014-12-10,2014-12-05,明火\nh2,e2,2014-12-02,,,\n",
		"inspections": "id,enterprise,at,order\ni1,e1,2014-12-01,rectify\n",
		"lines":       `{"type":"Feature","id":"l1","properties":{"kind":"gas"},"geometry":{"type":"LineString","coordinates":[[120,27],[121,28]]}}`,
	}
	for _, kind := range kindNames() {
		must(t, "import", "--db", db, kind, write(t, kind, files[kind]))
	}
}

// TestExportReadsBack takes a division from one store to the other by way of files, and wants the same figures there,
// and the same files from there.
func TestExportReadsBack(t *testing.T) {
	for _, format := range []string{"csv", "geojson", "shp", "xlsx"} {
		t.Run(format, func(t *testing.T) {
			dir := t.TempDir()
			from, to := filepath.Join(dir, "city.gpkg"), pgtest.DB(t)
			small(t, from)
			for _, kind := range kindNames() {
				file, again := filepath.Join(dir, kind+"."+format), filepath.Join(dir, kind+"-again."+format)
				must(t, "export", kind, "--db", from, "-o", file)
				must(t, "import", kind, "--db", to, file)
				must(t, "export", kind, "--db", to, "-o", again)
				if a, b := readFile(t, file), readFile(t, again); a != b {
					t.Errorf("%s: got\n%s\nwant\n%s", kind, b, a)
				}
				out := must(t, "import", kind, "--db", to, "--tz", "UTC", file)
				if !strings.Contains(out, " 0 inserted, 0 updated,") {
					t.Errorf("a second import: %s", out)
				}
			}
			for _, level := range []string{"1", "2"} {
				args := []string{"tally", "--at", "2014-12-20", "--level", level, "--format", "csv", "--db"}
				if a, b := must(t, append(args, from)...), must(t, append(args, to)...); a != b {
					t.Errorf("tally of level %s: got\n%s\nwant\n%s", level, b, a)
				}
			}
		})
	}
}

// TestShapefilesLoad wants PostGIS' own loader to take the Shapefiles, and to see what is true, false and neither.
func TestShapefilesLoad(t *testing.T) {
	if _, err := exec.LookPath("shp2pgsql"); err != nil {
		t.Skip("shp2pgsql is not installed")
	}
	dir := t.TempDir()
	from, to := filepath.Join(dir, "city.gpkg"), pgtest.DB(t)
	small(t, from)
	must(t, "import", "enterprises", "--db", from, write(t, "more.csv", "id,name,lon,lat,synthetic\ne3,厂,120.9,27.5,true\ne4,店,120.9,27.5,false\n"))
	for _, kind := range kindNames() {
		file := filepath.Join(dir, kind+".shp")
		must(t, "export", kind, "--db", from, "-o", file)
		sql, err := exec.CommandContext(t.Context(), "shp2pgsql", "-D", "-I", "-s", "4326", "-W", "GB18030", file, "loaded."+kind).Output()
		if err != nil {
			t.Fatal(kind, err)
		}
		psql := exec.CommandContext(t.Context(), "psql", "-qX", "-v", "ON_ERROR_STOP=1", to)
		psql.Stdin = strings.NewReader("create schema if not exists loaded;" + string(sql))
		if out, err := psql.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", kind, err, out)
		}
	}
	ask := "select string_agg(concat_ws(' ', id, name, coalesce(synthetic::text, '?')), ', ' order by id) from loaded.enterprises"
	out, err := exec.CommandContext(t.Context(), "psql", "-qXAt", to, "-c", ask).CombinedOutput()
	if want := "e1 作坊 ?, e2 ?, e3 厂 true, e4 店 false\n"; err != nil || string(out) != want {
		t.Errorf("got %q, %v, want %q", out, err, want)
	}
}

// TestExportFiles wants a file replaced by a whole one, with nothing beside it, and a stream on standard output.
func TestExportFiles(t *testing.T) {
	dir := t.TempDir()
	db := filepath.Join(dir, "city.gpkg")
	small(t, db)
	out := filepath.Join(dir, "out")
	if err := os.Mkdir(out, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"csv", "geojson", "gpkg", "xlsx", "shp"} {
		path := filepath.Join(out, "hazards."+format)
		for range 2 {
			must(t, "export", "hazards", "--db", db, "-o", path)
		}
	}
	names := []string{"hazards.cpg", "hazards.csv", "hazards.dbf", "hazards.geojson", "hazards.gpkg", "hazards.prj", "hazards.shp", "hazards.shx", "hazards.xlsx"}
	if got := list(t, out); !slices.Equal(got, names) {
		t.Errorf("got files %v, want %v", got, names)
	}
	want := "id,enterprise,grid,aspect,item,responsible,severity,source,found_at,reported_at,ordered_at,due_at,rectified_at,reviewed_at,closed_at," +
		"round,outcome,previous,description,synthetic,source_frame,grid_1,grid_2,lon,lat\n" +
		"h1,e1,,,,,,,2014-12-01T00:00:00Z,,,2014-12-10T15:59:59.999Z,2014-12-04T16:00:00Z,,,1,,,明火,,wgs84,A,A-1,,\n" +
		"h2,e2,,,,,,,2014-12-01T16:00:00Z,,,,,,,1,,,,,wgs84,,,,\n"
	if got := must(t, "export", "hazards", "--db", db, "--tz", "UTC", "--format", "csv", "-o", "-"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := must(t, "export", "hazards", "--db", db, "--format", "csv", "-o", "-", "--at-enterprise"); !strings.Contains(got, ",A,A-1,120.9,27.5\n") {
		t.Errorf("--at-enterprise: got\n%s", got)
	}
	if got := must(t, "export", "grids", "--db", db, "--format", "csv", "-o", "-", "--level", "2"); !strings.Contains(got, "A-1,") || strings.Contains(got, "安阳") {
		t.Errorf("--level 2: got\n%s", got)
	}
}

func list(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// TestExportRefusals wants each mistake to be one clear line with its status, and what was there to stay.
func TestExportRefusals(t *testing.T) {
	dir := t.TempDir()
	db := filepath.Join(dir, "city.gpkg")
	small(t, db)
	other := filepath.Join(dir, "other.gpkg")
	small(t, other)
	open := filepath.Join(dir, "open.gpkg")
	must(t, "export", "lines", "--db", db, "-o", open)
	if err := os.WriteFile(open+"-wal", []byte("log"), 0o600); err != nil {
		t.Fatal(err)
	}
	before := list(t, dir)
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{2, "want one of grids", []string{"people", "-o", "a.csv"}},
		{2, "got 0 arguments", []string{"-o", "a.csv"}},
		{2, "want --output FILE", []string{"grids"}},
		{2, `want the ending .geojson, .gpkg, .csv, .xlsx, .shp (or --format), got "dbf"`, []string{"grids", "-o", filepath.Join(dir, "a.dbf")}},
		{2, "want --format geojson, csv, xlsx", []string{"grids", "-o", "-", "--format", "shp"}},
		{2, "a Shapefile ends in .shp", []string{"grids", "-o", filepath.Join(dir, "a.csv"), "--format", "shp"}},
		{2, "only grids have a level", []string{"hazards", "-o", filepath.Join(dir, "a.csv"), "--level", "1"}},
		{2, "only hazards and inspections", []string{"lines", "-o", filepath.Join(dir, "a.csv"), "--at-enterprise"}},
		{1, "there is no such file", []string{"grids", "-o", filepath.Join(dir, "a.csv"), "--db", filepath.Join(dir, "absent.gpkg")}},
		{1, "no grids of level 7", []string{"grids", "-o", filepath.Join(dir, "a.csv"), "--level", "7"}},
		{1, `no grids of scheme "x"`, []string{"hazards", "-o", filepath.Join(dir, "a.csv"), "--scheme", "x"}},
		{1, "it is the store", []string{"grids", "-o", db}},
		{1, "it is a hazgrid store", []string{"grids", "-o", other}},
		{1, "another program has it open", []string{"grids", "-o", open}},
		{1, "not a file", []string{"grids", "--format", "csv", "-o", dir}},
		{1, "no such file or directory", []string{"grids", "-o", filepath.Join(dir, "absent", "a.csv")}},
	} {
		out, errs, code := hazgrid(t, append([]string{"export", "--db", db}, c.args...)...)
		if code != c.code || !strings.Contains(errs, c.want) || strings.Count(errs, "\n") != 1 || out != "" {
			t.Errorf("export %v: got status %d, %q, %q, want %d and %q", c.args, code, out, errs, c.code, c.want)
		}
	}
	if after := list(t, dir); !slices.Equal(before, after) {
		t.Errorf("files: got %v, want %v", after, before)
	}
}

// TestExportInterrupted wants nothing left of an export that was told to stop, and the file before it whole.
func TestExportInterrupted(t *testing.T) {
	dir := t.TempDir()
	db, file := filepath.Join(dir, "city.gpkg"), filepath.Join(dir, "hazards.csv")
	small(t, db)
	must(t, "export", "hazards", "--db", db, "-o", file)
	want := readFile(t, file)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, format := range []string{"csv", "geojson", "gpkg", "xlsx", "shp"} {
		var errs bytes.Buffer
		path := filepath.Join(dir, "hazards."+format)
		err := run(ctx, []string{"export", "hazards", "--db", db, "-o", path}, func(string) string { return "" }, stdio{strings.NewReader(""), io.Discard, &errs})
		if exitCode(err) != 1 {
			t.Errorf("%s: got %v, want status 1", format, err)
		}
	}
	if got := readFile(t, file); got != want {
		t.Errorf("the file before: got %q, want %q", got, want)
	}
	if got := list(t, dir); !slices.Equal(got, []string{"city.gpkg", "hazards.csv"}) {
		t.Errorf("files: got %v", got)
	}
}
