package geo

import (
	"math"

	"github.com/paulmach/orb"
)

// A Path is lines (degrees) made ready to be asked how far things are. Its edges are arcs of
// great circles where distances are concerned, and straight in longitude and latitude where the
// question is whether they touch. It does not change and may be used by many goroutines at once.
//
// The nearest two points are picked on a sphere and the way between them measured on the
// ellipsoid, as PostGIS' ST_Distance(geography) does; see [Coverage.Nearest].
type Path struct {
	sides  []pathSide
	tree   boxTree
	starts []orb.Point // the first of each line
	bound  orb.Bound
	bulge  float64 // how far, in degrees of latitude, an arc may leave its side's box
}

type pathSide struct {
	piece
	arc
}

// NewPath indexes the lines. A line of one point, or whose points are all the same, is a point.
func NewPath(lines orb.MultiLineString) *Path {
	p := new(Path)
	p.fill(lines)
	return p
}

// fill makes p the path of the lines, in the memory it has.
func (p *Path) fill(lines orb.MultiLineString) {
	p.sides, p.starts, p.bound = p.sides[:0], p.starts[:0], orb.MultiPoint{}.Bound()
	boxes, widest := p.tree.lowest(), 0.0
	for _, line := range lines {
		for i, b := range line {
			a := line[max(0, i-1)]
			if i == 0 {
				p.starts = append(p.starts, b)
			}
			if i == 0 && len(line) > 1 {
				continue
			}
			p.sides = append(p.sides, pathSide{piece{a, b}, arcBetween(unitVector(a), unitVector(b))})
			boxes = append(boxes, segmentBox(a, b))
			p.bound = p.bound.Union(segmentBox(a, b))
			widest = max(widest, math.Abs(b[0]-a[0]))
		}
	}
	p.bulge = bulgeOf(widest)
	p.tree.refill(boxes)
}

// Distance is how far p (degrees) is from the nearest line in geodesic metres, and whether that
// is at most maxM metres.
func (p *Path) Distance(from orb.Point, maxM float64) (metres float64, ok bool) {
	if !finite(from) || !(maxM >= 0) {
		return 0, false
	}
	maxM = min(maxM, everywhereM)
	point := pathSide{piece{from, from}, arcBetween(unitVector(from), unitVector(from))}
	best := widestGap(maxM)
	p.approach(&point, grown(from.Bound(), maxM, p.bulge), &best)
	return best.metres(maxM)
}

// DistanceTo is how far the nearest line of the path is from the nearest of others (degrees) in
// geodesic metres, and whether that is at most maxM metres; 0 where they touch or cross.
func (p *Path) DistanceTo(others orb.MultiLineString, maxM float64) (metres float64, ok bool) {
	if !(maxM >= 0) {
		return 0, false
	}
	maxM = min(maxM, everywhereM)
	best := widestGap(maxM)
	for _, line := range others {
		for i, b := range line {
			a := line[max(0, i-1)]
			side := pathSide{piece{a, b}, arcBetween(unitVector(a), unitVector(b))}
			p.approach(&side, grown(segmentBox(a, b), maxM, p.bulge+bulgeOf(math.Abs(b[0]-a[0]))), &best)
			if best.met {
				return 0, true
			}
		}
	}
	return best.metres(maxM)
}

// A vicinity is how far to look, and how far, in degrees, edges may leave their boxes.
type vicinity struct{ metres, bulge float64 }

// toPolygon shortens best by the ways between the path and a polygon that are in the vicinity.
func (p *Path) toPolygon(polygon orb.Polygon, r vicinity, best *gap) {
	for _, start := range p.starts {
		if best.met = best.met || polygonCovers(polygon, start); best.met {
			return
		}
	}
	for _, ring := range polygon {
		for i, b := range ring {
			a := ring[(i+len(ring)-1)%len(ring)]
			box := grown(segmentBox(a, b), r.metres, r.bulge+p.bulge)
			if a == b || !meetsRoundTheEarth(box, p.bound) {
				continue
			}
			side := pathSide{piece{a, b}, arcBetween(unitVector(a), unitVector(b))}
			if p.approach(&side, box, best); best.met {
				return
			}
		}
	}
}

// approach shortens best by the ways between side and the path. Only sides whose boxes meet the
// given one, which holds all that is near enough, are looked at.
func (p *Path) approach(side *pathSide, box orb.Bound, best *gap) {
	for turn := -360.0; turn <= 360 && !best.met; turn += 360 { // the same box seen across the antimeridian
		p.tree.search(turned(box, turn), 0, len(p.sides), func(i int) bool {
			other := &p.sides[i]
			if best.met = segmentsMeet(side.piece.a, side.piece.b, other.piece.a, other.piece.b); !best.met {
				best.shorten(&side.arc, &other.arc)
			}
			return !best.met
		})
	}
}

// A gap is the shortest way found so far between two things: its ends on the unit sphere, and
// the chord between. met says that they touch.
type gap struct {
	one, other vector
	chord      float64
	found, met bool
}

// metres is the gap's geodesic length, rounded to 10 nm, and whether it is at most maxM.
func (g *gap) metres(maxM float64) (m float64, ok bool) {
	if g.met || !g.found {
		return 0, g.met
	}
	if g.one != g.other {
		m = math.Round(Distance(g.one.lonLat(), g.other.lonLat())*1e8) / 1e8
	}
	return m, m <= maxM
}

// shorten takes the way between two arcs if it is shorter.
func (g *gap) shorten(p, q *arc) {
	if p.mid.minus(q.mid).norm()-p.half-q.half > g.chord {
		return
	}
	if p.crosses(q) {
		*g = gap{found: true}
		return
	}
	for _, way := range [...]struct {
		from vector
		to   *arc
	}{{p.a, q}, {p.b, q}, {q.a, p}, {q.b, p}} {
		if at, chord := way.to.nearest(way.from); chord < g.chord || chord == g.chord && !g.found {
			g.one, g.other, g.chord, g.found = way.from, at, chord, true
		}
	}
}

// widestGap is a gap that only ways of at most about maxM metres can shorten; with 0, none: then
// only what touches counts.
func widestGap(maxM float64) gap {
	if maxM == 0 {
		return gap{chord: math.Inf(-1)}
	}
	return gap{chord: longestChord(maxM)}
}

// longestChord is a chord of the unit sphere that no two points within maxM metres exceed: the
// least radius of curvature of the ellipsoid is 6,335,439 m, at the equator along the meridian.
func longestChord(maxM float64) float64 { return 1.0001*maxM/6335439 + 1e-12 }

// grown holds every point within radius metres of the box, and more; arcs may leave their own
// box by bulge degrees.
func grown(box orb.Bound, radius, bulge float64) orb.Bound {
	const leastPerLat, leastPerLon = 110574, 111319 // metres a degree, both at the equator
	high := radius/leastPerLat + bulge
	wide := 180.0
	if top := max(math.Abs(box.Min[1]), math.Abs(box.Max[1])) + high; top < 90 {
		wide = min(wide, radius/(leastPerLon*math.Cos(top*degree)))
	}
	return orb.Bound{
		Min: orb.Point{box.Min[0] - wide, box.Min[1] - high},
		Max: orb.Point{box.Max[0] + wide, box.Max[1] + high},
	}
}

// turned is the box seen from one turn of the earth away.
func turned(box orb.Bound, degrees float64) orb.Bound {
	box.Min[0] += degrees
	box.Max[0] += degrees
	return box
}

// meetsRoundTheEarth reports whether the boxes meet, perhaps across the antimeridian.
func meetsRoundTheEarth(a, b orb.Bound) bool {
	return boxesMeet(a, b) || boxesMeet(turned(a, -360), b) || boxesMeet(turned(a, 360), b)
}
