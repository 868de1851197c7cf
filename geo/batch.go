package geo

import "github.com/paulmach/orb"

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

// manySides is a number of sides that few squares have: those with more are tested together.
const manySides = 7

// A batch is the work on one chunk. Each step is one short loop over all points, so that as many looks into
// memory as the processor can have under way overlap: first where the words are, then the words, then the
// heads of the records, then the records, points with equally many sides together, so that the processor guesses loops right.
type batch struct {
	spots  [chunk]spot
	places [chunk]*uint32 // of the words
	words  [chunk]uint32
	open   [chunk]uint8                // the points that a word does not answer
	alike  [manySides + 1][chunk]uint8 // the same points by how many sides their squares have
	heads  [chunk]uint8                // how many sides each of these has
	many   [manySides + 1]int          // how many these are

	touched uint32 // of no meaning: keeps a look into memory from being left out
}

// A spot is where a point lies.
type spot struct {
	block int32
	x, y  int16 // in the square, in units
}

func (b *batch) locate(r *raster, points []orb.Point, faces []int32) {
	b.find(r, points)
	b.sort(r, b.fetch(faces))
	for sides := range b.alike {
		for _, k := range b.alike[sides][:b.many[sides]] {
			at, word := &b.spots[k], b.words[k]
			if word >= blockWord {
				faces[k] = r.locate(points[k])
				continue
			}
			rec := record(r.blocks[at.block].data[word&wordValue:])
			if state, sure := rec.holders(int64(at.x), int64(at.y)); sure {
				faces[k] = rec.lowest(state)
			} else {
				faces[k] = rec.exactOwner(r.details.at(int(at.block)).sides, points[k])
			}
		}
	}
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
	for k, at := range b.places[:len(faces)] {
		b.words[k] = *at
	}
	n := 0
	for k, w := range b.words[:len(faces)] {
		faces[k] = int32(w) - 1
		b.open[n&(chunk-1)] = uint8(k)
		n += int((w>>30 | w>>31) & 1)
	}
	return b.open[:n]
}

// sort lists points by the number of their sides.
func (b *batch) sort(r *raster, open []uint8) {
	for i, k := range open {
		sides := uint8(0)
		if word := b.words[k]; word < blockWord {
			sides = uint8(r.blocks[b.spots[k].block].data[word&wordValue] >> 16)
		}
		b.heads[i&(chunk-1)] = sides
	}
	b.many = [len(b.many)]int{}
	touched := uint32(0)
	for i, k := range open {
		sides := b.heads[i&(chunk-1)]
		if word := b.words[k]; word < blockWord { // the end of a long record is in another line of the cache
			touched += r.blocks[b.spots[k].block].data[word&wordValue+group*uint32(sides)]
		}
		sides = min(manySides, sides)
		n := &b.many[sides]
		b.alike[sides][*n&(chunk-1)] = k
		*n++
	}
	b.touched = touched
}
