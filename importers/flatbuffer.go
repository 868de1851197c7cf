package importers

import "encoding/binary"

// A flatBuffer is a FlatBuffer (google.github.io/flatbuffers, "internals") of which nothing is
// believed: what points outside it reads as absent and makes it bad.
type flatBuffer struct {
	b   []byte
	bad bool
}

// A flatTable is a table in one: the fields of the data at pos, whose places vtable gives.
type flatTable struct {
	buf    *flatBuffer
	pos    int
	size   int    // of the data, in bytes
	vtable []byte // two bytes a field
}

// has reports whether so many bytes stand at a place.
func (f *flatBuffer) has(at, size int) bool {
	ok := at >= 0 && size >= 0 && at <= len(f.b) && size <= len(f.b)-at
	f.bad = f.bad || !ok
	return ok
}

// follow returns the place that the offset at a place names.
func (f *flatBuffer) follow(at int) (int, bool) {
	if !f.has(at, 4) {
		return 0, false
	}
	to := at + int(binary.LittleEndian.Uint32(f.b[at:]))
	return to, f.has(to, 4)
}

// root returns the table of the buffer.
func (f *flatBuffer) root() flatTable {
	at, ok := f.follow(0)
	if !ok {
		return flatTable{buf: f}
	}
	return f.table(at)
}

// table returns the table at a place; a bad one has no fields.
func (f *flatBuffer) table(at int) flatTable {
	none := flatTable{buf: f}
	if !f.has(at, 4) {
		return none
	}
	v := at - int(int32(binary.LittleEndian.Uint32(f.b[at:])))
	if !f.has(v, 4) {
		return none
	}
	vsize, size := int(binary.LittleEndian.Uint16(f.b[v:])), int(binary.LittleEndian.Uint16(f.b[v+2:]))
	if vsize < 4 || !f.has(v, vsize) || !f.has(at, size) {
		f.bad = true
		return none
	}
	return flatTable{buf: f, pos: at, size: size, vtable: f.b[v+4 : v+vsize]}
}

// field returns the bytes of field n, nil when it is absent.
func (t flatTable) field(n, size int) []byte {
	if 2*n+2 > len(t.vtable) {
		return nil
	}
	off := int(binary.LittleEndian.Uint16(t.vtable[2*n:]))
	switch {
	case off == 0:
		return nil
	case off+size > t.size:
		t.buf.bad = true
		return nil
	}
	return t.buf.b[t.pos+off : t.pos+off+size]
}

func (t flatTable) uint8(n int, absent uint8) uint8 {
	if b := t.field(n, 1); b != nil {
		return b[0]
	}
	return absent
}

func (t flatTable) uint16(n int, absent uint16) uint16 {
	if b := t.field(n, 2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return absent
}

func (t flatTable) int32(n int) int32 {
	if b := t.field(n, 4); b != nil {
		return int32(binary.LittleEndian.Uint32(b))
	}
	return 0
}

func (t flatTable) uint64(n int) uint64 {
	if b := t.field(n, 8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// vector returns the elements of a vector of so many bytes each, nil when it is absent.
func (t flatTable) vector(n, size int) []byte {
	at, ok := t.ref(n)
	if !ok {
		return nil
	}
	count := int(binary.LittleEndian.Uint32(t.buf.b[at:]))
	if count > len(t.buf.b)/size {
		t.buf.bad = true
		return nil
	}
	if !t.buf.has(at+4, count*size) {
		return nil
	}
	return t.buf.b[at+4 : at+4+count*size]
}

// ref returns the place that field n names.
func (t flatTable) ref(n int) (int, bool) {
	if b := t.field(n, 4); b != nil {
		off := int(binary.LittleEndian.Uint16(t.vtable[2*n:]))
		return t.buf.follow(t.pos + off)
	}
	return 0, false
}

func (t flatTable) text(n int) string { return string(t.vector(n, 1)) }

// child returns the table that field n names.
func (t flatTable) child(n int) (flatTable, bool) {
	at, ok := t.ref(n)
	if !ok {
		return flatTable{buf: t.buf}, false
	}
	return t.buf.table(at), true
}

// children returns how many tables the vector of field n has, and the i-th of them.
func (t flatTable) children(n int) (int, func(i int) flatTable) {
	v := t.vector(n, 4)
	at, _ := t.ref(n)
	return len(v) / 4, func(i int) flatTable {
		to, ok := t.buf.follow(at + 4 + 4*i)
		if !ok {
			return flatTable{buf: t.buf}
		}
		return t.buf.table(to)
	}
}
