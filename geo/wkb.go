package geo

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/paulmach/orb"
	"github.com/twpayne/go-geom"
	"github.com/twpayne/go-geom/encoding/ewkb"
	"github.com/twpayne/go-geom/encoding/wkb"
	"github.com/twpayne/go-geom/encoding/wkbcommon"
)

// srid is the spatial reference of all we store: WGS 84 longitude, latitude.
const srid = 4326

// EncodeEWKB returns g as little-endian EWKB with SRID 4326, as PostGIS reads
// and writes it. A ring or bound becomes a polygon. Coordinates keep every
// bit; one that is not finite is an error, and so is a nil geometry.
func EncodeEWKB(g orb.Geometry) ([]byte, error) {
	if p, ok := g.(orb.Point); ok && finite(p) {
		b := make([]byte, 0, 25)
		b = append(b, 1)
		b = binary.LittleEndian.AppendUint32(b, wkbPoint|ewkbSRID)
		b = binary.LittleEndian.AppendUint32(b, srid)
		return appendPoint(b, p), nil
	}
	if mp, ok := g.(orb.MultiPolygon); ok {
		if b, ok := appendMultiPolygon(make([]byte, 0, sizeOfMultiPolygon(mp)), mp, true); ok {
			return b, nil
		}
	}
	t, err := toGeom(g)
	if err != nil {
		return nil, fmt.Errorf("geo: encode EWKB: %w", err)
	}
	var b bytes.Buffer
	if err := ewkb.Write(&b, ewkb.NDR, t); err != nil {
		return nil, fmt.Errorf("geo: encode EWKB: %w", err)
	}
	return b.Bytes(), nil
}

// DecodeEWKB reads EWKB or ISO WKB in either byte order and drops Z and M. The
// SRID must be 4326, or absent or 0. An empty point is a nil geometry without
// an error. Any bytes are safe: memory stays within a few times their length.
func DecodeEWKB(data []byte) (orb.Geometry, error) {
	if len(data) == 25 && [9]byte(data) == [9]byte{1, 1, 0, 0, 0x20, 0xe6, 0x10, 0, 0} {
		return pointOrNil(readPoint(data[9:])), nil
	}
	g, err := decodeWKB(data)
	if err != nil {
		return nil, fmt.Errorf("geo: decode EWKB: %w", err)
	}
	return g, nil
}

// ReadEWKB is DecodeEWKB for coordinates of any reference system: it returns the SRID too, 0 when there is none.
func ReadEWKB(data []byte) (g orb.Geometry, srid int, err error) {
	g, srid, err = readWKB(data)
	if err != nil {
		return nil, 0, fmt.Errorf("geo: read EWKB: %w", err)
	}
	return g, srid, nil
}

func appendPoint(b []byte, p orb.Point) []byte {
	b = binary.LittleEndian.AppendUint64(b, math.Float64bits(p[0]))
	return binary.LittleEndian.AppendUint64(b, math.Float64bits(p[1]))
}

func readPoint(b []byte) orb.Point {
	return orb.Point{
		math.Float64frombits(binary.LittleEndian.Uint64(b)),
		math.Float64frombits(binary.LittleEndian.Uint64(b[8:])),
	}
}

// pointOrNil is nil for (NaN, NaN), which is how WKB writes an empty point.
func pointOrNil(p orb.Point) orb.Geometry {
	if math.IsNaN(p[0]) && math.IsNaN(p[1]) {
		return nil
	}
	return p
}

func decodeWKB(data []byte) (orb.Geometry, error) {
	g, s, err := readWKB(data)
	if err == nil && s != 0 && s != srid {
		return nil, fmt.Errorf("SRID %d, want %d", s, srid)
	}
	return g, err
}

// readWKB returns a geometry and its SRID, 0 when it has none.
func readWKB(data []byte) (orb.Geometry, int, error) {
	iso, err := checkWKB(data)
	if err != nil {
		return nil, 0, err
	}
	var t geom.T
	if iso {
		t, err = wkb.Unmarshal(data, wkbcommon.WKBOptionEmptyPointHandling(wkbcommon.EmptyPointHandlingNaN))
	} else {
		t, err = ewkb.Unmarshal(data)
	}
	if err != nil {
		return nil, 0, err
	}
	g, err := fromGeom(t)
	return g, t.SRID(), err
}

// encodeWKB returns g as little-endian ISO WKB.
func encodeWKB(g orb.Geometry) ([]byte, error) {
	if mp, ok := g.(orb.MultiPolygon); ok {
		if b, ok := appendMultiPolygon(make([]byte, 0, sizeOfMultiPolygon(mp)), mp, false); ok {
			return b, nil
		}
	}
	t, err := toGeom(g)
	if err != nil {
		return nil, err
	}
	return wkb.Marshal(t, wkb.NDR)
}

// MultiPolygonOf returns an area as a multipolygon: a polygon as one of one
// member, a collection of areas as one of all. Other geometries are an error.
func MultiPolygonOf(g orb.Geometry) (orb.MultiPolygon, error) {
	switch g := g.(type) {
	case orb.MultiPolygon:
		return g, nil
	case orb.Polygon:
		return orb.MultiPolygon{g}, nil
	case orb.Collection:
		var out orb.MultiPolygon
		for _, m := range g {
			mp, err := MultiPolygonOf(m)
			if err != nil {
				return nil, err
			}
			out = append(out, mp...)
		}
		return out, nil
	case nil:
		return nil, errors.New("geo: no geometry, want an area")
	}
	return nil, fmt.Errorf("geo: %s, want Polygon or MultiPolygon", g.GeoJSONType())
}

// toGeom turns an orb geometry into go-geom's, with the SRID.
func toGeom(g orb.Geometry) (geom.T, error) {
	switch g := g.(type) {
	case orb.Point:
		return fromFlat(orb.LineString{g}, func(c []float64) geom.T { return geom.NewPointFlat(geom.XY, c) })
	case orb.MultiPoint:
		return fromFlat(orb.LineString(g), func(c []float64) geom.T { return geom.NewMultiPointFlat(geom.XY, c) })
	case orb.LineString:
		return fromFlat(g, func(c []float64) geom.T { return geom.NewLineStringFlat(geom.XY, c) })
	case orb.MultiLineString:
		c, ends, err := flatten(nil, nil, g)
		if err != nil {
			return nil, err
		}
		return geom.SetSRID(geom.NewMultiLineStringFlat(geom.XY, c, ends), srid)
	case orb.Ring:
		return toGeom(orb.Polygon{g})
	case orb.Bound:
		return toGeom(g.ToPolygon())
	case orb.Polygon:
		c, ends, err := flatten(nil, nil, g)
		if err != nil {
			return nil, err
		}
		return geom.SetSRID(geom.NewPolygonFlat(geom.XY, c, ends), srid)
	case orb.MultiPolygon:
		return multiPolygonToGeom(g)
	case orb.Collection:
		return collectionToGeom(g)
	}
	return nil, fmt.Errorf("no geometry to encode: %T", g)
}

func fromFlat(line orb.LineString, wrap func([]float64) geom.T) (geom.T, error) {
	c, _, err := flatten(nil, nil, []orb.LineString{line})
	if err != nil {
		return nil, err
	}
	return geom.SetSRID(wrap(c), srid)
}

// flatten appends the lines' coordinates to c and where each ends to ends.
func flatten[L ~[]orb.Point](c []float64, ends []int, lines []L) ([]float64, []int, error) {
	for _, line := range lines {
		for _, p := range line {
			if !finite(p) {
				return nil, nil, fmt.Errorf("coordinate %v is not finite", p)
			}
			c = append(c, p[0], p[1])
		}
		ends = append(ends, len(c))
	}
	return c, ends, nil
}

func multiPolygonToGeom(mp orb.MultiPolygon) (geom.T, error) {
	var c []float64
	endss := make([][]int, len(mp))
	for i, polygon := range mp {
		var err error
		if c, endss[i], err = flatten(c, nil, polygon); err != nil {
			return nil, err
		}
	}
	return geom.SetSRID(geom.NewMultiPolygonFlat(geom.XY, c, endss), srid)
}

func collectionToGeom(members orb.Collection) (geom.T, error) {
	c := geom.NewGeometryCollection().SetSRID(srid)
	for _, m := range members {
		t, err := toGeom(m)
		if err != nil {
			return nil, err
		}
		if err := c.Push(t); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// fromGeom turns go-geom's geometry into orb's, keeping X and Y.
func fromGeom(t geom.T) (orb.Geometry, error) {
	if t, ok := t.(*geom.GeometryCollection); ok {
		return collectionOf(t) // it has no coordinates of its own, and panics when asked
	}
	c, stride := t.FlatCoords(), t.Stride()
	switch t := t.(type) {
	case *geom.Point:
		if t.Empty() {
			return nil, nil
		}
		return pointOrNil(orb.Point{c[0], c[1]}), nil
	case *geom.LineString:
		return unflatten[orb.LineString](c, stride), nil
	case *geom.Polygon:
		return polygonOf(t), nil
	case *geom.MultiPoint:
		return multiPointOf(t), nil
	case *geom.MultiLineString:
		out := make(orb.MultiLineString, t.NumLineStrings())
		for i := range out {
			out[i] = unflatten[orb.LineString](t.LineString(i).FlatCoords(), stride)
		}
		return out, nil
	case *geom.MultiPolygon:
		out := make(orb.MultiPolygon, t.NumPolygons())
		for i := range out {
			out[i] = polygonOf(t.Polygon(i))
		}
		return out, nil
	}
	return nil, fmt.Errorf("unsupported geometry %T", t)
}

func unflatten[L ~[]orb.Point](c []float64, stride int) L {
	out := make(L, 0, len(c)/stride)
	for ; len(c) > 0; c = c[stride:] {
		out = append(out, orb.Point{c[0], c[1]})
	}
	return out
}

func polygonOf(t *geom.Polygon) orb.Polygon {
	out := make(orb.Polygon, t.NumLinearRings())
	for i := range out {
		out[i] = unflatten[orb.Ring](t.LinearRing(i).FlatCoords(), t.Stride())
	}
	return out
}

// multiPointOf leaves empty points out.
func multiPointOf(t *geom.MultiPoint) orb.MultiPoint {
	out := orb.MultiPoint{}
	for i := range t.NumPoints() {
		p := t.Point(i)
		if p.Empty() {
			continue
		}
		if q := pointOrNil(orb.Point{p.X(), p.Y()}); q != nil {
			out = append(out, orb.Point{p.X(), p.Y()})
		}
	}
	return out
}

// collectionOf leaves empty points out.
func collectionOf(t *geom.GeometryCollection) (orb.Geometry, error) {
	out := orb.Collection{}
	for i := range t.NumGeoms() {
		g, err := fromGeom(t.Geom(i))
		if err != nil {
			return nil, err
		}
		if g != nil {
			out = append(out, g)
		}
	}
	return out, nil
}
