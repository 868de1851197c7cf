package tiles

import (
	"math"

	"github.com/paulmach/orb"
)

// World returns where p (degrees) is on the map of the whole world, a square of side 1 whose north-western corner is (0, 0):
// what all tiles are cut from. Latitudes beyond the end of Web Mercator count as its end.
func World(p orb.Point) orb.Point {
	u := Address{}.units(p)
	return orb.Point{u[0] / Extent, u[1] / Extent}
}

// FromWorld returns the degrees of a place on the map of the world.
func FromWorld(w orb.Point) orb.Point {
	lon, lat := Address{}.lonLat(w[0]*Extent, w[1]*Extent)
	return orb.Point{lon, lat}
}

// PixelSpan is the side of a pixel of a 256 pixel tile in the middle of a latitude (degrees), metres on the ground, on the sphere
// whose circumference is the equator. It is right to 0.7 %, the flattening's share.
func PixelSpan(zoom uint32, lat float64) float64 {
	const equator = 2 * math.Pi * 6378137
	return equator / 256 / math.Exp2(float64(zoom)) * math.Cos(lat*math.Pi/180)
}
