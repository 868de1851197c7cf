package tiles

import "slices"

// A vicinity is squares over all corners, each with a list of those in it.
type vicinity struct {
	min     dot
	size    int32
	columns int32
	heads   []int32 // by bucket: its first corner, or -1
	next    []int32 // by corner: the next in its bucket, or -1
}

func newVicinity(corners []spot) *vicinity {
	b := &vicinity{size: leastBucket}
	if len(corners) == 0 {
		return b
	}
	lo, hi := corners[0].at, corners[0].at
	for i := range corners {
		d := corners[i].at
		lo, hi = dot{min(lo.x, d.x), min(lo.y, d.y)}, dot{max(hi.x, d.x), max(hi.y, d.y)}
	}
	width, height := int64(hi.x)-int64(lo.x), int64(hi.y)-int64(lo.y)
	for (width/int64(b.size)+1)*(height/int64(b.size)+1) > 2*int64(len(corners))+16 {
		b.size *= 2
	}
	b.min, b.columns = lo, int32(width/int64(b.size))+1
	b.heads = slices.Repeat([]int32{-1}, int(b.columns)*(int(height/int64(b.size))+1))
	b.next = make([]int32, len(corners))
	for i := range corners {
		h := &b.heads[b.bucket(corners[i].at)]
		b.next[i], *h = *h, int32(i)
	}
	return b
}

func (b *vicinity) bucket(d dot) int32 {
	return (d.y-b.min.y)/b.size*b.columns + (d.x-b.min.x)/b.size
}

// any reports whether f holds for some corner in the buckets under the box around three dots.
func (b *vicinity) any(p, q, r dot, f func(int32) bool) bool {
	lo := b.bucket(dot{min(p.x, q.x, r.x), min(p.y, q.y, r.y)})
	hi := b.bucket(dot{max(p.x, q.x, r.x), max(p.y, q.y, r.y)})
	for row := lo / b.columns; row <= hi/b.columns; row++ {
		for column := lo % b.columns; column <= hi%b.columns; column++ {
			for n := b.heads[row*b.columns+column]; n >= 0; n = b.next[n] {
				if f(n) {
					return true
				}
			}
		}
	}
	return false
}

// A triangle waits to be left out.
type triangle struct {
	area   int64 // twice
	corner int32
	turns  uint32 // of the corner when this was its triangle
}

// triangles wait by area, those of the same by the order in which they came: areas are whole numbers up to
// 2·maxTriangle, so a list for each serves as a heap.
type triangles struct {
	lists [2*maxTriangle + 1][]triangle
	heads [2*maxTriangle + 1]int
}

func (q *triangles) push(t triangle) { q.lists[t.area] = append(q.lists[t.area], t) }

func (q *triangles) pop() (t triangle, ok bool) {
	for i := range q.lists {
		if q.heads[i] < len(q.lists[i]) {
			t = q.lists[i][q.heads[i]]
			q.heads[i]++
			return t, true
		}
		q.lists[i], q.heads[i] = q.lists[i][:0], 0
	}
	return t, false
}
