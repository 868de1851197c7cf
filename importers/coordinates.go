package importers

import (
	"fmt"
	"math"

	"github.com/paulmach/orb"
)

// A coordinates is the value of a GeoJSON "coordinates" member: positions in one flat slice,
// with the ends of the lists they came in. It is used again for the next geometry.
type coordinates struct {
	depth  int         // 1 one position, 2 a list of them, 3 a list of lists, 4 one more; 0 nothing at all
	points []orb.Point // as in the file
	lines  []int       // end of each list of positions, in points
	parts  []int       // end of each list of those, in lines
}

// A shapeError is JSON that is no geometry.
type shapeError string

func (e shapeError) Error() string { return string(e) }

func (s *coordinates) read(c *cursor) (err error) {
	s.points, s.lines, s.parts = s.points[:0], s.lines[:0], s.parts[:0]
	s.depth, err = s.list(c, 1)
	return err
}

// list reads an array at a level of nesting and returns its depth, 0 when it holds no position.
// Empty arrays inside others are passed over: an empty ring or part is none.
func (s *coordinates) list(c *cursor, level int) (int, error) {
	if level > 5 {
		return 0, shapeError("coordinates are nested too deep")
	}
	depth := 0
	first := true
	err := c.list('[', ']', func() error {
		if c.peek() != '[' {
			if !first {
				return shapeError("coordinates are nested unevenly")
			}
			depth = 1
			return s.position(c)
		}
		first = false
		d, err := s.list(c, level+1)
		switch {
		case err != nil || d == 0:
			return err
		case depth != 0 && depth != d+1:
			return shapeError("coordinates are nested unevenly")
		}
		depth = d + 1
		return nil
	})
	switch depth {
	case 2:
		s.lines = append(s.lines, len(s.points))
	case 3:
		s.parts = append(s.parts, len(s.lines))
	}
	return depth, err
}

// position reads the numbers of a position, up to its closing bracket; what follows the first two
// (height, measure) is dropped.
func (s *coordinates) position(c *cursor) error {
	var p orb.Point
	n := 0
	for {
		v, err := ordinate(c)
		if err != nil {
			return err
		}
		if n < 2 {
			p[n] = v
		}
		n++
		if c.peek() != ',' {
			break
		}
		c.i++
		c.peek()
	}
	if n < 2 {
		return shapeError("a position of one number")
	}
	s.points = append(s.points, p)
	return nil
}

func ordinate(c *cursor) (float64, error) {
	v, n := scanFloat(c.b[c.i:])
	if n > 0 {
		c.i += n
		return v, nil
	}
	switch raw, err := c.skip(0); {
	case err != nil:
		return 0, err
	case raw[0] == '"':
		return 0, shapeError("coordinates are text, not numbers: " + clip(string(raw)))
	case raw[0] == 'N' || raw[0] == 'I' || raw[0] == '-' || raw[0] == 'i' || string(raw) == "nan":
		return math.NaN(), nil // refused with its place when the geometry is checked
	default:
		return 0, shapeError("coordinates are not numbers: " + clip(string(raw)))
	}
}

// geometry returns the geometry of a GeoJSON type; nil when it is empty.
func (s *coordinates) geometry(kind string) (orb.Geometry, error) {
	depths := map[string]int{
		"Point": 1, "MultiPoint": 2, "LineString": 2, "MultiLineString": 3, "Polygon": 3, "MultiPolygon": 4,
	}
	want, ok := depths[kind]
	switch {
	case !ok && kind == "":
		return nil, shapeError("a geometry without type")
	case !ok:
		return nil, shapeError(fmt.Sprintf("geometry type %q is not read", clip(kind)))
	case s.depth == 0:
		return nil, nil
	case s.depth != want:
		return nil, shapeError(fmt.Sprintf("the coordinates of a %s are nested %d deep, want %d", kind, s.depth, want))
	}
	flat := append([]orb.Point(nil), s.points...)
	switch kind {
	case "Point":
		return flat[0], nil
	case "MultiPoint":
		return orb.MultiPoint(flat), nil
	case "LineString":
		return orb.LineString(flat), nil
	case "MultiLineString":
		return orb.MultiLineString(pieces[orb.LineString](flat, s.lines)), nil
	case "Polygon":
		return orb.Polygon(pieces[orb.Ring](flat, s.lines)), nil
	}
	rings := pieces[orb.Ring](flat, s.lines)
	var out orb.MultiPolygon
	from := 0
	for _, to := range s.parts {
		out = append(out, orb.Polygon(rings[from:to:to]))
		from = to
	}
	return out, nil
}

// pieces cuts flat at ends.
func pieces[T ~[]orb.Point](flat []orb.Point, ends []int) []T {
	out := make([]T, len(ends))
	from := 0
	for i, to := range ends {
		out[i] = T(flat[from:to:to])
		from = to
	}
	return out
}

// clip shortens what is quoted in a message.
func clip(s string) string {
	n := 0
	for at := range s {
		if n++; n > 60 {
			return printable(s[:at]) + "…"
		}
	}
	return printable(s)
}
