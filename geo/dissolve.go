package geo

import (
	"fmt"
	"slices"

	"github.com/paulmach/orb"
)

// Dissolve is the union of valid parts: edges two parts share vanish, vertices
// stay. Where edges of different parts cross it makes points as Repair does,
// and its result has Repair's form: valid, and the same whatever the order of
// the parts. Parts that only nearly touch keep their gap.
//
// It is an error when a part is not valid, and when there is none.
func Dissolve(parts []orb.MultiPolygon) (orb.MultiPolygon, error) {
	var segs []segment
	for i, part := range parts {
		if f := Validate(part); f != nil {
			return nil, fmt.Errorf("geo: dissolve: part %d: %s at %v", i, f.Reason, f.At)
		}
		for _, polygon := range part {
			for k, ring := range polygon {
				segs = append(segs, woundSegments(ring, k == 0)...)
			}
		}
	}
	out, err := buildFaces(segs, func(g *graph) []bool {
		// With shells counter-clockwise and holes clockwise, the winding
		// number of a face is how many parts cover it.
		return keepIf(g.depths(), func(n int) bool { return n > 0 })
	})
	if err != nil {
		return nil, fmt.Errorf("geo: dissolve: %w", err)
	}
	return out, nil
}

// Difference is the ground of a that b does not cover, without polygons where there is none. Both must be valid; its
// form is Repair's. It fails when sides cross too often (see [Repair]).
func Difference(a, b orb.MultiPolygon) (orb.MultiPolygon, error) {
	o, err := newOverlay(cellSegments([]orb.MultiPolygon{a, b}))
	if err != nil {
		return nil, fmt.Errorf("geo: difference: %w", err)
	}
	keep := make([]bool, o.faces)
	for f, owners := range o.owners {
		keep[f] = len(owners) == 1 && owners[0] == 0
	}
	out, err := o.polygons(keep)
	if err != nil {
		return nil, fmt.Errorf("geo: difference: %w", err)
	}
	return out, nil
}

// windOf is how often rings run along half-edge h, less how often against it.
func (g *graph) windOf(h int) int {
	if h%2 == 0 {
		return g.wind[h/2]
	}
	return -g.wind[h/2]
}

// woundSegments are a valid ring's sides, running counter-clockwise or clockwise.
func woundSegments(ring orb.Ring, ccw bool) []segment {
	segs := ringSegments(nil, ring)
	if isCCW(startAtLeast(slices.Compact(slices.Clone(ring)))) != ccw {
		for i := range segs {
			segs[i].wind = -1
		}
	}
	return segs
}
