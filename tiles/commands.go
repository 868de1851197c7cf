package tiles

import "encoding/binary"

// commands writes the geometry of a feature: MVT 2.1, section 4.3. The cursor is
// carried from part to part.
type commands struct {
	bytes  []byte
	cursor dot
}

// Command integers: the low three bits are the command, the rest how often it is repeated.
const (
	moveTo    = 1
	lineTo    = 2
	closePath = 7
)

func (c *commands) put(v uint32) { c.bytes = binary.AppendUvarint(c.bytes, uint64(v)) }

func (c *commands) step(to dot) {
	c.put(zigzag(to.x - c.cursor.x))
	c.put(zigzag(to.y - c.cursor.y))
	c.cursor = to
}

func zigzag(v int32) uint32 { return uint32(v<<1) ^ uint32(v>>31) }

func (c *commands) move(dots []dot) {
	c.put(uint32(len(dots))<<3 | moveTo)
	for _, d := range dots {
		c.step(d)
	}
}

func (c *commands) line(dots []dot) {
	c.move(dots[:1])
	c.put(uint32(len(dots)-1)<<3 | lineTo)
	for _, d := range dots[1:] {
		c.step(d)
	}
}

// ring writes a ring without its repeated last point.
func (c *commands) ring(dots []dot) {
	c.line(dots)
	c.put(1<<3 | closePath)
}
