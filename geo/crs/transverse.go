package crs

import "math"

// The transverse Mercator projection by Krüger's series of order n⁶ (Krüger 1912; Karney 2011). xi and eta are
// northing and easting in radians of the ellipsoid's mean radius, without false origin.

func (p *projection) toTransverse(lon, lat float64) (x, y float64, err error) {
	if math.Abs(lon) >= math.Pi/2 {
		return 0, 0, errFar
	}
	xi, eta := p.on.toPlane(lon, lat)
	if math.Abs(eta) > farthest {
		return 0, 0, errFar
	}
	return p.radius * eta, p.radius * xi, nil
}

func (p *projection) fromTransverse(x, y float64) (lon, lat float64, err error) {
	xi, eta := y/p.radius, x/p.radius
	switch {
	case math.Abs(eta) > farthest:
		return 0, 0, errFar
	case math.Abs(xi) > math.Pi/2*(1+1e-12):
		return 0, 0, errPole
	}
	lon, lat = p.on.toSphere(xi, eta)
	return lon, lat, nil
}

// toPlane projects a longitude from the central meridian, and a latitude, in radians: equations 7 to 11.
func (l *ellipsoid) toPlane(lon, lat float64) (xi, eta float64) {
	tau := l.conformal(math.Tan(lat))
	sin, cos := math.Sincos(lon)
	xi, eta = math.Atan2(tau, cos), math.Asinh(sin/math.Hypot(tau, cos))
	dx, dy := sumSines(&l.fore, xi, eta)
	return xi + dx, eta + dy
}

// toSphere is the inverse of toPlane: equations 15 to 18.
func (l *ellipsoid) toSphere(xi, eta float64) (lon, lat float64) {
	dx, dy := sumSines(&l.back, xi, eta)
	xi, eta = xi-dx, eta-dy
	sin, cos := math.Sincos(xi)
	sinh := math.Sinh(eta)
	return math.Atan2(sinh, cos), math.Atan(l.geographic(sin / math.Hypot(sinh, cos)))
}

// sumSines returns the real and the imaginary part of Σ cⱼ sin 2j(ξ + iη), j from 1, by Clenshaw's recurrence.
func sumSines(c *[6]float64, xi, eta float64) (re, im float64) {
	sin, cos := math.Sincos(2 * xi)
	grow := math.Exp(2 * eta)
	sinh, cosh := (grow-1/grow)/2, (grow+1/grow)/2
	if math.Abs(eta) < 0.05 {
		sinh = math.Sinh(2 * eta) // without the loss of digits
	}
	a, b := 2*cos*cosh, -2*sin*sinh // 2 cos 2(ξ + iη)
	var r0, i0, r1, i1 float64
	for j := len(c) - 1; j >= 0; j-- {
		r0, i0, r1, i1 = a*r0-b*i0-r1+c[j], a*i0+b*r0-i1, r0, i0
	}
	s, t := sin*cosh, cos*sinh // sin 2(ξ + iη)
	return s*r0 - t*i0, s*i0 + t*r0
}
