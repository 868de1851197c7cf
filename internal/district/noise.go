package district

import "math"

// A noise is smooth gradient noise over the plane: the same seed gives the same hills.
type noise uint64

// mix scrambles x (the finaliser of splitmix64).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// slope returns the gradient of lattice node (ix, iy) times the offset (dx, dy) from it.
func (n noise) slope(ix, iy int, dx, dy float64) float64 {
	h := mix(uint64(n) ^ mix(uint64(ix)*0x9e3779b97f4a7c15^mix(uint64(iy))))
	return unit(uint32(h))*dx + unit(uint32(h>>32))*dy
}

// unit maps h to [-1, 1).
func unit(h uint32) float64 { return float64(h)/(1<<31) - 1 }

// at returns noise of wavelength 1 at (x, y), about -0.7 to 0.7.
func (n noise) at(x, y float64) float64 {
	fx, fy := math.Floor(x), math.Floor(y)
	ix, iy := int(fx), int(fy)
	dx, dy := x-fx, y-fy
	u, v := fade(dx), fade(dy)
	south := lerp(n.slope(ix, iy, dx, dy), n.slope(ix+1, iy, dx-1, dy), u)
	north := lerp(n.slope(ix, iy+1, dx, dy-1), n.slope(ix+1, iy+1, dx-1, dy-1), u)
	return lerp(south, north, v)
}

// octaves sums count octaves, each of half the wavelength and gain times the height of the one before.
func (n noise) octaves(p point, count int, gain float64) float64 {
	sum, height, scale := 0.0, 1.0, 1.0
	for i := range count {
		sum += height * (n+noise(i)).at(p.x*scale, p.y*scale)
		height *= gain
		scale *= 2
	}
	return sum
}

func fade(t float64) float64 { return t * t * t * (t*(t*6-15) + 10) }

func lerp(a, b, t float64) float64 { return a + t*(b-a) }
