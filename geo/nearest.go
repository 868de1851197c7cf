package geo

import (
	"math"
	"slices"

	"github.com/paulmach/orb"
)

// firstLook is the radius in metres within which a nearest face is looked for first; each
// further look reaches twice as far, up to round the earth.
const (
	firstLook   = 100.0
	everywhereM = 2.1e7
)

// Nearest is the face whose boundary is nearest to p (degrees), how far that is in geodesic
// metres, and whether one lies within maxM metres. A point that [Coverage.Locate] gives a face
// is 0 m from that face; else ties (to the nearest 10 nm) go to the lowest face.
//
// The nearest point of a face's boundary is picked on great circles of a sphere and the way to
// it measured on the ellipsoid, as PostGIS' ST_Distance(geography) does, so the two agree; the
// pick may make a way up to 0.3 % longer than the shortest.
func (c *Coverage) Nearest(p orb.Point, maxM float64) (face int, metres float64, ok bool) {
	if !finite(p) || !(maxM >= 0) {
		return 0, 0, false
	}
	if face, ok := c.Locate(p); ok {
		return face, 0, true
	}
	maxM = min(maxM, everywhereM)
	for radius := min(firstLook, maxM); ; radius = min(2*radius, maxM) {
		if face, metres, ok = c.outlines().nearestWithin(p, radius); ok || radius == maxM {
			return face, metres, ok
		}
	}
}

// nearestWithin is the nearest face within radius metres of p, which no face holds.
func (c *outlines) nearestWithin(p orb.Point, radius float64) (face int, metres float64, ok bool) {
	box := boxAround(p, radius)
	box.Min[1], box.Max[1] = box.Min[1]-c.bulge, box.Max[1]+c.bulge
	from := unitVector(p)
	for _, turn := range []float64{-360, 0, 360} { // the same box seen across the antimeridian
		seen := orb.Bound{
			Min: orb.Point{box.Min[0] + turn, box.Min[1]},
			Max: orb.Point{box.Max[0] + turn, box.Max[1]},
		}
		for _, near := range c.nearestInBox(from, seen) {
			m := math.Round(Distance(p, near.at)*1e8) / 1e8
			if m <= radius && (!ok || m < metres || m == metres && near.face < face) {
				face, metres, ok = near.face, m, true
			}
		}
	}
	return face, metres, ok
}

// boxAround holds every point within radius metres of p, and more.
func boxAround(p orb.Point, radius float64) orb.Bound {
	const leastPerLat, leastPerLon = 110574, 111319 // metres a degree, both at the equator
	high := radius / leastPerLat
	wide := 180.0
	if top := math.Abs(p[1]) + high; top < 90 {
		wide = min(wide, radius/(leastPerLon*math.Cos(top*degree)))
	}
	return orb.Bound{
		Min: orb.Point{p[0] - wide, p[1] - high},
		Max: orb.Point{p[0] + wide, p[1] + high},
	}
}

// A nearPoint is the point of a face's boundary nearest to some other, by the chord between.
type nearPoint struct {
	face  int
	at    orb.Point
	chord float64
}

// nearestInBox finds, for each face with an edge whose box meets the given one, the nearest of
// those edges' points. Faces are rising.
func (c *outlines) nearestInBox(from vector, box orb.Bound) (near []nearPoint) {
	var parts []int32
	c.tree.Search(box.Min, box.Max, func(_, _ [2]float64, i int32) bool {
		parts = append(parts, i)
		return true
	})
	slices.Sort(parts)
	for _, i := range parts {
		part := &c.parts[i]
		for _, e := range c.uses[part.first:part.last] {
			edge := &c.edges[e]
			if !edge.bound().Intersects(box) {
				continue
			}
			at, chord := nearestOnArc(from, unitVector(edge.lo), unitVector(edge.hi))
			if n := len(near); n == 0 || near[n-1].face != int(part.face) {
				near = append(near, nearPoint{int(part.face), at.lonLat(), chord})
			} else if chord < near[n-1].chord {
				near[n-1].at, near[n-1].chord = at.lonLat(), chord
			}
		}
	}
	return near
}

// nearestOnArc is the point nearest to p on the great-circle arc from a to b, and its chord.
func nearestOnArc(p, a, b vector) (at vector, chord float64) {
	pole := a.plus(b).cross(b.minus(a)) // 2 a×b, accurate for a short arc
	length := pole.norm()
	if length > 0 {
		pole = pole.times(1 / length)
		foot := p.minus(pole.times(p.dot(pole)))
		if pole.cross(a).dot(foot) >= 0 && b.cross(pole).dot(foot) >= 0 && foot.norm() > 0 {
			foot = foot.times(1 / foot.norm())
			return foot, foot.minus(p).norm()
		}
	}
	toA, toB := a.minus(p).norm(), b.minus(p).norm()
	if toB < toA {
		return b, toB
	}
	return a, toA
}

// widestBulge is how far a great circle between the ends of some edge leaves its box: across Δλ
// of longitude at most asin((1-k)/(1+k)) with k = cos(Δλ/2), near latitude 45°.
func (c *outlines) widestBulge() float64 {
	widest := 0.0
	for i := range c.edges {
		widest = max(widest, math.Abs(c.edges[i].hi[0]-c.edges[i].lo[0]))
	}
	k := max(0, math.Cos(min(widest, 180)/2*degree))
	return math.Asin((1-k)/(1+k)) / degree
}

// A vector is a point in space, or on the unit sphere.
type vector [3]float64

// unitVector is the place on the unit sphere of a longitude and latitude in degrees.
func unitVector(p orb.Point) vector {
	sinX, cosX := math.Sincos(p[0] * degree)
	sinY, cosY := math.Sincos(p[1] * degree)
	return vector{cosY * cosX, cosY * sinX, sinY}
}

func (v vector) lonLat() orb.Point {
	return orb.Point{
		math.Atan2(v[1], v[0]) / degree,
		math.Atan2(v[2], math.Hypot(v[0], v[1])) / degree,
	}
}

func (v vector) plus(w vector) vector  { return vector{v[0] + w[0], v[1] + w[1], v[2] + w[2]} }
func (v vector) minus(w vector) vector { return vector{v[0] - w[0], v[1] - w[1], v[2] - w[2]} }
func (v vector) times(k float64) vector {
	return vector{v[0] * k, v[1] * k, v[2] * k}
}
func (v vector) dot(w vector) float64 { return v[0]*w[0] + v[1]*w[1] + v[2]*w[2] }
func (v vector) norm() float64        { return math.Sqrt(v.dot(v)) }

func (v vector) cross(w vector) vector {
	return vector{v[1]*w[2] - v[2]*w[1], v[2]*w[0] - v[0]*w[2], v[0]*w[1] - v[1]*w[0]}
}
