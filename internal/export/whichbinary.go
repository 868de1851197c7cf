package export

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/paulmach/orb"

	"hazgrid/safety"
)

// Media types of the form for machines, which openapi.json describes.
const (
	PointsMedia = "application/vnd.hazgrid.points"
	GridsMedia  = "application/vnd.hazgrid.grids"
)

// What the binary form is made of.
const (
	gridsMagic   = "hazgrids"
	gridsVersion = 1
	pointBytes   = 16 // two little-endian float64
)

// WhichBinary reads points from r, each longitude and latitude as little-endian float64, and writes to w
// a header with the codes of all grids, then for each point and each level, 1 first, the number of its grid as
// little-endian int32: safety.NoGrid where there is none, safety.BadPoint for a point that is none. A body that
// ends within a point is ErrInvalid. It works as WhichCSV does.
func (l Locator) WhichBinary(w io.Writer, r io.Reader) error {
	a := l.asker()
	if a.broken != nil {
		return a.broken
	}
	in := &cutter{r: r, least: l.least, cut: func(text []byte) int { return len(text) / pointBytes * pointBytes }}
	read := 0
	f := flow{work: func() func(*block) { return a.binary }}
	f.next = func(b *block) error {
		err := in.next(b)
		if err != nil && !errors.Is(err, io.EOF) {
			return invalid(err)
		}
		read += len(b.text)
		if read%pointBytes != 0 {
			return fmt.Errorf("%w: the body ends within point %d: want %d bytes for each", safety.ErrInvalid, read/pointBytes+1, pointBytes)
		}
		return err
	}
	f.write = func(b *block) error {
		if b.first {
			if _, err := w.Write(a.dictionary()); err != nil {
				return err
			}
		}
		_, err := w.Write(b.out)
		return err
	}
	return f.run()
}

// dictionary is the header of the answer: magic, version, number of levels, offset of the first
// answer; for each level the number of its grids, and for each of these the length of its code and the code; zeros
// up to a multiple of eight bytes.
func (a *asker) dictionary() []byte {
	b := append([]byte(gridsMagic), 0, 0, 0, 0, 0, 0, 0, 0)
	binary.LittleEndian.PutUint32(b[8:], gridsVersion)
	binary.LittleEndian.PutUint32(b[12:], uint32(a.depth))
	b = append(b, make([]byte, 8)...)
	for level := range a.depth {
		grids := a.lookup.Grids(level + 1)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(grids)))
		for _, g := range grids {
			b = append(binary.LittleEndian.AppendUint32(b, uint32(len(g.Code))), g.Code...)
		}
	}
	b = append(b, make([]byte, -len(b)&7)...)
	binary.LittleEndian.PutUint64(b[16:], uint64(len(b)))
	return b
}

// binary answers a block of points.
func (a *asker) binary(b *block) {
	for at := 0; at < len(b.text); at += pointBytes {
		p := orb.Point{float(b.text[at:]), float(b.text[at+8:])}
		a.take(b, p, nil)
	}
	a.locate(b)
	n := 4 * len(b.grids)
	b.out = slices.Grow(b.out, n)[:n]
	for i, g := range b.grids {
		binary.LittleEndian.PutUint32(b.out[4*i:], uint32(g))
	}
}

func float(b []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(b)) }
