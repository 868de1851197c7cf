package geo

import (
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/paulmach/orb"
)

// A Change gives a face another shape. One without polygons takes the face from the map; it keeps its
// number and can get a shape again.
type Change struct {
	Face int
	Cell orb.MultiPolygon // kept, not copied
}

// With returns the coverage after the changes. It shares with c all that they do not reach, and takes
// the time of their surroundings: well under a millisecond for a border between two of a city's grids.
// Only a shape that leaves the box of c by more than a thirtieth makes all be built anew. Neither c nor
// those who ask it notice. It fails when a face is not there or changed twice, or for a coordinate that [NewCoverage] refuses.
func (c *Coverage) With(changes ...Change) (*Coverage, error) {
	changes = slices.Clone(changes)
	slices.SortFunc(changes, func(a, b Change) int { return a.Face - b.Face })
	if len(changes) == 0 {
		return c, nil
	}
	e, err := c.newEdit(changes)
	if err != nil {
		return nil, fmt.Errorf("coverage: %w", err)
	}
	next := &Coverage{cells: c.cells.unshared(e.faces), raster: c.raster, lines: &lazyOutlines{}, shop: c.shop}
	next.bulge = sync.OnceValue(next.widestBulge)
	for _, ch := range changes {
		*next.cells.at(ch.Face) = ch.Cell
	}
	if e.leaves() {
		return NewCoverage(next.cells.all())
	}
	c.shop.mu.Lock()
	defer c.shop.mu.Unlock()
	next.changeTree(c, changes)
	e.rebuild(&next.raster, &c.shop.builder)
	return next, nil
}

// A workshop is shared by all coverages made from one another, of which it serves one at a time. Copying marks the
// copied tree, so two may not do so at once; those who search it do not look at the mark. The builder keeps its memory.
type workshop struct {
	mu      sync.Mutex
	builder builder
}

// changeTree takes the boxes of old, with those of changed faces made anew. Most edits move no box: then it is the same tree.
func (c *Coverage) changeTree(old *Coverage, changes []Change) {
	c.tree = old.tree
	for _, ch := range changes {
		was := old.Cell(ch.Face)
		if slices.EqualFunc(was, ch.Cell, sameBox) {
			continue
		}
		if c.tree == old.tree {
			c.tree = old.tree.Copy()
		}
		for i, polygon := range was {
			if box, ok := partBound(polygon); ok {
				c.tree.Delete(box.Min, box.Max, part{int32(ch.Face), int32(i)})
			}
		}
		insertParts(c.tree, ch.Face, ch.Cell)
	}
	c.bound = boundOfTree(c.tree)
}

func sameBox(a, b orb.Polygon) bool {
	boxA, okA := partBound(a)
	boxB, okB := partBound(b)
	return okA == okB && boxA == boxB
}

// An edit is what changes in a raster.
type edit struct {
	old     *raster
	faces   []int       // changed, rising
	uses    []use       // of their new shapes
	regions []orb.Bound // in which owners may change
}

func (c *Coverage) newEdit(changes []Change) (*edit, error) {
	e := &edit{old: &c.raster}
	var was []use
	for i, ch := range changes {
		switch {
		case ch.Face < 0 || ch.Face >= c.Len():
			return nil, fmt.Errorf("there is no face %d", ch.Face)
		case i > 0 && changes[i-1].Face == ch.Face:
			return nil, fmt.Errorf("face %d is changed twice", ch.Face)
		}
		var err error
		if was, err = appendUses(was[:0], int32(ch.Face), c.Cell(ch.Face)); err != nil {
			return nil, fmt.Errorf("face %d: %w", ch.Face, err)
		}
		before := len(e.uses)
		if e.uses, err = appendUses(e.uses, int32(ch.Face), ch.Cell); err != nil {
			return nil, fmt.Errorf("face %d: %w", ch.Face, err)
		}
		e.faces = append(e.faces, ch.Face)
		if differing := difference(was, e.uses[before:]); len(differing) > 0 {
			e.regions = append(e.regions, boundOf(differing))
		}
	}
	return e, nil
}

// difference lists the uses that only one of two shapes of a face has an odd number of times. They make
// closed lines, so whatever the shapes differ in lies within their box. Most shapes begin and end alike.
func difference(was, now []use) []use {
	for len(was) > 0 && len(now) > 0 && was[0].key() == now[0].key() {
		was, now = was[1:], now[1:]
	}
	for len(was) > 0 && len(now) > 0 && was[len(was)-1].key() == now[len(now)-1].key() {
		was, now = was[:len(was)-1], now[:len(now)-1]
	}
	seen := make(map[useKey]use, len(was)+len(now))
	for _, uses := range [][]use{was, now} {
		for _, u := range uses {
			if _, twice := seen[u.key()]; twice {
				delete(seen, u.key())
			} else {
				seen[u.key()] = u
			}
		}
	}
	return slices.Collect(maps.Values(seen)) // in no order: only their box matters
}

// A useKey is what two uses of a face are the same by.
type useKey struct {
	lo, hi orb.Point
	left   bool
}

func (u use) key() useKey {
	lo, hi := ends(u.at)
	return useKey{lo, hi, u.left}
}

// leaves reports whether a new shape leaves the raster.
func (e *edit) leaves() bool {
	for i := range e.uses {
		for _, p := range e.uses[i].at {
			if q := e.old.inBlocks(p); !(q[0] >= 0 && q[0] < e.old.nx && q[1] >= 0 && q[1] < e.old.ny) {
				return true
			}
		}
	}
	return false
}

// rebuild makes the blocks that the regions reach anew in r, which is a copy of the old raster.
func (e *edit) rebuild(r *raster, b *builder) {
	reached := e.reached()
	r.blocks, r.details = slices.Clone(r.blocks), r.details.unshared(reached)
	b.r = r
	pairs := r.blocksOf(e.uses)
	slices.SortStableFunc(pairs, func(a, b pair) int { return int(a.cell - b.cell) })
	var start []int32
	last := -1
	for _, at := range reached {
		if at != last+1 || at%r.wide == 0 {
			f := frame{r: r, x: float64(at % r.wide), y: float64(at / r.wide), per: 1}
			start = e.old.appendHolders(start[:0], f.corner(0)) // outside all regions, else the block left of it were reached
		}
		b.uses = e.kept(at, b.uses[:0])
		for ; len(pairs) > 0 && int(pairs[0].cell) <= at; pairs = pairs[1:] {
			if int(pairs[0].cell) == at {
				b.uses = append(b.uses, e.uses[pairs[0].line])
			}
		}
		start = b.block(at, start)
		last = at
	}
	b.r = nil
	if cap(b.uses) > 100*largeBlock {
		*b = builder{} // what one huge edit took is not kept for the small ones
	}
}

// reached lists the blocks in which the edit may change something, rising.
func (e *edit) reached() (blocks []int) {
	r := e.old
	for _, region := range e.regions {
		lo, hi := r.inBlocks(region.Min), r.inBlocks(region.Max)
		for j := within(lo[1]-least, int(r.ny)); j <= within(hi[1]+least, int(r.ny)); j++ {
			for i := within(lo[0]-least, r.wide); i <= within(hi[0]+least, r.wide); i++ {
				blocks = append(blocks, j*r.wide+i)
			}
		}
	}
	slices.Sort(blocks)
	return slices.Compact(blocks)
}

// kept appends the uses of unchanged faces that meet a block.
func (e *edit) kept(at int, uses []use) []use {
	for _, b := range e.old.details.at(at).sides {
		for _, u := range [2]use{{b.at, b.left, true}, {b.at, b.right, false}} {
			if _, changed := slices.BinarySearch(e.faces, int(u.face)); u.face != none && !changed {
				uses = append(uses, u)
			}
		}
	}
	return uses
}
