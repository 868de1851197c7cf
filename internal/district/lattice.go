package district

import (
	"math"

	"github.com/paulmach/orb"
)

// The frame of the drawing board: kilometres east and north of its south-west corner.
const (
	west, east   = 120.17, 121.23 // degrees
	south, north = 27.50, 28.00   // degrees
	kmPerLon     = 98.57          // at 27.75° N on WGS 84
	kmPerLat     = 110.80
)

// A point lies on the drawing board, in kilometres.
type point struct{ x, y float64 }

func (p point) minus(q point) point        { return point{p.x - q.x, p.y - q.y} }
func (p point) plus(q point) point         { return point{p.x + q.x, p.y + q.y} }
func (p point) times(f float64) point      { return point{p.x * f, p.y * f} }
func (p point) dot(q point) float64        { return p.x*q.x + p.y*q.y }
func (p point) distance(q point) float64   { d := p.minus(q); return math.Sqrt(d.dot(d)) }
func onBoard(lon, lat float64) point       { return point{(lon - west) * kmPerLon, (lat - south) * kmPerLat} }
func (p point) lonLat() (lon, lat float64) { return west + p.x/kmPerLon, south + p.y/kmPerLat }

// rounded returns p in degrees with seven decimals: a centimetre, and what the files say.
func (p point) rounded() orb.Point {
	lon, lat := p.lonLat()
	return orb.Point{math.Round(lon*1e7) / 1e7, math.Round(lat*1e7) / 1e7}
}

// toSegment returns the distance of p from the segment ab.
func (p point) toSegment(a, b point) float64 {
	d := b.minus(a)
	t := 0.0
	if l := d.dot(d); l > 0 {
		t = min(max(p.minus(a).dot(d)/l, 0), 1)
	}
	return p.distance(a.plus(d.times(t)))
}

// toPath returns the distance of p from an open path.
func (p point) toPath(path []point) float64 {
	best := math.Inf(1)
	for i := 1; i < len(path); i++ {
		best = min(best, p.toSegment(path[i-1], path[i]))
	}
	return best
}

// A lattice is a board of hexagons standing on a corner, in rows; every other row is
// shifted by half a hexagon. Three hexagons meet at each corner, so whatever sets of
// hexagons are drawn, their outlines never cross or touch themselves.
type lattice struct {
	cols, rows int
	side       float64 // km
}

// newLattice covers the drawing board with hexagons of the given area (km²).
func newLattice(area float64) lattice {
	side := math.Sqrt(area * 2 / (3 * math.Sqrt(3)))
	w, h := (east-west)*kmPerLon, (north-south)*kmPerLat
	return lattice{cols: int(w/(side*math.Sqrt(3))) + 1, rows: int(h/(side*1.5)) + 1, side: side}
}

func (l lattice) size() int { return l.cols * l.rows }

// cellArea returns the area of a hexagon in km².
func (l lattice) cellArea() float64 { return 1.5 * math.Sqrt(3) * l.side * l.side }

// center returns the middle of a cell.
func (l lattice) center(cell int) point {
	r, c := cell/l.cols, cell%l.cols
	return point{l.side * math.Sqrt(3) * (float64(c) + 0.5*float64(r&1)), l.side * 1.5 * float64(r)}
}

// steps returns the cells around a cell of an even or odd row, as offsets:
// east, north-east, north-west, west, south-west, south-east.
func (l lattice) steps(odd int) [6]int {
	return [6]int{1, l.cols + odd, l.cols + odd - 1, -1, odd - 1 - l.cols, odd - l.cols}
}

// neighbour returns the cell across the given side (0 to 5, anticlockwise from east).
// Only cells away from the rim of the board may be asked; land never touches the rim.
func (l lattice) neighbour(cell, side int) int {
	return cell + l.steps((cell / l.cols) & 1)[side]
}

// corner returns the id of the corner at which the given side of a cell begins,
// anticlockwise. Each cell owns its northern (even ids) and southern corner.
func (l lattice) corner(cell, side int) int {
	switch side {
	case 0:
		return 2 * l.neighbour(cell, 5)
	case 1:
		return 2*l.neighbour(cell, 1) + 1
	case 2:
		return 2 * cell
	case 3:
		return 2*l.neighbour(cell, 2) + 1
	case 4:
		return 2 * l.neighbour(cell, 4)
	default:
		return 2*cell + 1
	}
}

// cornerAt returns where a corner lies.
func (l lattice) cornerAt(corner int) point {
	c := l.center(corner / 2)
	if corner%2 == 0 {
		return point{c.x, c.y + l.side}
	}
	return point{c.x, c.y - l.side}
}
