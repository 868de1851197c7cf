package tiles

import (
	"math"

	"github.com/paulmach/orb"
)

// A box is a square in tile units: lo ≤ x, y ≤ hi.
type box struct{ lo, hi float64 }

func (b box) holds(p orb.Point) bool {
	return p[0] >= b.lo && p[0] <= b.hi && p[1] >= b.lo && p[1] <= b.hi
}

// A side is one of the four half planes whose intersection is a box.
type side struct {
	axis  int     // 0: x, 1: y
	at    float64 // where the line is
	above bool    // the half plane is ≥ at, else ≤ at
}

func (b box) sides() [4]side {
	return [4]side{{0, b.lo, true}, {0, b.hi, false}, {1, b.lo, true}, {1, b.hi, false}}
}

func (s side) holds(p orb.Point) bool {
	if s.above {
		return p[s.axis] >= s.at
	}
	return p[s.axis] <= s.at
}

// cut returns where the segment pq meets the line of s. It computes the same point for pq
// and qp, so that two grids that share the segment are cut at the same place.
func (s side) cut(p, q orb.Point) orb.Point {
	if q[0] < p[0] || (q[0] == p[0] && q[1] < p[1]) {
		p, q = q, p
	}
	other := 1 - s.axis
	t := (s.at - p[s.axis]) / (q[s.axis] - p[s.axis])
	var c orb.Point
	c[s.axis] = s.at
	c[other] = p[other] + t*(q[other]-p[other])
	return c
}

// truncated drops the fractions of points, in place, as the clipper of PostGIS does after it has cut an area with all
// four sides. That moves only cuts at the edge of the buffer, where nothing is seen, and equal areas can be told from wrong ones.
func truncated(points []orb.Point) []orb.Point {
	for i, p := range points {
		points[i] = orb.Point{math.Trunc(p[0]), math.Trunc(p[1])}
	}
	return points
}

// clipRing cuts a ring (its last point joins its first, whether repeated or not) to b, by
// Sutherland and Hodgman. A ring that leaves b several times comes back in one piece,
// joined along the edge of b; such double edges have no area, and tidy removes them.
func clipRing(ring []orb.Point, b box) []orb.Point {
	if allIn(ring, b) {
		return ring
	}
	for _, s := range b.sides() {
		ring = clipSide(ring, s)
	}
	return ring
}

func allIn(ring []orb.Point, b box) bool {
	for _, p := range ring {
		if !b.holds(p) {
			return false
		}
	}
	return true
}

func clipSide(ring []orb.Point, s side) []orb.Point {
	if len(ring) == 0 {
		return nil
	}
	out := make([]orb.Point, 0, len(ring)+4)
	from := ring[len(ring)-1]
	for _, to := range ring {
		if s.holds(from) != s.holds(to) {
			out = append(out, s.cut(from, to))
		}
		if s.holds(to) {
			out = append(out, to)
		}
		from = to
	}
	return out
}

// clipLine cuts a line to b and returns the pieces inside, in the line's order.
func clipLine(line []orb.Point, b box) [][]orb.Point {
	var pieces [][]orb.Point
	var piece []orb.Point
	for i := 1; i < len(line); i++ {
		p, q, ok := clipSegment(line[i-1], line[i], b)
		if !ok {
			continue
		}
		if len(piece) == 0 || piece[len(piece)-1] != p {
			pieces = appendPiece(pieces, piece)
			piece = []orb.Point{p}
		}
		piece = append(piece, q)
	}
	return appendPiece(pieces, piece)
}

func appendPiece(pieces [][]orb.Point, piece []orb.Point) [][]orb.Point {
	if len(piece) == 0 {
		return pieces
	}
	return append(pieces, piece)
}

// clipSegment returns the part of pq inside b.
func clipSegment(p, q orb.Point, b box) (orb.Point, orb.Point, bool) {
	for _, s := range b.sides() {
		in, out := s.holds(p), s.holds(q)
		switch {
		case !in && !out:
			return p, q, false
		case !in:
			p = s.cut(p, q)
		case !out:
			q = s.cut(p, q)
		}
	}
	return p, q, true
}

// doubleArea returns twice the area inside a ring, square tile units, positive when it
// turns from x to y. Measured from the first point, so that a ring flat on an edge of the tile has exactly 0.
func doubleArea(ring []orb.Point) float64 {
	var sum float64
	for i := 2; i < len(ring); i++ {
		ax, ay := ring[i-1][0]-ring[0][0], ring[i-1][1]-ring[0][1]
		bx, by := ring[i][0]-ring[0][0], ring[i][1]-ring[0][1]
		sum += ax*by - bx*ay
	}
	return sum
}
