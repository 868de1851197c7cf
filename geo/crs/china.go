package crs

import (
	"math"

	"github.com/paulmach/orb"
)

// The ellipsoid of the GCJ-02 formula: Krasovsky's half axis in metres and
// square of the eccentricity. (Some converters use 6378137; that differs by 8 to 10 mm.)
const (
	gcjAxis = 6378245.0
	gcjEcc2 = 0.00669342162296594323
)

// bdAngle is the constant of the BD-09 formula.
const bdAngle = math.Pi * 3000 / 180

// inBox tells whether the frames differ from WGS 84 at p. The box holds parts
// of China's neighbours too; so have all converters.
func inBox(p orb.Point) bool {
	return p[0] >= 72.004 && p[0] <= 137.8347 && p[1] >= 0.8293 && p[1] <= 55.8271
}

// gcjFromWGS is the public formula.
func gcjFromWGS(p orb.Point) orb.Point {
	if !inBox(p) {
		return p
	}
	return gcjShifted(p)
}

// gcjShifted is p with the offset that the formula gives there.
func gcjShifted(p orb.Point) orb.Point {
	x, y := p[0]-105, p[1]-35
	sinLat, cosLat := math.Sincos(p[1] / 180 * math.Pi)
	m := 1 - gcjEcc2*sinLat*sinLat
	root := math.Sqrt(m)
	metresLon := gcjAxis / root * cosLat * math.Pi / 180
	metresLat := gcjAxis * (1 - gcjEcc2) / (m * root) * math.Pi / 180
	return orb.Point{p[0] + gcjEast(x, y)/metresLon, p[1] + gcjNorth(x, y)/metresLat}
}

// gcjEast is the offset to the east in metres.
func gcjEast(x, y float64) float64 {
	d := 300 + x + 2*y + 0.1*x*x + 0.1*x*y + 0.1*math.Sqrt(math.Abs(x))
	d += (20*sinPi(6*x) + 20*sinPi(2*x)) * 2 / 3
	d += (20*sinPi(x) + 40*sinPi(x/3)) * 2 / 3
	return d + (150*sinPi(x/12)+300*sinPi(x/30))*2/3
}

// gcjNorth is the offset to the north in metres.
func gcjNorth(x, y float64) float64 {
	d := -100 + 2*x + 3*y + 0.2*y*y + 0.1*x*y + 0.2*math.Sqrt(math.Abs(x))
	d += (20*sinPi(6*x) + 20*sinPi(2*x)) * 2 / 3
	d += (20*sinPi(y) + 40*sinPi(y/3)) * 2 / 3
	return d + (160*sinPi(y/12)+320*sinPi(y/30))*2/3
}

func sinPi(v float64) float64 { return math.Sin(v * math.Pi) }

// wgsFromGCJ is the inverse of gcjFromWGS: the WGS 84 point whose shift is q.
func wgsFromGCJ(q orb.Point) orb.Point {
	if p := invert(gcjShifted, q); inBox(p) {
		return p
	}
	return q
}

// bdFromGCJ is the public formula; it has no box of its own, so that a point
// stays where it is exactly where GCJ-02 is WGS 84.
func bdFromGCJ(p orb.Point) orb.Point {
	if !inBox(p) {
		return p
	}
	return bdShifted(p)
}

func bdShifted(p orb.Point) orb.Point {
	x, y := p[0], p[1]
	z := math.Hypot(x, y) + 0.00002*math.Sin(y*bdAngle)
	sin, cos := math.Sincos(math.Atan2(y, x) + 0.000003*math.Cos(x*bdAngle))
	return orb.Point{z*cos + 0.0065, z*sin + 0.006}
}

// gcjFromBD is the inverse of bdFromGCJ.
func gcjFromBD(q orb.Point) orb.Point {
	if p := invert(bdShifted, q); inBox(p) {
		return p
	}
	return q
}

// invert finds p with f(p) = q by p ← p − (f(p) − q). Both shifts change
// slowly, so each round leaves under a hundredth of the error; five
// reach 1e-11 degrees, and it stops when nothing changes any more.
func invert(f func(orb.Point) orb.Point, q orb.Point) orb.Point {
	p := q
	for range 12 {
		r := f(p)
		dx, dy := r[0]-q[0], r[1]-q[1]
		p = orb.Point{p[0] - dx, p[1] - dy}
		if math.Abs(dx) < 1e-13 && math.Abs(dy) < 1e-13 {
			break
		}
	}
	return p
}
