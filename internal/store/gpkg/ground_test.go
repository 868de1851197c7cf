package gpkg

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/paulmach/orb"

	"hazgrid/internal/store/merge"
	"hazgrid/safety"
)

// ordinary makes a store that merges every batch by statements.
func ordinary(t *testing.T, batches ...safety.Batch) *Store {
	t.Helper()
	s, _ := tempStore(t)
	d := dialect()
	d.Lay = nil
	s.engine = merge.New(d, s.division)
	for _, b := range batches {
		apply(t, s, b)
	}
	return s
}

// messy yields n records of k with whatever records may have: doubles, references to what is not there, declared
// grids that are not there, no location, one outside, texts longer than a page.
func messy(k safety.Kind, n int) safety.Batch {
	return made(k, n, func(i int) safety.Record {
		r := rand.New(rand.NewPCG(uint64(n), uint64(i)))
		var g orb.Geometry = orb.Point{119.9 + 2.2*r.Float64(), 26.9 + 1.2*r.Float64()}
		v := row{"id": fmt.Sprintf("%c%d", 'a'+rune(r.IntN(20)), i), "found_at": at("2014-12-01"), "at": at("2014-12-02"), "frame": "gcj02"}
		if r.IntN(40) == 0 {
			v["id"] = fmt.Sprint("double", r.IntN(20))
		}
		if r.IntN(3) > 0 {
			v["enterprise"] = fmt.Sprint("e", 1+r.IntN(3))
		}
		if r.IntN(30) == 0 {
			v["enterprise"] = "nobody"
		}
		if r.IntN(2) == 0 {
			v["grid"] = []string{"A1", "网格A2", " A2 ", "gone"}[r.IntN(4)] // by code, by name, with spaces
			v["due_at"], v["officers"], v["protection_m"], v["floor_area_m2"] = at("2014-12-20"), int64(r.IntN(100_000)), r.Float64(), 250.0
		}
		if r.IntN(100) == 0 {
			long := strings.Repeat("长", r.IntN(3000))
			v["description"], v["name"], v["result"] = "x"+long, "y"+long, "z"+long
		}
		v["synthetic"] = i%2 == 0
		switch {
		case k == safety.Lines:
			g = orb.MultiLineString{{{120, 27}, {120 + r.Float64(), 28}}}
		case r.IntN(3) == 0:
			g = nil
		}
		return record(k, 0, v, g)
	})
}

// told applies a batch and returns all that its giver learns.
func told(t *testing.T, s *Store, b safety.Batch) (r safety.Receipt, rejects []safety.Reject) {
	t.Helper()
	b.Rejected = func(x safety.Reject) error {
		rejects = append(rejects, x)
		return nil
	}
	return apply(t, s, b), rejects
}

// TestGroundIsLikeAnyOther wants a batch that is laid to be told and to be stored like one that is merged.
func TestGroundIsLikeAnyOther(t *testing.T) {
	for _, k := range []safety.Kind{safety.Hazards, safety.Inspections, safety.Lines, safety.Enterprises} {
		t.Run(string(k), func(t *testing.T) {
			before := small()[:2]
			if k == safety.Enterprises {
				before = small()[:1]
			}
			laid, _ := tempStore(t, before...)
			merged := ordinary(t, before...)
			compareStores(t, laid, merged, k, messy(k, 6000))
			compareStores(t, laid, merged, k, messy(k, 7000))
			if got := query(t, laid, `SELECT count(DISTINCT batch) FROM "`+string(k)+`"`); got != "2" {
				t.Errorf("rows are of %s batches", got)
			}
		})
	}
}

func compareStores(t *testing.T, laid, merged *Store, k safety.Kind, b safety.Batch) {
	t.Helper()
	got, gotRejects := told(t, laid, b)
	want, wantRejects := told(t, merged, b)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("receipt: %s", d)
	}
	if d := cmp.Diff(wantRejects, gotRejects); d != "" {
		t.Errorf("rejects: %s", d)
	}
	if got.Inserted == 0 || k != safety.Lines && got.Outside*got.Unlocated == 0 {
		t.Errorf("the batch is too tame: %+v", got)
	}
	checkIndexes(t, laid)
	for _, since := range []int64{0, got.Version - 1} {
		if d := cmp.Diff(load(t, merged, since), load(t, laid, since)); d != "" {
			t.Errorf("load since %d: %s", since, d)
		}
	}
	columns := query(t, laid, `SELECT group_concat('quote("' || name || '")', '||') FROM pragma_table_info('`+string(k)+`') WHERE name <> 'fid'`)
	rows := `SELECT group_concat(line, char(10)) FROM (SELECT ` + columns + ` AS line FROM "` + string(k) + `" ORDER BY id)`
	gotRows, wantRows := strings.Split(query(t, laid, rows), "\n"), strings.Split(query(t, merged, rows), "\n")
	for i := range min(len(gotRows), len(wantRows)) {
		if gotRows[i] != wantRows[i] {
			t.Fatalf("row %d is\n%.500s, want\n%.500s", i, gotRows[i], wantRows[i])
		}
	}
	const contents = `SELECT group_concat(table_name || quote(min_x) || quote(max_y)) FROM gpkg_contents`
	if d := cmp.Diff(query(t, merged, contents), query(t, laid, contents)); d != "" {
		t.Errorf("contents: %s", d)
	}
}

// TestGroundGivesWay wants batches that cannot be laid to be merged, whatever the reason, and when it shows.
func TestGroundGivesWay(t *testing.T) {
	enterprises := func(parent string, number func(i int) int64) safety.Batch {
		b := made(safety.Enterprises, 3000, func(i int) safety.Record {
			v := row{"id": fmt.Sprintf("p%05d", i)}
			if i == 2000 && parent != "" {
				v["parent"] = parent
			}
			return record(safety.Enterprises, 0, v, orb.Point{120.5, 27.5})
		})
		records := b.Records
		b.Records = func(yield func(safety.Record, error) bool) {
			i := 0
			for r, err := range records {
				r.Number = number(i)
				if i++; !yield(r, err) {
					return
				}
			}
		}
		return b
	}
	rising := func(i int) int64 { return int64(i + 1) }
	for name, c := range map[string]struct {
		batch    safety.Batch
		inserted int64
	}{
		"a parent in the batch":  {enterprises("p02500", rising), 3000},
		"a parent that is not":   {enterprises("p99999", rising), 2999},
		"numbers far apart":      {enterprises("", func(i int) int64 { return 1 + int64(i)<<20 }), 3000},
		"numbers with gaps":      {enterprises("", func(i int) int64 { return 3 + 7*int64(i) }), 3000},
		"numbers from somewhere": {enterprises("", func(i int) int64 { return 1<<40 + int64(i) }), 3000},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := tempStore(t, small()[0])
			if r, rejects := told(t, s, c.batch); r.Inserted != c.inserted || r.Rejected != 3000-c.inserted || int64(len(rejects)) != r.Rejected {
				t.Errorf("receipt %+v, rejects %v", r, rejects)
			}
			if r, _ := told(t, s, c.batch); r.Unchanged != c.inserted || r.Version != 2 {
				t.Errorf("again: %+v", r)
			}
			checkIndexes(t, s)
		})
	}
}

// TestGroundMeetsOthers has another handle of the file write while a batch is read that was to be the first.
func TestGroundMeetsOthers(t *testing.T) {
	moved := batch(safety.Grids, record(safety.Grids, 0, row{"code": "A", "level": int64(1)}, box(120, 27, 121, 28)))
	for name, meanwhile := range map[string]safety.Batch{
		"boundaries": moved,
		"a row":      batch(safety.Hazards, record(safety.Hazards, 0, row{"id": "h00001", "found_at": at("2014-12-01")}, nil)),
		"a version":  batch(safety.Lines, record(safety.Lines, 0, row{"id": "l"}, orb.MultiLineString{{{120, 27}, {121, 28}}})),
	} {
		t.Run(name, func(t *testing.T) {
			s, path := tempStore(t, small()[:2]...)
			other, err := Open(t.Context(), path, "0", false)
			if err != nil {
				t.Fatal(err)
			}
			defer other.Close() //nolint:errcheck // a test
			r := apply(t, s, made(safety.Hazards, 3000, func(i int) safety.Record {
				if i == 2500 {
					apply(t, other, meanwhile)
				}
				return record(safety.Hazards, 0, row{"id": fmt.Sprintf("h%05d", i), "found_at": at("2014-12-01")}, orb.Point{121.5, 27.5})
			}))
			wantUpdated := int64(0)
			if name == "a row" {
				wantUpdated = 1
			}
			if r.Version != 4 || r.Inserted+r.Updated != 3000 || r.Updated != wantUpdated || r.Outside != 0 {
				t.Errorf("receipt %+v", r)
			}
			checkIndexes(t, s)
			if name == "boundaries" {
				before := query(t, s, "SELECT group_concat(DISTINCT place) FROM hazards")
				apply(t, s, batch(safety.Grids, record(safety.Grids, 0, row{"code": "A", "name": "again", "level": int64(1)}, box(120, 27, 121, 28))))
				if after := query(t, s, "SELECT group_concat(DISTINCT place) FROM hazards"); before != after {
					t.Errorf("places were %s and should have been %s", before, after)
				}
			}
		})
	}
}

// TestGroundUndone wants nothing of a batch that is refused, interrupted or breaks off.
func TestGroundUndone(t *testing.T) {
	s, path := tempStore(t, small()[:2]...)
	errNo := errors.New("no")
	refused := messy(safety.Hazards, 4000)
	refused.Confirm = func(r safety.Receipt) error {
		if r.Inserted == 0 || r.Version != 3 {
			t.Errorf("asked to confirm %+v", r)
		}
		return errNo
	}
	ctx, cancel := context.WithCancel(t.Context())
	interrupted := messy(safety.Hazards, 4000)
	interrupted.Confirm = func(safety.Receipt) error { cancel(); return nil }
	broken := messy(safety.Hazards, 4000)
	records := broken.Records
	broken.Records = func(yield func(safety.Record, error) bool) {
		for r, err := range records {
			if r.Number == 3000 {
				err = errNo
			}
			if !yield(r, err) {
				return
			}
		}
	}
	for _, c := range []struct {
		ctx   context.Context
		batch safety.Batch
		want  error
	}{{t.Context(), refused, errNo}, {ctx, interrupted, context.Canceled}, {t.Context(), broken, errNo}} {
		if _, err := s.Apply(c.ctx, c.batch); !errors.Is(err, c.want) {
			t.Errorf("got %v, want %v", err, c.want)
		}
		checkIndexes(t, s)
		if n := query(t, s, "SELECT count(*) FROM hazards"); n != "0" {
			t.Errorf("%s hazards are there", n)
		}
	}
	limit := func(pages string) { query(t, s, "PRAGMA max_page_count = "+pages) }
	limit("300")
	if _, err := s.Apply(t.Context(), messy(safety.Hazards, 4000)); err == nil || !strings.Contains(err.Error(), "full") {
		t.Errorf("in a file that is full: %v", err)
	}
	limit("1073741823")
	checkIndexes(t, s)
	apply(t, s, messy(safety.Hazards, 4000))
	checkIndexes(t, s)
	if _, err := exec.LookPath("sqlite3"); err == nil {
		if out := command(t, "sqlite3", path, "PRAGMA integrity_check"); strings.TrimSpace(out) != "ok" {
			t.Errorf("another SQLite finds %s", out)
		}
	}
}

// TestGroundKeepsForeignThings wants what another program hung on a layer to be heeded.
func TestGroundKeepsForeignThings(t *testing.T) {
	for name, statement := range map[string]string{
		"an index":   `CREATE INDEX foreign_severity ON hazards (severity, id)`,
		"a backward": `CREATE INDEX foreign_id ON hazards (division, id DESC)`,
		"a trigger":  `CREATE TRIGGER foreign_trigger AFTER INSERT ON hazards BEGIN INSERT INTO seen VALUES (NEW.fid); END`,
		"a column":   `ALTER TABLE hazards ADD COLUMN foreign_column TEXT DEFAULT 'x'`,
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := tempStore(t, small()[:2]...)
			for _, do := range []string{"CREATE TABLE seen (fid)", statement} {
				if _, err := s.writer.ExecContext(t.Context(), do); err != nil {
					t.Fatal(err)
				}
			}
			r := apply(t, s, messy(safety.Hazards, 3000))
			if got := query(t, s, "PRAGMA integrity_check"); got != "ok" {
				t.Error(got)
			}
			seen := query(t, s, "SELECT count(*) FROM seen")
			if name == "a trigger" && seen != fmt.Sprint(r.Inserted) {
				t.Errorf("the trigger saw %s rows of %d", seen, r.Inserted)
			}
		})
	}
}
