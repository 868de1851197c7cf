package tiles

import (
	"math"
	"slices"

	"github.com/paulmach/orb"
)

// Samples is how many samples a tile has along each side: four for each pixel of a picture of 256 pixels, two for
// each of one of 512. Pictures of both sizes are made of the same samples, so they agree.
const Samples = 1024

// A Canvas is where cells are painted on a tile, one over the other. It takes 4 MB; make the Mosaic and let it go.
type Canvas struct {
	address   Address
	cells     []int32 // by row and sample: number of the cell + 1, 0 where there is none
	corners   []orb.Point
	crossings []int32 // row · 2¹¹ + the first sample to the right of a side
}

// NewCanvas returns an empty canvas for the tile at a.
func NewCanvas(a Address) *Canvas {
	return &Canvas{address: a, cells: make([]int32, Samples*Samples)}
}

// Fill gives the samples whose middle lies in cell (degrees) to its number, from 0. What was painted there is covered.
//
// A sample whose middle lies on a side belongs to one of the cells beside it, by the same rule for both (half open), and
// where a side passes is computed from its lesser end for both: cells that share their edges neither gap nor overlap. Parts
// that lie over each other cancel out, as holes do.
func (c *Canvas) Fill(number int, cell orb.MultiPolygon) {
	c.crossings = c.crossings[:0]
	for _, polygon := range cell {
		for _, ring := range polygon {
			c.cross(ring)
		}
	}
	slices.Sort(c.crossings)
	for k := 0; k+1 < len(c.crossings); k += 2 {
		row, from, to := c.crossings[k]>>11, c.crossings[k]&2047, c.crossings[k+1]&2047
		part := c.cells[row*Samples+from : row*Samples+to]
		for i := range part {
			part[i] = int32(number) + 1
		}
	}
}

// place returns where p (degrees) is in samples: the middle of sample n is n.
func (c *Canvas) place(p orb.Point) orb.Point {
	u := c.address.units(p)
	return orb.Point{u[0]*(Samples/float64(Extent)) - 0.5, u[1]*(Samples/float64(Extent)) - 0.5}
}

// holdsMiddle reports whether the box of a ring may hold the middle of a sample: on a map of the whole country hardly any does, and
// is spared the projection of its corners.
func (c *Canvas) holdsMiddle(ring orb.Ring) bool {
	box := ring.Bound()
	low, high := c.place(orb.Point{box.Min[0], box.Max[1]}), c.place(orb.Point{box.Max[0], box.Min[1]})
	for k := range low {
		if first(low[k]) >= first(high[k]) {
			return false
		}
	}
	return true
}

// first is the first sample of a row or column whose middle is at v or beyond, Samples when there is none.
func first(v float64) int32 { return int32(math.Ceil(min(max(v, 0), Samples))) }

// cross notes where the sides of a ring cross the middles of the rows of samples.
func (c *Canvas) cross(ring orb.Ring) {
	if !c.holdsMiddle(ring) {
		return
	}
	c.corners = c.corners[:0]
	for _, p := range ring {
		c.corners = append(c.corners, c.place(p))
	}
	for i, p := range c.corners {
		q := c.corners[(i+1)%len(c.corners)]
		if q[1] < p[1] || (q[1] == p[1] && q[0] < p[0]) {
			p, q = q, p
		}
		for y := first(p[1]); y < first(q[1]); y++ {
			x := p[0] + (float64(y)-p[1])/(q[1]-p[1])*(q[0]-p[0])
			c.crossings = append(c.crossings, y<<11|first(x))
		}
	}
}

// Mosaic returns what was painted.
func (c *Canvas) Mosaic() *Mosaic {
	m := &Mosaic{ends: make([]int32, Samples)}
	for y := range m.ends {
		row := c.cells[y*Samples : (y+1)*Samples]
		for x := 0; x < Samples; {
			from, cell := x, row[x]
			for x < Samples && row[x] == cell {
				x++
			}
			if cell > 0 {
				m.runs = append(m.runs, run{cell - 1, int16(from), int16(x)})
			}
		}
		m.ends[y] = int32(len(m.runs))
	}
	m.runs = slices.Clip(m.runs)
	return m
}

// A Mosaic says in which cell each sample of a tile lies, if in any. It depends on the cells' geometry only: values
// that change need no new one. It is immutable.
type Mosaic struct {
	runs []run
	ends []int32 // where the runs of each row end
}

// A run is a stretch of a row of samples that lies in one cell.
type run struct {
	cell     int32
	from, to int16
}

// Empty reports whether no sample lies in a cell.
func (m *Mosaic) Empty() bool { return len(m.runs) == 0 }

// Len returns the size of the mosaic, bytes.
func (m *Mosaic) Len() int { return 8*len(m.runs) + 4*len(m.ends) + 64 }

// Row calls f for each stretch from ≤ x < to of a row of samples (0 the northernmost) that lies in one cell, west to east.
func (m *Mosaic) Row(y int, f func(cell, from, to int)) {
	first := int32(0)
	if y > 0 {
		first = m.ends[y-1]
	}
	for _, r := range m.runs[first:m.ends[y]] {
		f(int(r.cell), int(r.from), int(r.to))
	}
}

// PixelSamples is how many samples make a pixel of a picture of 256.
const PixelSamples = 16

// Covered returns how many samples, 0 to PixelSamples, of each of the 256 × 256 pixels of the tile lie in a cell, row by row.
func (m *Mosaic) Covered() []uint8 {
	const pixels, side = 256, Samples / 256
	out := make([]uint8, pixels*pixels)
	for y := range Samples {
		row := out[y/side*pixels : (y/side+1)*pixels]
		m.Row(y, func(_, from, to int) {
			for x := from; x < to; {
				end := min(to, (x/side+1)*side)
				row[x/side] += uint8(end - x)
				x = end
			}
		})
	}
	return out
}
