package gpkg

import (
	"encoding/binary"
	"errors"
	"math"
)

// SQLite's form of a row or key (https://sqlite.org/fileformat2.html, section 2.1): a header with its own length and the
// serial type of each value, then the values.
const (
	serialNull  = 0
	serialInt32 = 4
	serialInt64 = 6
	serialReal  = 7
	serialBlob  = 12 // and twice the length
	serialText  = 13 // and twice the length
)

var errRecord = errors.New("a record that is cut off")

// appendVarint appends v, seven bits a byte, the highest first; a ninth byte has eight.
func appendVarint(b []byte, v uint64) []byte {
	if v < 1<<7 {
		return append(b, byte(v))
	}
	if v >= 1<<56 {
		for shift := 57; shift > 1; shift -= 7 {
			b = append(b, byte(v>>shift)|0x80)
		}
		return append(b, byte(v))
	}
	shift := 7
	for v>>(shift+7) > 0 {
		shift += 7
	}
	for ; shift > 0; shift -= 7 {
		b = append(b, byte(v>>shift)|0x80)
	}
	return append(b, byte(v&0x7f))
}

// varint reads what appendVarint wrote, and how long it is: 0 when it is cut off.
func varint(b []byte) (v uint64, n int) {
	for i, c := range b {
		if i == 8 {
			return v<<8 | uint64(c), 9
		}
		v = v<<7 | uint64(c&0x7f)
		if c < 0x80 {
			return v, i + 1
		}
	}
	return 0, 0
}

// A recorder gathers the values of one record.
type recorder struct{ types, values []byte }

func (r *recorder) reset() { r.types, r.values = r.types[:0], r.values[:0] }

func (r *recorder) null() { r.types = append(r.types, serialNull) }

func (r *recorder) text(s string) {
	r.types = appendVarint(r.types, serialText+2*uint64(len(s)))
	r.values = append(r.values, s...)
}

func (r *recorder) blob(b []byte) {
	r.types = appendVarint(r.types, serialBlob+2*uint64(len(b)))
	r.values = append(r.values, b...)
}

func (r *recorder) real(f float64) {
	r.types = append(r.types, serialReal)
	r.values = binary.BigEndian.AppendUint64(r.values, math.Float64bits(f))
}

// int64 takes eight bytes whatever the number, and int32 four, so that another can be put in its place.
func (r *recorder) int64(v int64) {
	r.types = append(r.types, serialInt64)
	r.values = binary.BigEndian.AppendUint64(r.values, uint64(v))
}

func (r *recorder) int32(v int32) {
	r.types = append(r.types, serialInt32)
	r.values = binary.BigEndian.AppendUint32(r.values, uint32(v))
}

// integer takes as few bytes as the number needs.
func (r *recorder) integer(v int64) {
	for i, size := range [...]int{1, 2, 3, 4, 6, 8} {
		if bits := 8*size - 1; size == 8 || v>>bits == 0 || v>>bits == -1 {
			r.types = append(r.types, byte(i+1))
			for shift := 8 * (size - 1); shift >= 0; shift -= 8 {
				r.values = append(r.values, byte(v>>shift))
			}
			return
		}
	}
}

// appendTo appends the record.
func (r *recorder) appendTo(b []byte) []byte {
	n := len(r.types) + 1
	if n > 127 {
		n++
	}
	return append(append(appendVarint(b, uint64(n)), r.types...), r.values...)
}

// split parts a record into its length of the header, its types and its values.
func split(record []byte) (types, values []byte, err error) {
	n, skip := varint(record)
	if skip == 0 || n > uint64(len(record)) || n < uint64(skip) {
		return nil, nil, errRecord
	}
	return record[skip:n], record[n:], nil
}

// columns reads the values of a record into to, one for each; NULL is a zero serial type.
func columns(record []byte, to []value) error {
	types, values, err := split(record)
	if err != nil {
		return err
	}
	for i := range to {
		serial, n := varint(types)
		size := serialSize(serial)
		if n == 0 || size > len(values) {
			return errRecord
		}
		to[i] = value{serial, values[:size]}
		types, values = types[n:], values[size:]
	}
	return nil
}

func serialSize(serial uint64) int {
	if serial >= serialBlob {
		return int((serial - serialBlob) / 2)
	}
	return [...]int{0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0}[serial]
}

// A value is one column of a record.
type value struct {
	serial uint64
	bytes  []byte
}

func (v value) isNull() bool { return v.serial == serialNull }

func (v value) integer() (n int64) {
	for i, b := range v.bytes {
		if i == 0 {
			n = int64(int8(b))
		} else {
			n = n<<8 | int64(b)
		}
	}
	return n
}

func (v value) real() float64 { return math.Float64frombits(binary.BigEndian.Uint64(v.bytes)) }
