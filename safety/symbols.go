package safety

import (
	"cmp"
	"iter"
	"slices"

	"github.com/paulmach/orb"
)

// A Symbol is what a map shows at one coordinate: all the records that lie there. Text that
// is not the same for all of them is "".
type Symbol struct {
	At    orb.Point // degrees
	Count int64     // records
	ID    string    // of the first record, by id
	Grid  string    // code at the deepest level that owns the place

	// Of enterprises, with their hazards wherever those lie.
	Kind, Risk                      string
	Found, Rectified, Open, Overdue int64

	// Of hazards.
	Severity, Source, Aspect, State string
}

// Symbols are symbols in order of longitude and latitude.
type Symbols struct{ all []Symbol }

// Len returns the number of distinct coordinates.
func (y *Symbols) Len() int { return len(y.all) }

// Bound returns the box of all symbols, degrees; ok is false when there is none.
func (y *Symbols) Bound() (box orb.Bound, ok bool) {
	for i := range y.all {
		if i == 0 {
			box = y.all[i].At.Bound()
		}
		box = box.Extend(y.all[i].At)
	}
	return box, len(y.all) > 0
}

// Search yields the symbols in the closed box b (degrees), west to east.
func (y *Symbols) Search(b orb.Bound) iter.Seq[*Symbol] {
	return func(yield func(*Symbol) bool) {
		i, _ := slices.BinarySearchFunc(y.all, b.Min[0], func(s Symbol, west float64) int { return cmp.Compare(s.At[0], west) })
		for ; i < len(y.all) && y.all[i].At[0] <= b.Max[0]; i++ {
			if lat := y.all[i].At[1]; lat >= b.Min[1] && lat <= b.Max[1] && !yield(&y.all[i]) {
				return
			}
		}
	}
}

type symbolKey struct {
	kind  Kind
	query Query
}

// EnterpriseSymbols returns the located enterprises that q counts, one symbol a coordinate.
func (s *Snapshot) EnterpriseSymbols(q Query) *Symbols {
	q = s.resolve(q)
	return s.symbols.get(symbolKey{Enterprises, q}, func() *Symbols { return s.enterpriseSymbols(q) })
}

// HazardSymbols returns the located hazards that q finds, one symbol a coordinate.
func (s *Snapshot) HazardSymbols(q Query) *Symbols {
	q = s.resolve(q)
	return s.symbols.get(symbolKey{Hazards, q}, func() *Symbols { return s.hazardSymbols(q) })
}

func (s *Snapshot) resolve(q Query) Query {
	if !q.At.IsSet() {
		q.At = s.at
	}
	return q
}

func (s *Snapshot) enterpriseSymbols(q Query) *Symbols {
	counts := s.hazardCounts(q)
	grids := s.deepest(q)
	var all []Symbol
	for i := range s.enterprises.rows {
		e := &s.enterprises.rows[i]
		if e.Place == NoPlace || !q.counts(e) {
			continue
		}
		c := counts[i]
		all = append(all, Symbol{
			At: e.At, Count: 1, ID: e.ID, Grid: s.gridOf(grids, e.Place), Kind: e.Kind, Risk: e.Risk,
			Found: c.Found, Rectified: c.Rectified, Open: c.Open, Overdue: c.Overdue,
		})
	}
	return stack(all)
}

// hazardCounts counts the hazards that q finds by the number of their enterprise.
func (s *Snapshot) hazardCounts(q Query) []Tally {
	counts := make([]Tally, len(s.enterprises.rows))
	for i := range s.hazards.rows {
		h, owner := &s.hazards.rows[i], s.hazards.owner[i]
		if owner < 0 || !q.found(h, s.enterpriseAt(owner)) {
			continue
		}
		c := &counts[owner]
		c.Found++
		if h.Rectified(q.At) {
			c.Rectified++
			continue
		}
		c.Open++
		if h.Overdue(q.At) {
			c.Overdue++
		}
	}
	return counts
}

func (s *Snapshot) hazardSymbols(q Query) *Symbols {
	grids := s.deepest(q)
	var all []Symbol
	for i := range s.hazards.rows {
		h := &s.hazards.rows[i]
		if h.Place == NoPlace || !q.found(h, s.enterpriseAt(s.hazards.owner[i])) {
			continue
		}
		all = append(all, Symbol{
			At: h.At, Count: 1, ID: h.ID, Grid: s.gridOf(grids, h.Place),
			Severity: h.Severity, Source: h.Source, Aspect: h.Aspect, State: string(h.State(q.At)),
		})
	}
	return stack(all)
}

// deepest returns for each place the code of its grid at the deepest level that owns it.
func (s *Snapshot) deepest(q Query) []string {
	codes := make([]string, len(s.places))
	for level := 1; level <= s.Depth(q.Scheme); level++ {
		s.eachSite(level, q, func(place int32, site *Site) { codes[place] = site.Code })
	}
	return codes
}

func (s *Snapshot) gridOf(codes []string, p PlaceID) string {
	if i, ok := s.places[p]; ok {
		return codes[i]
	}
	return ""
}

// stack makes one symbol of all that lie at one coordinate.
func stack(all []Symbol) *Symbols {
	slices.SortStableFunc(all, func(a, b Symbol) int {
		return cmp.Or(cmp.Compare(a.At[0], b.At[0]), cmp.Compare(a.At[1], b.At[1]), cmp.Compare(a.ID, b.ID))
	})
	out := all[:0]
	for _, y := range all {
		if n := len(out); n > 0 && out[n-1].At == y.At {
			out[n-1].absorb(y)
			continue
		}
		out = append(out, y)
	}
	return &Symbols{slices.Clip(out)}
}

func (y *Symbol) absorb(o Symbol) {
	y.Count += o.Count
	y.Found += o.Found
	y.Rectified += o.Rectified
	y.Open += o.Open
	y.Overdue += o.Overdue
	for _, t := range [...]struct{ mine, other *string }{
		{&y.Kind, &o.Kind},
		{&y.Risk, &o.Risk},
		{&y.Severity, &o.Severity},
		{&y.Source, &o.Source},
		{&y.Aspect, &o.Aspect},
		{&y.State, &o.State},
		{&y.Grid, &o.Grid},
	} {
		if *t.mine != *t.other {
			*t.mine = ""
		}
	}
}
