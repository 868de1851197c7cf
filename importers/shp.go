package importers

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/paulmach/orb"

	"hazgrid/safety"
)

// The layout of .shp and .shx is that of the ESRI Shapefile Technical Description (July 1998): a header of
// 100 bytes, then records; lengths and offsets count words of two bytes.
const (
	shpMagic  = "\x00\x00\x27\x0a"
	shpHeader = 100
)

// A shpStream yields the shapes of a .shp, in the order in which they stand, or in that of its .shx.
type shpStream struct {
	file   member
	in     *bufio.Reader
	at     int64         // offset of the next byte of in
	index  *bufio.Reader // the .shx, after its header; nil when shapes stand one after the other in the right order
	strict bool          // nothing vouches for the order: the numbers of the shapes must
	length int64         // of the file, as its header says, in bytes
	first  int64         // number of the first shape, 1 where writers keep to the description
	count  int64         // shapes read so far
	max    int           // bytes of a shape
	head   [8]byte
	buf    []byte // of a shape that in does not hold
}

// newShpStream reads the header.
func newShpStream(m member, maxBytes int) (*shpStream, error) {
	s := &shpStream{file: m, in: bufio.NewReaderSize(m, 256<<10), max: maxBytes}
	var header [shpHeader]byte
	switch _, err := io.ReadFull(s.in, header[:]); {
	case cutOff(err):
		return nil, fmt.Errorf("%w: the .shp is cut off in its header of %d bytes", safety.ErrInvalid, shpHeader)
	case err != nil:
		return nil, err
	case string(header[:4]) != shpMagic:
		return nil, fmt.Errorf("%w: the .shp is no Shapefile: it begins with % x", safety.ErrInvalid, header[:4])
	}
	s.at = shpHeader
	s.length = 2 * int64(binary.BigEndian.Uint32(header[24:]))
	return s, nil
}

// cutOff reports the end of a file in the middle of something.
func cutOff(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }

// next returns the next shape; nil is one without geometry. A fault is wrong with this shape alone.
func (s *shpStream) next() (orb.Geometry, *fault, error) {
	s.count++
	size, err := s.open()
	if err != nil {
		return nil, nil, s.broken(err)
	}
	if size > int64(s.max) {
		err := s.skip(size)
		return nil, &fault{geometryTarget, fmt.Sprintf("the shape is longer than %d MB", s.max>>20)}, s.broken(err)
	}
	if int(size) > s.in.Size() {
		content, err := s.long(int(size))
		if err != nil {
			return nil, nil, s.broken(err)
		}
		g, f := shapeOf(content)
		return g, f, nil
	}
	content, err := s.in.Peek(int(size))
	if err != nil {
		return nil, nil, s.broken(err)
	}
	g, f := shapeOf(content)
	return g, f, s.broken(s.skip(size))
}

// open goes to the next shape, past its header, and returns the size of the rest in bytes.
func (s *shpStream) open() (size int64, err error) {
	head := s.head[:]
	if s.index != nil {
		if _, err := io.ReadFull(s.index, head); err != nil {
			return 0, err
		}
		if err := s.seek(2 * int64(binary.BigEndian.Uint32(head[:4]))); err != nil {
			return 0, err
		}
	}
	if _, err := io.ReadFull(s.in, head); err != nil {
		return 0, err
	}
	s.at += int64(len(head))
	if err := s.number(int64(binary.BigEndian.Uint32(head[:4]))); err != nil {
		return 0, err
	}
	size = 2 * int64(binary.BigEndian.Uint32(head[4:]))
	if size > s.file.size-s.at {
		return 0, io.ErrUnexpectedEOF
	}
	return size, nil
}

// number holds the numbers of the shapes against their order. A shape that was made longer is written
// anew at the end, and the old one stays where it was: without a .shx that tells, that would give
// every record after it the shape of another.
func (s *shpStream) number(n int64) error {
	if s.count == 1 {
		s.first = n
	}
	if want := s.first + s.count - 1; s.strict && n != want {
		return fmt.Errorf("%w: the shape is numbered %d, want %d: the .shp was edited in place or is damaged, and there is no sound .shx that says where its shapes are", safety.ErrInvalid, n, want)
	}
	return nil
}

// seek goes to an offset.
func (s *shpStream) seek(to int64) error {
	switch {
	case to >= s.at && (s.file.at == nil || to-s.at <= int64(s.in.Buffered())):
		return s.skip(to - s.at)
	case s.file.at == nil:
		return fmt.Errorf("%w: the shapes of the .shp are not in the order of the records, and inside an archive they can only be read one after the other: unpack it first", safety.ErrInvalid)
	}
	s.in.Reset(io.NewSectionReader(s.file.at, to, s.file.size-to))
	s.at = to
	return nil
}

// skip passes over n bytes.
func (s *shpStream) skip(n int64) error {
	for n > 0 {
		k, err := s.in.Discard(int(min(n, 1<<30)))
		s.at += int64(k)
		n -= int64(k)
		if err != nil {
			return err
		}
	}
	return nil
}

// long reads a shape that the buffer does not hold. Memory grows with what is there, not with what is claimed.
func (s *shpStream) long(size int) ([]byte, error) {
	const piece = 1 << 20
	s.buf = s.buf[:0]
	for len(s.buf) < size {
		n := min(piece, size-len(s.buf))
		s.buf = slices.Grow(s.buf, n)[:len(s.buf)+n]
		k, err := io.ReadFull(s.in, s.buf[len(s.buf)-n:])
		s.at += int64(k)
		if err != nil {
			return nil, err
		}
	}
	return s.buf, nil
}

// broken gives an error of the file the number of the record.
func (s *shpStream) broken(err error) error {
	switch {
	case err == nil:
		return nil
	case cutOff(err):
		return fmt.Errorf("%w: the .shp is cut off in record %d", safety.ErrInvalid, s.count)
	}
	return fmt.Errorf("record %d: %w", s.count, err)
}

// more reports shapes after the last that was read. After those that the index lists there is nothing to look for.
func (s *shpStream) more() bool {
	return s.index == nil && s.length > s.at && s.length <= s.file.size
}

// inspectIndex reads a .shx through. inOrder says that the shapes stand one after the other; why
// is why it cannot be trusted, "" when it can. count is how many records there are, size that of the .shp in bytes.
func inspectIndex(m member, count, size int64) (inOrder bool, why string) {
	in := bufio.NewReaderSize(m, 64<<10)
	var head [shpHeader]byte
	if _, err := io.ReadFull(in, head[:]); err != nil || string(head[:4]) != shpMagic {
		return false, "it has no header"
	}
	if n := (m.size - shpHeader) / 8; n != count {
		return false, fmt.Sprintf("it lists %d shapes, the .dbf has %d records", n, count)
	}
	inOrder = true
	next, sum := int64(shpHeader), int64(0)
	for i := range count {
		if _, err := io.ReadFull(in, head[:8]); err != nil {
			return false, "it is cut off"
		}
		at, length := 2*int64(binary.BigEndian.Uint32(head[:4])), 2*int64(binary.BigEndian.Uint32(head[4:8]))
		if at < shpHeader || at+8+length > size {
			return false, fmt.Sprintf("shape %d would be at bytes %d to %d of %d", i+1, at, at+8+length, size)
		}
		if sum += 8 + length; sum > size {
			return false, "shapes would lie on one another"
		}
		inOrder = inOrder && at == next
		next = at + 8 + length
	}
	return inOrder, ""
}
