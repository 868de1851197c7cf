package safety

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// A table after any changes is what a new one of the same records is, and the one before is as it was.
func TestTableIsWhatItsRecordsMakeIt(t *testing.T) {
	f := hazardForm()
	owner := func(id string) int32 { return int32(len(id)) }
	rapid.Check(t, func(t *rapid.T) {
		s := &Snapshot{at: 1}
		known := map[string]Hazard{}
		table := newTable(nil, f)
		for range rapid.IntRange(1, 6).Draw(t, "batches") {
			n := rapid.SampledFrom([]int{0, 1, 3, 700, 1500}).Draw(t, "changes")
			ids := map[string]bool{}
			for range n {
				ids[fmt.Sprintf("h%04d", rapid.IntRange(0, 3000).Draw(t, "id"))] = true
			}
			var delta []Hazard
			for _, id := range slices.Sorted(maps.Keys(ids)) {
				h := Hazard{ID: id, FoundAt: Time(rapid.IntRange(0, 9).Draw(t, "found")), Enterprise: id[:rapid.IntRange(0, 3).Draw(t, "owner")]}
				h.Deleted = rapid.IntRange(0, 2).Draw(t, "deleted") == 0
				delta = append(delta, h)
				if known[id] = h; h.Deleted {
					delete(known, id)
				}
			}
			before, old := recordsOf(table), table
			table = table.with(delta, map[PlaceID]bool{}, f)
			s.at += Time(rapid.IntRange(0, 3).Draw(t, "time"))
			table.fill(s, owner, false, f)
			wantTable(t, s, table, known, owner)
			if !slices.Equal(recordsOf(old), before) {
				t.Fatal("the table before has other records")
			}
		}
	})
}

func recordsOf(t table[Hazard]) (all []Hazard) {
	for _, h := range t.all() {
		all = append(all, *h)
	}
	return all
}

// wantTable compares a table with one made afresh.
func wantTable(t *rapid.T, s *Snapshot, got table[Hazard], known map[string]Hazard, owner func(string) int32) {
	f := hazardForm()
	var rows []Hazard
	for _, id := range slices.Sorted(maps.Keys(known)) {
		rows = append(rows, known[id])
	}
	want := newTable(slices.Clone(rows), f)
	want.fill(s, owner, true, f)
	if got.len() != len(rows) || got.nextChange() != want.nextChange() {
		t.Fatalf("%d records, the next change at %d; want %d, %d", got.len(), got.nextChange(), len(rows), want.nextChange())
	}
	i := int32(0)
	for n, h := range got.all() {
		if n != i || *h != rows[i] || *got.at(i) != rows[i] || got.numberOf(h.ID, f) != i || got.owner(i) != want.owner(i) {
			t.Fatalf("record %d is %v, owner %d", n, *h, got.owner(n))
		}
		i++
	}
	for n, place := range got.places() {
		if place != s.numberOf(rows[n].Place) {
			t.Fatalf("record %d is at %d", n, place)
		}
	}
	for _, id := range []string{"", "h", "h1500", "h1500x", "z"} {
		want := slices.IndexFunc(rows, func(h Hazard) bool { return h.ID > id })
		first := -1
		for n := range got.after(id, f) {
			first = int(n)
			break
		}
		if first != want {
			t.Fatalf("after %q comes %d, want %d", id, first, want)
		}
	}
	for _, p := range got.pages {
		if len(p.rows) == 0 || len(p.rows) > 2*pageSize {
			t.Fatalf("a page of %d records", len(p.rows))
		}
	}
}
