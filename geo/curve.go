package geo

import (
	"math"
	"math/bits"
	"slices"

	"github.com/paulmach/orb"
)

// mercatorLatitude is where Web Mercator ends: atan(sinh(π)) in degrees.
const mercatorLatitude = 85.0511287798066

// Mercator returns where p (degrees) lies in the square of Web Mercator: x from 0 in the west to 1 in the east, y from 0 in
// the north to 1 in the south. Latitudes beyond its end count as its end.
func Mercator(p orb.Point) (x, y float64) {
	lat := min(max(p[1], -mercatorLatitude), mercatorLatitude)
	return (p[0] + 180) / 360, 0.5 - math.Atanh(math.Sin(lat*math.Pi/180))/(2*math.Pi)
}

// FromMercator returns the degrees of a place in the square of Web Mercator.
func FromMercator(x, y float64) orb.Point {
	return orb.Point{x*360 - 180, math.Atan(math.Sinh(math.Pi*(1-2*y))) * 180 / math.Pi}
}

// CurveZoom is the zoom whose tiles a Curve tells apart: they are 9 mm wide at the equator.
const CurveZoom = 32

// A Curve is places in order along a Morton curve through the square of Web Mercator: each the column and row of its tile of
// CurveZoom, interleaved. So what lies in one tile, of any zoom, is one run. Places may repeat.
type Curve []uint64

// CurveAt returns p (degrees) as a Curve has it.
func CurveAt(p orb.Point) uint64 {
	x, y := Mercator(p)
	return spread(tileOf(x)) | spread(tileOf(y))<<1
}

// CurvePlace returns the column and row of a place of a Curve at CurveZoom.
func CurvePlace(code uint64) (x, y uint32) { return gather(code), gather(code >> 1) }

// CurveCode is the reverse of CurvePlace.
func CurveCode(x, y uint32) uint64 { return spread(x) | spread(y)<<1 }

func tileOf(v float64) uint32 { return uint32(min(max(v*(1<<CurveZoom), 0), 1<<CurveZoom-1)) }

// spread puts a zero before each bit; gather takes every second bit.
func spread(v uint32) uint64 {
	b := uint64(v)
	b = (b | b<<16) & 0x0000ffff0000ffff
	b = (b | b<<8) & 0x00ff00ff00ff00ff
	b = (b | b<<4) & 0x0f0f0f0f0f0f0f0f
	b = (b | b<<2) & 0x3333333333333333
	return (b | b<<1) & 0x5555555555555555
}

func gather(b uint64) uint32 {
	b &= 0x5555555555555555
	b = (b | b>>1) & 0x3333333333333333
	b = (b | b>>2) & 0x0f0f0f0f0f0f0f0f
	b = (b | b>>4) & 0x00ff00ff00ff00ff
	b = (b | b>>8) & 0x0000ffff0000ffff
	return uint32(b | b>>16)
}

// Run returns where in c the places of the tile z/x/y are: from ≤ i < to. z is at most CurveZoom.
func (c Curve) Run(z int, x, y uint32) (from, to int) {
	shift := 2 * (CurveZoom - z)
	first := CurveCode(x, y) << shift
	from, _ = slices.BinarySearch(c, first)
	last := first | (1<<shift - 1)
	if last == math.MaxUint64 {
		return from, len(c)
	}
	n, _ := slices.BinarySearch(c[from:], last+1)
	return from, from + n
}

// Same returns the greatest zoom at which places i-1 and i of c lie in one tile; -1 for the first place.
func (c Curve) Same(i int) int {
	if i == 0 {
		return -1
	}
	return bits.LeadingZeros64(c[i-1]^c[i]) / 2
}

// Cells returns how many tiles of each zoom up to CurveZoom hold a place of c.
func (c Curve) Cells() []int {
	n := make([]int, CurveZoom+2)
	for i := range c {
		n[c.Same(i)+1]++ // the first zoom at which it opens a tile; a place that repeats opens none
	}
	for z := 1; z <= CurveZoom; z++ {
		n[z] += n[z-1]
	}
	return n[:CurveZoom+1]
}
