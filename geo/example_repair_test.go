package geo_test

import (
	"fmt"

	"hazgrid/geo"

	"github.com/paulmach/orb"
)

func ExampleRepair() {
	bowTie := orb.MultiPolygon{{{{0, 0}, {10, 10}, {10, 0}, {0, 10}, {0, 0}}}}
	fault := geo.Validate(bowTie)
	fmt.Println(fault.Reason, "at", fault.At)

	repaired, err := geo.Repair(bowTie)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(repaired, geo.Validate(repaired) == nil)
	// Output:
	// ring crosses itself at [5 5]
	// [[[[0 0] [5 5] [0 10] [0 0]]] [[[5 5] [10 0] [10 10] [5 5]]]] true
}

// Two grids overlap by 0.3 m: the second gives way, and no ground is claimed twice any more.
func ExampleMend() {
	first := orb.MultiPolygon{{{{120.60, 27.70}, {120.61, 27.70}, {120.61, 27.71}, {120.60, 27.71}, {120.60, 27.70}}}}
	second := orb.MultiPolygon{{{{120.609997, 27.70}, {120.62, 27.70}, {120.62, 27.71}, {120.609997, 27.71}, {120.609997, 27.70}}}}
	mended, err := geo.Mend([]orb.MultiPolygon{first, second}, 1)
	if err != nil {
		panic(err)
	}
	fmt.Println("changed:", mended.Changed)
	fmt.Println("the second begins at", mended.Cells[1].Bound().Min)
	// Output:
	// changed: [1]
	// the second begins at [120.61 27.7]
}
