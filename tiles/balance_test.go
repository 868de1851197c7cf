package tiles

import (
	"testing"

	"github.com/paulmach/orb"
)

// PostGIS leads the side from (1009 1000) to (1000 1013) of the first cell through that cell's corner (1000 1012), of which the
// second knows nothing: ST_AsMVTGeom of PostGIS 3.3 makes 217 square units of the first, which has 221.5, and leaves the second its
// 451.5. The gap of 4.5 is 2 % of the first.
func TestGapIsDivided(t *testing.T) {
	corners := [][]orb.Point{
		{{1009, 1000}, {1000, 1013}, {1000, 1012}, {992, 1006}, {990, 990}},
		{{1009, 1000}, {1030, 1010}, {1010, 1030}, {1000, 1013}},
	}
	var cells []orb.MultiPolygon
	var alone []int64
	for _, ring := range corners {
		var c orb.Ring
		var dots []dot
		for _, p := range append(ring, ring[0]) {
			lon, lat := home.lonLat(p[0], p[1])
			c, dots = append(c, orb.Point{lon, lat}), append(dots, round(p))
		}
		cells = append(cells, orb.MultiPolygon{{c}})
		area := ringArea(dots)
		alone = append(alone, max(area, -area))
	}
	const gap = 9 // in half units, as areas below
	alone[0] -= gap
	wantSharedEdges(t, home, cells)
	sum := int64(0)
	for i, s := range ProjectCoverage(home, cells) {
		area := ringsArea(decode(t, s))
		sum += area
		if off := area - alone[i]; off < -alone[i]/100 || off > alone[i]/100 {
			t.Errorf("cell %d has %d half units, %d as PostGIS draws it alone", i, area, alone[i])
		}
	}
	if want := alone[0] + alone[1] + gap; sum != want {
		t.Errorf("together they have %d half units, want %d", sum, want)
	}
	if dots := dotsBetween(newSeg(dot{0, 0}, dot{4000, 4000}), dot{3999, 4000}); len(dots) > mostBetween || dots[len(dots)-1] != (dot{3999, 4000}) {
		t.Errorf("%d dots to choose from, the last %v", len(dots), dots[len(dots)-1])
	}
}
