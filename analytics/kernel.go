package analytics

import (
	"math"
	"sort"
)

// A Lattice is nodes in rows and columns over ground that may be curved, such as the middles of the pixels of a map: rows
// run from west to east, and the columns from north to south, or from south to north.
//
// How far apart two places are is reckoned with the mean of the steps at both, which on the ellipsoid is right to a
// millionth for some kilometres. A plane has the same step everywhere.
type Lattice struct {
	Columns int
	North   []float64 // of each row, metres along the meridian, all rising or all falling
	Step    []float64 // from node to node in each row, metres
}

// An Event is something that happened, Weight times, at a place of a lattice: in columns and rows, whole or between, also
// beyond the outer ones.
type Event struct{ Column, Row, Weight float64 }

// Density returns the density of events at each node of l, row by row, per square metre and to six digits or so: of each event
// the quartic kernel
//
//	3/(π·h²) · (1 − d²/h²)²   for d < h, else 0
//
// where d is the distance and h the bandwidth, both in metres (Silverman 1986, equation 4.5; the default kernel of QGIS and
// ArcGIS, who call h the radius). Over the plane it sums to the weight of the events.
func (l Lattice) Density(events []Event, bandwidth float64) []float32 {
	out := make([]float32, l.Columns*len(l.North))
	for _, e := range events {
		peak := e.Weight * 3 / (math.Pi * bandwidth * bandwidth)
		north, step := read(l.North, e.Row), read(l.Step, e.Row)
		first, end := l.rows(north-bandwidth, north+bandwidth)
		for j := first; j < end; j++ {
			dy, dx := (l.North[j]-north)/bandwidth, (l.Step[j]+step)/2/bandwidth
			l.spread(out[j*l.Columns:(j+1)*l.Columns], e.Column, chord{1 - dy*dy, dx * dx, peak})
		}
	}
	return out
}

// read returns the value between those at whole places; beyond the outer ones it goes on as between the last two.
func read(values []float64, at float64) float64 {
	if len(values) == 1 {
		return values[0]
	}
	i := int(min(max(math.Floor(at), 0), float64(len(values)-2)))
	return values[i] + (at-float64(i))*(values[i+1]-values[i])
}

// A chord is where a row cuts a kernel: at t columns from the middle the kernel is peak·(height − t²·step)², as long as
// what is squared is positive.
type chord struct{ height, step, peak float64 }

// spread adds to a row the kernel around a column.
func (l Lattice) spread(row []float32, column float64, c chord) {
	if c.height <= 0 {
		return
	}
	half := math.Sqrt(c.height / c.step)
	first, last := max(math.Ceil(column-half), 0), min(math.Floor(column+half), float64(l.Columns-1))
	for i := int(first); i <= int(last); i++ {
		t := float64(i) - column
		k := c.height - t*t*c.step
		row[i] += float32(c.peak * k * k)
	}
}

// rows returns the rows between two norths: first to end-1.
func (l Lattice) rows(from, to float64) (first, end int) {
	n := len(l.North)
	if n > 1 && l.North[0] > l.North[1] {
		return sort.Search(n, func(j int) bool { return l.North[j] < to }), sort.Search(n, func(j int) bool { return l.North[j] <= from })
	}
	return sort.Search(n, func(j int) bool { return l.North[j] > from }), sort.Search(n, func(j int) bool { return l.North[j] >= to })
}

// Shares returns for each node of l how much of the kernel around it lies in the study area, 0 to 1. inside says how many of
// all parts of the rectangle around each node do, row by row; beyond the lattice nothing does. The kernel's integral is the sum
// over nodes, divided by what that is without an edge, so that where no edge is near the share is exactly 1.
func (l Lattice) Shares(inside []uint8, all int, bandwidth float64) []float32 {
	out := make([]float32, len(inside))
	sums := newSums(inside, l.Columns)
	for j := range l.North {
		s := l.stencil(j, bandwidth)
		for i := range l.Columns {
			out[j*l.Columns+i] = s.share(inside, all, sums.within(s.around(i)), i)
		}
	}
	return out
}

// A stencil is the kernel around the nodes of one row: weights[k] are those of the row k-reach rows on.
type stencil struct {
	row, columns, rows int
	reach              int // rows
	width              int // columns
	weights            [][]float32
	total              float64
}

func (l Lattice) stencil(row int, bandwidth float64) stencil {
	height := l.height(row) / bandwidth
	step := l.Step[row] / bandwidth
	s := stencil{row: row, columns: l.Columns, rows: len(l.North), reach: int(1 / height), width: int(1 / step)}
	for k := -s.reach; k <= s.reach; k++ {
		c := chord{1 - float64(k*k)*height*height, step * step, 1}
		w := make([]float32, 2*s.width+1)
		Lattice{Columns: len(w)}.spread(w, float64(s.width), c)
		s.weights = append(s.weights, w)
		for _, v := range w {
			s.total += float64(v)
		}
	}
	return s
}

// Area is the ground that each node of a row stands for, m².
func (l Lattice) Area(row int) float64 { return l.Step[row] * l.height(row) }

// height is how far apart the rows are around one, metres.
func (l Lattice) height(row int) float64 {
	a, b := max(row-1, 0), min(row+1, len(l.North)-1)
	if a == b {
		return l.Step[row]
	}
	return math.Abs(l.North[b]-l.North[a]) / float64(b-a)
}

// A window is some rows and columns of a lattice, the last ones included.
type window struct{ top, west, bottom, east int }

// around is the window of the stencil around column i of its row.
func (s *stencil) around(i int) window {
	return window{max(s.row-s.reach, 0), max(i-s.width, 0), min(s.row+s.reach, s.rows-1), min(i+s.width, s.columns-1)}
}

// share is the stencil's around column i of its row, in whose window so many parts are inside.
func (s *stencil) share(inside []uint8, all int, parts int32, i int) float32 {
	switch int(parts) {
	case 0:
		return 0
	case all * (2*s.reach + 1) * (2*s.width + 1):
		return 1
	}
	var total float64
	w := s.around(i)
	for j := w.top; j <= w.bottom; j++ {
		weights := s.weights[j-s.row+s.reach][w.west-i+s.width:]
		var sum float32
		for k, in := range inside[j*s.columns+w.west : j*s.columns+w.east+1] {
			sum += float32(in) * weights[k]
		}
		total += float64(sum)
	}
	return float32(total / (s.total * float64(all)))
}

// sums has at row j and column i the sum of all values before them: Crow's (1984) summed-area table, with a row and a column
// more than the values. Where it overflows, differences are right all the same.
type sums struct {
	columns int
	of      []int32
}

func newSums(values []uint8, columns int) sums {
	s := sums{columns + 1, make([]int32, (columns+1)*(len(values)/columns+1))}
	for at, v := range values {
		k := (at/columns+1)*s.columns + at%columns + 1
		s.of[k] = int32(v) + s.of[k-1] + s.of[k-s.columns] - s.of[k-s.columns-1]
	}
	return s
}

// within is the sum of the values in a window.
func (s sums) within(w window) int32 {
	upper, lower := s.of[w.top*s.columns:], s.of[(w.bottom+1)*s.columns:]
	return lower[w.east+1] - upper[w.east+1] - lower[w.west] + upper[w.west]
}

// leastShare bounds how much Corrected raises a density. With up to 24 nodes to the bandwidth a sixteenth of one node's
// rectangle is more, so only where the study area is narrower than parts of nodes can tell does it count.
const leastShare = 1e-4

// Corrected divides densities, in place, by the shares of the kernels that lie in the study area, none of which counts as
// less than 1/10000: the uniform edge correction (Diggle 1985), for which the density of evenly spread events is even up to the edge.
func Corrected(densities, shares []float32) []float32 {
	for i, s := range shares {
		densities[i] /= max(s, leastShare)
	}
	return densities
}

// Along reads values of the nodes of l along a row, at len(dst) places from column on, each step columns further. row and
// columns are as those of nodes, whole or between; beyond the outer nodes their values go on. Between nodes it is linear in both
// directions, so with nodes s apart a density is off by at most s²/h² of what its events would make if all were there.
func (l Lattice) Along(values []float32, row, column, step float64, dst []float64) {
	j, down := l.between(row, len(l.North))
	upper := values[j*l.Columns : (j+1)*l.Columns]
	lower := values[min(j+1, len(l.North)-1)*l.Columns:][:l.Columns]
	at := -1
	var west, rise float64
	for k := range dst {
		i, t := l.between(column+float64(k)*step, l.Columns)
		if i != at {
			at = i
			next := min(i+1, l.Columns-1)
			west = float64(upper[i]) + down*float64(lower[i]-upper[i])
			rise = float64(upper[next]) + down*float64(lower[next]-upper[next]) - west
		}
		dst[k] = west + t*rise
	}
}

// between returns the last of n nodes at or before a place, and the part of the way to the next.
func (l Lattice) between(at float64, n int) (int, float64) {
	at = min(max(at, 0), float64(n-1))
	i := int(at)
	return i, at - float64(i)
}
