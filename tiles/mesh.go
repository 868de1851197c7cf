package tiles

import "slices"

// A mesh is the sides of all cells in a tile, each once however many cells have it.
type mesh struct {
	cells  []meshCell
	segs   []seg     // distinct
	beside [][]int32 // by seg: its cells, rising; a cell twice that has it twice
	cuts   [][]dot   // by seg: what it is led through
	exact  []bool    // by seg: cuts are those of the side as it was before rounding

	contested []contest // corners that some of the cells beside a seg have

	buckets *buckets  // of segs
	tidied  [][][]dot // by cell: its rings when all has settled
}

// A contest is a corner within half a unit of a seg, which not all cells beside the seg have.
type contest struct {
	seg int32
	at  dot
}

// A meshCell is one cell's part of a mesh.
type meshCell struct {
	rings   [][]dot  // as they were rounded
	segs    []int32  // the seg of each side, through all rings
	corners []uint32 // keys of all dots, rising
}

func newMesh(rings [][][]dot) *mesh {
	m := &mesh{cells: make([]meshCell, len(rings))}
	n := 0
	for _, cell := range rings {
		for _, r := range cell {
			n += len(r)
		}
	}
	known := make(map[uint64]int32, n)
	segs, corners := make([]int32, 0, n), make([]uint32, 0, n)
	for i, cell := range rings {
		from := len(segs)
		for _, r := range cell {
			for k, d := range r {
				segs = append(segs, m.number(newSeg(d, r[(k+1)%len(r)]), known))
				corners = append(corners, d.key())
			}
		}
		m.cells[i] = meshCell{cell, segs[from:], corners[from:]}
		slices.Sort(m.cells[i].corners)
	}
	m.findBeside(n)
	m.cuts = make([][]dot, len(m.segs))
	m.exact = make([]bool, len(m.segs))
	return m
}

// number returns the number of a seg, a new one when it is not known.
func (m *mesh) number(s seg, known map[uint64]int32) int32 {
	i, ok := known[s.key()]
	if !ok {
		i = int32(len(m.segs))
		known[s.key()] = i
		m.segs = append(m.segs, s)
	}
	return i
}

// findBeside notes which cells each seg is beside; together the cells have n sides.
func (m *mesh) findBeside(n int) {
	counts := make([]int32, len(m.segs))
	for _, cell := range m.cells {
		for _, s := range cell.segs {
			counts[s]++
		}
	}
	m.beside = make([][]int32, len(m.segs))
	all := make([]int32, n)
	for s, count := range counts {
		m.beside[s], all = all[:0:count], all[count:]
	}
	for i, cell := range m.cells {
		for _, s := range cell.segs {
			m.beside[s] = append(m.beside[s], int32(i))
		}
	}
}

// keyBits is what a coordinate of a tile and its buffer needs.
const keyBits = 13

// key packs a dot of the buffered tile; keys are in the order of dots.
func (d dot) key() uint32 { return uint32(d.x+Buffer)<<keyBits | uint32(d.y+Buffer) }

func (s seg) key() uint64 { return uint64(s.a.key())<<32 | uint64(s.b.key()) }

// tidy returns the rings of a cell as the mesh has settled, fit for a Shape, and whether they fill more than they wind
// around in the right direction.
func (m *mesh) tidy(c meshCell) (rings [][]dot, turned bool) {
	rings, corners := c.rings, c.corners
	if slices.ContainsFunc(c.segs, func(s int32) bool { return m.cuts[s] != nil }) {
		rings, corners = m.led(c)
	}
	for i := 1; i < len(corners); i++ {
		if corners[i] == corners[i-1] {
			tidied := assemble(sides(rings))
			return tidied, ringsArea(tidied) != ringsArea(rings)
		}
	}
	for i, r := range rings {
		rings[i] = oriented(r, ringArea(c.rings[i]) > 0)
	}
	return rings, false
}

// ringsArea returns twice the area of rings, holes taken off.
func ringsArea(rings [][]dot) (sum int64) {
	for _, r := range rings {
		sum += ringArea(r)
	}
	return sum
}

// led returns the rings of a cell along its segs as these are led, and the keys of their dots, rising.
func (m *mesh) led(c meshCell) (rings [][]dot, corners []uint32) {
	segs := c.segs
	for _, ring := range c.rings {
		var out []dot
		for i, d := range ring {
			path := pathOf(m.segs[segs[i]], m.cuts[segs[i]])
			if path[0] != d {
				slices.Reverse(path)
			}
			out = append(out, path[:len(path)-1]...)
		}
		for _, d := range out {
			corners = append(corners, d.key())
		}
		rings = append(rings, out)
		segs = segs[len(ring):]
	}
	slices.Sort(corners)
	return rings, corners
}
