package geo

import (
	"math"

	"github.com/paulmach/orb"
)

// Distance is the length in metres of the shortest line on the WGS 84 ellipsoid between two
// points of longitude and latitude in degrees, any two points on earth (Karney 2013). It agrees
// with PostGIS' ST_Distance(geography).
func Distance(a, b orb.Point) float64 {
	g, _ := geodesicBetween(a, b)
	return g.length()
}

// geodesicBetween is the shortest line between two points, and how far east the way from a to b
// goes, in degrees of -180…180. The line itself is always traced eastwards.
func geodesicBetween(a, b orb.Point) (g geodesic, east float64) {
	east = math.Remainder(b[0]-a[0], 360)
	g = newGeodesic(a[1]*degree, b[1]*degree, (b[1]-a[1])*degree, math.Abs(east)*degree)
	return g, east
}
