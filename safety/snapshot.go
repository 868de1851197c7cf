package safety

import (
	"fmt"
	"slices"
)

// A Snapshot is a division at one version and one instant, ready to answer. It is immutable
// and safe for concurrent use; Next makes the following one and shares what did not change.
type Snapshot struct {
	version int64
	at      Time
	next    Time // first instant after at when a figure changes, forever if none

	boundaries  boundaries
	grids       []Grid
	sites       []Site
	places      map[PlaceID]int32 // number of each place; sites of place i are sites[starts[i]:starts[i+1]]
	starts      []int32
	enterprises table[Enterprise]
	hazards     table[Hazard]
	inspections table[Inspection]
	lines       []Line
	synthetic   bool
	touched     map[PlaceID]bool // places of the records that Next changed, nil if it changed everything
	parent      int64            // version that Next started from
	calm        bool             // between that and this no enterprise changed, and no figure by time alone

	book       *book
	placements *memo[placementKey, *placement]

	tables  memo[tableKey, *Table]
	symbols memo[symbolKey, *Symbols]
}

// NewSnapshot builds a snapshot of all records of a division as of at, which is set.
func NewSnapshot(r Records, at Time) (*Snapshot, error) {
	if !r.Whole {
		return nil, fmt.Errorf("%w: a snapshot starts from whole records", ErrInvalid)
	}
	s := &Snapshot{version: r.Version, at: max(at, r.Clock), boundaries: newBoundaries(r.Grids), grids: r.Grids, sites: sortSites(r.Sites)}
	s.numberPlaces()
	s.enterprises = newTable(r.Enterprises, enterpriseForm())
	s.hazards = newTable(r.Hazards, hazardForm())
	s.inspections = newTable(r.Inspections, inspectionForm())
	s.lines = slices.DeleteFunc(r.Lines, func(l Line) bool { return l.Deleted })
	s.book, s.placements = new(book), new(memo[placementKey, *placement])
	s.finish(true, true)
	return s, nil
}

// Next returns the snapshot after delta, as of at. Whole records start afresh.
func (s *Snapshot) Next(delta Records, at Time) (*Snapshot, error) {
	if delta.Whole {
		n, err := NewSnapshot(delta, max(at, s.at))
		if err == nil {
			n.parent = s.version
			n.boundaries.buildOn(s.boundaries)
		}
		return n, err
	}
	n := &Snapshot{
		version: delta.Version, at: max(at, s.at, delta.Clock), parent: s.version, touched: map[PlaceID]bool{Outside: false},
		boundaries: s.boundaries, grids: s.grids, sites: s.sites, places: s.places, starts: s.starts,
	}
	placed, moved := len(delta.Sites) > 0, len(delta.Enterprises) > 0
	if placed {
		n.sites = sortSites(slices.Concat(s.sites, delta.Sites))
		n.sites = slices.CompactFunc(n.sites, func(a, b Site) bool { return CompareSites(a, b) == 0 })
		n.numberPlaces()
	}
	n.enterprises = s.enterprises.with(delta.Enterprises, n.touched, enterpriseForm())
	n.hazards = s.hazards.with(delta.Hazards, n.touched, hazardForm())
	n.inspections = s.inspections.with(delta.Inspections, n.touched, inspectionForm())
	n.lines = s.lines
	if len(delta.Lines) > 0 {
		n.lines = merged(s.lines, delta.Lines, n.touched, lineForm())
	}
	n.book, n.placements = new(book), s.placements
	if placed {
		n.placements = new(memo[placementKey, *placement])
	} else if !moved {
		n.book = n.bookAfter(s)
	}
	n.calm = !moved && n.at < s.next
	n.synthetic = s.synthetic
	n.finish(placed, moved)
	return n, nil
}

// numberPlaces gives each place a small number.
func (s *Snapshot) numberPlaces() {
	s.places, s.starts = map[PlaceID]int32{}, nil
	for i, site := range s.sites {
		if i == 0 || site.Place != s.sites[i-1].Place {
			s.places[site.Place] = int32(len(s.starts))
			s.starts = append(s.starts, int32(i))
		}
	}
	s.starts = append(s.starts, int32(len(s.sites)))
}

// finish computes what follows from the records: of all of them where places have other numbers or enterprises changed.
func (s *Snapshot) finish(placed, moved bool) {
	s.enterprises.fill(s, nil, placed, enterpriseForm())
	owner := func(id string) int32 { return s.enterprises.numberOf(id, enterpriseForm()) }
	if moved {
		owner = s.owners()
		s.synthetic = slices.ContainsFunc(s.grids, func(g Grid) bool { return g.Synthetic })
		for _, e := range s.enterprises.all() {
			s.synthetic = s.synthetic || e.Synthetic
		}
	}
	s.hazards.fill(s, owner, placed || moved, hazardForm())
	s.inspections.fill(s, owner, placed || moved, inspectionForm())
	s.next = min(s.enterprises.nextChange(), s.hazards.nextChange(), s.inspections.nextChange())
	for _, b := range s.boundaries {
		for i := range b.epochs {
			if t := b.epochs[i].from; t > s.at {
				s.next = min(s.next, t)
			}
		}
	}
}

// owners returns a function from an enterprise's id to its number, -1 for none. It is faster than a search where many are looked for.
func (s *Snapshot) owners() func(id string) int32 {
	numbers := make(map[string]int32, s.enterprises.len())
	for i, e := range s.enterprises.all() {
		numbers[e.ID] = i
	}
	return func(id string) int32 {
		if i, ok := numbers[id]; ok {
			return i
		}
		return -1
	}
}

func (s *Snapshot) enterpriseAt(n int32) *Enterprise {
	if n < 0 {
		return nil
	}
	return s.enterprises.at(n)
}

// Version returns the version of the store that the snapshot shows.
func (s *Snapshot) Version() int64 { return s.version }

// At returns the instant that answers are for when they name none.
func (s *Snapshot) At() Time { return s.at }

// NextChange returns the first instant after At at which an answer as of now differs: a
// deadline passes, a future date arrives. It is unset if none is in sight.
func (s *Snapshot) NextChange() Time {
	if s.next == forever {
		return 0
	}
	return s.next
}

// Synthetic reports whether the division holds invented records.
func (s *Snapshot) Synthetic() bool { return s.synthetic }

// Lines returns the lines by id. They must not be changed.
func (s *Snapshot) Lines() []Line { return s.lines }

// Changed returns the codes of the grids, of any level, whose figures as of now differ from
// those of prev or that hold a record that changed; all is true when any grid may have.
func (s *Snapshot) Changed(prev *Snapshot) (codes []string, all bool) {
	if prev.version != s.parent || s.touched == nil {
		return nil, true
	}
	changed := map[string]bool{}
	for place := range s.touched {
		for _, site := range s.sitesOf(place) {
			changed[site.Code] = true
		}
	}
	for _, b := range s.boundaries {
		if !s.calm && s.differs(prev, b, changed) {
			return nil, true
		}
	}
	codes = make([]string, 0, len(changed))
	for code := range changed {
		codes = append(codes, code)
	}
	slices.Sort(codes)
	return codes, false
}

// differs notes the codes whose tally changed and reports whether the grids themselves did.
func (s *Snapshot) differs(prev *Snapshot, b *scheme, changed map[string]bool) bool {
	for _, level := range b.levels {
		now, err := s.Tallies(level, Query{Scheme: b.name})
		was, err2 := prev.Tallies(level, Query{Scheme: b.name})
		if err != nil || err2 != nil || len(now.Rows) != len(was.Rows) {
			return true
		}
		for i := range now.Rows {
			if now.Rows[i].Grid != was.Rows[i].Grid {
				return true
			}
			if g := now.Rows[i].Grid; g != nil && now.Rows[i].Tally != was.Rows[i].Tally {
				changed[g.Code] = true
			}
		}
	}
	return false
}

func (s *Snapshot) sitesOf(p PlaceID) []Site {
	i, ok := s.places[p]
	if !ok {
		return nil
	}
	return s.sites[s.starts[i]:s.starts[i+1]]
}
