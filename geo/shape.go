package geo

import (
	"math"

	"github.com/paulmach/orb"
)

// A Shape is polygons (degrees) made ready for many questions: their sides lie in a tree of
// boxes. All its decisions are exact, on closed sets with edges straight in longitude and
// latitude, as PostGIS' geometry has them; the polygons should be valid ([Validate]). A Shape
// does not change and may be used by many goroutines at once.
type Shape struct {
	sides    []piece
	tree     boxTree
	polygons []span
}

// A piece is a straight side from a to b.
type piece struct{ a, b orb.Point }

// A span is one polygon's, or one line's, share of the sides.
type span struct {
	first, last int // in sides
	bound       orb.Bound
	start       orb.Point // its first vertex
}

// NewShape indexes the polygons. Rings are closed by their first vertex where they are not.
func NewShape(polygons orb.MultiPolygon) *Shape {
	s := new(Shape)
	s.fill(polygons)
	return s
}

// fill makes s the shape of the polygons, in the memory it has.
func (s *Shape) fill(polygons orb.MultiPolygon) {
	s.sides, s.polygons = s.sides[:0], s.polygons[:0]
	boxes := s.tree.lowest()
	for _, polygon := range polygons {
		if len(polygon) == 0 || len(polygon[0]) == 0 {
			continue
		}
		one := span{first: len(s.sides), bound: polygon[0][0].Bound(), start: polygon[0][0]}
		for _, ring := range polygon {
			for i, b := range ring {
				a := ring[(i+len(ring)-1)%len(ring)]
				if a == b {
					continue
				}
				s.sides = append(s.sides, piece{a, b})
				boxes = append(boxes, segmentBox(a, b))
				one.bound = joinBoxes(one.bound, boxes[len(boxes)-1])
			}
		}
		one.last = len(s.sides)
		s.polygons = append(s.polygons, one)
	}
	s.tree.refill(boxes)
}

// Covers reports whether p lies in the shape or on its rim.
func (s *Shape) Covers(p orb.Point) bool {
	for i := range s.polygons {
		if s.polygons[i].bound.Contains(p) && s.covers(&s.polygons[i], p) {
			return true
		}
	}
	return false
}

// covers reports whether one polygon of the shape holds p, or has it on its rim: whether an odd
// number of its sides passes p on the left, each counted without its upper end.
func (s *Shape) covers(one *span, p orb.Point) bool {
	if p == one.start {
		return true
	}
	odd, on := false, false
	row := orb.Bound{Min: orb.Point{math.Inf(-1), p[1]}, Max: p}
	s.tree.search(row, one.first, one.last, func(i int) bool {
		side := &s.sides[i]
		passes, touches := side.beside(p)
		odd, on = odd != passes, touches
		return !on
	})
	return on || odd
}

// beside reports whether the side passes p on the left, without its upper end, and whether p
// lies on it.
func (s *piece) beside(p orb.Point) (passes, touches bool) {
	lo, hi := s.a, s.b
	if hi[1] < lo[1] {
		lo, hi = hi, lo
	}
	if p[1] < lo[1] || p[1] > hi[1] {
		return false, false
	}
	switch turn := orient(lo, hi, p); {
	case turn == 0:
		touches = inBox(p, lo, hi)
		return false, touches
	case turn < 0:
		return p[1] < hi[1], false
	}
	return false, false
}

// Meets reports whether the line (degrees, edges straight in longitude and latitude) has a point
// in the shape or on its rim.
func (s *Shape) Meets(line orb.MultiLineString) bool {
	for _, l := range line {
		if len(l) > 0 && s.Covers(l[0]) {
			return true
		}
		for i := 1; i < len(l); i++ {
			if s.meetsSide(0, len(s.sides), l[i-1], l[i]) {
				return true
			}
		}
	}
	return false
}

// meetsSide reports whether ab has a point in common with one of the sides from first to last.
func (s *Shape) meetsSide(first, last int, a, b orb.Point) bool {
	return !s.tree.search(segmentBox(a, b), first, last, func(i int) bool {
		return !segmentsMeet(a, b, s.sides[i].a, s.sides[i].b)
	})
}

// clear reports whether no side of the polygon comes near the box: then the box lies inside the
// polygon or outside as a whole.
func (s *Shape) clear(one *span, box orb.Bound) bool {
	return s.tree.search(box, one.first, one.last, func(int) bool { return false })
}

// meetsPolygon reports whether one polygon of the shape shares a point with another polygon,
// whose box is given. If their rims do not meet, one holds the other's shell or they are apart.
func (s *Shape) meetsPolygon(one *span, other orb.Polygon, box orb.Bound) bool {
	if s.clear(one, box) && !box.Contains(one.start) {
		return s.covers(one, box.Min)
	}
	for _, ring := range other {
		if len(ring) > 0 && s.covers(one, ring[0]) {
			return true
		}
	}
	for _, ring := range other {
		for i, b := range ring {
			a := ring[(i+len(ring)-1)%len(ring)]
			if boxesMeet(segmentBox(a, b), one.bound) && s.meetsSide(one.first, one.last, a, b) {
				return true
			}
		}
	}
	return box.Contains(one.start) && polygonCovers(other, one.start)
}

// polygonCovers reports whether p lies in the polygon or on its rim.
func polygonCovers(polygon orb.Polygon, p orb.Point) bool {
	odd := false
	for _, ring := range polygon {
		for i, b := range ring {
			side := piece{ring[(i+len(ring)-1)%len(ring)], b}
			passes, touches := side.beside(p)
			if touches {
				return true
			}
			odd = odd != passes
		}
	}
	return odd
}

// segmentsMeet reports whether the closed segments ab and cd have a point in common; either may
// be a single point. Segments on one line meet when their boxes do.
func segmentsMeet(a, b, c, d orb.Point) bool {
	return boxesMeet(segmentBox(a, b), segmentBox(c, d)) &&
		orient(a, b, c)*orient(a, b, d) <= 0 && orient(c, d, a)*orient(c, d, b) <= 0
}
