package safety_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/paulmach/orb"
	"pgregory.net/rapid"

	"hazgrid/safety"
)

func day(s string) safety.Time {
	t, err := safety.ParseTime(s, time.UTC, safety.Opens)
	if err != nil {
		panic(err)
	}
	return t
}

func box(x0, y0, x1, y1 float64) orb.MultiPolygon {
	return orb.MultiPolygon{{{{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}, {x0, y0}}}}
}

func grid(code, parent string, level int, b orb.MultiPolygon) safety.Grid {
	return safety.Grid{Scheme: "safety", Code: code, Name: "grid " + code, Level: level, Parent: parent, AreaKm2: 2, Boundary: b, ID: safety.GridID("0", "safety", code)}
}

// twoLevels is one square of two halves, the right one declared a child of "B", and "B" beside it.
func twoLevels() []safety.Grid {
	return []safety.Grid{
		grid("A", "", 1, box(0, 0, 2, 1)),
		grid("B", "", 1, box(2, 0, 3, 1)),
		grid("A1", "A", 2, box(0, 0, 1, 1)),
		grid("A2", "B", 2, box(1, 0, 2, 1)),
	}
}

func snapshot(t testing.TB, r safety.Records, at safety.Time) *safety.Snapshot {
	t.Helper()
	r.Whole = true
	s, err := safety.NewSnapshot(r, at)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func codes(grids []*safety.Grid) []string {
	var out []string
	for _, g := range grids {
		out = append(out, g.Code)
	}
	return out
}

// Contract section 6: geometry decides at the deepest level, declared parents above it, and
// geometry where no lower level owns the point.
func TestWhichLevels(t *testing.T) {
	s := snapshot(t, safety.Records{Grids: twoLevels()}, day("2014-06-01"))
	for _, c := range []struct {
		p    orb.Point
		want []string
	}{
		{orb.Point{0.5, 0.5}, []string{"A", "A1"}},
		{orb.Point{1.5, 0.5}, []string{"B", "A2"}}, // declared, though A lies there
		{orb.Point{1, 0.5}, []string{"B", "A2"}},   // on the shared edge: the grid to the right
		{orb.Point{2.5, 0.5}, []string{"B"}},
		{orb.Point{2, 0.5}, []string{"B", "A2"}}, // outline of level 2: the one that touches
		{orb.Point{3, 1}, []string{"B"}},
		{orb.Point{9, 9}, nil},
	} {
		got, err := s.Which(c.p, safety.WhichOptions{})
		if err != nil || !slices.Equal(codes(got.Grids), c.want) {
			t.Errorf("Which(%v) = %v, %v, want %v", c.p, codes(got.Grids), err, c.want)
		}
	}
}

func TestWhichSnap(t *testing.T) {
	s := snapshot(t, safety.Records{Grids: twoLevels()}, day("2014-06-01"))
	p := orb.Point{-0.0001, 0.5} // 0.0001° of longitude west of A1: 11.132 m, a·π/180·cos φ on WGS 84
	got, err := s.Which(p, safety.WhichOptions{SnapM: 20})
	if err != nil || !slices.Equal(codes(got.Grids), []string{"A", "A1"}) || math.Abs(got.DistanceM-11.132) > 0.001 {
		t.Errorf("Which(%v, snap 20) = %v %v, %v", p, codes(got.Grids), got.DistanceM, err)
	}
	if got, err := s.Which(p, safety.WhichOptions{SnapM: 10}); err != nil || len(got.Grids) != 0 {
		t.Errorf("Which(%v, snap 10) = %v, %v, want none", p, codes(got.Grids), err)
	}
}

func TestWhichRefuses(t *testing.T) {
	s := snapshot(t, safety.Records{Grids: twoLevels()}, day("2014-06-01"))
	for _, p := range []orb.Point{{math.NaN(), 0}, {0, math.NaN()}, {math.Inf(1), 0}, {0, math.Inf(-1)}, {180.1, 0}, {0, -90.1}} {
		if _, err := s.Which(p, safety.WhichOptions{}); !errors.Is(err, safety.ErrInvalid) {
			t.Errorf("Which(%v): %v, want ErrInvalid", p, err)
		}
	}
	if _, err := s.Which(orb.Point{0, 0}, safety.WhichOptions{Scheme: "police"}); !errors.Is(err, safety.ErrNotFound) {
		t.Errorf("unknown scheme: %v, want ErrNotFound", err)
	}
}

// Last month's report stands on last month's boundaries: a new version moves the line between
// two grids from its date on.
func TestBoundaryVersions(t *testing.T) {
	moved := day("2014-07-01")
	grids := []safety.Grid{grid("L", "", 1, box(0, 0, 1, 1)), grid("R", "", 1, box(1, 0, 2, 1))}
	later := []safety.Grid{grid("L", "", 1, box(0, 0, 1.5, 1)), grid("R", "", 1, box(1.5, 0, 2, 1))}
	for _, g := range later {
		g.ValidFrom = moved
		grids = append(grids, g)
	}
	placer, err := safety.NewPlacer(grids)
	if err != nil {
		t.Fatal(err)
	}
	p := orb.Point{1.2, 0.5}
	place, sites := placer.Place(p)
	s := snapshot(t, safety.Records{
		Grids: grids, Sites: sites,
		Enterprises: []safety.Enterprise{{ID: "e", At: p, Place: place}},
	}, day("2014-12-31"))
	for at, want := range map[safety.Time]string{moved - 1: "R", moved: "L", 0: "L"} {
		table, err := s.Tallies(1, safety.Query{At: at})
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range table.Rows {
			if n := row.Enterprises; (row.Grid != nil && row.Grid.Code == want) != (n == 1) {
				t.Errorf("at %v row %q counts %d, want the enterprise in %s", at, row.Name, n, want)
			}
		}
		if w, err := s.Which(p, safety.WhichOptions{At: at}); err != nil || codes(w.Grids)[0] != want {
			t.Errorf("at %v Which = %v, %v, want %s", at, codes(w.Grids), err, want)
		}
	}
}

// valid_to is a date that closes a span: the grid is still valid on that day.
func TestValidTo(t *testing.T) {
	g := grid("L", "", 1, box(0, 0, 1, 1))
	g.ValidTo = day("2014-07-01") - 1
	s := snapshot(t, safety.Records{Grids: []safety.Grid{g}}, day("2014-12-31"))
	for at, want := range map[safety.Time]int{day("2014-07-01") - 1: 1, day("2014-07-01"): 0} {
		l, err := s.Layer("", 1, at)
		if err != nil || len(l.Grids) != want {
			t.Errorf("at %v: %d grids, %v, want %d", at, len(l.Grids), err, want)
		}
	}
}

// What a deadline's passing changes: nothing at its last millisecond, overdue at the next.
func TestOverdueAfterTheDay(t *testing.T) {
	shanghai := zone(t, "Asia/Shanghai")
	due, err := safety.ParseTime("2014-12-20", shanghai, safety.Closes)
	if err != nil {
		t.Fatal(err)
	}
	r := safety.Records{Grids: twoLevels(), Hazards: []safety.Hazard{{ID: "h", FoundAt: day("2014-12-01"), DueAt: due, Place: safety.Outside}}}
	s := snapshot(t, r, due-1)
	if got, want := s.NextChange(), due+1; got != want {
		t.Errorf("NextChange = %v, want %v", got, want)
	}
	for at, want := range map[safety.Time]int64{due: 0, due + 1: 1} {
		s, err := s.Next(safety.Records{Version: 2}, at)
		if err != nil {
			t.Fatal(err)
		}
		table, err := s.Tallies(1, safety.Query{})
		if err != nil || table.Total.Overdue != want || table.Total.Open != 1 {
			t.Errorf("at %v overdue = %d, %v, want %d", at, table.Total.Overdue, err, want)
		}
	}
}

func TestState(t *testing.T) {
	h := safety.Hazard{FoundAt: 10, OrderedAt: 20, RectifiedAt: 30, ReviewedAt: 40, ClosedAt: 50}
	for at, want := range map[safety.Time]safety.State{10: safety.Registered, 20: safety.Ordered, 30: safety.Review, 40: safety.Ordered, 50: safety.Closed} {
		if got := h.State(at); got != want {
			t.Errorf("State(%d) = %s, want %s", at, got, want)
		}
	}
	h.Outcome = "void"
	if got := h.State(60); got != safety.Void {
		t.Errorf("void hazard: %s", got)
	}
}

func TestParseQueryRefuses(t *testing.T) {
	for field, value := range map[string]string{
		"severity": "huge", "source": "rumour", "responsible": "nobody", "at": "soon", "from": "2014-13-01", "to": "x", "floor_area_max": "-1",
	} {
		_, err := safety.ParseQuery(func(name string) string { return map[string]string{field: value}[name] }, time.UTC)
		var fe *safety.FieldError
		if !errors.As(err, &fe) || fe.Field != field {
			t.Errorf("%s=%s: %v, want a FieldError of it", field, value, err)
		}
	}
}

// district draws records over twoLevels with every kind of gap that real ones have.
func district(t *rapid.T) safety.Records {
	placer, err := safety.NewPlacer(twoLevels())
	if err != nil {
		t.Fatal(err)
	}
	r := safety.Records{Whole: true, Version: 1, Grids: twoLevels()}
	sites := map[safety.PlaceID][]safety.Site{}
	point := rapid.Custom(func(t *rapid.T) orb.Point {
		return orb.Point{rapid.Float64Range(-1, 4).Draw(t, "lon"), rapid.Float64Range(-0.2, 1.2).Draw(t, "lat")}
	})
	locate := func() (orb.Point, safety.PlaceID) {
		if rapid.IntRange(0, 9).Draw(t, "located") == 0 {
			return orb.Point{}, safety.NoPlace
		}
		p := point.Draw(t, "at")
		place, s := placer.Place(p)
		if len(s) > 0 {
			sites[place] = s
		}
		return p, place
	}
	when := func(label string) safety.Time { return safety.Time(rapid.Int64Range(0, 40).Draw(t, label)) }
	pick := func(label string, of ...string) string { return rapid.SampledFrom(of).Draw(t, label) }
	for i := range rapid.IntRange(0, 12).Draw(t, "enterprises") {
		p, place := locate()
		r.Enterprises = append(r.Enterprises, safety.Enterprise{
			ID: fmt.Sprintf("e%02d", i), Kind: pick("kind", "", "combined_use", "other"), At: p, Place: place,
			OpenedAt: when("opened"), EndedAt: when("ended"), HasFloor: i%2 == 0, FloorAreaM2: float64(i * 100),
		})
	}
	enterprise := func() string { return fmt.Sprintf("e%02d", rapid.IntRange(0, 13).Draw(t, "of")) }
	for i := range rapid.IntRange(0, 30).Draw(t, "hazards") {
		p, place := locate()
		r.Hazards = append(r.Hazards, safety.Hazard{
			ID: fmt.Sprintf("h%02d", i), Enterprise: enterprise(), At: p, Place: place,
			Severity: pick("severity", "", "general", "major"), Source: pick("source", "patrol", "campaign"), Outcome: pick("outcome", "", "", "void", "transferred"),
			FoundAt: 1 + when("found"), DueAt: when("due"), RectifiedAt: when("rectified"), ClosedAt: when("closed"),
		})
	}
	for i := range rapid.IntRange(0, 20).Draw(t, "inspections") {
		p, place := locate()
		r.Inspections = append(r.Inspections, safety.Inspection{
			ID: fmt.Sprintf("i%02d", i), Enterprise: enterprise(), Kind: pick("visit", "patrol", "campaign"), Order: pick("order", "", "none", "rectify", "suspend"),
			At: 1 + when("visited"), Officers: rapid.Int64Range(0, 5).Draw(t, "officers"), Where: p, Place: place,
		})
	}
	for _, s := range sites {
		r.Sites = append(r.Sites, s...)
	}
	return r
}

func drawQuery(t *rapid.T) safety.Query {
	pick := func(label string, of ...string) string { return rapid.SampledFrom(of).Draw(t, label) }
	q := safety.Query{
		At: safety.Time(rapid.Int64Range(1, 45).Draw(t, "at")), From: safety.Time(rapid.Int64Range(0, 20).Draw(t, "from")), To: safety.Time(rapid.Int64Range(0, 40).Draw(t, "to")),
		Kind: pick("filter kind", "", "", "combined_use"), Severity: pick("filter severity", "", "", "major"), Source: pick("filter source", "", "", "campaign"),
	}
	if rapid.Bool().Draw(t, "floor") {
		q.FloorAreaMax, q.HasFloorMax = 400, true
	}
	return q
}

// The tally of each row equals the definitions of contract section 5 read out one by one.
func TestTalliesEqualTheirDefinitions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, q := district(t), drawQuery(t)
		s, err := safety.NewSnapshot(r, 50)
		if err != nil {
			t.Fatal(err)
		}
		for level := 1; level <= 2; level++ {
			table, err := s.Tallies(level, q)
			if err != nil {
				t.Fatal(err)
			}
			var sum safety.Tally
			for _, row := range table.Rows {
				want := define(s, r, q, level, row)
				if diff := cmp.Diff(want, row.Tally); diff != "" {
					t.Fatalf("level %d row %q (-definition +got):\n%s", level, row.Name, diff)
				}
				sum.Found += row.Found
			}
			if sum.Found != table.Total.Found {
				t.Fatalf("rows hold %d hazards, the total %d", sum.Found, table.Total.Found)
			}
		}
	})
}

// define reads contract section 5 for one row, slowly.
func define(s *safety.Snapshot, r safety.Records, q safety.Query, level int, row safety.Row) safety.Tally {
	ofLevel := func(p orb.Point, place safety.PlaceID, level int) string {
		if place == safety.NoPlace {
			return "unlocated"
		}
		w, _ := s.Which(p, safety.WhichOptions{})
		for _, g := range w.Grids {
			if g.Level == level {
				return g.Name
			}
		}
		return "outside"
	}
	in := func(p orb.Point, place safety.PlaceID) bool { return ofLevel(p, place, level) == row.Name }
	by := map[string]safety.Enterprise{}
	passes := func(e safety.Enterprise, ok bool) bool {
		return (q.Kind == "" || ok && e.Kind == q.Kind) && (!q.HasFloorMax || ok && e.HasFloor && e.FloorAreaM2 <= q.FloorAreaMax)
	}
	within := func(t safety.Time) bool { return t <= q.At && t >= q.From && (q.To == 0 || t <= q.To) }
	var w safety.Tally
	for _, e := range r.Enterprises {
		by[e.ID] = e
		if in(e.At, e.Place) && passes(e, true) && e.OpenedAt <= q.At && (e.EndedAt == 0 || e.EndedAt > q.At) {
			w.Enterprises++
		}
	}
	open, units := map[string]bool{}, map[string]bool{}
	for _, h := range r.Hazards {
		e, known := by[h.Enterprise]
		if h.Outcome == "void" || !within(h.FoundAt) || !in(h.At, h.Place) || !passes(e, known) ||
			q.Severity != "" && h.Severity != q.Severity || q.Source != "" && h.Source != q.Source {
			continue
		}
		w.Found++
		fixed := h.RectifiedAt
		if fixed == 0 {
			fixed = h.ClosedAt
		}
		isOpen := fixed == 0 || fixed > q.At
		if !isOpen {
			w.Rectified++
		} else if h.DueAt != 0 && h.DueAt < q.At {
			w.Overdue++
		}
		if below := ofLevel(h.At, h.Place, 2); level == 1 && (below == "outside" || below == "unlocated") {
			w.Unassigned++
		}
		if known {
			units[h.Enterprise] = true
			open[h.Enterprise] = open[h.Enterprise] || isOpen
		}
	}
	w.Open = w.Found - w.Rectified
	for u := range units {
		w.UnitsFound++
		if !open[u] {
			w.UnitsRectified++
		}
	}
	inspected, ordered := map[string]bool{}, map[string]map[string]bool{"rectify": {}, "suspend": {}}
	for _, i := range r.Inspections {
		e, known := by[i.Enterprise]
		if !within(i.At) || !in(i.Where, i.Place) || q.Source != "" && i.Kind != q.Source || q.Kind != "" && (!known || e.Kind != q.Kind) {
			continue
		}
		w.Inspections++
		w.Officers += i.Officers
		if known {
			inspected[i.Enterprise] = true
			if m := ordered[i.Order]; m != nil {
				m[i.Enterprise] = true
			}
		}
	}
	w.UnitsInspected, w.OrdersRectify, w.OrdersSuspend = int64(len(inspected)), int64(len(ordered["rectify"])), int64(len(ordered["suspend"]))
	if row.Grid != nil {
		w.AreaKm2, w.HasArea = 2, true
	}
	return w
}

// A snapshot made step by step answers as one made from all records at once, and changes what
// it says it changes.
func TestNextEqualsWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before, after := district(t), district(t)
		after.Version = 2
		delta := safety.Records{Version: 2, Sites: after.Sites, Enterprises: after.Enterprises, Hazards: after.Hazards, Inspections: after.Inspections}
		for i := len(after.Hazards); i < len(before.Hazards); i++ {
			delta.Hazards = append(delta.Hazards, safety.Hazard{ID: before.Hazards[i].ID, Deleted: true})
		}
		for i := len(after.Enterprises); i < len(before.Enterprises); i++ {
			delta.Enterprises = append(delta.Enterprises, safety.Enterprise{ID: before.Enterprises[i].ID, Deleted: true})
		}
		for i := len(after.Inspections); i < len(before.Inspections); i++ {
			delta.Inspections = append(delta.Inspections, safety.Inspection{ID: before.Inspections[i].ID, Deleted: true})
		}
		first, err := safety.NewSnapshot(before, 30)
		if err != nil {
			t.Fatal(err)
		}
		step, err := first.Next(delta, 30)
		if err != nil {
			t.Fatal(err)
		}
		whole, err := safety.NewSnapshot(after, 30)
		if err != nil {
			t.Fatal(err)
		}
		if step.NextChange() != whole.NextChange() {
			t.Fatalf("next change %v, want %v", step.NextChange(), whole.NextChange())
		}
		for level := 1; level <= 2; level++ {
			a, err1 := step.Tallies(level, safety.Query{})
			b, err2 := whole.Tallies(level, safety.Query{})
			if err := errors.Join(err1, err2); err != nil {
				t.Fatal(err)
			}
			for i := range a.Rows {
				if diff := cmp.Diff(b.Rows[i].Tally, a.Rows[i].Tally); diff != "" {
					t.Fatalf("level %d row %q (-whole +step):\n%s", level, a.Rows[i].Name, diff)
				}
			}
		}
		got, want := step.HazardSymbols(safety.Query{}), whole.HazardSymbols(safety.Query{})
		if diff := cmp.Diff(all(want), all(got)); diff != "" {
			t.Fatalf("symbols (-whole +step):\n%s", diff)
		}
	})
}

func all(y *safety.Symbols) []safety.Symbol {
	var out []safety.Symbol
	for i := range y.Len() {
		out = append(out, y.Fold(i, i+1))
	}
	return out
}

// Two hundred tenants at one coordinate are one symbol of 200 (domain.md 7, system 3).
func TestSymbolsStack(t *testing.T) {
	var r safety.Records
	for i := range 200 {
		r.Enterprises = append(r.Enterprises, safety.Enterprise{ID: fmt.Sprintf("t%03d", i), Kind: "multi_tenant", At: orb.Point{0.5, 0.5}, Place: safety.Outside})
	}
	r.Enterprises = append(r.Enterprises, safety.Enterprise{ID: "z", Kind: "other", At: orb.Point{0.6, 0.5}, Place: safety.Outside})
	got := all(snapshot(t, r, 1).EnterpriseSymbols(safety.Query{}))
	if len(got) != 2 || got[0].Count != 200 || got[0].ID != "t000" || got[0].Kind != "multi_tenant" || got[1].Count != 1 {
		t.Errorf("symbols: %+v", got)
	}
}

func TestChangedNamesTheGrid(t *testing.T) {
	placer, err := safety.NewPlacer(twoLevels())
	if err != nil {
		t.Fatal(err)
	}
	p := orb.Point{0.5, 0.5}
	place, sites := placer.Place(p)
	s := snapshot(t, safety.Records{Version: 1, Grids: twoLevels()}, 100)
	n, err := s.Next(safety.Records{Version: 2, Sites: sites, Hazards: []safety.Hazard{{ID: "h", FoundAt: 5, At: p, Place: place}}}, 100)
	if err != nil {
		t.Fatal(err)
	}
	if got, all := n.Changed(s); all || !slices.Equal(got, []string{"A", "A1"}) {
		t.Errorf("Changed = %v, %v, want A, A1", got, all)
	}
}

// A scheme of counties and villages may leave level 2 out: what lies in a village is assigned.
func TestLevelLeftOut(t *testing.T) {
	grids := []safety.Grid{grid("A", "", 1, box(0, 0, 2, 1)), grid("A1", "A", 3, box(0, 0, 1, 1))}
	placer, err := safety.NewPlacer(grids)
	if err != nil {
		t.Fatal(err)
	}
	r := safety.Records{Grids: grids}
	for id, p := range map[string]orb.Point{"in": {0.5, 0.5}, "out": {1.5, 0.5}} {
		place, sites := placer.Place(p)
		r.Sites = append(r.Sites, sites...)
		r.Hazards = append(r.Hazards, safety.Hazard{ID: id, FoundAt: 1, At: p, Place: place})
	}
	s := snapshot(t, r, 100)
	table, err := s.Tallies(1, safety.Query{})
	if err != nil || table.Rows[0].Found != 2 || table.Rows[0].Unassigned != 1 {
		t.Errorf("level 1: %+v, %v, want 2 found and 1 unassigned", table.Rows[0].Tally, err)
	}
	if l, err := s.Layer("", 2, 0); err != nil || len(l.Grids) != 0 {
		t.Errorf("level 2: %v, %v, want an empty layer", l, err)
	}
	if _, err := s.Layer("", 4, 0); !errors.Is(err, safety.ErrNotFound) {
		t.Errorf("level 4: %v, want ErrNotFound", err)
	}
}
