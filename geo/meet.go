package geo

import "github.com/paulmach/orb"

// How two segments meet.
const (
	meetNot     = iota
	meetTouch   // in one point that is an end of at least one
	meetCross   // in one point that is no end of either
	meetOverlap // in more than a point
)

type meeting struct {
	kind int
	at   orb.Point // where; for meetOverlap the least common point
}

// meet tells how the segments ab and cd meet.
func meet(a, b, c, d orb.Point) meeting {
	if before(b, a) {
		a, b = b, a
	}
	if before(d, c) {
		c, d = d, c
	}
	tc, td := orient(a, b, c), orient(a, b, d)
	if tc*td > 0 {
		return meeting{}
	}
	if tc == 0 && td == 0 {
		return meetOnLine(a, b, c, d)
	}
	ta, tb := orient(c, d, a), orient(c, d, b)
	switch {
	case ta*tb > 0:
		return meeting{}
	case tc == 0:
		return meeting{meetTouch, c}
	case td == 0:
		return meeting{meetTouch, d}
	case ta == 0:
		return meeting{meetTouch, a}
	case tb == 0:
		return meeting{meetTouch, b}
	}
	return meeting{meetCross, crossing(a, b, c, d)}
}

// meetOnLine is meet for segments on one line, each with its lesser end first.
func meetOnLine(a, b, c, d orb.Point) meeting {
	low, high := a, b
	if before(a, c) {
		low = c
	}
	if before(d, b) {
		high = d
	}
	switch {
	case before(high, low):
		return meeting{}
	case low == high:
		return meeting{meetTouch, low}
	}
	return meeting{meetOverlap, low}
}
