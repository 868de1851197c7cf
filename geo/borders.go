package geo

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/paulmach/orb"
)

// Borders are the boundaries of faces with every edge held once, without an index for points: what it takes to
// know where faces overlap or leave gaps. They are made in one pass over the vertices. Borders are safe for concurrent use once made.
type Borders struct {
	cells []orb.MultiPolygon
	edges []edge
	extra []claimed // of an edge beyond one on either side: faces that overlap there
	parts []outline // without their bands
	uses  []int32   // edges of the parts, part after part

	ground *lazyGround
}

// An edge is a straight piece of boundary, the lower end first (of a level edge: the western),
// so that both faces beside it do the same arithmetic.
type edge struct {
	lo, hi      orb.Point
	left, right int32 // the faces, looking from lo to hi; none where there is nothing
}

// A claimed says that a face has an edge in its boundary.
type claimed struct {
	edge, face int32
	left       bool // which side the face lies on
}

// NewBorders takes the faces' shapes, in degrees: face i is cells[i]. They are kept, not copied: they must not change
// afterwards. It fails when a coordinate is not a number or over 10¹⁵ in size, as [NewCoverage].
func NewBorders(cells []orb.MultiPolygon) (*Borders, error) {
	for face, cell := range cells {
		for i, polygon := range cell {
			for k, ring := range polygon {
				if bad := unfit(ring); bad >= 0 {
					return nil, fmt.Errorf("borders: face %d: polygon %d: ring %d: coordinate %v is not a number up to 1e15", face, i, k, ring[bad])
				}
			}
		}
	}
	return newBorders(cells), nil
}

func newBorders(cells []orb.MultiPolygon) *Borders {
	b := &Borders{cells: cells, ground: &lazyGround{}}
	sides := 0
	for _, cell := range cells {
		for _, polygon := range cell {
			for _, ring := range polygon {
				sides += len(ring)
			}
		}
	}
	b.uses, b.edges = make([]int32, 0, sides), make([]edge, 0, sides/2)
	m := newMatcher(b, sides)
	for face, cell := range cells {
		for i := range cell {
			b.addPart(outline{face: int32(face), polygon: int32(i)}, m)
		}
	}
	return b
}

// addPart takes in one polygon.
func (b *Borders) addPart(p outline, m *matcher) {
	p.first = int32(len(b.uses))
	for i, ring := range b.cells[p.face][p.polygon] {
		insideLeft := (winding(ring) > 0) == (i == 0)
		m.approach(ring)
		for from, to := range segments(ring) {
			e, forward := m.edgeOf(from, to)
			b.claim(claimed{edge: e, face: p.face, left: insideLeft == forward})
			b.uses = append(b.uses, e)
		}
	}
	if p.last = int32(len(b.uses)); p.last == p.first {
		return
	}
	p.bound, _ = partBound(b.cells[p.face][p.polygon])
	b.parts = append(b.parts, p)
}

// claim puts a face beside its edge, or on the list of extras when the side is taken.
func (b *Borders) claim(u claimed) {
	side := &b.edges[u.edge].right
	if u.left {
		side = &b.edges[u.edge].left
	}
	if *side == none {
		*side = u.face
		return
	}
	b.extra = append(b.extra, u)
}

// edgeBetween is the edge with these ends and nothing beside it.
func edgeBetween(a, b orb.Point) edge {
	if a[1] < b[1] || a[1] == b[1] && a[0] < b[0] {
		return edge{lo: a, hi: b, left: none, right: none}
	}
	return edge{lo: b, hi: a, left: none, right: none}
}

func (e *edge) bound() orb.Bound {
	return orb.Bound{
		Min: orb.Point{min(e.lo[0], e.hi[0]), e.lo[1]},
		Max: orb.Point{max(e.lo[0], e.hi[0]), e.hi[1]},
	}
}

// A matcher finds the edge with given ends. Where a ring runs along another, the next edge is the one beside the last
// that was found, and nothing need be searched for; the rest are in a hash table.
type matcher struct {
	b     *Borders
	table []int32 // edge + 1, 0 where there is none; a power of two, at most half full
	shift int
	first []int32  // by edge: its first place in uses
	at    int32    // in uses: of the last edge found, -1 when that was new
	slots []uint64 // where the sides of the ring that is taken in belong in the table
	next  int      // of slots
	near  int32    // what approach read
}

// newMatcher has room for so many sides.
func newMatcher(b *Borders, sides int) *matcher {
	size := max(4, bits.Len(uint(2*sides)))
	return &matcher{b: b, table: make([]int32, 1<<size), shift: 64 - size, first: make([]int32, 0, sides/2), at: -1}
}

// approach reads what edgeOf will read for the sides of ring. One side after the other, each would wait for the memory; read
// before anything depends on it, they wait together.
func (m *matcher) approach(ring orb.Ring) {
	m.slots, m.next = m.slots[:0], 0
	if len(ring) == 0 {
		return
	}
	a := ring[len(ring)-1]
	hash := hashPoint(a)
	for _, b := range ring {
		before := hash
		if hash = hashPoint(b); a != b {
			m.slots = append(m.slots, hashEnds(before, hash)>>m.shift)
		}
		a = b
	}
	for _, slot := range m.slots {
		m.near ^= m.table[slot]
	}
	for _, slot := range m.slots {
		if e := m.table[slot]; e != 0 {
			m.near ^= m.first[e-1] ^ m.b.edges[e-1].left
		}
	}
}

// edgeOf is the one edge with these ends, of the next side of the ring that approach was given; forward says that it runs
// from a to b. The caller appends it to uses.
func (m *matcher) edgeOf(a, b orb.Point) (e int32, forward bool) {
	made := edgeBetween(a, b)
	forward = made.lo == a
	slot := m.slots[m.next]
	m.next++
	if m.at >= 0 {
		for _, at := range [...]int32{m.at - 1, m.at + 1} {
			if at >= 0 && int(at) < len(m.b.uses) && m.b.edges[m.b.uses[at]].joins(&made) {
				m.at = at
				return m.b.uses[at], forward
			}
		}
	}
	for ; m.table[slot] != 0; slot = (slot + 1) & uint64(len(m.table)-1) {
		if e = m.table[slot] - 1; m.b.edges[e].joins(&made) {
			m.at = m.first[e]
			return e, forward
		}
	}
	e = int32(len(m.b.edges))
	m.b.edges, m.first = append(m.b.edges, made), append(m.first, int32(len(m.b.uses)))
	m.table[slot], m.at = e+1, -1
	return e, forward
}

// joins reports that two edges have the same ends.
func (e *edge) joins(other *edge) bool { return e.lo == other.lo && e.hi == other.hi }

// hashPoint mixes the coordinates; 0 is added because -0 equals it.
func hashPoint(p orb.Point) uint64 {
	h := uint64(0)
	for _, x := range p {
		hi, lo := bits.Mul64(h^math.Float64bits(x+0), 0x9e3779b97f4a7c15)
		h = hi ^ lo + 0x632be59bd9b4e019
	}
	return h * 0x9e3779b97f4a7c15
}

// hashEnds is the hash of an edge, either way, from those of its ends.
func hashEnds(a, b uint64) uint64 { return (a + b) * 0x9e3779b97f4a7c15 }
