package coverages

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/paulmach/orb"
)

// WithIslands cuts a hole into every third cell: the cell itself, shrunk towards its site. Every
// second of those holes is a face of its own, with a hole and an island again inside; the others
// are nobody's.
func WithIslands(cells []orb.MultiPolygon, sites []orb.Point) []orb.MultiPolygon {
	out := slices.Clone(cells)
	for i := 0; i < len(cells); i += 3 {
		ring := cells[i][0][0]
		hole := shrunk(ring, sites[i], 0.3)
		out[i] = orb.MultiPolygon{{ring, hole}}
		if i%2 == 0 {
			lake := shrunk(ring, sites[i], 0.1)
			out = append(out, orb.MultiPolygon{{hole, lake}}, orb.MultiPolygon{{lake}})
		}
	}
	return out
}

func shrunk(ring orb.Ring, to orb.Point, by float64) orb.Ring {
	small := make(orb.Ring, len(ring))
	for i, p := range ring {
		small[i] = orb.Point{to[0] + (p[0]-to[0])*by, to[1] + (p[1]-to[1])*by}
	}
	return small
}

// InGroups makes one face of each n cells, which lie far apart in the list.
func InGroups(cells []orb.MultiPolygon, n int) []orb.MultiPolygon {
	out := make([]orb.MultiPolygon, (len(cells)+n-1)/n)
	for i, cell := range cells {
		face := i % len(out)
		out[face] = append(slices.Clone(out[face]), cell...)
	}
	return out
}

// WithOverlaps adds faces over others: two triangles across everything, cells once more, and cells
// moved by a few metres.
func WithOverlaps(cells []orb.MultiPolygon) []orb.MultiPolygon {
	b := Bound(cells)
	corner := orb.Point{b.Min[0], b.Max[1]}
	out := append(slices.Clone(cells),
		orb.MultiPolygon{{{b.Min, {b.Max[0], b.Min[1]}, b.Center(), b.Min}}},
		orb.MultiPolygon{{{b.Min, b.Center(), corner, b.Min}}})
	for i := 0; i < len(cells); i += 7 {
		moved := cells[i].Clone()
		if i%2 == 0 {
			for _, polygon := range moved {
				for _, ring := range polygon {
					for k := range ring {
						ring[k] = orb.Point{ring[k][0] + 3e-5, ring[k][1] + 2e-5}
					}
				}
			}
		}
		out = append(out, moved)
	}
	return out
}

// WithSlivers parts neighbours by faces a few ulps wide: every second side of the cells gets a
// vertex near its middle, nudged one way for the cell and the other way for the face beside it,
// and what lies between is a face. cells must be straight ([Voronoi] without jags).
func WithSlivers(cells []orb.MultiPolygon, seed uint64) []orb.MultiPolygon {
	r := rand.New(rand.NewPCG(seed, 6))
	var slivers []orb.MultiPolygon
	theirs := make(map[[2]orb.Point]orb.Point) // by a side as the cell beside it runs it: that cell's vertex, its own start for none
	out := make([]orb.MultiPolygon, len(cells))
	for i, cell := range cells {
		var ring orb.Ring
		for a, b := range sides(cell[0][0]) {
			ring = append(ring, a)
			m, decided := theirs[[2]orb.Point{a, b}]
			switch {
			case decided && m != a:
				ring = append(ring, m)
			case decided:
			case r.IntN(2) == 0 && square(a, b) > 1e-14:
				m, other := apart(r, a, b)
				ring = append(ring, m)
				theirs[[2]orb.Point{b, a}] = other
				slivers = append(slivers, orb.MultiPolygon{{{a, m, b, other, a}}})
			default:
				theirs[[2]orb.Point{b, a}] = b
			}
		}
		out[i] = orb.MultiPolygon{{append(ring, ring[0])}}
	}
	return append(out, slivers...)
}

// apart is two points beside the middle of a side, 1 to 64 ulps from it, on the left and right.
func apart(r *rand.Rand, a, b orb.Point) (left, right orb.Point) {
	left = orb.Point{(a[0] + b[0]) / 2, (a[1] + b[1]) / 2}
	right = left
	axis, by := 0, -1 // left of a line that runs north is west
	if math.Abs(b[0]-a[0]) > math.Abs(b[1]-a[1]) {
		axis, by = 1, 1
	}
	if b[1-axis] < a[1-axis] {
		by = -by
	}
	for range 1 + r.IntN(64) {
		left[axis], right[axis] = nudge(left[axis], by), nudge(right[axis], -by)
	}
	return left, right
}

// Fan is n thin triangles round one vertex inside a box, which fill it but for its corners.
func Fan(box orb.Bound, n int) []orb.MultiPolygon {
	hub := orb.Point{box.Min[0] + 0.4*(box.Max[0]-box.Min[0]), box.Min[1] + 0.6*(box.Max[1]-box.Min[1])}
	rim := make([]orb.Point, n)
	for i := range rim {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / float64(n))
		rim[i] = orb.Point{hub[0] + 0.4*cos*(box.Max[0]-box.Min[0]), hub[1] + 0.4*sin*(box.Max[1]-box.Min[1])}
	}
	cells := make([]orb.MultiPolygon, n)
	for i, a := range rim {
		cells[i] = orb.MultiPolygon{{{hub, a, rim[(i+1)%n], hub}}}
	}
	return cells
}

// Squares is wide by high squares from (lon, lat), each size degrees wide: sides that are level
// or upright and often exactly where a raster has its own. Every seventh is left out.
func Squares(lon, lat, size float64, wide, high int) (cells []orb.MultiPolygon) {
	for i := range wide * high {
		x, y := float64(i%wide), float64(i/wide)
		w, s, e, n := lon+x*size, lat+y*size, lon+(x+1)*size, lat+(y+1)*size
		if i%7 != 3 {
			cells = append(cells, orb.MultiPolygon{{{{w, s}, {e, s}, {e, n}, {w, n}, {w, s}}}})
		}
	}
	return cells
}

// Bound is the box of all cells.
func Bound(cells []orb.MultiPolygon) orb.Bound {
	b := orb.MultiPolygon{}.Bound()
	for _, cell := range cells {
		if box := cell.Bound(); !box.IsEmpty() {
			b = b.Union(box)
		}
	}
	return b
}

// Vertices counts them all, a ring's closing one too.
func Vertices(cells []orb.MultiPolygon) (n int) {
	for _, cell := range cells {
		for _, polygon := range cell {
			for _, ring := range polygon {
				n += len(ring)
			}
		}
	}
	return n
}
