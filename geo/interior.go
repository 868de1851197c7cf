package geo

import (
	"math"
	"slices"

	"github.com/paulmach/orb"
)

// scanLines is how many level lines through a polygon are searched for a point to label it at.
const scanLines = 15

// InteriorPoint is a point inside mp (degrees), away from its boundary as far as a few looks
// find: the middle of the widest stretch of some level line through its largest polygon. It
// always lies strictly inside a shape that has an inside a float64 point can lie in; else it
// is a vertex, and the zero point when there is none.
func InteriorPoint(mp orb.MultiPolygon) orb.Point {
	best, room := orb.Point{}, 0.0
	for _, polygon := range largestFirst(mp) {
		for _, y := range levels(polygon) {
			p, ok := widest(polygon, y)
			if !ok {
				continue
			}
			if r := roomAround(mp, p); r > room && strictlyInside(mp, p) {
				best, room = p, r
			}
		}
		if room > 0 {
			return best
		}
	}
	return firstVertex(mp)
}

// largestFirst are the polygons by falling planar area.
func largestFirst(mp orb.MultiPolygon) []orb.Polygon {
	size := func(p orb.Polygon) (sum float64) {
		for i, ring := range p {
			if area := math.Abs(winding(ring)); i == 0 {
				sum = area
			} else {
				sum -= area
			}
		}
		return sum
	}
	sorted := slices.Clone(mp)
	slices.SortStableFunc(sorted, func(a, b orb.Polygon) int {
		switch sa, sb := size(a), size(b); {
		case sa > sb:
			return -1
		case sa < sb:
			return +1
		}
		return 0
	})
	return sorted
}

// levels are the latitudes to look along: even steps through the polygon, and the middles
// between the vertices of a polygon of few, which no thin part escapes.
func levels(polygon orb.Polygon) (ys []float64) {
	box := polygon.Bound()
	for i := range scanLines {
		ys = append(ys, box.Min[1]+(box.Max[1]-box.Min[1])*(float64(i)+0.5)/scanLines)
	}
	var at []float64
	for _, ring := range polygon {
		for _, p := range ring {
			at = append(at, p[1])
		}
	}
	slices.Sort(at)
	at = slices.Compact(at)
	for i := 1; i < len(at) && len(at) <= 2*scanLines; i++ {
		ys = append(ys, at[i-1]+(at[i]-at[i-1])/2)
	}
	return ys
}

// widest is the middle of the widest stretch of the level line at y inside the polygon.
func widest(polygon orb.Polygon, y float64) (p orb.Point, ok bool) {
	var xs []float64
	for _, ring := range polygon {
		for a, b := range segments(ring) {
			if (a[1] <= y) != (b[1] <= y) {
				xs = append(xs, a[0]+(y-a[1])/(b[1]-a[1])*(b[0]-a[0]))
			}
		}
	}
	slices.Sort(xs)
	width := 0.0
	for i := 1; i < len(xs); i += 2 {
		if w := xs[i] - xs[i-1]; w > width {
			p, width = orb.Point{xs[i-1] + w/2, y}, w
		}
	}
	return p, width > 0
}

// roomAround is the distance from p to the nearest side, in degrees of latitude.
func roomAround(mp orb.MultiPolygon, p orb.Point) float64 {
	room, scale := math.Inf(1), math.Cos(p[1]*degree)
	for _, polygon := range mp {
		for _, ring := range polygon {
			for a, b := range segments(ring) {
				room = min(room, distanceTo((a[0]-p[0])*scale, a[1]-p[1], (b[0]-p[0])*scale, b[1]-p[1]))
			}
		}
	}
	return room
}

// distanceTo is the planar distance from the origin to the segment from (ax, ay) to (bx, by).
func distanceTo(ax, ay, bx, by float64) float64 {
	dx, dy := bx-ax, by-ay
	t := -(ax*dx + ay*dy) / (dx*dx + dy*dy)
	if !(t > 0) {
		return math.Hypot(ax, ay)
	}
	t = min(t, 1)
	return math.Hypot(ax+t*dx, ay+t*dy)
}

// strictlyInside reports whether p is inside mp by the even–odd rule and on no side, exactly.
func strictlyInside(mp orb.MultiPolygon, p orb.Point) bool {
	odd := false
	for _, polygon := range mp {
		for _, ring := range polygon {
			for a, b := range segments(ring) {
				if onSegment(a, b, p) {
					return false
				}
				if e := edgeBetween(a, b); e.passes(p) {
					odd = !odd
				}
			}
		}
	}
	return odd
}

func firstVertex(mp orb.MultiPolygon) orb.Point {
	for _, polygon := range mp {
		for _, ring := range polygon {
			if len(ring) > 0 {
				return ring[0]
			}
		}
	}
	return orb.Point{}
}
