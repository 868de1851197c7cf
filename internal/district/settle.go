package district

import "math"

// A town is a place that draws people: it crowds the ground around it.
type town struct {
	at     point
	radius float64 // km, at which the pull has fallen to a third
	pull   float64 // grids per km² at its middle
}

// towns returns the middles of the 15 level-1 grids, in the order of townNames, then the
// smaller market places between them.
func towns() []town {
	t := func(lon, lat, radius, pull float64) town { return town{onBoard(lon, lat), radius, pull} }
	return []town{
		t(120.646, 27.783, 2.3, 17), t(120.612, 27.800, 1.7, 14), t(120.682, 27.806, 1.9, 15), t(120.712, 27.846, 1.6, 12), t(120.716, 27.778, 1.6, 10),
		t(120.650, 27.722, 1.7, 12), t(120.578, 27.730, 1.5, 10), t(120.700, 27.893, 2.6, 16), t(120.482, 27.735, 1.5, 11), t(120.492, 27.828, 1.4, 10),
		t(120.395, 27.850, 1.0, 9), t(120.295, 27.745, 1.0, 8), t(120.362, 27.918, 0.7, 7), t(120.525, 27.655, 0.8, 8), t(120.400, 27.693, 0.7, 7),
		t(120.728, 27.905, 1.1, 9), t(120.655, 27.680, 1.0, 8), t(120.545, 27.835, 0.8, 7), t(120.445, 27.790, 0.8, 6), t(120.585, 27.675, 0.8, 6),
		t(120.340, 27.800, 0.6, 6), t(120.445, 27.905, 0.6, 5), t(120.275, 27.850, 0.5, 5), t(120.455, 27.650, 0.6, 5), t(120.350, 27.660, 0.5, 5),
	}
}

// Most and fewest grids wanted per km²: what makes the smallest grids about 0.05 km², the largest several km².
const (
	mostPerKm2   = 12
	fewestPerKm2 = 0.16
)

// settle says how many grids the people on each cell call for, and where the river runs.
func (l *land) settle() {
	l.crowd = make([]float64, l.size())
	l.river = make([]bool, l.size())
	course, places := riverCourse(), towns()
	for _, cell := range l.dry {
		p := l.center(cell)
		stream := l.fray(p, 0.5, 3, 3).toPath(course)
		l.river[cell] = stream < 0.11
		l.crowd[cell] = l.crowdAt(l.fray(p, 1.1, 2.4, 3), stream, places)
	}
	for _, cell := range l.islands {
		l.crowd[cell] = fewestPerKm2
	}
}

// crowdAt adds up hills, plain and towns at a point stream km away from the river.
func (l *land) crowdAt(p point, stream float64, places []town) float64 {
	coast := 1 / (1 + math.Exp((onBoard(120.595, 0).x-p.x)/1.6))
	valley := math.Exp(-stream * stream / (2.6 * 2.6))
	plain := max(coast*1.15, valley*0.75)
	crowd := fewestPerKm2 + 0.42*max(0, 0.5+l.tint.octaves(p.times(1/4.5), 3, 0.5)) + 0.85*plain
	for _, t := range places {
		if d := p.distance(t.at) / t.radius; d < 3 {
			crowd += t.pull * math.Exp(-d*d)
		}
	}
	return min(crowd, mostPerKm2)
}
