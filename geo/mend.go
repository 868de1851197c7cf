package geo

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/paulmach/orb"
)

// A Mending is what [Mend] made of cells.
type Mending struct {
	Cells   []orb.MultiPolygon
	Changed []int   // the cells that are not what they were, rising
	Patches []Patch // in the order in which they were laid
}

// A Patch is narrow ground that Mend gave to one cell.
type Patch struct {
	To     int              // the cell that has it now
	From   []int            // the cells that claimed it, rising: To among several, another one that it was cut off from; none claimed a gap
	AreaM2 float64          // square metres, geodesic
	Shape  orb.MultiPolygon // degrees
}

// mendRounds bounds the rounds of Mend; two are enough for all but tangles.
const mendRounds = 12

// Mend makes a clean coverage of valid cells that nearly are one: ground narrower than toleranceM metres that
// no cell claims, or several do, is given to one of them, and so is what is cut off from its cell.
//
// First vertices are snapped: a vertex on the rim of such ground goes to the nearest one of another cell within
// the tolerance, that of the lower cell staying. What is narrow still goes to the cell with which it shares the longest
// border, the lowest where two are as long: an overlap to one of those that claim it, a gap to one beside it.
//
// Ground counts as narrow when twice its area is less than the tolerance times its rim (see [Width]). A gap
// may be open to the outside where two cells run beside each other for ten times their distance or more; it is
// then closed at its ends. Wider gaps and overlaps stay, and so does what lies over a cell that has
// no ground of its own: no cell is lost. Cells that take no part stay as they are, bit by bit, and mending what is
// mended changes nothing, but for the last bit of a vertex where two sides part at so small an angle that numbers cannot follow, and
// in tangles that are not at rest after a dozen rounds. How rings wind, where they start and in what order they are decides nothing; the order
// of cells decides which vertices stay, and ties.
//
// All sides of all cells are held. It is an error when a cell is not valid ([Validate]; one without polygons is
// allowed), when the tolerance is not a number from 0 to 1,000, and when sides cross too often (see [Repair]).
func Mend(cells []orb.MultiPolygon, toleranceM float64) (Mending, error) {
	if !(toleranceM >= 0 && toleranceM <= 1000) {
		return Mending{}, fmt.Errorf("geo: mend: tolerance %v m, want 0 to 1000", toleranceM)
	}
	for i, cell := range cells {
		if f := Validate(cell); f != nil && len(cell) > 0 {
			return Mending{}, fmt.Errorf("geo: mend: cell %d: %s at %v", i, f.Reason, f.At)
		}
	}
	m := &mender{toleranceM: toleranceM, cells: slices.Clone(cells), changed: make([]bool, len(cells))}
	for range mendRounds {
		again, err := m.round()
		if err != nil {
			return Mending{}, fmt.Errorf("geo: mend: %w", err)
		}
		if !again {
			break
		}
	}
	out := Mending{Cells: m.cells, Patches: m.patches}
	for i := range cells {
		if m.changed[i] {
			out.Changed = append(out.Changed, i)
		}
	}
	return out, nil
}

// A mender is Mend at work.
type mender struct {
	toleranceM float64
	cells      []orb.MultiPolygon
	changed    []bool
	patches    []Patch
	unsnapped  bool // snapping would lose a cell: it is not done any more
}

// round mends what it finds, and tells whether there was anything.
func (m *mender) round() (bool, error) {
	bridges, dirty, err := m.survey()
	if err != nil || !dirty {
		return false, err
	}
	o, err := newOverlay(append(cellSegments(m.cells), bridges...))
	if err != nil {
		return false, err
	}
	narrow := m.narrow(o)
	if m.snap(o, narrow) {
		return true, nil
	}
	given := m.give(o, narrow)
	if len(given) == 0 {
		return false, nil
	}
	if err := m.lay(o, given); err != nil {
		return false, err
	}
	return true, m.rebuild(o, given)
}

// narrow are the faces that are to have another owner, or one, and are narrow enough to be given away, rising. Faces
// over a cell that has nothing else are not: the cell would be lost.
func (m *mender) narrow(o *overlay) (faces []int) {
	rims := o.rims()
	width := make([]float64, o.faces)
	room := make([]float64, len(m.cells)) // the widest ground that is a cell's alone; 0 is none
	for f := 1; f < o.faces; f++ {
		width[f] = o.extentOf(rims[f]).widthM()
		if owners := o.owners[f]; len(owners) == 1 {
			room[owners[0]] = max(room[owners[0]], width[f], math.SmallestNonzeroFloat64)
		}
	}
	for f := 1; f < o.faces; f++ {
		owners := o.owners[f]
		lost := slices.ContainsFunc(owners, func(c int32) bool { return room[c] == 0 })
		if width[f] >= m.toleranceM || lost {
			continue
		}
		if len(owners) != 1 || room[owners[0]] >= m.toleranceM && o.cutOff(rims[f]) {
			faces = append(faces, f)
		}
	}
	return faces
}

// cutOff tells whether nothing beside a face is its owner's.
func (o *overlay) cutOff(rim []int) bool {
	owner := o.owners[o.face[rim[0]]][0]
	return !slices.ContainsFunc(rim, func(h int) bool { return slices.Contains(o.owners[o.face[h^1]], owner) })
}

// give chooses an owner for each of the faces. Those that border on nothing but each other wait for
// a round in which a neighbour has one; what no round reaches stays.
func (m *mender) give(o *overlay, faces []int) map[int]int32 {
	given := map[int]int32{}
	rims := o.rims()
	for len(given) < len(faces) {
		next := map[int]int32{}
		for _, f := range faces {
			if _, done := given[f]; !done {
				if to, ok := m.heir(o, rims[f], given); ok {
					next[f] = to
				}
			}
		}
		if len(next) == 0 {
			break
		}
		for f, to := range next {
			given[f] = to
		}
	}
	return given
}

// heir is the cell that the face within the rim shares the longest border with: of those that claim it where
// several do, else of all beside it; not ok when there is none.
func (m *mender) heir(o *overlay, rim []int, given map[int]int32) (to int32, ok bool) {
	claimants := o.owners[o.face[rim[0]]]
	shared := map[int32]float64{}
	for _, h := range rim {
		owner, single := soleOwner(o, o.face[h^1], given)
		if single && (len(claimants) < 2 || slices.Contains(claimants, owner)) {
			shared[owner] += o.lengthM(h)
		}
	}
	most := -1.0
	for owner, length := range shared {
		if length > most || length == most && owner < to {
			to, most = owner, length
		}
	}
	return to, most >= 0
}

// soleOwner is the one cell that has the face, before or after giving.
func soleOwner(o *overlay, face int, given map[int]int32) (int32, bool) {
	if to, ok := given[face]; ok {
		return to, true
	}
	if owners := o.owners[face]; len(owners) == 1 {
		return owners[0], true
	}
	return 0, false
}

// lengthM is the length of a half-edge in metres, by the local scale of degrees.
func (g *graph) lengthM(h int) float64 {
	a, b := g.points[min(g.origin[h], g.head(h))], g.points[max(g.origin[h], g.head(h))]
	perLon, perLat := metresPerDegree(a[1])
	return math.Hypot((b[0]-a[0])*perLon, (b[1]-a[1])*perLat)
}

// lay keeps account of the faces given.
func (m *mender) lay(o *overlay, given map[int]int32) error {
	rims := o.rims()
	for f := range o.faces {
		to, ok := given[f]
		if !ok {
			continue
		}
		shape, err := o.shapeOf(rims[f])
		if err != nil {
			return err
		}
		patch := Patch{To: int(to), AreaM2: Area(shape), Shape: shape}
		for _, c := range o.owners[f] {
			patch.From = append(patch.From, int(c))
		}
		m.patches = append(m.patches, patch)
	}
	return nil
}

// rebuild makes the cells anew that gain or lose a face, or that have been cut beside one.
func (m *mender) rebuild(o *overlay, given map[int]int32) error {
	stirred := m.stirred(o, given)
	for f, to := range given {
		o.owners[f] = []int32{to}
	}
	sides := make(map[int32][]segment, len(stirred))
	for h := range o.face {
		inside, outside := o.owners[o.face[h]], o.owners[o.face[h^1]]
		for _, c := range inside {
			if stirred[c] && !slices.Contains(outside, c) {
				sides[c] = append(sides[c], segment{a: o.points[o.origin[h]], b: o.points[o.head(h)], wind: 1})
			}
		}
	}
	for c := range stirred {
		shape, err := polygonsOf(sides[c])
		if err == nil && len(shape) == 0 {
			err = errors.New("nothing is left of it")
		}
		if err != nil {
			return fmt.Errorf("cell %d: %w", c, err)
		}
		m.cells[c], m.changed[c] = shape, true
	}
	return nil
}

// stirred are the cells that giving the faces away changes.
func (m *mender) stirred(o *overlay, given map[int]int32) map[int32]bool {
	cells, vertices := map[int32]bool{}, make([]bool, len(o.points))
	for h, f := range o.face {
		if to, ok := given[f]; ok {
			vertices[o.origin[h]], cells[to] = true, true
			for _, c := range o.owners[f] {
				cells[c] = true
			}
		}
	}
	for e, linings := range o.linings {
		for _, l := range linings {
			if l.cut && (vertices[o.origin[2*e]] || vertices[o.origin[2*e+1]]) {
				cells[l.cell] = true
			}
		}
	}
	return cells
}
