package importers

import (
	"encoding/xml"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/paulmach/orb"
)

// geometry reads an element that is a geometry; nil when it is empty. A shapeError is one that is
// understood and cannot be used: the element is used up.
func (k *kmlReader) geometry(e xml.StartElement) (orb.Geometry, error) {
	if k.over() {
		return nil, k.xml.skip()
	}
	switch kind := e.Name.Local; kind {
	case "Point", "LineString", "LinearRing":
		line, err := k.coordinates()
		switch {
		case err != nil || len(line) == 0:
			return nil, err
		case kind == "Point":
			return line[0], nil
		}
		return orb.LineString(line), nil
	case "Polygon":
		return k.polygon()
	case "MultiGeometry":
		return k.multi()
	default:
		if err := k.xml.skip(); err != nil {
			return nil, err
		}
		return nil, shapeError(fmt.Sprintf("geometry type %q is not read", clip(kind)))
	}
}

// coordinates reads the child of that name, longitude,latitude[,height] with blanks between positions. A wrong one is
// a shapeError.
func (k *kmlReader) coordinates() (line []orb.Point, err error) {
	var bad error
	err = k.xml.children(func(e xml.StartElement) error {
		if e.Name.Local != "coordinates" {
			return k.xml.skip()
		}
		text, err := k.xml.text()
		if err == nil {
			line, bad = parsePositions(text)
		}
		return err
	})
	if err == nil {
		err = bad
	}
	return line, err
}

// parsePositions reads tuples of numbers. A blank beside a comma does not end a tuple, as some programs write it.
func parsePositions(s string) (out []orb.Point, err error) {
	for s = strings.TrimLeft(s, blanks); s != ""; {
		var p orb.Point
		n := 0
		for {
			end := strings.IndexAny(s, blanks+",")
			if end < 0 {
				end = len(s)
			}
			v, err := strconv.ParseFloat(s[:end], 64)
			if err != nil && !errors.Is(err, strconv.ErrRange) { // one beyond float64 is infinite, and refused with its place
				return nil, shapeError(fmt.Sprintf("want longitude,latitude, got %q at position %d", clip(s[:end]), len(out)+1))
			}
			if n < 2 {
				p[n] = v
			}
			n++
			if s = strings.TrimLeft(s[end:], blanks); !strings.HasPrefix(s, ",") {
				break
			}
			s = strings.TrimLeft(s[1:], blanks)
		}
		switch {
		case n < 2:
			return nil, shapeError(fmt.Sprintf("position %d has one number", len(out)+1))
		case len(out) == maxPositions:
			return nil, shapeError(fmt.Sprintf("more than %d positions", maxPositions))
		}
		out = append(out, p)
	}
	return out, nil
}

const blanks = " \t\r\n"

// polygon reads the boundaries, the outer one first, wherever it stands.
func (k *kmlReader) polygon() (orb.Geometry, error) {
	var outer, inner []orb.Ring
	var bad error
	err := k.xml.children(func(e xml.StartElement) error {
		into := &inner
		switch e.Name.Local {
		case "outerBoundaryIs":
			into = &outer
		case "innerBoundaryIs":
		default:
			return k.xml.skip()
		}
		return k.xml.children(func(e xml.StartElement) error {
			if e.Name.Local != "LinearRing" || k.over() {
				return k.xml.skip()
			}
			ring, err := k.coordinates()
			if s, ok := err.(shapeError); ok { //nolint:errorlint // coordinates gives it as it is
				bad, err = s, nil
			}
			if len(ring) > 0 {
				*into = append(*into, ring)
			}
			return err
		})
	})
	switch {
	case err != nil:
		return nil, err
	case bad != nil:
		return nil, bad
	case len(outer) > 1:
		return nil, shapeError("a Polygon with several outer boundaries")
	case len(outer) == 0 && len(inner) > 0:
		return nil, shapeError("a Polygon without outer boundary")
	case len(outer) == 0:
		return nil, nil
	}
	return append(orb.Polygon(outer), inner...), nil
}

// multi reads a MultiGeometry.
func (k *kmlReader) multi() (orb.Geometry, error) {
	var all []orb.Geometry
	var bad error
	err := k.xml.children(func(e xml.StartElement) error {
		g, err := k.geometry(e)
		if s, ok := err.(shapeError); ok { //nolint:errorlint // geometry gives it as it is
			bad, err = s, nil
		}
		if g != nil {
			all = append(all, g)
		}
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case bad != nil:
		return nil, bad
	case len(all) == 0:
		return nil, nil
	}
	return gathered(all), nil
}

// gathered makes one geometry of several: a multi-geometry when all are of one kind, members of members too.
func gathered(all []orb.Geometry) orb.Geometry {
	var points orb.MultiPoint
	var lines orb.MultiLineString
	var areas orb.MultiPolygon
	for _, g := range all {
		switch g := g.(type) {
		case orb.Point:
			points = append(points, g)
		case orb.MultiPoint:
			points = append(points, g...)
		case orb.LineString:
			lines = append(lines, g)
		case orb.MultiLineString:
			lines = append(lines, g...)
		case orb.Polygon:
			areas = append(areas, g)
		case orb.MultiPolygon:
			areas = append(areas, g...)
		default:
			return orb.Collection(all)
		}
	}
	switch {
	case len(lines) == 0 && len(areas) == 0:
		return points
	case len(points) == 0 && len(areas) == 0:
		return lines
	case len(points) == 0 && len(lines) == 0:
		return areas
	}
	return orb.Collection(all)
}
