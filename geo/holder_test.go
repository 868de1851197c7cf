package geo_test

import (
	"testing"

	"github.com/paulmach/orb"

	"hazgrid/geo"
)

func TestHolder(t *testing.T) {
	holds, err := geo.Holder(orb.MultiPolygon{{box(0, 0, 4, 4)[0][0], box(1, 1, 3, 3)[0][0]}, {box(5, 0, 6, 1)[0][0]}})
	if err != nil {
		t.Fatal(err)
	}
	for p, want := range map[orb.Point]bool{
		{0.5, 0.5}: true, {2, 2}: false, {0, 0}: true, {4, 4}: true, {4, 2}: true, {2, 4}: true, {1, 2}: true, {3, 3}: true,
		{4.5, 0.5}: false, {5.5, 0.5}: true, {6, 1}: true, {6.1, 1}: false, {-1, 0}: false,
	} {
		if holds(p) != want {
			t.Errorf("%v: %v", p, !want)
		}
	}
}
