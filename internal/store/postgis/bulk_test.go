package postgis_test

import (
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
	const query = `select indexdef from pg_indexes where schemaname = 'public' and tablename in ('lines', 'enterprises')
		union all select conname || ' ' || pg_get_constraintdef(oid) from pg_constraint where conrelid = to_regclass('enterprises') order by 1`
	first, second := open(t, url, "first"), open(t, url, "second")
	want := strings1(t, db, query)
	const n = 10_500
	b := safety.Batch{Kind: safety.Enterprises, Records: func(yield func(safety.Record, error) bool) {
		for i := range n {
			r := safety.Record{Number: int64(i + 1), Values: make([]any, len(safety.Fields(safety.Enterprises))), Geometry: orb.Point{120, 27}}
			r.Values[0] = fmt.Sprint(i)
			if !yield(r, nil) {
				return
			}
		}
	}}
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
