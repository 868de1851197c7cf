package importers

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"hazgrid/safety"
)

// A csvReader yields the rows of a CSV text after its header. Rows without any value are passed over
// and not numbered, as blank lines are, and so are rows of sums.
type csvReader struct {
	tape   *tape
	in     *csv.Reader
	cs     charset
	header []string
	short  func(number int64) // told of rows with fewer cells than the header
	total  func(cells []string)
}

// readCSV is the reader of CSV.
func readCSV(s *source) (table, error) {
	text, err := s.text()
	if err != nil {
		return table{}, err
	}
	r, err := newCSVReader(text, s)
	if err != nil {
		return table{}, err
	}
	r.short = func(number int64) {
		s.warn("short_row", fmt.Sprintf("record %d has fewer cells than the header", number))
	}
	r.total = func(cells []string) { s.warn("total_row", "a total: "+clip(strings.Join(cells, " "))) }
	return table{header: r.header, rows: r.rows()}, nil
}

// separators are tried in this order; the one that cuts the header most often wins.
var separators = []rune{',', ';', '\t', '|'}

// newCSVReader reads up to the end of the header.
func newCSVReader(src io.Reader, s *source) (*csvReader, error) {
	head, cs := s.charset.text(s.head), s.charset
	if bytes.IndexByte(head, '\n') < 0 && bytes.IndexByte(head, '\r') >= 0 {
		src = carriageReturns{src}
	}
	comma, h := csvLayout(head, newRecogniser(s.o))
	r := &csvReader{tape: &tape{src: src, max: s.o.maxBytes()}, cs: cs}
	r.in = csv.NewReader(r.tape)
	r.in.Comma = comma
	r.in.FieldsPerRecord = -1
	r.in.ReuseRecord = true
	for n := 1; ; {
		cells, err := r.in.Read()
		switch {
		case errors.Is(err, io.EOF):
			return nil, fmt.Errorf("%w: the file has no header", safety.ErrInvalid)
		case errors.Is(err, csv.ErrBareQuote) && n < h.last: // a title may say what it likes
			r.tape.cut(r.in.InputOffset())
			n++
			continue
		case err != nil:
			return nil, fmt.Errorf("%w: not CSV: the header: %w", safety.ErrInvalid, err)
		}
		text := r.tape.cut(r.in.InputOffset())
		if f := cs.fault(text); f != nil {
			return nil, fmt.Errorf("%w: the header is %s", safety.ErrInvalid, f.reason)
		}
		r.header = slices.Clone(cells)
		switch {
		case blank(cells):
		case n < h.last:
			n++
		default:
			if h.last > 1 {
				r.header = h.names
			}
			return r, nil
		}
	}
}

// csvLayout finds what cuts the cells of a text, and its header, from its head. The separator that cuts the first line most often wins, unless
// the text begins with a title and another makes a header of a later line.
func csvLayout(head []byte, rec *recogniser) (comma rune, best header) {
	comma = separator(head)
	best = rec.header(csvTop(head, comma))
	if best.score >= headerScore {
		return comma, best
	}
	for _, c := range separators {
		if h := rec.header(csvTop(head, c)); h.score >= headerScore && h.score > best.score {
			comma, best = c, h
		}
	}
	if best.score < headerScore {
		best.last = 1
	}
	return comma, best
}

// csvTop reads the first lines of a text that have a value, as far as they can be read; they are numbered from 1.
func csvTop(head []byte, comma rune) (top []line) {
	in := csv.NewReader(bytes.NewReader(bytes.ReplaceAll(head[:min(len(head), headBytes)], []byte("\r"), []byte("\n"))))
	in.Comma, in.FieldsPerRecord, in.LazyQuotes = comma, -1, true
	for len(top) <= headerRows {
		cells, err := in.Read()
		if err != nil {
			break
		}
		if !blank(cells) {
			top = append(top, line{number: len(top) + 1, cells: cells})
		}
	}
	return top
}

// carriageReturns reads text whose lines end in CR alone, as old spreadsheets on the Macintosh write them.
type carriageReturns struct{ src io.Reader }

// Read implements io.Reader.
func (c carriageReturns) Read(p []byte) (int, error) {
	n, err := c.src.Read(p)
	for i, b := range p[:n] {
		if b == '\r' {
			p[i] = '\n'
		}
	}
	return n, err
}

// separator finds what cuts the first line of a text.
func separator(head []byte) rune {
	best, most := separators[0], 0
	line := strings.TrimLeft(string(head), " \r\n\ufeff")
	for _, s := range separators {
		if n := countOutside(line, s); n > most {
			best, most = s, n
		}
	}
	return best
}

// countOutside counts sep in the first line of text, outside quotes.
func countOutside(text string, sep rune) (n int) {
	quoted := false
	for _, c := range text {
		switch {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '\n' || c == '\r':
			return n
		case c == sep:
			n++
		}
	}
	return n
}

func (r *csvReader) rows() rows {
	return func(yield func(row, error) bool) {
		for number := int64(1); ; {
			out, err := r.next(number)
			switch {
			case errors.Is(err, io.EOF):
				return
			case err != nil:
				yield(row{}, err)
				return
			case out.fault == nil && blank(out.values):
				continue
			case out.fault == nil && isTotal(out.values):
				r.total(out.values)
				continue
			}
			if !yield(out, nil) {
				return
			}
			number++
		}
	}
}

// next reads one row.
func (r *csvReader) next(number int64) (row, error) {
	cells, err := r.in.Read()
	out := row{number: number, names: r.header, values: cells}
	var bad *csv.ParseError
	if err != nil && !errors.As(err, &bad) {
		if errors.Is(err, errTooLong) {
			err = fmt.Errorf("%w: record %d is longer than %d MB: a quote that is never closed?", safety.ErrInvalid, number, r.tape.max>>20)
		}
		return out, err
	}
	out.text = bytes.TrimRight(r.tape.cut(r.in.InputOffset()), "\r\n")
	if errors.Is(err, csv.ErrBareQuote) {
		if cells, err = r.lenient(out.text); err == nil {
			bad, out.values = nil, cells
		}
	}
	switch {
	case bad != nil && r.tape.done() && bytes.Count(out.text, []byte{'"'})%2 == 1:
		return out, fmt.Errorf("%w: the CSV is cut off: the quote opened in record %d (line %d) is never closed", safety.ErrInvalid, number, bad.StartLine)
	case bad != nil:
		out.fault = &fault{reason: fmt.Sprintf("not CSV: line %d, byte %d: %v", bad.Line, bad.Column, bad.Err)}
		out.values = nil
	case !blank(cells[min(len(cells), len(r.header)):]):
		out.fault = &fault{reason: fmt.Sprintf("%d cells, the header has %d", len(cells), len(r.header))}
	case len(cells) < len(r.header) && !blank(cells):
		r.short(number)
	}
	out.values = out.values[:min(len(out.values), len(r.header))]
	if f := r.cs.fault(out.text); f != nil {
		out.fault = f
	}
	return out, nil
}

// lenient reads a line in which a cell without quotes holds one, such as 12" pipe: the quote stands for itself.
func (r *csvReader) lenient(line []byte) ([]string, error) {
	in := csv.NewReader(bytes.NewReader(line))
	in.Comma, in.FieldsPerRecord, in.LazyQuotes = r.in.Comma, -1, true
	return in.Read()
}

func blank(cells []string) bool {
	for _, c := range cells {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}

// A tape keeps what has been read since the end of the last record, so that a record can be shown as
// it stands, and ends the file when a record becomes too long to be one.
type tape struct {
	src  io.Reader
	max  int
	buf  []byte
	base int64 // offset of buf[0]
	from int   // start of the current record in buf
	err  error
}

// Read implements io.Reader.
func (t *tape) Read(p []byte) (int, error) {
	if len(t.buf)-t.from > t.max {
		return 0, errTooLong
	}
	if t.from > 0 && t.from >= len(t.buf)/2 {
		t.base += int64(t.from)
		t.buf = append(t.buf[:0], t.buf[t.from:]...)
		t.from = 0
	}
	n, err := t.src.Read(p)
	t.buf = append(t.buf, p[:n]...)
	t.err = err
	return n, err
}

// cut returns what was read since the last cut, up to an offset of the text; valid until the next Read.
func (t *tape) cut(to int64) []byte {
	end := min(int(to-t.base), len(t.buf))
	out := t.buf[t.from:end]
	t.from = end
	return out
}

// done reports that the current record was the last.
func (t *tape) done() bool { return errors.Is(t.err, io.EOF) && t.from == len(t.buf) }
