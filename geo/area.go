package geo

import (
	"math"

	"github.com/paulmach/orb"
)

// Area is the area of g in square metres on the WGS 84 ellipsoid, with geodesics for edges: the
// sum of its polygons, each its outer ring less its holes, whichever way rings run. It agrees
// with PostGIS' ST_Area(geography). Points and lines have none. A ring encloses the smaller of
// the two parts it cuts the earth into.
func Area(g orb.Geometry) float64 {
	sum := 0.0
	switch g := g.(type) {
	case orb.Ring:
		return ringArea(g)
	case orb.Bound:
		return ringArea(g.ToRing())
	case orb.Polygon:
		for i, ring := range g {
			if i == 0 {
				sum = ringArea(ring)
			} else {
				sum -= ringArea(ring)
			}
		}
	case orb.MultiPolygon:
		for _, polygon := range g {
			sum += Area(polygon)
		}
	case orb.Collection:
		for _, member := range g {
			sum += Area(member)
		}
	}
	return sum
}

// Width is how wide in metres a long strip would be that has the area and the rim of mp: twice the one
// over the other, with the rims of holes. Narrow ground has a small width, however long it is; a square
// has half its side. It is 0 where there is no area. Degrees are measured by the scale at the first
// vertex, so it is good to a part in a thousand over some kilometres.
func Width(mp orb.MultiPolygon) float64 {
	var all extent
	for _, polygon := range mp {
		for i, ring := range polygon {
			if len(ring) > 0 {
				all.add(ring, i > 0)
			}
		}
	}
	return all.widthM()
}

// add adds a ring, as a hole or not.
func (e *extent) add(ring orb.Ring, hole bool) {
	perLon, perLat := metresPerDegree(ring[0][1])
	for a, b := range segments(ring) {
		e.rimM += math.Hypot((b[0]-a[0])*perLon, (b[1]-a[1])*perLat)
	}
	area := math.Abs(winding(ring)) / 2 * perLon * perLat
	if hole {
		area = -area
	}
	e.areaM2 += area
}

// ringArea adds up the areas between the sides and the equator, counted positive eastwards
// (Karney 2013, section 6). A ring around a pole comes out short of a hemisphere by its area.
func ringArea(ring orb.Ring) float64 {
	var area, turns compensated
	at := parallel{lat: math.NaN()} // none yet
	for a, b := range segments(ring) {
		if !shortSide(a, b) {
			g, east := geodesicBetween(a, b)
			area.add(math.Copysign(1, east) * g.areaToEquator())
			turns.add(east)
			continue
		}
		if at.lat != a[1] {
			at = parallelAt(a[1])
		}
		next := parallelAt(b[1])
		area.add(at.areaTo(next, (b[0]-a[0])*degree))
		turns.add(b[0] - a[0])
		at = next
	}
	hemisphere := 2 * math.Pi * authalicRadius2()
	total := math.Abs(area.sum())
	if math.Abs(turns.sum()) > 180 {
		total = math.Abs(hemisphere - total)
	}
	return min(total, 2*hemisphere-total)
}

// authalicRadius2 is c², the square of the radius of the sphere with the ellipsoid's area (60).
func authalicRadius2() float64 {
	e := math.Sqrt(eccentricity2)
	return equatorRadius*equatorRadius/2 + polarRadius*polarRadius/2*math.Atanh(e)/e
}

// areaToEquator is S12, the area in square metres of the quadrilateral under the line, down to
// the equator (59). Differences of angles are written as products, so that a short line loses
// nothing by them.
func (g *geodesic) areaToEquator() float64 {
	sinHalf, cosHalf := math.Sincos(g.omega / 2)
	beta1, beta2 := math.Atan2(g.one.sin, g.one.cos), math.Atan2(g.two.sin, g.two.cos)
	sinMid, cosDiff := math.Sin((beta1+beta2)/2), math.Cos((beta2-beta1)/2)
	excess := 2 * math.Atan2(sinHalf*sinMid, cosHalf*cosDiff) // α2 - α1
	const scale = eccentricity2 * equatorRadius * equatorRadius
	return authalicRadius2()*excess + scale*g.cos0*g.sin0*g.areaIntegral()
}

// areaIntegral is I4(σ2) - I4(σ1) (62), (63): Σ C4l (cos (2l+1)σ2 - cos (2l+1)σ1).
func (g *geodesic) areaIntegral() (sum float64) {
	for l, coefficient := range areaCoefficients(g.eps) {
		m := float64(2*l + 1)
		sum -= 2 * coefficient * math.Sin(m*g.sum/2) * math.Sin(m*g.sigma/2)
	}
	return sum
}

// areaCoefficients are C40…C45 for the expansion parameter e (63).
func areaCoefficients(e float64) [6]float64 {
	const n = thirdFlat
	const n2, n3, n4, n5 = n * n, n * n * n, n * n * n * n, n * n * n * n * n
	const (
		c00 = 2./3 - n*4/15 + n2*8/105 + n3*4/315 + n4*16/3465 + n5*20/9009
		c01 = -1./5 + n*16/35 - n2*32/105 + n3*16/385 + n4*64/15015
		c02 = -2./105 - n*32/315 + n2*1088/3465 - n3*1184/5005
		c03 = 11./315 - n*368/3465 - n2*32/6435
		c04 = 4./1155 + n*1088/45045
		c05 = 97. / 15015
		c11 = 1./45 - n*16/315 + n2*32/945 - n3*16/3465 - n4*64/135135
		c12 = -2./105 + n*64/945 - n2*128/1485 + n3*1984/45045
		c13 = -1./105 + n*16/2079 + n2*5792/135135
		c14 = 4./1155 - n*2944/135135
		c15 = 1. / 9009
		c22 = 4./525 - n*32/1575 + n2*64/3465 - n3*32/5005
		c23 = -8./1575 + n*128/5775 - n2*256/6825
		c24 = -8./1925 + n*1856/225225
		c25 = 8. / 10725
		c33 = 8./2205 - n*256/24255 + n2*512/45045
		c34 = -16./8085 + n*1024/105105
		c35 = -136. / 63063
		c44 = 64./31185 - n*512/81081
		c45 = -128. / 135135
		c55 = 128. / 99099
	)
	return [6]float64{
		c00 + e*(c01+e*(c02+e*(c03+e*(c04+e*c05)))),
		e * (c11 + e*(c12+e*(c13+e*(c14+e*c15)))),
		e * e * (c22 + e*(c23+e*(c24+e*c25))),
		e * e * e * (c33 + e*(c34+e*c35)),
		e * e * e * e * (c44 + e*c45),
		e * e * e * e * e * c55,
	}
}

// compensated is a running sum that keeps what rounding loses (Neumaier).
type compensated struct{ total, lost float64 }

func (s *compensated) add(x float64) {
	var lost float64
	s.total, lost = twoSum(s.total, x)
	s.lost += lost
}

func (s *compensated) sum() float64 { return s.total + s.lost }
