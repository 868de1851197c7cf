package district

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// A seat is the cell a grid grows from, within a grid of the level above.
type seat struct {
	cell   int
	parent int32
}

// place spreads count seats over the grids of the level above, more where more people are.
func (l *land) place(above []int32, count int, r *rand.Rand) []seat {
	cells := [][]int{}
	for _, cell := range l.dry {
		for int(above[cell]) >= len(cells) {
			cells = append(cells, nil)
		}
		cells[above[cell]] = append(cells[above[cell]], cell)
	}
	weights := make([]float64, len(cells)-1)
	for i, cs := range cells[1:] {
		for _, c := range cs {
			weights[i] += l.crowd[c]
		}
	}
	var seats []seat
	for i, n := range share(weights, count, 3) {
		for _, cell := range l.spread(cells[i+1], n, r) {
			seats = append(seats, seat{cell, int32(i + 1)})
		}
	}
	return seats
}

// share splits count in proportion to the weights, at least least each (largest remainder).
func share(weights []float64, count, least int) []int {
	total := 0.0
	for _, w := range weights {
		total += w
	}
	got, rest := make([]int, len(weights)), count-least*len(weights)
	order, remainder := make([]int, len(weights)), make([]float64, len(weights))
	left := rest
	for i, w := range weights {
		exact := w / total * float64(rest)
		got[i] = least + int(exact)
		remainder[i] = exact - math.Floor(exact)
		left -= int(exact)
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(remainder[b], remainder[a]) })
	for _, i := range order[:left] {
		got[i]++
	}
	return got
}

// spread picks n of the cells, evenly in the eyes of their people: best of several darts
// each time, then moved to the middle of their catchment (Lloyd).
func (l *land) spread(cells []int, n int, r *rand.Rand) []int {
	upTo := make([]float64, len(cells)+1)
	for i, c := range cells {
		upTo[i+1] = upTo[i] + l.crowd[c]
	}
	var seats []int
	for len(seats) < n {
		best, far := cells[0], 0.0
		for range 12 {
			i, _ := slices.BinarySearch(upTo[1:], r.Float64()*upTo[len(cells)])
			cell := cells[min(i, len(cells)-1)]
			if d := l.loneliness(cell, seats); d > far {
				best, far = cell, d
			}
		}
		if far > 0 { // no two in one cell
			seats = append(seats, best)
		}
	}
	for range 4 {
		l.recentre(cells, seats)
	}
	return seats
}

// loneliness is the distance from the nearest seat in units of the grid size wanted there.
func (l *land) loneliness(cell int, seats []int) float64 {
	d, p := math.Inf(1), l.center(cell)
	for _, s := range seats {
		d = min(d, p.distance(l.center(s)))
	}
	return d * math.Sqrt(l.crowd[cell])
}

// recentre moves each seat to the cell nearest the weighted middle of the cells that are nearest to it.
// Weights are squared: only then does the area of a catchment follow 1/crowd.
func (l *land) recentre(cells, seats []int) {
	at, sum, weight := make([]point, len(seats)), make([]point, len(seats)), make([]float64, len(seats))
	for i, s := range seats {
		at[i] = l.center(s)
	}
	for _, c := range cells {
		p, w := l.center(c), l.crowd[c]*l.crowd[c]
		i := closest(p, at)
		sum[i] = sum[i].plus(p.times(w))
		weight[i] += w
	}
	gap := make([]float64, len(seats))
	for i := range seats {
		if weight[i] > 0 {
			at[i] = sum[i].times(1 / weight[i])
		}
		gap[i] = math.Inf(1)
	}
	for _, c := range cells {
		p := l.center(c)
		i := closest(p, at)
		if d := p.distance(at[i]); d < gap[i] {
			gap[i], seats[i] = d, c
		}
	}
}

// closest returns the index of the nearest of at.
func closest(p point, at []point) int {
	best, near := 0, math.Inf(1)
	for i, q := range at {
		d := p.minus(q)
		if m := d.dot(d); m < near {
			best, near = i, m
		}
	}
	return best
}
