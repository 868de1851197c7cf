package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"hazgrid/internal/store/postgis/pgtest"
)

// TestImportOwnStore imports from the store's own files, by other names too, between two files that are good: those are
// refused without being opened, and the store keeps its locks and its records.
func TestImportOwnStore(t *testing.T) {
	dir := t.TempDir()
	db, link := filepath.Join(dir, "x.gpkg"), filepath.Join(dir, "link.gpkg")
	if err := os.Symlink(db, link); err != nil {
		t.Fatal(err)
	}
	hard := filepath.Join(dir, "hard.gpkg")
	must(t, "import", "enterprises", "--db", db, write(t, "a.csv", "id\ne0\n"))
	if err := os.Link(db, hard); err != nil {
		t.Fatal(err)
	}
	out, errs, code := hazgrid(t, "import", "enterprises", "--db", db, write(t, "a.csv", "id\ne1\n"), db, link, hard, db+"-wal", write(t, "b.csv", "id\ne2\n"))
	if code != 1 || strings.Count(errs, "it is the store that is imported into") < 3 {
		t.Errorf("exit status %d\n%s%s", code, out, errs)
	}
	again := must(t, "import", "enterprises", "--db", db, write(t, "c.csv", "id\ne0\ne1\ne2\n"))
	if !strings.Contains(again, "3 unchanged") {
		t.Errorf("after it: %s", again)
	}
	copied := filepath.Join(dir, "copy.gpkg")
	b, err := os.ReadFile(db)
	if err == nil {
		err = os.WriteFile(copied, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, errs, code = hazgrid(t, "import", "enterprises", "--db", db, copied); code != 1 || !strings.Contains(errs, "a store of hazgrid itself") {
		t.Errorf("another store: exit status %d, %s", code, errs)
	}
}

// TestImportFromDatabase imports a query into the database that it is asked of, with rejects, and
// shows the password nowhere.
func TestImportFromDatabase(t *testing.T) {
	at := pgtest.DB(t)
	conn, err := pgx.Connect(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if _, err := conn.Exec(t.Context(), `create table firms as select 'e' || i as id, '瑞安 ' || i as name, st_setsrid(st_makepoint(120 + i / 100.0, 27), 4326) as geom from generate_series(1, 1000) i;
		insert into firms values ('', 'no id', null)`); err != nil {
		t.Fatal(err)
	}
	from := at + "&password=hush&sql=select * from firms where id <> 'e7'"
	dir := t.TempDir()
	report, rejects := filepath.Join(dir, "report.json"), filepath.Join(dir, "rejects.csv")
	for range 2 {
		out, errs, code := hazgrid(t, "import", "enterprises", "--db", at, "--report", report, "--rejects", rejects, from)
		text := readFile(t, report) + readFile(t, rejects) + out + errs
		if code != 3 || strings.Contains(text, "hush") || !strings.Contains(text, "no id") {
			t.Fatalf("exit status %d\n%s", code, text)
		}
	}
	var got struct {
		File, Encoding, Frame               string
		Read, Inserted, Unchanged, Rejected int64
	}
	if err := json.Unmarshal([]byte(readFile(t, report)), &got); err != nil {
		t.Fatal(err)
	}
	if got.Read != 1000 || got.Unchanged != 999 || got.Rejected != 1 || got.Frame != "wgs84" || !strings.HasSuffix(got.File, "?sql=select * from firms where id <> 'e7'") {
		t.Errorf("%+v", got)
	}
}
