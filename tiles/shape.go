package tiles

import (
	"math"

	"github.com/paulmach/orb"
)

// A Shape is a geometry as one tile shows it: MVT geometry commands, ready to be copied
// into a feature. The zero Shape is empty. A Shape is immutable.
type Shape struct {
	kind     geomType
	commands []byte // packed varints
}

// geomType is the GeomType of the MVT specification.
type geomType byte

const (
	pointType   geomType = 1
	lineType    geomType = 2
	polygonType geomType = 3
)

// Empty reports whether the tile shows nothing of the geometry.
func (s Shape) Empty() bool { return len(s.commands) == 0 }

// Len returns the size of the shape in a tile, bytes.
func (s Shape) Len() int { return len(s.commands) }

var (
	tileBox     = box{0, Extent}
	bufferedBox = box{-Buffer, Extent + Buffer}
)

// Project returns g (degrees) as the tile a shows it: projected to Web Mercator, cut
// to the tile with its Buffer, in whole tile units. Points, lines, polygons, rings, bounds
// and their multi kinds have a shape; collections have none.
//
// Polygons come out as the specification wants them (exterior rings with positive area,
// each followed by its holes, rings simple and without repeated points), whatever whole units did
// to them. A polygon or line too small for whole units that is in the tile itself (not only in its margin) is not
// dropped: it becomes one square, or one line, of one unit.
func Project(a Address, g orb.Geometry) Shape {
	switch g := g.(type) {
	case orb.Point:
		return projectPoints(a, orb.MultiPoint{g})
	case orb.MultiPoint:
		return projectPoints(a, g)
	case orb.LineString:
		return projectLines(a, orb.MultiLineString{g})
	case orb.MultiLineString:
		return projectLines(a, g)
	case orb.Bound:
		return projectPolygons(a, orb.MultiPolygon{g.ToPolygon()})
	case orb.Ring:
		return projectPolygons(a, orb.MultiPolygon{{g}})
	case orb.Polygon:
		return projectPolygons(a, orb.MultiPolygon{g})
	case orb.MultiPolygon:
		return projectPolygons(a, g)
	}
	return Shape{}
}

// A dot is a place in whole tile units.
type dot struct{ x, y int32 }

func (d dot) less(e dot) bool { return d.x < e.x || (d.x == e.x && d.y < e.y) }

func (d dot) point() orb.Point { return orb.Point{float64(d.x), float64(d.y)} }

// whole returns p in whole units, halves up.
func whole(p orb.Point) orb.Point {
	return orb.Point{math.Floor(p[0] + 0.5), math.Floor(p[1] + 0.5)}
}

func round(p orb.Point) dot {
	p = whole(p)
	return dot{int32(p[0]), int32(p[1])}
}

func allWhole(points []orb.Point) []orb.Point {
	out := make([]orb.Point, len(points))
	for i, p := range points {
		out[i] = whole(p)
	}
	return out
}

func (a Address) allUnits(points []orb.Point) []orb.Point {
	out := make([]orb.Point, len(points))
	for i, p := range points {
		out[i] = a.units(p)
	}
	return out
}

func projectPoints(a Address, points []orb.Point) Shape {
	var dots []dot
	for _, p := range a.allUnits(points) {
		if bufferedBox.holds(p) {
			dots = append(dots, round(p))
		}
	}
	if len(dots) == 0 {
		return Shape{}
	}
	var w commands
	w.move(dots)
	return Shape{pointType, w.bytes}
}

func projectLines(a Address, lines []orb.LineString) Shape {
	var w commands
	var small []dot
	for _, l := range lines {
		units := a.allUnits(l)
		for _, piece := range clipLine(allWhole(units), bufferedBox) {
			if dots := rounded(piece); len(dots) > 1 {
				w.line(dots)
			}
		}
		if len(small) == 0 {
			small = smallLine(clipLine(units, tileBox))
		}
	}
	if len(w.bytes) == 0 && len(small) > 0 {
		w.line(small)
	}
	return Shape{lineType, w.bytes}
}

// smallLine returns one unit of line where the first piece is.
func smallLine(pieces [][]orb.Point) []dot {
	if len(pieces) == 0 {
		return nil
	}
	d := corner(pieces[0][0])
	return []dot{d, {d.x + 1, d.y}}
}

// corner returns the unit square of the tile that holds p, by its corner nearest to (0,0).
func corner(p orb.Point) dot {
	in := func(v float64) int32 { return int32(min(max(math.Floor(v), 0), Extent-1)) }
	return dot{in(p[0]), in(p[1])}
}

// rounded returns a line in whole units without repeated points.
func rounded(line []orb.Point) []dot {
	out := make([]dot, 0, len(line))
	for _, p := range line {
		if d := round(p); len(out) == 0 || out[len(out)-1] != d {
			out = append(out, d)
		}
	}
	return out
}

// roundedRing is rounded for a ring, which neither repeats its first point at its end; nil when nothing is left.
func roundedRing(ring []orb.Point) []dot {
	out := rounded(ring)
	for len(out) > 1 && out[len(out)-1] == out[0] {
		out = out[:len(out)-1]
	}
	if len(out) < 3 {
		return nil
	}
	return out
}

func projectPolygons(a Address, polygons orb.MultiPolygon) Shape {
	units := a.partUnits(polygons)
	return polygonShape(tidy(wholeParts(units)), units)
}

// partUnits returns polygons (degrees) in the tile's units, by part and ring.
func (a Address) partUnits(polygons orb.MultiPolygon) [][][]orb.Point {
	parts := make([][][]orb.Point, len(polygons))
	for i, polygon := range polygons {
		parts[i] = make([][]orb.Point, len(polygon))
		for k, ring := range polygon {
			parts[i][k] = a.allUnits(ring)
		}
	}
	return parts
}

// polygonShape writes rings that are ready to be read, or what stands for parts too small to have any.
func polygonShape(rings [][]dot, parts [][][]orb.Point) Shape {
	var w commands
	for _, ring := range rings {
		w.ring(ring)
	}
	if len(w.bytes) == 0 {
		if d, ok := smallPolygon(parts); ok {
			w.ring([]dot{d, {d.x + 1, d.y}, {d.x + 1, d.y + 1}, {d.x, d.y + 1}})
		}
	}
	return Shape{polygonType, w.bytes}
}

// wholeParts returns the rings of all parts cut to the tile, in whole units.
func wholeParts(parts [][][]orb.Point) [][]dot {
	var rings [][]dot
	for _, part := range parts {
		rings = append(rings, wholeRings(part)...)
	}
	return rings
}

// wholeRings returns the rings of one polygon cut to the tile, in whole units; none when its shell vanishes.
func wholeRings(part [][]orb.Point) [][]dot {
	var out [][]dot
	for i, ring := range part {
		dots := roundedRing(truncated(clipRing(allWhole(ring), bufferedBox)))
		if dots != nil {
			out = append(out, oriented(dots, i == 0))
		} else if i == 0 {
			return nil
		}
	}
	return out
}

// smallPolygon finds the unit square that stands for polygons too small to draw: where the
// largest of what the tile itself holds of them is. Not ok when the tile holds nothing.
func smallPolygon(parts [][][]orb.Point) (dot, bool) {
	var best float64
	var at dot
	for _, rings := range parts {
		var area float64
		var shell []orb.Point
		for i, ring := range rings {
			piece := clipRing(ring, tileBox)
			if i == 0 {
				shell, area = piece, math.Abs(doubleArea(piece))
				continue
			}
			area -= math.Abs(doubleArea(piece))
		}
		if area > best && area > 1e-9*math.Abs(doubleArea(shell)) {
			best, at = area, corner(middle(shell))
		}
	}
	return at, best > 0
}

// middle returns the centre of the box around points.
func middle(points []orb.Point) orb.Point { return orb.MultiPoint(points).Bound().Center() }
