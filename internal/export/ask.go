package export

import (
	"fmt"
	"math"
	"slices"

	"github.com/paulmach/orb"

	"hazgrid/geo/crs"
	"hazgrid/safety"
)

// An asker answers the points of blocks. Workers share it.
type asker struct {
	Locator
	lookup *safety.Lookup // nil when broken says why there is none
	broken error
	depth  int
}

func (l Locator) asker() *asker {
	a := &asker{Locator: l, depth: l.Snapshot.Depth(l.Options.Scheme)}
	a.lookup, a.broken = l.Snapshot.Lookup(l.Options)
	return a
}

// inWGS84 brings p out of the locator's frame.
func (l Locator) inWGS84(p orb.Point) (orb.Point, error) {
	if !l.Frame.Projected() {
		if err := safety.CheckPoint(p); err != nil || l.Frame == crs.WGS84 {
			return p, err
		}
	}
	at, err := l.Frame.ToWGS84(p)
	if err != nil {
		return p, &safety.FieldError{Reason: fmt.Sprintf("frame %s: %v", l.Frame, err)}
	}
	return at, safety.CheckPoint(at)
}

// take puts p, in the locator's frame, or why it is none, in for the next row of b.
func (a *asker) take(b *block, p orb.Point, err error) {
	if err == nil {
		p, err = a.inWGS84(p)
	}
	if err == nil {
		err = a.broken
	}
	if err != nil {
		b.bad = append(b.bad, badRow{n: len(b.points), err: err})
		p = orb.Point{math.NaN(), math.NaN()}
	}
	b.points = append(b.points, p)
}

// locate fills grids and, when it snaps, metres.
func (a *asker) locate(b *block) {
	b.grids = slices.Grow(b.grids[:0], a.depth*len(b.points))[:a.depth*len(b.points)]
	if a.lookup == nil {
		return // all points are bad
	}
	a.lookup.Locate(b.points, b.grids)
	if a.Options.SnapM > 0 {
		a.snap(b)
	}
}

// snap looks for grids near the points that have none.
func (a *asker) snap(b *block) {
	b.metres = append(b.metres[:0], make([]float64, len(b.points))...)
	for i, p := range b.points {
		row := a.row(b, i)
		if owned(row) || len(row) == 0 || row[0] == safety.BadPoint {
			continue
		}
		var err error
		if b.metres[i], _, err = a.lookup.Snap(p, row); err != nil {
			b.bad = append(b.bad, badRow{n: i, err: err})
		}
	}
	slices.SortStableFunc(b.bad, func(x, y badRow) int { return x.n - y.n })
}

// row is the answer for point i of b: the number of the grid at each level.
func (a *asker) row(b *block, i int) []int32 { return b.grids[i*a.depth : (i+1)*a.depth] }

// owned says whether a row names any grid.
func owned(row []int32) bool {
	for _, n := range row {
		if n >= 0 {
			return true
		}
	}
	return false
}

// endings keeps how the answers that came last are spelled: points that follow each other, and
// districts of a few thousand grids, need each spelled once. One worker uses it.
type endings struct {
	depth int
	spell func(b []byte, row []int32, metres float64) []byte
	known []ending // by the deepest grid: its number, and how far its level is from the last
	rows  []int32  // of known
	text  []byte
}

type ending struct{ from, to int }

// Sizes of endings: how many it knows, and bytes of their text.
const (
	endingsKnown = 4096
	endingsText  = 1 << 20
	endingsApart = 1361 // a third of endingsKnown: between two levels' grids
)

func (a *asker) endings(spell func(b []byte, row []int32, metres float64) []byte) *endings {
	return &endings{depth: a.depth, spell: spell, known: make([]ending, endingsKnown), rows: make([]int32, endingsKnown*a.depth)}
}

// appendTo adds to b the ending for a row that is owned, at 0 metres.
func (e *endings) appendTo(b []byte, row []int32) []byte {
	deepest := len(row) - 1
	for row[deepest] < 0 {
		deepest--
	}
	slot := (int(row[deepest]) + endingsApart*(len(row)-deepest)) % endingsKnown
	known, of := &e.known[slot], e.rows[slot*e.depth:(slot+1)*e.depth]
	if known.to == 0 || !slices.Equal(of, row) {
		if len(e.text) > endingsText {
			clear(e.known)
			e.text = e.text[:0]
		}
		from := len(e.text)
		e.text = e.spell(e.text, row, 0)
		*known = ending{from, len(e.text)}
		copy(of, row)
	}
	return append(b, e.text[known.from:known.to]...)
}
