package importers

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"hazgrid/safety"
)

// An xlsBook is a workbook of Excel 97 to 2003 (BIFF8, [MS-XLS]): a stream of records in a compound file. As with XLSX only
// the shared texts, the date styles and the merged ranges are held.
type xlsBook struct {
	stream *io.SectionReader
	texts  stringTable
	dates  []bool // of a cell style (XF): its number is a date
	is1904 bool
	custom map[int]bool // number formats with a code: they are dates
	warn   func(code, example string)
}

// Types of records ([MS-XLS] 2.3).
const (
	biffFormula   = 0x0006
	biffEOF       = 0x000a
	biffDateMode  = 0x0022
	biffFilePass  = 0x002f
	biffContinue  = 0x003c
	biffSheet     = 0x0085
	biffMulRK     = 0x00bd
	biffRString   = 0x00d6
	biffXF        = 0x00e0
	biffMerges    = 0x00e5
	biffSST       = 0x00fc
	biffLabelSST  = 0x00fd
	biffNumber    = 0x0203
	biffLabel     = 0x0204
	biffBoolErr   = 0x0205
	biffString    = 0x0207
	biffRK        = 0x027e
	biffFormat    = 0x041e
	biffBOF       = 0x0809
	biffVersion8  = 0x0600
	biffWorksheet = 0x0010
)

// readXLS is the reader of XLS. It also says what else a compound file is.
func readXLS(s *source) (table, error) {
	c, err := openCompound(s, s.size)
	if err != nil {
		return table{}, err
	}
	for _, name := range []string{"EncryptedPackage", "EncryptionInfo"} {
		if _, ok := c.streams[name]; ok {
			return table{}, errEncrypted()
		}
	}
	at, ok := c.streams["Workbook"]
	if !ok {
		if _, old := c.streams["Book"]; old {
			return table{}, fmt.Errorf("%w: a workbook of Excel 5.0 or 95; save it as .xlsx", safety.ErrInvalid)
		}
		return table{}, fmt.Errorf("%w: an old Office file (.doc, .ppt, .msi?) without a workbook", safety.ErrInvalid)
	}
	b := &xlsBook{warn: s.warn, custom: map[int]bool{}}
	if b.stream, err = c.open(at); err != nil {
		return table{}, err
	}
	sheets, err := b.globals()
	if err != nil {
		return table{}, err
	}
	t, err := workbook{sheets, b.is1904}.table(s)
	t.encoding = "utf-16le"
	return t, err
}

func errEncrypted() error {
	return fmt.Errorf("%w: the workbook is encrypted; save it without a password", safety.ErrInvalid)
}

// globals reads the records of the workbook as a whole, and lists its sheets.
func (b *xlsBook) globals() (sheets []sheet, err error) {
	r := newBiff(b.stream, 0)
	if err := r.begin(); err != nil {
		return nil, err
	}
	for {
		kind, err := r.next()
		if err != nil {
			return nil, err
		}
		switch kind {
		case biffEOF:
			if len(sheets) == 0 {
				return nil, brokenXLS("no sheets")
			}
			return sheets, nil
		case biffFilePass:
			return nil, errEncrypted()
		case biffDateMode:
			b.is1904 = r.u16() == 1
		case biffSheet:
			sheets = b.addSheet(sheets, r)
		case biffFormat:
			b.custom[int(r.u16())] = isDateFormat(string(r.text(int(r.u16()))))
		case biffXF:
			r.u16()
			b.addStyle(int(r.u16()))
		case biffSST:
			err = b.readTexts(r)
		}
		if err == nil {
			err = r.err
		}
		if err != nil {
			return nil, err
		}
	}
}

func (b *xlsBook) addStyle(format int) {
	date, ok := b.custom[format]
	if len(b.dates) < 1<<16 {
		b.dates = append(b.dates, ok && date || !ok && builtinDate(format))
	}
}

// addSheet reads where a sheet begins, and its name; charts and macros are none.
func (b *xlsBook) addSheet(sheets []sheet, r *biff) []sheet {
	at := int64(r.u32())
	hidden, kind := r.u8(), r.u8()
	name := string(r.text(int(r.u8())))
	if kind != 0 || len(sheets) >= maxSheets {
		return sheets
	}
	var m *merges
	return append(sheets, sheet{name: name, hidden: hidden&3 != 0, lines: b.lines(at, &m)})
}

// readTexts reads the shared texts, which go on over the records that follow.
func (b *xlsBook) readTexts(r *biff) error {
	r.u32()
	for n := r.u32(); n > 0 && r.err == nil; n-- {
		text := r.rich(int(r.u16()))
		if r.err != nil {
			return nil
		}
		if err := b.texts.add(text); err != nil {
			return err
		}
	}
	return nil
}

func brokenXLS(what string) error {
	return fmt.Errorf("%w: a broken Excel workbook (.xls): %s", safety.ErrInvalid, what)
}

// rkNumber reads a number of 30 bits ([MS-XLS] 2.5.217): an integer or the head of a float64, perhaps in hundredths.
func rkNumber(rk uint32) float64 {
	v := math.Float64frombits(uint64(rk&^3) << 32)
	if rk&2 != 0 {
		v = float64(int32(rk) >> 2)
	}
	if rk&1 != 0 {
		v /= 100
	}
	return v
}

// A biff reads a stream of records. After an error in a record its values are zero; err says so.
type biff struct {
	in   io.Reader
	head [4]byte
	seen bool   // head is that of the next record
	body []byte // of the record, and of those that it goes on in
	left []byte // of body, not yet read
	err  error
}

// maxBiffString bounds the length in characters of a text in a record.
const maxBiffString = 1 << 16

func newBiff(stream *io.SectionReader, at int64) *biff {
	return &biff{in: newWindow(stream, at)}
}

// begin reads the record that begins a workbook or a sheet.
func (r *biff) begin() error {
	kind, err := r.next()
	if err != nil {
		return err
	}
	if version := r.u16(); kind != biffBOF || version != biffVersion8 {
		return brokenXLS("it does not begin as one of Excel 97 or later; save it as .xlsx")
	}
	return nil
}

// next goes to the next record and returns its type. The end of the stream is an error: a workbook ends with a record.
func (r *biff) next() (uint16, error) {
	for {
		kind, err := r.read()
		if err != nil || kind != biffContinue {
			return kind, err
		}
	}
}

func (r *biff) read() (uint16, error) {
	if !r.peek() {
		return 0, r.fault()
	}
	r.seen, r.err = false, nil
	size := int(binary.LittleEndian.Uint16(r.head[2:]))
	if cap(r.body) < size {
		r.body = make([]byte, size)
	}
	r.body = r.body[:size]
	if _, err := io.ReadFull(r.in, r.body); err != nil {
		return 0, cutXLS(err)
	}
	r.left = r.body
	return binary.LittleEndian.Uint16(r.head[:]), nil
}

// peek reads the head of the next record, unless that is done.
func (r *biff) peek() bool {
	if !r.seen {
		_, err := io.ReadFull(r.in, r.head[:])
		if r.seen = err == nil; err != nil {
			r.err = cutXLS(err)
		}
	}
	return r.seen
}

func (r *biff) fault() error {
	if r.err != nil {
		return r.err
	}
	return brokenXLS("a record is too short")
}

// cutXLS says what the end of the stream means where more must follow.
func cutXLS(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return brokenXLS("cut off")
	}
	return err
}

// more goes on with the record that continues this one.
func (r *biff) more() bool {
	if r.err != nil || !r.peek() || binary.LittleEndian.Uint16(r.head[:]) != biffContinue {
		if r.err == nil {
			r.err = brokenXLS("a record is too short")
		}
		return false
	}
	_, r.err = r.read()
	return r.err == nil
}

// take returns the next n bytes of the record, which must not be divided; nil and an error in r when there are none.
func (r *biff) take(n int) []byte {
	if len(r.left) == 0 && n > 0 && !r.more() {
		return nil
	}
	if len(r.left) < n {
		r.err = brokenXLS("a record is too short")
		return nil
	}
	out := r.left[:n]
	r.left = r.left[n:]
	return out
}

func (r *biff) u8() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *biff) u16() uint16 {
	if b := r.take(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (r *biff) u32() uint32 {
	if b := r.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (r *biff) f64() float64 {
	if b := r.take(8); b != nil {
		return math.Float64frombits(binary.LittleEndian.Uint64(b))
	}
	return 0
}
