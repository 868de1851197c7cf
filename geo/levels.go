package geo

import "github.com/paulmach/orb"

// Levels are coverages over one another, level 0 the largest faces. A face may have a parent, a face of
// a level above. They answer for all levels in one look: geometry decides at the deepest level that owns the point,
// parents above it, and geometry again where a face has no parent. Levels never change and may be used
// by many goroutines at once.
type Levels struct {
	levels []*Coverage
	above  [][]int32 // for each level and face of it, what lies at each level above, the largest first
}

// What above says where it names no face.
const (
	askHere  = -2 // the parent is further up: geometry decides at this level alone
	askFrom  = -3 // there is no parent: geometry decides from this level up
	nobody   = -1 // of owners: none
	topLevel = 0
)

// NewLevels puts coverages over one another, the largest faces first. parent gives the level and
// number of a face's parent; a level that is not above the face's own says that it has none.
func NewLevels(levels []*Coverage, parent func(level, face int) (parentLevel, parentFace int)) *Levels {
	l := &Levels{levels: levels, above: make([][]int32, len(levels))}
	for n, c := range levels {
		l.above[n] = make([]int32, 0, n*c.Len())
		for face := range c.Len() {
			l.above[n] = append(l.above[n], l.chain(n, face, parent)...)
		}
	}
	return l
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
	owners = owners[:len(l.levels)]
	if n := len(l.levels) - 1; n >= topLevel {
		owners[n] = l.levels[n].raster.locate(p)
		l.complete(p, owners)
	}
}

// LocateBatch is Locate for many points, owners point after point. It is faster than as many calls, see [Coverage.LocateBatch].
func (l *Levels) LocateBatch(points []orb.Point, owners []int32) {
	n := len(l.levels)
	if n == 0 {
		return
	}
	owners = owners[:n*len(points)]
	var faces [chunk]int32
	for len(points) > 0 {
		k := min(chunk, len(points))
		l.levels[n-1].LocateBatch(points[:k], faces[:k])
		for i, p := range points[:k] {
			at := owners[i*n : i*n+n : i*n+n]
			at[n-1] = faces[i]
			l.complete(p, at)
		}
		points, owners = points[k:], owners[k*n:]
	}
}

// complete finds the owners above the last of owners, which is known.
func (l *Levels) complete(p orb.Point, owners []int32) {
	for n := len(owners) - 1; n > topLevel; {
		if owners[n] == nobody {
			n--
			owners[n] = l.levels[n].raster.locate(p)
			continue
		}
		row := l.above[n][int(owners[n])*n:]
		for n--; n >= topLevel; n-- {
			if owners[n] = row[n]; owners[n] >= 0 {
				continue
			}
			again := owners[n] == askFrom
			if owners[n] = l.levels[n].raster.locate(p); again {
				break
			}
		}
	}
}
