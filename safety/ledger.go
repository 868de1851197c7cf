package safety

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
)

// A ledger is enterprises and hazards by place, in columns: what a count reads lies together, and counting a few grids reads
// the records of their places only. It is immutable; the next snapshot's shares the places in which nothing happened.
// Places are numbered as in Snapshot.places; after them come what lies outside and what has no location.
type ledger struct {
	premises [][]int32 // by place: numbers of enterprises
	hazards  []entries // by place
	traits   []trait   // distinct
}

// entries are the hazards of one place that are not void, by when they were found.
type entries struct {
	found, fixed, due []Time  // fixed: rectified, else closed; unset if neither
	trait             []int32 // number of what filters look at
	owner             []int32 // number of the enterprise, -1 if none
}

// A trait is what filters look at in a hazard.
type trait struct{ severity, source, aspect, item, responsible string }

func (h *Hazard) trait() trait { return trait{h.Severity, h.Source, h.Aspect, h.Item, h.Responsible} }

// A book holds the ledger of a snapshot, made when it is first asked for: from the one before, if that was made.
type book struct {
	once    sync.Once
	made    atomic.Pointer[ledger]
	base    *ledger // of the snapshot before; nil to start afresh
	touched []int32 // places in which its hazards are no longer true
}

func (s *Snapshot) ledger() *ledger {
	s.book.once.Do(func() {
		if s.book.base != nil {
			s.book.made.Store(s.nextLedger(s.book.base, s.book.touched))
		} else {
			s.book.made.Store(s.newLedger())
		}
		s.book.base = nil
	})
	return s.book.made.Load()
}

// bookAfter returns the book of s, which comes after a snapshot with the same enterprises and places.
func (s *Snapshot) bookAfter(before *Snapshot) *book {
	b := &book{base: before.book.made.Load()}
	for place := range s.touched {
		b.touched = append(b.touched, s.numberOf(place))
	}
	return b
}

// numberOf returns the number of a place in a ledger.
func (s *Snapshot) numberOf(p PlaceID) int32 {
	if p == NoPlace {
		return int32(len(s.places)) + 1
	}
	if i, ok := s.places[p]; ok {
		return i
	}
	return int32(len(s.places))
}

func (s *Snapshot) newLedger() *ledger {
	l := &ledger{premises: make([][]int32, len(s.places)+2), hazards: make([]entries, len(s.places)+2)}
	for i, at := range s.enterprises.places() {
		l.premises[at] = append(l.premises[at], i)
	}
	numbers := make([][]int32, len(l.hazards))
	for i, at := range s.hazards.places() {
		numbers[at] = append(numbers[at], i)
	}
	s.enterAll(l, numbers)
	return l
}

// nextLedger returns base with the hazards of some places read anew.
func (s *Snapshot) nextLedger(base *ledger, touched []int32) *ledger {
	l := &ledger{premises: base.premises, hazards: slices.Clone(base.hazards), traits: base.traits[:len(base.traits):len(base.traits)]}
	read := make([]bool, len(l.hazards))
	for _, place := range touched {
		read[place] = true
		l.hazards[place] = entries{}
	}
	numbers := make([][]int32, len(l.hazards))
	for i, at := range s.hazards.places() {
		if read[at] {
			numbers[at] = append(numbers[at], i)
		}
	}
	s.enterAll(l, numbers)
	return l
}

// enterAll enters hazards, by place.
func (s *Snapshot) enterAll(l *ledger, numbers [][]int32) {
	known := make(map[trait]int32, len(l.traits))
	for i, t := range l.traits {
		known[t] = int32(i)
	}
	for place, of := range numbers {
		if len(of) > 0 {
			l.hazards[place] = s.enter(l, of, known)
		}
	}
}

// enter makes the entries of some hazards.
func (s *Snapshot) enter(l *ledger, numbers []int32, known map[trait]int32) (e entries) {
	rows := &s.hazards
	numbers = slices.DeleteFunc(numbers, func(i int32) bool { return rows.at(i).Outcome == "void" })
	slices.SortFunc(numbers, func(i, j int32) int {
		return cmp.Or(cmp.Compare(rows.at(i).FoundAt, rows.at(j).FoundAt), cmp.Compare(i, j))
	})
	for _, i := range numbers {
		h := rows.at(i)
		n, ok := known[h.trait()]
		if !ok {
			n = int32(len(l.traits))
			known[h.trait()] = n
			l.traits = append(l.traits, h.trait())
		}
		e.found, e.fixed, e.due = append(e.found, h.FoundAt), append(e.fixed, h.fixedAt()), append(e.due, h.DueAt)
		e.trait, e.owner = append(e.trait, n), append(e.owner, rows.owner(i))
	}
	return e
}

// window returns which entries were found in the window of q.
func (e *entries) window(q Query) (from, to int) {
	from, _ = slices.BinarySearch(e.found, max(q.From, 1)) // unset is 0 or less
	last := q.At
	if q.To.IsSet() {
		last = min(last, q.To)
	}
	to, _ = slices.BinarySearch(e.found, last+1)
	return from, max(from, to)
}

// A sieve is the filters of a query as a ledger applies them.
type sieve struct {
	q          Query
	pass       []bool // by trait; nil when all pass
	enterprise bool   // the enterprise has to pass too
	s          *Snapshot
}

func (s *Snapshot) sieve(q Query) sieve {
	f := sieve{q: q, s: s, enterprise: q.Kind != "" || q.HasFloorMax}
	if q.Severity+q.Source+q.Aspect+q.Item+q.Responsible == "" {
		return f
	}
	traits := s.ledger().traits
	f.pass = make([]bool, len(traits))
	for i, t := range traits {
		f.pass[i] = q.ofTrait(t)
	}
	return f
}

// ofTrait reports whether the filters on hazards let t pass.
func (q Query) ofTrait(t trait) bool {
	return (q.Severity == "" || t.severity == q.Severity) && (q.Source == "" || t.source == q.Source) &&
		(q.Aspect == "" || t.aspect == q.Aspect) && (q.Item == "" || t.item == q.Item) &&
		(q.Responsible == "" || t.responsible == q.Responsible)
}

// lets reports whether entry i passes the filters.
func (f *sieve) lets(e *entries, i int) bool {
	return (f.pass == nil || f.pass[e.trait[i]]) && (!f.enterprise || f.q.ofEnterprise(f.s.enterpriseAt(e.owner[i])))
}

// count adds the hazards of a place to t: Found, Rectified, Open and Overdue.
func (f *sieve) count(e *entries, t *Tally) {
	from, to := e.window(f.q)
	at := f.q.At
	all := f.pass == nil && !f.enterprise
	for i := from; i < to; i++ {
		if !all && !f.lets(e, i) {
			continue
		}
		t.Found++
		switch fixed, due := e.fixed[i], e.due[i]; {
		case fixed.IsSet() && fixed <= at:
			t.Rectified++
		case due.IsSet() && due < at:
			t.Open++
			t.Overdue++
		default:
			t.Open++
		}
	}
}
