package geo

import (
	"math/big"

	"github.com/paulmach/orb"
)

// before orders points by longitude, then latitude.
func before(p, q orb.Point) bool {
	return p[0] < q[0] || p[0] == q[0] && p[1] < q[1]
}

// inBox tells whether p lies in the box of a and b, rim included. For a point
// on the line ab it means: on the segment.
func inBox(p, a, b orb.Point) bool {
	return min(a[0], b[0]) <= p[0] && p[0] <= max(a[0], b[0]) &&
		min(a[1], b[1]) <= p[1] && p[1] <= max(a[1], b[1])
}

// crossingBits is the precision of crossing's arithmetic: three factors of 53
// bits with room to spare, so that rounding to float64 happens once.
const crossingBits = 256

// crossing is the point where ab and cd cross, which they must, inwardly: each
// has its ends strictly on both sides of the other. It is the float64 nearest
// to the true point, so three lines through one point meet in one, whatever
// the order of the lines and of their ends.
func crossing(a, b, c, d orb.Point) orb.Point {
	abx, aby := minus(b[0], a[0]), minus(b[1], a[1])
	cdx, cdy := minus(d[0], c[0]), minus(d[1], c[1])
	acx, acy := minus(c[0], a[0]), minus(c[1], a[1])
	// a + t(b-a) is on cd for t = (ac × cd) / (ab × cd).
	above, below := cross(acx, acy, cdx, cdy), cross(abx, aby, cdx, cdy)
	along := func(start float64, step *big.Float) float64 {
		step = new(big.Float).Quo(step.Mul(step, above), below)
		v, _ := step.Add(step, exactly(start)).Float64()
		return v
	}
	return orb.Point{along(a[0], abx), along(a[1], aby)}
}

func exactly(v float64) *big.Float {
	return new(big.Float).SetPrec(crossingBits).SetFloat64(v)
}

func minus(v, w float64) *big.Float {
	x := exactly(v)
	return x.Sub(x, exactly(w))
}

func cross(ux, uy, vx, vy *big.Float) *big.Float {
	l, r := new(big.Float).Mul(ux, vy), new(big.Float).Mul(uy, vx)
	return l.Sub(l, r)
}

// between tells whether the direction v→d lies strictly inside the sector
// swept counter-clockwise from v→from to v→to. None of the three directions
// may be equal.
func between(v, from, d, to orb.Point) bool {
	switch orient(v, from, to) {
	case 1:
		return orient(v, from, d) > 0 && orient(v, d, to) > 0
	case -1:
		return orient(v, to, d) <= 0 || orient(v, d, from) <= 0
	}
	return orient(v, from, d) > 0
}
