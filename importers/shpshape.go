package importers

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/paulmach/orb"
)

// shapeOf reads a shape of any type but MultiPatch: two coordinates of each point, heights and measures are
// dropped. nil is a shape without points. content is not kept.
func shapeOf(content []byte) (orb.Geometry, *fault) {
	if len(content) < 4 {
		return nil, &fault{geometryTarget, fmt.Sprintf("a shape of %d bytes", len(content))}
	}
	switch kind := binary.LittleEndian.Uint32(content); kind {
	case 0:
		return nil, nil
	case 1, 11, 21: // Point, PointZ, PointM
		if len(content) < 20 {
			return nil, &fault{geometryTarget, fmt.Sprintf("a point of %d bytes, want 20", len(content))}
		}
		return pointAt(content[4:]), nil
	case 8, 18, 28: // MultiPoint
		return manyPoints(content)
	case 3, 13, 23: // PolyLine
		parts, f := partsOf(content)
		switch {
		case f != nil || len(parts) == 0:
			return nil, f
		case len(parts) == 1:
			return orb.LineString(parts[0]), nil
		}
		lines := make(orb.MultiLineString, len(parts))
		for i, p := range parts {
			lines[i] = orb.LineString(p)
		}
		return lines, nil
	case 5, 15, 25: // Polygon
		parts, f := partsOf(content)
		if f != nil || len(parts) == 0 {
			return nil, f
		}
		return polygonsOf(parts)
	case 31:
		return nil, &fault{geometryTarget, "a MultiPatch (a surface in three dimensions) is not read"}
	default:
		return nil, &fault{geometryTarget, fmt.Sprintf("shape type %d is not known", kind)}
	}
}

func pointAt(b []byte) orb.Point {
	return orb.Point{
		math.Float64frombits(binary.LittleEndian.Uint64(b)),
		math.Float64frombits(binary.LittleEndian.Uint64(b[8:])),
	}
}

// pointsAt reads n points.
func pointsAt(b []byte, n int) []orb.Point {
	out := make([]orb.Point, n)
	for i := range out {
		out[i] = pointAt(b[16*i : 16*i+16])
	}
	return out
}

func manyPoints(content []byte) (orb.Geometry, *fault) {
	const points = 40 // offset of the first
	if len(content) < points {
		return nil, tooShort(content, "a MultiPoint", 0, 0)
	}
	n := int64(binary.LittleEndian.Uint32(content[points-4:]))
	if points+16*n > int64(len(content)) {
		return nil, tooShort(content, "a MultiPoint", 1, n)
	}
	if n == 0 {
		return nil, nil
	}
	return orb.MultiPoint(pointsAt(content[points:], int(n))), nil
}

// partsOf reads the parts of a PolyLine or Polygon, those without points left out. They share one slice.
func partsOf(content []byte) ([]orb.Ring, *fault) {
	const first = 44 // offset of the starts of the parts
	if len(content) < first {
		return nil, tooShort(content, "a shape with parts", 0, 0)
	}
	parts, points := int64(binary.LittleEndian.Uint32(content[first-8:])), int64(binary.LittleEndian.Uint32(content[first-4:]))
	if first+4*parts+16*points > int64(len(content)) {
		return nil, tooShort(content, "a shape", parts, points)
	}
	flat := pointsAt(content[first+4*parts:], int(points))
	out := make([]orb.Ring, 0, parts)
	for i := range parts {
		from, to := int64(binary.LittleEndian.Uint32(content[first+4*i:])), points
		if i+1 < parts {
			to = int64(binary.LittleEndian.Uint32(content[first+4*i+4:]))
		}
		switch {
		case from > to || to > points:
			return nil, &fault{geometryTarget, fmt.Sprintf("part %d of the shape is points %d to %d of %d", i+1, from, to, points)}
		case from < to:
			out = append(out, flat[from:to:to])
		}
	}
	return out, nil
}

func tooShort(content []byte, what string, parts, points int64) *fault {
	return &fault{geometryTarget, fmt.Sprintf("%s of %d parts and %d points does not fit into its %d bytes", what, parts, points, len(content))}
}
