package crs

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/paulmach/orb"
)

// A Frame is the canonical name of a coordinate frame. Those that Parse returns convert by their name; a frame
// with a definition of its own (ParseWKT, Fit) has a name too, and only its Conversion converts.
type Frame string

// The frames in longitude and latitude.
const (
	WGS84 Frame = "wgs84"
	GCJ02 Frame = "gcj02"
	BD09  Frame = "bd09"
)

// Supported lists the frames that have a name, for messages.
const Supported = "wgs84, gcj02, bd09, EPSG:3857, EPSG:4490 to 4554, EPSG:326xx and 327xx"

// Parse reads a frame's name in any case: wgs84, gcj02, bd09; EPSG:4326 and EPSG:4490 (CGCS2000), which are
// wgs84; EPSG:3857 (Web Mercator), EPSG:4491 to 4554 (CGCS2000, Gauss-Krüger), EPSG:326xx and 327xx (UTM).
func Parse(s string) (Frame, error) {
	name := strings.ToLower(strings.TrimSpace(s))
	switch f := Frame(name); f {
	case WGS84, GCJ02, BD09:
		return f, nil
	}
	digits, isEPSG := strings.CutPrefix(name, "epsg:")
	code, err := strconv.ParseUint(digits, 10, 16)
	if !isEPSG || err != nil {
		return "", fmt.Errorf("unknown frame %q; supported: %s", s, Supported)
	}
	if code == 4326 || code == 4490 {
		return WGS84, nil
	}
	if _, ok := byCode(int(code)); !ok {
		return "", fmt.Errorf("unknown frame EPSG:%d; supported: %s", code, Supported)
	}
	return epsg(int(code)), nil
}

func epsg(code int) Frame { return Frame("EPSG:" + strconv.Itoa(code)) }

// Conversion returns what converts the frame. It is an error for a name that Parse does not return.
func (f Frame) Conversion() (Conversion, error) {
	c := Conversion{name: f}
	switch f {
	case WGS84:
		return c, nil
	case GCJ02:
		c.proj.method = gcj
		return c, nil
	case BD09:
		c.proj.method = bd
		return c, nil
	}
	if digits, ok := strings.CutPrefix(string(f), "EPSG:"); ok {
		if code, err := strconv.Atoi(digits); err == nil {
			if c.proj, ok = byCode(code); ok {
				return c, nil
			}
		}
	}
	return c, fmt.Errorf("unknown frame %q; supported: %s", string(f), Supported)
}

// Projected reports that coordinates of the frame are metres in a plane, first to the east and then to the
// north; degrees of longitude and latitude otherwise.
func (f Frame) Projected() bool { return strings.HasPrefix(string(f), "EPSG:") }

// ToWGS84 turns a point of the frame into WGS 84 degrees: GCJ-02 and BD-09 to 1e-11 degrees of the formula's
// inverse, a projection to a micrometre. It is an error when the point is not finite, not in the range of
// longitude and latitude, or not where the projection can be undone, and when the frame is unknown.
func (f Frame) ToWGS84(p orb.Point) (orb.Point, error) {
	c, err := f.Conversion()
	if err != nil {
		return orb.Point{}, err
	}
	return c.ToWGS84(p)
}

// FromWGS84 turns a WGS 84 point, in degrees, into one of the frame; errors as ToWGS84.
func (f Frame) FromWGS84(p orb.Point) (orb.Point, error) {
	c, err := f.Conversion()
	if err != nil {
		return orb.Point{}, err
	}
	return c.FromWGS84(p)
}
