package geo

import (
	"math"
	"slices"

	"github.com/paulmach/orb"
)

// longChannel is how long, in its widths, narrow ground between two cells must be to be closed where it is open to the
// outside. Where two outlines merely part at an angle the ground between them is narrow, too, but short. Such a channel is closed
// by bridges, each from a vertex of the one cell straight over to the other.
const longChannel = 10

// survey looks for what may have to be mended, by the sides that change how many cells lie over the
// ground: in a clean coverage the outline alone. It returns the bridges that close the channels.
func (m *mender) survey() (bridges []segment, dirty bool, err error) {
	loose := slices.DeleteFunc(merge(cellSegments(m.cells)), func(s segment) bool { return s.wind == 0 })
	candidates := m.candidates(loose)
	segs, err := node(append(loose, candidates...))
	if err != nil {
		return nil, false, err
	}
	g := newGraph(segs)
	depth, rims := g.depths(), g.rims()
	narrow := make([]bool, g.faces)
	for f, rim := range rims {
		narrow[f] = f > 0 && depth[f] == 0 && g.extentOf(rim).widthM() < m.toleranceM
		dirty = dirty || depth[f] > 1 || narrow[f] && !slices.ContainsFunc(rim, g.bridged)
	}
	for _, i := range g.mouths(m.channels(g, narrow)) {
		bridges = append(bridges, segment{a: candidates[i].a, b: candidates[i].b})
	}
	return bridges, dirty || len(bridges) > 0 || slices.ContainsFunc(m.cells, m.hasSliver), nil
}

// hasSliver tells whether one of several polygons of a cell is narrow.
func (m *mender) hasSliver(cell orb.MultiPolygon) bool {
	return len(cell) > 1 && slices.ContainsFunc(cell, func(p orb.Polygon) bool { return Width(orb.MultiPolygon{p}) < m.toleranceM })
}

// bridged tells whether a half-edge is a piece of a bridge only.
func (g *graph) bridged(h int) bool {
	return !slices.ContainsFunc(g.linings[h/2], func(l lining) bool { return l.cell >= 0 })
}

// channels are the channels that the narrow faces make, each by its number, 0 elsewhere.
func (m *mender) channels(g *graph, narrow []bool) (channel []int) {
	same := newSets(g.faces)
	for h := 0; h < len(g.face); h += 2 {
		if f, k := g.face[h], g.face[h+1]; g.bridged(h) && narrow[f] && narrow[k] {
			same.join(f, k)
		}
	}
	rims := map[int][]int{}
	for h, f := range g.face {
		if narrow[f] && same.root(f) != same.root(g.face[h^1]) {
			rims[same.root(f)] = append(rims[same.root(f)], h)
		}
	}
	channel = make([]int, g.faces)
	for f := range channel {
		if rim := rims[same.root(f)]; narrow[f] && m.isChannel(g.extentOf(rim)) {
			channel[f] = same.root(f)
		}
	}
	return channel
}

// isChannel tells whether ground is narrow and long: a strip of ten times its width has
// (2 (10 + 1))² / 4·10 as the square of its rim over four times its area.
func (m *mender) isChannel(e extent) bool {
	const least = (2 * (longChannel + 1)) * (2 * (longChannel + 1)) / (4 * longChannel)
	return e.widthM() < m.toleranceM && e.rimM*e.rimM >= least*4*e.areaM2
}

// mouths are the candidates, rising, of which a piece parts a channel from what is none.
func (g *graph) mouths(channel []int) (candidates []int) {
	for h, f := range g.face {
		if channel[f] != 0 && channel[f] != channel[g.face[h^1]] && g.bridged(h) {
			for _, l := range g.linings[h/2] {
				candidates = append(candidates, int(-1-l.cell))
			}
		}
	}
	slices.Sort(candidates)
	return slices.Compact(candidates)
}

// candidates are the shortest ways from the ends of loose sides to a loose side of another cell, where
// they are within the tolerance. Candidate i lines its side as cell -1-i.
func (m *mender) candidates(loose []segment) (bridges []segment) {
	boxes, cellsAt := make([]orb.Bound, len(loose)), map[orb.Point][]int32{}
	for i, s := range loose {
		boxes[i] = segmentBox(s.a, s.b)
		for _, l := range s.linings {
			cellsAt[s.a] = append(cellsAt[s.a], l.cell)
			cellsAt[s.b] = append(cellsAt[s.b], l.cell)
		}
	}
	tree := newBoxTree(boxes)
	for _, p := range sortedPoints(cellsAt) {
		near := surroundingOf(p, m.toleranceM)
		best, to := math.Inf(1), p
		tree.search(near.box(), 0, len(loose), func(i int) bool {
			if !lines(loose[i].linings, cellsAt[p]) {
				if q, metres := near.nearest(&loose[i]); metres < best || metres == best && before(q, to) {
					best, to = metres, q
				}
			}
			return true
		})
		if best > 0 && best < m.toleranceM {
			bridges = append(bridges, segment{a: p, b: to, linings: []lining{{cell: int32(-1 - len(bridges))}}})
		}
	}
	return bridges
}

// lines tells whether one of the cells is among those that line a segment.
func lines(linings []lining, cells []int32) bool {
	return slices.ContainsFunc(linings, func(l lining) bool { return slices.Contains(cells, l.cell) })
}

func sortedPoints[V any](m map[orb.Point]V) []orb.Point {
	points := make([]orb.Point, 0, len(m))
	for p := range m {
		points = append(points, p)
	}
	slices.SortFunc(points, comparePoints)
	return points
}

// A surrounding is the ground within metres of a point, by the local scale of degrees.
type surrounding struct {
	at             orb.Point
	perLon, perLat float64 // metres a degree
	metres         float64
}

func surroundingOf(p orb.Point, metres float64) surrounding {
	perLon, perLat := metresPerDegree(p[1])
	return surrounding{p, max(perLon, 1), perLat, metres}
}

func (v *surrounding) box() orb.Bound {
	dx, dy := v.metres/v.perLon, v.metres/v.perLat
	return orb.Bound{Min: orb.Point{v.at[0] - dx, v.at[1] - dy}, Max: orb.Point{v.at[0] + dx, v.at[1] + dy}}
}

// distance is how far q is, in metres.
func (v *surrounding) distance(q orb.Point) float64 {
	return math.Hypot((q[0]-v.at[0])*v.perLon, (q[1]-v.at[1])*v.perLat)
}

// nearest is the end of a way to the segment, and how far in metres the segment is. Within a millimetre of an
// end it is the end: else every round, rounding, would find another place beside that of the one before. A way to the
// middle of the segment ends a little behind, by a millionth, so that it crosses it after rounding, too.
func (v *surrounding) nearest(s *segment) (to orb.Point, metres float64) {
	ax, ay := (s.a[0]-v.at[0])*v.perLon, (s.a[1]-v.at[1])*v.perLat
	bx, by := (s.b[0]-v.at[0])*v.perLon, (s.b[1]-v.at[1])*v.perLat
	dx, dy := bx-ax, by-ay
	length := math.Hypot(dx, dy)
	const end = 1e-3
	switch t := -(ax*dx + ay*dy) / (length * length); {
	case t*length <= end:
		return s.a, v.distance(s.a)
	case (1-t)*length <= end:
		return s.b, v.distance(s.b)
	default:
		x, y := ax+t*dx, ay+t*dy
		const behind = 1 + 1e-6
		return orb.Point{v.at[0] + x/v.perLon*behind, v.at[1] + y/v.perLat*behind}, math.Hypot(x, y)
	}
}
