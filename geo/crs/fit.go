package crs

import (
	"errors"
	"fmt"
	"math"

	"github.com/paulmach/orb"
)

// A Similarity turns the plane of a local frame into that of another: the four parameters that survey offices give.
// East = DX + Scale·(x cos r − y sin r), North = DY + Scale·(x sin r + y cos r), with r to the left (from east to north).
type Similarity struct {
	DX, DY   float64 // metres
	Rotation float64 // seconds of arc
	Scale    float64 // 1 where lengths are the same
}

// A plane is a similarity about two points, so that no digits are lost in large coordinates.
type plane struct {
	from, to orb.Point
	a, b     float64 // scale times cosine and sine of the rotation
}

func (s *plane) forward(p orb.Point) orb.Point {
	x, y := p[0]-s.from[0], p[1]-s.from[1]
	return orb.Point{s.to[0] + s.a*x - s.b*y, s.to[1] + s.b*x + s.a*y}
}

func (s *plane) backward(p orb.Point) orb.Point {
	x, y := p[0]-s.to[0], p[1]-s.to[1]
	m := s.a*s.a + s.b*s.b
	return orb.Point{s.from[0] + (s.a*x+s.b*y)/m, s.from[1] + (s.a*y-s.b*x)/m}
}

// Local returns the frame of this name whose plane s turns into that of c, which must be projected and not local itself.
func (c *Conversion) Local(name Frame, s Similarity) (Conversion, error) {
	if !c.Projected() || c.plane != nil {
		return Conversion{}, fmt.Errorf("four parameters lead into a projected frame, and %s is none", c.name)
	}
	for _, v := range []float64{s.DX, s.DY, s.Rotation, s.Scale} {
		if !(math.Abs(v) <= 1e9) {
			return Conversion{}, fmt.Errorf("four parameters: %v is no such parameter", v)
		}
	}
	if !(s.Scale > 0) {
		return Conversion{}, fmt.Errorf("four parameters: the scale is %v, want about 1", s.Scale)
	}
	sin, cos := math.Sincos(s.Rotation / 3600 * degree)
	out := *c
	out.name, out.plane = name, &plane{to: orb.Point{s.DX, s.DY}, a: s.Scale * cos, b: s.Scale * sin}
	return out, nil
}

// A Control is a point that is known in a local frame and on the earth.
type Control struct {
	Local orb.Point // in the local frame
	WGS84 orb.Point // degrees
}

// A Residual tells how well a fitted frame meets its control points.
type Residual struct {
	Metres []float64 // distance of each point, in the order given
	RMS    float64   // root of the mean of their squares, metres
	Worst  int       // index of the farthest
	Scale  float64   // of the local plane to the other; far from 1 is not in metres
}

// Fit finds the frame of this name in which control points, three or more, lie best (least squares): a similarity into the
// plane of onto, or where that is nil into a transverse Mercator projection on their mean meridian. It is an error when the points lie at
// one place, or miss by more than a hundredth of their extent: then it is no such frame, or they are mixed up.
func Fit(name Frame, onto *Conversion, points []Control) (Conversion, Residual, error) {
	if len(points) < 3 {
		return Conversion{}, Residual{}, fmt.Errorf("want 3 control points or more, got %d", len(points))
	}
	out, err := fitPlane(onto, points)
	if err != nil {
		return Conversion{}, Residual{}, err
	}
	out.name = name
	images := make([]orb.Point, len(points))
	for i, p := range points {
		if !(math.Abs(p.Local[0]) < 1e12 && math.Abs(p.Local[1]) < 1e12) {
			return Conversion{}, Residual{}, fmt.Errorf("control point %d: %v: %w", i+1, p.Local, errNotFinite)
		}
		if images[i], err = out.FromWGS84(p.WGS84); err != nil {
			return Conversion{}, Residual{}, fmt.Errorf("control point %d: %w", i+1, err)
		}
	}
	s, extent := similarity(points, images)
	if extent == 0 {
		return Conversion{}, Residual{}, errors.New("the control points lie at one place")
	}
	r := residual(&s, points, images)
	r.Scale *= out.proj.unit
	for i := range r.Metres {
		r.Metres[i] *= out.proj.unit
	}
	r.RMS *= out.proj.unit
	if !(r.RMS <= extent*out.proj.unit/100) {
		return Conversion{}, r, fmt.Errorf("the control points miss each other by %.3g m (root of the mean square), point %d by %.3g m: more than a hundredth of their extent", r.RMS, r.Worst+1, r.Metres[r.Worst])
	}
	out.plane = &s
	return out, r, nil
}

// fitPlane is the projected frame that a local one is fitted onto.
func fitPlane(onto *Conversion, points []Control) (Conversion, error) {
	if onto != nil {
		if !onto.Projected() || onto.plane != nil {
			return Conversion{}, fmt.Errorf("control points are fitted onto a projected frame, and %s is none", onto.name)
		}
		return *onto, nil
	}
	lon := 0.0
	for _, p := range points {
		lon += p.WGS84[0] / float64(len(points))
	}
	return Conversion{proj: newTransverse(grs80Ellipsoid, lon, 0, 1, 500000, 0)}, nil
}

// similarity is the one of least squares, in closed form. extent is the root of the mean square distance of the images from their centre.
func similarity(points []Control, images []orb.Point) (s plane, extent float64) {
	n := float64(len(points))
	for i, p := range points {
		s.from[0] += p.Local[0] / n
		s.from[1] += p.Local[1] / n
		s.to[0] += images[i][0] / n
		s.to[1] += images[i][1] / n
	}
	var square, dot, cross, far float64
	for i, p := range points {
		x, y := p.Local[0]-s.from[0], p.Local[1]-s.from[1]
		u, v := images[i][0]-s.to[0], images[i][1]-s.to[1]
		square += x*x + y*y
		dot += x*u + y*v
		cross += x*v - y*u
		far += u*u + v*v
	}
	if square == 0 || dot == 0 && cross == 0 {
		return s, 0
	}
	s.a, s.b = dot/square, cross/square
	return s, math.Sqrt(far / n)
}

func residual(s *plane, points []Control, images []orb.Point) Residual {
	r := Residual{Scale: math.Hypot(s.a, s.b)}
	for i, p := range points {
		at := s.forward(p.Local)
		d := math.Hypot(at[0]-images[i][0], at[1]-images[i][1])
		if r.Metres = append(r.Metres, d); d > r.Metres[r.Worst] {
			r.Worst = i
		}
		r.RMS += d * d / float64(len(points))
	}
	r.RMS = math.Sqrt(r.RMS)
	return r
}
