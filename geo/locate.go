package geo

import (
	"math/bits"
	"slices"

	"github.com/paulmach/orb"
)

// Locate is the one face that owns p (longitude, latitude in degrees): the face that holds
// p + (ε, ε²) for every small enough ε. So western and southern borders own their points,
// eastern and northern ones do not, and of the faces around a shared vertex exactly one does.
// A point on the outer outline (or the rim of a gap) that no face owns by this rule belongs to
// the lowest face it touches. Where faces overlap the lowest wins. The arithmetic is exact and
// the same for both faces beside an edge. ok is false outside all faces, and for a point that
// is not a finite number.
func (c *Coverage) Locate(p orb.Point) (face int, ok bool) {
	f := c.raster.locate(p[0], p[1])
	return int(max(f, 0)), f >= 0
}

// LocateAll appends to dst the faces that hold p + (ε, ε²), rising: more than one where faces
// overlap. Where none does it is the lowest face that p touches, if any. The first is Locate's.
func (c *Coverage) LocateAll(p orb.Point, dst []int) []int {
	s, ok := c.raster.find(p)
	if !ok {
		return dst
	}
	switch {
	case s.word >= denseWord:
		return s.dense(p).appendTo(dst)
	case s.word >= recordWord:
		return s.appendRecord(dst, p)
	case s.word > 0:
		return append(dst, int(s.word)-1)
	}
	return dst
}

func (s *place) appendRecord(dst []int, p orb.Point) []int {
	rec := s.record()
	state, sure := rec.holders(rec.sides(s.word), int32(s.u*unit), int32(s.v*unit))
	if !sure {
		if state = rec.exactHolders(s.sides, p); state == 0 {
			state = rec.touchers(s.sides, p)
			state &= -state // the lowest
		}
	}
	for ; state != 0; state &= state - 1 {
		dst = append(dst, int(rec.face(bits.TrailingZeros32(state))))
	}
	return dst
}

// appendHolders appends the faces that hold p + (ε, ε²), rising.
func (r *raster) appendHolders(dst []int32, p orb.Point) []int32 {
	s, ok := r.find(p)
	switch {
	case !ok:
		return dst
	case s.word >= denseWord:
		holders := &s.dense(p).holders
		dst = append(append(dst, holders.few[:holders.n]...), holders.more...)
		slices.Sort(dst)
		return dst
	case s.word >= recordWord:
		rec := s.record()
		for state := rec.exactHolders(s.sides, p); state != 0; state &= state - 1 {
			dst = append(dst, rec.face(bits.TrailingZeros32(state)))
		}
		return dst
	case s.word > 0:
		return append(dst, int32(s.word)-1)
	}
	return dst
}

// appendTo appends the faces of the claim, rising.
func (c *claim) appendTo(dst []int) []int {
	from := len(dst)
	for _, f := range c.holders.few[:c.holders.n] {
		dst = append(dst, int(f))
	}
	for _, f := range c.holders.more {
		dst = append(dst, int(f))
	}
	if len(dst) == from && c.toucher != none {
		dst = append(dst, int(c.toucher))
	}
	slices.Sort(dst[from:])
	return dst
}

// A faceSet is a small set of faces; it takes memory from the heap only beyond eight.
type faceSet struct {
	few  [8]int32
	n    int
	more []int32
}

// flip puts the face in, or takes it out if it is in.
func (s *faceSet) flip(face int32) {
	if i := slices.Index(s.few[:s.n], face); i >= 0 {
		s.n--
		s.few[i] = s.few[s.n]
		return
	}
	if i := slices.Index(s.more, face); i >= 0 {
		s.more = slices.Delete(s.more, i, i+1)
		return
	}
	if s.n == len(s.few) {
		s.more = append(s.more, face)
		return
	}
	s.few[s.n] = face
	s.n++
}

func (s *faceSet) lowest() (face int, ok bool) {
	for _, f := range s.few[:s.n] {
		if !ok || int(f) < face {
			face, ok = int(f), true
		}
	}
	for _, f := range s.more {
		if !ok || int(f) < face {
			face, ok = int(f), true
		}
	}
	return face, ok
}
