package main

import (
	"database/sql"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"hazgrid/internal/store/postgis/pgtest"
)

// killings is how often an import is killed, and of how many records. `make durability` asks for more:
// HAZGRID_DURABILITY=200,1000000.
func killings(t *testing.T) (times, records int) {
	t.Helper()
	asked := os.Getenv("HAZGRID_DURABILITY")
	if asked == "" {
		return 4, 10_000
	}
	if _, err := fmt.Sscanf(asked, "%d,%d", &times, &records); err != nil {
		t.Fatalf("HAZGRID_DURABILITY=%s: want TIMES,RECORDS", asked)
	}
	return times, records
}

// A killer kills imports of one kind and keeps account of what it saw.
type killer struct {
	u     *turn
	takes time.Duration  // a whole import, as far as is known on the machine as it is now
	cut   int            // killings that left the store as it was
	late  int            // those that came when all was decided or over
	seen  map[string]int // what the imports were at when they were killed
}

// untilLog waits until a GeoPackage's import writes pages, or ends.
func (k *killer) untilLog(p *os.Process) {
	for p.Signal(syscall.Signal(0)) == nil {
		if log, err := os.Stat(k.u.db + "-wal"); err == nil && log.Size() > 0 {
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// kill kills the import of the file that the store does not have when so much of its time is over, and wants the store
// as it was or as it should be. An import that ends before says how long one takes now, and one that should be nearly over
// and is not that it takes longer: a machine has other things to do, too.
//
// With late, the time is a fifth of it, from when a GeoPackage's pages are first written: staging takes most of an import, and the
// commit and the checkpoint would see few killings.
func (k *killer) kill(t *testing.T, share float64, late bool) {
	t.Helper()
	cmd, said := k.u.command(t)
	start := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	wait := time.Duration(share * float64(k.takes))
	if late {
		k.untilLog(cmd.Process)
		wait /= 5
	}
	phase := "ended"
	select {
	case err := <-ended:
		if err != nil {
			t.Fatalf("the import failed by itself: %v, %s", err, said)
		}
		k.takes = time.Since(start)
	case <-time.After(wait):
		phase = k.phase(t)
		_ = cmd.Process.Kill() // it may just have ended
		if err := <-ended; err != nil && share > 0.8 && !late {
			k.takes += k.takes / 4
		}
	}
	k.seen[phase]++
	was := k.u.now
	if k.u.check(t); k.u.now == was {
		k.cut++
	} else {
		k.late++
	}
	t.Logf("%d: at %.2f of %v, %s: as it %s", k.cut+k.late, share, k.takes.Round(time.Millisecond), phase,
		map[bool]string{true: "was", false: "should be"}[k.u.now == was])
}

// phase tells what an import is at: by the statement that its server runs, or by the log that SQLite writes before the
// commit and copies after it.
func (k *killer) phase(t *testing.T) string {
	t.Helper()
	if !strings.Contains(k.u.db, "://") {
		log, err := os.Stat(k.u.db + "-wal")
		if err != nil || log.Size() == 0 {
			return "before the first page"
		}
		file, err := os.Stat(k.u.db)
		if err == nil && file.ModTime().After(log.ModTime()) {
			return "checkpoint"
		}
		return "writing pages"
	}
	base, err := sql.Open("pgx", k.u.db)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = base.Close() }()
	var text string
	const query = `select coalesce(string_agg(split_part(ltrim(lower(query)), ' ', 1) || case when state = 'active' then '' else ', done' end, '; '
		order by backend_start), 'no connection') from pg_stat_activity where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()`
	if err := base.QueryRowContext(t.Context(), query).Scan(&text); err != nil {
		t.Fatal(err)
	}
	return text
}

// report logs what was seen.
func (k *killer) report(t *testing.T, what string) {
	t.Helper()
	t.Logf("%s: %d killings left the store as it was, %d came when it was as it should be; an import takes %v", what, k.cut, k.late, k.takes.Round(time.Millisecond))
	for _, phase := range slices.Sorted(maps.Keys(k.seen)) {
		t.Logf("  %4d  %s", k.seen[phase], phase)
	}
}

// Killed at any moment, an import is all there or not at all, and runs to its end when it is started again. Every second
// one is the first into its layer, for which a store may take another way than for changes. The moments lie in equal
// parts of the time that an import takes and a little after it, one at random in each, in random order.
func TestKilledImports(t *testing.T) {
	t.Parallel() // these wait for other processes and for disks
	times, n := killings(t)
	program(t)
	stores(t, func(t *testing.T, db string) {
		u, takes := newTurn(t, db, n)
		changes := &killer{u: u, takes: takes, seen: map[string]int{}}
		firsts := &killer{u: u.before(t), takes: takes, seen: map[string]int{}}
		r := rand.New(rand.NewPCG(1, 2))
		for i, part := range r.Perm(times) {
			if firsts.u.now == 1 {
				firsts.u = u.before(t)
			}
			late := i%4 > 1 && !strings.Contains(db, "://")
			[]*killer{firsts, changes}[i%2].kill(t, 1.05*(float64(part)+r.Float64())/float64(times), late)
		}
		firsts.report(t, "first imports")
		changes.report(t, "changes of all records")
		u.finish(t)
		if firsts.u.now == 0 {
			firsts.u.finish(t)
		}
	})
}

// before is the turn of a new store, of the same kind, that gets the first of the files.
func (u *turn) before(t *testing.T) *turn {
	t.Helper()
	db := filepath.Join(t.TempDir(), "city.gpkg")
	if strings.Contains(u.db, "://") {
		db = pgtest.DB(t)
	}
	must(t, "import", "grids", "--db", db, write(t, "g.geojson", liveGrids))
	return &turn{db: db, n: u.n, files: [2]string{"", u.files[0]}, rows: [2]int{0, u.n}, states: [2]map[string]any{state(t, db), u.states[0]}}
}
