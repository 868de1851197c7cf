package tiles

import "math/bits"

// ID returns the number of the tile in a PMTiles archive: tiles are counted zoom by zoom from 0, within a zoom along
// a Hilbert curve (PMTiles 3, "Entries").
func (a Address) ID() uint64 {
	id, x, y := before(a.Z), a.X, a.Y
	for s := uint32(1) << a.Z >> 1; s > 0; s >>= 1 {
		rx, ry := x&s/s, y&s/s
		id += uint64(s) * uint64(s) * uint64((3*rx)^ry)
		x, y = turned(s, rx, ry, x, y)
	}
	return id
}

// addressOf returns the tile of a number.
func addressOf(id uint64) Address {
	z := uint32(bits.Len64(3*id+1)-1) / 2
	d := id - before(z)
	var x, y uint32
	for s := uint32(1); s < 1<<z; s <<= 1 {
		rx := uint32(d/2) & 1
		ry := (uint32(d) ^ rx) & 1
		x, y = turned(s, rx, ry, x, y)
		x, y = x+s*rx, y+s*ry
		d /= 4
	}
	return Address{z, x, y}
}

// before is how many tiles there are at the zooms above z.
func before(z uint32) uint64 { return (1<<(2*z) - 1) / 3 }

// turned turns the quadrant (rx, ry) of side s as the curve runs through it. Only the bits of x and y below s count.
func turned(s, rx, ry, x, y uint32) (uint32, uint32) {
	if ry != 0 {
		return x, y
	}
	if rx != 0 {
		x, y = s-1-x, s-1-y
	}
	return y, x
}
