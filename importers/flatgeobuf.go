package importers

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"hazgrid/safety"
)

// fgbMagic are the first bytes of a FlatGeobuf file of version 3; one more says which patch of it.
const fgbMagic = "fgb\x03fgb"

// Types of FlatGeobuf's columns (header.fbs, ColumnType).
const (
	fgbByte = iota
	fgbUByte
	fgbBool
	fgbShort
	fgbUShort
	fgbInt
	fgbUInt
	fgbLong
	fgbULong
	fgbFloat
	fgbDouble
	fgbString
	fgbJSON
	fgbDateTime
	fgbBinary
)

// fgbWidths are the bytes of a value of each type; 0 where the value says it.
var fgbWidths = [...]int{1, 1, 1, 2, 2, 4, 4, 8, 8, 4, 8, 0, 0, 0, 0}

// An fgbReader yields the features of a FlatGeobuf file (flatgeobuf.org, version 3) in their order. The
// spatial index is passed over.
type fgbReader struct {
	in      *bufio.Reader
	left    int64 // bytes of the file after what is read
	max     int
	buf     []byte
	names   []string
	types   []uint8
	kind    uint8  // of all geometries; 0 when each says its own
	claimed uint64 // features that the file says it has; 0 when it does not say
	values  []string
}

// readFlatGeobuf is the reader of FlatGeobuf.
func readFlatGeobuf(s *source) (table, error) {
	f := &fgbReader{in: bufio.NewReaderSize(s.bytes(), 256<<10), left: s.size, max: s.o.maxBytes()}
	if err := f.skip(int64(len(fgbMagic) + 1)); err != nil {
		return table{}, err
	}
	b, err := f.sized("header")
	if err != nil {
		return table{}, err
	}
	buf := &flatBuffer{b: b}
	index := f.header(s, buf.root())
	switch {
	case buf.bad:
		return table{}, fmt.Errorf("%w: the header of the FlatGeobuf is damaged", safety.ErrInvalid)
	case index > uint64(f.left):
		return table{}, fmt.Errorf("%w: the FlatGeobuf is cut off: it says that it has %d features", safety.ErrInvalid, f.claimed)
	}
	return table{encoding: "utf-8", header: f.names, rows: f.rows()}, f.skip(int64(index))
}

// header reads the columns and the frame; it returns how many bytes the index takes.
func (f *fgbReader) header(s *source, t flatTable) (index uint64) {
	f.kind, f.claimed = t.uint8(2, 0), t.uint64(8)
	n, column := t.children(7)
	for i := range n {
		c := column(i)
		name, kind := c.text(0), c.uint8(1, 0)
		f.names, f.types = append(f.names, name), append(f.types, kind)
		if kind >= fgbBinary {
			s.warn("binary_column", fmt.Sprintf("column %q holds bytes: it is not read", clip(name)))
		}
	}
	f.values = make([]string, n)
	if crs, ok := t.child(10); ok {
		claimCRS(s, crs.text(0), int64(crs.int32(1)), crs.text(4))
	}
	return fgbIndexSize(f.claimed, uint64(t.uint16(9, 16)))
}

// claimCRS tells the frame that a file names by authority and code, else by WKT. Files of formats whose
// coordinates are always x before y.
func claimCRS(s *source, authority string, code int64, wkt string) {
	switch {
	case code > 0 && (authority == "" || authority == "EPSG" || authority == "epsg"):
		s.claim("EPSG:" + strconv.FormatInt(code, 10))
	case wkt != "" && wkt != "undefined":
		s.claim(wkt)
	}
}

// fgbIndexSize is the size in bytes of the packed R-tree over n features: 40 for each node of each level.
func fgbIndexSize(n, fan uint64) uint64 {
	if n == 0 || fan < 2 {
		return 0
	}
	if n > math.MaxInt64/100 {
		return math.MaxInt64
	}
	nodes := n
	for n > 1 {
		n = (n + fan - 1) / fan
		nodes += n
	}
	return nodes * 40
}

func (f *fgbReader) skip(n int64) error {
	got, err := io.CopyN(io.Discard, f.in, n)
	f.left -= got
	return f.ended(err)
}

// ended says what the end of the file means in the middle of something.
func (f *fgbReader) ended(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: the FlatGeobuf is cut off", safety.ErrInvalid)
	}
	return err
}

// sized reads a buffer with its size before it, valid until the next call; one that is longer than a record may
// be is passed over: errTooLong.
func (f *fgbReader) sized(what string) ([]byte, error) {
	var head [4]byte
	n, err := io.ReadFull(f.in, head[:])
	f.left -= int64(n)
	if err != nil {
		return nil, f.ended(err)
	}
	size := int64(binary.LittleEndian.Uint32(head[:]))
	switch {
	case size > f.left:
		return nil, fmt.Errorf("%w: the FlatGeobuf is cut off: %d bytes are left of a %s of %d", safety.ErrInvalid, f.left, what, size)
	case size > int64(f.max):
		return nil, errors.Join(errTooLong, f.skip(size))
	case size > int64(cap(f.buf)):
		f.buf = make([]byte, size)
	}
	f.buf = f.buf[:size]
	n, err = io.ReadFull(f.in, f.buf)
	f.left -= int64(n)
	return f.buf, f.ended(err)
}

func (f *fgbReader) rows() rows {
	return func(yield func(row, error) bool) {
		for n := int64(1); ; n++ {
			if f.left == 0 || f.claimed > 0 && uint64(n) > f.claimed {
				if uint64(n) <= f.claimed {
					yield(row{}, fmt.Errorf("%w: the FlatGeobuf is cut off after %d of %d features", safety.ErrInvalid, n-1, f.claimed))
				}
				return
			}
			r, err := f.next(n)
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// next reads one feature.
func (f *fgbReader) next(number int64) (row, error) {
	r := row{number: number, names: f.names}
	b, err := f.sized("feature")
	if err != nil {
		if errors.Is(err, errTooLong) && f.left >= 0 {
			r.fault, err = &fault{reason: fmt.Sprintf("the feature is longer than %d MB", f.max>>20)}, nil
		}
		return r, err
	}
	buf := &flatBuffer{b: b}
	t := buf.root()
	r.values, r.fault = f.values, f.properties(t)
	if g, ok := t.child(0); ok && r.fault == nil {
		r.geometry, r.fault = fgbGeometry(g, f.kind)
	}
	if buf.bad {
		r.fault = &fault{reason: "the feature is damaged: it points outside itself"}
	}
	return r, nil
}

// properties reads the values of a feature: the number of a column, then its value.
func (f *fgbReader) properties(t flatTable) *fault {
	clear(f.values)
	if own, _ := t.children(2); own > 0 {
		return &fault{reason: "a feature with columns of its own is not read"}
	}
	for b := t.vector(1, 1); len(b) > 0; {
		if len(b) < 2 {
			return &fault{reason: "the properties are cut off"}
		}
		i := int(binary.LittleEndian.Uint16(b))
		if i >= len(f.types) || int(f.types[i]) >= len(fgbWidths) {
			return &fault{reason: fmt.Sprintf("a value of column %d of %d, or of a type that is not known", i+1, len(f.types))}
		}
		value, rest, ok := fgbValue(b[2:], f.types[i])
		switch {
		case !ok:
			return &fault{field: f.names[i], reason: "the value is cut off"}
		case !utf8.ValidString(value):
			return &fault{field: f.names[i], reason: "not UTF-8"}
		}
		f.values[i], b = value, rest
	}
	return nil
}

// fgbValue takes the text of a value from the front of b.
func fgbValue(b []byte, kind uint8) (value string, rest []byte, ok bool) {
	width := fgbWidths[kind]
	if width == 0 {
		if len(b) < 4 {
			return "", nil, false
		}
		width = int(binary.LittleEndian.Uint32(b))
		b = b[4:]
	}
	if width > len(b) {
		return "", nil, false
	}
	v, rest := b[:width], b[width:]
	switch kind {
	case fgbString, fgbJSON:
		return string(v), rest, true
	case fgbDateTime: // the format has no dates: a midnight without zone is one
		return strings.TrimSuffix(string(v), "T00:00:00"), rest, true
	case fgbBinary:
		return "", rest, true
	}
	return fgbNumber(v, kind), rest, true
}

// fgbNumber returns the text of a number or truth value.
func fgbNumber(v []byte, kind uint8) string {
	le := binary.LittleEndian
	switch kind {
	case fgbByte:
		return strconv.Itoa(int(int8(v[0])))
	case fgbBool:
		return strconv.FormatBool(v[0] != 0)
	case fgbShort:
		return strconv.Itoa(int(int16(le.Uint16(v))))
	case fgbUShort:
		return strconv.Itoa(int(le.Uint16(v)))
	case fgbInt:
		return strconv.Itoa(int(int32(le.Uint32(v))))
	case fgbUInt:
		return strconv.FormatUint(uint64(le.Uint32(v)), 10)
	case fgbLong:
		return strconv.FormatInt(int64(le.Uint64(v)), 10)
	case fgbULong:
		return strconv.FormatUint(le.Uint64(v), 10)
	case fgbFloat:
		return decimal(float64(math.Float32frombits(le.Uint32(v))), 32)
	case fgbDouble:
		return decimal(math.Float64frombits(le.Uint64(v)), 64)
	}
	return strconv.Itoa(int(v[0]))
}

// decimal is the shortest text of a number; whole ones, which may be codes, are written out.
func decimal(x float64, bits int) string {
	form := byte('f')
	if math.Abs(x) >= 1e21 || x != 0 && math.Abs(x) < 1e-6 {
		form = 'e'
	}
	return strconv.FormatFloat(x, form, -1, bits)
}
