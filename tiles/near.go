package tiles

import "slices"

// buckets are squares of a part of the tile, each with a list of the segs that come near it.
type buckets struct {
	min     dot
	size    int32 // of a bucket, tile units
	columns int32
	heads   []int32 // by bucket: its latest entry, or -1
	entries []entry
}

// An entry is one seg in one bucket, and the bucket's entry before it, or -1.
type entry struct{ seg, next int32 }

// leastBucket is the least side of a bucket, tile units. nearReach and farReach are how far around itself a seg is
// entered, and looked for: taking a seg in parts moves it by less than one unit, being led through corners by less than two.
const (
	leastBucket = 8
	nearReach   = 1
	farReach    = 4
)

// newBuckets returns empty buckets in the box around segs, of a size that makes a few for each seg at most.
func newBuckets(segs []seg) *buckets {
	if len(segs) == 0 {
		return &buckets{}
	}
	lo, hi := segs[0].a, segs[0].a
	for _, s := range segs {
		lo = dot{min(lo.x, s.a.x), min(lo.y, s.a.y, s.b.y)}
		hi = dot{max(hi.x, s.b.x), max(hi.y, s.a.y, s.b.y)}
	}
	b := &buckets{min: dot{lo.x - farReach, lo.y - farReach}, size: leastBucket}
	width, height := hi.x-lo.x+2*farReach, hi.y-lo.y+2*farReach
	for int(width/b.size)*int(height/b.size) > 4*len(segs) {
		b.size *= 2
	}
	b.columns = width/b.size + 1
	b.heads = slices.Repeat([]int32{-1}, int(b.columns*(height/b.size+1)))
	b.entries = make([]entry, 0, 4*len(segs))
	return b
}

// add enters a seg and calls f for those entered before that share a bucket with it, for some repeatedly.
func (b *buckets) add(number int32, s seg, f func(other int32)) {
	b.each(s, nearReach, func(bucket int32) {
		first := b.heads[bucket]
		if first >= 0 && b.entries[first].seg == number {
			return
		}
		for e := first; e >= 0; e = b.entries[e].next {
			f(b.entries[e].seg)
		}
		b.heads[bucket] = int32(len(b.entries))
		b.entries = append(b.entries, entry{number, first})
	})
}

// around returns the segs that may meet s wherever they and s were led, rising.
func (b *buckets) around(s seg) []int32 {
	var out []int32
	b.each(s, farReach, func(bucket int32) {
		for e := b.heads[bucket]; e >= 0; e = b.entries[e].next {
			out = append(out, b.entries[e].seg)
		}
	})
	return distinct(out)
}

// each calls f for the buckets within reach of s, for some repeatedly. A long seg is taken in parts, so that one across
// the tile does not fill its whole box.
func (b *buckets) each(s seg, reach int32, f func(bucket int32)) {
	dx, dy := s.b.x-s.a.x, s.b.y-s.a.y
	parts := max(dx, dy, -dy)/b.size + 1
	from := s.a
	for k := int32(1); k <= parts; k++ {
		to := dot{s.a.x + dx*k/parts, s.a.y + dy*k/parts}
		x0, x1 := b.place(from.x-reach-b.min.x), b.place(to.x+reach-b.min.x)
		y0, y1 := b.place(min(from.y, to.y)-reach-b.min.y), b.place(max(from.y, to.y)+reach-b.min.y)
		for y := y0; y <= y1; y++ {
			for x := x0; x <= x1; x++ {
				f(y*b.columns + x)
			}
		}
		from = to
	}
}

func (b *buckets) place(distance int32) int32 { return distance / b.size }

// near reports whether the boxes around s and t come within a unit of each other.
func near(s, t seg) bool {
	return s.a.x <= t.b.x+1 && t.a.x <= s.b.x+1 &&
		min(s.a.y, s.b.y) <= max(t.a.y, t.b.y)+1 && min(t.a.y, t.b.y) <= max(s.a.y, s.b.y)+1
}
