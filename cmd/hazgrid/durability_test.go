package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"hazgrid/internal/store/postgis/pgtest"
)

// hazardFile writes n hazards; rectified gives each a date on which it was.
func hazardFile(t *testing.T, n int, rectified bool) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hazards.csv")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	var rows bytes.Buffer
	rows.WriteString("id,lon,lat,found_at,rectified_at\n")
	for i := range n {
		done := ""
		if rectified {
			done = "2014-12-01"
		}
		fmt.Fprintf(&rows, "h%07d,%g,%g,2014-11-03,%s\n", i, 120+float64(i%1000)/1000, 27+float64(i/1000%500)/1000, done)
		if rows.Len() > 1<<20 || i == n-1 {
			if _, err := rows.WriteTo(f); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// A state is what a store answers after an import: the tally, without the version that it was asked at.
func state(t *testing.T, db string) map[string]any {
	t.Helper()
	var s map[string]any
	out := must(t, "tally", "--db", db, "--level", "1", "--at", "2014-12-31", "--format", "json")
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		t.Fatal(err)
	}
	delete(s, "version")
	return s
}

// sound looks into the store with its own database's eyes: no damage, and each hazard once. It returns how many there are.
func sound(t *testing.T, db string) (rows int) {
	t.Helper()
	driver := "pgx"
	if !strings.Contains(db, "://") {
		driver = "sqlite"
	}
	base, err := sql.Open(driver, db)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = base.Close() }()
	if driver == "sqlite" {
		var verdict string
		if err := base.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
			t.Fatalf("integrity_check: %q, %v", verdict, err)
		}
	}
	var ids int
	const query = "SELECT count(*), count(DISTINCT id) FROM hazards WHERE deleted_at IS NULL"
	if err := base.QueryRowContext(t.Context(), query).Scan(&rows, &ids); err != nil {
		t.Fatal(err)
	}
	if rows != ids {
		t.Fatalf("%d rows of %d ids are there", rows, ids)
	}
	return rows
}

// A turn is an import that changes every record of the store, there and back.
type turn struct {
	db     string
	n      int
	files  [2]string         // the same hazards, open and rectified
	rows   [2]int            // how many of them the store has after each
	states [2]map[string]any // of the store after each
	now    int               // which of them the store has
}

// newTurn imports both files, the open hazards last, and tells how long one takes.
func newTurn(t *testing.T, db string, n int) (u *turn, takes time.Duration) {
	t.Helper()
	must(t, "import", "grids", "--db", db, write(t, "g.geojson", liveGrids))
	u = &turn{db: db, n: n, rows: [2]int{n, n}, files: [2]string{hazardFile(t, n, false), hazardFile(t, n, true)}}
	for _, i := range []int{1, 0} {
		start := time.Now()
		another(t, "import", "hazards", "--db", db, u.files[i])
		takes = time.Since(start)
		u.states[i] = state(t, db)
	}
	if reflect.DeepEqual(u.states[0], u.states[1]) {
		t.Fatal("the two files make the same state")
	}
	return u, takes
}

// command is the import of the file that the store does not have.
func (u *turn) command(t *testing.T) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program(t), "import", "hazards", "--db", u.db, u.files[1-u.now])
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	return cmd, &said
}

// check wants the store sound, as it was or as it should be, and notes which.
func (u *turn) check(t *testing.T) {
	t.Helper()
	rows := sound(t, u.db)
	switch got := state(t, u.db); {
	case reflect.DeepEqual(got, u.states[u.now]):
	case reflect.DeepEqual(got, u.states[1-u.now]):
		u.now = 1 - u.now
	default:
		t.Fatalf("the store is neither as it was nor as it should be: %v", got["total"])
	}
	if rows != u.rows[u.now] {
		t.Fatalf("%d hazards are there, want %d", rows, u.rows[u.now])
	}
}

// finish runs the import to its end, and once more: then nothing changes.
func (u *turn) finish(t *testing.T) {
	t.Helper()
	file := u.files[1-u.now]
	must(t, "import", "hazards", "--db", u.db, file)
	if got := state(t, u.db); !reflect.DeepEqual(got, u.states[1-u.now]) {
		t.Fatalf("after a whole import the store is not as it should be: %v", got["total"])
	}
	out := must(t, "import", "hazards", "--db", u.db, "--report", "-", file)
	var report struct{ Read, Unchanged int }
	if err := json.Unmarshal([]byte(out), &report); err != nil || report.Read != u.n || report.Unchanged != u.n {
		t.Fatalf("the import again: %v, %s", err, out)
	}
}

// An import that is interrupted says so and leaves the store as it was.
func TestInterruptedImport(t *testing.T) {
	t.Parallel() // these wait for other processes and for disks
	program(t)
	stores(t, func(t *testing.T, db string) {
		u, takes := newTurn(t, db, 10_000)
		cmd, said := u.command(t)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(takes / 3)
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		err := cmd.Wait()
		was := u.now
		if u.check(t); u.now == was && (err == nil || !strings.Contains(said.String(), "interrupt") && !strings.Contains(said.String(), "cancel")) {
			t.Errorf("interrupted: %v, %s", err, said)
		}
		u.finish(t)
	})
}

// Two imports at once: both get in, one after the other, or one is told that it cannot.
func TestTwoImportsAtOnce(t *testing.T) {
	t.Parallel() // these wait for other processes and for disks
	program(t)
	stores(t, func(t *testing.T, db string) {
		u, _ := newTurn(t, db, 10_000)
		one, oneSaid := u.command(t)
		u.now = 1 - u.now
		two, twoSaid := u.command(t)
		u.now = 1 - u.now
		if err := one.Start(); err != nil {
			t.Fatal(err)
		}
		if err := two.Start(); err != nil {
			t.Fatal(err)
		}
		if err := one.Wait(); err != nil {
			t.Errorf("the first: %v, %s", err, oneSaid)
		}
		if err := two.Wait(); err != nil {
			t.Errorf("the second: %v, %s", err, twoSaid)
		}
		u.check(t)
		u.finish(t)
	})
}

// Somebody who reads the GeoPackage all the while neither stops an import nor sees half of it.
func TestImportBesideAReader(t *testing.T) {
	t.Parallel() // these wait for other processes and for disks
	u, _ := newTurn(t, filepath.Join(t.TempDir(), "city.gpkg"), 20_000)
	base, err := sql.Open("sqlite", u.db)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = base.Close() }()
	tx, err := base.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	open := func() (n int) {
		t.Helper()
		if err := tx.QueryRowContext(t.Context(), "SELECT count(*) FROM hazards WHERE rectified_at IS NULL").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := open()
	cmd, said := u.command(t)
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v, %s", err, said)
	}
	if after := open(); before != u.n || after != before {
		t.Errorf("the reader saw %d open hazards, then %d, of %d", before, after, u.n)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	u.check(t)
	u.finish(t)
}

// tmpfs mounts a file system of so many megabytes in memory.
func tmpfs(t *testing.T, megabytes int) (dir string) {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "hg") // short: a socket's path may be
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(dir) })
	if err := syscall.Mount("hazgrid-test", dir, "tmpfs", 0, fmt.Sprintf("size=%dm,mode=0755", megabytes)); err != nil {
		t.Skipf("a small file system cannot be mounted here (root only): %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill leaves so many megabytes of a file system free, and returns what makes room again.
func fill(t *testing.T, dir string, megabytes int) (empty func()) {
	t.Helper()
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "ballast")
	f, err := os.Create(path)
	if err == nil {
		_, err = io.CopyN(f, zeros{}, int64(fs.Bavail)*fs.Bsize-int64(megabytes)<<20)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := os.Remove(path); err != nil {
			t.Error(err)
		}
	}
}

type zeros struct{}

// Read implements io.Reader.
func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// refused runs the import and wants it to fail with one clear line.
func (u *turn) refused(t *testing.T, words ...string) {
	t.Helper()
	cmd, said := u.command(t)
	err := cmd.Run()
	if err == nil {
		t.Fatalf("the import did not fail: %s", said)
	}
	text := strings.TrimSpace(said.String())
	t.Log(text)
	if cmd.ProcessState.ExitCode() != 1 || strings.Count(text, "\n") > 0 {
		t.Errorf("exit status %d, want 1 and one line: %s", cmd.ProcessState.ExitCode(), text)
	}
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%q is not in: %s", w, text)
		}
	}
}

func TestImportOntoAFullDisk(t *testing.T) {
	t.Parallel() // these wait for other processes and for disks
	program(t)
	t.Run("gpkg", func(t *testing.T) {
		dir := tmpfs(t, 128)
		u, _ := newTurn(t, filepath.Join(dir, "city.gpkg"), 20_000)
		empty := fill(t, dir, 2)
		u.refused(t, "full")
		empty()
		u.check(t)
		u.finish(t)
	})
	t.Run("postgis", func(t *testing.T) {
		dir := tmpfs(t, 400)
		url, stop, err := pgtest.Start(t.Context(), filepath.Join(dir, "pg"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { stop() }()
		u, _ := newTurn(t, url, 20_000)
		empty := fill(t, dir, 4)
		u.refused(t)
		empty()
		stop() // a server whose log has no room ends itself; an operator starts it again
		if url, stop, err = pgtest.Start(t.Context(), filepath.Join(dir, "pg")); err != nil {
			t.Fatal(err)
		}
		u.db = url
		u.check(t)
		u.finish(t)
	})
}

// The server goes away in the middle of an import and comes back.
func TestPostGISGoneAndBack(t *testing.T) {
	t.Parallel() // these wait for other processes and for disks
	program(t)
	dir, err := os.MkdirTemp("/tmp", "hgpg") // short: a socket's path may be
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	url, stop, err := pgtest.Start(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { stop() }()
	u, takes := newTurn(t, url, 20_000)
	cmd, said := u.command(t)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(takes / 2)
	stop()
	err = cmd.Wait()
	t.Logf("%v: %s", err, strings.TrimSpace(said.String()))
	if url, stop, err = pgtest.Start(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	u.db = url
	was := u.now
	if u.check(t); u.now == was && cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("exit status %d, want 1: %s", cmd.ProcessState.ExitCode(), said)
	}
	u.finish(t)
}
