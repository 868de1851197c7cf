package geo

import "github.com/paulmach/orb"

// Filled reports whether a point that is nobody's at the deepest level is known to be nobody's at any.
func (l *Levels) Filled() bool { return l.row(none)[len(l.levels)-1] != open }

// Blocks is how many blocks the raster has.
func (c *Coverage) Blocks() int { return len(c.raster.blocks) }

// RasterCorners are the reference corners of all squares of the raster: points on which a square and its
// neighbours must agree.
func (c *Coverage) RasterCorners() (points []orb.Point) {
	r := &c.raster
	var walk func(f frame, b *block, d *detail)
	walk = func(f frame, b *block, d *detail) {
		wide := int(b.wide)
		for j := range wide + 1 {
			for i := range wide + 1 {
				x, y := f.corner(float64(i)/float64(wide)), f.corner(float64(j)/float64(wide))
				points = append(points, orb.Point{x[0], y[1]})
			}
		}
		for at, w := range b.data[:wide*wide] {
			if w >= blockWord && w < denseWord {
				per := f.per * float64(wide)
				i, j := at%wide, at/wide
				walk(frame{r, f.x + float64(i)/per, f.y + float64(j)/per, per}, &d.deep.blocks[w&wordValue], &d.deep.details[w&wordValue])
			}
		}
	}
	for at := range r.blocks {
		walk(frame{r, float64(at % r.wide), float64(at / r.wide), 1}, &r.blocks[at], r.details.at(at))
	}
	return points
}
