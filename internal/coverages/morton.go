package coverages

import (
	"cmp"
	"slices"

	"github.com/paulmach/orb"
)

// Morton is p's place on the Z-shaped curve through the box: 32 bits of either coordinate
// interleaved. Points outside count as on the rim.
func Morton(p orb.Point, box orb.Bound) uint64 {
	return spread(share(p[0], box.Min[0], box.Max[0])) | spread(share(p[1], box.Min[1], box.Max[1]))<<1
}

func share(x, low, high float64) uint64 {
	return uint64(max(0, min((x-low)/(high-low), 1)) * (1<<32 - 1))
}

// spread puts a zero before each of the lower 32 bits.
func spread(x uint64) uint64 {
	x = (x | x<<16) & 0x0000ffff0000ffff
	x = (x | x<<8) & 0x00ff00ff00ff00ff
	x = (x | x<<4) & 0x0f0f0f0f0f0f0f0f
	x = (x | x<<2) & 0x3333333333333333
	return (x | x<<1) & 0x5555555555555555
}

// SortMorton orders points along the curve through the box.
func SortMorton(points []orb.Point, box orb.Bound) {
	type placed struct {
		key uint64
		p   orb.Point
	}
	all := make([]placed, len(points))
	for i, p := range points {
		all[i] = placed{Morton(p, box), p}
	}
	slices.SortFunc(all, func(a, b placed) int {
		return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.p[0], b.p[0]), cmp.Compare(a.p[1], b.p[1]))
	})
	for i, one := range all {
		points[i] = one.p
	}
}
