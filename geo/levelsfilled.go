package geo

// filled reports whether the faces of the deepest level are known to fill all others: then a point that
// the deepest gives to nobody is nobody's at any.
//
// They do if, for each face above, the sides of the faces that have it as parent, taken an odd number of times,
// are exactly its own. For then it holds p + (ε, ε²) only if an odd number of those do, so one of them
// owns p; and if a side of it goes through p, so does the same side of one of them, which then has p by touch if
// nothing holds it. Sides with the same ends only are compared: another vertex on a side makes it false, at the cost of a look.
func (l *Levels) filled() bool {
	deepest := len(l.levels) - 1
	parts, ok := l.levels[deepest].distinctSides()
	if !ok {
		return false
	}
	for n := range l.levels[:deepest] {
		whole, ok := l.levels[n].distinctSides()
		if !ok || !l.filledBy(parts, whole, n) {
			return false
		}
	}
	return true
}

// distinctSides are the sides of all faces in one piece; not ok when three faces share one.
func (c *Coverage) distinctSides() (b *builder, ok bool) {
	b = &builder{r: &raster{}}
	var err error
	if b.uses, err = usesOf(c.cells.all()); err != nil {
		return nil, false
	}
	b.gather()
	for n := range b.sides {
		if b.table[b.slot(b.segs[n].lo, b.segs[n].hi)] != int32(n+1) {
			return nil, false
		}
	}
	return b, true
}

// filledBy reports whether the parts' sides that do not lie inside a face of level n are that level's.
func (l *Levels) filledBy(parts, whole *builder, n int) bool {
	outer := 0
	for _, s := range parts.sides {
		if l.ancestor(n, s.left) != l.ancestor(n, s.right) {
			outer++
		}
	}
	for i, s := range whole.sides {
		if s.left == s.right {
			continue
		}
		outer--
		at := parts.table[parts.slot(whole.segs[i].lo, whole.segs[i].hi)]
		if at == 0 {
			return false
		}
		part := parts.sides[at-1]
		left, right := l.ancestor(n, part.left), l.ancestor(n, part.right)
		if left != s.left || right != s.right {
			return false
		}
	}
	return outer == 0
}

// ancestor is what lies above a face of the deepest level at level n, none where no face is known.
func (l *Levels) ancestor(n int, face int32) int32 {
	if face == none {
		return none
	}
	return max(none, l.row(face)[n])
}
