package safety

import (
	"cmp"
	"iter"
	"slices"
	"sort"
)

// A table is the records of one kind by id, in pages. It is immutable; the next snapshot's shares all pages in which no record
// changed, so that one changed record among a million costs a page. A record's number is its place in the whole table.
type table[T any] struct {
	pages []page[T]
	first []int32 // number of each page's first record, and in the end how many there are
	hints []int32 // for each run of pageSize numbers, the page of the first
	spots *spots  // of enterprises and hazards
}

// A page is records that follow each other, and what counting needs of each of them.
type page[T any] struct {
	rows  []T
	owner []int32 // number of the enterprise, -1 if none
	place []int32 // number of the place in the ledger
	next  Time    // first instant after the snapshot's at which a figure about one of them changes, forever if none
}

// pageSize is how many records a new page has. Pages grow to twice as many before they are cut.
const pageSize = 256

// A form is what a table must know about its kind.
type form[T any] struct {
	id         func(*T) string
	place      func(*T) PlaceID
	deleted    func(*T) bool
	enterprise func(*T) string // nil for enterprises
	next       func(*T, Time) Time
}

func enterpriseForm() form[Enterprise] {
	return form[Enterprise]{
		id: idOfEnterprise, next: (*Enterprise).nextChange,
		place: func(e *Enterprise) PlaceID { return e.Place }, deleted: func(e *Enterprise) bool { return e.Deleted },
	}
}

func hazardForm() form[Hazard] {
	return form[Hazard]{
		id: idOfHazard, next: (*Hazard).nextChange, enterprise: func(h *Hazard) string { return h.Enterprise },
		place: func(h *Hazard) PlaceID { return h.Place }, deleted: func(h *Hazard) bool { return h.Deleted },
	}
}

func inspectionForm() form[Inspection] {
	return form[Inspection]{
		id: idOfInspection, next: (*Inspection).nextChange, enterprise: func(i *Inspection) string { return i.Enterprise },
		place: func(i *Inspection) PlaceID { return i.Place }, deleted: func(i *Inspection) bool { return i.Deleted },
	}
}

// lineForm is of a list that is no table.
func lineForm() form[Line] {
	return form[Line]{id: idOfLine, place: func(*Line) PlaceID { return Outside }, deleted: func(l *Line) bool { return l.Deleted }}
}

// newTable returns a table of those rows that are not deleted; it takes them over. Their memory stays as long as any page of them does:
// in the worst case, once every page has had a change but one, rows take twice their size.
func newTable[T any](rows []T, f form[T]) table[T] {
	t := table[T]{spots: new(spots)}
	for rows := range slices.Chunk(slices.DeleteFunc(rows, func(r T) bool { return f.deleted(&r) }), pageSize) {
		t.pages = append(t.pages, page[T]{rows: rows})
	}
	t.number()
	return t
}

// number fills first and hints.
func (t *table[T]) number() {
	t.first = make([]int32, 1, len(t.pages)+1)
	for _, p := range t.pages {
		t.first = append(t.first, t.first[len(t.first)-1]+int32(len(p.rows)))
	}
	t.hints = make([]int32, 0, t.len()/pageSize+1)
	for p := range t.pages {
		for len(t.hints)*pageSize < int(t.first[p+1]) {
			t.hints = append(t.hints, int32(p))
		}
	}
}

func (t *table[T]) len() int { return int(t.first[len(t.first)-1]) }

// locate returns the page of a record, and its place there.
func (t *table[T]) locate(number int32) (p *page[T], i int32) {
	n := t.hints[number/pageSize]
	for t.first[n+1] <= number {
		n++
	}
	return &t.pages[n], number - t.first[n]
}

func (t *table[T]) at(number int32) *T {
	p, i := t.locate(number)
	return &p.rows[i]
}

// owner returns the number of a record's enterprise, -1 if none.
func (t *table[T]) owner(number int32) int32 {
	p, i := t.locate(number)
	return p.owner[i]
}

// from yields the records from a number on.
func (t *table[T]) from(number int32) iter.Seq2[int32, *T] {
	return func(yield func(int32, *T) bool) {
		n := number
		for int(n) < t.len() {
			p, i := t.locate(n)
			for k := range p.rows[i:] {
				if !yield(n, &p.rows[int(i)+k]) {
					return
				}
				n++
			}
		}
	}
}

// all yields the records.
func (t *table[T]) all() iter.Seq2[int32, *T] { return t.from(0) }

// places yields the number of each record and that of its place.
func (t *table[T]) places() iter.Seq2[int32, int32] {
	return func(yield func(int32, int32) bool) {
		for n := range t.pages {
			for i, place := range t.pages[n].place {
				if !yield(t.first[n]+int32(i), place) {
					return
				}
			}
		}
	}
}

// search returns the number of the first record whose id does not come before another, and whether it is that one.
func (t *table[T]) search(id string, f form[T]) (number int32, found bool) {
	n := sort.Search(len(t.pages), func(i int) bool {
		rows := t.pages[i].rows
		return f.id(&rows[len(rows)-1]) >= id
	})
	if n == len(t.pages) {
		return int32(t.len()), false
	}
	rows := t.pages[n].rows
	i := sort.Search(len(rows), func(i int) bool { return f.id(&rows[i]) >= id })
	return t.first[n] + int32(i), f.id(&rows[i]) == id
}

// numberOf returns the number of the record with an id, -1 if there is none.
func (t *table[T]) numberOf(id string, f form[T]) int32 {
	if n, found := t.search(id, f); found {
		return n
	}
	return -1
}

// after yields the records whose ids come after another.
func (t *table[T]) after(id string, f form[T]) iter.Seq2[int32, *T] {
	n, found := t.search(id, f)
	if found {
		n++
	}
	return t.from(n)
}

// with returns t with records, by id, put in, replaced or taken out. It notes the places on both sides of each change.
// What counting needs of the pages that changed is to be filled in.
func (t *table[T]) with(delta []T, touched map[PlaceID]bool, f form[T]) table[T] {
	if len(delta) == 0 {
		return *t
	}
	out := table[T]{pages: make([]page[T], 0, len(t.pages)+1), spots: new(spots)}
	for i := range t.pages {
		rows, n := t.pages[i].rows, len(delta)
		if i+1 < len(t.pages) {
			next := f.id(&t.pages[i+1].rows[0])
			n = sort.Search(n, func(k int) bool { return f.id(&delta[k]) >= next })
		}
		if n == 0 {
			out.pages = append(out.pages, t.pages[i])
			continue
		}
		out.add(merged(rows, delta[:n], touched, f))
		delta = delta[n:]
	}
	out.add(merged(nil, delta, touched, f)) // of an empty table
	out.number()
	return out
}

// add appends rows as pages.
func (t *table[T]) add(rows []T) {
	if len(rows) <= 2*pageSize {
		if len(rows) > 0 {
			t.pages = append(t.pages, page[T]{rows: rows})
		}
		return
	}
	for part := range slices.Chunk(rows, pageSize) {
		t.pages = append(t.pages, page[T]{rows: slices.Clip(part)})
	}
}

// merged returns old with the records of delta put in, replaced or taken out; both are by id.
// It notes the places on both sides of each change.
func merged[T any](old, delta []T, touched map[PlaceID]bool, f form[T]) []T {
	out := make([]T, 0, len(old)+len(delta))
	for i := range delta {
		id := f.id(&delta[i])
		n := sort.Search(len(old), func(k int) bool { return f.id(&old[k]) >= id })
		out = append(out, old[:n]...)
		old = old[n:]
		if len(old) > 0 && f.id(&old[0]) == id {
			touched[f.place(&old[0])] = true
			old = old[1:]
		}
		if !f.deleted(&delta[i]) {
			touched[f.place(&delta[i])] = true
			out = append(out, delta[i])
		}
	}
	return append(out, old...)
}

// fill fills in what counting needs of the pages that lack it, or of all.
func (t *table[T]) fill(s *Snapshot, owner func(id string) int32, all bool, f form[T]) {
	shared := true
	for i := range t.pages {
		lacks := all || t.pages[i].place == nil
		if !lacks && t.pages[i].next > s.at {
			continue
		}
		if shared {
			t.pages, shared = slices.Clone(t.pages), false
		}
		if p := &t.pages[i]; lacks {
			p.fill(s, owner, f)
		} else {
			p.next = p.nextChange(s.at, f)
		}
	}
}

func (p *page[T]) fill(s *Snapshot, owner func(id string) int32, f form[T]) {
	p.place = make([]int32, len(p.rows))
	p.owner = nil
	if f.enterprise != nil {
		p.owner = make([]int32, len(p.rows))
	}
	for i := range p.rows {
		p.place[i] = s.numberOf(f.place(&p.rows[i]))
		if f.enterprise != nil {
			p.owner[i] = -1
			if id := f.enterprise(&p.rows[i]); id != "" {
				p.owner[i] = owner(id)
			}
		}
	}
	p.next = p.nextChange(s.at, f)
}

func (p *page[T]) nextChange(at Time, f form[T]) Time {
	next := forever
	for i := range p.rows {
		next = min(next, f.next(&p.rows[i], at))
	}
	return next
}

// nextChange returns the first instant after the snapshot's at which a figure about a record changes, forever if none.
func (t *table[T]) nextChange() Time {
	if len(t.pages) == 0 {
		return forever
	}
	return slices.MinFunc(t.pages, func(a, b page[T]) int { return cmp.Compare(a.next, b.next) }).next
}
