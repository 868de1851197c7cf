package district

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/paulmach/orb"

	"hazgrid/safety"
)

// A grid is one supervision area with its people.
type grid struct {
	code, name, parent string
	level              int
	leader, inspectors string
	boundary           orb.MultiPolygon

	// Level 3 only.
	town  int     // index of its level-1 grid in townNames
	crowd float64 // how crowded it is, from 0 (hills) to 1 (town)
	cells []int   // of its mainland
}

// value returns the value of a field of safety.Grids.
func (g *grid) value(field string) any {
	switch field {
	case "scheme":
		return safety.DefaultScheme
	case "code":
		return g.code
	case "name":
		return g.name
	case "level":
		return int64(g.level)
	case "parent":
		return text(g.parent)
	case "kind":
		return "base"
	case "leader":
		return g.leader
	case "inspectors":
		return g.inspectors
	}
	return common(field)
}

// nameGrids makes the grids of all levels: level by level, each level in order of code. The
// first two figures of a code below a grid count its children from north to south.
func nameGrids(w *drawing, r *rand.Rand) []grid {
	var all []grid
	codes := []string{"330381"}
	v := &villager{r: r, used: map[string]bool{}}
	for level := 1; level <= 3; level++ {
		faces, parents := w.faces(level), w.parent[level]
		next := make([]string, len(faces))
		for above := range codes {
			for i, n := range w.children(level, above, faces) {
				next[n] = fmt.Sprintf("%s-%02d", codes[above], i+1)
			}
		}
		for n := 1; n < len(faces); n++ {
			g := grid{code: next[n], level: level, boundary: faces[n], leader: people(r, 1), inspectors: people(r, 2)}
			if level > 1 {
				g.parent = codes[parents[n]]
			}
			g.name = v.title(level, n)
			all = append(all, g)
		}
		w.detail(level, all[len(all)-len(faces)+1:])
		codes = next
	}
	slices.SortStableFunc(all, func(a, b grid) int {
		return cmp.Or(cmp.Compare(a.level, b.level), cmp.Compare(a.code, b.code))
	})
	return all
}

// title names the n-th grid of a level.
func (v *villager) title(level, n int) string {
	switch level {
	case 1:
		return townNames()[n-1]
	case 2:
		return v.name("片区")
	}
	return v.name("村 村 社区")
}

// children returns the grids of a level below a grid of the level above: towns in their own
// order, others from north to south in bands of a kilometre, and from west to east within one.
func (w *drawing) children(level, above int, faces []orb.MultiPolygon) []int {
	var list []int
	for n := 1; n < len(faces); n++ {
		if level == 1 || int(w.parent[level][n]) == above {
			list = append(list, n)
		}
	}
	if level > 1 {
		corner := func(n int) (float64, float64) {
			b := faces[n][0].Bound()
			return -math.Floor(onBoard(0, b.Max[1]).y), b.Min[0]
		}
		slices.SortStableFunc(list, func(a, b int) int {
			ya, xa := corner(a)
			yb, xb := corner(b)
			return cmp.Or(cmp.Compare(ya, yb), cmp.Compare(xa, xb))
		})
	}
	return list
}

// detail adds what only the grids of level 3 know.
func (w *drawing) detail(level int, grids []grid) {
	if level != 3 {
		return
	}
	for _, c := range w.dry {
		g := &grids[w.of[3][c]-1]
		g.cells = append(g.cells, c)
		g.crowd += w.crowd[c]
		g.town = int(w.of[1][c]) - 1
	}
	for i := range grids {
		grids[i].crowd /= mostPerKm2 * float64(len(grids[i].cells))
	}
}

// room returns how far p lies inside the grid, in km; negative outside.
func (g *grid) room(p point) float64 {
	best := math.Inf(-1)
	for _, polygon := range g.boundary {
		depth := math.Inf(1)
		for i, ring := range polygon {
			shape := make([]point, len(ring)-1)
			for k := range shape {
				shape[k] = onBoard(ring[k][0], ring[k][1])
			}
			d := inside(p, shape)
			if i > 0 {
				d = -d
			}
			depth = min(depth, d)
		}
		best = max(best, depth)
	}
	return best
}
