package district

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// How many grids each level has.
const (
	level1Count = 15
	level2Count = 75
	level3Count = 1888
)

// A division gives each cell its grid (from 1; 0 is the sea) at each of the three levels.
// Grids are numbered by level; parent[n] is the grid above.
type division struct {
	*land
	of     [4][]int32 // by level (1 to 3) and cell
	parent [4][]int32 // by level and grid
}

// divide parts the land into 15, 75 and 1,888 connected grids, each within one of the level above.
func divide(l *land, r *rand.Rand) *division {
	d := &division{land: l}
	whole := make([]int32, l.size())
	for _, cell := range l.dry {
		whole[cell] = 1
	}
	seats := make([]seat, level1Count)
	for i, t := range towns()[:level1Count] {
		seats[i] = seat{cell: l.nearest(t.at), parent: 1}
	}
	d.set(1, seats, l.grow(whole, seats, 10))
	seats = l.place(d.of[1], level2Count, r)
	d.set(2, seats, l.grow(d.of[1], seats, 5))
	seats = l.place(d.of[2], level3Count, r)
	d.set(3, seats, l.grow(d.of[2], seats, 1))
	d.addIslands()
	return d
}

// set keeps one level of the division.
func (d *division) set(level int, seats []seat, of []int32) {
	d.of[level] = of
	d.parent[level] = make([]int32, len(seats)+1)
	for i, s := range seats {
		d.parent[level][i+1] = s.parent
	}
}

// addIslands gives the islands to the easternmost grid of the coast nearest to them.
func (d *division) addIslands() {
	near, best := 0, math.Inf(1)
	for _, cell := range d.dry {
		if m := d.center(cell).distance(islets()[0].at); m < best {
			near, best = cell, m
		}
	}
	for level := 1; level <= 3; level++ {
		for _, cell := range d.islands {
			d.of[level][cell] = d.of[level][near]
		}
	}
}

// nearest returns the mainland cell nearest to p.
func (l *land) nearest(p point) int {
	return slices.MinFunc(l.dry, func(a, b int) int {
		return cmp.Compare(l.center(a).distance(p), l.center(b).distance(p))
	})
}

// grow claims the cells around the seats, nearest first, each seat within its grid above, so that each grid is
// connected. Distance is bent by noise of about the size of the grids (times scale), which makes edges
// irregular, and crossing the river is dear, which makes it an edge.
func (l *land) grow(above []int32, seats []seat, scale float64) []int32 {
	of, bent := make([]int32, l.size()), make([]point, l.size())
	for _, cell := range l.dry {
		bent[cell] = l.bend(cell, scale)
	}
	best := make([]float32, l.size())
	var open frontier
	for i, s := range seats {
		open.push(claim{cell: int32(s.cell), grid: int32(i + 1)})
	}
	for len(open) > 0 {
		c := open.pop()
		if of[c.cell] != 0 {
			continue
		}
		of[c.cell] = c.grid
		seat := seats[c.grid-1]
		for side := range 6 {
			n := l.neighbour(int(c.cell), side)
			if of[n] != 0 || above[n] != seat.parent {
				continue
			}
			toll := c.toll
			if l.river[n] {
				toll += float32(0.25 * scale / math.Sqrt(l.crowd[n]))
			}
			price := toll + float32(bent[n].distance(bent[seat.cell]))
			if best[n] == 0 || price < best[n] {
				best[n] = price
				open.push(claim{price, toll, int32(n), c.grid})
			}
		}
	}
	return of
}

// bend moves the middle of a cell by waves of 6 km down to 200 m, none higher than suits its length or the grids here.
func (l *land) bend(cell int, scale float64) point {
	p := l.center(cell)
	size := scale / math.Sqrt(l.crowd[cell])
	q := p
	for i, wave := 0, 6.4; i < 6; i, wave = i+1, wave/2 {
		reach := min(0.42*size, 0.38*wave)
		q.x += reach * (l.rough+noise(10+i)).at(p.x/wave, p.y/wave)
		q.y += reach * (l.wild+noise(10+i)).at(p.x/wave, p.y/wave)
	}
	return q
}

// A claim is what a grid would pay for a cell.
type claim struct {
	price, toll float32 // km
	cell, grid  int32
}

// A frontier is a heap of claims, the cheapest first; ties go to the lower cell, then the lower grid.
type frontier []claim

func (c claim) before(o claim) bool {
	if c.price != o.price {
		return c.price < o.price
	}
	if c.cell != o.cell {
		return c.cell < o.cell
	}
	return c.grid < o.grid
}

func (f *frontier) push(c claim) {
	h := append(*f, c)
	i := len(h) - 1
	for i > 0 && c.before(h[(i-1)/2]) {
		h[i] = h[(i-1)/2]
		i = (i - 1) / 2
	}
	h[i] = c
	*f = h
}

func (f *frontier) pop() claim {
	h := *f
	top, last := h[0], h[len(h)-1]
	h = h[:len(h)-1]
	*f = h
	i := 0
	for 2*i+1 < len(h) {
		child := 2*i + 1
		if child+1 < len(h) && h[child+1].before(h[child]) {
			child++
		}
		if !h[child].before(last) {
			break
		}
		h[i] = h[child]
		i = child
	}
	if len(h) > 0 {
		h[i] = last
	}
	return top
}
