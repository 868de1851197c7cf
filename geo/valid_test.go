package geo_test

import (
	"math"
	"reflect"
	"testing"

	"hazgrid/geo"

	"github.com/paulmach/orb"
)

func TestValidateSaysWhyAndWhere(t *testing.T) {
	for name, c := range map[string]struct {
		wkt, reason string
		at          orb.Point
	}{
		"bow-tie":           {"POLYGON((0 0,10 10,10 0,0 10,0 0))", geo.FaultSelfCrossing, orb.Point{5, 5}},
		"spike":             {"POLYGON((0 0,10 0,10 10,15 10,10 10,0 10,0 0))", geo.FaultSelfTouch, orb.Point{10, 10}},
		"self touch":        {"POLYGON((0 0,10 0,10 10,0 10,0 5,5 7,5 3,0 5,0 0))", geo.FaultSelfTouch, orb.Point{0, 5}},
		"crossing hole":     {"POLYGON((0 0,10 0,10 10,0 10,0 0),(8 3,14 3,14 6,8 6,8 3))", geo.FaultCrossing, orb.Point{10, 3}},
		"crossing, vertex":  {"POLYGON((0 0,10 0,10 10,0 10,0 0),(2 2,8 1,10 5,12 6,10 7,2 8,2 2))", geo.FaultCrossing, orb.Point{10, 5}},
		"through a vertex":  {"MULTIPOLYGON(((0 0,10 0,10 10,0 10,0 0)),((5 5,10 10,5 15,5 5)))", geo.FaultCrossing, orb.Point{5, 10}},
		"shared edge":       {"POLYGON((0 0,10 0,10 10,0 10,0 0),(0 3,4 3,4 6,0 6,0 3))", geo.FaultSharedEdge, orb.Point{0, 3}},
		"hole outside":      {"POLYGON((0 0,10 0,10 10,0 10,0 0),(20 3,24 3,24 6,20 6,20 3))", geo.FaultHoleOutside, orb.Point{20, 3}},
		"hole in hole":      {"POLYGON((0 0,10 0,10 10,0 10,0 0),(1 1,9 1,9 9,1 9,1 1),(2 2,4 2,4 4,2 4,2 2))", geo.FaultNestedHoles, orb.Point{2, 2}},
		"nested shells":     {"MULTIPOLYGON(((0 0,10 0,10 10,0 10,0 0)),((2 2,8 2,8 8,2 8,2 2)))", geo.FaultNestedShells, orb.Point{2, 2}},
		"nested, reversed":  {"MULTIPOLYGON(((2 2,8 2,8 8,2 8,2 2)),((0 0,10 0,10 10,0 10,0 0)))", geo.FaultNestedShells, orb.Point{2, 2}},
		"cut in two":        {"POLYGON((0 0,10 0,10 10,0 10,0 0),(5 0,7 5,5 10,3 5,5 0))", geo.FaultDisconnected, orb.Point{5, 10}},
		"open":              {"POLYGON((0 0,10 0,10 10,0 10))", geo.FaultOpen, orb.Point{0, 0}},
		"short":             {"POLYGON((0 0,10 0,10 0,0 0))", geo.FaultShort, orb.Point{0, 0}},
		"out of range":      {"POLYGON((0 0,181 0,10 10,0 0))", geo.FaultRange, orb.Point{181, 0}},
		"inscribed in hole": {"MULTIPOLYGON(((0 0,9 0,9 9,0 9,0 0)),((4 0,9 5,2 9,4 0)))", geo.FaultNestedShells, orb.Point{4, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			want := &geo.Fault{Reason: c.reason, At: c.at}
			if got := geo.Validate(parseWKT(t, c.wkt)); !reflect.DeepEqual(got, want) {
				t.Errorf("%v, want %v", got, want)
			}
		})
	}
}

func TestValidateAllowsWhatIsValid(t *testing.T) {
	for name, s := range map[string]string{
		"clockwise":                 "POLYGON((0 0,0 10,10 10,10 0,0 0))",
		"repeated points":           "POLYGON((0 0,0 0,10 0,10 10,10 10,0 10,0 0,0 0))",
		"hole touches in a point":   "POLYGON((0 0,10 0,10 10,0 10,0 0),(0 5,4 3,4 7,0 5))",
		"holes touch each other":    "POLYGON((0 0,10 0,10 10,0 10,0 0),(2 2,5 5,2 5,2 2),(5 5,8 5,8 8,5 5))",
		"island in a hole":          "MULTIPOLYGON(((0 0,10 0,10 10,0 10,0 0),(1 1,9 1,9 9,1 9,1 1)),((2 2,8 2,8 8,2 8,2 2)))",
		"island touches its hole":   "MULTIPOLYGON(((0 0,10 0,10 10,0 10,0 0),(1 1,9 1,9 9,1 9,1 1)),((1 1,8 2,8 8,2 8,1 1)))",
		"polygons touch in points":  "MULTIPOLYGON(((0 0,10 0,10 10,0 10,0 0)),((10 5,15 4,10 3,15 -5,20 -5,20 10,10 5)))",
		"polygons share a corner":   "MULTIPOLYGON(((0 0,10 0,10 10,0 10,0 0)),((10 10,20 10,20 20,10 20,10 10)))",
		"island inscribed in hole":  "MULTIPOLYGON(((0 0,9 0,9 9,0 9,0 0),(1 1,8 1,8 8,1 8,1 1)),((4 1,8 5,3 8,4 1)))",
		"the whole earth in a ring": "POLYGON((-180 -90,180 -90,180 90,-180 90,-180 -90))",
	} {
		if f := geo.Validate(parseWKT(t, s)); f != nil {
			t.Errorf("%s: %v", name, f)
		}
	}
}

func TestValidateFaultsNothing(t *testing.T) {
	for _, mp := range []orb.MultiPolygon{nil, {}, {{}}, {{{}}}} {
		if f := geo.Validate(mp); f == nil || f.Reason != geo.FaultEmpty {
			t.Errorf("%v: %v", mp, f)
		}
	}
	f := geo.Validate(orb.MultiPolygon{{{{0, 0}, {1, math.NaN()}, {1, 1}, {0, 0}}}})
	if f == nil || f.Reason != geo.FaultNotFinite {
		t.Errorf("NaN: %v", f)
	}
}

func TestClose(t *testing.T) {
	open := orb.MultiPolygon{{{{0, 0}, {1, 0}, {1, 1}}}}
	want := orb.MultiPolygon{{{{0, 0}, {1, 0}, {1, 1}, {0, 0}}}}
	got, changed := geo.Close(open)
	if !changed || !reflect.DeepEqual(got, want) || len(open[0][0]) != 3 {
		t.Errorf("%v, %v", got, changed)
	}
	if again, changed := geo.Close(got); changed || !reflect.DeepEqual(again, want) {
		t.Errorf("closed again: %v, %v", again, changed)
	}
}
