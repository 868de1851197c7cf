package tiles

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/paulmach/orb"

	"hazgrid/geo"
)

// Extent is the side of a tile in tile units, Buffer the width of the margin around it, in
// the same units, in which features are kept so that outlines and circles are not cut.
const (
	Extent = 4096
	Buffer = 64
)

// MaxZoom is the deepest zoom that has tiles: there a tile unit is about 2 mm.
const MaxZoom = 22

// maxLatitude is where Web Mercator ends: atan(sinh(π)) in degrees.
const maxLatitude = 85.0511287798066

// ErrAddress says that no tile has the address asked for.
var ErrAddress = errors.New("tiles: no such tile")

// An Address names a tile of the Web Mercator pyramid, rows counted from the north ("XYZ").
type Address struct{ Z, X, Y uint32 }

// ParseAddress reads the three parts of a tile's path. What is no plain decimal number,
// and zooms, columns and rows that do not exist, are ErrAddress.
func ParseAddress(z, x, y string) (Address, error) {
	var n [3]uint32
	for i, s := range [...]string{z, x, y} {
		v, err := strconv.ParseUint(s, 10, 32)
		if err != nil || len(s) > 1 && s[0] == '0' {
			return Address{}, fmt.Errorf("%w: %q is no number of a tile", ErrAddress, s)
		}
		n[i] = uint32(v)
	}
	a := Address{n[0], n[1], n[2]}
	if !a.Valid() {
		return Address{}, fmt.Errorf("%w: %s (zoom 0 to %d)", ErrAddress, a, MaxZoom)
	}
	return a, nil
}

// Valid reports whether the pyramid has a tile at a.
func (a Address) Valid() bool {
	return a.Z <= MaxZoom && a.X < 1<<a.Z && a.Y < 1<<a.Z
}

// String returns "z/x/y".
func (a Address) String() string { return fmt.Sprintf("%d/%d/%d", a.Z, a.X, a.Y) }

// Bound returns the box of the tile grown by margin tile units on every side, in degrees.
// It ends at the edges of the map: longitude ±180, latitude ±85.0511287798066.
func (a Address) Bound(margin float64) orb.Bound {
	west, north := a.lonLat(-margin, -margin)
	east, south := a.lonLat(Extent+margin, Extent+margin)
	return orb.Bound{Min: orb.Point{west, south}, Max: orb.Point{east, north}}
}

// lonLat returns the degrees of a place in the tile, x and y in tile units.
func (a Address) lonLat(x, y float64) (lon, lat float64) {
	n := math.Exp2(float64(a.Z))
	lon = (float64(a.X)+x/Extent)/n*360 - 180
	lat = math.Atan(math.Sinh(math.Pi*(1-2*(float64(a.Y)+y/Extent)/n))) * 180 / math.Pi
	return min(max(lon, -180), 180), min(max(lat, -maxLatitude), maxLatitude)
}

// units returns p (degrees) in the tile's units: (0,0) is the north-west corner, y points
// south. Latitudes beyond the end of Web Mercator count as its end.
func (a Address) units(p orb.Point) orb.Point {
	n := math.Exp2(float64(a.Z))
	x, y := geo.Mercator(p)
	return orb.Point{(x*n - float64(a.X)) * Extent, (y*n - float64(a.Y)) * Extent}
}
