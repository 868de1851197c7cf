package tiles

import (
	"testing"

	"github.com/paulmach/orb"
	"pgregory.net/rapid"
)

// A tile that shows something of a point lies in the range of the point, and the range has no tile that could not.
func TestRange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		z := rapid.Uint32Range(0, MaxZoom).Draw(t, "z")
		p := orb.Point{rapid.Float64Range(-180, 180).Draw(t, "lon"), rapid.Float64Range(-89, 89).Draw(t, "lat")}
		first, last := Range(p.Bound(), z)
		if !first.Valid() || !last.Valid() || first.X > last.X || first.Y > last.Y || last.X-first.X > 1 || last.Y-first.Y > 1 {
			t.Fatalf("%s to %s", first, last)
		}
		shown := false
		for x := int64(first.X) - 1; x <= int64(last.X)+1; x++ {
			for y := int64(first.Y) - 1; y <= int64(last.Y)+1; y++ {
				a := Address{z, uint32(x), uint32(y)}
				if !a.Valid() || x < 0 || y < 0 || Project(a, p).Empty() {
					continue
				}
				shown = true
				if a.X < first.X || a.X > last.X || a.Y < first.Y || a.Y > last.Y {
					t.Errorf("%s shows %v, the range is %s to %s", a, p, first, last)
				}
			}
		}
		if !shown {
			t.Errorf("no tile from %s to %s shows %v", first, last, p)
		}
	})
}
