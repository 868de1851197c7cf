package geo

import (
	"fmt"
	"math"
	"sync"

	"github.com/paulmach/orb"
	"github.com/tidwall/rtree"
)

// A Coverage is the faces of one level, indexed: it answers which face a point lies in, and
// which faces meet a shape. Face i is the i-th cell it was made from. A Coverage never changes
// after it is made and may be used by many goroutines at once; [Coverage.With] makes the next
// one, which shares what did not change.
//
// Faces need not fill the plane, and may overlap where data are dirty. A face is what the
// even–odd rule makes of its rings: their order, winding, starting point and repeated
// vertices do not matter, and a ring that is not closed is closed by its first vertex.
type Coverage struct {
	cells  pages[orb.MultiPolygon]
	bound  orb.Bound
	raster raster
	tree   *rtree.RTreeGN[float64, part]
	lines  *lazyOutlines
	bulge  func() float64 // how far, in degrees of latitude, a great circle may leave an edge's box

	shop *workshop
}

// A part is one polygon of a face.
type part struct{ face, polygon int32 }

// A use is a side of a ring: a piece of boundary with the face on one side of it.
type use struct {
	at   *[2]orb.Point // the ends, as the ring has them
	face int32
	left bool // the face lies left of the way from the lower end to the higher
}

// NewCoverage indexes the cells: face i is cells[i]. Where several faces claim a point the
// lowest index wins, so callers sort by code. The cells are kept, not copied: they must not
// change afterwards. It fails when a coordinate is not a number or over 10¹⁵ in size: so far the arithmetic is exact.
func NewCoverage(cells []orb.MultiPolygon) (*Coverage, error) {
	c := &Coverage{cells: pagesOf(cells), lines: &lazyOutlines{}, shop: &workshop{}}
	c.bulge = sync.OnceValue(c.widestBulge)
	uses, err := usesOf(cells)
	if err != nil {
		return nil, err
	}
	var boxes sync.WaitGroup
	boxes.Go(func() { c.tree = treeOf(cells) })
	c.bound = boundOf(uses)
	c.raster = newRaster(c.bound, uses)
	boxes.Wait()
	return c, nil
}

// usesOf lists the sides of all rings that have a length, face after face.
func usesOf(cells []orb.MultiPolygon) ([]use, error) {
	n := 0
	for _, cell := range cells {
		for _, polygon := range cell {
			for _, ring := range polygon {
				n += len(ring)
			}
		}
	}
	uses := make([]use, 0, n)
	for face, cell := range cells {
		var err error
		if uses, err = appendUses(uses, int32(face), cell); err != nil {
			return nil, fmt.Errorf("coverage: face %d: %w", face, err)
		}
	}
	return uses, nil
}

func appendUses(uses []use, face int32, cell orb.MultiPolygon) ([]use, error) {
	for i, polygon := range cell {
		for k, ring := range polygon {
			if bad := unfit(ring); bad >= 0 {
				return nil, fmt.Errorf("polygon %d: ring %d: coordinate %v is not a number up to 1e15", i, k, ring[bad])
			}
			uses = appendRing(uses, face, ring, (winding(ring) > 0) == (k == 0))
		}
	}
	return uses, nil
}

// appendRing appends the sides of a ring; insideLeft says on which side of its way the face lies.
func appendRing(uses []use, face int32, ring orb.Ring, insideLeft bool) []use {
	for i := 1; i < len(ring); i++ {
		if at := (*[2]orb.Point)(ring[i-1 : i+1]); at[0] != at[1] {
			uses = append(uses, use{at, face, insideLeft == rises(at)})
		}
	}
	if n := len(ring); n > 1 && ring[n-1] != ring[0] {
		at := &[2]orb.Point{ring[n-1], ring[0]}
		uses = append(uses, use{at, face, insideLeft == rises(at)})
	}
	return uses
}

// unfit is the first vertex that is no number or too large for exact arithmetic, -1 when there is none.
func unfit(ring orb.Ring) int {
	const most = 1e15
	for i, v := range ring {
		if !(math.Abs(v[0]) <= most && math.Abs(v[1]) <= most) {
			return i
		}
	}
	return -1
}

// rises reports whether the way goes up, or along a parallel to the east.
func rises(at *[2]orb.Point) bool {
	return at[0][1] < at[1][1] || at[0][1] == at[1][1] && at[0][0] < at[1][0]
}

// ends are the ends of a side, the lower first (of a level one: the western), so that both
// faces beside it do the same arithmetic.
func ends(at *[2]orb.Point) (lo, hi orb.Point) {
	if rises(at) {
		return at[0], at[1]
	}
	return at[1], at[0]
}

// treeOf indexes the boxes of the polygons that have sides.
func treeOf(cells []orb.MultiPolygon) *rtree.RTreeGN[float64, part] {
	var tree rtree.RTreeGN[float64, part]
	for face, cell := range cells {
		insertParts(&tree, face, cell)
	}
	return &tree
}

func insertParts(tree *rtree.RTreeGN[float64, part], face int, cell orb.MultiPolygon) {
	for i, polygon := range cell {
		if box, ok := partBound(polygon); ok {
			tree.Insert(box.Min, box.Max, part{int32(face), int32(i)})
		}
	}
}

// boundOfTree is the box of all boxes, empty when there are none.
func boundOfTree(tree *rtree.RTreeGN[float64, part]) orb.Bound {
	if tree.Len() == 0 {
		return orb.MultiPolygon{}.Bound()
	}
	lo, hi := tree.Bounds()
	return orb.Bound{Min: lo, Max: hi}
}

// partBound is the box of a polygon's sides; not ok when it has none.
func partBound(polygon orb.Polygon) (box orb.Bound, ok bool) {
	for _, ring := range polygon {
		if len(ring) == 0 {
			continue
		}
		switch b := ringBox(ring); {
		case b.Min == b.Max:
			continue
		case !ok:
			box, ok = b, true
		default:
			box = joinBoxes(box, b)
		}
	}
	return box, ok
}

// ringBox is the box of a ring that has points: orb's own asks at each of them whether the box is empty.
func ringBox(ring orb.Ring) orb.Bound {
	b := orb.Bound{Min: ring[0], Max: ring[0]}
	for _, p := range ring[1:] {
		b.Min[0], b.Min[1] = min(b.Min[0], p[0]), min(b.Min[1], p[1])
		b.Max[0], b.Max[1] = max(b.Max[0], p[0]), max(b.Max[1], p[1])
	}
	return b
}

// boundOf is the box of all sides, empty when there are none.
func boundOf(uses []use) orb.Bound {
	if len(uses) == 0 {
		return orb.MultiPolygon{}.Bound()
	}
	box := segmentBox(uses[0].at[0], uses[0].at[1])
	for i := range uses {
		a, b := &uses[i].at[0], &uses[i].at[1]
		box.Min[0], box.Min[1] = min(box.Min[0], a[0], b[0]), min(box.Min[1], a[1], b[1])
		box.Max[0], box.Max[1] = max(box.Max[0], a[0], b[0]), max(box.Max[1], a[1], b[1])
	}
	return box
}

// Len is the number of faces.
func (c *Coverage) Len() int { return c.cells.len() }

// Cell is the shape of face i, in degrees. It is shared: do not change it.
func (c *Coverage) Cell(i int) orb.MultiPolygon { return *c.cells.at(i) }

// Bound is the box of all faces, in degrees; empty ([orb.Bound.IsEmpty]) when there are none.
func (c *Coverage) Bound() orb.Bound { return c.bound }
