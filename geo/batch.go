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

// manyMarks is a number of sides that few squares have: those with more are tested together.
const manyMarks = 12

// A batch is the work on one chunk: first the words of all points are fetched, then the records of those
// squares that have one, then the sides are tested, points with equally many together, so that the
// processor guesses loops right.
type batch struct {
	jobs   [chunk]job // those that a word does not answer
	heads  [chunk]uint8
	sorted [chunk]uint8
	many   [16]uint16 // at least manyMarks + 2

	touched uint32 // of no meaning: keeps a look into memory from being left out
}

// A job is a point in a square that has a record, or none of these.
type job struct {
	word uint32
	at   int32 // block
	x, y int16 // of the point in the square, in units
	k    int32 // number of the point
}

func (b *batch) locate(r *raster, points []orb.Point, faces []int32) {
	n := b.fetch(r, points, faces)
	for _, i := range b.sort(r, n) {
		j := &b.jobs[i]
		if j.word >= blockWord {
			faces[j.k] = r.locate(points[j.k])
			continue
		}
		rec := record(r.blocks[j.at].data[j.word&wordValue:])
		if state, sure := rec.holders(int64(j.x), int64(j.y)); sure {
			faces[j.k] = rec.lowest(state)
		} else {
			faces[j.k] = rec.exactOwner(r.sides[j.at], points[j.k])
		}
	}
}

// fetch finds the square of each point and answers those that have one face or none. It returns how
// many are open.
func (b *batch) fetch(r *raster, points []orb.Point, faces []int32) (open int) {
	for k, p := range points {
		u, v := float64((p[0]-r.x0)*r.fineX), float64((p[1]-r.y0)*r.fineY)
		if !(u >= 0 && u < r.endX && v >= 0 && v < r.endY) {
			faces[k] = none
			continue
		}
		x, y := int64(u), int64(v)
		at := int(y>>fineBits)*r.wide + int(x>>fineBits)
		block := &r.blocks[at]
		w := block.wordAt(x, y)
		faces[k] = int32(w) - 1
		j := &b.jobs[open&(chunk-1)]
		j.word, j.at, j.k = w, int32(at), int32(k)
		j.x, j.y = int16(block.unitOf(x)), int16(block.unitOf(y))
		open += int((w>>30 | w>>31) & 1)
	}
	return open
}

// sort lists the first n jobs by the number of their sides.
func (b *batch) sort(r *raster, n int) []uint8 {
	clear(b.many[:])
	touched := uint32(0)
	for i := range b.jobs[:n] {
		j := &b.jobs[i]
		sides := uint8(0)
		if j.word < blockWord {
			data, at := r.blocks[j.at].data, j.word&wordValue
			sides = uint8(data[at] >> 16)
			touched += data[at+group*uint32(sides)] // the end of a long record is in another line of the cache
			sides = min(manyMarks, sides)
		}
		b.heads[i] = sides
		b.many[(sides+1)&15]++
	}
	b.touched = touched
	for i := range manyMarks {
		b.many[i+1] += b.many[i]
	}
	for i, sides := range b.heads[:n] {
		at := &b.many[sides&15]
		b.sorted[*at&(chunk-1)] = uint8(i)
		*at++
	}
	return b.sorted[:n]
}
