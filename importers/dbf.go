package importers

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	"hazgrid/safety"
)

// A dbfTable yields the records of a dBase table (III to V, FoxPro), as bytes.
type dbfTable struct {
	in     *bufio.Reader
	fields []dbfField
	driver byte   // the language driver id, which says what the text is in; 0 says nothing
	total  int64  // records, as the header says
	read   int64  // records so far
	raw    []byte // the last record
}

// A dbfField is a column.
type dbfField struct {
	raw      []byte // its name, as it stands in the file
	kind     byte   // 'C', 'N', …
	from, to int    // its bytes in a record
}

// Sizes in a .dbf, in bytes.
const (
	dbfHeader    = 32
	dbfFieldSize = 32
	dbfNameSize  = 11 // with a zero after it, which few names leave room to do without
	dbfNameCut   = 10 // what a name is cut to
)

// looksLikeDBF recognises the head of a dBase table: two reserved bytes are zero, as they are in no text.
func looksLikeDBF(head []byte) bool {
	return len(head) > dbfHeader && dbfBegins(head) && head[12] == 0 && head[13] == 0
}

func dbfBegins(head []byte) bool {
	if head[2] > 12 || head[3] > 31 {
		return false
	}
	switch head[0] {
	case 0x02, 0x03, 0x04, 0x30, 0x31, 0x32, 0x43, 0x63, 0x83, 0x8b, 0x8c, 0x8e, 0xcb, 0xf5:
	default:
		return false
	}
	length, record := binary.LittleEndian.Uint16(head[8:]), binary.LittleEndian.Uint16(head[10:])
	return length > dbfHeader && record > 0
}

// newDBFTable reads the header.
func newDBFTable(r io.Reader) (*dbfTable, error) {
	t := &dbfTable{in: bufio.NewReaderSize(r, 256<<10)}
	head := make([]byte, dbfHeader)
	if err := t.header(head); err != nil {
		return nil, err
	}
	if !dbfBegins(head) {
		return nil, fmt.Errorf("%w: the .dbf is no dBase table: it begins with % x", safety.ErrInvalid, head[:4])
	}
	if head[0]&7 == 4 {
		return nil, fmt.Errorf("%w: the .dbf is of dBase 7, which is not read: save it as dBase III or IV", safety.ErrInvalid)
	}
	t.total, t.driver = int64(binary.LittleEndian.Uint32(head[4:])), head[29]
	t.raw = make([]byte, binary.LittleEndian.Uint16(head[10:]))
	rest := make([]byte, int(binary.LittleEndian.Uint16(head[8:]))-dbfHeader)
	if err := t.header(rest); err != nil {
		return nil, err
	}
	return t, t.columns(rest)
}

// header reads a part of the header.
func (t *dbfTable) header(b []byte) error {
	_, err := io.ReadFull(t.in, b)
	if cutOff(err) {
		return fmt.Errorf("%w: the .dbf is cut off in its header", safety.ErrInvalid)
	}
	return err
}

// columns reads the descriptions of the fields, which end with a carriage return.
func (t *dbfTable) columns(b []byte) error {
	from := 1 // after the mark of a deleted record
	for ; len(b) >= dbfFieldSize && b[0] != '\r' && b[0] != 0; b = b[dbfFieldSize:] {
		name := b[:dbfNameSize]
		if i := slices.Index(name, 0); i >= 0 {
			name = name[:i]
		}
		f := dbfField{raw: slices.Clone(name), kind: b[11], from: from, to: from + int(b[16])}
		if f.to > len(t.raw) {
			return fmt.Errorf("%w: the .dbf is damaged: field %d of its records ends at byte %d of %d", safety.ErrInvalid, len(t.fields)+1, f.to, len(t.raw))
		}
		if from = f.to; f.kind != '0' { // '0' holds the null flags of FoxPro
			t.fields = append(t.fields, f)
		}
	}
	return nil
}

// next reads a record; false is after the last.
func (t *dbfTable) next() (bool, error) {
	if t.read == t.total {
		return false, nil
	}
	t.read++
	switch _, err := io.ReadFull(t.in, t.raw); {
	case cutOff(err):
		return false, fmt.Errorf("%w: the .dbf is cut off in record %d of %d", safety.ErrInvalid, t.read, t.total)
	case err != nil:
		return false, fmt.Errorf("record %d: %w", t.read, err)
	}
	return true, nil
}

// deleted reports that the last record is marked as deleted.
func (t *dbfTable) deleted() bool { return t.raw[0] == '*' }
