package geo

import "math"

// The WGS 84 ellipsoid (NIMA TR8350.2): equatorial radius in metres and flattening, and what
// follows from them.
const (
	equatorRadius = 6378137.0
	flattening    = 1 / 298.257223563
	polarRadius   = equatorRadius * (1 - flattening)
	eccentricity2 = flattening * (2 - flattening)                         // e²
	ecc2Prime     = eccentricity2 / ((1 - flattening) * (1 - flattening)) // e'²
	thirdFlat     = flattening / (2 - flattening)                         // n
	tiny          = 0x1p-500                                              // stands for 0 where a direction is needed
	degree        = math.Pi / 180
	shortestTurns = 40 // of the fixed-point iteration before its slow cases go to bisection
)

// A geodesic is the shortest line between two points, as seen on the auxiliary sphere of
// C. F. F. Karney, "Algorithms for geodesics", J. Geodesy 87 (2013) 43–55, whose equations are
// cited by number. Angles are radians. The line is traced eastwards (λ12 ≥ 0); σ is the arc
// from the node where the great circle crosses the equator northwards.
type geodesic struct {
	one, two reduced // the ends
	dBeta    float64 // sin(β2 - β1), accurate also when small
	omega    float64 // ω12, difference of spherical longitudes
	sigma    float64 // σ12 = σ2 - σ1, the arc
	sum      float64 // σ1 + σ2
	sin0     float64 // sin α0, the azimuth at the node
	cos0     float64
	eps      float64 // ε, the expansion parameter
}

// reduced is a reduced latitude β, with tan β = (1-f) tan φ (6).
type reduced struct{ sin, cos, norm float64 }

func reduce(phi float64) reduced {
	s, c := math.Sincos(phi)
	s *= 1 - flattening
	h := math.Hypot(s, c)
	return reduced{s / h, c / h, h}
}

// newGeodesic solves the inverse problem between latitudes phi1 and phi2 (radians), lambda
// (0…π) of longitude apart. Short lines keep their relative accuracy: they are told by the
// differences of the coordinates, never by differences of results.
func newGeodesic(phi1, phi2, dPhi, lambda float64) geodesic {
	g := geodesic{one: reduce(phi1), two: reduce(phi2)}
	g.dBeta = (1 - flattening) * math.Sin(dPhi) / (g.one.norm * g.two.norm)
	if !g.iterate(lambda) {
		g.bisect(lambda)
	}
	return g
}

// iterate looks for the ω12 whose great circle has longitude difference lambda on the
// ellipsoid (8). Each turn gains a factor of about 1/f; it reports false where that slows
// down or leaves the range, near the antipode.
func (g *geodesic) iterate(lambda float64) bool {
	omega := lambda
	for range shortestTurns {
		g.greatCircle(omega)
		next := lambda + flattening*g.sin0*g.longitudeIntegral()
		if next > math.Pi {
			return false
		}
		if math.Abs(next-omega) <= 0x1p-52*omega {
			g.greatCircle(next)
			return true
		}
		omega = next
	}
	return false
}

// greatCircle sets the line to the great circle across omega of longitude on the sphere (11–14).
func (g *geodesic) greatCircle(omega float64) {
	sinO, cosO := math.Sincos(omega)
	half := math.Sin(omega / 2)
	east := g.two.cos * sinO                               // sin α1 sin σ12
	north := g.dBeta + 2*g.one.sin*g.two.cos*half*half     // cos α1 sin σ12
	sinS := math.Hypot(east, north)                        // sin σ12
	cosS := g.one.sin*g.two.sin + g.one.cos*g.two.cos*cosO // cos σ12
	if sinS == 0 {
		east, north = 0, 1
	} else {
		east, north = east/sinS, north/sinS
	}
	g.omega, g.sigma = omega, math.Atan2(sinS, cosS)
	g.aim(east, north)
	g.sum = 2*math.Atan2(g.one.sin, g.one.cos*north) + g.sigma
}

// aim sets what follows from the azimuth α1 at the first end (5), (16).
func (g *geodesic) aim(sin1, cos1 float64) {
	g.sin0 = sin1 * g.one.cos
	g.cos0 = math.Hypot(cos1, sin1*g.one.sin)
	k2 := ecc2Prime * g.cos0 * g.cos0
	g.eps = k2 / (2*(1+math.Sqrt(1+k2)) + k2)
}

// bisect finds the line by its azimuth α1: turned so that the first end is the one farther
// from the equator and in the south, λ12 grows with α1 from 0 to π (Karney, section 4).
func (g *geodesic) bisect(lambda float64) {
	one, two := g.one, g.two
	if math.Abs(one.sin) < math.Abs(two.sin) {
		one, two = two, one
	}
	flipped := one.sin > 0
	if flipped {
		one.sin, two.sin = -one.sin, -two.sin
	}
	one.sin = min(one.sin, -tiny)
	turned := geodesic{one: one, two: two}
	low, high := 0.0, math.Pi
	for range 64 {
		middle := (low + high) / 2
		if turned.shoot(middle) > lambda {
			high = middle
		} else {
			low = middle
		}
	}
	turned.one, turned.two, turned.dBeta = g.one, g.two, g.dBeta
	if flipped {
		turned.sum += 2 * math.Pi
	}
	*g = turned
}

// shoot sets the line to the one that leaves the first end with azimuth alpha and ends, going
// north, at the second end's latitude; it gives the line's λ12 (5), (10–12), (45).
func (g *geodesic) shoot(alpha float64) float64 {
	sin1, cos1 := math.Sincos(alpha)
	g.aim(sin1, cos1)
	x := cos1 * g.one.cos
	y := math.Sqrt(max(0, x*x+(g.two.cos-g.one.cos)*(g.two.cos+g.one.cos))) // cos α2 cos β2
	sigma1, sigma2 := math.Atan2(g.one.sin, x), math.Atan2(g.two.sin, y)
	omega1, omega2 := math.Atan2(g.sin0*g.one.sin, x), math.Atan2(g.sin0*g.two.sin, y)
	g.sigma, g.sum, g.omega = sigma2-sigma1, sigma1+sigma2, omega2-omega1
	return g.omega - flattening*g.sin0*g.longitudeIntegral()
}

// length is the line's length in metres (7), (15).
func (g *geodesic) length() float64 {
	e := g.eps
	e2 := e * e
	a1 := (1 + e2*(1./4+e2*(1./64+e2/256))) / (1 - e)
	c1 := [...]float64{ // (18)
		e * (-1./2 + e2*(3./16-e2/32)),
		e2 * (-1./16 + e2*(1./32-e2*9/2048)),
		e * e2 * (-1./48 + e2*3/256),
		e2 * e2 * (-5./512 + e2*3/512),
		e * e2 * e2 * (-7. / 1280),
		e2 * e2 * e2 * (-7. / 2048),
	}
	return polarRadius * a1 * (g.sigma + g.sineSeries(c1[:]))
}

// longitudeIntegral is I3(σ2) - I3(σ1) (8), (23–25).
func (g *geodesic) longitudeIntegral() float64 {
	const n = thirdFlat
	e := g.eps
	a3 := 1 - e*((1./2-n/2)+e*((1./4+n/8-n*n*3/8)+e*((1./16+n*3/16+n*n/16)+e*((3./64+n/32)+e*3/128))))
	c3 := [...]float64{
		e * ((1./4 - n/4) + e*((1./8-n*n/8)+e*((3./64+n*3/64-n*n/64)+e*((5./128+n/64)+e*3/128)))),
		e * e * ((1./16 - n*3/32 + n*n/32) + e*((3./64-n/32-n*n*3/64)+e*((3./128+n/128)+e*5/256))),
		e * e * e * ((5./192 - n*3/64 + n*n*5/192) + e*((3./128-n*5/192)+e*7/512)),
		e * e * e * e * ((7./512 - n*7/256) + e*7/512),
		e * e * e * e * e * (21. / 2560),
	}
	return a3 * (g.sigma + g.sineSeries(c3[:]))
}

// sineSeries is Σ c[l-1] (sin 2lσ2 - sin 2lσ1), written as products so that a short line
// loses nothing by the subtraction.
func (g *geodesic) sineSeries(c []float64) (sum float64) {
	sinD, cosD := math.Sincos(g.sigma)
	sinM, cosM := math.Sincos(g.sum)
	sd, cd, sm, cm := sinD, cosD, sinM, cosM
	for _, coefficient := range c {
		sum += 2 * coefficient * cm * sd
		sd, cd = sd*cosD+cd*sinD, cd*cosD-sd*sinD
		sm, cm = sm*cosM+cm*sinM, cm*cosM-sm*sinM
	}
	return sum
}
