package tiles

import (
	"iter"

	"hazgrid/geo"
)

// MaxPoints is the most points that a tile shows one by one: on a screen of 512 pixels one on each 128 square pixels. Where any tile of a
// zoom has more, all tiles of that zoom gather points in cells, at most MaxCells in each.
const (
	MaxPoints = 2048
	MaxCells  = 4096
)

// Depths of cells below the zoom of a tile: a tile has 2^depth of them on a side, so a cell lies in one tile. Cells of the deepest are 2
// pixels wide on a screen, those of the shallowest 8.
const (
	Apart      = geo.CurveZoom // no cells: every point by itself
	deepest    = 8
	shallowest = 6
)

// Depth returns the depth of cells in which a map at zoom z shows the points along c: Apart if no tile has more than MaxPoints,
// else the deepest at which none has more cells than MaxCells. It is the same for all tiles of a zoom, so that
// neighbours look alike.
func Depth(c geo.Curve, z int) int {
	depths := [...]int{Apart, deepest, deepest - 1, shallowest}
	limits := [...]int{MaxPoints, MaxCells, MaxCells, MaxCells}
	var here, most [len(depths)]int
	for i := range c {
		same := c.Same(i)
		if same < z {
			here = [len(depths)]int{}
		}
		for k, d := range depths {
			if d == Apart || same < z+d {
				here[k]++
				most[k] = max(most[k], here[k])
			}
		}
	}
	for k, d := range depths {
		if most[k] <= limits[k] {
			return d
		}
	}
	return shallowest // which has no more cells than MaxCells
}

// Shallower returns the next depth of cells, down to 0: the tile itself is the cell.
func Shallower(depth int) int {
	if depth == Apart {
		return deepest
	}
	return depth - 1
}

// Cells yields the runs of c, from ≤ i < to, that are one symbol each in tile a at a depth of cells, in the order of c: those of the tile, and
// those around it that may reach into its Buffer. A cell is never cut: with Apart each place is a run.
func (a Address) Cells(c geo.Curve, depth int) iter.Seq2[int, int] {
	return func(yield func(from, to int) bool) {
		w := descent{curve: c, around: a, stop: int(a.Z) + min(depth, bufferDepth)}
		w.emit = func(from, to int) bool {
			for start, i := from, from+1; i <= to; i++ {
				if i < to && depth != Apart && c.Same(i) >= int(a.Z)+depth {
					continue
				}
				if !yield(start, i) {
					return false
				}
				start = i
			}
			return true
		}
		w.visit(0, 0, 0, 0, len(c))
	}
}

// bufferDepth is the depth of cells as wide as Buffer: Extent/2⁶.
const bufferDepth = 6

// A descent goes down the pyramid to the places in a tile with its Buffer.
type descent struct {
	curve  geo.Curve
	around Address
	stop   int // zoom of the tiles that are not looked into
	emit   func(from, to int) bool
}

// visit emits what of the places from ≤ i < to, those of tile z/x/y, is wanted, and reports whether to go on.
func (w *descent) visit(z int, x, y uint32, from, to int) bool {
	if from == to {
		return true
	}
	meets, within := w.meets(z, x, y)
	if !meets {
		return true
	}
	if within || z == w.stop {
		return w.emit(from, to)
	}
	for child := range uint32(4) {
		cx, cy := 2*x+child&1, 2*y+child>>1
		end := to
		if child < 3 {
			_, n := w.curve[from:to].Run(z+1, cx, cy)
			end = from + n
		}
		if !w.visit(z+1, cx, cy, from, end) {
			return false
		}
		from = end
	}
	return true
}

// meets tells whether tile z/x/y meets the tile of w with its Buffer, and whether it lies within.
func (w *descent) meets(z int, x, y uint32) (meets, within bool) {
	zoom := int(w.around.Z) + bufferDepth
	up, down := max(zoom-z, 0), max(z-zoom, 0)
	axis := func(v, tile uint32) (meets, within bool) {
		lo, hi := int64(v)<<up>>down, int64(v+1)<<up>>down
		if down > 0 {
			hi = lo + 1
		}
		low, high := int64(tile)<<bufferDepth-1, int64(tile+1)<<bufferDepth+1
		return lo < high && low < hi, low <= lo && hi <= high
	}
	mx, wx := axis(x, w.around.X)
	my, wy := axis(y, w.around.Y)
	return mx && my, wx && wy
}
