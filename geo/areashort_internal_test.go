package geo

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/paulmach/orb"
)

// TestAreaOfShortSides holds the short way to Karney's on rings of all sizes and latitudes that it serves.
func TestAreaOfShortSides(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	worst := 0.0
	for range 20_000 {
		at := orb.Point{r.Float64()*360 - 180, r.Float64()*118 - 59}
		size := shortDegrees / 2 * math.Pow(10, -3*r.Float64())
		n := 3 + r.IntN(12)
		var ring orb.Ring
		for k := range n {
			sin, cos := math.Sincos(2 * math.Pi * float64(k) / float64(n))
			far := size * (0.5 + r.Float64()/2)
			ring = append(ring, orb.Point{at[0] + far*cos, at[1] + far*sin})
		}
		var long compensated
		for a, b := range segments(ring) {
			if !shortSide(a, b) {
				t.Fatalf("%v to %v is not short", a, b)
			}
			g, east := geodesicBetween(a, b)
			long.add(math.Copysign(1, east) * g.areaToEquator())
		}
		want := math.Abs(long.sum())
		side := 2 * size * degree * equatorRadius
		// Both ways round the area down to the equator, which is up to 10⁷ m high, to a few units in the last place.
		noise := float64(n) * side * 1e7 * 0x1p-51
		off := math.Abs(ringArea(ring) - want)
		worst = max(worst, off/want)
		if off > 1e-11*want+noise {
			t.Errorf("%v: %v m², want %v", ring, ringArea(ring), want)
		}
	}
	t.Logf("worst relative difference %.2g", worst)
}
