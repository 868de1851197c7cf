package importers

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"hazgrid/safety"
)

// newWindow reads a stream from a place on.
func newWindow(stream *io.SectionReader, at int64) io.Reader {
	return bufio.NewReaderSize(io.NewSectionReader(stream, at, max(0, stream.Size()-at)), 64<<10)
}

// text reads n characters and how they are written ([MS-XLS] 2.5.294): one byte each, or two. Where they go on in the next record, that says it again.
func (r *biff) text(n int) []byte { return r.characters(n, r.u8()) }

func (r *biff) characters(n int, flags byte) []byte {
	if n > maxBiffString {
		r.err = brokenXLS("a text without end")
	}
	units := make([]uint16, 0, max(0, min(n, maxBiffString)))
	for len(units) < n && r.err == nil {
		if len(r.left) == 0 {
			if !r.more() {
				break
			}
			flags = r.u8()
		}
		for len(units) < n && len(r.left) > 0 && r.err == nil {
			if flags&1 != 0 {
				units = append(units, r.u16())
			} else {
				units = append(units, uint16(r.u8()))
			}
		}
	}
	var out []byte
	for _, c := range utf16.Decode(units) {
		out = utf8.AppendRune(out, c)
	}
	return out
}

// rich reads a shared text of n characters; its runs of fonts and its phonetic hints are passed over ([MS-XLS] 2.5.293).
func (r *biff) rich(n int) []byte {
	flags := r.u8()
	var runs, extra int
	if flags&8 != 0 {
		runs = 4 * int(r.u16())
	}
	if flags&4 != 0 {
		extra = int(r.u32())
	}
	out := r.characters(n, flags)
	for skip := runs + extra; skip > 0 && r.err == nil; {
		if len(r.left) == 0 && !r.more() {
			break
		}
		n := min(skip, len(r.left))
		r.left, skip = r.left[n:], skip-n
	}
	return out
}

// lines returns the rows of the sheet that begins at a place of the stream. The first call goes over it once for the merged ranges.
func (b *xlsBook) lines(at int64, m **merges) func(wide bool) iter.Seq2[line, error] {
	return func(wide bool) iter.Seq2[line, error] {
		return func(yield func(line, error) bool) {
			if *m == nil {
				found, err := b.merges(at)
				if err != nil {
					yield(line{}, err)
					return
				}
				*m = found
			}
			r := &xlsRows{biff: newBiff(b.stream, at), book: b, fill: (*m).filler(wide)}
			if err := r.begin(); err != nil {
				yield(line{}, err)
				return
			}
			for {
				l, err := r.line()
				if errors.Is(err, io.EOF) || !yield(l, err) || err != nil {
					return
				}
			}
		}
	}
}

// merges reads the merged ranges of a sheet.
func (b *xlsBook) merges(at int64) (*merges, error) {
	m := &merges{}
	r := newBiff(b.stream, at)
	if err := r.begin(); err != nil {
		return nil, err
	}
	for depth := 1; depth > 0; {
		kind, err := r.next()
		switch {
		case err != nil:
			return nil, err
		case kind == biffBOF: // a chart within the sheet
			depth++
		case kind == biffEOF:
			depth--
		case kind == biffMerges && depth == 1:
			for n := r.u16(); n > 0 && len(r.left) >= 8; n-- {
				top, bottom, left, right := int(r.u16()), int(r.u16()), int(r.u16()), int(r.u16())
				if err := m.add(top+1, bottom+1, left, right); err != nil {
					return nil, err
				}
			}
		}
	}
	m.sort()
	return m, nil
}

// xlsRows goes through the cells of a sheet, which come in the order of rows.
type xlsRows struct {
	*biff
	book *xlsBook
	fill *filler

	cells   []string
	ahead   []xlsCell // cells of the next record, all of one row
	formula xlsCell   // waits for its text
	waits   bool
	depth   int // of charts within the sheet
	ended   bool
}

// An xlsCell is a value and its place.
type xlsCell struct {
	row, col int // from 0
	value    string
}

// line returns the next row; io.EOF is the end of the sheet.
func (r *xlsRows) line() (line, error) {
	clear(r.cells)
	r.cells = r.cells[:0]
	own := false
	if len(r.ahead) == 0 {
		if err := r.advance(); err != nil {
			return line{}, err
		}
	}
	row := r.ahead[0].row
	for len(r.ahead) > 0 && r.ahead[0].row == row {
		for _, c := range r.ahead {
			for len(r.cells) <= c.col {
				r.cells = append(r.cells, "")
			}
			r.cells[c.col] = c.value
			own = own || c.value != ""
		}
		r.ahead = r.ahead[:0]
		if err := r.advance(); err != nil && !errors.Is(err, io.EOF) {
			return line{}, err
		}
	}
	if len(r.ahead) > 0 && r.ahead[0].row < row {
		return line{}, fmt.Errorf("%w: row %d comes after row %d; save it as .xlsx", safety.ErrInvalid, r.ahead[0].row+1, row+1)
	}
	r.cells = r.fill.fill(row+1, r.cells)
	return line{row + 1, r.cells, own}, nil
}

// advance reads until a record has given cells, all of one row.
func (r *xlsRows) advance() error {
	for len(r.ahead) == 0 {
		if r.ended {
			return io.EOF
		}
		kind, err := r.next()
		if err != nil {
			return err
		}
		switch kind {
		case biffBOF:
			r.depth++
		case biffEOF:
			r.depth--
			r.ended = r.depth < 0
		default:
			if r.depth == 0 {
				r.record(kind)
			}
		}
		if r.err != nil {
			return r.err
		}
	}
	return nil
}

// record takes the cells of a record.
func (r *xlsRows) record(kind uint16) {
	switch kind {
	case biffLabelSST, biffNumber, biffLabel, biffRString, biffBoolErr, biffRK, biffFormula:
		row, col, style := int(r.u16()), int(r.u16()), int(r.u16())
		if text, ok := r.value(kind, row, col, style); ok {
			r.ahead = append(r.ahead, xlsCell{row, col, text})
		}
	case biffMulRK:
		row, col := int(r.u16()), int(r.u16())
		for ; len(r.left) >= 8; col++ {
			style := int(r.u16())
			r.ahead = append(r.ahead, xlsCell{row, col, r.number(rkNumber(r.u32()), style)})
		}
	case biffString:
		if r.waits {
			r.formula.value = string(r.text(int(r.u16())))
			r.ahead, r.waits = append(r.ahead, r.formula), false
		}
	}
}

// value reads what follows the place of a cell; ok is false for none, or one that follows later.
func (r *xlsRows) value(kind uint16, row, col, style int) (string, bool) {
	switch kind {
	case biffLabelSST:
		i := r.u32()
		text, ok := r.book.texts.at(int(i))
		if !ok && r.err == nil {
			r.err = brokenXLS(fmt.Sprintf("row %d refers to text %d, which is not there", row+1, i))
		}
		return text, true
	case biffNumber:
		return r.number(r.f64(), style), true
	case biffRK:
		return r.number(rkNumber(r.u32()), style), true
	case biffLabel, biffRString:
		return string(r.text(int(r.u16()))), true
	case biffBoolErr:
		value, isError := r.u8(), r.u8()
		return r.flag(value, isError != 0, row)
	}
	b := r.take(8)
	if b == nil {
		return "", false
	}
	if b[6] != 0xff || b[7] != 0xff {
		return r.number(math.Float64frombits(binary.LittleEndian.Uint64(b)), style), true
	}
	switch b[0] {
	case 0:
		r.formula, r.waits = xlsCell{row: row, col: col}, true
	case 1, 2:
		return r.flag(b[2], b[0] == 2, row)
	}
	return "", false
}

// flag is the text of true, false or an error, which is no value.
func (r *xlsRows) flag(value byte, isError bool, row int) (string, bool) {
	if isError {
		r.book.warn("cell_error", fmt.Sprintf("row %d: an error of a formula is no value", row+1))
		return "", false
	}
	return strconv.Itoa(int(value)), true
}

// number is the text of a number, or of a date where the style is one.
func (r *xlsRows) number(v float64, style int) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return ""
	}
	if style < len(r.book.dates) && r.book.dates[style] {
		return serialDate(v, r.book.is1904)
	}
	if math.Abs(v) > 1e21 {
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}
