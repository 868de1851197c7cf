package geo

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/paulmach/orb"
)

// A segment is a piece of straight edge, a before b. Several equal pieces are
// kept as one; wind is how often rings run from a to b, less how often back.
// Where several cells are laid over each other, linings says whose rings they are.
type segment struct {
	a, b    orb.Point
	wind    int
	linings []lining // by rising cell; shared between pieces: not changed in place
}

const (
	floatPasses    = 16      // passes of node that keep every vertex where it was
	snapPasses     = 16      // passes on each of the grids after that
	firstGrid      = 1 << 40 // cells per degree of the first grid (about 0.1 µm)
	lastGrid       = 1 << 28 // cells per degree of the last one (about 0.4 mm)
	maxCuts        = 200_000 // of one pass, two a crossing, and this much more
	cutsPerSegment = 20
)

// errTangled: noding gave up.
var errTangled = errors.New("rings are too tangled")

// node cuts the segments where they meet until any two of them have at most
// an end in common, by exact predicates. A crossing is cut at the nearest
// float64 point, which bends the two pieces by about 1e-14 degrees and may make new
// crossings, so it repeats until nothing is cut. Given vertices do not move.
// Only if that does not settle (it has not been seen to outside tests) all
// points are snapped to ever coarser grids, at most 2^-28 degrees (0.4 mm).
func node(segs []segment) ([]segment, error) {
	segs = merge(segs)
	for pass := range floatPasses {
		cuts, err := findCuts(segs, 0)
		if err != nil {
			return nil, fmt.Errorf("noding pass %d: %w", pass+1, err)
		}
		if len(cuts) == 0 {
			return segs, nil
		}
		segs = merge(splitAll(segs, cuts))
	}
	return nodeOnGrids(segs)
}

// nodeOnGrids is node by snap rounding: points on a grid, and a segment that
// passes within half a cell of a vertex is led through it.
func nodeOnGrids(segs []segment) ([]segment, error) {
	for cells := float64(firstGrid); cells >= lastGrid; cells /= 16 {
		for range snapPasses {
			segs = merge(snapAll(segs, cells))
			cuts, err := findCuts(segs, 0.5/cells)
			if err != nil {
				return nil, fmt.Errorf("noding on a grid of %g cells a degree: %w", cells, err)
			}
			if len(cuts) == 0 {
				return segs, nil
			}
			segs = splitAll(segs, cuts)
		}
	}
	return nil, errTangled
}

// ringSegments are the sides of a ring, closed if it is not, without repeated points.
func ringSegments(dst []segment, ring orb.Ring) []segment {
	for i := range ring {
		dst = append(dst, segment{a: plain(ring[i]), b: plain(ring[(i+1)%len(ring)]), wind: 1})
	}
	return dst
}

// plain turns -0 into 0 and numbers whose products would underflow into 0.
func plain(p orb.Point) orb.Point {
	for k, v := range p {
		if math.Abs(v) < 1e-60 {
			p[k] = 0
		}
	}
	return p
}

// merge puts each segment's ends in order and makes equal ones one, keeping the order.
func merge(segs []segment) []segment {
	at := make(map[[2]orb.Point]int, len(segs))
	out := make([]segment, 0, len(segs))
	for _, s := range segs {
		if s.a == s.b {
			continue
		}
		if before(s.b, s.a) {
			s = segment{s.b, s.a, -s.wind, backwards(s.linings)}
		}
		key := [2]orb.Point{s.a, s.b}
		if i, ok := at[key]; ok {
			out[i].wind += s.wind
			out[i].linings = joinLinings(out[i].linings, s.linings)
			continue
		}
		at[key] = len(out)
		out = append(out, s)
	}
	return out
}

// A cut says: segment seg passes through at.
type cut struct {
	seg int
	at  orb.Point
}

// findCuts compares all segments whose boxes meet. Near is how close (degrees)
// a vertex draws a segment through itself; 0 only when it is exactly on it.
func findCuts(segs []segment, near float64) ([]cut, error) {
	boxes := make([]orb.Bound, len(segs))
	for i, s := range segs {
		boxes[i] = segmentBox(s.a, s.b)
	}
	tree := newBoxTree(boxes)
	var cuts []cut
	for i := range segs {
		ok := tree.search(padBox(boxes[i], near), i+1, len(segs), func(j int) bool {
			cuts = appendCuts(cuts, segs, i, j)
			if near > 0 {
				cuts = appendNearCuts(cuts, segs, near, [2]int{i, j})
			}
			return len(cuts) < maxCuts+cutsPerSegment*len(segs)
		})
		if !ok {
			return nil, errTangled
		}
	}
	return cuts, nil
}

func padBox(b orb.Bound, by float64) orb.Bound {
	return orb.Bound{Min: orb.Point{b.Min[0] - by, b.Min[1] - by}, Max: orb.Point{b.Max[0] + by, b.Max[1] + by}}
}

// appendCuts adds the points where segments i and j must be cut.
func appendCuts(cuts []cut, segs []segment, i, j int) []cut {
	s, t := segs[i], segs[j]
	ta, tb := orient(s.a, s.b, t.a), orient(s.a, s.b, t.b)
	if ta*tb > 0 {
		return cuts
	}
	sa, sb := orient(t.a, t.b, s.a), orient(t.a, t.b, s.b)
	if sa*sb > 0 {
		return cuts
	}
	if ta*tb < 0 && sa*sb < 0 {
		p := crossing(s.a, s.b, t.a, t.b)
		return appendCut(appendCut(cuts, segs, i, p), segs, j, p)
	}
	for _, touch := range [4]struct {
		on, seg int
		p       orb.Point
	}{{ta, i, t.a}, {tb, i, t.b}, {sa, j, s.a}, {sb, j, s.b}} {
		if touch.on == 0 && inBox(touch.p, segs[touch.seg].a, segs[touch.seg].b) {
			cuts = appendCut(cuts, segs, touch.seg, touch.p)
		}
	}
	return cuts
}

// appendNearCuts adds the ends of each of two segments that lie near the other.
func appendNearCuts(cuts []cut, segs []segment, near float64, pair [2]int) []cut {
	for k, i := range pair {
		s, other := segs[i], segs[pair[1-k]]
		dx, dy := s.b[0]-s.a[0], s.b[1]-s.a[1]
		length := math.Hypot(dx, dy)
		for _, p := range [2]orb.Point{other.a, other.b} {
			along := (p[0]-s.a[0])*dx + (p[1]-s.a[1])*dy
			aside := (p[1]-s.a[1])*dx - (p[0]-s.a[0])*dy
			if along > 0 && along < length*length && math.Abs(aside) <= near*length {
				cuts = appendCut(cuts, segs, i, p)
			}
		}
	}
	return cuts
}

func appendCut(cuts []cut, segs []segment, i int, p orb.Point) []cut {
	if p == segs[i].a || p == segs[i].b {
		return cuts
	}
	return append(cuts, cut{i, p})
}

// splitAll replaces each cut segment by its pieces, in place of it.
func splitAll(segs []segment, cuts []cut) []segment {
	slices.SortFunc(cuts, func(x, y cut) int {
		if x.seg != y.seg {
			return cmp.Compare(x.seg, y.seg)
		}
		return compareAlong(segs[x.seg], x.at, y.at)
	})
	cuts = slices.Compact(cuts)
	out := make([]segment, 0, len(segs)+len(cuts))
	for i, s := range segs {
		from := s.a
		if len(cuts) > 0 && cuts[0].seg == i {
			s.linings = asCut(s.linings)
		}
		for ; len(cuts) > 0 && cuts[0].seg == i; cuts = cuts[1:] {
			out = append(out, segment{from, cuts[0].at, s.wind, s.linings})
			from = cuts[0].at
		}
		out = append(out, segment{from, s.b, s.wind, s.linings})
	}
	return out
}

// compareAlong orders points near s in its direction.
func compareAlong(s segment, p, q orb.Point) int {
	dx, dy := s.b[0]-s.a[0], s.b[1]-s.a[1]
	along := func(p orb.Point) float64 { return float64((p[0]-s.a[0])*dx) + float64((p[1]-s.a[1])*dy) }
	return cmp.Or(cmp.Compare(along(p), along(q)), comparePoints(p, q))
}

func comparePoints(p, q orb.Point) int {
	return cmp.Or(cmp.Compare(p[0], q[0]), cmp.Compare(p[1], q[1]))
}

// snapAll rounds all ends to multiples of 1/cells degrees; cells is a power of two.
func snapAll(segs []segment, cells float64) []segment {
	snap := func(p orb.Point) orb.Point {
		return orb.Point{math.Round(p[0]*cells) / cells, math.Round(p[1]*cells) / cells}
	}
	out := make([]segment, len(segs))
	for i, s := range segs {
		out[i] = segment{snap(s.a), snap(s.b), s.wind, asCut(s.linings)}
	}
	return out
}
