package crs

import "math"

const degree = math.Pi / 180 // in radians

// An ellipsoid of revolution with what the projections need of it.
type ellipsoid struct {
	a    float64 // half of the longer axis, metres
	e2   float64 // square of the eccentricity
	e    float64
	n    float64    // third flattening
	mean float64    // radius of the circle as long as a meridian, metres
	fore [6]float64 // α of Krüger's series, from the sphere to the plane
	back [6]float64 // β, from the plane to the sphere
}

// The ellipsoids of the frames that have numbers. CGCS2000's is GRS 80's.
var (
	wgs84Ellipsoid = newEllipsoid(6378137, 298.257223563)
	grs80Ellipsoid = newEllipsoid(6378137, 298.257222101)
)

// newEllipsoid takes half of the longer axis in metres and the inverse flattening, 0 for a sphere.
func newEllipsoid(a, inverse float64) *ellipsoid {
	f := 0.0
	if inverse != 0 {
		f = 1 / inverse
	}
	l := &ellipsoid{a: a, e2: f * (2 - f), n: f / (2 - f)}
	l.e = math.Sqrt(l.e2)
	n2 := l.n * l.n
	l.mean = a / (1 + l.n) * (1 + n2*(1./4+n2*(1./64+n2/256)))
	l.fore, l.back = krueger(l.n)
	return l
}

// krueger returns the coefficients of the series of order n⁶: Karney, Transverse Mercator with an
// accuracy of a few nanometers (2011), equations 35 and 36.
func krueger(n float64) (fore, back [6]float64) {
	fore = [6]float64{
		power(n, 1, 1./2, -2./3, 5./16, 41./180, -127./288, 7891./37800),
		power(n, 2, 13./48, -3./5, 557./1440, 281./630, -1983433./1935360),
		power(n, 3, 61./240, -103./140, 15061./26880, 167603./181440),
		power(n, 4, 49561./161280, -179./168, 6601661./7257600),
		power(n, 5, 34729./80640, -3418889./1995840),
		power(n, 6, 212378941./319334400),
	}
	back = [6]float64{
		power(n, 1, 1./2, -2./3, 37./96, -1./360, -81./512, 96199./604800),
		power(n, 2, 1./48, 1./15, -437./1440, 46./105, -1118711./3870720),
		power(n, 3, 17./480, -37./840, -209./4480, 5569./90720),
		power(n, 4, 4397./161280, -11./504, -830251./7257600),
		power(n, 5, 4583./161280, -108847./3991680),
		power(n, 6, 20648693./638668800),
	}
	return fore, back
}

// power is nᵏ(c₀ + c₁n + c₂n² + …).
func power(n float64, k int, c ...float64) float64 {
	sum := 0.0
	for i := len(c) - 1; i >= 0; i-- {
		sum = sum*n + c[i]
	}
	return sum * math.Pow(n, float64(k))
}

// conformal turns the tangent of a latitude into that of its conformal latitude: Karney 2011, equations 7 to 9.
func (l *ellipsoid) conformal(tau float64) float64 {
	root := math.Hypot(1, tau)
	sigma := math.Sinh(l.e * math.Atanh(l.e*tau/root))
	return tau*math.Hypot(1, sigma) - sigma*root
}

// geographic is the inverse of conformal, by Newton's method: Karney 2011, equations 19 to 21. Each round squares the
// error, so one that changes a billionth is the last; on the earth the second.
func (l *ellipsoid) geographic(conformal float64) float64 {
	tau := conformal / (1 - l.e2)
	for range 6 {
		at := l.conformal(tau)
		d := (conformal - at) / math.Hypot(1, at) * (1 + (1-l.e2)*tau*tau) / ((1 - l.e2) * math.Hypot(1, tau))
		tau += d
		if !(math.Abs(d) > 1e-9*math.Max(1, math.Abs(tau))) {
			break
		}
	}
	return tau
}

// parallel is the radius of the circle of a latitude over the longer half axis; sin is of the latitude.
func (l *ellipsoid) parallel(lat float64) float64 {
	sin, cos := math.Sincos(lat)
	return cos / math.Sqrt(1-l.e2*sin*sin)
}

// isometric is the isometric latitude: the northing of a Mercator projection of radius 1.
func (l *ellipsoid) isometric(lat float64) float64 { return math.Asinh(l.conformal(math.Tan(lat))) }

// geocentric returns the place of a longitude and latitude in radians on the ellipsoid, metres from the earth's centre.
func (l *ellipsoid) geocentric(lon, lat float64) (p [3]float64) {
	sin, cos := math.Sincos(lat)
	sinLon, cosLon := math.Sincos(lon)
	radius := l.a / math.Sqrt(1-l.e2*sin*sin)
	return [3]float64{radius * cos * cosLon, radius * cos * sinLon, radius * (1 - l.e2) * sin}
}

// geodetic is the inverse of geocentric for places near the ellipsoid; the height is dropped. Bowring's
// start (1976) is good to a micrometre there, and is taken three times.
func (l *ellipsoid) geodetic(p [3]float64) (lon, lat float64) {
	flat := math.Sqrt(1 - l.e2)
	b, far := l.a*flat, math.Hypot(p[0], p[1])
	beta := math.Atan2(p[2], far*flat)
	for range 3 {
		sin, cos := math.Sincos(beta)
		lat = math.Atan2(p[2]+l.e2/(1-l.e2)*b*sin*sin*sin, far-l.e2*l.a*cos*cos*cos)
		beta = math.Atan(flat * math.Tan(lat))
	}
	return math.Atan2(p[1], p[0]), lat
}
