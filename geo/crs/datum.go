package crs

import (
	"fmt"
	"math"

	"github.com/paulmach/orb"
)

// A Helmert says where the centre, axes and scale of a datum are in WGS 84: the seven parameters of the position
// vector convention (EPSG method 9606; PROJ's +towgs84; what Chinese survey offices hand out as 布尔莎 parameters from the old to the new datum).
// In the other convention, coordinate frame rotation, the three angles have the opposite sign.
type Helmert struct {
	TX, TY, TZ float64 // metres
	RX, RY, RZ float64 // seconds of arc
	PPM        float64 // scale less 1, in millionths
}

// check refuses parameters that cannot be those of two datums of the earth: 10 km, a minute of arc, a
// thousandth are far more than any has. A sign or a unit that is wrong is found so, too.
func (h Helmert) check() error {
	for _, v := range [...]struct{ is, most float64 }{
		{h.TX, 1e4}, {h.TY, 1e4}, {h.TZ, 1e4}, {h.RX, 60}, {h.RY, 60}, {h.RZ, 60}, {h.PPM, 1000},
	} {
		if !(math.Abs(v.is) <= v.most) {
			return fmt.Errorf("seven parameters: %v is more than any datum has (metres up to 10,000, seconds of arc up to 60, millionths up to 1,000)", v.is)
		}
	}
	return nil
}

// A datum is an ellipsoid and its place in WGS 84.
type datum struct {
	on   *ellipsoid
	move [3]float64    // metres
	turn [3][3]float64 // rotation and scale
	back [3][3]float64 // its inverse
}

func newDatum(on *ellipsoid, h Helmert) (*datum, error) {
	if err := h.check(); err != nil {
		return nil, err
	}
	const second = degree / 3600
	m := 1 + h.PPM*1e-6
	x, y, z := h.RX*second*m, h.RY*second*m, h.RZ*second*m
	d := &datum{on: on, move: [3]float64{h.TX, h.TY, h.TZ}, turn: [3][3]float64{{m, -z, y}, {z, m, -x}, {-y, x, m}}}
	d.back = inverse(d.turn)
	return d, nil
}

// inverse of a matrix that is nearly that of a rotation.
func inverse(m [3][3]float64) (out [3][3]float64) {
	minor := func(i, j int) float64 { // of the transposed matrix
		a, b, c, d := (j+1)%3, (j+2)%3, (i+1)%3, (i+2)%3
		return m[a][c]*m[b][d] - m[a][d]*m[b][c]
	}
	det := m[0][0]*minor(0, 0) + m[0][1]*minor(1, 0) + m[0][2]*minor(2, 0)
	for i := range 3 {
		for j := range 3 {
			out[i][j] = minor(i, j) / det
		}
	}
	return out
}

func times(m *[3][3]float64, v [3]float64) (out [3]float64) {
	for i := range 3 {
		out[i] = m[i][0]*v[0] + m[i][1]*v[1] + m[i][2]*v[2]
	}
	return out
}

// toWGS84 turns degrees on the datum's ellipsoid into degrees of WGS 84, both at height 0.
func (d *datum) toWGS84(p orb.Point) orb.Point {
	v := times(&d.turn, d.on.geocentric(p[0]*degree, p[1]*degree))
	lon, lat := wgs84Ellipsoid.geodetic([3]float64{v[0] + d.move[0], v[1] + d.move[1], v[2] + d.move[2]})
	return orb.Point{lon / degree, lat / degree}
}

// fromWGS84 is the inverse of toWGS84. The height that a point at height 0 has on the other ellipsoid changes its
// place there by the angle between the normals, under a centimetre; two more rounds take that away.
func (d *datum) fromWGS84(q orb.Point) orb.Point {
	p := d.backOnce(q)
	for range 2 {
		r := d.toWGS84(p)
		p = orb.Point{around(p[0] + around(q[0]-r[0])), p[1] + q[1] - r[1]}
	}
	return p
}

func (d *datum) backOnce(q orb.Point) orb.Point {
	v := wgs84Ellipsoid.geocentric(q[0]*degree, q[1]*degree)
	lon, lat := d.on.geodetic(times(&d.back, [3]float64{v[0] - d.move[0], v[1] - d.move[1], v[2] - d.move[2]}))
	return orb.Point{lon / degree, math.Max(-90, math.Min(90, lat/degree))}
}
