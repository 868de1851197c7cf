package district

import (
	"math"
	"slices"
)

// targetKm2 is the area of the land; smoothing its outline moves it by about a thousandth.
const targetKm2 = 1307.0

// A land is the ground to be divided: which hexagons are dry, and what lies on them.
type land struct {
	lattice
	rough, wild, tint noise
	dry               []int     // cells of the mainland, rising
	islands           []int     // cells of the islands, rising
	crowd             []float64 // wanted grids per km², by cell; 0 in the sea
	river             []bool    // cells under the river, by cell
}

// mainland is the invented shape before its edge is frayed: degrees, anticlockwise from the west.
func mainland() []point {
	return board([][2]float64{
		{120.205, 27.730},
		{120.245, 27.668},
		{120.300, 27.655},
		{120.335, 27.610},
		{120.405, 27.632},
		{120.450, 27.580},
		{120.515, 27.612},
		{120.575, 27.590},
		{120.630, 27.640},
		{120.700, 27.622},
		{120.732, 27.668},
		{120.742, 27.708},
		{120.718, 27.733},
		{120.672, 27.744},
		{120.672, 27.749},
		{120.722, 27.750},
		{120.752, 27.775},
		{120.772, 27.830},
		{120.768, 27.880},
		{120.742, 27.922},
		{120.690, 27.942},
		{120.642, 27.912},
		{120.592, 27.872},
		{120.545, 27.905},
		{120.488, 27.900},
		{120.438, 27.958},
		{120.362, 27.965},
		{120.302, 27.925},
		{120.222, 27.902},
		{120.238, 27.840},
		{120.198, 27.790},
	})
}

// riverCourse is the river from the western hills to its mouth.
func riverCourse() []point {
	return board([][2]float64{
		{120.20, 27.752},
		{120.27, 27.782},
		{120.33, 27.765},
		{120.38, 27.730},
		{120.44, 27.742},
		{120.475, 27.775},
		{120.52, 27.782},
		{120.555, 27.757},
		{120.60, 27.762},
		{120.64, 27.752},
		{120.675, 27.746},
		{120.76, 27.738},
	})
}

// An islet is an island of about the given radius (km).
type islet struct {
	at     point
	radius float64
}

func islets() []islet {
	return []islet{
		{onBoard(120.868, 27.655), 0.75},
		{onBoard(120.905, 27.628), 0.45},
		{onBoard(121.062, 27.612), 0.62},
		{onBoard(121.191, 27.627), 0.50},
	}
}

func board(degrees [][2]float64) []point {
	ps := make([]point, len(degrees))
	for i, d := range degrees {
		ps[i] = onBoard(d[0], d[1])
	}
	return ps
}

// newLand raises the land from the sea.
func newLand(seed uint64) *land {
	l := &land{lattice: newLattice(0.0034), rough: noise(mix(seed + 1)), wild: noise(mix(seed + 2)), tint: noise(mix(seed + 3))}
	l.raiseIslands()
	l.raiseMainland(targetKm2 - float64(len(l.islands))*l.cellArea())
	l.settle()
	return l
}

// fray returns p moved by noise, up to about reach km; equal points move equally.
func (l *land) fray(p point, reach, wavelength float64, octaves int) point {
	q := p.times(1 / wavelength)
	return point{p.x + reach*l.rough.octaves(q, octaves, 0.55), p.y + reach*l.wild.octaves(q, octaves, 0.55)}
}

// raiseMainland takes the cells deepest inside the frayed shape until they make up km2.
func (l *land) raiseMainland(km2 float64) {
	shape := mainland()
	lo, hi := onBoard(120.17, 27.54), onBoard(120.80, 27.99)
	depth := make([]float64, l.size())
	var sorted []float64
	for cell := range depth {
		p := l.center(cell)
		depth[cell] = math.Inf(-1)
		if p.x < lo.x || p.y < lo.y || p.x > hi.x || p.y > hi.y {
			continue
		}
		if depth[cell] = inside(p, shape); math.Abs(depth[cell]) < 4 {
			depth[cell] = inside(l.fray(p, 3.4, 7, 7), shape)
		}
		sorted = append(sorted, depth[cell])
	}
	slices.Sort(sorted)
	shore := sorted[max(0, len(sorted)-int(km2/l.cellArea()))]
	l.dry = l.mainBody(func(cell int) bool { return depth[cell] >= shore })
}

// inside returns how far p lies inside a closed shape (km), negative outside.
func inside(p point, shape []point) float64 {
	in, d := false, math.Inf(1)
	for i, b := range shape {
		a := shape[(i+len(shape)-1)%len(shape)]
		d = min(d, p.toSegment(a, b))
		if (a.y > p.y) != (b.y > p.y) && p.x < a.x+(p.y-a.y)/(b.y-a.y)*(b.x-a.x) {
			in = !in
		}
	}
	if in {
		return d
	}
	return -d
}

// mainBody returns the largest connected set of cells for which dry holds, its lakes filled.
func (l *land) mainBody(dry func(cell int) bool) []int {
	land := l.largest(dry)
	isLand := make([]bool, l.size())
	for _, c := range land {
		isLand[c] = true
	}
	sea := make([]bool, l.size())
	for _, c := range l.largest(func(cell int) bool { return !isLand[cell] }) {
		sea[c] = true
	}
	land = land[:0]
	for cell := range sea {
		if !sea[cell] && (isLand[cell] || l.interior(cell)) {
			land = append(land, cell)
		}
	}
	return land
}

// interior reports whether a cell is away from the rim of the board.
func (l *land) interior(cell int) bool {
	r, c := cell/l.cols, cell%l.cols
	return r > 1 && c > 1 && r < l.rows-2 && c < l.cols-2
}

// largest returns the largest connected set of interior cells for which want holds.
func (l *land) largest(want func(cell int) bool) []int {
	seen := make([]bool, l.size())
	var best []int
	for start := range seen {
		if seen[start] || !l.interior(start) || !want(start) {
			continue
		}
		seen[start] = true
		body := []int{start}
		for i := 0; i < len(body); i++ {
			for side := range 6 {
				n := l.neighbour(body[i], side)
				if !seen[n] && l.interior(n) && want(n) {
					seen[n] = true
					body = append(body, n)
				}
			}
		}
		if len(body) > len(best) {
			best = body
		}
	}
	return best
}

// raiseIslands finds the cells of the islands, each a frayed disc.
func (l *land) raiseIslands() {
	for cell := range l.size() {
		p := l.center(cell)
		for _, isle := range islets() {
			if p.distance(isle.at) > 2*isle.radius {
				continue
			}
			if l.fray(p, 0.7*isle.radius, 1.1, 4).distance(isle.at) < isle.radius {
				l.islands = append(l.islands, cell)
			}
		}
	}
}
