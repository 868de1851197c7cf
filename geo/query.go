package geo

import (
	"slices"
	"sync"

	"github.com/paulmach/orb"
)

// eachPart calls f for the polygons of faces whose box meets b, with that box, until it returns
// false. It is all that shape queries know of how a coverage is indexed.
func (c *Coverage) eachPart(b orb.Bound, f func(face, polygon int32, box orb.Bound) bool) {
	c.tree.Search(b.Min, b.Max, func(low, high [2]float64, p part) bool {
		return f(p.face, p.polygon, orb.Bound{Min: low, Max: high})
	})
}

// scratch is the memory of one query.
type scratch struct {
	shape Shape
	path  Path
	near  []Near
	parts []uint64 // face and polygon
	seen  marks

	candidates []candidate
	gaps       []faceGap
}

// spare keeps scratch from one query for another: memory only, no answer depends on it.
var spare = sync.Pool{New: func() any { return new(scratch) }}

func borrow() *scratch { return spare.Get().(*scratch) }

func (s *scratch) giveBack() { spare.Put(s) }

// marks is a set of faces. It is emptied by taking out what was put in.
type marks []uint64

// sized is an empty set with room for n faces.
func (b marks) sized(n int) marks {
	if words := (n + 63) / 64; len(b) < words {
		return make(marks, words)
	}
	return b
}

func (b marks) has(face int32) bool { return b[face/64]>>(face%64)&1 != 0 }
func (b marks) put(face int32)      { b[face/64] |= 1 << (face % 64) }

// drain sorts the faces and takes them out of the set.
func (b marks) drain(faces []int) {
	for _, face := range faces {
		b[face/64] = 0
	}
	slices.Sort(faces)
}

// Search appends to dst the faces that have a polygon whose box meets b (touching counts), rising.
// b is in degrees. A caller who reuses dst allocates nothing.
func (c *Coverage) Search(b orb.Bound, dst []int) []int {
	old := len(dst)
	c.eachPart(b, func(face, _ int32, _ orb.Bound) bool {
		dst = append(dst, int(face))
		return true
	})
	slices.Sort(dst[old:])
	return dst[:old+len(slices.Compact(dst[old:]))]
}

// Intersects appends to dst the faces that share at least a point with the shape (degrees, edges
// straight in longitude and latitude, rims included), rising: those for which PostGIS'
// ST_Intersects holds. The shape must be valid ([Validate]). Decisions are exact. A caller who
// reuses dst allocates nothing.
func (c *Coverage) Intersects(shape orb.MultiPolygon, dst []int) []int {
	s := borrow()
	defer s.giveBack()
	s.shape.fill(shape)
	s.seen = s.seen.sized(c.Len())
	old := len(dst)
	for i := range s.shape.polygons {
		one := &s.shape.polygons[i]
		c.eachPart(one.bound, func(face, polygon int32, box orb.Bound) bool {
			if !s.seen.has(face) && s.shape.meetsPolygon(one, c.Cell(int(face))[polygon], box) {
				s.seen.put(face)
				dst = append(dst, int(face))
			}
			return true
		})
	}
	s.seen.drain(dst[old:])
	return dst
}

// Along appends to dst the faces within so many geodesic metres of the line (degrees), rising;
// with 0 those that it touches or crosses, edges being straight in longitude and latitude. Ways
// are measured as [Coverage.Nearest] does, so the answer is that of PostGIS' ST_DWithin on
// geography. A caller who reuses dst allocates nothing.
func (c *Coverage) Along(line orb.MultiLineString, metres float64, dst []int) []int {
	s := borrow()
	defer s.giveBack()
	c.along(s, line, metres)
	for _, n := range s.near {
		dst = append(dst, n.Face)
	}
	return dst
}

// Within is [Coverage.Along] that also tells how far each face is.
func (c *Coverage) Within(line orb.MultiLineString, metres float64, dst []Near) []Near {
	s := borrow()
	defer s.giveBack()
	c.along(s, line, metres)
	return append(dst, s.near...)
}

// along leaves the faces within so many metres of the line in s.near, rising. The way to a face is
// picked among those to all its polygons.
func (c *Coverage) along(s *scratch, line orb.MultiLineString, metres float64) {
	s.near = s.near[:0]
	if !(metres >= 0) {
		return
	}
	metres = min(metres, everywhereM)
	s.path.fill(line)
	c.partsNear(s, metres)
	for rest := s.parts; len(rest) > 0; {
		face := rest[0] >> 32
		best := widestGap(metres)
		for len(rest) > 0 && rest[0]>>32 == face {
			s.path.toPolygon(c.Cell(int(face))[uint32(rest[0])], vicinity{metres, c.bulge()}, &best)
			rest = rest[1:]
		}
		if m, ok := best.metres(metres); ok {
			s.near = append(s.near, Near{int(face), m})
		}
	}
}

// partsNear leaves in s.parts the parts whose box comes near the path, rising.
func (c *Coverage) partsNear(s *scratch, metres float64) {
	s.parts = s.parts[:0]
	boxes := s.path.tree.levels[0]
	for first := 0; first < len(boxes); first += fan {
		box := boxes[first]
		for _, more := range boxes[first:min(first+fan, len(boxes))] {
			box = joinBoxes(box, more)
		}
		box = grown(box, metres, c.bulge()+s.path.bulge)
		for turn := -360.0; turn <= 360; turn += 360 { // the same box seen across the antimeridian
			c.eachPart(turned(box, turn), func(face, polygon int32, _ orb.Bound) bool {
				s.parts = append(s.parts, uint64(face)<<32|uint64(polygon))
				return true
			})
		}
	}
	slices.Sort(s.parts)
	s.parts = slices.Compact(s.parts)
}
