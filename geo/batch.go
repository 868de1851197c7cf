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

// A batch is the work on one chunk: first all words are fetched, then the records of those squares that
// have one, then the sides are tested, points with equally many together, so that the processor guesses loops right.
type batch struct {
	jobs   [chunk]job
	open   [chunk]uint8 // jobs that a word does not answer
	sorted [chunk]uint8 // the same by their number of sides
	many   [maxMarks + 2]uint16
}

// A job is a point in a square.
type job struct {
	u, v float64
	at   int32 // block
	word uint32
}

func (b *batch) locate(r *raster, points []orb.Point, faces []int32) {
	n := b.fetch(r, points, faces)
	for _, k := range b.sort(r, n) {
		j := &b.jobs[k]
		if j.word >= blockWord {
			s := place{&r.blocks[j.at], j.word, j.u, j.v, r.sides[j.at]}
			faces[k] = s.descend().owner(points[k])
			continue
		}
		rec := record(r.blocks[j.at].data[j.word&wordValue:])
		if state, sure := rec.holders(int64(j.u*unit), int64(j.v*unit)); sure {
			faces[k] = rec.lowest(state)
		} else {
			faces[k] = rec.exactOwner(r.sides[j.at], points[k])
		}
	}
}

// fetch finds the square of each point and answers those that have one face or none. It returns how
// many are open.
func (b *batch) fetch(r *raster, points []orb.Point, faces []int32) (open int) {
	for k, p := range points {
		j := &b.jobs[k]
		u, v := float64((p[0]-r.x0)*r.perX), float64((p[1]-r.y0)*r.perY)
		if !(u >= 0 && u < r.nx && v >= 0 && v < r.ny) {
			j.word = 0
			continue
		}
		x, y := int(u), int(v)
		at := y*r.wide + x
		block := &r.blocks[at]
		u, v = (u-float64(x))*block.scale, (v-float64(y))*block.scale
		x, y = int(u), int(v)
		j.u, j.v, j.at = u-float64(x), v-float64(y), int32(at)
		j.word = block.data[y<<(block.shift&31)|x]
	}
	for k := range points {
		w := b.jobs[k].word
		faces[k] = int32(w) - 1
		b.open[open&(chunk-1)] = uint8(k)
		open += int((w>>30 | w>>31) & 1)
	}
	return open
}

// sort lists the first n open jobs by the number of their sides.
func (b *batch) sort(r *raster, n int) []uint8 {
	clear(b.many[:])
	var sides [chunk]uint8
	for i, k := range b.open[:n] {
		j := &b.jobs[k]
		if j.word < blockWord {
			sides[i] = uint8(r.blocks[j.at].data[j.word&wordValue] >> 16)
		}
		b.many[int(sides[i])+1]++
	}
	for i := range maxMarks {
		b.many[i+1] += b.many[i]
	}
	for i, k := range b.open[:n] {
		at := &b.many[sides[i]]
		b.sorted[*at&(chunk-1)] = k
		*at++
	}
	return b.sorted[:n]
}
