package importers

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/paulmach/orb"
)

// What is held of a topology, and what one geometry may be of: an arc may be named many times.
const (
	maxArcPositions = 4_000_000 // of all arcs: 64 MB
	maxArcs         = 1_000_000 // 24 MB
	arcBlock        = 1 << 16   // positions that memory is made for at a time: a slice that grew would be held twice
	maxPositions    = 4_000_000 // of a geometry put together from arcs: 64 MB
)

// A topoTransform turns quantised positions into coordinates; the zero one leaves them.
type topoTransform struct {
	set              bool
	scale, translate orb.Point
}

// read reads the member "transform".
func (t *topoTransform) read(c *cursor) error {
	*t = topoTransform{}
	if c.peek() != '{' {
		_, err := c.skip(0) // null
		return err
	}
	t.set = true
	return c.members(func(name []byte) error {
		switch string(name) {
		case "scale":
			return twoNumbers(c, &t.scale)
		case "translate":
			return twoNumbers(c, &t.translate)
		}
		_, err := c.skip(0)
		return err
	})
}

// twoNumbers reads a position alone.
func twoNumbers(c *cursor, out *orb.Point) error {
	var s coordinates
	if c.peek() != '[' {
		return shapeError("want an array of two numbers")
	}
	if err := s.read(c); err != nil {
		return err
	}
	if s.depth != 1 {
		return shapeError("want an array of two numbers")
	}
	*out = s.points[0]
	return nil
}

// apply returns the coordinates of a position that is not a difference. The product is rounded
// before the sum, as JavaScript does it, on every machine.
func (t *topoTransform) apply(p orb.Point) orb.Point {
	if !t.set {
		return p
	}
	return orb.Point{float64(p[0]*t.scale[0]) + t.translate[0], float64(p[1]*t.scale[1]) + t.translate[1]}
}

// An arcs holds the arcs of a topology as they stand in the file: the transform may come after them.
type arcs struct {
	transform topoTransform
	all       [][]orb.Point
	block     []orb.Point // what is left of the last block
	positions int         // in all
	coords    coordinates
}

func (a *arcs) len() int { return len(a.all) }

// add reads one more arc: an array of positions.
func (a *arcs) add(c *cursor) error {
	if c.peek() != '[' {
		return shapeError("not an array of positions")
	}
	if err := a.coords.read(c); err != nil {
		return err
	}
	switch {
	case a.coords.depth != 2 && a.coords.depth != 0:
		return shapeError("not an array of positions")
	case a.positions+len(a.coords.points) > maxArcPositions || len(a.all) == maxArcs:
		return fmt.Errorf("the topology has more than %d arcs or %d positions in them, which are held in memory; cut it, or convert it to GeoJSON", maxArcs, maxArcPositions)
	}
	a.all = append(a.all, a.room(len(a.coords.points)))
	a.positions += copy(a.all[len(a.all)-1], a.coords.points)
	return nil
}

// room returns memory for n positions: a part of a block, or its own when that would leave much of a block unused.
func (a *arcs) room(n int) []orb.Point {
	if n > arcBlock/8 {
		return make([]orb.Point, n)
	}
	if n > len(a.block) {
		a.block = make([]orb.Point, arcBlock)
	}
	out := a.block[:n:n]
	a.block = a.block[n:]
	return out
}

// appendArc appends the positions of arc i to line; i < 0 is arc ^i backwards. Arcs that follow one
// another share a position.
func (a *arcs) appendArc(line []orb.Point, i int) ([]orb.Point, error) {
	n := max(i, ^i)
	if n >= len(a.all) {
		return nil, shapeError(fmt.Sprintf("arc %d of a topology of %d arcs", i, len(a.all)))
	}
	arc := a.all[n]
	if len(line)+len(arc) > maxPositions {
		return nil, shapeError(fmt.Sprintf("more than %d positions", maxPositions))
	}
	if len(line) > 0 {
		line = line[:len(line)-1]
	}
	start := len(line)
	var sum orb.Point
	for _, p := range arc {
		if a.transform.set {
			sum = orb.Point{sum[0] + p[0], sum[1] + p[1]}
			p = sum
		}
		line = append(line, a.transform.apply(p))
	}
	if i < 0 {
		orb.LineString(line[start:]).Reverse()
	}
	return line, nil
}

// line puts a list of arcs together and fills it up to at least so many positions with the first, as
// topojson-client does.
func (a *arcs) line(c *cursor, least int) (line []orb.Point, err error) {
	err = each(c, func() error {
		raw, err := c.skip(0)
		if err != nil {
			return err
		}
		i, err := strconv.Atoi(string(raw))
		if err != nil {
			return shapeError("want the number of an arc, got " + clip(string(raw)))
		}
		line, err = a.appendArc(line, i)
		return err
	})
	for err == nil && len(line) > 0 && len(line) < least {
		line = append(line, line[0])
	}
	return line, err
}

// each calls f for each element of an array.
func each(c *cursor, f func() error) error {
	if c.peek() != '[' {
		return shapeError("the arcs are not nested as the type wants")
	}
	return c.list('[', ']', f)
}

// lines puts lists of arcs together; those without positions are left out.
func lines[T ~[]orb.Point](a *arcs, c *cursor, least int) (out []T, err error) {
	total := 0
	err = each(c, func() error {
		l, err := a.line(c, least)
		if total += len(l); total > maxPositions {
			return shapeError(fmt.Sprintf("more than %d positions", maxPositions))
		}
		if len(l) > 0 {
			out = append(out, T(l))
		}
		return err
	})
	return out, err
}

// shape returns the geometry of a TopoJSON type; nil when it is empty. refs is its member "arcs",
// place its "coordinates".
func (a *arcs) shape(kind string, refs, place []byte) (orb.Geometry, error) {
	c := &cursor{b: refs}
	switch kind {
	case "":
		return nil, nil
	case "Point", "MultiPoint":
		return a.placed(kind, &cursor{b: place})
	case "LineString":
		l, err := a.line(c, 2)
		if len(l) == 0 {
			return nil, err
		}
		return orb.LineString(l), err
	case "MultiLineString":
		l, err := lines[orb.LineString](a, c, 2)
		return orb.MultiLineString(l), err
	case "Polygon":
		rings, err := lines[orb.Ring](a, c, 4)
		if len(rings) == 0 {
			return nil, err
		}
		return orb.Polygon(rings), err
	case "MultiPolygon":
		return a.polygons(c)
	}
	return nil, shapeError(fmt.Sprintf("geometry type %q is not read", clip(kind)))
}

func (a *arcs) polygons(c *cursor) (orb.Geometry, error) {
	var out orb.MultiPolygon
	total := 0
	err := each(c, func() error {
		rings, err := lines[orb.Ring](a, c, 4)
		for _, r := range rings {
			total += len(r)
		}
		if total > maxPositions {
			return shapeError(fmt.Sprintf("more than %d positions", maxPositions))
		}
		if len(rings) > 0 {
			out = append(out, rings)
		}
		return err
	})
	if len(out) == 0 {
		return nil, err
	}
	return out, err
}

// placed reads positions that are no arcs.
func (a *arcs) placed(kind string, c *cursor) (orb.Geometry, error) {
	if c.peek() != '[' {
		return nil, nil
	}
	if err := a.coords.read(c); err != nil {
		return nil, err
	}
	for i, p := range a.coords.points {
		a.coords.points[i] = a.transform.apply(p)
	}
	return a.coords.geometry(kind)
}

// topo reads a geometry of a topology with its id and properties.
func (p *featureParser) topo(raw []byte, a *arcs) (row, error) {
	p.begin(raw)
	if p.cur.peek() != '{' {
		_, err := p.cur.skip(0)
		p.row.fault = &fault{reason: "not a geometry but " + clip(string(raw))}
		return p.row, err
	}
	var kind string
	var refs, place []byte
	count := 0
	err := p.cur.members(func(name []byte) (err error) {
		switch string(name) {
		case "type":
			return p.word(&kind)
		case "id":
			return p.word(&p.row.id)
		case "properties":
			return p.properties(&count)
		case "arcs":
			refs, err = p.cur.skip(0)
		case "coordinates":
			place, err = p.cur.skip(0)
		default:
			_, err = p.cur.skip(0)
		}
		return err
	})
	if err != nil {
		return p.row, err
	}
	p.end(count)
	var bad shapeError
	if p.row.geometry, err = a.shape(kind, refs, place); errors.As(err, &bad) {
		p.row.geometry, p.row.fault, err = nil, &fault{field: geometryTarget, reason: string(bad)}, nil
	}
	return p.row, err
}
