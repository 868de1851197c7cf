package safety_test

import (
	"testing"

	"github.com/paulmach/orb"

	"hazgrid/safety"
)

// Where nothing is, or one record, there is nothing to gather, at any zoom.
func TestGatheredOfFew(t *testing.T) {
	one := []safety.Hazard{{ID: "h", FoundAt: day("2014-01-01"), At: orb.Point{1, 1}, Place: safety.Outside}}
	for n := range 2 {
		s := snapshot(t, safety.Records{Grids: twoLevels(), Hazards: one[:n]}, day("2014-12-31"))
		all := s.HazardSymbols(safety.Query{})
		for zoom := range 50 {
			if got := all.Gathered(zoom).Len(); got != n {
				t.Errorf("%d hazards at zoom %d: %d symbols", n, zoom, got)
			}
		}
	}
}
