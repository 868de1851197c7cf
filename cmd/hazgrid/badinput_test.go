package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hazgrid/internal/store/postgis/pgtest"
)

const (
	square = `{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1],[0,0]]]}`
	bowtie = `{"type":"Polygon","coordinates":[[[0,0],[1,1],[1,0],[0,1],[0,0]]]}`
)

func feature(props, geometry string) string {
	return `{"type":"Feature","properties":` + props + `,"geometry":` + geometry + `}`
}

func collection(features ...string) string {
	return `{"type":"FeatureCollection","features":[` + strings.Join(features, ",\n") + `]}`
}

// Every kind of bad input: the exit status of the contract, and an error that names what is
// wrong where. What must fail whole leaves the store as it was.
func TestBadInput(t *testing.T) {
	good := feature(`{"code":"A","level":1}`, square)
	for _, c := range []struct {
		name, kind, file, text string
		flags                  []string
		code                   int
		says                   []string // in stderr or the rejects file
		taken                  int      // records written
	}{
		{"truncated JSON", "grids", "g.geojson", collection(good)[:120], nil, 1, []string{"g.geojson"}, 0},
		{"not JSON at all", "grids", "g.geojson", "\x89PNG\r\n\x1a\n\x00\x00", nil, 1, []string{"g.geojson"}, 0},
		{"empty file", "grids", "g.geojson", "", nil, 1, []string{"empty"}, 0},
		{"missing code", "grids", "g.geojson", collection(good, feature(`{"level":1}`, square)), nil, 3, []string{"2,", "code"}, 1},
		{"unknown parent", "grids", "g.geojson", collection(good, feature(`{"code":"B","level":2,"parent":"Z"}`, square)), nil, 3, []string{"2,B,parent", "Z"}, 1},
		{"level 0", "grids", "g.geojson", collection(good, feature(`{"code":"B","level":0}`, square)), nil, 3, []string{"2,B,level"}, 1},
		{"self-crossing", "grids", "g.geojson", collection(good, feature(`{"code":"B","level":1}`, bowtie)), nil, 3, []string{"2,B,geometry", "0.5"}, 1},
		{"self-crossing, repaired", "grids", "g.geojson", collection(feature(`{"code":"B","level":1}`, bowtie)), []string{"--repair"}, 0, nil, 1},
		{"conflicting attributes", "grids", "g.geojson", collection(feature(`{"code":"B","level":1,"name":"x"}`, square), feature(`{"code":"B","level":1,"name":"y"}`, square)), nil, 3, []string{"1,B,name", "2,B,name"}, 0},
		{"longitude 181", "enterprises", "e.csv", "id,lon,lat\na,181,0\nb,1,1\n", nil, 3, []string{"1,a,lon", "181"}, 1},
		{"NaN", "enterprises", "e.csv", "id,lon,lat\na,NaN,0\nb,1,1\n", nil, 3, []string{"1,a,lon"}, 1},
		{"strict", "enterprises", "e.csv", "id,lon,lat\na,181,0\nb,1,1\n", []string{"--strict"}, 1, []string{"1,a,lon"}, 0},
		{"hazard of an unknown enterprise", "hazards", "h.csv", "id,enterprise,found_at\nh1,nobody,2014-01-01\nh2,,2014-01-01\n", nil, 3, []string{"1,h1,enterprise", "nobody"}, 1},
		{"unknown value", "hazards", "h.csv", "id,severity,found_at\nh1,huge,2014-01-01\n", nil, 3, []string{"1,h1,severity", "huge"}, 0},
		{"bad date", "hazards", "h.csv", "id,found_at\nh1,soon\n", nil, 3, []string{"1,h1,found_at", "soon"}, 0},
		{"unsupported frame", "enterprises", "e.csv", "id,lon,lat\na,1,1\n", []string{"--frame", "EPSG:2437"}, 2, []string{"EPSG:2437"}, 0},
		{"unknown frame", "enterprises", "e.csv", "id,lon,lat\na,1,1\n", []string{"--frame", "moon"}, 2, []string{"moon"}, 0},
		{"unknown field in --map", "enterprises", "e.csv", "id,lon,lat\na,1,1\n", []string{"--map", "wings=id"}, 2, []string{"wings"}, 0},
		{"Shapefile without attributes", "grids", "g.shp", "\x00\x00\x27\x0a" + strings.Repeat("\x00", 96), nil, 1, []string{"want g.dbf beside it"}, 0},
		{"cut archive", "grids", "g.zip", "PK\x03\x04" + strings.Repeat("\x00", 96), nil, 1, []string{"a ZIP archive, broken or cut off"}, 0},
		{"absent file", "enterprises", "", "", nil, 1, []string{"absent.csv"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			db, rejects := filepath.Join(dir, "x.gpkg"), filepath.Join(dir, "rejects.csv")
			path := filepath.Join(dir, "absent.csv")
			if c.file != "" {
				path = write(t, c.file, c.text)
			}
			out, errs, code := hazgrid(t, append([]string{"import", c.kind, "--db", db, "--rejects", rejects, path}, c.flags...)...)
			listed, err := os.ReadFile(rejects)
			if err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
			if code != c.code {
				t.Errorf("exit status %d, want %d\n%s%s", code, c.code, out, errs)
			}
			for _, want := range c.says {
				if !strings.Contains(errs+string(listed), want) {
					t.Errorf("nothing says %q:\nstderr: %s\nrejects: %s", want, errs, listed)
				}
			}
			if got := count(t, db, c.kind); got != c.taken {
				t.Errorf("%d records in the store, want %d", got, c.taken)
			}
		})
	}
}

// count returns how many records of a kind the store holds; 0 where there is no store.
func count(t *testing.T, db, kind string) int {
	t.Helper()
	if _, err := os.Stat(db); os.IsNotExist(err) {
		return 0
	}
	a := &app{db: db, division: "0"}
	s, err := a.openStore(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.Load(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return map[string]int{"grids": len(r.Grids), "enterprises": len(r.Enterprises), "hazards": len(r.Hazards)}[kind]
}

func TestBadStores(t *testing.T) {
	file := write(t, "e.csv", "id,lon,lat\na,1,1\n")
	text := write(t, "text.gpkg", strings.Repeat("not a database\n", 100))
	for _, c := range []struct {
		name, db, says string
		code           int
	}{
		{"wrong postgres URL", "postgres://nobody:hush@127.0.0.1:1/none", "127.0.0.1", 1},
		{"unreadable postgres URL", "postgres://%zz", "not the URL of a PostgreSQL database", 1},
		{"misspelt postgres URL", "postgress://nobody:hush@db.example/city", "want the path of a GeoPackage or a postgres:// URL", 2},
		{"not a GeoPackage", text, "text.gpkg", 1},
		{"a folder that is not there", filepath.Join(t.TempDir(), "no", "such", "x.gpkg"), "x.gpkg", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, errs, code := hazgrid(t, "import", "enterprises", "--db", c.db, file)
			if code != c.code || !strings.Contains(errs, c.says) || strings.Contains(errs, "hush") || strings.Count(errs, "\n") != 1 {
				t.Errorf("exit status %d, stderr %q, want %d and one line with %q", code, errs, c.code, c.says)
			}
		})
	}
}

// PostGIS is made when the server has it; a server that refuses it is named.
func TestDatabaseWithoutPostGIS(t *testing.T) {
	bare := pgtest.Bare(t)
	if _, errs, code := hazgrid(t, "tally", "--level", "1", "--db", bare); code != 1 || !strings.Contains(errs, "hazgrid import") {
		t.Errorf("tally: exit status %d, %q", code, errs)
	}
	must(t, "import", "enterprises", "--db", bare, write(t, "e.csv", "id,lon,lat\na,1,1\n"))
}

func TestReadOnlyGeoPackage(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Log("as root a file's mode does not bind; the message is tested by opening a read-only folder's file where possible")
	}
	dir := t.TempDir()
	db := filepath.Join(dir, "x.gpkg")
	file := write(t, "e.csv", "id,lon,lat\na,1,1\n")
	must(t, "import", "enterprises", "--db", db, file)
	if err := os.Chmod(db, 0o444); err != nil {
		t.Fatal(err)
	}
	_, errs, code := hazgrid(t, "import", "enterprises", "--db", db, write(t, "f.csv", "id,lon,lat\nb,1,1\n"))
	if code != 1 || !strings.Contains(errs, "x.gpkg") || !strings.Contains(errs, "read-only") {
		t.Errorf("exit status %d, stderr %q, want 1 and that the file is read-only", code, errs)
	}
}

func TestPortInUse(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	db := filepath.Join(t.TempDir(), "x.gpkg")
	must(t, "import", "enterprises", "--db", db, write(t, "e.csv", "id,lon,lat\na,1,1\n"))
	_, errs, code := hazgrid(t, "serve", "--db", db, "--addr", l.Addr().String())
	if code != 1 || !strings.Contains(errs, "in use") || !strings.Contains(errs, fmt.Sprint(l.Addr())) {
		t.Errorf("exit status %d, stderr %q", code, errs)
	}
}

// What is printed of --db has no password in it, whatever is printed.
func TestPasswordIsNotShown(t *testing.T) {
	a := &app{db: "postgres://u:hush@db.example/city"}
	if got := a.shownDB(); strings.Contains(got, "hush") || !strings.Contains(got, "db.example/city") {
		t.Errorf("shown as %s", got)
	}
	if got := (&app{db: "city.gpkg"}).shownDB(); got != "city.gpkg" {
		t.Errorf("shown as %s", got)
	}
}
