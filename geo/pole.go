package geo

import (
	"container/heap"
	"math"

	"github.com/paulmach/orb"
)

// poleShare is how much farther from the boundary another point may be than the one Pole returns, as a share of that distance.
const poleShare = 0.01

// poleLooks bounds the squares that are quartered: a thread a million times as long as it is wide has no end of them.
const poleLooks = 2000

// Pole is the pole of inaccessibility of mp (degrees): the point inside it that is farthest from its boundary, to one
// percent of that distance (less well in shapes like threads), measured on the plane on which a degree of longitude is as long as it is at the polygon's middle
// latitude. It is where a label has most room. The method is that of Garcia-Castellanos and Lombardo (2007) as Agafonkin's polylabel
// has it: squares, the most promising first, are quartered until none can hold a better point. Where mp has no inside, or one too
// thin for float64, it is the [InteriorPoint].
func Pole(mp orb.MultiPolygon) orb.Point {
	best := InteriorPoint(mp)
	if len(mp) == 0 || !strictlyInside(mp, best) {
		return best
	}
	room := 0.0
	for _, polygon := range largestFirst(mp) {
		s := newPoleSearch(polygon)
		if p, r := s.find(room); r > room && strictlyInside(mp, p) {
			best, room = p, r
		}
	}
	return best
}

// A poleSearch looks in one polygon, on a plane whose unit is a degree of latitude.
type poleSearch struct {
	sides  [][4]float64 // x, y of both ends
	box    orb.Bound    // degrees
	scale  float64      // length of a degree of longitude
	queue  poleSquares
	centre orb.Point // on the plane
	room   float64   // around centre
}

func newPoleSearch(polygon orb.Polygon) *poleSearch {
	s := &poleSearch{box: polygon.Bound()}
	s.scale = max(math.Cos((s.box.Min[1]+s.box.Max[1])/2*degree), 1e-6)
	for _, ring := range polygon {
		for a, b := range segments(ring) {
			s.sides = append(s.sides, [4]float64{a[0] * s.scale, a[1], b[0] * s.scale, b[1]})
		}
	}
	return s
}

// find returns the pole, degrees, and how far it is from the boundary, if that is more than least.
func (s *poleSearch) find(least float64) (orb.Point, float64) {
	s.room = least
	west, east := s.box.Min[0]*s.scale, s.box.Max[0]*s.scale
	south, north := s.box.Min[1], s.box.Max[1]
	size := min(east-west, north-south)
	if !(size > 0) {
		return orb.Point{}, 0
	}
	size = max(size, max(east-west, north-south)/64) // of a long and thin one not thousands of squares at once
	for x := west; x < east; x += size {
		for y := south; y < north; y += size {
			s.look(orb.Point{x + size/2, y + size/2}, size/2)
		}
	}
	for looks := 0; len(s.queue) > 0 && looks < poleLooks; looks++ {
		q := heap.Pop(&s.queue).(poleSquare)
		if q.most <= s.room*(1+poleShare) {
			break
		}
		h := q.half / 2
		for _, d := range [4][2]float64{{-h, -h}, {h, -h}, {-h, h}, {h, h}} {
			s.look(orb.Point{q.centre[0] + d[0], q.centre[1] + d[1]}, h)
		}
	}
	return orb.Point{s.centre[0] / s.scale, s.centre[1]}, s.room
}

// look measures at the centre of a square and queues it if there may be a better point in it.
func (s *poleSearch) look(centre orb.Point, half float64) {
	room := s.signedDistance(centre)
	if room > s.room {
		s.centre, s.room = centre, room
	}
	if most := room + half*math.Sqrt2; most > s.room*(1+poleShare) && half > 1e-12 {
		heap.Push(&s.queue, poleSquare{centre, half, most})
	}
}

// signedDistance is the distance from p to the boundary, negative outside.
func (s *poleSearch) signedDistance(p orb.Point) float64 {
	inside, least := false, math.Inf(1)
	for _, d := range s.sides {
		ax, ay, bx, by := d[0]-p[0], d[1]-p[1], d[2]-p[0], d[3]-p[1]
		if (ay > 0) != (by > 0) && 0 < ax+(0-ay)/(by-ay)*(bx-ax) {
			inside = !inside
		}
		least = min(least, squareTo(ax, ay, bx, by))
	}
	if inside {
		return math.Sqrt(least)
	}
	return -math.Sqrt(least)
}

// squareTo is the square of the distance from the origin to the segment from (ax, ay) to (bx, by).
func squareTo(ax, ay, bx, by float64) float64 {
	dx, dy := bx-ax, by-ay
	t := -(ax*dx + ay*dy)
	if n := dx*dx + dy*dy; t > 0 && n > 0 {
		t = min(t/n, 1)
		ax, ay = ax+t*dx, ay+t*dy
	}
	return ax*ax + ay*ay
}

// A poleSquare waits to be quartered; no point in it is farther than most from the boundary.
type poleSquare struct {
	centre orb.Point
	half   float64
	most   float64
}

// poleSquares is a heap, the most promising on top.
type poleSquares []poleSquare

func (q poleSquares) Len() int           { return len(q) }
func (q poleSquares) Less(i, j int) bool { return q[i].most > q[j].most }
func (q poleSquares) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }

// Push appends a square, for container/heap.
func (q *poleSquares) Push(x any) { *q = append(*q, x.(poleSquare)) }

// Pop takes off the last square, for container/heap.
func (q *poleSquares) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}
