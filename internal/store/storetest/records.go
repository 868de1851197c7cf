package storetest

import (
	"flag"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strconv"
	"testing"
	"time"

	"hazgrid/internal/store"
	"hazgrid/safety"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/paulmach/orb"
	"pgregory.net/rapid"
)

// home is the division most tests write to.
const home = "330381"

// values are the fields of a record by name; ints become int64 and time.Time safety.Time.
type values map[string]any

// record makes a record of k.
func record(t *testing.T, k safety.Kind, number int64, at orb.Geometry, v values) safety.Record {
	t.Helper()
	r, strange := build(k, number, at, v)
	if strange != 0 {
		t.Fatalf("%v has fields that %s has not", v, k)
	}
	return r
}

// build makes a record of k and tells how many of the values are not fields of it.
func build(k safety.Kind, number int64, at orb.Geometry, v values) (r safety.Record, strange int) {
	r, strange = safety.Record{Number: number, Geometry: at}, len(v)
	for _, f := range safety.Fields(k) {
		value, ok := v[f.Name]
		if ok {
			strange--
		} else {
			value = f.Default
		}
		switch x := value.(type) {
		case int:
			value = int64(x)
		case time.Time:
			value = safety.TimeOf(x)
		}
		r.Values = append(r.Values, value)
	}
	return r, strange
}

// spec is a record without its number and kind.
type spec struct {
	at orb.Geometry
	v  values
}

// batch makes a batch of records numbered from 1.
func batch(t *testing.T, k safety.Kind, specs ...spec) safety.Batch {
	t.Helper()
	var records []safety.Record
	for i, s := range specs {
		records = append(records, record(t, k, int64(i+1), s.at, s.v))
	}
	return safety.Batch{Kind: k, Records: all(records)}
}

func all(records []safety.Record) iter.Seq2[safety.Record, error] {
	return func(yield func(safety.Record, error) bool) {
		for _, r := range records {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// square is the box of side 1 (degrees) times w, h with its lower left corner at x, y.
func square(x, y, w, h float64) orb.MultiPolygon {
	return orb.MultiPolygon{{{{x, y}, {x + w, y}, {x + w, y + h}, {x, y + h}, {x, y}}}}
}

func grid(code string, level int, shape orb.Geometry, more ...any) spec {
	return spec{shape, with(values{"code": code, "level": level, "name": "grid " + code}, more)}
}

func enterprise(id string, at orb.Geometry, more ...any) spec {
	return spec{at, with(values{"id": id}, more)}
}

func hazard(id, enterprise string, at orb.Geometry, more ...any) spec {
	v := values{"id": id, "found_at": day(1)}
	if enterprise != "" {
		v["enterprise"] = enterprise
	}
	return spec{at, with(v, more)}
}

func inspection(id, enterprise string, at orb.Geometry, more ...any) spec {
	v := values{"id": id, "at": day(1)}
	if enterprise != "" {
		v["enterprise"] = enterprise
	}
	return spec{at, with(v, more)}
}

// with adds names and values in turn.
func with(v values, more []any) values {
	for i := 0; i+1 < len(more); i += 2 {
		v[fmt.Sprint(more[i])] = more[i+1]
	}
	return v
}

// day is noon of a day of December 2014.
func day(n int) time.Time { return time.Date(2014, 12, n, 12, 0, 0, 0, time.UTC) }

// town is one large grid T with two halves W and E, and nothing beyond longitude 122.
func town(t *testing.T) safety.Batch {
	return batch(t, safety.Grids,
		grid("T", 1, square(120, 27, 2, 1)),
		grid("W", 2, square(120, 27, 1, 1), "parent", "T"),
		grid("E", 2, square(121, 27, 1, 1), "parent", "T"))
}

// Points in W, in E and in no grid.
func inW() orb.Point     { return orb.Point{120.5, 27.5} }
func inE() orb.Point     { return orb.Point{121.5, 27.5} }
func nowhere() orb.Point { return orb.Point{123, 27.5} }

// apply applies b and fails the test on an error.
func apply(t *testing.T, s store.Store, b safety.Batch) safety.Receipt {
	t.Helper()
	r, err := s.Apply(t.Context(), b)
	if err != nil {
		t.Fatalf("apply %s: %v", b.Kind, err)
	}
	return r
}

// applyAll applies b and returns also what was refused.
func applyAll(t *testing.T, s store.Store, b safety.Batch) (safety.Receipt, []safety.Reject) {
	t.Helper()
	var rejects []safety.Reject
	b.Rejected = func(r safety.Reject) error { rejects = append(rejects, r); return nil }
	return apply(t, s, b), rejects
}

// counts are the numbers of a receipt in the order inserted, updated, unchanged, superseded, rejected.
func counts(r safety.Receipt) [5]int64 {
	return [5]int64{r.Inserted, r.Updated, r.Unchanged, r.Superseded, r.Rejected}
}

func wantCounts(t *testing.T, r safety.Receipt, want [5]int64) {
	t.Helper()
	if got := counts(r); got != want {
		t.Errorf("inserted, updated, unchanged, superseded, rejected: got %v, want %v", got, want)
	}
}

func load(t *testing.T, s store.Store, since int64) safety.Records {
	t.Helper()
	r, err := s.Load(t.Context(), since)
	if err != nil {
		t.Fatalf("load since %d: %v", since, err)
	}
	return r
}

// same fails the test where got is not want.
func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// find returns the record with an id.
func find[T any](t *testing.T, rows []T, id string) T {
	t.Helper()
	i := slices.IndexFunc(rows, func(r T) bool { return reflect.ValueOf(r).FieldByName("ID").String() == id })
	if i < 0 {
		t.Fatalf("no record %s among %d", id, len(rows))
	}
	return rows[i]
}

// codes returns the codes of the sites of a place, by level, in the epoch that began at epoch.
func codes(r safety.Records, p safety.PlaceID, epoch safety.Time) []string {
	var out []string
	for _, s := range r.Sites {
		if s.Place == p && s.Epoch == epoch {
			out = append(out, s.Code)
		}
	}
	return out
}

// property checks prop on n random inputs: each costs transactions, so fewer than rapid's usual number.
func property(t *testing.T, n int, prop func(*rapid.T)) {
	t.Helper()
	checks := flag.Lookup("rapid.checks")
	before := checks.Value.String()
	t.Cleanup(func() { _ = checks.Value.Set(before) })
	if err := checks.Value.Set(strconv.Itoa(n)); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, prop)
}
