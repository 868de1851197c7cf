package main

import (
	"database/sql"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/paulmach/orb"
	"github.com/pressly/goose/v3"

	"hazgrid/geo"
	"hazgrid/geo/crs"
	"hazgrid/safety"
)

// squares is a town of square grids of 0.005 degrees, 500 m, as GeoJSON.
func squares(t *testing.T, n int) (path string, grid func(orb.Point) string) {
	t.Helper()
	const step = 0.005
	var features []string
	for i := range n {
		for j := range n {
			x, y := 120.6+float64(i)*step, 27.7+float64(j)*step
			ring := fmt.Sprintf(`{"type":"Polygon","coordinates":[[[%[1]v,%[2]v],[%[3]v,%[2]v],[%[3]v,%[4]v],[%[1]v,%[4]v],[%[1]v,%[2]v]]]}`, x, y, 120.6+float64(i+1)*step, 27.7+float64(j+1)*step)
			features = append(features, fmt.Sprintf(`{"type":"Feature","geometry":%s,"properties":{"code":"R%dC%d","name":"第%d格","level":1}}`, ring, i, j, i*n+j))
		}
	}
	text := `{"type":"FeatureCollection","features":[` + strings.Join(features, ",") + `]}`
	return write(t, "squares.geojson", text), func(p orb.Point) string {
		return fmt.Sprintf("R%.0fC%.0f", math.Floor((p[0]-120.6)/step), math.Floor((p[1]-27.7)/step))
	}
}

// townPoints are places in a town of squares.
func townPoints(n int) []orb.Point {
	rnd := rand.New(rand.NewPCG(3, 3))
	out := make([]orb.Point, n)
	for i := range out {
		out[i] = orb.Point{120.605 + rnd.Float64()*0.04, 27.705 + rnd.Float64()*0.04}
	}
	return out
}

// townLedger is a ledger of enterprises at them, e0 and so on, as a frame has them.
func townLedger(t *testing.T, n int, grid func(orb.Point) string, to func(orb.Point) (orb.Point, error)) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("id,lon,lat,grid\n")
	for i, p := range townPoints(n) {
		q, err := to(p)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "e%d,%.8f,%.8f,%s\n", i, q[0], q[1], grid(p))
	}
	return write(t, "ledger.csv", b.String())
}

// inPlace holds the enterprises of a store against the places of a town, to so many metres.
func inPlace(t *testing.T, db string, n int, metres float64) {
	t.Helper()
	snapshot, err := (&app{db: db, division: "0"}).snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	hits := snapshot.EnterprisesIn(safety.Query{}, safety.BoxRegion(orb.Bound{Min: orb.Point{-180, -90}, Max: orb.Point{180, 90}}))
	if len(hits) != n {
		t.Errorf("%d enterprises, want %d", len(hits), n)
	}
	points := townPoints(n)
	for _, h := range hits {
		var i int
		if _, err := fmt.Sscanf(h.Of.ID, "e%d", &i); err != nil || geo.Distance(h.Of.At, points[i]) > metres {
			t.Errorf("%s is at %v, want %v: %v", h.Of.ID, h.Of.At, points[i], err)
		}
	}
}

// imported runs an import and returns its report.
func imported(t *testing.T, want int, args ...string) (r importReport, errs string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "r.json")
	_, errs, code := hazgrid(t, append([]string{"import", "enterprises", "--report", path}, args...)...)
	if code != want {
		t.Fatalf("%q: exit status %d, want %d: %s", args, code, want, errs)
	}
	b, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(b, &r)
	}
	if err != nil && want != exitUsage {
		t.Fatal(err)
	}
	return r, errs
}

// TestImportAutoFrame: the frame is found by the grids of the store, a second file too; without grids, or
// without a winner, the user is asked and nothing is made or written.
func TestImportAutoFrame(t *testing.T) {
	file, grid := squares(t, 10)
	db := filepath.Join(t.TempDir(), "x.gpkg")
	gcj := townLedger(t, 500, grid, crs.GCJ02.FromWGS84)
	if r, errs := imported(t, exitUsage, "--db", db, "--frame", "auto", gcj); !strings.Contains(errs, "no grids in the store") || r.Error == "" {
		t.Errorf("%s", errs)
	}
	if _, err := os.Stat(db); err == nil {
		t.Error("a store was made")
	}
	must(t, "import", "grids", "--db", db, file)
	r, errs := imported(t, 0, "--db", db, "--frame", "auto", gcj)
	if r.Frame != "gcj02" || r.Inserted != 500 || r.Outside != 0 || len(r.Frames) < 3 || r.Frames[0].Frame != "gcj02" || r.Frames[0].Agree != 1 ||
		r.Frames[1].Agree > 0.3 || !strings.HasPrefix(r.FrameWhy, "--frame auto: gcj02") || !strings.Contains(errs, "frame gcj02: 100.0 % of 500 inside, 100.0 % of 500 agree") {
		t.Errorf("%+v\n%s", r, errs)
	}
	inPlace(t, db, 500, 0.01)
	silent := strings.ReplaceAll(readFile(t, gcj), ",R", ",")
	r, errs = imported(t, exitUsage, "--db", db, "--frame", "auto", write(t, "silent.csv", silent))
	if len(r.Frames) < 3 || r.Read != 0 || !strings.Contains(errs, "say which with --frame") {
		t.Errorf("%+v\n%s", r, errs)
	}
	gauss := townLedger(t, 500, grid, func(p orb.Point) (orb.Point, error) {
		q, err := crs.Frame("EPSG:4528").FromWGS84(p)
		return orb.Point{q[1], q[0]}, err
	})
	out, errs, code := hazgrid(t, "import", "enterprises", "--db", db, "--frame", "auto", "--dry-run", gcj, gauss)
	if code != 0 || !strings.Contains(out, "EPSG:4528") || !strings.Contains(errs, "warning: swapped") {
		t.Errorf("%d %s%s", code, out, errs)
	}
}

// TestImportFrames: definitions, parameters and control points bring a file to its place.
func TestImportFrames(t *testing.T) {
	file, grid := squares(t, 10)
	onto, err := crs.Frame("EPSG:4549").Conversion()
	if err != nil {
		t.Fatal(err)
	}
	town, err := onto.Local("town", crs.Similarity{DX: 558000, DY: 3064000, Rotation: 1800, Scale: 1.00002})
	if err != nil {
		t.Fatal(err)
	}
	beijing, err := crs.ParseWKT(beijing54, &crs.Helmert{TX: 15.8, TY: -154.4, TZ: -82.3, RX: 0.4, RY: -0.3, RZ: 0.7, PPM: -4.2})
	if err != nil {
		t.Fatal(err)
	}
	points := "X,Y,lon,lat\n"
	for _, p := range []orb.Point{{120.60, 27.70}, {120.65, 27.70}, {120.65, 27.75}, {120.61, 27.74}} {
		q, err := town.FromWGS84(p)
		if err != nil {
			t.Fatal(err)
		}
		points += fmt.Sprintf("%.3f,%.3f,%v,%v\n", q[1], q[0], p[0], p[1]) // the northing first
	}
	local, old := townLedger(t, 60, grid, town.FromWGS84), townLedger(t, 60, grid, beijing.FromWGS84)
	northing := townLedger(t, 60, grid, func(p orb.Point) (orb.Point, error) {
		q, err := town.FromWGS84(p)
		return orb.Point{q[1], q[0]}, err
	})
	prj := write(t, "old.prj", beijing54)
	seven := write(t, "seven.json", `{"helmert":{"tx_m":15.8,"ty_m":-154.4,"tz_m":-82.3,"rx_s":0.4,"ry_s":-0.3,"rz_s":0.7,"ppm":-4.2}}`)
	four := write(t, "four.json", `{"name":"town","onto":"EPSG:4549","similarity":{"dx_m":558000,"dy_m":3064000,"rotation_s":1800,"scale":1.00002}}`)
	for _, c := range []struct {
		ledger string
		flags  []string
		frame  string
		why    string
		metres float64 // control points are given to a millimetre
	}{
		{old, []string{"--frame", prj, "--frame-params", seven}, "Beijing_1954_3_Degree_GK_CM_120E", "definition", 1e-4},
		{local, []string{"--frame-params", four}, "local:town", "four parameters onto EPSG:4549", 1e-4},
		{northing, []string{"--control-points", write(t, "corners.csv", points)}, "local:corners", "fitted on 4 control points", 0.01},
		{northing, []string{"--control-points", write(t, "corners.csv", points), "--frame", "EPSG:4549"}, "local:corners", "x is the northing", 0.002},
	} {
		db := filepath.Join(t.TempDir(), "x.gpkg")
		must(t, "import", "grids", "--db", db, file)
		r, errs := imported(t, 0, append([]string{"--db", db, c.ledger}, c.flags...)...)
		if r.Inserted != 60 || r.Outside != 0 || r.Frame != c.frame || !strings.Contains(r.FrameWhy, c.why) {
			t.Errorf("%q: %+v\n%s", c.flags, r, errs)
		}
		inPlace(t, db, 60, c.metres)
	}
}

const beijing54 = `PROJCS["Beijing_1954_3_Degree_GK_CM_120E",GEOGCS["GCS_Beijing_1954",DATUM["D_Beijing_1954",SPHEROID["Krasovsky_1940",6378245.0,298.3]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",120.0],PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]`

// TestImportFrameUsage holds what is refused before a file is opened.
func TestImportFrameUsage(t *testing.T) {
	in := write(t, "e.csv", "id\na\n")
	for want, flags := range map[string][]string{
		"unknown frame":                {"--frame", "moon"},
		"absent.prj":                   {"--frame", "absent.prj"},
		"HTML":                         {"--frame", write(t, "a.prj", "<html>404</html>")},
		"--control-points":             {"--frame", write(t, "b.prj", beijing54)},
		"kB":                           {"--frame", write(t, "c.prj", strings.Repeat("x", 1<<21))},
		"neither helmert":              {"--frame-params", write(t, "a.json", "{}")},
		"unknown field":                {"--frame-params", write(t, "b.json", `{"helmert":{"dx":1}}`)},
		"has no scale":                 {"--frame-params", write(t, "c.json", `{"similarity":{"dx_m":1}}`)},
		"onto no plane":                {"--frame-params", write(t, "d.json", `{"similarity":{"scale":1}}`)},
		"projected":                    {"--frame", "gcj02", "--frame-params", write(t, "e.json", `{"similarity":{"scale":1}}`)},
		"the scale is -1":              {"--frame-params", write(t, "f.json", `{"onto":"EPSG:4549","similarity":{"scale":-1}}`)},
		"has no datum":                 {"--frame", "EPSG:4549", "--frame-params", write(t, "g.json", `{"helmert":{"tx_m":1}}`)},
		"no column lat":                {"--control-points", write(t, "a.csv", "x,y,lon\n1,2,3\n")},
		"3 control points":             {"--control-points", write(t, "b.csv", "x,y,lon,lat\n1,2,3,4\n")},
		"point 1":                      {"--control-points", write(t, "c.csv", "x,y,lon,lat\n1,2,3,north\n")},
		"wrong number of fields":       {"--control-points", write(t, "d.csv", "x,y,lon,lat\n1,2\n")},
		"more than a hundredth":        {"--control-points", write(t, "e.csv", "x,y,lon,lat\n0,0,120,28\n1000,0,120.01,28\n0,9000,120,28.01\n7,7,120.5,28.5\n")},
		"columns x,y,lon,lat":          {"--control-points", write(t, "f.csv", "")},
		"--frame-params: open nowhere": {"--frame-params", "nowhere.json"},
	} {
		db := filepath.Join(t.TempDir(), "x.gpkg")
		_, errs, code := hazgrid(t, append([]string{"import", "enterprises", "--db", db, in}, flags...)...)
		if _, err := os.Stat(db); code != 2 || !strings.Contains(errs, want) || strings.Count(errs, "\n") != 1 || err == nil {
			t.Errorf("%q: exit status %d, %s", want, code, errs)
		}
	}
}

// TestAutoFrameOfTheDistrict: the invented district's enterprises are known in every frame that a ledger comes in by
// the small grids that they declare. Where they declare only their town, the user may be asked, and is never misled.
func TestAutoFrameOfTheDistrict(t *testing.T) {
	if testing.Short() {
		t.Skip("imports the district's grids")
	}
	db := filepath.Join(t.TempDir(), "x.gpkg")
	for level := 1; level <= 3; level++ {
		must(t, "import", "grids", "--db", db, "--level", fmt.Sprint(level), filepath.Join("..", "..", "testdata", "district", fmt.Sprintf("grids-%d.geojson", level)))
	}
	rows, err := csv.NewReader(strings.NewReader(readFile(t, filepath.Join("..", "..", "testdata", "district", "enterprises.csv")))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := func(name string) int { return slices.Index(rows[0], name) }
	id, grid, lon, lat := column("id"), column("grid"), column("lon"), column("lat")
	for _, frame := range []crs.Frame{crs.WGS84, crs.GCJ02, crs.BD09, "EPSG:4549", "EPSG:32651"} {
		for _, digits := range []int{len("330381-01-01-01"), len("330381-01")} {
			var b strings.Builder
			b.WriteString("id,lon,lat,grid\n")
			for _, row := range rows[1:4500] {
				var p orb.Point
				if _, err := fmt.Sscan(row[lon], &p[0]); err != nil {
					continue // unlocated
				}
				if _, err := fmt.Sscan(row[lat], &p[1]); err != nil {
					t.Fatal(err)
				}
				if p, err = frame.FromWGS84(p); err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(&b, "%s,%.7f,%.7f,%s\n", row[id], p[0], p[1], row[grid][:min(digits, len(row[grid]))])
			}
			report := filepath.Join(t.TempDir(), "r.json")
			_, errs, code := hazgrid(t, "import", "enterprises", "--db", db, "--dry-run", "--frame", "auto", "--report", report, write(t, "e.csv", b.String()))
			var r importReport
			if err := json.Unmarshal([]byte(readFile(t, report)), &r); err != nil {
				t.Fatal(err)
			}
			asks := code == exitUsage && digits < 15 && r.Frames[0].Frame == frame
			if !asks && (code != 0 || r.Frame != string(frame)) {
				t.Errorf("%s, %d digits: exit status %d, %q: %s", frame, digits, code, r.Frame, errs)
			}
			t.Log(r.FrameWhy)
		}
	}
}

// --frame auto on a store of an older layout says what it says on a new one: it is brought up to date, as by any import.
func TestAutoFrameOnAnOlderStore(t *testing.T) {
	older, file := filepath.Join(t.TempDir(), "older.gpkg"), write(t, "e.csv", "id,lon,lat,grid\na,564578.6,3074089.9,A1\n")
	base, err := sql.Open("sqlite", older)
	if err != nil {
		t.Fatal(err)
	}
	layout, err := goose.NewProvider(goose.DialectSQLite3, base, os.DirFS(filepath.Join("..", "..", "internal", "store", "gpkg", "migrations")),
		goose.WithTableName("hazgrid_migrations"), goose.WithDisableGlobalRegistry(true))
	if err == nil {
		_, err = layout.UpTo(t.Context(), 2)
	}
	if err := errors.Join(err, base.Close()); err != nil {
		t.Fatal(err)
	}
	if _, errs, code := hazgrid(t, "tally", "--db", older, "--level", "1"); code != exitFailed || !strings.Contains(errs, "made by an older hazgrid") {
		t.Fatalf("tally: exit status %d, %s", code, errs)
	}
	_, want, wantCode := hazgrid(t, "import", "enterprises", "--db", filepath.Join(t.TempDir(), "new.gpkg"), "--frame", "auto", file)
	_, got, code := hazgrid(t, "import", "enterprises", "--db", older, "--frame", "auto", file)
	if code != wantCode || got != want {
		t.Errorf("exit status %d, %q; on a new store %d, %q", code, got, wantCode, want)
	}
}
