package geo

import (
	"slices"

	"github.com/paulmach/orb"
)

// Locate is the one face that owns p (longitude, latitude in degrees): the face that holds
// p + (ε, ε²) for every small enough ε. So western and southern borders own their points,
// eastern and northern ones do not, and of the faces around a shared vertex exactly one does.
// A point on the outer outline (or the rim of a gap) that no face owns by this rule belongs to
// the lowest face it touches. Where faces overlap the lowest wins. The arithmetic is exact and
// the same for both faces beside an edge. ok is false outside all faces, and for a point that
// is not a finite number.
func (c *Coverage) Locate(p orb.Point) (face int, ok bool) {
	if !finite(p) {
		return 0, false
	}
	var owners faceSet
	c.tree.Search(p, p, func(_, _ [2]float64, i int32) bool {
		if part := &c.parts[i]; c.holds(part, p) {
			owners.flip(part.face)
		}
		return true
	})
	if face, ok := owners.lowest(); ok {
		return face, true
	}
	return c.touching(p)
}

// holds says whether the part holds p + (ε, ε²): whether an odd number of its edges passes p
// on the left or through p. An edge counts from its lower end up to, but not with, its upper
// end, so a level edge never does. p must be inside the part's box.
func (c *Coverage) holds(part *part, p orb.Point) bool {
	odd := false
	for _, i := range c.near(part, p[1]) {
		if c.edges[i].passes(p) {
			odd = !odd
		}
	}
	return odd
}

// passes reports whether e passes p on the left, or through it, half-open at its upper end.
func (e *edge) passes(p orb.Point) bool {
	if !(e.lo[1] <= p[1] && p[1] < e.hi[1]) {
		return false
	}
	if p[0] < e.lo[0] && p[0] < e.hi[0] {
		return false
	}
	if p[0] >= e.lo[0] && p[0] >= e.hi[0] {
		return true
	}
	return orient(e.lo, e.hi, p) <= 0
}

// touching is the lowest face with p exactly on its boundary.
func (c *Coverage) touching(p orb.Point) (face int, ok bool) {
	c.tree.Search(p, p, func(_, _ [2]float64, i int32) bool {
		part := &c.parts[i]
		if (!ok || int(part.face) < face) && c.onBoundary(part, p) {
			face, ok = int(part.face), true
		}
		return true
	})
	return face, ok
}

// onBoundary reports whether p lies exactly on an edge of the part. p must be inside its box.
func (c *Coverage) onBoundary(part *part, p orb.Point) bool {
	return slices.ContainsFunc(c.near(part, p[1]), func(i int32) bool {
		return onSegment(c.edges[i].lo, c.edges[i].hi, p)
	})
}

// A faceSet is a small set of faces; it takes memory from the heap only beyond eight.
type faceSet struct {
	few  [8]int32
	n    int
	more []int32
}

// flip puts the face in, or takes it out if it is in: two parts of one face that both hold a
// point cancel, as the even–odd rule over all its rings says.
func (s *faceSet) flip(face int32) {
	if i := slices.Index(s.few[:s.n], face); i >= 0 {
		s.n--
		s.few[i] = s.few[s.n]
		return
	}
	if i := slices.Index(s.more, face); i >= 0 {
		s.more = slices.Delete(s.more, i, i+1)
		return
	}
	if s.n == len(s.few) {
		s.more = append(s.more, face)
		return
	}
	s.few[s.n] = face
	s.n++
}

func (s *faceSet) lowest() (face int, ok bool) {
	for _, f := range s.few[:s.n] {
		if !ok || int(f) < face {
			face, ok = int(f), true
		}
	}
	for _, f := range s.more {
		if !ok || int(f) < face {
			face, ok = int(f), true
		}
	}
	return face, ok
}
