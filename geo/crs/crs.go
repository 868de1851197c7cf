package crs

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/paulmach/orb"
)

// A Frame is the canonical name of a coordinate frame.
type Frame string

// The supported frames.
const (
	WGS84 Frame = "wgs84"
	GCJ02 Frame = "gcj02"
	BD09  Frame = "bd09"
)

// supported is how errors list the frames.
const supported = "supported: wgs84, gcj02, bd09"

// Parse reads a frame's name in any case: wgs84, gcj02, bd09, or EPSG:4326 and
// EPSG:4490 (CGCS2000), which are wgs84. It tells apart, in its error, frames that
// hazgrid knows but cannot convert yet (EPSG:3857, 4491 to 4554, 326xx, 327xx)
// from names that are none.
func Parse(s string) (Frame, error) {
	name := strings.ToLower(strings.TrimSpace(s))
	switch f := Frame(name); f {
	case WGS84, GCJ02, BD09:
		return f, nil
	}
	code, isEPSG := strings.CutPrefix(name, "epsg:")
	n, err := strconv.ParseUint(code, 10, 16)
	switch {
	case !isEPSG || err != nil:
		return "", fmt.Errorf("unknown frame %q; %s", s, supported)
	case n == 4326 || n == 4490:
		return WGS84, nil
	case n == 3857, 4491 <= n && n <= 4554, 32601 <= n && n <= 32660, 32701 <= n && n <= 32760:
		return "", fmt.Errorf("frame EPSG:%d is not supported yet; %s", n, supported)
	}
	return "", fmt.Errorf("unknown frame EPSG:%d; %s", n, supported)
}

// ToWGS84 turns a point of the frame into WGS 84, to 1e-11 degrees of the
// formula's inverse. It is an error when the point is not finite or not in
// longitude -180 to 180, latitude -90 to 90, or the frame is unknown.
func (f Frame) ToWGS84(p orb.Point) (orb.Point, error) {
	if err := check(p); err != nil {
		return orb.Point{}, err
	}
	switch f {
	case WGS84:
		return p, nil
	case GCJ02:
		return wgsFromGCJ(p), nil
	case BD09:
		return wgsFromGCJ(gcjFromBD(p)), nil
	}
	return orb.Point{}, fmt.Errorf("unknown frame %q; %s", string(f), supported)
}

// FromWGS84 turns a WGS 84 point into one of the frame; errors as ToWGS84.
func (f Frame) FromWGS84(p orb.Point) (orb.Point, error) {
	if err := check(p); err != nil {
		return orb.Point{}, err
	}
	switch f {
	case WGS84:
		return p, nil
	case GCJ02:
		return gcjFromWGS(p), nil
	case BD09:
		return bdFromGCJ(gcjFromWGS(p)), nil
	}
	return orb.Point{}, fmt.Errorf("unknown frame %q; %s", string(f), supported)
}

func check(p orb.Point) error {
	if !(math.Abs(p[0]) <= 180 && math.Abs(p[1]) <= 90) { // so that NaN fails too
		return fmt.Errorf("point %v: want longitude -180 to 180, latitude -90 to 90", p)
	}
	return nil
}
