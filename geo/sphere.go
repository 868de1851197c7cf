package geo

import (
	"math"

	"github.com/paulmach/orb"
)

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

// An arc is the shorter piece of a great circle between two places, or one place. It lies in the
// ball about mid with radius half.
type arc struct {
	a, b, mid vector
	half      float64
	pole      vector // of length 1; zero for an arc without a direction
}

func arcBetween(a, b vector) arc {
	r := arc{a: a, b: b, mid: a.plus(b).times(0.5), half: b.minus(a).norm() / 2}
	pole := a.plus(b).cross(b.minus(a)) // 2 a×b, accurate for a short arc
	if length := pole.norm(); length > 0 {
		r.pole = pole.times(1 / length)
	}
	return r
}

// nearest is the point of the arc nearest to p, and the chord between them.
func (r *arc) nearest(p vector) (at vector, chord float64) {
	if r.pole != (vector{}) {
		foot := p.minus(r.pole.times(p.dot(r.pole)))
		if length := foot.norm(); length > 0 && r.pole.cross(r.a).dot(foot) >= 0 && r.b.cross(r.pole).dot(foot) >= 0 {
			foot = foot.times(1 / length)
			return foot, foot.minus(p).norm()
		}
	}
	toA, toB := r.a.minus(p).norm(), r.b.minus(p).norm()
	if toB < toA {
		return r.b, toB
	}
	return r.a, toA
}

// crosses reports whether the arcs cross between their ends. Where rounding could decide, an end
// is as near to the other arc as rounding is.
func (r *arc) crosses(q *arc) bool {
	return r.pole.dot(q.a)*r.pole.dot(q.b) < 0 && q.pole.dot(r.a)*q.pole.dot(r.b) < 0 && r.mid.dot(q.mid) > 0
}

// bulgeOf is how far, in degrees of latitude, a great circle across so many degrees of longitude
// leaves the box of its ends: at most asin((1-k)/(1+k)) with k = cos(Δλ/2), near latitude 45°.
func bulgeOf(widest float64) float64 {
	k := max(0, math.Cos(min(widest, 180)/2*degree))
	return math.Asin((1-k)/(1+k)) / degree
}
