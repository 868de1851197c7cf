package district

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/paulmach/orb"

	"hazgrid/safety"
)

// A fact is one record by field name.
type fact struct {
	values map[string]any
	at     orb.Geometry
}

func (f fact) text(field string) string { s, _ := f.values[field].(string); return s }
func (f fact) when(field string) safety.Time {
	at, _ := f.values[field].(safety.Time)
	return at
}

// facts reads back what Records says: the figures below are computed from nothing else.
func facts(t *testing.T, kind safety.Kind) []fact {
	t.Helper()
	var all []fact
	for r, err := range demo().Records(kind) {
		if err != nil {
			t.Fatal(err)
		}
		if r.Number != int64(len(all)+1) {
			t.Fatalf("%s: record %d has number %d", kind, len(all)+1, r.Number)
		}
		f := fact{map[string]any{}, r.Geometry}
		for i, field := range safety.Fields(kind) {
			if r.Values[i] != nil {
				f.values[field.Name] = r.Values[i]
			}
		}
		all = append(all, f)
	}
	return all
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// Issue 2 item 10 has the numbers of this file.

func TestKinds(t *testing.T) {
	kinds, spots, ids := map[string]int{}, map[orb.Geometry][]fact{}, map[string]bool{}
	small := 0
	for _, e := range facts(t, safety.Enterprises) {
		kinds[e.text("kind")]++
		spots[e.at] = append(spots[e.at], e)
		ids[e.text("id")] = true
		if p := e.text("parent"); p != "" && !ids[p] {
			t.Errorf("%s: parent %s is not an enterprise before it", e.text("id"), p)
		}
		if area, ok := e.values["floor_area_m2"].(float64); e.text("kind") == "combined_use" && (!ok || area < 300) {
			small++
		}
	}
	equal(t, "enterprises", len(ids), 21_500)
	equal(t, "combined use", kinds["combined_use"], 9_775)
	equal(t, "projects", kinds["construction"], 16)
	equal(t, "tenants", kinds["multi_tenant"], 200)
	if small < 5_000 || small == 9_775 {
		t.Errorf("%d combined-use premises are under 300 m²", small)
	}
	stacked, market := 0, 0
	for _, es := range spots {
		if len(es) > 1 {
			stacked += len(es)
		}
		if es[0].text("kind") == "multi_tenant" {
			market++
			equal(t, "at the market's coordinate", len(es), 200)
		}
	}
	equal(t, "sharing a coordinate", stacked, 2_150)
	equal(t, "coordinates of the market", market, 1)
}

func TestCombinedUse(t *testing.T) {
	combined := map[string]bool{}
	for _, e := range facts(t, safety.Enterprises) {
		if e.text("kind") == "combined_use" {
			combined[e.text("id")] = true
		}
	}
	items, open := map[string][]string{}, map[string]bool{}
	for _, h := range facts(t, safety.Hazards) {
		id := h.text("enterprise")
		if !combined[id] {
			continue
		}
		if h.text("outcome") != "" || slices.Contains(items[id], h.text("item")) ||
			!slices.Contains([]string{"wires", "open_flame", "partitions", "exits"}, h.text("item")) {
			t.Errorf("%s: odd hazard %v", id, h.values)
		}
		items[id] = append(items[id], h.text("item"))
		if !h.when("rectified_at").IsSet() && !h.when("closed_at").IsSet() {
			open[id] = true
		}
	}
	equal(t, "units found", len(items), 9_775)
	equal(t, "units rectified", len(items)-len(open), 2_232)
	many := [5]int{}
	for _, list := range items {
		many[len(list)]++
	}
	if many[1] == 0 || many[2] == 0 || many[3] == 0 || many[4] == 0 {
		t.Errorf("premises by number of hazards: %v", many)
	}
}

func TestTenants(t *testing.T) {
	split, tenants := map[string]int{}, map[string]bool{}
	for _, e := range facts(t, safety.Enterprises) {
		if e.text("kind") == "multi_tenant" {
			tenants[e.text("id")] = true
		}
	}
	for _, h := range facts(t, safety.Hazards) {
		if tenants[h.text("enterprise")] {
			split[h.text("responsible")]++
		}
	}
	for _, unit := range safety.ClosedValues(safety.Hazards, "responsible") {
		equal(t, "tenants' hazards of "+unit, split[unit], 50)
	}
}

func TestCampaign(t *testing.T) {
	from, to := moment(350, 0), endOf(353)
	equal(t, "from", from.String(), "2014-12-16T16:00:00.000Z")
	equal(t, "to", to.String(), "2014-12-20T15:59:59.999Z")
	officers, units, orders := int64(0), map[string]bool{}, map[string]map[string]bool{"none": {}, "rectify": {}, "suspend": {}}
	for _, v := range facts(t, safety.Inspections) {
		if v.text("kind") != "campaign" {
			continue
		}
		if at := v.when("at"); at < from || at > to {
			t.Errorf("%s is at %s", v.text("id"), at)
		}
		officers += v.values["officers"].(int64)
		units[v.text("enterprise")] = true
		orders[v.text("order")][v.text("enterprise")] = true
	}
	found := 0
	for _, h := range facts(t, safety.Hazards) {
		if h.text("source") == "campaign" {
			found++
			if at := h.when("found_at"); at < from || at > to || h.text("outcome") != "" {
				t.Errorf("%s is of %s", h.text("id"), at)
			}
		}
		if (h.text("source") == "campaign") != units[h.text("enterprise")] {
			t.Errorf("%s: campaign hazards belong to the projects, and others do not", h.text("id"))
		}
	}
	equal(t, "officers", officers, 39)
	equal(t, "units inspected", len(units), 16)
	equal(t, "found", found, 42)
	equal(t, "ordered to rectify", len(orders["rectify"]), 6)
	equal(t, "suspended", len(orders["suspend"]), 1)
	for id := range orders["suspend"] {
		if orders["rectify"][id] {
			t.Errorf("%s is ordered to rectify and suspended", id)
		}
	}
	for _, e := range facts(t, safety.Enterprises) {
		equal(t, e.text("id")+" is a project", e.text("kind") == "construction", units[e.text("id")])
	}
}

// TestLifecycle holds what makes the figures of 2014 true at any later date, and what makes them various.
func TestLifecycle(t *testing.T) {
	end, years := endOf(364), safety.TimeOf(moment(0, 0).In(zone()).AddDate(-20, 0, 0))
	outcomes, overdue, late, again, major, onSpot := map[string]int{}, 0, 0, 0, 0, 0
	ids := map[string]fact{}
	for _, h := range facts(t, safety.Hazards) {
		ids[h.text("id")] = h
		found, due, fixed := h.when("found_at"), h.when("due_at"), h.when("rectified_at")
		for _, f := range []string{"found_at", "reported_at", "ordered_at", "rectified_at", "reviewed_at", "closed_at"} {
			if at := h.when(f); at.IsSet() && (at > end || at < found || at < years || at%60_000 != 0) {
				t.Errorf("%s: %s is %s", h.text("id"), f, at)
			}
		}
		if days := (due - h.when("ordered_at")) / (24 * 3600_000); due.IsSet() && h.values["round"] == int64(1) && (days < 7 || days > 30) {
			t.Errorf("%s: due after %d days", h.text("id"), days)
		}
		if p := h.text("previous"); p != "" {
			again++
			if old, ok := ids[p]; !ok || old.text("enterprise") != h.text("enterprise") || old.when("closed_at") > found {
				t.Errorf("%s: previous %s is not an older, closed hazard of the same firm", h.text("id"), p)
			}
		}
		outcomes[h.text("outcome")]++
		if h.text("severity") == "major" {
			major++
		}
		switch {
		case !fixed.IsSet() && h.when("closed_at").IsSet():
			onSpot++
		case due.IsSet() && !fixed.IsSet() && due < end:
			overdue++
		case due.IsSet() && fixed > due:
			late++
		}
	}
	t.Logf("hazards %d, outcomes %v, overdue %d, late %d, again %d, major %d, closed only %d", len(ids), outcomes, overdue, late, again, major, onSpot)
	if outcomes["void"] == 0 || outcomes["transferred"] == 0 || overdue == 0 || late == 0 || again == 0 || major == 0 || onSpot == 0 {
		t.Error("something never happens")
	}
}

// TestSpread counts grids by what the map would show.
func TestSpread(t *testing.T) {
	gridOf := map[string]int{}
	for _, f := range demo().firms {
		gridOf[f.id] = f.grid
	}
	found, fixed := make([]int, level3Count), make([]int, level3Count)
	for _, h := range facts(t, safety.Hazards) {
		if h.text("outcome") == "void" {
			continue
		}
		g := gridOf[h.text("enterprise")]
		found[g]++
		if h.when("rectified_at").IsSet() || h.when("closed_at").IsSet() {
			fixed[g]++
		}
	}
	none, zero, full, between := 0, 0, 0, [10]int{}
	for g := range found {
		switch {
		case found[g] == 0:
			none++
		case fixed[g] == 0:
			zero++
		case fixed[g] == found[g]:
			full++
		default:
			between[10*fixed[g]/found[g]]++
		}
	}
	t.Logf("grids: %d without hazards, %d at 0 %%, %d at 100 %%, others by tenths %v", none, zero, full, between)
	if none < 100 || none > 400 || zero < 30 || full < 30 || slices.Min(between[:]) < 10 {
		t.Error("the rates are not spread")
	}
}

// TestMarks holds what a test of privacy relies on, and the flag of every record.
func TestMarks(t *testing.T) {
	for _, kind := range safety.Kinds() {
		internal := map[string]int{}
		for _, f := range facts(t, kind) {
			if f.values["synthetic"] != true {
				t.Fatalf("%s: %v is not flagged", kind, f.values)
			}
			for _, field := range safety.Fields(kind) {
				v := f.text(field.Name)
				marked := strings.HasPrefix(v, Mark)
				if v != "" && field.Name != "credit_code" && marked != field.Internal {
					t.Errorf("%s: %s is %q", kind, field.Name, v)
				}
				if v != "" && field.Internal {
					internal[field.Name]++
				}
				if field.Closed != nil && v != "" && !slices.Contains(field.Closed, v) || field.Required && f.values[field.Name] == nil {
					t.Errorf("%s: %s is %v", kind, field.Name, f.values[field.Name])
				}
			}
		}
		for _, field := range safety.Fields(kind) {
			if field.Internal && internal[field.Name] == 0 {
				t.Errorf("%s: no record has %s", kind, field.Name)
			}
		}
	}
}

func TestUnknownKind(t *testing.T) {
	if err := demo().WriteGeoJSON(io.Discard, "roads"); err == nil {
		t.Error("roads were written")
	}
	if err := demo().WriteCSV(io.Discard, safety.Grids); err == nil {
		t.Error("grids were written as CSV")
	}
}

// TestSame makes the district again: the bytes are the same, those of another seed are not.
func TestSame(t *testing.T) {
	again, other := Generate(Seed), Generate(Seed+1)
	for _, kind := range safety.Kinds() {
		var a, b, c bytes.Buffer
		for _, w := range []struct {
			d *District
			b *bytes.Buffer
		}{{demo(), &a}, {again, &b}, {other, &c}} {
			if err := w.d.WriteGeoJSON(w.b, kind); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(a.Bytes(), b.Bytes()) {
			t.Errorf("%s differ from run to run", kind)
		}
		if bytes.Equal(a.Bytes(), c.Bytes()) {
			t.Errorf("%s do not depend on the seed", kind)
		}
	}
	equal(t, "other seed: enterprises", len(other.firms), 21_500)
	equal(t, "other seed: grids", len(other.grids), 15+75+1_888)
}
