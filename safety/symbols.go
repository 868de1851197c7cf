package safety

import "github.com/paulmach/orb"

// A Symbol is what a map shows at one place: all the records that lie at one coordinate, or in one cell of the map. Text that
// is not the same for all of them is "".
type Symbol struct {
	At    orb.Point // degrees
	Count int64     // records
	ID    string    // of the first record at the coordinate, by id; "" of a cell with several coordinates
	Grid  string    // code at the deepest level that owns the place

	Counts // of enterprises: their hazards, wherever those lie; of hazards: the records themselves

	// Of enterprises.
	Kind, Risk string

	// Of hazards.
	Severity, Source, Aspect, State string
}

// Counts are of hazards.
type Counts struct{ Found, Rectified, Open, Overdue int64 }

type symbolKey struct {
	kind  Kind
	query Query
}

// EnterpriseSymbols returns the located enterprises that q counts, one symbol a coordinate.
func (s *Snapshot) EnterpriseSymbols(q Query) *Symbols {
	q = s.resolve(q)
	return s.symbols.weighed(symbolKey{Enterprises, q}, func() *Symbols { return s.enterpriseSymbols(q) }, (*Symbols).Len)
}

// HazardSymbols returns the located hazards that q finds, one symbol a coordinate.
func (s *Snapshot) HazardSymbols(q Query) *Symbols {
	q = s.resolve(q)
	return s.symbols.weighed(symbolKey{Hazards, q}, func() *Symbols { return s.hazardSymbols(q) }, (*Symbols).Len)
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
	places := s.enterprises.along(spotOfEnterprise)
	picked := places.pick(func(i int32) (orb.Point, bool) { e := s.enterprises.at(i); return e.At, q.counts(e) })
	stack := picked.symbols()
	for _, k := range picked.entries {
		i := places.order[k]
		e := s.enterprises.at(i)
		stack.put(places.curve[k], Symbol{
			At: e.At, Count: 1, ID: e.ID, Grid: s.gridOf(grids, e.Place), Kind: e.Kind, Risk: e.Risk, Counts: counts[i],
		})
	}
	return stack
}

// hazardCounts counts the hazards that q finds by the number of their enterprise.
func (s *Snapshot) hazardCounts(q Query) []Counts {
	counts := make([]Counts, s.enterprises.len())
	for i, h := range s.hazards.all() {
		owner := s.hazards.owner(i)
		if owner >= 0 && q.found(h, s.enterpriseAt(owner)) {
			counts[owner].count(h, q.At)
		}
	}
	return counts
}

func (s *Snapshot) hazardSymbols(q Query) *Symbols {
	grids := s.deepest(q)
	places := s.hazards.along(spotOfHazard)
	picked := places.pick(func(i int32) (orb.Point, bool) {
		h := s.hazards.at(i)
		return h.At, q.found(h, s.enterpriseAt(s.hazards.owner(i)))
	})
	stack := picked.symbols()
	for _, k := range picked.entries {
		h := s.hazards.at(places.order[k])
		y := Symbol{
			At: h.At, Count: 1, ID: h.ID, Grid: s.gridOf(grids, h.Place),
			Severity: h.Severity, Source: h.Source, Aspect: h.Aspect, State: string(h.State(q.At)),
		}
		y.count(h, q.At)
		stack.put(places.curve[k], y)
	}
	return stack
}

// count adds a hazard as it is at t.
func (c *Counts) count(h *Hazard, t Time) {
	c.Found++
	switch {
	case h.Rectified(t):
		c.Rectified++
	case h.Overdue(t):
		c.Open++
		c.Overdue++
	default:
		c.Open++
	}
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

// absorb adds what o counts; texts that differ are no more.
func (y *Symbol) absorb(o *Symbol) {
	y.Count += o.Count
	y.Found += o.Found
	y.Rectified += o.Rectified
	y.Open += o.Open
	y.Overdue += o.Overdue
	same(&y.Kind, o.Kind)
	same(&y.Risk, o.Risk)
	same(&y.Severity, o.Severity)
	same(&y.Source, o.Source)
	same(&y.Aspect, o.Aspect)
	same(&y.State, o.State)
	same(&y.Grid, o.Grid)
}

func same(mine *string, other string) {
	if *mine != other {
		*mine = ""
	}
}
