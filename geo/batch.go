package geo

import (
	"math/bits"

	"github.com/paulmach/orb"
)

// chunk is how many points of a batch are looked up together.
const chunk = 256

// LocateBatch writes the owner of each of points, as [Coverage.Locate] gives it, to faces, which
// must be as long; -1 where there is none. It is faster than as many calls of Locate: looks into memory
// overlap. Points that follow each other closely on the ground are the fastest.
func (c *Coverage) LocateBatch(points []orb.Point, faces []int32) {
	faces = faces[:len(points)]
	var b batch
	for len(points) > 0 {
		n := min(chunk, len(points))
		b.locate(&c.raster, points[:n], faces[:n])
		points, faces = points[n:], faces[n:]
	}
}

// alikeSides is a number of sides that few squares have: points in those with as many or more are one list.
const alikeSides = 7

// A batch is the work on one chunk. Each step is one short loop over all points, so that as many looks into
// memory as the processor can have under way overlap: first where the words are, then the words, then the
// records, points with equally many sides together, so that the processor guesses loops right.
type batch struct {
	spots  [chunk]spot
	places [chunk]*uint32 // of the words
	words  [chunk]uint32
	open   [chunk]uint8                 // the points that a word does not answer
	alike  [alikeSides + 1][chunk]uint8 // of these the ones that a record answers, by how many sides it has
	many   [alikeSides + 1]int          // how many these are
	left   [chunk]uint8                 // the others
	others int                          // how many these are

	touched uint32 // of no meaning: keeps a look into memory from being left out
}

// A spot is where a point lies.
type spot struct {
	block int32
	x, y  int16 // in the square, in units
}

func (b *batch) locate(r *raster, points []orb.Point, faces []int32) {
	b.find(r, points)
	b.sort(r.blocks, b.fetch(faces))
	for sides := range b.alike {
		b.answer(r.blocks, sides, faces)
	}
	for _, k := range b.left[:b.others] {
		faces[k] = r.locate(points[k][0], points[k][1])
	}
}

// answer finds the faces of the points in squares of so many sides. It leaves those that whole numbers do not tell.
func (b *batch) answer(blocks []block, sides int, faces []int32) {
points:
	for _, k := range b.alike[sides][:b.many[sides]] {
		s, at := &b.spots[k], int(b.words[k]&recordPlace)
		x, y := int32(s.x), int32(s.y)
		data := blocks[s.block].data
		state := data[at]
		end := at + group*sides
		if sides == alikeSides {
			end = at + group*int(state>>16&maxMarks)
		}
		for at := at; at < end; at += group {
			m := data[at+group : at+2*group : at+2*group]
			up, down, area := seen(m[0], m[1], x, y)
			if near(up, down, area) {
				b.leave(k)
				continue points
			}
			state ^= passed(m[2], up, down, area)
		}
		if state &= faceBits; state == 0 {
			b.leave(k)
			continue
		}
		bit := bits.TrailingZeros32(state)
		faces[k] = int32(data[at+1+bit+(1-bit)>>63&(end-at)])
	}
}

// leave puts a point in the last list.
func (b *batch) leave(k uint8) {
	b.left[b.others&(chunk-1)] = k
	b.others++
}

// find finds the place of each point's word. What of r it needs it takes first: the compiler must suppose that writing to b changes r.
func (b *batch) find(r *raster, points []orb.Point) {
	x0, y0, fineX, fineY, endX, endY := r.x0, r.y0, r.fineX, r.fineY, r.endX, r.endY
	blocks, wide := r.blocks, r.wide
	for k := range points {
		p := &points[k]
		k &= chunk - 1
		u, v := float64((p[0]-x0)*fineX), float64((p[1]-y0)*fineY)
		if !(u >= 0 && u < endX && v >= 0 && v < endY) {
			b.places[k] = r.outside
			continue
		}
		x, y := int64(u), int64(v)
		at := int(y>>fineBits)*wide + int(x>>fineBits)
		block := &blocks[at]
		x, y = block.inSquares(x), block.inSquares(y)
		b.places[k] = &block.data[block.squareOf(x, y)]
		b.spots[k] = spot{int32(at), int16(unitOf(x)), int16(unitOf(y))}
	}
}

// fetch reads the words and answers the points of those that name one face or none. It returns the others.
func (b *batch) fetch(faces []int32) (open []uint8) {
	n := 0
	for k, at := range b.places[:len(faces)] {
		w := *at
		b.words[k], faces[k] = w, int32(w)-1
		b.open[n&(chunk-1)] = uint8(k)
		n += int((w>>30 | w>>31) & 1)
	}
	return b.open[:n]
}

// sort lists the points that records answer by the number of their sides, and brings the ends of the records near.
func (b *batch) sort(blocks []block, open []uint8) {
	b.many, b.others = [len(b.many)]int{}, 0
	touched := uint32(0)
	for _, k := range open {
		word := b.words[k]
		if word >= blockWord {
			b.leave(k)
			continue
		}
		sides := min(alikeSides, word>>sidesAt&manySides)
		data, at := blocks[b.spots[k].block].data, word&recordPlace
		touched += data[at] + data[at+group*sides]
		n := &b.many[sides]
		b.alike[sides][*n&(chunk-1)] = k
		*n++
	}
	b.touched = touched
}
