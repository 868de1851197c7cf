package district

import (
	"cmp"
	"slices"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"
)

// faces returns the boundary of each grid of a level (index 1…): outer rings anticlockwise,
// holes clockwise, the larger parts first.
func (w *drawing) faces(level int) []orb.MultiPolygon {
	of, seen := w.of[level], make([]bool, 6*w.size())
	rings := make([][]orb.Ring, len(w.parent[level]))
	for _, cells := range [][]int{w.dry, w.islands} {
		for _, c := range cells {
			for side := range 6 {
				if e := edge(6*c + side); !seen[e] && of[w.across(e)] != of[c] {
					rings[of[c]] = append(rings[of[c]], w.ring(of, e, seen))
				}
			}
		}
	}
	faces := make([]orb.MultiPolygon, len(rings))
	for i, rs := range rings {
		faces[i] = assemble(rs)
	}
	return faces
}

// ring walks around a grid from e and returns the kept vertices, the first one repeated.
func (w *drawing) ring(of []int32, e edge, seen []bool) orb.Ring {
	var r orb.Ring
	for !seen[e] {
		seen[e] = true
		if c := w.start(e); w.kept[c] {
			r = append(r, w.at[c])
		}
		e = w.next(of, e)
	}
	return append(r, r[0])
}

// assemble puts holes into the parts that hold them.
func assemble(rings []orb.Ring) orb.MultiPolygon {
	var parts orb.MultiPolygon
	for _, r := range rings {
		if r.Orientation() == orb.CCW {
			parts = append(parts, orb.Polygon{r})
		}
	}
	for _, r := range rings {
		if r.Orientation() == orb.CCW {
			continue
		}
		for i := range parts {
			if planar.RingContains(parts[i][0], r[0]) {
				parts[i] = append(parts[i], r)
				break
			}
		}
	}
	slices.SortStableFunc(parts, func(a, b orb.Polygon) int { return cmp.Compare(planar.Area(b), planar.Area(a)) })
	return parts
}
