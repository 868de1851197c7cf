package geo

import (
	"math"
	"slices"

	"github.com/paulmach/orb"
)

// Points finds points by place. They lie in one array, arranged as a balanced tree: the middle of
// a range splits the others by longitude, the middles of the halves by latitude, and so on, down
// to ranges of leafPoints. So clusters, and points that lie far off by mistake, cost nothing.
// Points do not change and may be used by many goroutines at once.
type Points struct {
	at    []orb.Point
	id    []int32 // the number each was given
	bound orb.Bound
}

// leafPoints is the most points that are looked through one by one.
const leafPoints = 32

// NewPoints indexes points (degrees); point i of the slice has number i. Those that are not
// finite are never found.
func NewPoints(points []orb.Point) *Points {
	x := &Points{bound: orb.MultiPoint{}.Bound()}
	for i, p := range points {
		if finite(p) {
			x.at, x.id = append(x.at, p), append(x.id, int32(i))
			x.bound = x.bound.Extend(p)
		}
	}
	x.arrange(0, len(x.at), 0)
	return x
}

// Len is the number of points that can be found.
func (x *Points) Len() int { return len(x.at) }

// arrange makes a tree of the points from low to high, first split along an axis.
func (x *Points) arrange(low, high, axis int) {
	for high-low > leafPoints {
		middle := (low + high) / 2
		x.selectMiddle(low, high-1, axis)
		x.arrange(low, middle, 1-axis)
		low, axis = middle+1, 1-axis
	}
}

// selectMiddle puts the point there that would stand in the middle if those from low to high were
// sorted, none greater before it and none less after it (Hoare's Find).
func (x *Points) selectMiddle(low, high, axis int) {
	middle := (low + high + 1) / 2
	for low < high {
		pivot := median(x.at[low][axis], x.at[(low+high)/2][axis], x.at[high][axis])
		i, j := low, high
		for i <= j {
			for x.at[i][axis] < pivot {
				i++
			}
			for x.at[j][axis] > pivot {
				j--
			}
			if i <= j {
				x.at[i], x.at[j] = x.at[j], x.at[i]
				x.id[i], x.id[j] = x.id[j], x.id[i]
				i, j = i+1, j-1
			}
		}
		if middle <= j {
			high = j
		} else if middle >= i {
			low = i
		} else {
			return
		}
	}
}

func median(a, b, c float64) float64 {
	return max(min(a, b), min(max(a, b), c))
}

// Search appends to dst the numbers of the points in the closed box b (degrees), rising.
func (x *Points) Search(b orb.Bound, dst []int) []int {
	old := len(dst)
	x.each(b, func(i int) { dst = append(dst, int(x.id[i])) })
	slices.Sort(dst[old:])
	return dst
}

// A stretch is a part of the tree still to be looked through.
type stretch struct{ low, high, axis int }

// each calls visit with the places in x.at of the points in the closed box b.
func (x *Points) each(b orb.Bound, visit func(i int)) {
	var room [64]stretch // a tree of 2³¹ points is less than 31 high
	todo := append(room[:0], stretch{0, len(x.at), 0})
	for len(todo) > 0 {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if s.high-s.low <= leafPoints {
			for i := s.low; i < s.high; i++ {
				if b.Contains(x.at[i]) {
					visit(i)
				}
			}
			continue
		}
		middle := (s.low + s.high) / 2
		if b.Contains(x.at[middle]) {
			visit(middle)
		}
		split := x.at[middle][s.axis]
		if b.Min[s.axis] <= split {
			todo = append(todo, stretch{s.low, middle, 1 - s.axis})
		}
		if b.Max[s.axis] >= split {
			todo = append(todo, stretch{middle + 1, s.high, 1 - s.axis})
		}
	}
}

// In appends to dst the numbers of the points in the shape or on its rim (degrees, exact; see
// [Shape]), rising. Stretches of the tree that no side of the shape comes near are told as a whole.
func (x *Points) In(shape *Shape, dst []int) []int {
	old := len(dst)
	for i := range shape.polygons {
		one := &shape.polygons[i]
		if boxesMeet(one.bound, x.bound) {
			dst = x.inPolygon(shape, one, stretch{0, len(x.at), 0}, x.bound, dst)
		}
	}
	slices.Sort(dst[old:])
	return dst[:old+len(slices.Compact(dst[old:]))]
}

// inPolygon appends the numbers of the points of a stretch, which all lie in box, that one
// polygon of the shape covers.
func (x *Points) inPolygon(shape *Shape, one *span, s stretch, box orb.Bound, dst []int) []int {
	if !boxesMeet(box, one.bound) {
		return dst
	}
	if s.high-s.low > leafPoints && shape.clear(one, box) {
		if shape.covers(one, box.Min) {
			for _, id := range x.id[s.low:s.high] {
				dst = append(dst, int(id))
			}
		}
		return dst
	}
	middle := (s.low + s.high) / 2
	if s.high-s.low <= leafPoints {
		for i := s.low; i < s.high; i++ {
			if one.bound.Contains(x.at[i]) && shape.covers(one, x.at[i]) {
				dst = append(dst, int(x.id[i]))
			}
		}
		return dst
	}
	west, east := box, box
	west.Max[s.axis], east.Min[s.axis] = x.at[middle][s.axis], x.at[middle][s.axis]
	dst = x.inPolygon(shape, one, stretch{s.low, middle, 1 - s.axis}, west, dst)
	dst = x.inPolygon(shape, one, stretch{middle, middle + 1, 0}, x.at[middle].Bound(), dst)
	return x.inPolygon(shape, one, stretch{middle + 1, s.high, 1 - s.axis}, east, dst)
}

// Within appends to dst the points within so many geodesic metres of the path, by number, with
// how far each is ([Path.Distance]).
func (x *Points) Within(path *Path, metres float64, dst []Near) []Near {
	if !(metres >= 0) {
		return dst
	}
	s := borrow()
	defer s.giveBack()
	s.parts = s.parts[:0]
	for i := range path.sides {
		box := grown(path.tree.levels[0][i], min(metres, everywhereM), path.bulge)
		for turn := -360.0; turn <= 360; turn += 360 { // the same box seen across the antimeridian
			x.each(turned(box, turn), func(i int) { s.parts = append(s.parts, uint64(x.id[i])<<32|uint64(i)) })
		}
	}
	slices.Sort(s.parts)
	for _, key := range slices.Compact(s.parts) {
		if m, ok := path.Distance(x.at[uint32(key)], metres); ok {
			dst = append(dst, Near{int(key >> 32), m})
		}
	}
	return dst
}

// Nearest appends to dst the k points nearest to p (degrees) within maxM geodesic metres, by
// distance, ties (to the nearest 10 nm) by number. Only those count that keep lets through; nil
// keeps all.
func (x *Points) Nearest(p orb.Point, k int, maxM float64, keep func(i int) bool, dst []Near) []Near {
	if !finite(p) || !(maxM >= 0) || k <= 0 {
		return dst
	}
	s := borrow()
	defer s.giveBack()
	maxM = min(maxM, everywhereM)
	for radius := min(1, maxM); ; radius = min(2*radius, maxM) {
		s.parts = s.parts[:0]
		box := grown(p.Bound(), radius, 0)
		for turn := -360.0; turn <= 360; turn += 360 {
			x.each(turned(box, turn), func(i int) {
				if keep == nil || keep(int(x.id[i])) {
					s.parts = append(s.parts, uint64(i))
				}
			})
		}
		if len(s.parts) < k && radius < maxM {
			continue // too few even in the box
		}
		if x.measure(s, p, radius); len(s.near) >= k || radius == maxM {
			return append(dst, s.near[:min(k, len(s.near))]...)
		}
	}
}

// measure leaves in s.near the points of s.parts within radius metres of p, the nearest first.
func (x *Points) measure(s *scratch, p orb.Point, radius float64) {
	s.near = s.near[:0]
	for _, i := range s.parts {
		if m := math.Round(Distance(p, x.at[i])*1e8) / 1e8; m <= radius {
			s.near = append(s.near, Near{int(x.id[i]), m})
		}
	}
	nearestFirst(s.near)
}
