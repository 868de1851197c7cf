package geo

import "github.com/paulmach/orb"

// Holder returns what tells of points whether they lie in mp or on its boundary, by an index that is made once: exact, and about as fast
// for a shape of thousands of vertices as for a square. What it returns may be used by many goroutines at once.
func Holder(mp orb.MultiPolygon) (func(orb.Point) bool, error) {
	b, err := NewBorders([]orb.MultiPolygon{mp})
	if err != nil {
		return nil, err
	}
	c := b.outlines(func(*outline) bool { return true })
	return func(p orb.Point) bool {
		for i := range c.parts {
			if part := &c.parts[i]; part.bound.Contains(p) && (c.holds(part, p) || c.onBoundary(part, p)) {
				return true
			}
		}
		return false
	}, nil
}
