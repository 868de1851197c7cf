package importers

import "github.com/paulmach/orb"

// sideOf says where p is: +1 in the ring, 0 on its border, -1 outside, and how many sides were looked at. It counts
// the sides that a ray to the east meets, in floats: a point within rounding of the border may come out on either side.
func (r *shpRing) sideOf(p orb.Point) (side, tests int) {
	const long = 200
	if len(r.points) > long && r.slabs == nil {
		r.slabs = newSlabs(r.points, r.box)
	}
	side = -1
	if r.slabs != nil && len(r.slabs.ends) > 0 {
		sides := r.slabs.at(p[1])
		for _, i := range sides {
			switch flips, on := meets(p, r.points[i], r.points[(int(i)+1)%len(r.points)]); {
			case on:
				return 0, len(sides)
			case flips:
				side = -side
			}
		}
		return side, len(sides)
	}
	a := r.points[len(r.points)-1]
	for _, b := range r.points {
		switch flips, on := meets(p, a, b); {
		case on:
			return 0, len(r.points)
		case flips:
			side = -side
		}
		a = b
	}
	return side, len(r.points)
}

// meets says whether the ray from p to the east goes through the side from a to b, and whether p is on it.
func meets(p, a, b orb.Point) (flips, on bool) {
	if (a[1] > p[1]) != (b[1] > p[1]) {
		turn := (b[0]-a[0])*(p[1]-a[1]) - (p[0]-a[0])*(b[1]-a[1])
		return (turn > 0) == (b[1] > a[1]), turn == 0
	}
	return false, b == p || a[1] == p[1] && b[1] == p[1] && (a[0] > p[0]) != (b[0] > p[0])
}

// slabs are the sides of a ring by the horizontal strips that they reach into.
type slabs struct {
	low, scale float64 // a strip is floor((y − low) × scale)
	ends       []int32 // of each strip, in sides; empty when sides reach into too many
	sides      []int32 // the first point of each
}

// newSlabs cuts the box of a ring into a strip for every four points.
func newSlabs(ring orb.Ring, box orb.Bound) *slabs {
	n := len(ring) / 4
	s := &slabs{low: box.Min[1], scale: float64(n) / (box.Max[1] - box.Min[1])}
	ends := make([]int32, n+1)
	total := 0
	s.each(ring, n, func(_, strip int) bool {
		ends[strip+1]++
		total++
		return total <= 8*len(ring)
	})
	if total > 8*len(ring) {
		return s
	}
	for i := range n {
		ends[i+1] += ends[i]
	}
	s.sides = make([]int32, total)
	s.each(ring, n, func(side, strip int) bool {
		s.sides[ends[strip]] = int32(side)
		ends[strip]++
		return true
	})
	s.ends = ends[:n]
	return s
}

// each tells of every strip, of n, that a side reaches into.
func (s *slabs) each(ring orb.Ring, n int, tell func(side, strip int) bool) {
	for i, a := range ring {
		b := ring[(i+1)%len(ring)]
		for k := s.strip(min(a[1], b[1]), n); k <= s.strip(max(a[1], b[1]), n); k++ {
			if !tell(i, k) {
				return
			}
		}
	}
}

// strip is the number of the strip, of n, that y lies in, or the nearest.
func (s *slabs) strip(y float64, n int) int {
	k := (y - s.low) * s.scale
	if !(k > 0) { // also where the ring has no height
		return 0
	}
	return int(min(k, float64(n-1)))
}

// at lists the sides that reach into the strip of y.
func (s *slabs) at(y float64) []int32 {
	k := s.strip(y, len(s.ends))
	from := int32(0)
	if k > 0 {
		from = s.ends[k-1]
	}
	return s.sides[from:s.ends[k]]
}
