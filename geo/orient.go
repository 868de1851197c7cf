package geo

import (
	"math"

	"github.com/paulmach/orb"
)

// orientBound times the sum of the two products' sizes bounds the rounding error of their
// difference: (3 + 16u)u with u = 2⁻⁵³ (Shewchuk 1997, "Adaptive precision floating-point
// arithmetic and fast robust geometric predicates", ccwerrboundA).
const orientBound = 3.3306690738754716e-16

// orientFloor keeps products near the smallest numbers, which lose more, out of the filter.
const orientFloor = 0x1p-1000

// orient says on which side of the line from a to b the point p lies: +1 left, -1 right,
// 0 exactly on it. The answer is exact: a float filter first, then expansions. Nothing over- or
// underflows while the coordinates of a and b are 0 or between 1e-100 and 1e15 in size; those of
// p may be as small as they like.
//
// Products are rounded by an explicit conversion, so that a compiler which fuses multiply and
// add (arm64, GOAMD64=v3) gives the same answer.
func orient(a, b, p orb.Point) int {
	l := float64((b[0] - a[0]) * (p[1] - a[1]))
	r := float64((b[1] - a[1]) * (p[0] - a[0]))
	det := l - r
	if bound := orientBound*(math.Abs(l)+math.Abs(r)) + orientFloor; det > bound {
		return +1
	} else if det < -bound {
		return -1
	}
	return orientExact(a, b, p)
}

// orientExact is orient without the filter: the sixteen terms of the two products of exact
// differences, added without rounding. Scaling by a power of two changes no sign and keeps the
// least terms above the smallest number.
func orientExact(a, b, p orb.Point) int {
	const scale = 0x1p450
	var sum expansion
	for i := range a {
		a[i], b[i], p[i] = a[i]*scale, b[i]*scale, p[i]*scale
	}
	bx, bxTail := twoDiff(b[0], a[0])
	py, pyTail := twoDiff(p[1], a[1])
	sum.addProducts(bx, bxTail, py, pyTail)
	by, byTail := twoDiff(b[1], a[1])
	px, pxTail := twoDiff(p[0], a[0])
	sum.addProducts(-by, -byTail, px, pxTail)
	return sum.sign()
}

// An expansion is an unrounded sum: its terms do not overlap and grow in size.
type expansion struct {
	term [16]float64
	n    int
}

// addProducts adds (x + xTail)(y + yTail).
func (e *expansion) addProducts(x, xTail, y, yTail float64) {
	e.addProduct(x, y)
	e.addProduct(x, yTail)
	e.addProduct(xTail, y)
	e.addProduct(xTail, yTail)
}

func (e *expansion) addProduct(x, y float64) {
	if x == 0 || y == 0 {
		return
	}
	hi, lo := twoProduct(x, y)
	e.add(lo)
	e.add(hi)
}

// add is Shewchuk's Grow-Expansion with zero elimination.
func (e *expansion) add(x float64) {
	n := 0
	for _, t := range e.term[:e.n] {
		var tail float64
		if x, tail = twoSum(x, t); tail != 0 {
			e.term[n] = tail
			n++
		}
	}
	if x != 0 {
		e.term[n] = x
		n++
	}
	e.n = n
}

func (e *expansion) sign() int {
	switch {
	case e.n == 0:
		return 0
	case e.term[e.n-1] > 0:
		return +1
	default:
		return -1
	}
}

// twoSum is a + b as its rounded value and what rounding lost.
func twoSum(a, b float64) (sum, lost float64) {
	sum = a + b
	bVirtual := sum - a
	aVirtual := sum - bVirtual
	return sum, (a - aVirtual) + (b - bVirtual)
}

// twoDiff is a - b as its rounded value and what rounding lost.
func twoDiff(a, b float64) (diff, lost float64) { return twoSum(a, -b) }

// twoProduct is a·b as its rounded value and what rounding lost.
func twoProduct(a, b float64) (product, lost float64) {
	product = float64(a * b)
	return product, math.FMA(a, b, -product)
}

// onSegment reports whether p lies exactly on the closed segment from a to b.
func onSegment(a, b, p orb.Point) bool {
	return min(a[0], b[0]) <= p[0] && p[0] <= max(a[0], b[0]) &&
		min(a[1], b[1]) <= p[1] && p[1] <= max(a[1], b[1]) &&
		orient(a, b, p) == 0
}

func finite(p orb.Point) bool {
	return !math.IsNaN(p[0]-p[0]) && !math.IsNaN(p[1]-p[1]) // Inf - Inf is NaN too
}

// properlyCross reports whether the segments ab and cd cross at a point inside both.
func properlyCross(a, b, c, d orb.Point) bool {
	return orient(a, b, c)*orient(a, b, d) < 0 && orient(c, d, a)*orient(c, d, b) < 0
}
