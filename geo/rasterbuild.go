package geo

import (
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/paulmach/orb"
)

// newRaster builds the raster of all uses, whose box is bound.
func newRaster(bound orb.Bound, uses []use) raster {
	if len(uses) == 0 {
		return raster{outside: new(uint32)}
	}
	faces := facesIn(uses)
	d := densityOf(len(uses)/2, faces)
	r := newFrame(bound, blocksFor(d.squares(len(uses)/2, faces), faces, emptiness(bound, uses, faces)))
	r.density = d
	first, order := r.spread(uses)
	r.eachRow(0, int(r.ny), func(b *builder, j int) {
		var start []int32
		for i := range r.wide {
			at := j*r.wide + i
			b.uses = b.uses[:0]
			for _, n := range order[first[at]:first[at+1]] {
				b.uses = append(b.uses, uses[n])
			}
			start = b.block(at, start)
		}
	})
	r.gatherData()
	return r
}

// manyWords is from how many words on large pages are worth asking for: 4 MB, two of them at least.
const manyWords = 1 << 20

// gatherData moves the data of all blocks into one piece of memory, which costs the processor fewer looks
// into its page tables.
func (r *raster) gatherData() {
	size := 0
	for i := range r.blocks {
		size += len(r.blocks[i].data)
	}
	all := make([]uint32, 0, size)
	askForLargePages(all)
	for i := range r.blocks {
		from := len(all)
		all = append(all, r.blocks[i].data...)
		r.blocks[i].data = all[from:len(all):len(all)]
	}
}

// A density is how many squares each side and each face get: fewer make longer records, more take memory and
// leave the processor's caches.
type density struct{ perSide, perFace float64 }

// densityOf is the density for a raster. Measured: more squares are faster as long as all fits into the caches, those of a
// city up to sixty a face and more; so it is what keeps a city just within 1.5 kB a face, whatever its sides
// take of that, and more than cityFaces within 500 B where faces have few sides.
func densityOf(sides, faces int) density {
	d := density{perSide: 0.6, perFace: 16}
	if faces <= cityFaces {
		d.perFace = max(4, min(48, 65-2.2*float64(sides)/float64(faces)))
	}
	return d
}

// cityFaces is how many faces a city has at most.
const cityFaces = 1 << 15

func (d density) squares(sides, faces int) float64 {
	return d.perSide*float64(sides) + d.perFace*float64(faces)
}

// facesIn counts the faces of uses that come face after face.
func facesIn(uses []use) (n int) {
	for i := range uses {
		if i == 0 || uses[i].face != uses[i-1].face {
			n++
		}
	}
	return n
}

// blockOf is about how many squares a block has in a raster of so many. An edit builds a few blocks anew and copies the list of
// all: the root keeps both small. 128 in a city of 2,000 faces.
func blockOf(squares float64) float64 { return max(128, min(math.Sqrt(squares/6), largeBlock)) }

const largeBlock = 1 << 10

// room is how much wider the raster is than the coverage at each end.
const room = 1.0 / 32

// blocksFor is how many blocks a raster of so many squares gets whose box is so many times as large as the ground that
// has sides: as many more for the empty ground, as long as they take no more than some 40 bytes a face.
func blocksFor(squares float64, faces int, empty float64) float64 {
	n := max(1, squares/blockOf(squares))
	return max(n, min(n*empty, float64(faces)/2))
}

// newFrame is an empty raster of about n blocks over bound and some room.
func newFrame(bound orb.Bound, n float64) raster {
	width, height := spanOf(bound, 0), spanOf(bound, 1)
	bound = orb.Bound{ // a little room for edits
		Min: orb.Point{bound.Min[0] - width*room, bound.Min[1] - height*room},
		Max: orb.Point{bound.Max[0] + width*room, bound.Max[1] + height*room},
	}
	width, height = width*(1+2*room), height*(1+2*room)
	nx := math.Ceil(math.Sqrt(n * width / height))
	nx = max(1, min(nx, math.Ceil(n)))
	ny := max(1, math.Ceil(n/nx))
	return raster{
		x0: bound.Min[0], y0: bound.Min[1], perX: nx / width, perY: ny / height,
		fineX: nx / width * (1 << fineBits), fineY: ny / height * (1 << fineBits), endX: nx * (1 << fineBits), endY: ny * (1 << fineBits),
		nx: nx, ny: ny, wide: int(nx), outside: new(uint32), blocks: make([]block, int(nx*ny)), details: pagesOf(make([]detail, int(nx*ny))),
	}
}

// emptiness is how many times as large as the ground that has sides bound is, for more than one city; else 1. It counts
// the cells of a coarse grid in which sides end.
func emptiness(bound orb.Bound, uses []use, faces int) float64 {
	if faces <= cityFaces {
		return 1
	}
	const perCell = 128 // uses, were they even: few cells are then without by chance
	cells := float64(len(uses) / perCell)
	width, height := spanOf(bound, 0), spanOf(bound, 1)
	wide := max(1, min(math.Round(math.Sqrt(cells*width/height)), cells))
	high := max(1, math.Floor(cells/wide))
	used := make([]bool, int(wide*high))
	for i := range uses {
		p := &uses[i].at[0]
		x, y := within((p[0]-bound.Min[0])/width*wide, int(wide)), within((p[1]-bound.Min[1])/height*high, int(high))
		used[y*int(wide)+x] = true
	}
	n := 0
	for _, u := range used {
		n += int(one(u))
	}
	if 2*n > len(used) {
		return 1
	}
	return float64(len(used)) / float64(n)
}

// spanOf is the extent of bound along an axis, over zero and not less than its coordinates can tell.
func spanOf(bound orb.Bound, axis int) float64 {
	lo, hi := bound.Min[axis], bound.Max[axis]
	return max(hi-lo, math.Ldexp(max(math.Abs(lo), math.Abs(hi)), -26), 1e-100)
}

// eachRow runs f for the rows of blocks from…to on all cores; a builder serves one row after the other.
func (r *raster) eachRow(from, to int, f func(b *builder, j int)) {
	var wait sync.WaitGroup
	next := atomic.Int64{}
	next.Store(int64(from))
	for range min(runtime.GOMAXPROCS(0), to-from) {
		wait.Go(func() {
			b := &builder{r: r}
			for j := int(next.Add(1) - 1); j < to; j = int(next.Add(1) - 1) {
				f(b, j)
			}
		})
	}
	wait.Wait()
}

// spread lists the uses that meet each block: those of block i are order[first[i]:first[i+1]].
func (r *raster) spread(uses []use) (first, order []int32) {
	return sortPairs(r.blocksOf(uses), len(r.blocks), nil, nil)
}

// blocksOf lists the blocks that each use meets.
func (r *raster) blocksOf(uses []use) []pair {
	pairs := make([]pair, 0, len(uses)+len(uses)/4)
	for i := range uses {
		a, b := r.inBlocks(uses[i].at[0]), r.inBlocks(uses[i].at[1])
		pairs = appendCells(pairs, line{a, b, int32(i)}, cells{r.wide, int(r.ny), least})
	}
	return pairs
}

// inBlocks are the coordinates of p in blocks.
func (r *raster) inBlocks(p orb.Point) orb.Point {
	return orb.Point{float64((p[0] - r.x0) * r.perX), float64((p[1] - r.y0) * r.perY)}
}

// A pair says that a line meets a cell.
type pair struct{ cell, line int32 }

// A line is a numbered segment.
type line struct {
	a, b orb.Point
	id   int32
}

// cells are the unit cells of a box from (0, 0) on; a line meets one also when it passes within margin.
type cells struct {
	wide, high int
	margin     float64
}

// appendCells appends the cells that l meets, and perhaps some that it nearly does.
func appendCells(pairs []pair, l line, c cells) []pair {
	a, b, m := l.a, l.b, c.margin
	if a[1] > b[1] {
		a, b = b, a
	}
	left, right := min(a[0], b[0]), max(a[0], b[0])
	if !(right+m >= 0 && left-m < float64(c.wide) && b[1]+m >= 0 && a[1]-m < float64(c.high)) {
		return pairs
	}
	j0, j1 := within(a[1]-m, c.high), within(b[1]+m, c.high)
	if j0 == j1 && a[1] >= float64(j0)-m && b[1] <= float64(j0+1)+m {
		return appendSpan(pairs, l.id, j0*c.wide, within(left-m, c.wide), within(right+m, c.wide))
	}
	slope := (b[0] - a[0]) / (b[1] - a[1])
	for j := j0; j <= j1; j++ {
		from, to := max(a[1], float64(j)-m), min(b[1], float64(j+1)+m)
		x0, x1 := a[0]+(from-a[1])*slope, a[0]+(to-a[1])*slope
		if !(x0-x0 == 0 && x1-x1 == 0) { // level but for rounding
			x0, x1 = left, right
		}
		lo, hi := max(left, min(x0, x1))-m, min(right, max(x0, x1))+m
		if hi >= 0 && lo < float64(c.wide) {
			pairs = appendSpan(pairs, l.id, j*c.wide, within(lo, c.wide), within(hi, c.wide))
		}
	}
	return pairs
}

func appendSpan(pairs []pair, id int32, row, from, to int) []pair {
	for i := from; i <= to; i++ {
		pairs = append(pairs, pair{int32(row + i), id})
	}
	return pairs
}

// within is the cell of v along an axis of n cells, the nearest one for what lies beyond.
func within(v float64, n int) int { return int(max(0, min(v, float64(n-1)))) }

// sortPairs lists the lines of each of n cells in the order they come; it uses the given slices if they are large enough.
func sortPairs(pairs []pair, n int, first, order []int32) (cellFirst, lines []int32) {
	first = slices.Grow(first[:0], n+1)[:n+1]
	clear(first)
	order = slices.Grow(order[:0], len(pairs))[:len(pairs)]
	for _, p := range pairs {
		first[p.cell+1]++
	}
	for i := range n {
		first[i+1] += first[i]
	}
	for _, p := range pairs {
		order[first[p.cell]] = p.line
		first[p.cell]++
	}
	copy(first[1:], first[:n]) // each is now where the next begins
	first[0] = 0
	return first, order
}

// A builder builds blocks; it keeps its memory from one to the next.
type builder struct {
	r     *raster
	uses  []use
	sides []border
	segs  []seg
	table []int32 // hash of ends to side plus one

	grower grower
}

// A seg is a side of the block being built.
type seg struct {
	lo, hi orb.Point // degrees
	line             // in blocks, id is its number among sides
}

// block builds block number at from b.uses. start are the faces that hold its reference corner; it
// returns those of the next one to the right, in the same memory.
func (b *builder) block(at int, start []int32) []int32 {
	b.gather()
	j, i := at/b.r.wide, at%b.r.wide
	f := frame{r: b.r, x: float64(i), y: float64(j), per: 1}
	b.r.blocks[at], *b.r.details.at(at) = b.grower.grow(f, b.r.density.squares(len(b.segs), facesIn(b.uses)), slices.Clone(b.sides), b.segs, start)
	c, n := f.corner(0), f.corner(1)
	n[1] = c[1]
	for k := range b.segs {
		s := &b.segs[k]
		if s.lo[1] <= c[1] && c[1] < s.hi[1] && rightOf(s.lo, s.hi, c) != rightOf(s.lo, s.hi, n) {
			start = b.sides[s.id].toggle(start)
		}
	}
	return start
}

// gather makes sides of uses: one for each pair of ends, unless more than two faces want it.
func (b *builder) gather() {
	b.sides, b.segs = slices.Grow(b.sides[:0], len(b.uses)/2), slices.Grow(b.segs[:0], len(b.uses)/2)
	size := 1
	for size < 2*len(b.uses) {
		size *= 2
	}
	b.table = slices.Grow(b.table[:0], size)[:size]
	clear(b.table)
	for _, u := range b.uses {
		lo, hi := ends(u.at)
		slot := b.slot(lo, hi)
		if n := b.table[slot]; n == 0 || !b.sides[n-1].claim(u) {
			b.table[slot] = b.add(u, lo, hi)
		}
	}
}

// slot is the place in the table of the side with the given ends, or the empty one where it belongs.
func (b *builder) slot(lo, hi orb.Point) uint64 {
	mask := uint64(len(b.table) - 1)
	h := mix(mix(mix(mix(0, lo[0]), lo[1]), hi[0]), hi[1])
	for i := h >> 32 & mask; ; i = (i + 1) & mask {
		n := b.table[i]
		if n == 0 || b.segs[n-1].lo == lo && b.segs[n-1].hi == hi {
			return i
		}
	}
}

// mix adds a number to a hash; 0 and -0 are one.
func mix(h uint64, v float64) uint64 {
	return (h ^ math.Float64bits(v+0)) * 0x9e3779b97f4a7c15 >> 1
}

func (b *builder) add(u use, lo, hi orb.Point) int32 {
	n := int32(len(b.sides))
	s := border{u.at, none, none}
	s.claim(u)
	b.sides = append(b.sides, s)
	b.segs = append(b.segs, seg{lo, hi, line{b.r.inBlocks(lo), b.r.inBlocks(hi), n}})
	return n + 1
}

// claim puts the face of u beside the side; false when another face has the place. A face that has
// the side already, be it on the other side, has it twice: for the even–odd rule not at all.
func (s *border) claim(u use) bool {
	at, across := &s.right, &s.left
	if u.left {
		at, across = across, at
	}
	switch {
	case *at == u.face:
		*at = none
	case *across == u.face:
		*across = none
	case *at == none:
		*at = u.face
	default:
		return false
	}
	return true
}

// toggle puts the faces beside a side into a rising set, or takes them out.
func (s *border) toggle(set []int32) []int32 {
	if s.left == s.right {
		return set
	}
	for _, f := range [2]int32{s.left, s.right} {
		if f == none {
			continue
		}
		if i, found := slices.BinarySearch(set, f); found {
			set = slices.Delete(set, i, i+1)
		} else {
			set = slices.Insert(set, i, f)
		}
	}
	return set
}

// A frame is where a block lies: its lower left corner in blocks of the raster, and how many of its
// size such a block is wide.
type frame struct {
	r    *raster
	x, y float64
	per  float64
}

// corner is the reference corner, in degrees, of what begins i block sides right of and above the block's own.
func (f *frame) corner(i float64) orb.Point {
	r := f.r
	return orb.Point{
		corner(f.x+i/f.per, r.x0, r.perX, r.nx/r.perX),
		corner(f.y+i/f.per, r.y0, r.perY, r.ny/r.perY),
	}
}
