package importers

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/paulmach/orb"
)

// Types of FlatGeobuf's geometries (header.fbs, GeometryType); those from 8 on are curves and surfaces.
const (
	fgbUnknown = iota
	fgbPoint
	fgbLineString
	fgbPolygon
	fgbMultiPoint
	fgbMultiLineString
	fgbMultiPolygon
	fgbCollection
)

// An fgbParts builds a geometry. Parts may name the same bytes again and again, but no more positions
// than the feature has bytes for are made of them.
type fgbParts struct{ left int }

// fgbGeometry reads a geometry of the type that the file says, or of its own where it says none.
func fgbGeometry(t flatTable, kind uint8) (orb.Geometry, *fault) {
	p := fgbParts{left: len(t.buf.b)/8 + 1}
	g, err := p.geometry(t, kind, 0)
	if err != nil {
		return nil, &fault{geometryTarget, err.Error()}
	}
	return g, nil
}

// geometry returns nil for an empty one.
func (p *fgbParts) geometry(t flatTable, kind uint8, depth int) (orb.Geometry, error) {
	if kind == fgbUnknown {
		kind = t.uint8(6, fgbUnknown)
	}
	if kind >= fgbMultiPolygon {
		return p.parts(t, kind, depth)
	}
	xy, err := p.positions(t)
	if err != nil || len(xy) == 0 {
		return nil, err
	}
	switch kind {
	case fgbPoint:
		return xy[0], nil
	case fgbMultiPoint:
		return orb.MultiPoint(xy), nil
	case fgbLineString:
		return orb.LineString(xy), nil
	case fgbMultiLineString:
		lines, err := cutAtEnds[orb.LineString](t, xy)
		return orb.MultiLineString(lines), err
	case fgbPolygon:
		rings, err := cutAtEnds[orb.Ring](t, xy)
		return orb.Polygon(rings), err
	}
	return nil, shapeError("a geometry without type")
}

// parts reads a geometry of geometries.
func (p *fgbParts) parts(t flatTable, kind uint8, depth int) (orb.Geometry, error) {
	switch {
	case kind > fgbCollection:
		return nil, shapeError(fmt.Sprintf("geometry type %d (a curve or surface) is not read", kind))
	case depth > 0 && kind == fgbCollection:
		return nil, shapeError("a collection in a collection")
	}
	n, part := t.children(7)
	var areas orb.MultiPolygon
	var all orb.Collection
	for i := range n {
		if p.left--; p.left < 0 {
			return nil, shapeError("more parts than it has bytes for")
		}
		of := uint8(fgbPolygon)
		if kind == fgbCollection {
			of = fgbUnknown
		}
		g, err := p.geometry(part(i), of, depth+1)
		if err != nil {
			return nil, err
		}
		if area, ok := g.(orb.Polygon); ok {
			areas = append(areas, area)
		}
		if g != nil {
			all = append(all, g)
		}
	}
	switch {
	case len(all) == 0:
		return nil, nil
	case kind == fgbCollection:
		return all, nil
	}
	return areas, nil
}

// positions reads the vector xy.
func (p *fgbParts) positions(t flatTable) ([]orb.Point, error) {
	v := t.vector(1, 8)
	n := len(v) / 16
	switch {
	case len(v)%16 != 0:
		return nil, shapeError("half a position")
	case n > p.left:
		return nil, shapeError("more positions than it has bytes for")
	}
	p.left -= n
	out := make([]orb.Point, n)
	for i := range out {
		out[i] = orb.Point{
			math.Float64frombits(binary.LittleEndian.Uint64(v[16*i:])),
			math.Float64frombits(binary.LittleEndian.Uint64(v[16*i+8:])),
		}
	}
	return out, nil
}

// cutAtEnds cuts positions where the vector ends says, which may be absent when there is one piece.
func cutAtEnds[T ~[]orb.Point](t flatTable, xy []orb.Point) (out []T, err error) {
	v := t.vector(0, 4)
	if len(v) == 0 {
		return []T{T(xy)}, nil
	}
	from := 0
	for ; len(v) > 0; v = v[4:] {
		to := int(binary.LittleEndian.Uint32(v))
		if to < from || to > len(xy) {
			return nil, shapeError("the rings or lines do not end where they say")
		}
		if to > from {
			out = append(out, T(xy[from:to:to]))
		}
		from = to
	}
	if from < len(xy) {
		return nil, shapeError("there are positions after the last ring or line")
	}
	return out, nil
}
