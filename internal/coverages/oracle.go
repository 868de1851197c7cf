package coverages

import (
	"math/big"

	"github.com/paulmach/orb"
)

// An Oracle says who owns a point by the rule as it is written: a face holds p when p + (ε, ε²) is
// inside by the even–odd rule over all its rings; of the faces that hold it the lowest owns it;
// where none does, the lowest that has p on its boundary: on a side that it has an odd number of times, for a way
// there and back bounds nothing. It decides by comparing
// coordinates, which is exact, and in fractions ([big.Rat]) where that is not enough. It may be used by
// many goroutines at once.
type Oracle struct {
	faces   []shape
	buckets *buckets
}

// A shape is the sides of a face, the lower end first, listed by bands of latitude.
type shape struct {
	bound orb.Bound
	bands *buckets
	sides [][2]orb.Point
}

// NewOracle takes the cells in, face i being cells[i].
func NewOracle(cells []orb.MultiPolygon) *Oracle {
	o := &Oracle{faces: make([]shape, len(cells)), buckets: newBuckets(Bound(cells), len(cells)+1)}
	for i, cell := range cells {
		o.faces[i] = newShape(cell)
	}
	o.buckets.fill(len(cells), func(i int) orb.Bound { return o.faces[i].bound })
	return o
}

func newShape(cell orb.MultiPolygon) shape {
	s := shape{bound: orb.MultiPolygon{}.Bound()}
	times := map[[2]orb.Point]int{}
	for a, b := range allSides(cell) {
		times[upwards(a, b)]++
	}
	for a, b := range allSides(cell) {
		if side := upwards(a, b); times[side]%2 == 1 {
			s.sides = append(s.sides, side)
			s.bound = s.bound.Union(orb.MultiPoint{a, b}.Bound())
			times[side] = 0
		}
	}
	s.bands = &buckets{box: s.bound, wide: 1, high: 1 + len(s.sides)/8}
	if h := s.bound.Max[1] - s.bound.Min[1]; h > 0 {
		s.bands.perY = float64(s.bands.high) / h
	}
	s.bands.fill(len(s.sides), func(i int) orb.Bound { return orb.MultiPoint{s.sides[i][0], s.sides[i][1]}.Bound() })
	return s
}

// upwards is a side with its lower end first, of a level one the western.
func upwards(a, b orb.Point) [2]orb.Point {
	if a[1] > b[1] || a[1] == b[1] && a[0] > b[0] {
		a, b = b, a
	}
	return [2]orb.Point{a, b}
}

// Owner is the face that owns p, or -1.
func (o *Oracle) Owner(p orb.Point) int {
	if all := o.All(p, nil); len(all) > 0 {
		return all[0]
	}
	return -1
}

// All appends to dst the faces that hold p, rising; where none does, the lowest that p touches.
func (o *Oracle) All(p orb.Point, dst []int) []int {
	if len(o.faces) == 0 || !o.buckets.box.Contains(p) {
		return dst
	}
	none, touched := len(dst), -1
	for _, i := range o.buckets.at(p) {
		holds, touches := o.faces[i].asks(p)
		if holds {
			dst = append(dst, int(i))
		}
		if touches && touched < 0 {
			touched = int(i)
		}
	}
	if len(dst) == none && touched >= 0 {
		dst = append(dst, touched)
	}
	return dst
}

// Holds says whether the face holds p.
func (o *Oracle) Holds(face int, p orb.Point) bool {
	holds, _ := o.faces[face].asks(p)
	return holds
}

// asks counts the sides that pass p + (ε, ε²) on the left: those that reach from p's latitude or
// below to above it, and have p right of them or on them.
func (s *shape) asks(p orb.Point) (holds, touches bool) {
	if !s.bound.Contains(p) {
		return false, false
	}
	for _, i := range s.bands.at(p) {
		a, b := s.sides[i][0], s.sides[i][1]
		if p[1] < a[1] || b[1] < p[1] {
			continue
		}
		side := sideOf(a, b, p)
		touches = touches || side == 0
		if side >= 0 && a[1] <= p[1] && p[1] < b[1] {
			holds = !holds
		}
	}
	return holds, touches
}

// sideOf says where p, which is not below a nor above b, is from the side between them: left (-1),
// on it (0), or right (+1).
func sideOf(a, b, p orb.Point) int {
	switch {
	case p == a || p == b:
		return 0
	case p[0] < min(a[0], b[0]):
		return -1
	case p[0] > max(a[0], b[0]):
		return +1
	case a[1] == b[1]:
		return 0 // level, and p between its ends
	case a[0] == b[0]:
		return 0 // upright, likewise
	}
	return fraction(p[0], a[0], b[1], a[1]).Cmp(fraction(p[1], a[1], b[0], a[0]))
}

// fraction is (a - b)(c - d).
func fraction(a, b, c, d float64) *big.Rat {
	l, r := less(a, b), less(c, d)
	return l.Mul(l, r)
}

func less(a, b float64) *big.Rat {
	x, y := new(big.Rat).SetFloat64(a), new(big.Rat).SetFloat64(b)
	return x.Sub(x, y)
}
