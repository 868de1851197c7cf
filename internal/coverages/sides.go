package coverages

import (
	"iter"

	"github.com/paulmach/orb"
)

// sides yields the sides of a ring in order, closing it, without those that have no length.
func sides(ring orb.Ring) iter.Seq2[orb.Point, orb.Point] {
	return func(yield func(a, b orb.Point) bool) {
		for i, a := range ring {
			if b := ring[(i+1)%len(ring)]; a != b && !yield(a, b) {
				return
			}
		}
	}
}

// allSides yields the sides of all rings of a cell.
func allSides(cell orb.MultiPolygon) iter.Seq2[orb.Point, orb.Point] {
	return func(yield func(a, b orb.Point) bool) {
		for _, polygon := range cell {
			for _, ring := range polygon {
				for a, b := range sides(ring) {
					if !yield(a, b) {
						return
					}
				}
			}
		}
	}
}
