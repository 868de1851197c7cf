package geo_test

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"hazgrid/geo"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"
	"pgregory.net/rapid"
)

func TestDissolve(t *testing.T) {
	for name, c := range map[string]struct {
		parts []string
		want  string
	}{
		"one":            {[]string{"POLYGON((0 0,0 2,2 2,2 0,0 0))"}, "POLYGON((0 0,2 0,2 2,0 2,0 0))"},
		"shared edge":    {[]string{"POLYGON((0 0,2 0,2 2,0 2,0 0))", "POLYGON((2 0,4 0,4 2,2 2,2 0))"}, "POLYGON((0 0,2 0,4 0,4 2,2 2,0 2,0 0))"},
		"apart":          {[]string{"POLYGON((4 4,5 4,5 5,4 4))", "POLYGON((0 0,1 0,1 1,0 0))"}, "MULTIPOLYGON(((0 0,1 0,1 1,0 0)),((4 4,5 4,5 5,4 4)))"},
		"same twice":     {[]string{"POLYGON((0 0,1 0,1 1,0 0))", "POLYGON((0 0,1 1,1 0,0 0))"}, "POLYGON((0 0,1 0,1 1,0 0))"},
		"overlap":        {[]string{"POLYGON((0 0,2 0,2 2,0 2,0 0))", "POLYGON((1 1,3 1,3 3,1 3,1 1))"}, "POLYGON((0 0,2 0,2 1,3 1,3 3,1 3,1 2,0 2,0 0))"},
		"inside":         {[]string{"POLYGON((0 0,9 0,9 9,0 9,0 0))", "POLYGON((1 1,2 1,2 2,1 2,1 1))"}, "POLYGON((0 0,9 0,9 9,0 9,0 0))"},
		"fills the hole": {[]string{"POLYGON((0 0,9 0,9 9,0 9,0 0),(1 1,2 1,2 2,1 2,1 1))", "POLYGON((1 1,1 2,2 2,2 1,1 1))"}, "POLYGON((0 0,9 0,9 9,0 9,0 0))"},
		"a ring of four": {
			[]string{
				"POLYGON((0 0,3 0,3 1,0 1,0 0))", "POLYGON((0 2,3 2,3 3,0 3,0 2))",
				"POLYGON((0 1,1 1,1 2,0 2,0 1))", "POLYGON((2 1,3 1,3 2,2 2,2 1))",
			},
			"POLYGON((0 0,3 0,3 1,3 2,3 3,0 3,0 2,0 1,0 0),(1 1,1 2,2 2,2 1,1 1))",
		},
		"corner only": {[]string{"POLYGON((0 0,1 0,1 1,0 1,0 0))", "POLYGON((1 1,2 1,2 2,1 2,1 1))"}, "MULTIPOLYGON(((0 0,1 0,1 1,0 1,0 0)),((1 1,2 1,2 2,1 2,1 1)))"},
	} {
		t.Run(name, func(t *testing.T) {
			var parts []orb.MultiPolygon
			for _, s := range c.parts {
				parts = append(parts, parseWKT(t, s))
			}
			got, err := geo.Dissolve(parts)
			if want := parseWKT(t, c.want); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%v, %v, want %v", got, err, want)
			}
		})
	}
}

func TestDissolveRefuses(t *testing.T) {
	bowTie := parseWKT(t, "POLYGON((0 0,10 10,10 0,0 10,0 0))")
	for name, parts := range map[string][]orb.MultiPolygon{"nothing": nil, "an empty part": {{}}, "an invalid part": {bowTie}} {
		if got, err := geo.Dissolve(parts); err == nil {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// randomParts are valid areas, some with holes and several members.
func randomParts(r *rand.Rand) []orb.MultiPolygon {
	var parts []orb.MultiPolygon
	for range 1 + r.IntN(5) {
		shape := []func(*rand.Rand) orb.Ring{anywhere, octilinear}[r.IntN(2)]
		if mp, err := geo.Repair(randomPolygons(r, shape)); err == nil {
			parts = append(parts, mp)
		}
	}
	return parts
}

func TestDissolveInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		parts := randomParts(r)
		if len(parts) == 0 {
			return
		}
		want, err := geo.Dissolve(parts)
		if err != nil {
			t.Fatal(err)
		}
		if f := geo.Validate(want); f != nil {
			t.Fatalf("not valid: %v", f)
		}
		for i := range parts {
			parts[i] = shuffledRings(r, parts[i])
		}
		r.Shuffle(len(parts), func(i, k int) { parts[i], parts[k] = parts[k], parts[i] })
		if got, err := geo.Dissolve(parts); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%v, %v, want %v", got, err, want)
		}
	})
}

func TestDissolveAgreesWithPostGIS(t *testing.T) {
	o := newPostgisOracle(t)
	r := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		parts := randomParts(r)
		if len(parts) == 0 {
			continue
		}
		got, err := geo.Dissolve(parts)
		if err != nil {
			t.Fatal(err)
		}
		area, difference := o.union(parts, got)
		if a := planar.Area(got); math.Abs(a-area) > 1e-9*area || difference > 1e-9*area {
			t.Fatalf("area %.17g, PostGIS %.17g, difference %g of %v", a, area, difference, parts)
		}
	}
}
