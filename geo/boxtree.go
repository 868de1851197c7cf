package geo

import "github.com/paulmach/orb"

// fan is how many boxes of one level a node of the next one covers.
const fan = 8

// A boxTree finds the boxes that meet a box. It packs them in the order they
// come, without sorting: pieces of a ring that follow each other lie next to
// each other, so the order along the rings is already a good one.
type boxTree struct {
	levels [][]orb.Bound // levels[0] are the boxes, the last has at most fan
}

// newBoxTree indexes the boxes; it keeps the slice.
func newBoxTree(boxes []orb.Bound) *boxTree {
	t := &boxTree{levels: [][]orb.Bound{boxes}}
	t.pack()
	return t
}

// lowest is the memory of the lowest level, emptied, for refill.
func (t *boxTree) lowest() []orb.Bound {
	if len(t.levels) == 0 {
		return nil
	}
	return t.levels[0][:0]
}

// refill makes t the tree of other boxes.
func (t *boxTree) refill(boxes []orb.Bound) {
	if len(t.levels) == 0 {
		t.levels = append(t.levels, nil)
	}
	t.levels[0] = boxes
	t.pack()
}

// pack makes the upper levels from the lowest. It uses the memory of those there were, so that a
// tree which is filled again and again allocates nothing.
func (t *boxTree) pack() {
	boxes := t.levels[0]
	t.levels = t.levels[:1]
	for len(boxes) > fan {
		up := t.nextLevel()
		for i := 0; i < len(boxes); i += fan {
			b := boxes[i]
			for _, o := range boxes[i+1 : min(i+fan, len(boxes))] {
				b = joinBoxes(b, o)
			}
			up = append(up, b)
		}
		t.levels[len(t.levels)-1] = up
		boxes = up
	}
}

// nextLevel adds an empty level on top.
func (t *boxTree) nextLevel() []orb.Bound {
	n := len(t.levels)
	if n == cap(t.levels) {
		t.levels = append(t.levels, nil)
	}
	t.levels = t.levels[:n+1]
	return t.levels[n][:0]
}

// search calls visit for each i with from ≤ i < to whose box meets b, in
// rising order, until visit returns false. It tells whether it came to the end.
func (t *boxTree) search(b orb.Bound, from, to int, visit func(i int) bool) bool {
	top := len(t.levels) - 1
	return t.searchLevel(top, 0, len(t.levels[top]), boxQuery{b, from, to, visit})
}

type boxQuery struct {
	box      orb.Bound
	from, to int
	visit    func(i int) bool
}

func (t *boxTree) searchLevel(level, first, last int, q boxQuery) bool {
	span := 1 // boxes under one node
	for range level {
		span *= fan
	}
	for i := max(first, q.from/span); i < last && i*span < q.to; i++ {
		if !boxesMeet(t.levels[level][i], q.box) {
			continue
		}
		if level == 0 {
			if !q.visit(i) {
				return false
			}
			continue
		}
		if !t.searchLevel(level-1, i*fan, min(i*fan+fan, len(t.levels[level-1])), q) {
			return false
		}
	}
	return true
}

// pairs calls visit for each two boxes i < j that meet, in an order that depends on the boxes only, until visit returns
// false. It tells whether it came to the end. It goes down the tree once, where a search for each box would go down as
// often as there are boxes.
func (t *boxTree) pairs(visit func(i, j int) bool) bool {
	top := len(t.levels) - 1
	all := boxRun{0, len(t.levels[top])}
	return t.pairsOf(top, all, all, visit)
}

// A boxRun are the boxes of one level from one up to another.
type boxRun struct{ from, to int }

// below are the boxes under box i of the level above.
func (t *boxTree) below(level, i int) boxRun {
	return boxRun{i * fan, min(i*fan+fan, len(t.levels[level]))}
}

// pairsOf is pairs of one box in a and one in b, the same run or a later one.
func (t *boxTree) pairsOf(level int, a, b boxRun, visit func(i, j int) bool) bool {
	boxes := t.levels[level]
	for i := a.from; i < a.to; i++ {
		if a != b && !boxesMeet(boxes[i], t.levels[level+1][b.from/fan]) {
			continue
		}
		for j := max(b.from, i); j < b.to; j++ {
			switch {
			case i != j && !boxesMeet(boxes[i], boxes[j]):
			case level > 0:
				if !t.pairsOf(level-1, t.below(level-1, i), t.below(level-1, j), visit) {
					return false
				}
			case i != j && !visit(i, j):
				return false
			}
		}
	}
	return true
}

func boxesMeet(a, b orb.Bound) bool {
	return a.Min[0] <= b.Max[0] && b.Min[0] <= a.Max[0] && a.Min[1] <= b.Max[1] && b.Min[1] <= a.Max[1]
}

func joinBoxes(a, b orb.Bound) orb.Bound {
	return orb.Bound{
		Min: orb.Point{min(a.Min[0], b.Min[0]), min(a.Min[1], b.Min[1])},
		Max: orb.Point{max(a.Max[0], b.Max[0]), max(a.Max[1], b.Max[1])},
	}
}

// segmentBox is the box of the segment ab.
func segmentBox(a, b orb.Point) orb.Bound {
	return orb.Bound{
		Min: orb.Point{min(a[0], b[0]), min(a[1], b[1])},
		Max: orb.Point{max(a[0], b[0]), max(a[1], b[1])},
	}
}
