package crs

import (
	"errors"
	"fmt"
	"math"
	"strings"
)

// ErrDatum says that a definition can be read but its datum has no published way to WGS 84: parameters
// must be given (a Helmert, or control points).
var ErrDatum = errors.New("the datum needs parameters")

// ParseWKT reads the definition of a frame as it stands in a .prj file: WKT 1 of OGC or ESRI, or WKT 2. Geographic
// frames in degrees are read, and planes by transverse Mercator or Gauss-Krüger, Lambert conformal conic with one or two
// parallels, Mercator and Web Mercator, in any unit. The order of axes is left aside, as GIS programs do with files.
//
// h leads from the definition's datum to WGS 84. Where it is nil the datum must be one that counts as
// WGS 84 (package comment), or the text must have its own parameters (TOWGS84); the error is ErrDatum otherwise.
func ParseWKT(text string, h *Helmert) (Conversion, error) {
	root, err := readWKT(text)
	if err != nil {
		return Conversion{}, fmt.Errorf("the definition of the frame: %w", err)
	}
	c, err := define(&root, h)
	if err != nil {
		return Conversion{}, fmt.Errorf("the frame %q: %w", clip(root.value(0)), err)
	}
	return c, nil
}

func define(n *node, h *Helmert) (c Conversion, err error) {
	switch n.keyword {
	case "COMPD_CS", "COMPOUNDCRS": // with heights, which are dropped
		if len(n.nodes) == 0 {
			return c, errors.New("a compound of nothing")
		}
		return define(&n.nodes[0], h)
	case "GEOGCS", "GEOGCRS", "GEOGRAPHICCRS", "GEODCRS", "GEODETICCRS":
		on, known, err := c.base(n, h)
		if err != nil {
			return c, err
		}
		unit, err := unitOf(n, "ANGLEUNIT", degree)
		switch {
		case err != nil:
			return c, err
		case math.Abs(unit/degree-1) > 1e-9:
			return c, errors.New("longitude and latitude in a unit other than degrees")
		}
		c.proj.on, c.name = on, nameOf(n)
		if known { // its numbers are those of WGS 84
			c.name = WGS84
		}
		return c, nil
	case "PROJCS", "PROJCRS", "PROJECTEDCRS":
		return projected(n, h)
	}
	return c, fmt.Errorf("%s is not a frame that is read (want a geographic or projected one)", clip(n.keyword))
}

// base reads the geographic frame n: its ellipsoid, and into c its datum. known reports WGS 84 and CGCS2000 themselves.
func (c *Conversion) base(n *node, h *Helmert) (on *ellipsoid, known bool, err error) {
	datum := n.child("DATUM", "GEODETICDATUM", "TRF", "ENSEMBLE")
	if datum == nil {
		return nil, false, errors.New("no datum")
	}
	if on, err = ellipsoidOf(datum); err != nil {
		return nil, false, err
	}
	if prime := n.child("PRIMEM", "PRIMEMERIDIAN"); prime != nil {
		if at, err := prime.number(1); err != nil || at != 0 {
			return nil, false, fmt.Errorf("prime meridian %s: only Greenwich is read", clip(prime.value(0)))
		}
	}
	if g := datum.child("TOWGS84"); g != nil && h == nil && !isWGS84(datum.value(0), on) {
		if h, err = helmertOf(g); err != nil {
			return nil, false, err
		}
	}
	switch {
	case h != nil:
		c.datum, err = newDatum(on, *h)
		return on, false, err
	case isWGS84(datum.value(0), on):
		name := plainName(datum.value(0))
		return on, strings.Contains(name, "1984") || strings.Contains(name, "84") || strings.Contains(name, "china") || strings.Contains(name, "cgcs"), nil
	}
	return nil, false, fmt.Errorf("%w: %s is tens of metres and more from WGS 84, differently in every city", ErrDatum, clip(datum.value(0)))
}

// ellipsoidOf reads the ellipsoid of a datum.
func ellipsoidOf(datum *node) (*ellipsoid, error) {
	n := datum.child("SPHEROID", "ELLIPSOID")
	if n == nil {
		return nil, errors.New("no ellipsoid")
	}
	a, err := n.number(1)
	if err != nil {
		return nil, err
	}
	flattening, err := n.number(2)
	if err != nil {
		return nil, err
	}
	unit, err := unitOf(n, "LENGTHUNIT", 1)
	switch {
	case err != nil:
		return nil, err
	case !(a*unit > 6.3e6 && a*unit < 6.4e6) || flattening != 0 && !(flattening > 150 && flattening < 1000):
		return nil, fmt.Errorf("ellipsoid %v, %v: not the earth", a, flattening)
	case flattening == wgs84Flattening && a*unit == wgs84Ellipsoid.a:
		return wgs84Ellipsoid, nil
	}
	return newEllipsoid(a*unit, flattening), nil
}

const wgs84Flattening = 298.257223563

// isWGS84 reports a datum that counts as WGS 84, by its name and ellipsoid.
func isWGS84(name string, on *ellipsoid) bool {
	if on.a != wgs84Ellipsoid.a || math.Abs(1/on.n-1/wgs84Ellipsoid.n) > 1e-3 {
		return false
	}
	name = plainName(name)
	for _, start := range []string{
		"wgs1984", "wgs84", "worldgeodeticsystem1984", "china2000", "cgcs2000", "chinageodeticcoordinatesystem2000", "chinesegeodeticcoordinatesystem2000",
		"northamericandatum1983", "northamerican1983", "nad1983", "nad83", "etrs1989", "etrs89", "europeanterrestrialreferencesystem1989",
		"itrf", "internationalterrestrialreferenceframe", "taiwandatum1997", "twd1997",
	} {
		if strings.HasPrefix(name, start) {
			return true
		}
	}
	return false
}

// plainName is a name in lower case, letters and digits only, without the D_ of ESRI's datums.
func plainName(s string) string {
	s = strings.TrimPrefix(strings.ToLower(s), "d_")
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}

// helmertOf reads TOWGS84: three or seven parameters, position vector.
func helmertOf(n *node) (*Helmert, error) {
	var v [7]float64
	if len(n.values) != 3 && len(n.values) != 7 {
		return nil, fmt.Errorf("TOWGS84 of %d parameters, want 3 or 7", len(n.values))
	}
	for i := range n.values {
		var err error
		if v[i], err = n.number(i); err != nil {
			return nil, err
		}
	}
	return &Helmert{v[0], v[1], v[2], v[3], v[4], v[5], v[6]}, nil
}

// unitOf returns the size of the unit that n names, of the kind that WKT 2 has a keyword for; usual where it names none.
func unitOf(n *node, kind string, usual float64) (float64, error) {
	u := n.child(kind, "UNIT")
	if u == nil {
		if axis := n.child("AXIS"); axis != nil {
			u = axis.child(kind, "UNIT")
		}
	}
	if u == nil {
		return usual, nil
	}
	size, err := u.number(1)
	if err == nil && !(size > 1e-9 && size < 1e6) {
		err = fmt.Errorf("unit %s of %v", clip(u.value(0)), size)
	}
	return size, err
}

// nameOf is the canonical name of a definition: its own EPSG number, else its own name.
func nameOf(n *node) Frame {
	id := n.child("AUTHORITY", "ID")
	digits := strings.Trim(id.value(1), "0123456789") == "" && id.value(1) != "" && len(id.value(1)) < 8
	if id != nil && strings.EqualFold(id.value(0), "EPSG") && digits {
		return Frame("EPSG:" + id.value(1))
	}
	return ownName(n)
}

// ownName is what a definition calls itself, made so that it is not taken for a name of ours.
func ownName(n *node) Frame {
	name := clip(strings.Join(strings.Fields(n.value(0)), " "))
	if _, err := Parse(name); err == nil || name == "" || strings.HasPrefix(strings.ToUpper(name), "EPSG:") {
		name = strings.TrimSpace("unnamed " + name)
	}
	return Frame(name)
}
