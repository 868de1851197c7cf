package crs

import (
	"errors"
	"math"

	"github.com/paulmach/orb"
)

// A method is how a frame's coordinates come from longitude and latitude.
type method int

const (
	lonLat     method = iota // they are longitude and latitude
	gcj                      // shifted longitude and latitude
	bd                       // shifted twice
	transverse               // transverse Mercator, Gauss-Krüger
	mercator
	webMercator // Mercator of the sphere, with latitudes as if they were the sphere's
	lambert     // conformal conic
)

// A projection is a method with its parameters. Its plane has x to the east and y to the north.
type projection struct {
	method method
	on     *ellipsoid
	unit   float64 // metres in a unit of the plane
	lon0   float64 // central meridian, degrees
	east   float64 // x of the origin, metres
	north  float64 // y of the origin, metres
	radius float64 // metres in a radian: of the ellipsoid, times the scale factor

	y0     float64 // transverse, mercator: distance of the origin from the equator, metres
	cone   float64 // lambert: sine of the angle of the cone; negative in the south
	factor float64 // lambert: distance of the equator from the pole, metres
	rho0   float64 // lambert: distance of the origin from the pole, metres
}

// Why a point is not converted.
var (
	errNotFinite = errors.New("not a finite number")
	errDegrees   = errors.New("want longitude -180 to 180, latitude -90 to 90")
	errFar       = errors.New("too far from the central meridian (more than 3,900 km)")
	errPole      = errors.New("beyond a pole")
	errRound     = errors.New("more than once around the earth")
)

// farthest is the easting, in radians, up to which the series of order n⁶ is right to a micrometre (Karney 2011).
const farthest = 0.612

// newTransverse makes a transverse Mercator projection: central meridian and latitude of origin in
// degrees, the false origin in metres.
func newTransverse(on *ellipsoid, lon0, lat0, scale, east, north float64) projection {
	p := projection{method: transverse, on: on, unit: 1, lon0: lon0, east: east, north: north, radius: on.mean * scale}
	if lat0 != 0 {
		xi, _ := on.toPlane(0, lat0*degree)
		p.y0 = p.radius * xi
	}
	return p
}

// newMercator makes a Mercator projection; scale is along the equator.
func newMercator(on *ellipsoid, lon0, lat0, scale, east, north float64) projection {
	p := projection{method: mercator, on: on, unit: 1, lon0: lon0, east: east, north: north, radius: on.a * scale}
	if lat0 != 0 {
		p.y0 = p.radius * on.isometric(lat0*degree)
	}
	return p
}

// newWebMercator makes the projection of EPSG:3857 and its relatives.
func newWebMercator(lon0, east, north float64) projection {
	return projection{method: webMercator, on: wgs84Ellipsoid, unit: 1, lon0: lon0, east: east, north: north, radius: wgs84Ellipsoid.a}
}

// newLambert makes a Lambert conformal conic projection that touches or cuts the ellipsoid along two parallels,
// in degrees: Snyder, Map Projections: A Working Manual (1987), equations 15-1 to 15-8. scale is 1 where two differ.
func newLambert(on *ellipsoid, lon0, lat0 float64, parallels [2]float64, scale float64) (projection, error) {
	first, second := parallels[0]*degree, parallels[1]*degree
	p := projection{method: lambert, on: on, unit: 1, lon0: lon0}
	if math.Abs(first+second) < 1e-10 || math.Abs(first) > 89.9*degree || math.Abs(second) > 89.9*degree {
		return p, errors.New("a cone cannot stand on these parallels")
	}
	p.cone = math.Sin(first)
	if math.Abs(first-second) > 1e-10 {
		p.cone = math.Log(on.parallel(first)/on.parallel(second)) / (on.isometric(second) - on.isometric(first))
	}
	p.factor = on.a * scale * on.parallel(first) / p.cone * math.Exp(p.cone*on.isometric(first))
	if !(math.Abs(p.cone) > 1e-3) {
		return p, errors.New("parallels on both sides of the equator: a cone that is nearly a cylinder")
	}
	if math.Abs(lat0) > 90-1e-9 {
		return p, nil // the origin is the cone's tip
	}
	p.rho0 = p.factor * math.Exp(-p.cone*on.isometric(lat0*degree))
	return p, nil
}

// toDegrees is the inverse of toUnits: longitude and latitude in degrees, on p's ellipsoid.
func (p *projection) toDegrees(q orb.Point) (orb.Point, error) {
	x, y := q[0]*p.unit-p.east, q[1]*p.unit-p.north
	var lon, lat float64
	var err error
	switch p.method {
	case transverse:
		lon, lat, err = p.fromTransverse(x, y+p.y0)
	case mercator:
		lon, lat = x/p.radius, math.Atan(p.on.geographic(math.Sinh((y+p.y0)/p.radius)))
	case webMercator:
		lon, lat = x/p.radius, math.Atan(math.Sinh(y/p.radius))
	case lambert:
		lon, lat, err = p.fromLambert(x, y)
	}
	if err != nil {
		return q, err
	}
	if math.Abs(lon) > math.Pi*(1+1e-12) {
		return q, errRound
	}
	return orb.Point{around(p.lon0 + lon/degree), lat / degree}, nil
}

// around brings a longitude of one turn into -180 to 180.
func around(lon float64) float64 {
	switch {
	case lon > 180 && lon < 180+1e-9:
		return 180
	case lon < -180 && lon > -180-1e-9:
		return -180
	case lon > 180:
		return lon - 360
	case lon < -180:
		return lon + 360
	}
	return lon
}

// toUnits projects a longitude and latitude in degrees.
func (p *projection) toUnits(q orb.Point) (orb.Point, error) {
	lon, lat := around(q[0]-p.lon0)*degree, q[1]*degree
	var x, y float64
	var err error
	switch p.method {
	case transverse:
		x, y, err = p.toTransverse(lon, lat)
	case mercator:
		x, y = p.radius*lon, p.radius*p.on.isometric(lat)
	case webMercator:
		x, y = p.radius*lon, p.radius*math.Asinh(math.Tan(lat))
	case lambert:
		x, y = p.toLambert(lon, lat)
	}
	if err == nil && !(math.Abs(y) < 1e9 && math.Abs(x) < 1e9) {
		err = errPole // infinitely far, but for rounding
	}
	return orb.Point{(x + p.east) / p.unit, (y - p.y0 + p.north) / p.unit}, err
}

func (p *projection) toLambert(lon, lat float64) (x, y float64) {
	rho := p.factor * math.Exp(-p.cone*p.on.isometric(lat))
	sin, cos := math.Sincos(p.cone * lon)
	return rho * sin, p.rho0 - rho*cos
}

func (p *projection) fromLambert(x, y float64) (lon, lat float64, err error) {
	y = p.rho0 - y
	rho := math.Hypot(x, y)
	if p.cone < 0 {
		rho, x, y = -rho, -x, -y
	}
	if lon = math.Atan2(x, y) / p.cone; math.Abs(lon) > math.Pi*(1+1e-12) {
		return 0, 0, errRound
	}
	if rho == 0 {
		return 0, math.Copysign(math.Pi/2, p.cone), nil
	}
	return lon, math.Atan(p.on.geographic(math.Sinh(-math.Log(rho/p.factor) / p.cone))), nil
}
