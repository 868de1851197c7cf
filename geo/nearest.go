package geo

import (
	"cmp"
	"math"
	"slices"

	"github.com/paulmach/orb"
)

// A Near is a face of a [Coverage], or a point of [Points], by its number, and how far it is.
type Near struct {
	Face   int
	Metres float64 // geodesic, rounded to 10 nm
}

// firstLook is the radius in metres within which a nearest face is looked for first; each
// further look reaches twice as far, up to round the earth.
const (
	firstLook   = 100.0
	everywhereM = 2.1e7
)

// Nearest appends to dst the k faces whose boundaries are nearest to p (degrees) and lie within
// maxM metres, by distance, ties (to the nearest 10 nm) by face. The face that [Coverage.Locate]
// gives the point comes first, 0 m away. A caller who reuses dst allocates nothing.
//
// The nearest point of a boundary is picked on great circles of a sphere and the way to it
// measured on the ellipsoid, as PostGIS' ST_Distance(geography) does, so the two agree; the
// pick may make a way up to 0.3 % longer than the shortest.
func (c *Coverage) Nearest(p orb.Point, k int, maxM float64, dst []Near) []Near {
	if !finite(p) || !(maxM >= 0) || k <= 0 {
		return dst
	}
	owner, owned := c.Locate(p)
	if owned {
		dst = append(dst, Near{Face: owner})
		k--
	} else {
		owner = none
	}
	if k == 0 {
		return dst
	}
	s := borrow()
	defer s.giveBack()
	maxM = min(maxM, everywhereM)
	for radius := min(firstLook, maxM); ; radius = min(2*radius, maxM) {
		if c.lookAround(s, look{p, radius, k, owner}); len(s.near) >= k || radius == maxM {
			return append(dst, s.near[:min(k, len(s.near))]...)
		}
	}
}

// A look is for the k faces nearest to a point within a radius in metres, the owner left out.
type look struct {
	from   orb.Point
	radius float64
	k      int
	owner  int
}

// A candidate is a part, with a chord of the unit sphere that no point of it is nearer than.
type candidate struct {
	least         float64
	face, polygon int32
}

// A faceGap is the way to one part of a face.
type faceGap struct {
	face int32
	gap
}

// lookAround leaves in s.near what the look finds, the nearest first; there may be more than k.
func (c *Coverage) lookAround(s *scratch, l look) {
	c.candidates(s, l)
	c.approach(s, l)
	slices.SortFunc(s.gaps, func(a, b faceGap) int {
		return cmp.Or(cmp.Compare(a.face, b.face), cmp.Compare(a.chord, b.chord))
	})
	s.near = s.near[:0]
	for i := range s.gaps {
		if i > 0 && s.gaps[i].face == s.gaps[i-1].face {
			continue
		}
		if m, ok := s.gaps[i].metres(l.radius); ok {
			s.near = append(s.near, Near{int(s.gaps[i].face), m})
		}
	}
	nearestFirst(s.near)
}

// candidates leaves in s.candidates the parts whose box comes near, the nearest box first.
func (c *Coverage) candidates(s *scratch, l look) {
	s.candidates = s.candidates[:0]
	box := grown(l.from.Bound(), l.radius, c.bulge())
	for turn := -360.0; turn <= 360; turn += 360 { // the same box seen across the antimeridian
		from := orb.Point{l.from[0] + turn, l.from[1]}
		c.eachPart(turned(box, turn), func(face, polygon int32, part orb.Bound) bool {
			if int(face) != l.owner {
				s.candidates = append(s.candidates, candidate{leastChord(from, part, c.bulge()), face, polygon})
			}
			return true
		})
	}
	slices.SortFunc(s.candidates, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.least, b.least), cmp.Compare(a.face, b.face), cmp.Compare(a.polygon, b.polygon))
	})
}

// approach measures the candidates, until those that are left are farther than k faces are.
func (c *Coverage) approach(s *scratch, l look) {
	s.gaps, s.seen = s.gaps[:0], s.seen.sized(c.Len())
	point, box := unitVector(l.from), grown(l.from.Bound(), l.radius, c.bulge())
	limit, worst, faces := longestChord(l.radius), 0.0, 0
	for _, part := range s.candidates {
		if part.least > limit {
			break
		}
		best := gap{chord: limit}
		if best.toRim(point, c.Cell(int(part.face))[part.polygon], box); !best.found {
			continue
		}
		s.gaps = append(s.gaps, faceGap{part.face, best})
		if s.seen.has(part.face) {
			continue
		}
		s.seen.put(part.face)
		worst = max(worst, best.chord)
		if faces++; faces == l.k {
			limit = min(limit, worst*chordSlack)
		}
	}
	for _, g := range s.gaps {
		s.seen[g.face/64] = 0
	}
}

// chordSlack covers that of two chords the greater may be the shorter way: ways along and across
// a meridian differ by 0.7 % at most.
const chordSlack = 1.01

// leastChord is a chord that no point of the box, nor of arcs that leave it by bulge degrees, is
// nearer to p than. The box must be beside p, not across the antimeridian.
func leastChord(p orb.Point, box orb.Bound, bulge float64) float64 {
	north := max(0, box.Min[1]-bulge-p[1], p[1]-box.Max[1]-bulge) * degree
	east := min(90, max(0, box.Min[0]-p[0], p[0]-box.Max[0])) * degree
	angle := max(north, math.Asin(math.Cos(p[1]*degree)*math.Sin(east)))
	return 2*math.Sin(angle/2) - 1e-12
}

// toRim shortens g by the ways from a place to the polygon's edges whose boxes meet the given one.
func (g *gap) toRim(place vector, polygon orb.Polygon, box orb.Bound) {
	for _, ring := range polygon {
		for i, b := range ring {
			a := ring[(i+len(ring)-1)%len(ring)]
			if a == b || !meetsRoundTheEarth(segmentBox(a, b), box) {
				continue
			}
			edge := arcBetween(unitVector(a), unitVector(b))
			if at, chord := edge.nearest(place); chord < g.chord || chord == g.chord && !g.found {
				g.one, g.other, g.chord, g.found = place, at, chord, true
			}
		}
	}
}

// nearestFirst sorts by distance and face.
func nearestFirst(near []Near) {
	slices.SortFunc(near, func(a, b Near) int { return cmp.Or(cmp.Compare(a.Metres, b.Metres), cmp.Compare(a.Face, b.Face)) })
}

// widestBulge is how far a great circle between the ends of some edge leaves its box, in degrees.
func (c *Coverage) widestBulge() float64 {
	widest := 0.0
	for _, cell := range c.cells.all() {
		for _, polygon := range cell {
			for _, ring := range polygon {
				for i, b := range ring {
					widest = max(widest, math.Abs(b[0]-ring[(i+len(ring)-1)%len(ring)][0]))
				}
			}
		}
	}
	return bulgeOf(widest)
}
