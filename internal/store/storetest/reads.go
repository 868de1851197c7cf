package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"hazgrid/internal/store"
	"hazgrid/safety"

	"github.com/paulmach/orb"
)

func reads() map[string]func(*testing.T, Opener) {
	return map[string]func(*testing.T, Opener){
		"records are read back with every field as it was given":           readBack,
		"a record read has its own point, its location and its grids":      readPlaces,
		"the grids of a record read are those valid at the time asked for": readEpochs,
		"all versions of a grid are read, or those of a scheme or level":   readGrids,
		"what was deleted and what is of another division is not read":     readLive,
		"a reading ends when its reader or its context does":               readSome,
	}
}

// read returns the records that a reading yields.
func read(t *testing.T, s store.Store, q safety.Reading) (out []safety.Stored) {
	t.Helper()
	for r, err := range s.Records(t.Context(), q) {
		if err != nil {
			t.Fatalf("read %s: %v", q.Kind, err)
		}
		out = append(out, r)
	}
	return out
}

// full gives every field of k a value of its type; what refers to another record is left to v.
func full(k safety.Kind, v values) values {
	at := safety.TimeOf(time.Date(2014, 12, 3, 9, 5, 7, 123e6, time.UTC))
	for i, f := range safety.Fields(k) {
		if _, given := v[f.Name]; given {
			continue
		}
		switch f.Type {
		case safety.Integer:
			v[f.Name] = i + 2
		case safety.Real:
			v[f.Name] = 0.1 + float64(i)
		case safety.Boolean:
			v[f.Name] = false
		case safety.Instant, safety.Deadline:
			v[f.Name] = at + safety.Time(i)
		case safety.Text:
			v[f.Name] = f.Name + " 值\n\"2\""
			if f.Closed != nil {
				v[f.Name] = f.Closed[0]
			}
		}
	}
	return v
}

func readBack(t *testing.T, o Opener) {
	s := o.Open(t, home)
	wire := orb.MultiLineString{{{120, 27}, {120.1, 27.000000000000004}}, {{121, 27}, {121, 28}}}
	for _, b := range []struct {
		kind  safety.Kind
		specs []spec
	}{
		{safety.Grids, []spec{
			{square(121, 27, 1, 1), values{"code": "X", "level": 2}},
			{square(120, 27, 2, 1), full(safety.Grids, values{"code": "T", "level": 1, "parent": nil, "valid_to": nil})},
			{square(120, 27, 1, 1), full(safety.Grids, values{"code": "W", "level": 2, "parent": "T"})},
		}},
		{safety.Enterprises, []spec{{inW(), full(safety.Enterprises, values{"id": "e1", "parent": "e2"})}, {nil, values{"id": "e2"}}}},
		{safety.Hazards, []spec{
			{inE(), full(safety.Hazards, values{"id": "h1", "enterprise": "e1"})}, {nil, values{"id": "h2", "found_at": day(1)}},
		}},
		{safety.Inspections, []spec{{nil, full(safety.Inspections, values{"id": "i", "enterprise": "e1"})}}},
		{safety.Lines, []spec{{wire, full(safety.Lines, values{"id": "l"})}}},
	} {
		r, rejects := applyAll(t, s, batch(t, b.kind, b.specs...))
		if r.Rejected > 0 {
			t.Fatalf("%s: %v", b.kind, rejects)
		}
		got := read(t, s, safety.Reading{Kind: b.kind})
		if len(got) != len(b.specs) {
			t.Fatalf("%s: got %d records, want %d", b.kind, len(got), len(b.specs))
		}
		for i, want := range b.specs {
			same(t, string(b.kind), got[i].Record, record(t, b.kind, int64(i+1), want.at, want.v))
		}
	}
}

func readPlaces(t *testing.T, o Opener) {
	s := o.Open(t, home)
	apply(t, s, town(t))
	apply(t, s, batch(t, safety.Enterprises, enterprise("e", inW())))
	apply(t, s, batch(t, safety.Hazards, hazard("h1", "e", inE()), hazard("h2", "e", nil), hazard("h3", "", nil), hazard("h4", "", nowhere())))
	got := read(t, s, safety.Reading{Kind: safety.Hazards})
	for i, want := range []safety.Stored{
		{Record: safety.Record{Geometry: inE()}, Location: inE(), Grids: []string{"T", "E"}},
		{Location: inW(), Grids: []string{"T", "W"}},
		{Grids: []string{"", ""}},
		{Record: safety.Record{Geometry: nowhere()}, Location: nowhere(), Grids: []string{"", ""}},
	} {
		want.Number, want.Values = got[i].Number, got[i].Values
		same(t, want.Values[0].(string), got[i], want)
	}
	for _, g := range read(t, s, safety.Reading{Kind: safety.Grids}) {
		if g.AreaKm2 < 10_000 || g.Grids != nil || g.Location != nil {
			t.Errorf("grid %v: got %v km², grids %v, location %v, want about 11,000 or 22,000 and none", g.Values[1], g.AreaKm2, g.Grids, g.Location)
		}
	}
}

func readEpochs(t *testing.T, o Opener) {
	s := o.Open(t, home)
	apply(t, s, town(t))
	apply(t, s, batch(t, safety.Hazards, hazard("h", "", inE())))
	apply(t, s, batch(t, safety.Grids,
		grid("E", 2, square(121, 27, 1, 1), "parent", "T", "valid_to", safety.TimeOf(day(10))-1),
		grid("N", 2, square(121, 27, 1, 1), "parent", "T", "valid_from", day(10)),
		grid("V", 1, square(120, 27, 3, 3), "scheme", "villages")))
	for _, q := range []struct {
		safety.Reading
		want []string
	}{
		{safety.Reading{}, []string{"T", "E"}},
		{safety.Reading{At: safety.TimeOf(day(10)) - 1}, []string{"T", "E"}},
		{safety.Reading{At: safety.TimeOf(day(10))}, []string{"T", "N"}},
		{safety.Reading{At: safety.TimeOf(day(10)), Scheme: "villages"}, []string{"V"}},
	} {
		q.Kind = safety.Hazards
		same(t, "grids at "+q.At.String()+" "+q.Scheme, read(t, s, q.Reading)[0].Grids, q.want)
	}
	wantAbsent(t, s, safety.Reading{Kind: safety.Hazards, Scheme: "other"})
}

func readGrids(t *testing.T, o Opener) {
	s := o.Open(t, home)
	apply(t, s, town(t))
	apply(t, s, batch(t, safety.Grids,
		grid("W", 2, square(120, 27, 0.5, 1), "parent", "T", "valid_from", day(10)), grid("V", 1, square(120, 27, 3, 3), "scheme", "villages")))
	for _, q := range []struct {
		safety.Reading
		want []string
	}{
		{safety.Reading{}, []string{"E", "T", "W", "W", "V"}},
		{safety.Reading{Scheme: "safety"}, []string{"E", "T", "W", "W"}},
		{safety.Reading{Level: 1}, []string{"T", "V"}},
		{safety.Reading{Scheme: "villages", Level: 1}, []string{"V"}},
	} {
		q.Kind = safety.Grids
		var codes []string
		for _, g := range read(t, s, q.Reading) {
			codes = append(codes, g.Values[1].(string))
		}
		same(t, "codes", codes, q.want)
	}
	wantAbsent(t, s, safety.Reading{Kind: safety.Grids, Level: 3})
	wantAbsent(t, s, safety.Reading{Kind: safety.Grids, Scheme: "other"})
}

// wantAbsent wants a reading to end with safety.ErrNotFound and nothing else.
func wantAbsent(t *testing.T, s store.Store, q safety.Reading) {
	t.Helper()
	n := 0
	for _, err := range s.Records(t.Context(), q) {
		if n++; !errors.Is(err, safety.ErrNotFound) {
			t.Errorf("%+v: got %v, want not found", q, err)
		}
	}
	if n != 1 {
		t.Errorf("%+v: got %d answers, want one error", q, n)
	}
}

func readLive(t *testing.T, o Opener) {
	s := o.Open(t, home)
	if got := read(t, s, safety.Reading{Kind: safety.Hazards}); len(got) != 0 {
		t.Errorf("an empty store: got %d records", len(got))
	}
	apply(t, s, batch(t, safety.Hazards, hazard("b", "", inW()), hazard("a", "", nil), hazard("c", "", nil)))
	apply(t, o.Open(t, "other"), batch(t, safety.Hazards, hazard("z", "", nil)))
	o.Delete(t, home, safety.Hazards, "b")
	var ids []string
	for _, r := range read(t, s, safety.Reading{Kind: safety.Hazards}) {
		ids = append(ids, r.Values[0].(string))
	}
	same(t, "ids", ids, []string{"a", "c"})
}

func readSome(t *testing.T, o Opener) {
	s := o.Open(t, home)
	apply(t, s, batch(t, safety.Hazards, hazard("a", "", inW()), hazard("b", "", nil)))
	for _, err := range s.Records(t.Context(), safety.Reading{Kind: safety.Hazards}) {
		if err != nil {
			t.Fatal(err)
		}
		break
	}
	wantCounts(t, apply(t, s, batch(t, safety.Hazards, hazard("c", "", nil))), [5]int64{1, 0, 0, 0, 0})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range s.Records(ctx, safety.Reading{Kind: safety.Hazards}) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("a context that has ended: got %v, want canceled", err)
		}
	}
	for _, err := range s.Records(t.Context(), safety.Reading{Kind: "people"}) {
		if !errors.Is(err, safety.ErrInvalid) {
			t.Errorf("an unknown kind: got %v, want invalid", err)
		}
	}
}
