package tiles

import (
	"math"

	"github.com/paulmach/orb"
)

// Range returns the north-western and the south-eastern tile of zoom z among those that may show
// something of the box b, degrees: a feature is kept in the buffer around a tile too.
func Range(b orb.Bound, z uint32) (first, last Address) {
	const margin = (Buffer + 1.0) / Extent // a unit more for rounding
	whole := Address{Z: 0}
	low, high := whole.units(orb.Point{b.Min[0], b.Max[1]}), whole.units(orb.Point{b.Max[0], b.Min[1]})
	n := math.Exp2(float64(z))
	number := func(at float64) uint32 { return uint32(min(max(math.Floor(at), 0), n-1)) }
	first = Address{z, number(low[0]/Extent*n - margin), number(low[1]/Extent*n - margin)}
	last = Address{z, number(high[0]/Extent*n + margin), number(high[1]/Extent*n + margin)}
	return first, last
}
