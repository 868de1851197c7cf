package geo

import (
	"math"
	"math/big"
	"testing"

	"github.com/paulmach/orb"
	"pgregory.net/rapid"
)

// orientRat is orient in exact fractions.
func orientRat(a, b, p orb.Point) int {
	sub := func(x, y float64) *big.Rat {
		return new(big.Rat).Sub(new(big.Rat).SetFloat64(x), new(big.Rat).SetFloat64(y))
	}
	l := new(big.Rat).Mul(sub(b[0], a[0]), sub(p[1], a[1]))
	return l.Cmp(new(big.Rat).Mul(sub(b[1], a[1]), sub(p[0], a[0])))
}

func TestOrientIsExact(t *testing.T) {
	coordinate := rapid.OneOf(
		rapid.Float64Range(-180, 180),
		rapid.Float64Range(120, 120.01),
		rapid.Map(rapid.IntRange(-8, 8), func(n int) float64 { return float64(n) / 8 }),
		rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1e-90, -3e-50, 1e12, math.Nextafter(1, 2), math.Nextafter(1, 0)}),
	)
	ulps := rapid.IntRange(-2, 2)
	rapid.Check(t, func(t *rapid.T) {
		point := func(name string) orb.Point {
			return orb.Point{coordinate.Draw(t, name+"x"), coordinate.Draw(t, name+"y")}
		}
		a, b := point("a"), point("b")
		at := rapid.SampledFrom([]float64{0, 1. / 4, 1. / 3, 1. / 2, 1, 2}).Draw(t, "at")
		near := orb.Point{a[0] + at*(b[0]-a[0]), a[1] + at*(b[1]-a[1])}
		for i := range near {
			near[i] = step(near[i], ulps.Draw(t, "ulps"))
		}
		for _, p := range []orb.Point{near, point("p")} {
			if got, want := orient(a, b, p), orientRat(a, b, p); got != want {
				t.Fatalf("orient(%v, %v, %v) = %d, want %d", a, b, p, got, want)
			}
			if got := orientExact(a, b, p); got != orientRat(a, b, p) {
				t.Fatalf("orientExact(%v, %v, %v) = %d", a, b, p, got)
			}
		}
	})
}

func step(x float64, ulps int) float64 {
	for range max(ulps, -ulps) {
		x = math.Nextafter(x, math.Inf(ulps))
	}
	return x
}
