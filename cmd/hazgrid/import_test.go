package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func readFile(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// mixed has a record for each thing that can become of one: the reader rejects 2 and 5, the store 3,
// and 6 replaces 4.
const mixed = "id,enterprise,found_at,description\n" +
	"h1,,2014-11-03,fine\n" +
	",,2014-11-03,\"no \"\"id\"\"\"\n" +
	"h3,nobody,2014-11-03,unknown enterprise\n" +
	"h4,,2014-11-03,first\n" +
	"h5,,soon,no date\n" +
	"h4,,2014-11-04,\"second,\nof two lines\"\n"

func TestImportRejects(t *testing.T) {
	dir := t.TempDir()
	db, rejects, report := filepath.Join(dir, "x.gpkg"), filepath.Join(dir, "rejects.csv"), filepath.Join(dir, "report.json")
	in := write(t, "h.csv", mixed)
	out, errs, code := hazgrid(t, "import", "hazards", "--db", db, "--rejects", rejects, "--report", report, in)
	if code != 3 {
		t.Fatalf("exit status %d\n%s%s", code, out, errs)
	}
	lines := strings.SplitAfter(readFile(t, rejects), "\n")
	for i, want := range []string{
		`^record,id,field,reason,original\n$`, `^2,,id,.*blank",",,2014-11-03,""no """"id"{7}\n$`, `^3,h3,enterprise,.*nobody.*,"h3,nobody,2014-11-03,unknown enterprise"\n$`,
		`^4,h4,.*,"h4,,2014-11-03,first"\n$`, `^5,h5,found_at,.*"h5,,soon,no date"\n$`, `^$`,
	} {
		if i >= len(lines) || !regexp.MustCompile(want).MatchString(lines[i]) {
			t.Errorf("line %d of %q, want %s", i+1, lines, want)
		}
	}
	want := regexp.MustCompile(`^{"kind":"hazards","file":".*h.csv","encoding":"utf-8","frame":"wgs84","frame_why":"nothing says otherwise","read":6,"inserted":2,"updated":0,"unchanged":0,` +
		`"superseded":1,"rejected":3,"repaired":0,"outside":0,"unlocated":2,"warnings":\[\],"seconds":[0-9.e-]+,"version":1}\n$`)
	if got := readFile(t, report); !want.MatchString(got) {
		t.Error(got)
	}
	for _, want := range []string{"record 2: id: ", "record 3: h3: enterprise: ", "record 5: h5: found_at: "} {
		if !strings.Contains(errs, want) {
			t.Errorf("stderr does not say %q: %s", want, errs)
		}
	}
}

func TestImportWithoutRejects(t *testing.T) {
	dir := t.TempDir()
	rejects := filepath.Join(dir, "rejects.csv")
	must(t, "import", "enterprises", "--db", filepath.Join(dir, "x.gpkg"), "--rejects", rejects, write(t, "e.csv", "id\na\n"))
	if got := readFile(t, rejects); got != "record,id,field,reason,original\n" {
		t.Errorf("%q", got)
	}
}

// TestImportUndone: a dry run exits as the import would and makes no store; --strict writes nothing of
// a file with rejects; both count what would have been.
func TestImportUndone(t *testing.T) {
	for flag, want := range map[string]int{"--dry-run": 3, "--strict": 1} {
		dir := t.TempDir()
		db, report := filepath.Join(dir, "x.gpkg"), filepath.Join(dir, "report.json")
		_, errs, code := hazgrid(t, "import", "hazards", "--db", db, flag, "--report", report, write(t, "h.csv", mixed))
		if code != want {
			t.Errorf("%s: exit status %d: %s", flag, code, errs)
		}
		if _, err := os.Stat(db); flag == "--dry-run" && err == nil {
			t.Error("a dry run has made a store")
		}
		if n := count(t, db, "hazards"); n != 0 {
			t.Errorf("%s: %d records written", flag, n)
		}
		if got := readFile(t, report); !strings.Contains(got, `"read":6,"inserted":2,"updated":0,"unchanged":0,"superseded":1,"rejected":3`) {
			t.Errorf("%s: %s", flag, got)
		}
	}
	clean := write(t, "h.csv", "id,found_at\nh1,2014-11-03\n")
	db := filepath.Join(t.TempDir(), "x.gpkg")
	must(t, "import", "hazards", "--db", db, "--dry-run", clean)
	must(t, "import", "hazards", "--db", db, "--strict", clean)
	must(t, "import", "hazards", "--db", db, "--dry-run", clean)
	if n := count(t, db, "hazards"); n != 1 {
		t.Errorf("%d records", n)
	}
}

// TestImportSeveral: each file is its own transaction, all are tried, a failure outweighs a reject.
func TestImportSeveral(t *testing.T) {
	dir := t.TempDir()
	db, rejects, report := filepath.Join(dir, "x.gpkg"), filepath.Join(dir, "rejects.csv"), filepath.Join(dir, "report.json")
	good, some, bad := write(t, "a.csv", "id\na\n"), write(t, "b.csv", "id,risk\nb,blue\nc,pink\n"), write(t, "c.csv", "id,name\nd,\"open\n")
	out, errs, code := hazgrid(t, "import", "enterprises", "--db", db, "--rejects", rejects, "--report", report, bad, good, some)
	if code != 1 || !strings.Contains(errs, "c.csv: invalid: the CSV is cut off") || strings.Contains(out, "c.csv") {
		t.Errorf("exit status %d\n%s%s", code, out, errs)
	}
	if n := count(t, db, "enterprises"); n != 2 {
		t.Errorf("%d records", n)
	}
	var got []importReport
	if err := json.Unmarshal([]byte(readFile(t, report)), &got); err != nil || len(got) != 3 {
		t.Fatal(got, err)
	}
	if got[0].Error == "" || got[0].Read != 0 || got[1].Inserted != 1 || got[2].Rejected != 1 {
		t.Errorf("%+v", got)
	}
	if lines := strings.Split(readFile(t, rejects), "\n"); len(lines) != 3 || !strings.HasPrefix(lines[1], "2,c,risk,") || !strings.HasSuffix(lines[1], "b.csv") {
		t.Errorf("%q", lines)
	}
	if _, _, code := hazgrid(t, "import", "enterprises", "--db", db, good, some); code != 3 {
		t.Errorf("exit status %d, want 3", code)
	}
}

// TestImportUsage holds what is refused before a file is opened.
func TestImportUsage(t *testing.T) {
	in := write(t, "e.csv", "id\na\n")
	for _, args := range [][]string{
		{},
		{"grids"},
		{"birds", in},
		{"grids", "--level", "0", in},
		{"grids", "--level", "x", in},
		{"grids", "--level", "-1", in},
		{"grids", "--encoding", "klingon", in},
		{"grids", "--frame", "EPSG:2437", in},
		{"grids", "--valid-from", "soon", in},
		{"grids", "--map", "code", in},
		{"grids", "--map", "colour=x", in},
		{"grids", "--map", "code=a", "--map", "code=b", in},
		{"grids", "--wings", in},
	} {
		db := filepath.Join(t.TempDir(), "x.gpkg")
		_, errs, code := hazgrid(t, append([]string{"import", "--db", db}, args...)...)
		if _, err := os.Stat(db); code != 2 || errs == "" || err == nil {
			t.Errorf("%q: exit status %d, %q", args, code, errs)
		}
	}
}

// TestImportNothing: a file that cannot be read makes no store.
func TestImportNothing(t *testing.T) {
	named := `{"type":"FeatureCollection","crs":{"type":"name","properties":{"name":"EPSG:2437"}},"features":[]}`
	for text, want := range map[string]int{"": 1, "just words\n": 1, "PK\x03\x04": 1, `{"type":"FeatureCollection","features":[`: 1, named: 2} {
		dir := t.TempDir()
		db := filepath.Join(dir, "x.gpkg")
		_, errs, code := hazgrid(t, "import", "grids", "--db", db, "--report", filepath.Join(dir, "r.json"), write(t, "g.geojson", text))
		if code != want || !strings.Contains(errs, "g.geojson") {
			t.Errorf("%q: exit status %d: %s", text, code, errs)
		}
		if got := readFile(t, filepath.Join(dir, "r.json")); !strings.Contains(got, `"error":"`) {
			t.Errorf("%q: %s", text, got)
		}
		if n := count(t, db, "grids"); n != 0 {
			t.Errorf("%q: %d records", text, n)
		}
	}
}

// TestImportMap: a column with a comma in its name is one column; results go to stdout alone when asked.
func TestImportMap(t *testing.T) {
	in := write(t, "e.csv", "no.;a,b;c\n1;x;y\n")
	out := must(t, "import", "enterprises", "--db", filepath.Join(t.TempDir(), "x.gpkg"), "--map", "id=no.", "--map", "name=a,b", "--report", "-", in)
	if !strings.HasPrefix(out, `{"kind":"enterprises"`) || strings.Count(out, "\n") != 1 {
		t.Error(out)
	}
	_, errs, code := hazgrid(t, "import", "enterprises", "--db", filepath.Join(t.TempDir(), "x.gpkg"), "--map", "id=nr", in)
	if code != 1 || !strings.Contains(errs, `no column "nr"`) {
		t.Errorf("exit status %d: %s", code, errs)
	}
}
