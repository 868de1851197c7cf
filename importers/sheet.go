package importers

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"iter"
	"strings"

	"hazgrid/safety"
)

// A workbook is what a reader of spreadsheets makes of its file.
type workbook struct {
	sheets   []sheet
	date1904 bool // day numbers count from 1904-01-01
}

// A sheet is one table of a workbook, which can be gone through more than once.
type sheet struct {
	name   string
	hidden bool
	// lines yields the rows that are there, in order; a merged range is filled in its first column, or with
	// wide in all of them. A line is valid until the next one.
	lines func(wide bool) iter.Seq2[line, error]
}

// A line is a row of a sheet.
type line struct {
	number int // as the spreadsheet shows it, from 1
	cells  []string
	own    bool // some cell has a value of its own, not only that of a merged range
}

// table chooses the sheet that is read, finds its header, and returns its rows.
func (b workbook) table(s *source) (table, error) {
	rec := newRecogniser(s.o)
	if s.o.Sheet == "" {
		return b.first(s, rec)
	}
	for _, sh := range b.sheets {
		if sh.name == s.o.Sheet || strings.EqualFold(strings.TrimSpace(sh.name), strings.TrimSpace(s.o.Sheet)) {
			h, err := sh.header(rec)
			if err == nil && h.names == nil {
				err = fmt.Errorf("%w: sheet %q is empty", safety.ErrInvalid, sh.name)
			}
			return sh.table(s, h, b.date1904), err
		}
	}
	return table{}, fmt.Errorf("%w: no sheet %q (there are: %s)", safety.ErrInvalid, s.o.Sheet, b.names())
}

// first takes the first visible sheet that has a header; where none has, the first with any column of the kind.
func (b workbook) first(s *source, rec *recogniser) (table, error) {
	var some *sheet
	var found header
	for i, sh := range b.sheets {
		if sh.hidden {
			continue
		}
		h, err := sh.header(rec)
		if err != nil {
			return table{}, fmt.Errorf("sheet %q: %w", sh.name, err)
		}
		if h.score >= headerScore {
			return sh.table(s, h, b.date1904), nil
		}
		if h.score > found.score {
			some, found = &b.sheets[i], h
		}
	}
	if some == nil {
		return table{}, fmt.Errorf("%w: no sheet has columns of %s in its first %d rows (sheets: %s); say --sheet, or --map field=column",
			safety.ErrInvalid, s.o.Kind, headerRows, b.names())
	}
	return some.table(s, found, b.date1904), nil
}

func (b workbook) names() string {
	var names []string
	for _, sh := range b.sheets {
		names = append(names, sh.name)
	}
	return clipList(names)
}

// header finds the header in the first rows of the sheet.
func (sh sheet) header(rec *recogniser) (header, error) {
	var top []line
	for l, err := range sh.lines(true) {
		if err != nil {
			return header{}, err
		}
		if blank(l.cells) {
			continue
		}
		l.cells = append([]string(nil), l.cells...)
		if top = append(top, l); len(top) > headerRows {
			break
		}
	}
	return rec.header(top), nil
}

// table returns the rows under the header. Those without any value of their own are passed over and not numbered.
func (sh sheet) table(s *source, h header, date1904 bool) table {
	return table{header: h.names, date1904: date1904, rows: func(yield func(row, error) bool) {
		number := int64(0)
		var cells []string
		original := func() []byte { return csvLine(cells) }
		for l, err := range sh.lines(false) {
			cells = l.cells[:min(len(l.cells), len(h.names))]
			switch {
			case err != nil:
				yield(row{}, fmt.Errorf("sheet %q: %w", sh.name, err))
				return
			case l.number <= h.last || !l.own || blank(cells):
				continue
			case isTotal(cells):
				s.warn("total_row", fmt.Sprintf("row %d of sheet %q is a total: %s", l.number, sh.name, clip(strings.Join(cells, " "))))
				continue
			}
			number++
			if !yield(row{number: number, line: l.number, names: h.names, values: cells, original: original}, nil) {
				return
			}
		}
	}}
}

// csvLine writes the cells of a row as a line of CSV.
func csvLine(cells []string) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.Write(cells) // a bytes.Buffer takes all
	w.Flush()
	return bytes.TrimRight(b.Bytes(), "\n")
}
