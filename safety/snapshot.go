package safety

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
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

	book       *book
	placements *memo[placementKey, *placement]

	tables  memo[tableKey, *Table]
	symbols memo[symbolKey, *Symbols]
}

// A table is the records of one kind by id, with the enterprise that each belongs to.
type table[T any] struct {
	rows  []T
	owner []int32 // number of the enterprise, -1 if none
	spots *spots  // of enterprises and hazards
}

// NewSnapshot builds a snapshot of all records of a division as of at, which is set.
func NewSnapshot(r Records, at Time) (*Snapshot, error) {
	if !r.Whole {
		return nil, fmt.Errorf("%w: a snapshot starts from whole records", ErrInvalid)
	}
	s := &Snapshot{version: r.Version, at: max(at, r.Clock), boundaries: newBoundaries(r.Grids), grids: r.Grids, sites: sortSites(r.Sites)}
	s.numberPlaces()
	s.enterprises.rows = live(r.Enterprises, func(e *Enterprise) bool { return e.Deleted })
	s.hazards.rows = live(r.Hazards, func(h *Hazard) bool { return h.Deleted })
	s.inspections.rows = live(r.Inspections, func(i *Inspection) bool { return i.Deleted })
	s.lines = live(r.Lines, func(l *Line) bool { return l.Deleted })
	s.enterprises.spots, s.hazards.spots = new(spots), new(spots)
	s.book, s.placements = new(book), new(memo[placementKey, *placement])
	s.finish(true)
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
	if len(delta.Sites) > 0 {
		n.sites = sortSites(slices.Concat(s.sites, delta.Sites))
		n.sites = slices.CompactFunc(n.sites, func(a, b Site) bool { return CompareSites(a, b) == 0 })
		n.numberPlaces()
	}
	n.enterprises.rows = merged(s.enterprises.rows, delta.Enterprises, n.touched, func(e *Enterprise) (string, PlaceID, bool) { return e.ID, e.Place, e.Deleted })
	n.hazards.rows = merged(s.hazards.rows, delta.Hazards, n.touched, func(h *Hazard) (string, PlaceID, bool) { return h.ID, h.Place, h.Deleted })
	n.inspections.rows = merged(s.inspections.rows, delta.Inspections, n.touched, func(i *Inspection) (string, PlaceID, bool) { return i.ID, i.Place, i.Deleted })
	n.lines = merged(s.lines, delta.Lines, n.touched, func(l *Line) (string, PlaceID, bool) { return l.ID, Outside, l.Deleted })
	n.enterprises.spots = spotsAfter(s.enterprises.spots, len(delta.Enterprises))
	n.hazards.spots = spotsAfter(s.hazards.spots, len(delta.Hazards))
	moved := len(delta.Enterprises) > 0
	if !moved && len(delta.Hazards) == 0 {
		n.hazards.owner = s.hazards.owner
	}
	if !moved && len(delta.Inspections) == 0 {
		n.inspections.owner = s.inspections.owner
	}
	n.book, n.placements = new(book), s.placements
	if len(delta.Sites) > 0 {
		n.placements = new(memo[placementKey, *placement])
	} else if !moved {
		n.book = n.bookAfter(s)
	}
	n.finish(moved)
	return n, nil
}

// live drops deleted records.
func live[T any](rows []T, deleted func(*T) bool) []T {
	return slices.DeleteFunc(rows, func(r T) bool { return deleted(&r) })
}

// merged returns old with the records of delta put in, replaced or taken out; both are by id.
// It notes the places on both sides of each change.
func merged[T any](old, delta []T, touched map[PlaceID]bool, key func(*T) (string, PlaceID, bool)) []T {
	if len(delta) == 0 {
		return old
	}
	out := make([]T, 0, len(old)+len(delta))
	for i := range delta {
		id, place, deleted := key(&delta[i])
		n, found := slices.BinarySearchFunc(old, id, func(r T, id string) int {
			have, _, _ := key(&r)
			return cmp.Compare(have, id)
		})
		out = append(out, old[:n]...)
		old = old[n:]
		if found {
			_, before, _ := key(&old[0])
			touched[before] = true
			old = old[1:]
		}
		if !deleted {
			touched[place] = true
			out = append(out, delta[i])
		}
	}
	return append(out, old...)
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

// finish computes what follows from the records: owners where they are not known, the next change.
func (s *Snapshot) finish(enterprisesChanged bool) {
	owner := owners(s.enterprises.rows)
	if s.hazards.owner == nil || enterprisesChanged {
		s.hazards.owner = owned(s.hazards.rows, owner, func(h *Hazard) string { return h.Enterprise })
	}
	if s.inspections.owner == nil || enterprisesChanged {
		s.inspections.owner = owned(s.inspections.rows, owner, func(i *Inspection) string { return i.Enterprise })
	}
	s.next = s.nextChange()
	s.synthetic = slices.ContainsFunc(s.grids, func(g Grid) bool { return g.Synthetic }) ||
		slices.ContainsFunc(s.enterprises.rows, func(e Enterprise) bool { return e.Synthetic })
}

// owners returns a function from an enterprise's id to its number. The index is made when it is first asked for.
func owners(enterprises []Enterprise) func(id string) int32 {
	index := sync.OnceValue(func() map[string]int32 {
		m := make(map[string]int32, len(enterprises))
		for i := range enterprises {
			m[enterprises[i].ID] = int32(i)
		}
		return m
	})
	return func(id string) int32 {
		if i, ok := index()[id]; ok {
			return i
		}
		return -1
	}
}

func owned[T any](rows []T, owner func(string) int32, enterprise func(*T) string) []int32 {
	out := make([]int32, len(rows))
	for i := range rows {
		out[i] = -1
		if id := enterprise(&rows[i]); id != "" {
			out[i] = owner(id)
		}
	}
	return out
}

func (s *Snapshot) nextChange() Time {
	next := forever
	for i := range s.enterprises.rows {
		next = min(next, s.enterprises.rows[i].nextChange(s.at))
	}
	for i := range s.hazards.rows {
		next = min(next, s.hazards.rows[i].nextChange(s.at))
	}
	for i := range s.inspections.rows {
		if t := s.inspections.rows[i].At; t > s.at {
			next = min(next, t)
		}
	}
	for _, b := range s.boundaries {
		for i := range b.epochs {
			if t := b.epochs[i].from; t > s.at {
				next = min(next, t)
			}
		}
	}
	return next
}

func (s *Snapshot) enterpriseAt(n int32) *Enterprise {
	if n < 0 {
		return nil
	}
	return &s.enterprises.rows[n]
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
		if s.differs(prev, b, changed) {
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
