package geo

import (
	"errors"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/paulmach/orb"
	"pgregory.net/rapid"
)

// needles are segments that nearly run along each other, and a few that cross them all.
func needles(r *rand.Rand, n int) []segment {
	var segs []segment
	for range n {
		y := 30 + 1e-13*float64(r.IntN(20))
		segs = append(segs, segment{a: orb.Point{120 + r.Float64(), y}, b: orb.Point{121 + r.Float64(), y + 1e-13*r.Float64()}, wind: 1})
	}
	for range n / 4 {
		segs = append(segs, segment{a: orb.Point{120 + 2*r.Float64(), 29}, b: orb.Point{120 + 2*r.Float64(), 31}, wind: 1})
	}
	return segs
}

func TestNodedSegmentsMeetInEndsOnly(t *testing.T) {
	for name, noded := range map[string]func([]segment) ([]segment, error){"kept": node, "on grids": nodeOnGrids} {
		rapid.Check(t, func(t *rapid.T) {
			r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
			segs, err := noded(needles(r, 3+r.IntN(20)))
			if err != nil {
				t.Fatal(name, err)
			}
			for i := range segs {
				for j := range segs[:i] {
					if cuts := appendCuts(nil, segs, i, j); len(cuts) > 0 {
						t.Fatalf("%s: %v and %v are to be cut: %v", name, segs[i], segs[j], cuts)
					}
				}
			}
		})
	}
}

func TestNodeGivesUp(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	var segs []segment
	for range 3000 {
		segs = append(segs, segment{a: orb.Point{r.Float64(), r.Float64()}, b: orb.Point{r.Float64(), r.Float64()}, wind: 1})
	}
	if _, err := node(segs); !errors.Is(err, errTangled) {
		t.Errorf("%v, want %v", err, errTangled)
	}
}

// The same by rational arithmetic, which never rounds.
func TestCrossingIsTheNearestPoint(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		point := func() orb.Point { return orb.Point{120 + r.Float64(), 30 + r.Float64()*1e-6} }
		a, b, c, d := point(), point(), point(), point()
		if meet(a, b, c, d).kind != meetCross {
			return
		}
		got := crossing(a, b, c, d)
		for k := range got {
			if want, _ := rationalCrossing(a, b, c, d)[k].Float64(); got[k] != want {
				t.Fatalf("%v, want %v in %d", got, want, k)
			}
		}
		if other := crossing(d, c, b, a); other != got {
			t.Fatalf("%v, other way round %v", got, other)
		}
	})
}

func rationalCrossing(a, b, c, d orb.Point) [2]*big.Rat {
	rat := func(v float64) *big.Rat { return new(big.Rat).SetFloat64(v) }
	sub := func(v, w float64) *big.Rat { return new(big.Rat).Sub(rat(v), rat(w)) }
	cross := func(ux, uy, vx, vy *big.Rat) *big.Rat {
		return new(big.Rat).Sub(new(big.Rat).Mul(ux, vy), new(big.Rat).Mul(uy, vx))
	}
	cdx, cdy := sub(d[0], c[0]), sub(d[1], c[1])
	t := new(big.Rat).Quo(
		cross(sub(c[0], a[0]), sub(c[1], a[1]), cdx, cdy),
		cross(sub(b[0], a[0]), sub(b[1], a[1]), cdx, cdy))
	var out [2]*big.Rat
	for k := range out {
		step := new(big.Rat).Mul(t, sub(b[k], a[k]))
		out[k] = step.Add(step, rat(a[k]))
	}
	return out
}

func TestBoxTreeFindsAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		box := func() orb.Bound {
			return segmentBox(orb.Point{r.Float64(), r.Float64()}, orb.Point{r.Float64(), r.Float64()})
		}
		boxes := make([]orb.Bound, 1+r.IntN(700))
		for i := range boxes {
			boxes[i] = box()
		}
		q, from, to := box(), r.IntN(len(boxes)), r.IntN(len(boxes)+1)
		var got, want []int
		newBoxTree(boxes).search(q, from, to, func(i int) bool {
			got = append(got, i)
			return true
		})
		for i := from; i < to; i++ {
			if boxesMeet(boxes[i], q) {
				want = append(want, i)
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%v, want %v", got, want)
		}
	})
}
