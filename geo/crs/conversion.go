package crs

import (
	"fmt"
	"math"

	"github.com/paulmach/orb"
)

// A Conversion turns coordinates of one frame into WGS 84 and back. It is not changed once it is made, and safe to
// share. Make one with Frame.Conversion, ParseWKT, Fit, or from another one with Local.
type Conversion struct {
	name  Frame
	proj  projection
	datum *datum // nil: the ellipsoid's longitude and latitude count as WGS 84
	plane *plane // of a local frame over proj; nil for the others
}

// Name is the canonical name of the frame: one that Parse knows, else what its definition calls it.
func (c *Conversion) Name() Frame { return c.name }

// Projected reports that coordinates are lengths in a plane, first to the east and then to the north. They
// are degrees of longitude and latitude otherwise.
func (c *Conversion) Projected() bool { return c.proj.method >= transverse || c.plane != nil }

// Near reports that p, in the frame, is a likely place in it: finite, of longitude and latitude, or in the
// plane of a transverse Mercator projection within 1,000 km of the central meridian, which is three zones. So it tells
// northing and easting that were swapped from 13 degrees of latitude on.
func (c *Conversion) Near(p orb.Point) bool {
	if c.proj.method == transverse && c.plane == nil {
		return math.Abs(p[0]*c.proj.unit-c.proj.east) < 1e6 && math.Abs(p[1]*c.proj.unit) < 1.1e7
	}
	_, err := c.ToWGS84(p)
	return err == nil
}

// ToWGS84 turns a point of the frame into longitude and latitude in WGS 84, degrees. It is an error when the point is
// not finite, not in the range of longitude and latitude, or not where the projection can be undone.
func (c *Conversion) ToWGS84(p orb.Point) (orb.Point, error) {
	if c.proj.method < transverse && c.plane == nil {
		return c.fromDegrees(p)
	}
	if !(math.Abs(p[0]) < 1e15 && math.Abs(p[1]) < 1e15) { // so that NaN fails too
		return orb.Point{}, fmt.Errorf("point %v: %w", p, errNotFinite)
	}
	q := p
	if c.plane != nil {
		q = c.plane.forward(q)
	}
	q, err := c.proj.toDegrees(q)
	if err == nil && c.datum != nil {
		q = c.datum.toWGS84(q)
	}
	if err == nil {
		err = check(q)
	}
	if err != nil {
		return orb.Point{}, fmt.Errorf("point %v: %w", p, err)
	}
	return q, nil
}

// fromDegrees is ToWGS84 of a frame in longitude and latitude.
func (c *Conversion) fromDegrees(p orb.Point) (orb.Point, error) {
	if err := check(p); err != nil {
		return orb.Point{}, fmt.Errorf("point %v: %w", p, err)
	}
	switch {
	case c.proj.method == gcj:
		return wgsFromGCJ(p), nil
	case c.proj.method == bd:
		return wgsFromGCJ(gcjFromBD(p)), nil
	case c.datum != nil:
		return c.datum.toWGS84(p), nil
	}
	return p, nil
}

// FromWGS84 turns a WGS 84 point, in degrees, into one of the frame; errors as ToWGS84.
func (c *Conversion) FromWGS84(p orb.Point) (q orb.Point, err error) {
	if err = check(p); err != nil {
		return orb.Point{}, fmt.Errorf("point %v: %w", p, err)
	}
	q = p
	if c.datum != nil {
		q = c.datum.fromWGS84(q)
	}
	switch c.proj.method {
	case lonLat:
	case gcj:
		q = gcjFromWGS(q)
	case bd:
		q = bdFromGCJ(gcjFromWGS(q))
	default:
		if q, err = c.proj.toUnits(q); err != nil {
			return orb.Point{}, fmt.Errorf("point %v: %w", p, err)
		}
	}
	if c.plane != nil {
		q = c.plane.backward(q)
	}
	return q, nil
}

// check refuses what is no longitude and latitude.
func check(p orb.Point) error {
	if !(math.Abs(p[0]) <= 180 && math.Abs(p[1]) <= 90) { // so that NaN fails too
		return errDegrees
	}
	return nil
}
