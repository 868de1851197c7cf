package geo_test

import (
	"fmt"

	"github.com/paulmach/orb"

	"hazgrid/geo"
)

// Two grids share a border at longitude 121. A point on it belongs to the eastern one.
func ExampleCoverage() {
	west := orb.MultiPolygon{{{{120, 30}, {121, 30}, {121, 31}, {120, 31}, {120, 30}}}}
	east := orb.MultiPolygon{{{{121, 30}, {122, 30}, {122, 31}, {121, 31}, {121, 30}}}}
	grids, err := geo.NewCoverage([]orb.MultiPolygon{west, east})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(grids.Locate(orb.Point{120.5, 30.5}))
	fmt.Println(grids.Locate(orb.Point{121, 30.5}))
	fmt.Println(grids.Locate(orb.Point{122, 31})) // on the outline: the grid it touches
	fmt.Println(grids.Locate(orb.Point{123, 30.5}))
	fmt.Println("neighbours of the western:", grids.Neighbours(0))
	_, metres, ok := grids.Nearest(orb.Point{122.0001, 30.5}, 50)
	fmt.Printf("%.3f m, %v\n", metres, ok)
	// Output:
	// 0 true
	// 1 true
	// 1 true
	// 0 false
	// neighbours of the western: [1]
	// 9.600 m, true
}

func ExampleArea() {
	square := orb.Polygon{{{120, 30}, {120.01, 30}, {120.01, 30.01}, {120, 30.01}, {120, 30}}}
	fmt.Printf("%.3f km²\n", geo.Area(square)/1e6)
	// Output:
	// 1.070 km²
}
