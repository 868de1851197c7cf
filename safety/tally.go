package safety

// A Tally counts what belongs to one grid under a Query (contract section 5).
type Tally struct {
	Enterprises    int64 // active at Query.At
	Found          int64 // hazards
	Rectified      int64 // of Found
	Open           int64 // Found − Rectified
	Overdue        int64 // of Open, past their deadline
	UnitsFound     int64 // distinct enterprises with a hazard in Found
	UnitsRectified int64 // of those, the ones with none open
	Inspections    int64 // visits
	Officers       int64 // person-times of those visits
	UnitsInspected int64 // distinct enterprises visited
	OrdersRectify  int64 // distinct enterprises ordered to rectify in those visits
	OrdersSuspend  int64 // distinct enterprises ordered to suspend in those visits
	Unassigned     int64 // of Found, in no grid of the next level down
	AreaKm2        float64
	HasArea        bool // false for the rows that are no grid
}

// Density returns hazards found per km²; ok is false where there is no area.
func (t Tally) Density() (perKm2 float64, ok bool) {
	if !t.HasArea || t.AreaKm2 <= 0 {
		return 0, false
	}
	return float64(t.Found) / t.AreaKm2, true
}

// Rate returns rectified ÷ found in [0,1]; ok is false when nothing was found: no rate is not a rate of zero.
func (t Tally) Rate() (rate float64, ok bool) { return ratio(t.Rectified, t.Found) }

// UnitRate returns the share in [0,1] of the enterprises with a hazard found that have none open.
func (t Tally) UnitRate() (rate float64, ok bool) { return ratio(t.UnitsRectified, t.UnitsFound) }

func ratio(part, whole int64) (float64, bool) {
	if whole == 0 {
		return 0, false
	}
	return float64(part) / float64(whole), true
}

// add sums counts and areas; rates follow from the sums, they are never averaged.
func (t *Tally) add(o Tally) {
	t.Enterprises += o.Enterprises
	t.Found += o.Found
	t.Rectified += o.Rectified
	t.Open += o.Open
	t.Overdue += o.Overdue
	t.UnitsFound += o.UnitsFound
	t.UnitsRectified += o.UnitsRectified
	t.Inspections += o.Inspections
	t.Officers += o.Officers
	t.UnitsInspected += o.UnitsInspected
	t.OrdersRectify += o.OrdersRectify
	t.OrdersSuspend += o.OrdersSuspend
	t.Unassigned += o.Unassigned
	if o.HasArea {
		t.AreaKm2 += o.AreaKm2
		t.HasArea = true
	}
}

// A Row is the tally of one grid, or of what no grid of the level holds.
type Row struct {
	Grid *Grid  // nil in the last two rows
	Name string // of the grid, or "outside" or "unlocated"
	Tally
}

// A Table is the tallies of one level: its grids by code, then outside and unlocated.
type Table struct {
	Level   int
	Query   Query // with At resolved
	Version int64
	Rows    []Row
	Total   Tally // sums of all rows
}

// A tallier counts one level under one query.
type tallier struct {
	s     *Snapshot
	q     Query
	rows  []Row
	row   []int32 // of each place of the ledger
	below []bool  // whether each place lies in a grid of the next level down; nil at the deepest level
	found units
	visit [3]units // visited, ordered to rectify, ordered to suspend
}

func (s *Snapshot) tally(l *Layer, q Query) *Table {
	t := &tallier{s: s, q: q, rows: make([]Row, 0, len(l.Grids)+2)}
	for _, g := range l.Grids {
		t.rows = append(t.rows, newRow(g))
	}
	t.rows = append(t.rows, Row{Name: "outside"}, Row{Name: "unlocated"})
	t.row = s.placement(l, q).row
	t.below = s.inBelow(l.Level, q)
	t.count()
	table := &Table{Level: l.Level, Query: q, Version: s.version, Rows: t.rows}
	for i := range t.rows {
		table.Total.add(t.rows[i].Tally)
	}
	return table
}

func newRow(g *Grid) Row {
	return Row{Grid: g, Name: g.Name, Tally: Tally{AreaKm2: g.AreaKm2, HasArea: true}}
}

// FigureRows counts what maps show of some grids of a level, by their numbers in its Layer: Enterprises, Found, Rectified,
// Open and Overdue, and the area; the other counts stay 0. It reads the records of those grids only.
func (s *Snapshot) FigureRows(level int, q Query, numbers []int32) ([]Row, error) {
	q = s.resolve(q)
	l, err := s.Layer(q.Scheme, level, q.At)
	if err != nil {
		return nil, err
	}
	at, book, sieve := s.placement(l, q), s.ledger(), s.sieve(q)
	rows := make([]Row, len(numbers))
	for i, n := range numbers {
		rows[i] = newRow(l.Grids[n])
		for _, place := range at.placesOf(n) {
			sieve.count(&book.hazards[place], &rows[i].Tally)
			for _, e := range book.premises[place] {
				if q.counts(s.enterprises.at(e)) {
					rows[i].Enterprises++
				}
			}
		}
	}
	return rows, nil
}

func (t *tallier) count() {
	book, sieve := t.s.ledger(), t.s.sieve(t.q)
	homes := make([]int32, t.s.enterprises.len())
	for place, premises := range book.premises {
		for _, e := range premises {
			homes[e] = t.row[place]
			if t.q.counts(t.s.enterprises.at(e)) {
				t.rows[t.row[place]].Enterprises++
			}
		}
	}
	t.found = newUnits(homes)
	for i := range t.visit {
		t.visit[i] = newUnits(homes)
	}
	for place := range book.hazards {
		t.hazards(int32(place), &book.hazards[place], &sieve)
	}
	for n := range t.s.inspections.pages {
		p := &t.s.inspections.pages[n]
		for i := range p.rows {
			t.inspection(&p.rows[i], p.owner[i], p.place[i])
		}
	}
	t.found.each(func(row int32, open bool) {
		t.rows[row].UnitsFound++
		if !open {
			t.rows[row].UnitsRectified++
		}
	})
	t.visit[0].each(func(row int32, _ bool) { t.rows[row].UnitsInspected++ })
	t.visit[1].each(func(row int32, _ bool) { t.rows[row].OrdersRectify++ })
	t.visit[2].each(func(row int32, _ bool) { t.rows[row].OrdersSuspend++ })
}

// hazards counts the hazards of a place.
func (t *tallier) hazards(place int32, e *entries, f *sieve) {
	row := t.row[place]
	r := &t.rows[row]
	before := r.Found
	f.count(e, &r.Tally)
	if t.below != nil && !t.inBelow(place) {
		r.Unassigned += r.Found - before
	}
	from, to := e.window(t.q)
	for i := from; i < to; i++ {
		if f.lets(e, i) {
			fixed := e.fixed[i]
			t.found.add(row, e.owner[i], !fixed.IsSet() || fixed > t.q.At)
		}
	}
}

func (t *tallier) inBelow(place int32) bool { return int(place) < len(t.below) && t.below[place] }

func (t *tallier) inspection(i *Inspection, owner, place int32) {
	if !t.q.visited(i, t.s.enterpriseAt(owner)) {
		return
	}
	at := t.row[place]
	t.rows[at].Inspections++
	t.rows[at].Officers += i.Officers
	t.visit[0].add(at, owner, false)
	switch i.Order {
	case "rectify":
		t.visit[1].add(at, owner, false)
	case "suspend":
		t.visit[2].add(at, owner, false)
	}
}

// units is a set of (row, enterprise) pairs, each with a mark. Nearly all records lie in the
// row of their enterprise: those are two bits in an array, the others go to a map.
type units struct {
	home   []int32 // row of each enterprise
	seen   []uint8 // bit 0: in the set at home; bit 1: marked
	abroad map[[2]int32]bool
}

func newUnits(home []int32) units {
	return units{home: home, seen: make([]uint8, len(home)), abroad: map[[2]int32]bool{}}
}

func (u *units) add(row, enterprise int32, mark bool) {
	switch {
	case enterprise < 0:
	case u.home[enterprise] != row:
		key := [2]int32{row, enterprise}
		u.abroad[key] = u.abroad[key] || mark
	case mark:
		u.seen[enterprise] |= 3
	default:
		u.seen[enterprise] |= 1
	}
}

// each calls f once for each pair; counting does not depend on the order.
func (u *units) each(f func(row int32, mark bool)) {
	for i, bits := range u.seen {
		if bits&1 != 0 {
			f(u.home[i], bits&2 != 0)
		}
	}
	for key, mark := range u.abroad {
		f(key[0], mark)
	}
}
