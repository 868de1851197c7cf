package geo

import (
	"math"
	"slices"

	"github.com/paulmach/orb"
)

// A grower makes blocks one after the other and keeps its memory.
type grower struct {
	frame
	depth int
	inner *grower // makes the blocks in this one

	sides []border
	segs  []seg
	scale float64
	shift uint8
	cross []orb.Point // reference corners of columns (x) and rows (y), degrees
	pairs []pair
	first []int32 // segs of each square
	order []int32
	data  []uint32
	deep  *deep
	thins bool // see thin

	start, row []int32
	marks      []mark
	faces      []int32
}

// maxShift bounds the squares of one block; where more are needed, blocks grow in blocks.
const maxShift = 6

// grow makes the block at f, of about so many squares, of segs, which number the sides. start are the faces at its
// reference corner.
func (g *grower) grow(f frame, squares float64, sides []border, segs []seg, start []int32) (block, detail) {
	g.frame, g.sides, g.segs, g.deep = f, sides, segs, nil
	g.shift = g.shiftFor(squares)
	n := 1 << g.shift
	g.scale = float64(n)
	g.corners(n)
	g.assign(n)
	g.thins = g.thin(n)
	g.data = slices.Grow(g.data[:0], n*n+6*group*len(segs))[:n*n] // a side is in some squares, which have heads
	g.fill(n, start)
	return block{slices.Clone(g.data), int64(n)}, detail{sides, g.deep}
}

// shiftFor is the logarithm of the power of two whose square is nearest to a number of squares.
func (g *grower) shiftFor(squares float64) (shift uint8) {
	for shift < maxShift && float64(int(2)<<(2*shift)) < squares && g.fine(2<<shift) {
		shift++
	}
	return shift
}

// fine reports whether the block may be cut into n squares a side: whole numbers and corners must stay exact enough.
func (g *grower) fine(n int) bool {
	size := float64(n) * g.per * 1024
	eps := func(v0, span float64) float64 { return (math.Abs(v0) + span) * 0x1p-52 }
	r := g.r
	return float64(n)*g.per <= finest &&
		1/(r.perX*size) > eps(r.x0, r.nx/r.perX) && 1/(r.perY*size) > eps(r.y0, r.ny/r.perY)
}

// corners fills cross, one more than there are squares in a row.
func (g *grower) corners(n int) {
	g.cross = g.cross[:0]
	for i := range n + 1 {
		g.cross = append(g.cross, g.corner(float64(i)/g.scale))
	}
}

// assign lists the segs of each square: those that meet it or the way from its reference corner.
func (g *grower) assign(n int) {
	margin := least
	for i, p := range g.cross {
		c := g.inSquares(g.r.inBlocks(p))
		margin = max(margin, 2*(float64(i)-c[0]), 2*(float64(i)-c[1]))
	}
	g.pairs = slices.Grow(g.pairs[:0], 3*len(g.segs))
	for i := range g.segs {
		l := line{g.inSquares(g.segs[i].a), g.inSquares(g.segs[i].b), int32(i)}
		g.pairs = appendCells(g.pairs, l, cells{n, n, margin})
	}
	g.first, g.order = sortPairs(g.pairs, n*n, g.first, g.order)
}

// thin reports whether blocks in place of the crowded squares would have fewer sides each. They would not where many
// sides run through one square after the other, on one line or close together: every level would repeat them.
func (g *grower) thin(n int) bool {
	crowded := 0
	for at := range n * n {
		if k := int(g.first[at+1] - g.first[at]); k > crowd {
			crowded += k
		}
	}
	return crowded <= repeats*len(g.segs)
}

// inSquares turns coordinates in blocks of the raster into squares of this block.
func (g *grower) inSquares(p orb.Point) orb.Point {
	per := g.per * g.scale
	return orb.Point{float64((p[0] - g.x) * per), float64((p[1] - g.y) * per)}
}

// fill makes the squares row by row from below. The faces at a corner follow from those at the corner
// before it and the sides between.
func (g *grower) fill(n int, start []int32) {
	g.row = append(g.row[:0], start...)
	for j := range n {
		g.start = append(g.start[:0], g.row...)
		for i := range n {
			at := j*n + i
			c := orb.Point{g.cross[i][0], g.cross[j][1]}
			g.look(g.order[g.first[at]:g.first[at+1]], c)
			g.data[at] = g.square(i, j)
			if i == 0 {
				g.row = g.upward(g.row, orb.Point{c[0], g.cross[j+1][1]})
			}
			g.start = g.rightward(g.start, orb.Point{g.cross[i+1][0], c[1]})
		}
	}
}

// look lists the sides of a square that some way from its corner c can cross.
func (g *grower) look(segs []int32, c orb.Point) {
	g.marks = g.marks[:0]
	for _, i := range segs {
		s := &g.segs[i]
		if b := &g.sides[s.id]; s.hi[1] <= c[1] || b.left == b.right {
			continue
		}
		right0 := s.lo[0] <= c[0]
		if s.lo[1] <= c[1] {
			right0 = rightOf(s.lo, s.hi, c)
		}
		g.marks = append(g.marks, mark{i, right0, right0 != (s.hi[0] <= c[0])})
	}
}

// upward and rightward change the set of faces at a corner to that of the one above and the one beside it.
func (g *grower) upward(set []int32, to orb.Point) []int32 {
	for _, m := range g.marks {
		s := &g.segs[m.side]
		if at := [2]orb.Point{s.lo, s.hi}; crossed(&at, to, m.right0, m.above) {
			set = g.sides[s.id].toggle(set)
		}
	}
	return set
}

func (g *grower) rightward(set []int32, to orb.Point) []int32 {
	for _, m := range g.marks {
		if s := &g.segs[m.side]; s.lo[1] <= to[1] && rightOf(s.lo, s.hi, to) != m.right0 {
			set = g.sides[s.id].toggle(set)
		}
	}
	return set
}

// square makes the word of a square from the marks and the faces at its corner.
func (g *grower) square(i, j int) uint32 {
	switch {
	case len(g.marks) == 0 && len(g.start) == 0:
		return 0
	case len(g.marks) == 0 && len(g.start) == 1:
		return uint32(g.start[0]) + 1
	case (len(g.marks) > crowd || len(g.sides) > maxSides) && g.thins && g.depth < maxShift && g.fine(4<<g.shift):
		return g.deeper(i, j)
	}
	g.listFaces()
	if len(g.faces) <= maxBits && len(g.marks) <= maxMarks && len(g.sides) <= maxSides {
		if word, ok := g.record(i, j); ok {
			return word
		}
	}
	return g.odd()
}

// deeper makes a block of a square.
func (g *grower) deeper(i, j int) uint32 {
	segs, sides := make([]seg, len(g.marks)), make([]border, len(g.marks))
	for k, m := range g.marks {
		segs[k] = g.segs[m.side]
		sides[k] = g.sides[segs[k].id]
		segs[k].id = int32(k)
	}
	if g.inner == nil {
		g.inner = &grower{depth: g.depth + 1}
	}
	per := g.per * g.scale
	f := frame{g.r, g.x + float64(i)/per, g.y + float64(j)/per, per}
	d := g.more()
	inner, detail := g.inner.grow(f, float64(len(sides)), sides, segs, g.start)
	d.blocks, d.details = append(d.blocks, inner), append(d.details, detail)
	return blockWord | uint32(len(d.blocks)-1)
}

func (g *grower) more() *deep {
	if g.deep == nil {
		g.deep = &deep{}
	}
	return g.deep
}

// odd makes a dense square.
func (g *grower) odd() uint32 {
	marks := slices.Clone(g.marks)
	for k := range marks {
		marks[k].side = g.segs[marks[k].side].id
	}
	d := g.more()
	d.dense = append(d.dense, dense{slices.Clone(g.start), marks})
	return denseWord | uint32(len(d.dense)-1)
}

// listFaces lists the faces at the corner and beside the marks, rising.
func (g *grower) listFaces() {
	g.faces = append(g.faces[:0], g.start...)
	for _, m := range g.marks {
		b := &g.sides[g.segs[m.side].id]
		g.listFace(b.left)
		g.listFace(b.right)
	}
}

func (g *grower) listFace(face int32) {
	if face == none {
		return
	}
	i := len(g.faces)
	for i > 0 && g.faces[i-1] > face {
		i--
	}
	if i == 0 || g.faces[i-1] != face {
		g.faces = slices.Insert(g.faces, i, face)
	}
}

// bit is the bit of a face in the square's record, 0 of none.
func (g *grower) bit(face int32) uint32 {
	if face == none {
		return 0
	}
	return 1 << slices.Index(g.faces, face)
}

// record writes the square's record; not ok when a side cannot be cut to the square.
func (g *grower) record(i, j int) (word uint32, ok bool) {
	at := len(g.data)
	head := g.head()
	g.data = append(g.data, head[:]...)
	corner := orb.Point{float64(i), float64(j)}
	for _, m := range g.marks {
		s := &g.segs[m.side]
		a, b, ok := cutToSquare(sub(g.inSquares(s.a), corner), sub(g.inSquares(s.b), corner))
		if !ok {
			g.data = g.data[:at]
			return 0, false
		}
		faces := &g.sides[s.id]
		flags := (g.bit(faces.left) ^ g.bit(faces.right)) | one(m.right0)<<right0Bit | one(m.above)<<aboveBit
		x0, y0 := units(a)
		x1, y1 := units(b)
		g.data = append(g.data, halves(x0, y0), halves(x1-x0, y1-y0), flags|uint32(s.id)<<numberAt)
	}
	for k := 2; k < len(g.faces); k++ {
		g.data = append(g.data, uint32(g.faces[k]))
	}
	return recordWord | uint32(min(manySides, len(g.marks)))<<sidesAt | uint32(at), true
}

// head is the first group of a record.
func (g *grower) head() [group]uint32 {
	head := [group]uint32{uint32(len(g.marks))<<16 | uint32(len(g.faces))<<24}
	for _, f := range g.start {
		head[0] |= g.bit(f)
	}
	for k, f := range g.faces[:min(2, len(g.faces))] {
		head[1+k] = uint32(f)
	}
	return head
}

func one(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}

func sub(a, b orb.Point) orb.Point { return orb.Point{a[0] - b[0], a[1] - b[1]} }

// cutToSquare cuts the segment ab to the unit square and its reach (Liang and Barsky 1984); not ok when nothing is left.
func cutToSquare(a, b orb.Point) (from, to orb.Point, ok bool) {
	const lo, hi = -float64(reach) / unit, 1 + float64(reach)/unit
	if lo <= min(a[0], b[0], a[1], b[1]) && max(a[0], b[0], a[1], b[1]) <= hi {
		return a, b, true
	}
	t0, t1 := 0.0, 1.0
	for axis := range a {
		d := b[axis] - a[axis]
		if d == 0 && !(lo <= a[axis] && a[axis] <= hi) {
			return from, to, false
		}
		in, out := (lo-a[axis])/d, (hi-a[axis])/d
		if d < 0 {
			in, out = out, in
		}
		if d != 0 {
			t0, t1 = max(t0, in), min(t1, out)
		}
	}
	from, to = a, b
	if t0 > 0 {
		from = orb.Point{a[0] + t0*(b[0]-a[0]), a[1] + t0*(b[1]-a[1])}
	}
	if t1 < 1 {
		to = orb.Point{a[0] + t1*(b[0]-a[0]), a[1] + t1*(b[1]-a[1])}
	}
	return from, to, t0 <= t1
}

// units are the coordinates of a cut end in units, which are under 2¹⁵ apart.
func units(p orb.Point) (x, y int) {
	in := func(v float64) int { return int(min(max(math.Floor(v*unit+0.5), -reach), unit+reach)) }
	return in(p[0]), in(p[1])
}

// halves are two 16-bit numbers in one, x in the low half.
func halves(x, y int) uint32 { return uint32(uint16(int16(x))) | uint32(uint16(int16(y)))<<16 }
