package geo

import (
	"cmp"
	"slices"

	"github.com/paulmach/orb"
	"github.com/peterstace/simplefeatures/geom"
)

// An Overlap is ground that two faces claim.
type Overlap struct {
	A, B   int              // the faces, A < B
	AreaM2 float64          // square metres, geodesic
	WidthM float64          // metres: twice the area over the rim, the width of a long strip
	At     orb.Point        // a point in it, in degrees
	Shape  orb.MultiPolygon // degrees
}

// leastOverlapM2 is the area under which an overlap counts as dust of rounded coordinates.
const leastOverlapM2 = 1.0

// Overlaps lists the pairs of faces that share at least one square metre of ground, by A, then
// B. Pairs of polygons whose boundaries only touch are told by their edges; the others go
// through an exact overlay. Shapes must be valid ([Validate]): a pair no overlay exists for,
// even after [Repair], is left out.
func (c *Coverage) Overlaps() []Overlap { return c.borders().Overlaps() }

// Overlaps is as that of [Coverage].
func (b *Borders) Overlaps() []Overlap {
	doubtful := b.doubtful()
	if doubtful == nil {
		return nil
	}
	return b.outlines(doubtful).overlaps()
}

// nearGround is how far, in degrees, noding may have moved a crossing: far more than it does.
const nearGround = 1e-7

// doubtful tells which parts may overlap another: those that come near ground over which there is not just one face.
// Ground that none covers is as doubtful as what several cover, because a shape that is not valid may wind around a
// piece of itself the wrong way and so cancel another. It is nil when there is no such ground.
func (b *Borders) doubtful() func(*outline) bool {
	g, err := b.loose()
	if err != nil {
		return func(*outline) bool { return true }
	}
	var boxes []orb.Bound
	for f, rim := range g.rims() {
		if f == 0 || g.depth[f] == 1 || len(rim) == 0 {
			continue
		}
		box := orb.MultiPoint{g.points[g.origin[rim[0]]]}.Bound()
		for _, h := range rim {
			box = box.Extend(g.points[g.origin[h]])
		}
		boxes = append(boxes, box.Pad(nearGround))
	}
	if boxes == nil {
		return nil
	}
	tree := newBoxTree(boxes)
	return func(p *outline) bool {
		return !tree.search(p.bound, 0, len(boxes), func(int) bool { return false })
	}
}

func (c *outlines) overlaps() []Overlap {
	var found []Overlap
	for _, pair := range c.suspects() {
		a, b := &c.parts[pair[0]], &c.parts[pair[1]]
		shape := intersection(c.cells[a.face][a.polygon], c.cells[b.face][b.polygon])
		if area := Area(shape); area > 0 {
			found = append(found, Overlap{A: int(a.face), B: int(b.face), AreaM2: area, Shape: shape})
		}
	}
	slices.SortStableFunc(found, func(x, y Overlap) int {
		return cmp.Or(cmp.Compare(x.A, y.A), cmp.Compare(x.B, y.B), -cmp.Compare(x.AreaM2, y.AreaM2))
	})
	found = slices.DeleteFunc(joinParts(found), func(o Overlap) bool { return o.AreaM2 < leastOverlapM2 })
	for i := range found {
		found[i].WidthM, found[i].At = Width(found[i].Shape), InteriorPoint(found[i].Shape)
	}
	return found
}

// joinParts makes one overlap of those of one pair of faces, the largest first.
func joinParts(found []Overlap) (joined []Overlap) {
	for _, o := range found {
		if n := len(joined); n > 0 && joined[n-1].A == o.A && joined[n-1].B == o.B {
			joined[n-1].AreaM2 += o.AreaM2
			joined[n-1].Shape = append(joined[n-1].Shape, o.Shape...)
			continue
		}
		joined = append(joined, o)
	}
	return joined
}

// suspects are the pairs of parts of different faces, lower face first, whose boundaries do not
// merely touch.
func (c *outlines) suspects() (pairs [][2]int32) {
	clashes := c.clashes()
	for i := range c.parts {
		a := &c.parts[i]
		c.tree.Search(a.bound.Min, a.bound.Max, func(_, _ [2]float64, j int32) bool {
			b := &c.parts[j]
			if a.face < b.face && boxesShareArea(a.bound, b.bound) &&
				(clashes[[2]int32{a.face, b.face}] || c.entangled(a, b) || c.entangled(b, a)) {
				pairs = append(pairs, [2]int32{int32(i), j})
			}
			return true
		})
	}
	slices.SortFunc(pairs, func(x, y [2]int32) int { return slices.Compare(x[:], y[:]) })
	return pairs
}

// clashes are the pairs of faces that lie on the same side of an edge.
func (c *outlines) clashes() map[[2]int32]bool {
	pairs := make(map[[2]int32]bool)
	beside := make(map[claimed][]int32) // by edge and side, face 0
	for _, u := range c.extra {
		side := claimed{edge: u.edge, left: u.left}
		if beside[side] == nil {
			first := c.edges[u.edge].right
			if u.left {
				first = c.edges[u.edge].left
			}
			beside[side] = []int32{first}
		}
		for _, other := range beside[side] {
			pairs[[2]int32{min(u.face, other), max(u.face, other)}] = true
		}
		beside[side] = append(beside[side], u.face)
	}
	return pairs
}

func boxesShareArea(a, b orb.Bound) bool {
	return a.Min[0] < b.Max[0] && b.Min[0] < a.Max[0] && a.Min[1] < b.Max[1] && b.Min[1] < a.Max[1]
}

// entangled reports whether a's boundary enters b, or lies wholly on b's without an edge that
// both share from opposite sides. When neither part's boundary enters the other, the parts at
// most touch.
func (c *outlines) entangled(a, b *outline) bool {
	beside, outside := false, false
	for _, i := range c.uses[a.first:a.last] {
		e := &c.edges[i]
		if e.left == b.face || e.right == b.face {
			beside = true
			continue
		}
		switch c.stance(e, b) {
		case inward:
			return true
		case outward:
			outside = true
		}
	}
	return !beside && !outside
}

// The stances of an edge towards a part.
const (
	along   = iota // on its boundary
	outward        // outside, touching or not
	inward         // some of it inside
)

// stance says how e lies towards the part b: it enters where it crosses an edge, or else where
// the middle of a stretch between two touches is inside.
func (c *outlines) stance(e *edge, b *outline) int {
	if !e.bound().Intersects(b.bound) {
		return outward
	}
	stops := []orb.Point{e.lo, e.hi}
	for band := b.bandOf(e.lo[1]); band <= b.bandOf(e.hi[1]); band++ {
		for _, j := range c.bandEdges[c.bandStart[b.band+band]:c.bandStart[b.band+band+1]] {
			other := &c.edges[j]
			if !other.bound().Intersects(e.bound()) {
				continue
			}
			if properlyCross(e.lo, e.hi, other.lo, other.hi) {
				return inward
			}
			stops = appendIfInside(stops, e, other.lo)
			stops = appendIfInside(stops, e, other.hi)
		}
	}
	return c.stretches(stops, b)
}

// appendIfInside appends p if it lies on e between its ends.
func appendIfInside(stops []orb.Point, e *edge, p orb.Point) []orb.Point {
	if p != e.lo && p != e.hi && onSegment(e.lo, e.hi, p) {
		return append(stops, p)
	}
	return stops
}

// stretches is the stance of the stretches between the stops, which lie on one edge.
func (c *outlines) stretches(stops []orb.Point, b *outline) int {
	slices.SortFunc(stops, func(p, q orb.Point) int { return cmp.Or(cmp.Compare(p[1], q[1]), cmp.Compare(p[0], q[0])) })
	stance := along
	for i := 1; i < len(stops); i++ {
		p, q := stops[i-1], stops[i]
		middle := orb.Point{p[0] + (q[0]-p[0])/2, p[1] + (q[1]-p[1])/2}
		switch {
		case !b.bound.Contains(middle):
			stance = outward
		case c.onBoundary(b, middle):
		case c.holds(b, middle):
			return inward
		default:
			stance = outward
		}
	}
	return stance
}

// intersection is what is common to two polygons.
func intersection(a, b orb.Polygon) orb.MultiPolygon {
	common, err := geom.Intersection(toSimple(orb.MultiPolygon{a}), toSimple(orb.MultiPolygon{b}))
	if err != nil {
		common, err = intersectRepaired(a, b)
	}
	if err != nil {
		return nil
	}
	return fromSimple(common)
}

func intersectRepaired(a, b orb.Polygon) (common geom.Geometry, err error) {
	whole := make([]geom.Geometry, 2)
	for i, polygon := range []orb.Polygon{a, b} {
		repaired, err := Repair(orb.MultiPolygon{polygon})
		if err != nil {
			return common, err
		}
		whole[i] = toSimple(repaired)
	}
	return geom.Intersection(whole[0], whole[1])
}

// toSimple is the shape for simplefeatures; rings with fewer than three sides are left out.
func toSimple(mp orb.MultiPolygon) geom.Geometry {
	polygons := make([]geom.Polygon, 0, len(mp))
	for _, polygon := range mp {
		var rings []geom.LineString
		for _, ring := range polygon {
			var flat []float64
			for a := range segments(ring) {
				flat = append(flat, a[0], a[1])
			}
			if len(flat) < 6 {
				continue
			}
			flat = append(flat, flat[0], flat[1])
			rings = append(rings, geom.NewLineString(geom.NewSequence(flat, geom.DimXY)))
		}
		polygons = append(polygons, geom.NewPolygon(rings))
	}
	return geom.NewMultiPolygon(polygons).AsGeometry()
}

// fromSimple is the polygons in g.
func fromSimple(g geom.Geometry) (mp orb.MultiPolygon) {
	for _, member := range g.Dump() {
		if p, ok := member.AsPolygon(); ok {
			var polygon orb.Polygon
			for _, line := range p.DumpRings() {
				polygon = append(polygon, fromSequence(line.Coordinates()))
			}
			mp = append(mp, polygon)
		}
	}
	return mp
}

func fromSequence(s geom.Sequence) orb.Ring {
	ring := make(orb.Ring, s.Length())
	for i := range ring {
		xy := s.GetXY(i)
		ring[i] = orb.Point{xy.X, xy.Y}
	}
	return ring
}
