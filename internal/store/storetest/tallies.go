package storetest

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"hazgrid/internal/store"
	"hazgrid/safety"

	"github.com/paulmach/orb"
)

func tallies() map[string]func(*testing.T, Opener) {
	return map[string]func(*testing.T, Opener){
		"the view grid_tally says what the snapshot says": viewEqualsSnapshot,
	}
}

// counted are the columns of grid_tally that are counts, in order.
const counted = "enterprises found rectified open overdue units_found units_rectified inspections officers units_inspected orders_rectify orders_suspend unassigned"

// tallied is a row of grid_tally, or of the snapshot's table in the same form.
type tallied struct {
	Code, Name, Parent        string
	Counts                    [13]int64
	Area, Density, Rate, Unit string // rounded, "none" where there is none
}

func viewEqualsSnapshot(t *testing.T, o Opener) {
	s := o.Open(t, home)
	disorder(t, s)
	disorder(t, o.Open(t, "other"))
	snapshot, err := safety.NewSnapshot(load(t, s, 0), safety.TimeOf(time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	levels(t, o.DB, snapshot, safety.Query{})
	if !o.Window {
		return
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	ago := func(hours int) safety.Time { return safety.TimeOf(now.Add(-time.Duration(hours) * time.Hour)) }
	for _, q := range []safety.Query{
		{At: ago(30)}, {At: ago(75)}, {At: ago(150)}, {At: ago(300)}, {At: ago(-150)}, {At: ago(10), From: ago(1000), To: ago(90)}, {At: ago(-10), From: ago(500)},
	} {
		levels(t, o.DB, snapshot, q)
	}
}

// levels compares every level of every scheme.
func levels(t *testing.T, db *sql.DB, snapshot *safety.Snapshot, q safety.Query) {
	t.Helper()
	for _, q.Scheme = range snapshot.Schemes() {
		for level := 1; level <= snapshot.Depth(q.Scheme); level++ {
			table, err := snapshot.Tallies(level, q)
			if err != nil {
				t.Fatal(err)
			}
			var want []tallied
			for _, row := range table.Rows {
				want = append(want, fromRow(row))
			}
			same(t, fmt.Sprintf("%+v, level %d", q, level), view(t, db, level, q), want)
		}
	}
}

// disorder fills s with a bit of everything: old and new boundaries, records outside and
// unlocated, of no enterprise, void, overdue, of the future.
func disorder(t *testing.T, s store.Store) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	now := time.Now().UTC().Truncate(time.Millisecond)
	date := func() time.Time { return now.Add(time.Duration(random.IntN(4000)-3000)*time.Hour + 30*time.Minute) }
	point := func() orb.Geometry {
		if random.IntN(6) == 0 {
			return nil
		}
		return orb.Point{119.9 + float64(random.IntN(24))/10, 26.95 + float64(random.IntN(12))/10}
	}
	oneOf := func(s string) string { words := strings.Fields(s); return words[random.IntN(len(words))] }
	maybe := func(spec spec, name string, v any) {
		if random.IntN(2) == 0 {
			spec.v[name] = v
		}
	}
	apply(t, s, town(t))
	apply(t, s, batch(t, safety.Grids, grid("w1", 3, square(120, 27, 0.4, 1), "parent", "W"), grid("v1", 1, square(120.5, 27, 1, 0.7), "scheme", "villages")))
	apply(t, s, batch(t, safety.Grids, grid("W", 2, square(120, 27, 1, 0.5), "parent", "T", "valid_from", now.Add(-100*time.Hour)),
		grid("E", 2, square(121, 27, 1, 0.2), "parent", "T", "valid_from", now.Add(100*time.Hour)),
		grid("old", 2, square(120, 27.5, 1, 0.5), "parent", "T", "valid_from", now.Add(-200*time.Hour), "valid_to", now.Add(-50*time.Hour))))
	var enterprises, hazards, inspections []spec
	for i := range 60 {
		e := enterprise(fmt.Sprint("e", i), point())
		maybe(e, "opened_at", date())
		maybe(e, "ended_at", date())
		enterprises = append(enterprises, e)
	}
	for i := range 400 {
		h := hazard(fmt.Sprint("h", i), fmt.Sprint("e", random.IntN(60)), point(), "found_at", date())
		for _, field := range []string{"due_at", "rectified_at", "closed_at"} {
			maybe(h, field, date())
		}
		if random.IntN(8) == 0 {
			h.v["outcome"] = oneOf("void transferred")
		}
		if random.IntN(8) == 0 {
			delete(h.v, "enterprise")
		}
		hazards = append(hazards, h)
	}
	for i := range 200 {
		v := inspection(fmt.Sprint("i", i), fmt.Sprint("e", random.IntN(60)), point(), "at", date(), "officers", random.IntN(4))
		maybe(v, "order", oneOf("none rectify suspend"))
		inspections = append(inspections, v)
	}
	apply(t, s, batch(t, safety.Enterprises, enterprises...))
	apply(t, s, batch(t, safety.Hazards, hazards...))
	apply(t, s, batch(t, safety.Inspections, inspections...))
}

// view reads a level of the view, or for another time of the function: grids by code, then outside and unlocated.
func view(t *testing.T, db *sql.DB, level int, q safety.Query) []tallied {
	t.Helper()
	from, args := "grid_tally", []any{home, q.Scheme, level}
	if q.At.IsSet() {
		from = "grid_tally($4, $5, $6)"
		for _, instant := range []safety.Time{q.At, q.From, q.To} {
			args = append(args, sql.NullTime{Time: instant.In(time.UTC), Valid: instant.IsSet()})
		}
	}
	rows, err := db.QueryContext(t.Context(), "select code, name, coalesce(parent, ''), area_km2, density, rate, unit_rate, "+
		strings.Join(strings.Fields(counted), ", ")+" from "+from+" where division = $1 and scheme = $2 and level = $3", args...)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var out []tallied
	for rows.Next() {
		var r tallied
		var area, density, rate, unit sql.NullFloat64
		dest := []any{&r.Code, &r.Name, &r.Parent, &area, &density, &rate, &unit}
		for i := range r.Counts {
			dest = append(dest, &r.Counts[i])
		}
		if err := rows.Scan(dest...); err != nil {
			t.Fatal(err)
		}
		r.Area, r.Density, r.Rate, r.Unit = shown(area), shown(density), shown(rate), shown(unit)
		out = append(out, r)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	order := func(r tallied) string {
		if r.Code == "" {
			return "\xff" + r.Name
		}
		return r.Code
	}
	slices.SortFunc(out, func(a, b tallied) int { return strings.Compare(order(a), order(b)) })
	return out
}

func fromRow(r safety.Row) tallied {
	out := tallied{Name: r.Name, Counts: [13]int64{
		r.Enterprises, r.Found, r.Rectified, r.Open, r.Overdue, r.UnitsFound, r.UnitsRectified,
		r.Inspections, r.Officers, r.UnitsInspected, r.OrdersRectify, r.OrdersSuspend, r.Unassigned,
	}}
	if r.Grid != nil {
		out.Code, out.Parent = r.Grid.Code, r.Grid.Parent
	}
	out.Area = shown(sql.NullFloat64{Float64: r.AreaKm2, Valid: r.HasArea})
	nullable := func(f float64, ok bool) sql.NullFloat64 { return sql.NullFloat64{Float64: f, Valid: ok} }
	out.Density, out.Rate, out.Unit = shown(nullable(r.Density())), shown(nullable(r.Rate())), shown(nullable(r.UnitRate()))
	return out
}

// shown rounds a number to 12 digits: databases may add in another order.
func shown(f sql.NullFloat64) string {
	if !f.Valid {
		return "none"
	}
	return fmt.Sprintf("%.12g", f.Float64)
}
