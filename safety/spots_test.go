package safety

import (
	"testing"

	"github.com/paulmach/orb"
)

// The index of a kind is made once for all snapshots between which no record of it changes.
func TestSpotsAreShared(t *testing.T) {
	s, err := NewSnapshot(Records{Whole: true, Hazards: []Hazard{{ID: "h", FoundAt: 1, Place: Outside}}}, 100)
	if err != nil {
		t.Fatal(err)
	}
	n, err := s.Next(Records{Version: 2, Enterprises: []Enterprise{{ID: "e", At: orb.Point{1, 1}}}}, 100)
	if err != nil {
		t.Fatal(err)
	}
	if n.hazards.spots != s.hazards.spots || n.enterprises.spots == s.enterprises.spots {
		t.Error("hazards did not change and enterprises did; the indexes say otherwise")
	}
	if s.hazards.spots.index != nil {
		t.Error("the index was made before anybody asked")
	}
	n.HazardsIn(Query{}, BoxRegion(orb.Bound{Max: orb.Point{1, 1}}))
	if s.hazards.spots.index == nil {
		t.Error("the index that one snapshot made is not the other's")
	}
}
