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
	sides    [][2]orb.Point
	corners  []orb.Point  // of an index's own cells
	lines    [2][]float64 // their longitudes and latitudes, rising
	seed     uint64
}

// NewCorpus collects the vertices and the sides of the cells, and the corners of the index's own cells where
// it has some, each once, in an order drawn from the seed.
func NewCorpus(cells []orb.MultiPolygon, corners []orb.Point, seed uint64) *Corpus {
	b := Bound(cells)
	c := &Corpus{bound: b, box: b.Pad(max(b.Max[0]-b.Min[0], b.Max[1]-b.Min[1]) / 50), seed: seed}
	for _, cell := range cells {
		for a, b := range allSides(cell) {
			if comparePoints(a, b) > 0 {
				a, b = b, a
			}
			c.vertices = append(c.vertices, a, b)
			c.sides = append(c.sides, [2]orb.Point{a, b})
		}
	}
	r := rand.New(rand.NewPCG(seed, 8))
	c.vertices = shuffled(r, c.vertices, comparePoints)
	c.sides = shuffled(r, c.sides, func(s, t [2]orb.Point) int {
		return cmp.Or(comparePoints(s[0], t[0]), comparePoints(s[1], t[1]))
	})
	c.corners = shuffled(r, slices.Clone(corners), comparePoints)
	for _, p := range c.corners {
		c.lines[0], c.lines[1] = append(c.lines[0], p[0]), append(c.lines[1], p[1])
	}
	for axis, line := range c.lines {
		slices.Sort(line)
		c.lines[axis] = slices.Compact(line)
	}
	return c
}

func comparePoints(p, q orb.Point) int {
	return cmp.Or(cmp.Compare(p[0], q[0]), cmp.Compare(p[1], q[1]))
}

// shuffled sorts a list, leaves out what is repeated, and shuffles the rest.
func shuffled[T comparable](r *rand.Rand, list []T, compare func(a, b T) int) []T {
	slices.SortFunc(list, compare)
	list = slices.Clip(slices.Compact(list))
	r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}

// round is how many points come in a turn: a vertex or middle with its eight neighbours, a corner, and two
// each of four kinds.
const round = 9 + 1 + 2*4

// All is how many points it takes until every vertex, every rounded middle of a side, the eight
// neighbours of each, and every corner have come.
func (c *Corpus) All() int { return round * max(len(c.vertices)+len(c.sides), len(c.corners)) }

// Points yields n points, in turn: vertices and middles of sides, the eight nearest float64
// neighbours of each, corners of an index's cells, points scattered over the box, corners of the box split in
// powers of two, points on the level and upright lines through vertices, and points where a
// line between an index's cells crosses a side. Kinds that have come to their end are left out.
func (c *Corpus) Points(n int) iter.Seq[orb.Point] {
	r := rand.New(rand.NewPCG(c.seed, 9))
	return func(yield func(orb.Point) bool) {
		given := 0
		give := func(p orb.Point) bool { given++; return given <= n && yield(p) }
		for i := 0; ; i++ {
			ok := true
			if p, left := c.special(i); left {
				for k := range 9 {
					ok = ok && give(orb.Point{nudge(p[0], k/3-1), nudge(p[1], k%3-1)})
				}
			}
			ok = ok && (i >= len(c.corners) || give(c.corners[i]))
			for range 2 {
				ok = ok && give(within(r, c.box)) && give(c.lattice(r)) && give(c.onLine(r)) && give(c.crossing(r))
			}
			if !ok {
				return
			}
		}
	}
}

// special is the i-th vertex or middle, which take turns as long as there are both.
func (c *Corpus) special(i int) (p orb.Point, left bool) {
	few := min(len(c.vertices), len(c.sides))
	switch {
	case i < 2*few && i%2 == 0:
		return c.vertices[i/2], true
	case i < 2*few:
		return middle(c.sides[i/2]), true
	case i-few < len(c.vertices):
		return c.vertices[i-few], true
	case i-few < len(c.sides):
		return middle(c.sides[i-few]), true
	default:
		return p, false
	}
}

func middle(s [2]orb.Point) orb.Point {
	return orb.Point{(s[0][0] + s[1][0]) / 2, (s[0][1] + s[1][1]) / 2}
}

// crossing is a point, to within rounding, where a side crosses a line between an index's cells, or
// one of a lattice.
func (c *Corpus) crossing(r *rand.Rand) orb.Point {
	if len(c.sides) == 0 {
		return within(r, c.box)
	}
	s := c.sides[r.IntN(len(c.sides))]
	axis := r.IntN(2)
	low, high := min(s[0][axis], s[1][axis]), max(s[0][axis], s[1][axis])
	at := c.lineAbove(r, axis, low)
	if at > high || low == high {
		return middle(s)
	}
	across := 1 - axis
	var p orb.Point
	p[axis] = at
	p[across] = s[0][across] + (at-s[0][axis])/(s[1][axis]-s[0][axis])*(s[1][across]-s[0][across])
	p[across] = nudge(p[across], r.IntN(3)-1)
	return p
}

// lineAbove is the first line at or above a coordinate.
func (c *Corpus) lineAbove(r *rand.Rand, axis int, low float64) float64 {
	if i, _ := slices.BinarySearch(c.lines[axis], low); i < len(c.lines[axis]) {
		return c.lines[axis][i]
	}
	cell := (c.bound.Max[axis] - c.bound.Min[axis]) / float64(int(1)<<(4+r.IntN(10)))
	return c.bound.Min[axis] + math.Ceil((low-c.bound.Min[axis])/cell)*cell
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

// Scatter draws n points uniformly from a box.
func Scatter(box orb.Bound, n int, seed uint64) []orb.Point {
	r := rand.New(rand.NewPCG(seed, 10))
	points := make([]orb.Point, n)
	for i := range points {
		points[i] = within(r, box)
	}
	return points
}
