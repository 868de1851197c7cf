package export

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	"hazgrid/safety"
)

// Sizes in bytes. A block is at least so long unless the input ends, and at most twice.
const (
	blockLeast = 64 << 10
	recordMost = 16 << 20 // a longer record or element is refused: memory is bounded
)

// A cutter reads in blocks that end where a record does.
type cutter struct {
	r     io.Reader
	cut   func(text []byte) int // how much of text, which begins at a record, is whole records; 0: none yet
	least int                   // bytes of a block; 0: blockLeast
	rest  []byte                // read, but not handed out
}

// next fills b.text with whole records; at the end of the input, with io.EOF, by what is left.
func (c *cutter) next(b *block) error {
	least := cmp.Or(c.least, blockLeast)
	b.text = append(slices.Grow(b.text[:0], 2*least), c.rest...)
	for ; ; least = 2 * len(b.text) {
		var err error
		b.text, err = readTo(c.r, b.text, least)
		if errors.Is(err, io.EOF) {
			c.rest = c.rest[:0]
			return io.EOF
		}
		if err != nil {
			return err
		}
		if n := c.cut(b.text); n > 0 {
			c.rest = append(c.rest[:0], b.text[n:]...)
			b.text = b.text[:n]
			return nil
		}
		if len(b.text) > recordMost {
			return fmt.Errorf("%w: a record is longer than %d bytes", safety.ErrInvalid, recordMost)
		}
	}
}

// readTo reads on until there are at least so many bytes.
func readTo(r io.Reader, b []byte, least int) ([]byte, error) {
	for idle := 0; len(b) < least; idle++ {
		if len(b) == cap(b) || cap(b) < least {
			b = slices.Grow(b, least)
		}
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		switch {
		case err != nil:
			return b, err
		case n > 0:
			idle = 0
		case idle > 100:
			return b, io.ErrNoProgress
		}
	}
	return b, nil
}
