package geo

import (
	"slices"

	"github.com/paulmach/orb"
)

// Levels are coverages over one another, level 0 the largest faces. A face may have a parent, a face of
// a level above. They answer for all levels in one look: geometry decides at the deepest level that owns the point,
// parents above it, and geometry again where a face has no parent. Levels never change and may be used
// by many goroutines at once.
type Levels struct {
	levels []*Coverage
	above  [][]int32 // for each level but the deepest and face of it, what lies at each level above, the largest first
	rows   []int32   // owners at all levels for each face of the deepest, the first row for no face

	three [][3]int32 // rows in its place where there are three levels, which many have: they are copied fastest
}

// What above, and rows but for their last place, say where they name no face.
const (
	askHere  = -2 // the parent is further up: geometry decides at this level alone
	askFrom  = -3 // there is no parent: geometry decides from this level up
	nobody   = -1 // of owners: none
	topLevel = 0
)

// open is in the last place of a row that does not answer for all levels.
const open = -4

// NewLevels puts coverages over one another, the largest faces first. parent gives the level and
// number of a face's parent; a level that is not above the face's own says that it has none. It compares all sides
// of the levels, to know whether a point outside the deepest can lie in others, so it takes a part of
// the time that the coverages took.
func NewLevels(levels []*Coverage, parent func(level, face int) (parentLevel, parentFace int)) *Levels {
	l := &Levels{levels: levels}
	if len(levels) == 0 {
		return l
	}
	deepest := len(levels) - 1
	for n, c := range levels[:deepest] {
		above := make([]int32, 0, n*c.Len())
		for face := range c.Len() {
			above = append(above, l.chain(n, face, parent)...)
		}
		l.above = append(l.above, above)
	}
	l.rows = make([]int32, len(levels), len(levels)*(1+levels[deepest].Len()))
	for face := range levels[deepest].Len() {
		chain := l.chain(deepest, face, parent)
		own := int32(face)
		if slices.ContainsFunc(chain, func(above int32) bool { return above < 0 }) {
			own = open
		}
		l.rows = append(append(l.rows, chain...), own)
	}
	l.nobodysRow()
	if len(levels) == 3 {
		l.three = make([][3]int32, 0, len(l.rows)/3)
		for row := range slices.Chunk(l.rows, 3) {
			l.three = append(l.three, [3]int32(row))
		}
		l.rows = nil
	}
	return l
}

// nobodysRow fills the row for points outside the deepest level.
func (l *Levels) nobodysRow() {
	row, deepest := l.rows[:len(l.levels)], len(l.levels)-1
	for n := range row {
		row[n] = nobody
	}
	if deepest > topLevel && !l.filled() {
		row[deepest] = open
	}
}

// row are the owners at all levels where the deepest has this one; not known when the last is open.
func (l *Levels) row(face int32) []int32 {
	if l.three != nil {
		return l.three[face+1][:]
	}
	at := len(l.levels) * int(face+1)
	return l.rows[at : at+len(l.levels)]
}

// chainOf is what lies above a face.
func (l *Levels) chainOf(level int, face int32) []int32 {
	if level == len(l.levels)-1 {
		return l.row(face)[:level]
	}
	return l.above[level][level*int(face):][:level]
}

// chain is what lies above a face: its parent, that one's parent and so on.
func (l *Levels) chain(level, face int, parent func(level, face int) (int, int)) []int32 {
	chain := make([]int32, level)
	for n := level - 1; n >= topLevel; {
		up, upFace := parent(level, face)
		if up < topLevel || up >= level {
			up = nobody
		}
		if up == nobody {
			chain[n] = askFrom
			break
		}
		for ; n > up; n-- {
			chain[n] = askHere
		}
		chain[n] = int32(upFace)
		level, face, n = up, upFace, n-1
	}
	return chain
}

// Len is the number of levels.
func (l *Levels) Len() int { return len(l.levels) }

// Locate writes the owner of p (degrees) at each level to owners, which has as many places; -1 where there is none.
func (l *Levels) Locate(p orb.Point, owners []int32) {
	n := len(l.levels)
	if n == 0 {
		return
	}
	face := l.levels[n-1].raster.locate(p[0], p[1])
	if l.three != nil {
		row := l.three[face+1]
		if *(*[3]int32)(owners) = row; row[2] != open {
			return
		}
	} else if copy(owners[:n], l.row(face)); owners[n-1] != open {
		return
	}
	l.complete(p, face, owners[:n])
}

// LocateBatch is Locate for many points, owners point after point. It is faster than as many calls, see [Coverage.LocateBatch].
func (l *Levels) LocateBatch(points []orb.Point, owners []int32) {
	n := len(l.levels)
	if n == 0 {
		return
	}
	owners = owners[:n*len(points)]
	var b batch
	var faces [chunk]int32
	for len(points) > 0 {
		k := min(chunk, len(points))
		b.locate(&l.levels[n-1].raster, points[:k], faces[:k])
		if l.three != nil {
			l.spread3(points[:k], faces[:k], owners)
		} else {
			l.spread(points[:k], faces[:k], owners)
		}
		points, owners = points[k:], owners[k*n:]
	}
}

// spread writes the owners at all levels where the faces are those at the deepest.
func (l *Levels) spread(points []orb.Point, faces, owners []int32) {
	n := len(l.levels)
	for i, face := range faces {
		at := owners[i*n : i*n+n : i*n+n]
		if copy(at, l.row(face)); at[n-1] == open {
			l.complete(points[i], face, at)
		}
	}
}

// spread3 is spread for three levels.
func (l *Levels) spread3(points []orb.Point, faces, owners []int32) {
	rows := l.three
	for i, face := range faces {
		row, at := rows[face+1], owners[3*i:3*i+3:3*i+3]
		*(*[3]int32)(at) = row
		if row[2] == open {
			l.complete(points[i], face, at)
		}
	}
}

// complete finds the owners where the deepest level has this face.
func (l *Levels) complete(p orb.Point, face int32, owners []int32) {
	owners[len(owners)-1] = face
	for n := len(owners) - 1; n > topLevel; {
		if owners[n] == nobody {
			n--
			owners[n] = l.levels[n].raster.locate(p[0], p[1])
			continue
		}
		row := l.chainOf(n, owners[n])
		for n--; n >= topLevel; n-- {
			if owners[n] = row[n]; owners[n] >= 0 {
				continue
			}
			again := owners[n] == askFrom
			if owners[n] = l.levels[n].raster.locate(p[0], p[1]); again {
				break
			}
		}
	}
}
