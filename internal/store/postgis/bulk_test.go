package postgis_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/paulmach/orb"

	"hazgrid/internal/store/postgis/pgtest"
	"hazgrid/safety"
)

func TestALargeFirstImportLeavesTheIndexesAsTheyWere(t *testing.T) {
	url := pgtest.DB(t)
	db := connect(t, url)
	const query = `select indexdef from pg_indexes where schemaname = 'public' and tablename in ('lines', 'enterprises', 'grids')
		union all select conname || ' ' || pg_get_constraintdef(oid) from pg_constraint
			where conrelid in (to_regclass('enterprises'), to_regclass('grids')) order by 1`
	first, second := open(t, url, "first"), open(t, url, "second")
	want := strings1(t, db, query)
	const n = 10_500
	b := manyEnterprises(n)
	reader, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := reader.ExecContext(t.Context(), "select count(*) from enterprises"); err != nil {
		t.Fatal(err)
	}
	undo := b
	undo.Confirm = func(safety.Receipt) error { return safety.ErrDenied }
	if _, err := first.Apply(t.Context(), undo); err == nil {
		t.Error("undone while another reads: got no error")
	}
	if err := reader.Rollback(); err != nil {
		t.Fatal(err)
	}
	if r, err := first.Apply(t.Context(), manyGrids(n)); err != nil || r.Inserted != n {
		t.Fatalf("grids: got %d inserted, %v, want %d", r.Inserted, err, n)
	}
	for division, apply := range map[string]func() (safety.Receipt, error){
		"first":  func() (safety.Receipt, error) { return first.Apply(t.Context(), b) },
		"second": func() (safety.Receipt, error) { return second.Apply(t.Context(), b) },
	} {
		if r, err := apply(); err != nil || r.Inserted != n {
			t.Fatalf("%s: got %d inserted, %v, want %d", division, r.Inserted, err, n)
		}
	}
	if diff := cmp.Diff(want, strings1(t, db, query)); diff != "" {
		t.Errorf("indexes (-want +got):\n%s", diff)
	}
}

func TestALargeFirstImportKeepsAKeyThatAnotherTableRefersTo(t *testing.T) {
	url := pgtest.DB(t)
	db := connect(t, url)
	s := open(t, url, "0")
	const mine = `create table mine (division text collate "C", id text collate "C", foreign key (division, id) references enterprises)`
	if _, err := db.ExecContext(t.Context(), mine); err != nil {
		t.Fatal(err)
	}
	const n = 10_500
	if r, err := s.Apply(t.Context(), manyEnterprises(n)); err != nil || r.Inserted != n {
		t.Fatalf("got %d inserted, %v, want %d", r.Inserted, err, n)
	}
	if _, err := db.ExecContext(t.Context(), "insert into mine values ('0', '17')"); err != nil {
		t.Error(err)
	}
}

func TestAValueOfAnotherTypeIsRefused(t *testing.T) {
	s := open(t, pgtest.DB(t), "0")
	fields := safety.Fields(safety.Enterprises)
	for i, f := range fields {
		for _, v := range []any{"text", int64(1), 1.5, true, safety.Time(1), 7} {
			r := safety.Record{Number: 1, Values: make([]any, len(fields))}
			r.Values[0], r.Values[i] = "e", v
			_, err := s.Apply(t.Context(), safety.Batch{Kind: safety.Enterprises, Records: func(yield func(safety.Record, error) bool) { yield(r, nil) }})
			if fits := f.Type == typeOf(v); !fits && !errors.Is(err, safety.ErrInvalid) {
				t.Errorf("%s = %v (%T): got error %v, want ErrInvalid", f.Name, v, v, err)
			}
		}
	}
}

// typeOf is the type of the fields that take v, 99 for none.
func typeOf(v any) safety.Type {
	switch v.(type) {
	case string:
		return safety.Text
	case int64:
		return safety.Integer
	case float64:
		return safety.Real
	case bool:
		return safety.Boolean
	case safety.Time:
		return safety.Instant
	}
	return 99
}

// manyGrids is a batch of n squares beside each other.
func manyGrids(n int) safety.Batch {
	fields := safety.Fields(safety.Grids)
	return safety.Batch{Kind: safety.Grids, Records: func(yield func(safety.Record, error) bool) {
		for i := range n {
			x, y := 120+0.001*float64(i%100), 27+0.001*float64(i/100)
			r := safety.Record{Number: int64(i + 1), Values: make([]any, len(fields))}
			r.Geometry = orb.MultiPolygon{{{{x, y}, {x + 0.001, y}, {x + 0.001, y + 0.001}, {x, y + 0.001}, {x, y}}}}
			for k, f := range fields {
				switch f.Name {
				case "code":
					r.Values[k] = fmt.Sprint(i)
				case "level":
					r.Values[k] = int64(1)
				case "frame":
					r.Values[k] = "wgs84"
				}
			}
			if !yield(r, nil) {
				return
			}
		}
	}}
}

// manyEnterprises is a batch of n enterprises at one point.
func manyEnterprises(n int) safety.Batch {
	return safety.Batch{Kind: safety.Enterprises, Records: func(yield func(safety.Record, error) bool) {
		for i := range n {
			r := safety.Record{Number: int64(i + 1), Values: make([]any, len(safety.Fields(safety.Enterprises))), Geometry: orb.Point{120, 27}}
			r.Values[0] = fmt.Sprint(i)
			if !yield(r, nil) {
				return
			}
		}
	}}
}
