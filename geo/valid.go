package geo

import (
	"cmp"
	"math"
	"slices"
	"sync"

	"github.com/paulmach/orb"
)

// A Fault says why a polygon is not valid, and where (lon, lat in degrees).
type Fault struct {
	Reason string // one of the Fault… texts below
	At     orb.Point
}

// The reasons of a Fault.
const (
	FaultEmpty        = "empty polygon"
	FaultNotFinite    = "coordinate is not a finite number"
	FaultRange        = "coordinate out of range: want longitude -180 to 180, latitude -90 to 90"
	FaultOpen         = "ring not closed"
	FaultShort        = "ring has fewer than four points" // repeated points count once
	FaultSelfCrossing = "ring crosses itself"
	FaultSelfTouch    = "ring touches itself"
	FaultCrossing     = "rings cross"
	FaultSharedEdge   = "rings share an edge"
	FaultHoleOutside  = "hole lies outside its shell"
	FaultNestedHoles  = "hole lies inside another hole"
	FaultNestedShells = "polygon lies inside another polygon"
	FaultDisconnected = "holes cut the polygon's inside in two"
)

// Validate returns nil when mp is valid as OGC Simple Features and PostGIS'
// ST_IsValid say, else the first fault found; the search order depends on the
// input only. Winding does not matter, and repeated points are allowed.
// Unlike PostGIS it faults nothing-at-all, and coordinates out of range. All
// decisions are exact; a crossing's place is rounded.
func Validate(mp orb.MultiPolygon) *Fault {
	if len(mp) == 0 {
		return &Fault{Reason: FaultEmpty}
	}
	c := checks.Get().(*check)
	defer checks.Put(c)
	c.reset()
	for i, polygon := range mp {
		if len(polygon) == 0 || len(polygon[0]) == 0 {
			return &Fault{Reason: FaultEmpty}
		}
		for k, ring := range polygon {
			if f := c.addRing(ring, i, k == 0); f != nil {
				return f
			}
		}
	}
	c.index()
	for _, step := range [...]func() *Fault{c.meetings, c.crossingsAtPoints, c.nesting, c.connectedness} {
		if f := step(); f != nil {
			return f
		}
	}
	return nil
}

// Close closes the rings that are not (as some writers leave them), in a copy;
// it tells whether there was any. The input is returned when there was none.
func Close(mp orb.MultiPolygon) (orb.MultiPolygon, bool) {
	isOpen := func(r orb.Ring) bool { return len(r) > 0 && r[0] != r[len(r)-1] }
	if !slices.ContainsFunc(mp, func(p orb.Polygon) bool { return slices.ContainsFunc(p, isOpen) }) {
		return mp, false
	}
	mp = mp.Clone()
	for _, polygon := range mp {
		for k, ring := range polygon {
			if isOpen(ring) {
				polygon[k] = append(ring, ring[0])
			}
		}
	}
	return mp, true
}

// checkPoints finds points that are not numbers or not on the earth.
func checkPoints(ring orb.Ring) *Fault {
	for _, p := range ring {
		if !finite(p) {
			return &Fault{FaultNotFinite, p}
		}
		if math.Abs(p[0]) > 180 || math.Abs(p[1]) > 90 {
			return &Fault{FaultRange, p}
		}
	}
	return nil
}

// checks keep their memory from one polygon to the next: a file has many.
var checks = sync.Pool{New: func() any { return new(check) }}

// A check is a multipolygon under validation.
type check struct {
	points   []orb.Point // of all rings
	rings    []checkRing
	sides    []side // of all rings, in their order
	sideTree boxTree
	ringTree boxTree
	passes   []pass // places where different rings touch, each once a ring
}

type checkRing struct {
	points  []orb.Point // without repeats, the closing point left out
	polygon int
	shell   bool
	first   int // its first side; side first+i runs from points[i]
}

// A side runs from point i of a ring to the next one.
type side struct {
	a, b    orb.Point
	ring, i int
}

// A pass is a ring's way through a point where it touches another ring.
type pass struct {
	at         orb.Point
	ring       int
	prev, next orb.Point // where it comes from and goes to
}

// reset empties c.
func (c *check) reset() {
	c.points, c.rings, c.sides, c.passes = c.points[:0], c.rings[:0], c.sides[:0], c.passes[:0]
}

func (c *check) addRing(ring orb.Ring, polygon int, shell bool) *Fault {
	if f := checkPoints(ring); f != nil {
		return f
	}
	if len(ring) == 0 {
		return &Fault{Reason: FaultEmpty}
	}
	if ring[0] != ring[len(ring)-1] {
		return &Fault{FaultOpen, ring[0]}
	}
	start := len(c.points)
	for i, p := range ring[:len(ring)-1] {
		if p = plain(p); p != plain(ring[i+1]) {
			c.points = append(c.points, p)
		}
	}
	points := c.points[start:] // stays as it is when c.points grows into other memory
	if len(points) < 3 {
		return &Fault{FaultShort, ring[0]}
	}
	first := len(c.sides)
	for i, p := range points {
		c.sides = append(c.sides, side{a: p, ring: len(c.rings), i: i})
		if i > 0 {
			c.sides[first+i-1].b = p
		}
	}
	c.sides[len(c.sides)-1].b = points[0]
	c.rings = append(c.rings, checkRing{points, polygon, shell, first})
	return nil
}

// point is a ring's i-th point, going round in both directions.
func (r *checkRing) point(i int) orb.Point {
	n := len(r.points)
	return r.points[(i+n)%n]
}

// ends are the ends of side k.
func (c *check) ends(k int) (a, b orb.Point) { return c.sides[k].a, c.sides[k].b }

func (c *check) index() {
	boxes, ringBoxes := c.sideTree.lowest(), c.ringTree.lowest()
	for k := range c.sides {
		s := &c.sides[k]
		box := segmentBox(s.a, s.b)
		boxes = append(boxes, box)
		if s.i == 0 {
			ringBoxes = append(ringBoxes, box)
		}
		ringBoxes[s.ring] = joinBoxes(ringBoxes[s.ring], box)
	}
	c.sideTree.refill(boxes)
	c.ringTree.refill(ringBoxes)
}

// meetings looks at all pairs of sides: one ring's may meet only where they
// follow each other, different rings' only in points, which it notes in passes.
func (c *check) meetings() (fault *Fault) {
	c.sideTree.pairs(func(k, l int) bool {
		if c.sides[k].ring == c.sides[l].ring {
			fault = c.sameRing(k, l)
		} else {
			fault = c.otherRing(k, l)
		}
		return fault == nil
	})
	return fault
}

// sameRing is the fault of sides k < l of one ring, if any.
func (c *check) sameRing(k, l int) *Fault {
	a, b := c.ends(k)
	d, e := c.ends(l)
	n := len(c.rings[c.sides[k].ring].points)
	if l-k == n-1 { // l is before k
		a, b, d, e = d, e, a, b
	}
	if l-k == 1 || l-k == n-1 {
		if before(a, b) != before(b, e) && orient(a, b, e) == 0 {
			return &Fault{FaultSelfTouch, b} // a spike
		}
		return nil
	}
	switch m := meet(a, b, d, e); m.kind {
	case meetCross:
		return &Fault{FaultSelfCrossing, m.at}
	case meetTouch, meetOverlap:
		return &Fault{FaultSelfTouch, m.at}
	}
	return nil
}

// otherRing is the fault of sides k and l of different rings, if any.
func (c *check) otherRing(k, l int) *Fault {
	a, b := c.ends(k)
	d, e := c.ends(l)
	switch m := meet(a, b, d, e); m.kind {
	case meetCross:
		return &Fault{FaultCrossing, m.at}
	case meetOverlap:
		return &Fault{FaultSharedEdge, m.at}
	case meetTouch:
		c.passes = append(c.passes, c.passOf(k, m.at), c.passOf(l, m.at))
	}
	return nil
}

// passOf is the way of side k's ring through a point of side k.
func (c *check) passOf(k int, at orb.Point) pass {
	s := c.sides[k]
	r := &c.rings[s.ring]
	prev, next := c.ends(k)
	switch at {
	case prev:
		prev = r.point(s.i - 1)
	case next:
		next = r.point(s.i + 2)
	}
	return pass{at, s.ring, prev, next}
}

// crossingsAtPoints finds rings that cross in a point where one has a vertex.
func (c *check) crossingsAtPoints() *Fault {
	slices.SortFunc(c.passes, func(p, q pass) int {
		return cmp.Or(comparePoints(p.at, q.at), cmp.Compare(p.ring, q.ring))
	})
	c.passes = slices.Compact(c.passes)
	for i, p := range c.passes {
		for _, q := range c.passes[i+1:] {
			if q.at != p.at {
				break
			}
			if between(p.at, p.next, q.prev, p.prev) != between(p.at, p.next, q.next, p.prev) {
				return &Fault{FaultCrossing, p.at}
			}
		}
	}
	return nil
}

// nesting checks which rings lie in which; here no two rings cross any more.
func (c *check) nesting() *Fault {
	shell := 0
	for i := range c.rings {
		if c.rings[i].shell {
			shell = i
		} else if !c.inside(i, shell) {
			return &Fault{FaultHoleOutside, c.rings[i].points[0]}
		}
		if f := c.nestedIn(i); f != nil {
			return f
		}
	}
	return nil
}

// nestedIn finds a hole around hole i of one polygon, or for a shell i a
// polygon that it lies in.
func (c *check) nestedIn(i int) *Fault {
	r := &c.rings[i]
	around, inHole := -1, -1 // polygons
	var fault *Fault
	p := r.points[0]
	c.ringTree.search(orb.Bound{Min: p, Max: p}, 0, len(c.rings), func(j int) bool {
		o := &c.rings[j]
		if around >= 0 && o.polygon != around && inHole != around {
			return false // the polygon around has no hole around r
		}
		if j == i || r.shell == (o.polygon == r.polygon) || !r.shell && o.shell || !c.inside(i, j) {
			return true
		}
		switch {
		case !r.shell:
			fault = &Fault{FaultNestedHoles, p}
		case o.shell:
			around = o.polygon
		default:
			inHole = o.polygon
		}
		return fault == nil
	})
	if around >= 0 && inHole != around {
		return &Fault{FaultNestedShells, p}
	}
	return fault
}

// inside tells whether ring i lies inside ring j, which it does not cross.
func (c *check) inside(i, j int) bool {
	for _, p := range c.rings[i].points {
		if where := c.locate(p, j); where != 0 {
			return where > 0
		}
	}
	// All its points are on j: the way it leaves one of them decides.
	k, _ := slices.BinarySearchFunc(c.passes, pass{at: c.rings[i].points[0], ring: i}, comparePasses)
	l, _ := slices.BinarySearchFunc(c.passes, pass{at: c.rings[i].points[0], ring: j}, comparePasses)
	leavesLeft := between(c.passes[l].at, c.passes[l].next, c.passes[k].next, c.passes[l].prev)
	return leavesLeft == c.ccw(j)
}

func comparePasses(p, q pass) int {
	return cmp.Or(comparePoints(p.at, q.at), cmp.Compare(p.ring, q.ring))
}

func (c *check) ccw(ring int) bool {
	r := &c.rings[ring]
	least := 0
	for i, p := range r.points {
		if before(p, r.points[least]) {
			least = i
		}
	}
	return orient(r.point(least-1), r.points[least], r.point(least+1)) > 0
}

// locate is 1 for a point inside a ring, 0 on it, -1 outside.
func (c *check) locate(p orb.Point, ring int) int {
	r := &c.rings[ring]
	where := -1
	row := orb.Bound{Min: orb.Point{-1e9, p[1]}, Max: p}
	c.sideTree.search(row, r.first, r.first+len(r.points), func(k int) bool {
		a, b := c.ends(k)
		if b[1] < a[1] {
			a, b = b, a
		}
		switch side := orient(a, b, p); {
		case side == 0 && inBox(p, a, b):
			where = 0
			return false
		case side < 0 && a[1] <= p[1] && p[1] < b[1]: // half-open, so a vertex counts once
			where = -where
		}
		return true
	})
	return where
}

// connectedness finds rings of one polygon that touch in a closed chain and
// so cut its inside in two.
func (c *check) connectedness() *Fault {
	if len(c.passes) == 0 {
		return nil
	}
	chain := newSets(len(c.rings))
	for i, p := range c.passes {
		if i == 0 {
			continue
		}
		// Passes at one point are sorted by ring, and so by polygon.
		q := c.passes[i-1]
		samePolygon := c.rings[q.ring].polygon == c.rings[p.ring].polygon
		if q.at == p.at && samePolygon && !chain.join(q.ring, p.ring) {
			return &Fault{FaultDisconnected, p.at}
		}
	}
	return nil
}
