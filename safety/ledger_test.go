package safety_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/paulmach/orb"
	"pgregory.net/rapid"

	"hazgrid/safety"
)

// wantFigureRows checks that the counts of some grids are those of the whole table.
func wantFigureRows(t *rapid.T, s *safety.Snapshot, q safety.Query, level int) {
	table, err := s.Tallies(level, q)
	if err != nil {
		t.Fatal(err)
	}
	numbers := []int32{1, 0}
	rows, err := s.FigureRows(level, q, numbers)
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range numbers {
		want := table.Rows[n]
		want.Tally = safety.Tally{
			Enterprises: want.Enterprises, Found: want.Found, Rectified: want.Rectified, Open: want.Open, Overdue: want.Overdue,
			AreaKm2: want.AreaKm2, HasArea: want.HasArea,
		}
		if diff := cmp.Diff(want, rows[i]); diff != "" {
			t.Fatalf("level %d grid %d (-table +row):\n%s", level, n, diff)
		}
	}
}

// Hazards that come, go and move, step by step: each snapshot, which shares what did not change with the one before, counts as
// one made from all records at once.
func TestLedgerStepByStep(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := district(t)
		s, err := safety.NewSnapshot(r, 50)
		if err != nil {
			t.Fatal(err)
		}
		for version := int64(2); version < 5; version++ {
			if rapid.Bool().Draw(t, "asked") {
				wantFigureRows(t, s, drawQuery(t), 2)
			}
			later := district(t)
			delta := safety.Records{Version: version}
			for i := range min(len(r.Hazards), len(later.Hazards)) {
				switch rapid.IntRange(0, 3).Draw(t, "hazard") {
				case 0:
					h := later.Hazards[i]
					h.ID, h.Enterprise, h.Place, h.At = r.Hazards[i].ID, r.Hazards[i].Enterprise, r.Hazards[(i+1)%len(r.Hazards)].Place, r.Hazards[(i+1)%len(r.Hazards)].At
					delta.Hazards = append(delta.Hazards, h)
				case 1:
					delta.Hazards = append(delta.Hazards, safety.Hazard{ID: r.Hazards[i].ID, Deleted: true})
				}
			}
			if s, err = s.Next(delta, 50); err != nil {
				t.Fatal(err)
			}
			r = withHazards(r, delta.Hazards)
			r.Version = version
			whole, err := safety.NewSnapshot(cloned(r), 50)
			if err != nil {
				t.Fatal(err)
			}
			q := drawQuery(t)
			for level := 1; level <= 2; level++ {
				wantFigureRows(t, s, q, level)
				a, err1 := s.Tallies(level, q)
				b, err2 := whole.Tallies(level, q)
				if err1 != nil || err2 != nil {
					t.Fatal(err1, err2)
				}
				for i := range a.Rows {
					if a.Rows[i].Tally != b.Rows[i].Tally {
						t.Fatalf("version %d level %d row %q: %+v, from all records %+v", version, level, a.Rows[i].Name, a.Rows[i].Tally, b.Rows[i].Tally)
					}
				}
			}
		}
	})
}

func withHazards(r safety.Records, delta []safety.Hazard) safety.Records {
	changed := map[string]safety.Hazard{}
	for _, h := range delta {
		changed[h.ID] = h
	}
	var out []safety.Hazard
	for _, h := range r.Hazards {
		if c, ok := changed[h.ID]; ok {
			h = c
		}
		if !h.Deleted {
			out = append(out, h)
		}
	}
	r.Hazards = out
	return r
}

// cloned returns records that a snapshot may take over.
func cloned(r safety.Records) safety.Records {
	r.Hazards = append([]safety.Hazard(nil), r.Hazards...)
	r.Enterprises = append([]safety.Enterprise(nil), r.Enterprises...)
	r.Inspections = append([]safety.Inspection(nil), r.Inspections...)
	r.Grids = append([]safety.Grid(nil), r.Grids...)
	r.Sites = append([]safety.Site(nil), r.Sites...)
	return r
}

// lattice is 1,936 grids with n hazards over a year, a fifth of them major.
func lattice(b *testing.B, n int) *safety.Snapshot {
	const side = 44
	r := safety.Records{Whole: true, Version: 1}
	for i := range side * side {
		x, y := float64(i%side)/100, float64(i/side)/100
		code := fmt.Sprintf("%04d", i)
		r.Grids = append(r.Grids, grid(code, "", 1, box(x, y, x+0.01, y+0.01)))
		r.Sites = append(r.Sites, safety.Site{Place: safety.PlaceID(i + 1), Scheme: "safety", Level: 1, Code: code})
	}
	random := rand.New(rand.NewPCG(1, 2))
	year := day("2014-01-01")
	for i := range n {
		found := year + safety.Time(random.Int64N(365*86400_000))
		h := safety.Hazard{
			ID: fmt.Sprintf("h%07d", i), Place: safety.PlaceID(1 + random.IntN(side*side)), At: orb.Point{0.2, 0.2},
			Severity: "general", Source: "patrol", FoundAt: found, DueAt: found + 15*86400_000,
		}
		if i%5 == 0 {
			h.Severity = "major"
		}
		if i%3 > 0 {
			h.RectifiedAt = found + safety.Time(random.Int64N(40*86400_000))
		}
		r.Hazards = append(r.Hazards, h)
	}
	s, err := safety.NewSnapshot(r, day("2014-12-31"))
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// A million hazards as of one date after the other: all grids, and the thirty grids that a tile shows.
func BenchmarkPlayback(b *testing.B) {
	s := lattice(b, 1_000_000)
	few := make([]int32, 30)
	for i := range few {
		few[i] = int32(40 * i)
	}
	at := day("2014-01-01")
	b.Run("all", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			if _, err := s.Tallies(1, safety.Query{At: at + safety.Time(i%365*86400_000)}); err != nil {
				b.Fatal(err)
			}
		}
	})
	for name, q := range map[string]safety.Query{"few": {}, "few, filtered": {Severity: "major"}} {
		b.Run(name, func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				q.At = at + safety.Time(i%365*86400_000)
				if _, err := s.FigureRows(1, q, few); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("ledger after one hazard", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			next, err := s.Next(safety.Records{Version: 2, Hazards: []safety.Hazard{{ID: "h0000001", FoundAt: at, Place: 7}}}, at)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := next.FigureRows(1, safety.Query{}, few); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// A hazard is written among many: the snapshot after it, and which grids that changed.
func BenchmarkNext(b *testing.B) {
	for _, n := range []int{20_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := lattice(b, n)
			for i := 0; b.Loop(); i++ {
				h := safety.Hazard{ID: fmt.Sprintf("h%07d", i%n), FoundAt: day("2014-01-01"), Place: safety.PlaceID(1 + i%1900)}
				next, err := s.Next(safety.Records{Version: int64(i) + 2, Hazards: []safety.Hazard{h}}, day("2014-12-31"))
				if err != nil {
					b.Fatal(err)
				}
				if codes, all := next.Changed(s); all || len(codes) == 0 {
					b.Fatal(codes, all)
				}
				s = next
			}
		})
	}
}
