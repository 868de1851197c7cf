package district

import (
	"math"

	"github.com/paulmach/orb"
)

// An edge is one side of one cell, walked anticlockwise around the cell: 6·cell + side.
type edge int32

// An arc is the line between two grids of level 3 (or a grid and the sea), from one corner
// where three meet to the next; or a closed ring of corners, the first one repeated.
type arc struct {
	corners   []int
	size      float64 // of the smaller grid beside it: km, the root of its area
	roughness int     // how often it had to be drawn closer to the lattice to keep clear of others
}

// A drawing is the set of lines of a division. All levels are made of the same lines, so
// what two grids share they share vertex for vertex.
type drawing struct {
	*division
	arcs []arc
	kept []bool      // by corner: a vertex of its line
	at   []orb.Point // by corner: degrees, rounded; set where kept
}

// draw turns the edges between the cells of different grids into lines: smoothed, thinned,
// rounded. Lines that come to touch are drawn again closer to the lattice; on it they cannot.
func draw(d *division) *drawing {
	w := &drawing{division: d, kept: make([]bool, 2*d.size()), at: make([]orb.Point, 2*d.size())}
	w.trace()
	for i := range w.arcs {
		w.ink(&w.arcs[i])
	}
	for bad := w.conflicts(); len(bad) > 0; bad = w.conflicts() {
		for _, i := range bad {
			w.arcs[i].roughness++
			w.ink(&w.arcs[i])
		}
	}
	return w
}

func (e edge) cell() int { return int(e) / 6 }
func (e edge) side() int { return int(e) % 6 }

// across returns the cell on the other side of e.
func (l lattice) across(e edge) int { return l.neighbour(e.cell(), e.side()) }

// start returns the corner at which e begins.
func (l lattice) start(e edge) int { return l.corner(e.cell(), e.side()) }

// next returns the edge after e around the grid that e's cell belongs to: the outline in
// which cells of one label are held together.
func (l lattice) next(of []int32, e edge) edge {
	turn := (e.side() + 1) % 6
	if t := l.neighbour(e.cell(), turn); of[t] == of[e.cell()] {
		return edge(6*t + (e.side()+5)%6)
	}
	return edge(6*e.cell() + turn)
}

// junction reports whether three grids (or two and the sea) meet where e begins.
func (l lattice) junction(of []int32, e edge) bool {
	t := of[l.neighbour(e.cell(), (e.side()+5)%6)]
	return t != of[e.cell()] && t != of[l.across(e)]
}

// edges calls visit for each edge that has the higher-numbered grid on its left, in rising order.
func (d *division) edges(of []int32, visit func(e edge)) {
	for _, cells := range [][]int{d.dry, d.islands} {
		for _, c := range cells {
			for side := range 6 {
				if e := edge(6*c + side); of[c] > of[d.across(e)] {
					visit(e)
				}
			}
		}
	}
}

// trace finds the arcs: first those between junctions, then the closed ones.
func (w *drawing) trace() {
	of, seen := w.of[3], make([]bool, 6*w.size())
	size := w.sizes()
	follow := func(e edge) {
		a := arc{corners: []int{w.start(e)}, size: size[of[e.cell()]]}
		if sea := of[w.across(e)]; sea != 0 {
			a.size = min(a.size, size[sea])
		}
		for first := e; ; {
			seen[e] = true
			e = w.next(of, e)
			a.corners = append(a.corners, w.start(e))
			if e == first || w.junction(of, e) {
				break
			}
		}
		w.arcs = append(w.arcs, a)
	}
	w.edges(of, func(e edge) {
		if w.junction(of, e) {
			follow(e)
		}
	})
	w.edges(of, func(e edge) {
		if !seen[e] {
			follow(e)
		}
	})
}

// sizes returns the root of the area of each grid of level 3, in km.
func (w *drawing) sizes() []float64 {
	size := make([]float64, level3Count+1)
	for _, cell := range w.dry {
		size[w.of[3][cell]] += w.cellArea()
	}
	for i := range size {
		size[i] = math.Sqrt(size[i])
	}
	return size
}

// ink smooths an arc, keeps the vertices it needs and rounds them. The ends of an open arc stay.
func (w *drawing) ink(a *arc) {
	line := make([]point, len(a.corners))
	for i, c := range a.corners {
		line[i] = w.cornerAt(c)
		w.kept[c] = false
	}
	tolerance := 0.0
	if a.roughness <= 5 {
		tolerance = 0.024 * a.size / float64(int(1)<<a.roughness)
		smooth(line, 3)
	}
	keep := make([]bool, len(line))
	thin(line, keep, tolerance)
	for i, c := range a.corners {
		if keep[i] {
			w.kept[c], w.at[c] = true, line[i].rounded()
		}
	}
}

// smooth rounds off the teeth of the lattice; the ends stay where they are.
func smooth(line []point, passes int) {
	for range passes {
		before := line[0]
		for i := 1; i < len(line)-1; i++ {
			p := line[i]
			line[i] = p.times(0.5).plus(before.plus(line[i+1]).times(0.25))
			before = p
		}
	}
}

// thin marks the ends of a line and the vertices without which it would move by more than
// tolerance km (Douglas and Peucker 1973). A closed line is cut at the vertex furthest from its end.
func thin(line []point, keep []bool, tolerance float64) {
	last := len(line) - 1
	keep[0], keep[last] = true, true
	if last < 2 {
		return
	}
	far, at := -1.0, 0
	for i := 1; i < last; i++ {
		if d := line[i].toSegment(line[0], line[last]); d > far {
			far, at = d, i
		}
	}
	if far > tolerance {
		thin(line[:at+1], keep[:at+1], tolerance)
		thin(line[at:], keep[at:], tolerance)
	}
}
