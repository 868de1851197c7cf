package coverages

import (
	"math"

	"github.com/paulmach/orb"
)

// Buckets part a box into equal cells and list in each the things whose boxes may reach it.
type buckets struct {
	box        orb.Bound
	wide, high int
	perX, perY float64 // buckets per degree
	start      []int32
	things     []int32
}

// newBuckets makes about n buckets, as square as they go.
func newBuckets(box orb.Bound, n int) *buckets {
	w, h := box.Max[0]-box.Min[0], box.Max[1]-box.Min[1]
	b := &buckets{box: box, wide: 1, high: 1}
	if w > 0 && h > 0 {
		b.wide = max(1, min(n, int(math.Sqrt(float64(n)*w/h))))
		b.high = max(1, n/b.wide)
		b.perX, b.perY = float64(b.wide)/w, float64(b.high)/h
	}
	return b
}

// fill lists the n things by their boxes, in rising order in each bucket.
func (b *buckets) fill(n int, bound func(i int) orb.Bound) {
	b.start = make([]int32, b.wide*b.high+1)
	b.visit(n, bound, func(bucket int, _ int32) { b.start[bucket+1]++ })
	for i := range b.wide * b.high {
		b.start[i+1] += b.start[i]
	}
	b.things = make([]int32, b.start[len(b.start)-1])
	next := append([]int32(nil), b.start...)
	b.visit(n, bound, func(bucket int, i int32) {
		b.things[next[bucket]] = i
		next[bucket]++
	})
}

func (b *buckets) visit(n int, bound func(i int) orb.Bound, f func(bucket int, i int32)) {
	for i := range n {
		box := bound(i)
		if box.IsEmpty() {
			continue
		}
		x0, y0 := b.column(box.Min[0]), b.row(box.Min[1])
		x1, y1 := b.column(box.Max[0]), b.row(box.Max[1])
		for y := y0; y <= y1; y++ {
			for x := x0; x <= x1; x++ {
				f(y*b.wide+x, int32(i))
			}
		}
	}
}

// column and row never fall as the coordinate rises, also after rounding: what a box contains is
// in a bucket between those of its corners.
func (b *buckets) column(x float64) int {
	return int(max(0, min((x-b.box.Min[0])*b.perX, float64(b.wide-1))))
}

func (b *buckets) row(y float64) int {
	return int(max(0, min((y-b.box.Min[1])*b.perY, float64(b.high-1))))
}

// at lists what may reach p.
func (b *buckets) at(p orb.Point) []int32 {
	k := b.row(p[1])*b.wide + b.column(p[0])
	return b.things[b.start[k]:b.start[k+1]]
}

// least is the shorter side of a bucket, in degrees.
func (b *buckets) least() float64 { return min(1/b.perX, 1/b.perY) }

// around visits the things in the square ring of buckets that is n buckets from p's, and says
// whether any such bucket exists.
func (b *buckets) around(p orb.Point, n int, f func(i int32)) (any bool) {
	col, row := b.column(p[0]), b.row(p[1])
	for y := max(0, row-n); y <= min(b.high-1, row+n); y++ {
		step := 1
		if y != row-n && y != row+n {
			step = max(1, 2*n) // only the ring's two sides
		}
		for x := col - n; x <= col+n; x += step {
			if x < 0 || x >= b.wide {
				continue
			}
			any = true
			for _, i := range b.things[b.start[y*b.wide+x]:b.start[y*b.wide+x+1]] {
				f(i)
			}
		}
	}
	return any
}
