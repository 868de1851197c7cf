package geo

import (
	"math"
	"math/bits"

	"github.com/paulmach/orb"
)

// A raster answers which face owns a point with one or two looks into memory.
//
// It cuts the coverage's box into blocks, and each block into 4ᵏ squares, k as fine as the block's
// sides are many. A square that no side meets is one word: its face. Any other has a record: the
// faces at its reference corner c (a point just left of and below the square), and the sides
// that meet the square. The owner of p is found by walking c → (c.x, p.y) → p and changing over at each
// side that is crossed. For a side with ends lo and hi, lower first, that is at most one test:
//
//	p.y < lo.y    not crossed
//	p.y ≥ hi.y    crossed upwards if c.x lies between: a bit, known beforehand
//	else          crossed if p is right of or on the side, and c was not, or the other way round
//
// where "c was" is c itself if the side reaches down to its parallel, else whether lo.x ≤ c.x. Sums over
// a ring of such crossings are the even–odd rule for p + (ε, ε²), so exactly one face of a clean coverage
// has an odd number: see the package comment. Each face has a bit, each side the bits of the faces
// beside it, so overlaps, holes and parts need nothing more.
//
// The test is done in whole numbers first: sides are cut to the square and rounded to 1/16384 of it.
// Where rounding could matter (p within some ten-thousandths of the square) the exact ends decide.
type raster struct {
	x0, y0     float64 // lower left corner, degrees
	perX, perY float64 // blocks a degree
	nx, ny     float64 // blocks
	wide       int     // nx

	fineX, fineY float64 // 2²⁰ times perX, perY, nx and ny: whole numbers of these tell block, square and
	endX, endY   float64 // unit of a point by their bits
	blocks       []block
	details      pages[detail] // of each block
	density      density
	outside      *uint32 // the word of points that are in no block: nobody's
}

// A border is a side held once in each block it meets: its ends and the faces looking
// from the lower to the higher end, none where there is nothing. A third face gets a side of its own.
type border struct {
	at          *[2]orb.Point
	left, right int32
}

const none = -1

// A block is a square of squares: data are their words, row by row from below, then the records.
// It is all of a block that most lookups need, half a line of the processor's cache.
type block struct {
	data []uint32
	wide int64 // squares in a row: a power of two
}

// A detail is what few lookups need of a block: its sides, exact, and deep.
type detail struct {
	sides []border
	deep  *deep
}

// deep is what few blocks have: blocks in place of crowded squares, and squares too odd for a record.
type deep struct {
	blocks  []block
	details []detail
	dense   []dense
}

// A word is the kind of a square and a number: of a face plus one (0: nobody's), of the place of its record
// in data, of a block in deep, of a dense square in deep. With a record's place it tells how many sides there are, so
// that nothing waits for the record's head.
const (
	recordWord = 1 << 30
	blockWord  = 2 << 30
	denseWord  = 3 << 30
	wordValue  = 1<<30 - 1

	sidesAt     = 26 // of a record's word, up to manySides
	manySides   = 15 // as many or more: the head tells
	recordPlace = 1<<sidesAt - 1
)

// A record is groups of three numbers. The first: from the low bits up, the faces at the reference corner,
// 16 bits; how many sides and how many faces there are, 8 each; then the first two faces. A group for each
// side: its lower end and from there to the higher, x and y of 16 bits each; the faces beside it, 14 bits, its
// number in sides, 16 bits, right0, above. Then the other faces. Bits go by rising faces, so the lowest is the lowest face.
const (
	group     = 3
	maxBits   = 14
	faceBits  = 1<<maxBits - 1
	numberAt  = maxBits
	right0Bit = 30
	aboveBit  = 31 // the sign
	maxMarks  = 1<<8 - 1
	maxSides  = 1 << 16

	unit     = 1 << 14  // of a side's ends in a square
	reach    = unit / 4 // how far beyond the square they go
	unsure   = 117_000  // what rounding may do to twice the area of lo, hi, p: see holders
	least    = 1.0 / 64 // how far beyond a square the sides listed for it reach, squares
	crowd    = 24       // sides over which a square becomes a block
	repeats  = 3        // how often, on average, a block's sides may come in its crowded squares for that
	unitBits = 14       // of unit
	fineBits = unitBits + maxShift
	finest   = 1 << 20 // squares a block's side may be cut into, also by blocks in blocks
)

// place is the square of a point.
type place struct {
	block *block
	*detail
	word uint32
	u, v float64 // of the point in the square, 0 to 1
}

// locate is the owner of the point at lon, lat, none outside. Two numbers are given in registers, an array is not.
func (r *raster) locate(lon, lat float64) int32 {
	u, v := float64((lon-r.x0)*r.fineX), float64((lat-r.y0)*r.fineY)
	if !(u >= 0 && u < r.endX && v >= 0 && v < r.endY) {
		return none
	}
	x, y := int64(u), int64(v)
	at := int(y>>fineBits)*r.wide + int(x>>fineBits)
	b := &r.blocks[at]
	x, y = b.inSquares(x), b.inSquares(y)
	w := b.data[b.squareOf(x, y)]
	if w < recordWord {
		return int32(w) - 1
	}
	if w >= blockWord {
		s, _ := r.find(orb.Point{lon, lat})
		return s.owner(orb.Point{lon, lat})
	}
	rec := record(b.data[w&recordPlace:])
	if state, sure := rec.holders(rec.sides(w), unitOf(x), unitOf(y)); sure {
		return rec.lowest(state)
	}
	return rec.exactOwner(r.details.at(at).sides, orb.Point{lon, lat})
}

// inSquares turns a coordinate in 2⁻²⁰ of a block, of which whole blocks do not matter, into 2⁻²⁰ of a square of the block.
func (b *block) inSquares(x int64) int64 { return x & (1<<fineBits - 1) * b.wide }

// squareOf is the number of the square at x, y, in 2⁻²⁰ of a square.
func (b *block) squareOf(x, y int64) int64 { return y>>fineBits*b.wide + x>>fineBits }

// unitOf is the unit, in its square, of a coordinate in 2⁻²⁰ of a square.
func unitOf(x int64) int32 { return int32(x>>(fineBits-unitBits)) & (unit - 1) }

// owner is the owner of p, which lies in the square.
func (s place) owner(p orb.Point) int32 {
	if s.word < recordWord {
		return int32(s.word) - 1
	}
	if s.word >= denseWord {
		return s.dense(p).owner()
	}
	rec := s.record()
	if state, sure := rec.holders(rec.sides(s.word), int32(s.u*unit), int32(s.v*unit)); sure {
		return rec.lowest(state)
	}
	return rec.exactOwner(s.sides, p)
}

// find is the square of p; not ok outside the box and for what is no number.
func (r *raster) find(p orb.Point) (s place, ok bool) {
	u, v := float64((p[0]-r.x0)*r.perX), float64((p[1]-r.y0)*r.perY)
	if !(u >= 0 && u < r.nx && v >= 0 && v < r.ny) {
		return s, false
	}
	i, j := int(u), int(v)
	s.block, s.detail = &r.blocks[j*r.wide+i], r.details.at(j*r.wide+i)
	s.look(u-float64(i), v-float64(j))
	return s.descend(), true
}

// look finds the square of a point at u, v of the block, 0 to 1. Squares are a power of two, so this is exact.
func (s *place) look(u, v float64) {
	scale := float64(s.block.wide)
	u, v = u*scale, v*scale
	i, j := int(u), int(v)
	s.word = s.block.data[j*int(s.block.wide)+i]
	s.u, s.v = u-float64(i), v-float64(j)
}

// descend goes into blocks in blocks.
func (s place) descend() place {
	for s.word >= blockWord && s.word < denseWord {
		d, n := s.deep, s.word&wordValue
		s.block, s.detail = &d.blocks[n], &d.details[n]
		s.look(s.u, s.v)
	}
	return s
}

func (s *place) record() record { return s.block.data[s.word&recordPlace:] }

type record []uint32

// sides is how many sides the record has to which the word leads.
func (r record) sides(word uint32) uint32 {
	if n := word >> sidesAt & manySides; n < manySides {
		return n
	}
	return r[0] >> 16 & maxMarks
}

// marks are the groups of the sides.
func (r record) marks() []uint32 { return r[group : group+group*(r[0]>>16&maxMarks)] }

// holders are the bits of the faces that hold the point x, y of the square, in units, rounded down, by that many sides. Not
// sure when the point is too near to a side's line or to an end's parallel for whole numbers.
//
// Ends are off by at most 0.51 units and the point by 1, so the area dx·(y-y0) - dy·(x-x0) by at most
// 1.51(|dx|+|dy|) + 1.02(|x-x0|+|y-y0|) + 4, under unsure for what the square and its reach hold.
func (r record) holders(sides uint32, x, y int32) (state uint32, sure bool) {
	state = r[0]
	for marks := r[group : group+group*sides]; len(marks) >= group; marks = marks[group:] {
		m := (*[group]uint32)(marks)
		up, down, area := seen(m[0], m[1], x, y)
		if near(up, down, area) {
			return 0, false
		}
		state ^= passed(m[2], up, down, area)
	}
	return state & faceBits, true
}

// seen is how far above the ends of a side the point x, y lies, and twice the area between it and the side, under 0 right of it.
// No product is over (1+2·reach/unit)·unit squared: 2³¹ is far.
func seen(from, way uint32, x, y int32) (up, down, area int32) {
	dy := int32(way) >> 16
	up = y - int32(from)>>16
	return up, up - dy, int32(int16(way))*up - dy*(x-int32(int16(from)))
}

// near reports whether rounding could matter to a point so seen.
func near(up, down, area int32) bool {
	return uint32(up+1) <= 2 || uint32(down+1) <= 2 || uint32(area+unsure) <= 2*unsure && up > 0 && down < 0
}

// passed are the faces beside a side if the way to a point so seen crosses it, and other bits that mean nothing. Signs say: above
// the higher end, or not and above the lower one and on the other side than the corner.
func passed(mark uint32, up, down, area int32) uint32 {
	right0 := int32(mark << (aboveBit - right0Bit))
	return mark & uint32((^down&int32(mark)|down&^up&(area^right0))>>31)
}

// lowest is the face of the lowest bit, none of none.
func (r record) lowest(state uint32) int32 {
	if state == 0 {
		return none
	}
	return r.face(bits.TrailingZeros32(state))
}

func (r record) face(bit int) int32 {
	if bit < 2 {
		return int32(r[1+bit])
	}
	return int32(r[group+group*int(r[0]>>16&maxMarks)+bit-2])
}

// sideOf is the number of a side.
func sideOf(mark uint32) uint32 { return mark >> numberAt & (maxSides - 1) }

// exactHolders is holders by the exact ends.
func (r record) exactHolders(sides []border, p orb.Point) (state uint32) {
	state = r[0]
	for m := r.marks(); len(m) >= group; m = m[group:] {
		if crossed(sides[sideOf(m[2])].at, p, m[2]>>right0Bit&1 != 0, m[2]>>aboveBit&1 != 0) {
			state ^= m[2]
		}
	}
	return state & faceBits
}

// touchers are the bits of the faces that have a side through p.
func (r record) touchers(sides []border, p orb.Point) (state uint32) {
	for m := r.marks(); len(m) >= group; m = m[group:] {
		if at := sides[sideOf(m[2])].at; onSegment(at[0], at[1], p) {
			state |= m[2]
		}
	}
	return state & faceBits
}

func (r record) exactOwner(sides []border, p orb.Point) int32 {
	if state := r.exactHolders(sides, p); state != 0 {
		return r.lowest(state)
	}
	return r.lowest(r.touchers(sides, p))
}

// crossed tells whether the way from a square's reference corner to p crosses a side.
func crossed(at *[2]orb.Point, p orb.Point, right0, above bool) bool {
	switch lo, hi := ends(at); {
	case p[1] < lo[1]:
		return false
	case p[1] >= hi[1]:
		return above
	default:
		return rightOf(lo, hi, p) != right0
	}
}

// rightOf reports whether p, at a height between lo and hi, lies right of or on the side between them.
func rightOf(lo, hi, p orb.Point) bool {
	if p[0] < lo[0] && p[0] < hi[0] {
		return false
	}
	if p[0] >= lo[0] && p[0] >= hi[0] {
		return true
	}
	return orient(lo, hi, p) <= 0
}

// dense is a square with more faces than a record has bits, or too small for whole numbers.
type dense struct {
	start []int32 // faces at the reference corner
	marks []mark
}

// A mark is a side in a square.
type mark struct {
	side          int32
	right0, above bool
}

// claim is what is known of a point in a dense square: the faces that hold it, the lowest that touches it.
type claim struct {
	holders faceSet
	toucher int32
}

// dense looks at every side of a dense square.
func (s *place) dense(p orb.Point) *claim {
	c := claim{toucher: none}
	d := &s.deep.dense[s.word&wordValue]
	for _, f := range d.start {
		c.holders.flip(f)
	}
	for _, m := range d.marks {
		side := &s.sides[m.side]
		in, on := crossed(side.at, p, m.right0, m.above), onSegment(side.at[0], side.at[1], p)
		for _, f := range [2]int32{side.left, side.right} {
			if f != none && in {
				c.holders.flip(f)
			}
			if f != none && on && (c.toucher == none || f < c.toucher) {
				c.toucher = f
			}
		}
	}
	return &c
}

func (c *claim) owner() int32 {
	if f, ok := c.holders.lowest(); ok {
		return int32(f)
	}
	return c.toucher
}

// corner is the largest number found whose block coordinate (v-v0)·per lies below b: so no point of
// the squares from b on is less. span is the extent of the raster.
func corner(b, v0, per, span float64) float64 {
	v := v0 + b/per
	for step := math.Ldexp(span, -52); !(float64((v-v0)*per) < b); step *= 2 {
		v -= step
	}
	return v
}
