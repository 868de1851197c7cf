package geo

import (
	"math"

	"github.com/paulmach/orb"
)

// shortDegrees and shortLatitude bound the sides whose area is found without solving the inverse problem, in
// degrees: up to half a kilometre each way, where what areaTo leaves out is less than 1e-12 of a square on the side.
const shortDegrees, shortLatitude = 0.005, 60

func shortSide(a, b orb.Point) bool {
	return math.Abs(b[0]-a[0]) <= shortDegrees && math.Abs(b[1]-a[1]) <= shortDegrees && math.Abs(a[1]) <= shortLatitude
}

// A parallel is a circle of latitude.
type parallel struct {
	lat  float64 // degrees
	sin  float64
	zone float64 // area between the equator and it, in square metres a radian of longitude, positive in the north
}

// parallelAt is the parallel at a latitude. The area of the zone is b²/2 (sin φ / (1 - e² sin² φ) + artanh(e sin φ) / e),
// the second term as its series (Snyder, Map Projections: A Working Manual, 1987, 3-12).
func parallelAt(lat float64) parallel {
	const e2 = eccentricity2
	s := math.Sin(lat * degree)
	x := e2 * s * s
	series := 1 + x*(1./3+x*(1./5+x*(1./7+x*(1./9+x*(1./11+x*(1./13+x/15))))))
	return parallel{lat, s, polarRadius * polarRadius / 2 * s * (1/(1-x) + series)}
}

// areaTo is the area in square metres between the equator and a short geodesic from the parallel p to q that
// goes dLambda radians east. In longitude and zone, areas are true and the chord's is a trapezium; the geodesic
// leaves the chord polewards by (x² + 3 y²) sin φ / 12 a radian, for x metres east and y north: a twelfth of the cross product of the
// line's first two derivatives in longitude and zone, where the azimuth turns by sin α tan φ / N a metre. The next term is smaller by
// (s tan φ / a)² for a line of s metres.
func (p parallel) areaTo(q parallel, dLambda float64) float64 {
	const m = equatorRadius * (1 - eccentricity2)
	s := (p.sin + q.sin) / 2
	w := 1 - eccentricity2*s*s
	dPhi := (q.lat - p.lat) * degree
	x2 := equatorRadius * equatorRadius * (1 - s*s) / w * dLambda * dLambda
	y2 := m * m / (w * w * w) * dPhi * dPhi
	return dLambda * ((p.zone+q.zone)/2 + s/12*(x2+3*y2))
}
