package coverages

import (
	"cmp"
	"iter"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/paulmach/orb"
)

// A Corpus is hard points for a coverage.
type Corpus struct {
	bound    orb.Bound // the coverage's
	box      orb.Bound // a little more
	vertices []orb.Point
	middles  []orb.Point // of the sides, rounded
	seed     uint64
	Corners  []orb.Point // of an index's own cells; may be set before Points
}

// NewCorpus collects the vertices and the sides of the cells, each once, in an order drawn from the seed.
func NewCorpus(cells []orb.MultiPolygon, seed uint64) *Corpus {
	b := Bound(cells)
	c := &Corpus{bound: b, box: b.Pad(max(b.Max[0]-b.Min[0], b.Max[1]-b.Min[1]) / 50), seed: seed}
	for _, cell := range cells {
		for a, b := range allSides(cell) {
			c.vertices = append(c.vertices, a, b)
			c.middles = append(c.middles, orb.Point{(a[0] + b[0]) / 2, (a[1] + b[1]) / 2})
		}
	}
	r := rand.New(rand.NewPCG(seed, 8))
	c.vertices, c.middles = shuffled(r, c.vertices), shuffled(r, c.middles)
	return c
}

// shuffled sorts the points, leaves out repeated ones, and shuffles the rest.
func shuffled(r *rand.Rand, points []orb.Point) []orb.Point {
	slices.SortFunc(points, func(p, q orb.Point) int { return cmp.Or(cmp.Compare(p[0], q[0]), cmp.Compare(p[1], q[1])) })
	points = slices.Clip(slices.Compact(points))
	r.Shuffle(len(points), func(i, j int) { points[i], points[j] = points[j], points[i] })
	return points
}

// round is how many points of each kind come in turn.
const round = 1 + 1 + 8 + 2 + 2 + 2 + 1

// All is how many points it takes until every vertex, every rounded middle of a side and the
// eight neighbours of each have come.
func (c *Corpus) All() int { return round * (len(c.vertices) + len(c.middles)) }

// Points yields n points: vertices, middles of sides, their eight nearest float64 neighbours, points
// scattered over the box, corners of the box split in powers of two, points on the level and upright lines
// through vertices, and Corners, in turn; kinds that have come to their end are left out.
func (c *Corpus) Points(n int) iter.Seq[orb.Point] {
	r := rand.New(rand.NewPCG(c.seed, 9))
	around := slices.Concat(c.vertices, c.middles)
	return func(yield func(orb.Point) bool) {
		given := 0
		give := func(p orb.Point) bool { given++; return given <= n && yield(p) }
		for i := 0; ; i++ {
			ok := true
			for _, list := range [...][]orb.Point{c.vertices, c.middles, c.Corners} {
				ok = ok && (i >= len(list) || give(list[i]))
			}
			if i < len(around) {
				for k := range 9 {
					ok = ok && (k == 4 || give(orb.Point{nudge(around[i][0], k/3-1), nudge(around[i][1], k%3-1)}))
				}
			}
			for range 2 {
				ok = ok && give(within(r, c.box)) && give(c.lattice(r)) && give(c.onLine(r))
			}
			if !ok {
				return
			}
		}
	}
}

// lattice is a corner of the coverage's box split into 2ⁿ columns and rows, as a raster computes it, or
// one ulp beside it.
func (c *Corpus) lattice(r *rand.Rand) (p orb.Point) {
	steps := 1 << (2 + r.IntN(12))
	b := c.bound
	if r.IntN(4) == 0 {
		b = c.box // a raster that begins elsewhere
	}
	for axis := range p {
		cell := (b.Max[axis] - b.Min[axis]) / float64(steps)
		p[axis] = nudge(b.Min[axis]+float64(r.IntN(steps+1))*cell, r.IntN(3)-1)
	}
	return p
}

// onLine is a point that shares its longitude with one vertex, its latitude with another, or one
// of them with a lattice.
func (c *Corpus) onLine(r *rand.Rand) orb.Point {
	if len(c.vertices) == 0 {
		return within(r, c.box)
	}
	p, q := c.vertices[r.IntN(len(c.vertices))], within(r, c.box)
	switch r.IntN(4) {
	case 0:
		return orb.Point{p[0], q[1]}
	case 1:
		return orb.Point{q[0], p[1]}
	case 2:
		return orb.Point{p[0], c.vertices[r.IntN(len(c.vertices))][1]}
	default:
		return orb.Point{c.lattice(r)[0], p[1]}
	}
}

// nudge is the float64 above x, x, or the one below, as by is +1, 0 or -1.
func nudge(x float64, by int) float64 {
	if by == 0 {
		return x
	}
	return math.Nextafter(x, math.Inf(by))
}
