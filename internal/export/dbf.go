package export

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"

	"hazgrid/safety"
)

// Limits of a dBase III table, in bytes.
const (
	dbfName   = 10
	dbfText   = 254
	dbfRecord = math.MaxUint16
	dbfNumber = 24 // a longer decimal number is written with an exponent
	fileMost  = math.MaxInt32
)

// A dbfTable writes a dBase III table in GB18030. How wide a column must be is known after the last record, so
// the cells wait in a file beside it.
type dbfTable struct {
	layer  *Layer
	fields []dbfField
	encode *encoding.Encoder
	wait   *os.File
	cells  *bufio.Writer
	rows   uint32
}

// A dbfField is one column.
type dbfField struct {
	attribute
	width    int // of the longest cell so far
	decimals int // of the longest fraction so far
}

// newDBF starts the table whose file will be at path.
func newDBF(l *Layer, as []attribute, path string) (*dbfTable, error) {
	f, err := os.Create(path + ".cells")
	if err != nil {
		return nil, err
	}
	t := &dbfTable{layer: l, encode: simplifiedchinese.GB18030.NewEncoder(), wait: f, cells: bufio.NewWriterSize(f, 256<<10)}
	for _, a := range as {
		t.fields = append(t.fields, dbfField{attribute: a, width: 1})
	}
	return t, nil
}

// add writes the cells of a record, each with its length before it.
func (t *dbfTable) add(r *record) error {
	var size []byte
	for i, v := range r.values {
		b, err := t.cell(r, &t.fields[i], v)
		if err != nil {
			return fmt.Errorf("%s: %w", t.fields[i].name, err)
		}
		size = binary.AppendUvarint(size[:0], uint64(len(b)))
		if _, err := t.cells.Write(append(size, b...)); err != nil {
			return err
		}
	}
	t.rows++
	return nil
}

// cell is a value in the bytes of the table, without the blanks that fill it up.
func (t *dbfTable) cell(r *record, f *dbfField, v any) (b []byte, err error) {
	switch v := v.(type) {
	case nil:
		if f.kind == safety.Boolean {
			b = []byte("?") // dBase' word for neither; PostGIS' loader fails at a blank
		}
	case bool:
		b = []byte("F")
		if v {
			b = []byte("T")
		}
	case float64:
		b = dbfFloat(v)
		if _, fraction, ok := bytes.Cut(b, []byte(".")); ok {
			f.decimals = max(f.decimals, len(fraction))
		}
	default:
		if b, err = t.encode.Bytes([]byte(t.layer.asText(v))); err != nil {
			return nil, err
		}
		if len(b) > dbfText {
			t.layer.warn(cutText, fmt.Sprintf("%s: %s: longer than the %d bytes of a column", t.layer.key(r), f.name, dbfText))
			b, err = t.cut(t.layer.asText(v))
		}
	}
	f.width = max(f.width, len(b))
	return b, err
}

// dbfFloat is a number with all its digits.
func dbfFloat(v float64) []byte {
	if b := appendFloat(nil, v); len(b) <= dbfNumber {
		return b
	}
	return strconv.AppendFloat(nil, v, 'e', -1, 64)
}

// cut encodes as many whole characters as a column holds.
func (t *dbfTable) cut(s string) (b []byte, err error) {
	for _, r := range s {
		one, err := t.encode.Bytes([]byte(string(r)))
		if err != nil {
			return nil, err
		}
		if len(b)+len(one) > dbfText {
			break
		}
		b = append(b, one...)
	}
	return b, nil
}

// finish writes the table to path.
func (t *dbfTable) finish(path string) error {
	if err := t.cells.Flush(); err != nil {
		return err
	}
	if _, err := t.wait.Seek(0, io.SeekStart); err != nil {
		return err
	}
	record := 1
	for i := range t.fields {
		t.fields[i].settle()
		record += t.fields[i].width
	}
	head := 32*(len(t.fields)+1) + 1
	if size := int64(head) + int64(record)*int64(t.rows) + 1; record > dbfRecord || size > fileMost {
		return fmt.Errorf("%w: the table of a Shapefile would be %d bytes, %d a record; .gpkg has no such limit", safety.ErrInvalid, size, record)
	}
	return inFile(path, func(w io.Writer) error {
		if _, err := w.Write(t.header(head, record)); err != nil {
			return err
		}
		return t.pad(w, bufio.NewReaderSize(t.wait, 256<<10), record)
	})
}

// settle gives a column of numbers room for a fraction: one without would be taken for whole numbers.
func (f *dbfField) settle() {
	if f.kind == safety.Real {
		f.decimals = min(max(f.decimals, 1), 15)
		f.width = max(f.width, f.decimals+2)
	}
}

// letter is the type of a column.
func (f *dbfField) letter() byte {
	switch f.kind {
	case safety.Integer, safety.Real:
		return 'N'
	case safety.Boolean:
		return 'L'
	}
	return 'C'
}

// header is the head of the table: number and size of records, and a description of each column.
func (t *dbfTable) header(head, record int) []byte {
	b := make([]byte, 32, head)
	day := t.layer.At.In(time.UTC)
	b[0], b[1], b[2], b[3] = 3, byte(max(day.Year()-1900, 0)), byte(day.Month()), byte(day.Day())
	binary.LittleEndian.PutUint32(b[4:], t.rows)
	binary.LittleEndian.PutUint16(b[8:], uint16(head))
	binary.LittleEndian.PutUint16(b[10:], uint16(record))
	b[29] = 0x4D // code page 936, for readers that do not look at the .cpg file
	for _, f := range t.fields {
		d := make([]byte, 32)
		copy(d, f.name[:min(len(f.name), dbfName)])
		d[11], d[16], d[17] = f.letter(), byte(f.width), byte(f.decimals)
		b = append(b, d...)
	}
	return append(b, '\r')
}

// pad writes the cells that waited: texts fill their column from the left, numbers from the right.
func (t *dbfTable) pad(w io.Writer, cells *bufio.Reader, record int) error {
	row := make([]byte, record)
	for range t.rows {
		copy(row, bytes.Repeat([]byte{' '}, record))
		at := 1
		for _, f := range t.fields {
			n, err := binary.ReadUvarint(cells)
			if err != nil {
				return err
			}
			from := at
			if f.letter() == 'N' {
				from += f.width - int(n)
			}
			if _, err := io.ReadFull(cells, row[from:from+int(n)]); err != nil {
				return err
			}
			at += f.width
		}
		if _, err := w.Write(row); err != nil {
			return err
		}
	}
	_, err := io.Copy(w, strings.NewReader("\x1a"))
	return err
}

// close takes the waiting cells away.
func (t *dbfTable) close() error { return errors.Join(t.wait.Close(), os.Remove(t.wait.Name())) }
