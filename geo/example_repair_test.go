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
