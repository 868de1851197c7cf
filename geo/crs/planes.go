package crs

import (
	"errors"
	"fmt"
	"math"
	"strings"
)

// parameters are those of a projection, in degrees and metres. What is not given is NaN.
type parameters struct {
	lon0, lat0   float64
	first, other float64 // standard parallels
	scale        float64
	east, north  float64
}

// projected reads the definition of a plane.
func projected(n *node, h *Helmert) (c Conversion, err error) {
	base := n.child("GEOGCS", "BASEGEOGCRS", "BASEGEODCRS", "GEOGCRS", "GEODCRS")
	if base == nil {
		return c, errors.New("no geographic frame under the projected one")
	}
	on, plain, err := c.base(base, h)
	if err != nil {
		return c, err
	}
	unit, err := unitOf(n, "LENGTHUNIT", 1)
	if err != nil {
		return c, err
	}
	conversion, name := n, n.child("PROJECTION").value(0)
	if v2 := n.child("CONVERSION"); v2 != nil {
		conversion, name = v2, v2.child("METHOD", "PROJECTION").value(0)
	}
	angle, err := unitOf(base, "ANGLEUNIT", degree)
	if err != nil {
		return c, err
	}
	if err := axes(n); err != nil {
		return c, err
	}
	p, err := readParameters(conversion, angle, unit)
	if err != nil {
		return c, err
	}
	if isPseudo(n) {
		name = "Popular Visualisation Pseudo Mercator"
	}
	if c.proj, err = p.projection(name, on); err != nil {
		return c, err
	}
	c.proj.unit = unit
	c.name = c.proj.number(n, plain)
	return c, nil
}

// isPseudo finds Web Mercator in WKT 1 of GDAL, which calls it Mercator and says in PROJ's words that it is of the sphere.
func isPseudo(n *node) bool {
	proj4 := n.child("EXTENSION").value(1)
	return strings.Contains(proj4, "+proj=merc") && strings.Contains(proj4, "+b=6378137") && strings.Contains(proj4, "+a=6378137")
}

// number returns the name of a plane: the number of the contract's frame that it is, whatever it calls itself, else its own name.
// plain reports that its datum is WGS 84 or CGCS2000.
func (p projection) number(n *node, plain bool) Frame {
	name := nameOf(n)
	_, err := name.Conversion()
	claims := err == nil // to be one of the contract's
	if code := codeOf(p); plain && code != 0 && (claims || !strings.HasPrefix(string(name), "EPSG:")) {
		return epsg(code)
	}
	if claims {
		return ownName(n)
	}
	return name
}

// axes refuses axes that do not lead to the east and the north. Their order is left aside.
func axes(n *node) error {
	for i := range n.nodes {
		if n.nodes[i].keyword != "AXIS" {
			continue
		}
		if to := strings.ToLower(n.nodes[i].value(1)); to == "south" || to == "west" {
			return fmt.Errorf("an axis that leads %s", to)
		}
	}
	return nil
}

// readParameters reads the PARAMETERs of n. angle and length are the units where they have none of their own.
func readParameters(n *node, angle, length float64) (parameters, error) {
	p := parameters{math.NaN(), math.NaN(), math.NaN(), math.NaN(), math.NaN(), math.NaN(), math.NaN()}
	for i := range n.nodes {
		if n.nodes[i].keyword != "PARAMETER" {
			continue
		}
		if err := p.read(&n.nodes[i], angle, length); err != nil {
			return p, err
		}
	}
	return p, nil
}

func (p *parameters) read(n *node, angle, length float64) error {
	v, err := n.number(1)
	if err != nil {
		return fmt.Errorf("parameter %s: %w", clip(n.value(0)), err)
	}
	into, err := p.field(n.value(0))
	switch {
	case err != nil && v != 0:
		return err
	case into == nil:
		return nil
	case into == &p.scale:
		angle, length = degree, 1 // it has no unit
	}
	if u := n.child("ANGLEUNIT", "LENGTHUNIT", "SCALEUNIT", "UNIT"); u != nil {
		size, err := u.number(1)
		if err != nil {
			return err
		}
		angle, length = size, size
	}
	if into == &p.east || into == &p.north || into == &p.scale {
		*into = v * length
	} else {
		*into = v * angle / degree
	}
	return nil
}

// field returns where the parameter of this name, in WKT 1 or 2, is put; an error for one that is not known.
func (p *parameters) field(name string) (*float64, error) {
	switch plainName(name) {
	case "centralmeridian", "longitudeofnaturalorigin", "longitudeoffalseorigin", "longitudeoforigin", "longitudeofcenter":
		return &p.lon0, nil
	case "latitudeoforigin", "latitudeofnaturalorigin", "latitudeoffalseorigin", "latitudeofcenter":
		return &p.lat0, nil
	case "standardparallel1", "latitudeof1ststandardparallel":
		return &p.first, nil
	case "standardparallel2", "latitudeof2ndstandardparallel":
		return &p.other, nil
	case "scalefactor", "scalefactoratnaturalorigin":
		return &p.scale, nil
	case "falseeasting", "eastingatfalseorigin":
		return &p.east, nil
	case "falsenorthing", "northingatfalseorigin":
		return &p.north, nil
	}
	return nil, fmt.Errorf("parameter %s is not known", clip(name))
}

// or is v, or usual where v is not given.
func or(v, usual float64) float64 {
	if math.IsNaN(v) {
		return usual
	}
	return v
}

// check refuses parameters that are none on the earth.
func (p *parameters) check() error {
	switch {
	case math.IsNaN(p.lon0):
		return errors.New("no central meridian")
	case math.Abs(p.lon0) > 180:
		return fmt.Errorf("central meridian %v", p.lon0)
	case math.Abs(or(p.lat0, 0)) > 90 || math.Abs(or(p.first, 0)) > 90 || math.Abs(or(p.other, 0)) > 90:
		return errors.New("a parallel beyond the pole")
	case !(or(p.scale, 1) > 0.5 && or(p.scale, 1) < 2):
		return fmt.Errorf("scale factor %v", p.scale)
	}
	return nil
}

// projection makes the projection of a method by its name.
func (p *parameters) projection(name string, on *ellipsoid) (out projection, err error) {
	if err := p.check(); err != nil {
		return out, err
	}
	lat0, scale, east, north := or(p.lat0, 0), or(p.scale, 1), or(p.east, 0), or(p.north, 0)
	switch plainName(name) {
	case "transversemercator", "gausskruger", "gausskrueger":
		return newTransverse(on, p.lon0, lat0, scale, east, north), nil
	case "mercator", "mercator1sp", "mercator2sp", "mercatorvarianta", "mercatorvariantb":
		if !math.IsNaN(p.first) {
			scale *= on.parallel(p.first * degree)
		}
		if plainName(name) == "mercator1sp" || plainName(name) == "mercatorvarianta" {
			lat0 = 0 // the equator whatever is said: OGC and EPSG measure from there
		}
		return newMercator(on, p.lon0, lat0, scale, east, north), nil
	case "mercatorauxiliarysphere", "popularvisualisationpseudomercator":
		if lat0 != 0 || or(p.first, 0) != 0 || scale != 1 {
			return out, errors.New("Web Mercator with an origin or a scale of its own")
		}
		return newWebMercator(p.lon0, east, north), nil
	case "lambertconformalconic", "lambertconformalconic1sp", "lambertconformalconic2sp", "lambertconicconformal1sp", "lambertconicconformal2sp":
		out, err = p.lambert(on, lat0, scale)
		out.east, out.north = east, north
		return out, err
	case "":
		return out, errors.New("no projection is named")
	}
	return out, fmt.Errorf("projection %s is not read", clip(name))
}

// lambert tells one parallel from two: with one, the scale factor is along it, and it is the origin's where none is named.
func (p *parameters) lambert(on *ellipsoid, lat0, scale float64) (projection, error) {
	first := or(p.first, lat0)
	return newLambert(on, p.lon0, lat0, [2]float64{first, or(p.other, first)}, scale)
}
