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
	for _, near := range grids.Nearest(orb.Point{122.0001, 30.5}, 2, 1e5, nil) {
		fmt.Printf("%d: %.3f m\n", near.Face, near.Metres)
	}
	pipe := orb.MultiLineString{{{120.9, 29.999}, {121.2, 29.999}}}
	fmt.Println("within 50 and 200 m of the pipe:", grids.Along(pipe, 50, nil), grids.Along(pipe, 200, nil))
	// Output:
	// 0 true
	// 1 true
	// 1 true
	// 0 false
	// neighbours of the western: [1]
	// 1: 9.600 m
	// 0: 96007.271 m
	// within 50 and 200 m of the pipe: [] [0 1]
}

// A border is moved: the coverage before it stays as it is, for those who still read it.
func ExampleCoverage_With() {
	west := orb.MultiPolygon{{{{120, 30}, {121, 30}, {121, 31}, {120, 31}, {120, 30}}}}
	east := orb.MultiPolygon{{{{121, 30}, {122, 30}, {122, 31}, {121, 31}, {121, 30}}}}
	before, err := geo.NewCoverage([]orb.MultiPolygon{west, east})
	if err != nil {
		fmt.Println(err)
		return
	}
	after, err := before.With(
		geo.Change{Face: 0, Cell: orb.MultiPolygon{{{{120, 30}, {121.5, 30}, {121, 31}, {120, 31}, {120, 30}}}}},
		geo.Change{Face: 1, Cell: orb.MultiPolygon{{{{121.5, 30}, {122, 30}, {122, 31}, {121, 31}, {121.5, 30}}}}},
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	points := []orb.Point{{121.1, 30.5}, {121.4, 30.5}, {123, 30}}
	faces := make([]int32, len(points))
	before.LocateBatch(points, faces)
	fmt.Println(faces)
	after.LocateBatch(points, faces)
	fmt.Println(faces)
	// Output:
	// [1 1 -1]
	// [0 1 -1]
}

// Two halves of a province and three towns in them: one look gives both levels.
func ExampleLevels() {
	square := func(x0, x1 float64) orb.MultiPolygon {
		return orb.MultiPolygon{{{{x0, 30}, {x1, 30}, {x1, 31}, {x0, 31}, {x0, 30}}}}
	}
	halves, _ := geo.NewCoverage([]orb.MultiPolygon{square(120, 121), square(121, 122)})
	towns, _ := geo.NewCoverage([]orb.MultiPolygon{square(120, 120.5), square(120.5, 121), square(121, 122)})
	parents := []int{0, 0, 1} // of the towns
	levels := geo.NewLevels([]*geo.Coverage{halves, towns}, func(level, face int) (int, int) {
		if level == 0 {
			return -1, 0
		}
		return 0, parents[face]
	})
	owners := make([]int32, levels.Len())
	levels.Locate(orb.Point{120.7, 30.5}, owners)
	fmt.Println("half", owners[0], "town", owners[1])
	// Output:
	// half 0 town 1
}

func ExampleArea() {
	square := orb.Polygon{{{120, 30}, {120.01, 30}, {120.01, 30.01}, {120, 30.01}, {120, 30}}}
	fmt.Printf("%.3f km²\n", geo.Area(square)/1e6)
	// Output:
	// 1.070 km²
}
