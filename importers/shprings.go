package importers

import (
	"cmp"
	"math"
	"slices"

	"github.com/paulmach/orb"
	"github.com/tidwall/rtree"
)

// A shpRing is a ring of a Polygon shape, on its way to be a shell or a hole.
type shpRing struct {
	points orb.Ring
	box    orb.Bound
	area   float64 // twice the area, positive when it runs clockwise as ESRI's shells do, in squares of the file's unit
	shell  bool
	in     int    // of a hole: index of the shell
	rank   int    // 0 is the largest
	slabs  *slabs // of a long ring, when it has been needed
}

// What bounds the work on one shape to seconds: comparisons of a point with a side, and what one of a box with a box counts.
const (
	mostTests = 500_000_000
	boxTest   = 50
)

// polygonsOf makes a Polygon or MultiPolygon of rings, of which there is at least one, as GDAL does: a ring that
// runs clockwise is a shell; any other is a hole in the smallest ring around it when that is a shell, and a
// shell when not, so that rings that all run the wrong way come out right too.
func polygonsOf(parts []orb.Ring) (orb.Geometry, *fault) {
	if len(parts) == 1 {
		return orb.Polygon(parts), nil
	}
	rings := make([]shpRing, len(parts))
	clockwise := 0
	for i, p := range parts {
		rings[i] = shpRing{points: p, box: p.Bound(), area: doubleArea(p)}
		// What is not finite is refused when the polygon is checked, there is nothing to sort.
		if rings[i].shell = rings[i].area > 0 || !rings[i].finite(); rings[i].shell {
			clockwise++
		}
	}
	if clockwise == len(rings) || clockwise == 1 && soleShell(rings) {
		return assembled(rings), nil
	}
	s := sorting{rings: rings}
	if !s.run() {
		return nil, &fault{geometryTarget, "its rings lie in one another too often to be sorted into shells and holes"}
	}
	return assembled(rings), nil
}

// finite reports that the ring can be sorted.
func (r *shpRing) finite() bool {
	sum := math.Abs(r.area)
	for k := range 2 {
		sum += math.Abs(r.box.Min[k]) + math.Abs(r.box.Max[k])
	}
	return sum <= math.MaxFloat64
}

// doubleArea is twice the signed area of a ring by the shoelace formula, positive when clockwise. It is reckoned from the
// first point, so that nothing of large coordinates cancels out.
func doubleArea(r orb.Ring) (sum float64) {
	o := r[0]
	for i := 1; i+1 < len(r); i++ {
		sum += (r[i+1][0]-o[0])*(r[i][1]-o[1]) - (r[i][0]-o[0])*(r[i+1][1]-o[1])
	}
	return sum
}

// soleShell makes all rings holes of the only one that runs clockwise, when their boxes lie in its box. The sides
// need not be looked at: whether they cross is seen when the polygon is checked.
func soleShell(rings []shpRing) bool {
	k := slices.IndexFunc(rings, func(r shpRing) bool { return r.shell })
	for i := range rings {
		if !holds(rings[k].box, rings[i].box) {
			return false
		}
		rings[i].in = k
	}
	return true
}

func holds(a, b orb.Bound) bool { return a.Contains(b.Min) && a.Contains(b.Max) }

// A sorting finds what the rings of a shape are.
type sorting struct {
	rings []shpRing
	tree  rtree.RTreeGN[float64, int] // those that are larger than the one in hand
	tests int
}

// run decides from the largest ring down; false when it is too much work.
func (s *sorting) run() bool {
	order := make([]int, len(s.rings))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(math.Abs(s.rings[j].area), math.Abs(s.rings[i].area)) })
	for rank, i := range order {
		r := &s.rings[i]
		r.rank = rank
		if !r.shell {
			around := s.around(r)
			r.shell = around < 0 || !s.rings[around].shell
			r.in = around
		}
		if s.tests > mostTests {
			return false
		}
		if r.finite() {
			s.tree.Insert(r.box.Min, r.box.Max, i)
		}
	}
	return true
}

// around returns the smallest of the rings before that r lies in, -1 when there is none.
func (s *sorting) around(r *shpRing) int {
	best := -1
	s.tree.Search(r.box.Min, r.box.Max, func(_, _ [2]float64, i int) bool {
		s.tests += boxTest
		o := &s.rings[i]
		if holds(o.box, r.box) && (best < 0 || o.rank > s.rings[best].rank) && s.liesIn(r.points, o) {
			best = i
		}
		return s.tests <= mostTests
	})
	return best
}

// liesIn decides by the first point of r, or middle of a side, that is not on the border of o.
func (s *sorting) liesIn(r orb.Ring, o *shpRing) bool {
	for half := range 2 {
		for i, p := range r {
			if half == 1 {
				q := r[(i+1)%len(r)]
				p = orb.Point{(p[0] + q[0]) / 2, (p[1] + q[1]) / 2}
			}
			side, tests := o.sideOf(p)
			if s.tests += tests; side != 0 || s.tests > mostTests {
				return side > 0
			}
		}
	}
	return false
}

// assembled puts holes behind their shells; both stay in the order of the file.
func assembled(rings []shpRing) orb.Geometry {
	out := make(orb.MultiPolygon, 0, 1)
	place := make([]int, len(rings))
	for i, r := range rings {
		if r.shell {
			place[i] = len(out)
			out = append(out, orb.Polygon{r.points})
		}
	}
	for _, r := range rings {
		if !r.shell {
			k := place[r.in]
			out[k] = append(out[k], r.points)
		}
	}
	if len(out) == 1 {
		return out[0]
	}
	return out
}
