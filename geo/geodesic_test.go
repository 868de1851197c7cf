package geo

import (
	"math"
	"testing"
)

// TestAreaCoefficients compares the series with the integral it stands for, (62) of Karney 2013:
// I4(σ) = -∫ from π/2 to σ of (t(e'²) - t(k² sin²s)) / (e'² - k² sin²s) · sin s / 2 ds with
// t(x) = x + √(1/x + 1) asinh √x.
func TestAreaCoefficients(t *testing.T) {
	series := func(x float64) float64 { return x + math.Sqrt(1/x+1)*math.Asinh(math.Sqrt(x)) }
	for _, cos0 := range []float64{0.1, 0.5, 0.9, 0.999} {
		k2 := ecc2Prime * cos0 * cos0
		integrand := func(s float64) float64 {
			x := max(k2*math.Sin(s)*math.Sin(s), 1e-18)
			return (series(ecc2Prime) - series(x)) / (ecc2Prime - x) * math.Sin(s) / 2
		}
		g := geodesic{one: reduced{sin: 0, cos: 1}} // from the equator, where α0 = α1
		g.aim(math.Sqrt(1-cos0*cos0), cos0)
		for _, sigma := range []float64{0.1, 0.7, 1.2} {
			const n = 20000
			h, sum := (math.Pi/2-sigma)/n, 0.0
			for i := range n { // Simpson
				s := sigma + float64(i)*h
				sum += h / 6 * (integrand(s) + 4*integrand(s+h/2) + integrand(s+h))
			}
			g.sigma, g.sum = math.Pi/2-sigma, math.Pi/2+sigma
			// From σ to π/2 the series must give I4(π/2) - I4(σ) = -I4(σ), as I4(π/2) = 0.
			if got := -g.areaIntegral(); math.Abs(got-sum) > 1e-11 {
				t.Errorf("cos α0 %v: I4(%v) = %.16g by the series, %.16g by the integral", cos0, sigma, got, sum)
			}
		}
	}
}
