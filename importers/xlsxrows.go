package importers

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"

	"hazgrid/safety"
)

// lines returns the rows of a sheet. Its merged ranges stand behind its cells in the file, so the first call goes over it once for them.
func (b *xlsxBook) lines(part string, m **merges) func(wide bool) iter.Seq2[line, error] {
	return func(wide bool) iter.Seq2[line, error] {
		return func(yield func(line, error) bool) {
			if *m == nil {
				found, err := b.merges(part)
				if err != nil {
					yield(line{}, err)
					return
				}
				*m = found
			}
			x, done, err := b.scan(part)
			if err != nil {
				yield(line{}, err)
				return
			}
			defer done()
			r := &xlsxRows{x: x, book: b, fill: (*m).filler(wide)}
			for {
				l, err := r.next()
				if errors.Is(err, io.EOF) || !yield(l, err) || err != nil {
					return
				}
			}
		}
	}
}

// merges reads the merged ranges of a sheet.
func (b *xlsxBook) merges(part string) (*merges, error) {
	m := &merges{}
	err := b.each(part, func(x *xmlScanner) error {
		switch name := x.name; {
		case string(name) == "sheetData" && !x.closing && !x.empty:
			// Most of the file is cells. Should their text hold the mark, the tags from there on are looked at, which takes longer.
			return x.discard("sheetData>")
		case !x.closing && string(name) == "mergeCell":
			from, to, _ := strings.Cut(x.attr("ref"), ":")
			left, top := cellRef(from)
			right, bottom := cellRef(to)
			return m.add(top, bottom, left, right)
		}
		return nil
	})
	m.sort()
	return m, err
}

// cellRef reads a reference such as AB12 or $AB$12: a column from 0 and a row from 1; −1 and 0 where there is none.
func cellRef(ref string) (col, row int) {
	col, rest := cellColumn([]byte(ref))
	row, _ = strconv.Atoi(strings.TrimPrefix(string(rest), "$"))
	return col, row
}

// cellColumn reads the column of a reference, and returns what follows it.
func cellColumn(ref []byte) (col int, rest []byte) {
	for i := range ref {
		switch c := ref[i] &^ 0x20; {
		case ref[i] == '$':
		case c >= 'A' && c <= 'Z':
			col = min(col*26+int(c-'A')+1, 1<<20)
		default:
			return col - 1, ref[i:]
		}
	}
	return col - 1, nil
}

// xlsxRows goes through the cells of a sheet.
type xlsxRows struct {
	x    *xmlScanner
	book *xlsxBook
	fill *filler

	row   int
	cells []string
	raw   []byte  // texts of the row that are its own
	parts []piece // where they belong
	own   bool
	size  int
}

// A piece is a text of raw, for a column.
type piece struct{ col, from, to int }

// next returns the next row; io.EOF is the end of the cells.
func (r *xlsxRows) next() (line, error) {
	for {
		if err := r.x.next(); err != nil {
			return line{}, cutAt(err)
		}
		switch name := r.x.name; {
		case string(name) == "sheetData" && (r.x.closing || r.x.empty):
			return line{}, io.EOF
		case string(name) == "row" && !r.x.closing:
			return r.line()
		}
	}
}

// line reads the cells of a row that has begun.
func (r *xlsxRows) line() (line, error) {
	number := r.row + 1
	if ref := r.x.attr("r"); ref != "" {
		number, _ = strconv.Atoi(ref)
	}
	if number <= r.row || number > maxSheetRows {
		return line{}, fmt.Errorf("%w: row %d after row %d, of at most %d", safety.ErrInvalid, number, r.row, maxSheetRows)
	}
	r.row, r.own, r.size = number, false, 0
	clear(r.cells)
	r.cells, r.raw, r.parts = r.cells[:0], r.raw[:0], r.parts[:0]
	for col := -1; !r.x.empty || string(r.x.name) != "row"; {
		if err := r.x.next(); err != nil {
			return line{}, cutAt(err)
		}
		if r.x.closing && string(r.x.name) == "row" {
			break
		}
		if string(r.x.name) == "c" && !r.x.closing {
			var err error
			if col, err = r.cell(col + 1); err != nil {
				return line{}, err
			}
		}
	}
	text := string(r.raw)
	for _, p := range r.parts {
		r.put(p.col, text[p.from:p.to])
	}
	r.cells = r.fill.fill(number, r.cells)
	return line{number, r.cells, r.own}, nil
}

// put gives a column its value.
func (r *xlsxRows) put(col int, value string) {
	for len(r.cells) <= col {
		r.cells = append(r.cells, "")
	}
	r.cells[col] = value
	r.own = r.own || value != ""
}

// cell reads the cell that has begun; it is in column next unless it says where. It returns its column.
func (r *xlsxRows) cell(next int) (int, error) {
	col, style, kind := next, 0, ""
	for rest := r.x.attrs; ; {
		key, value, after, ok := cutAttr(rest)
		if !ok {
			break
		}
		switch string(key) {
		case "r":
			col, _ = cellColumn(value)
		case "s":
			style, _ = strconv.Atoi(string(value))
		case "t":
			kind = cellKind(value)
		}
		rest = after
	}
	if col < 0 || col >= maxSheetCols {
		return col, fmt.Errorf("%w: a cell of row %d beyond column XFD", safety.ErrInvalid, r.row)
	}
	if r.x.empty {
		return col, nil
	}
	return col, r.value(col, kind, style)
}

// cellKind is the type of a cell (ECMA-376 part 1, 18.18.11) where take knows it, "" where it does not. It is no copy: there is one a cell.
func cellKind(t []byte) string {
	for _, kind := range [...]string{"s", "str", "e", "b", "d"} {
		if string(t) == kind {
			return kind
		}
	}
	return ""
}

// value reads up to the end of the cell. Nearly all cells are one of the first two; what follows knows every form.
func (r *xlsxRows) value(col int, kind string, style int) error {
	if text, ok := r.x.between("<v>", "</v></c>"); ok {
		if err := r.take(col, kind, style, text); err != nil {
			return err
		}
		return r.bounded(0)
	}
	if text, ok := r.x.between("<is><t>", "</t></is></c>"); ok {
		r.keepText(col, text)
		return r.bounded(0)
	}
	for {
		if err := r.x.next(); err != nil {
			return cutAt(err)
		}
		switch name := r.x.name; {
		case r.x.closing && string(name) == "v":
			if err := r.take(col, kind, style, r.x.text); err != nil {
				return err
			}
		case !r.x.closing && string(name) == "is":
			from, err := len(r.raw), error(nil)
			if r.raw, err = r.x.runs(r.raw, "is"); err != nil {
				return err
			}
			r.parts = append(r.parts, piece{col, from, len(r.raw)})
		case r.x.closing && string(name) == "c":
			return r.bounded(0)
		}
	}
}

// take understands a value by the type of its cell.
func (r *xlsxRows) take(col int, kind string, style int, raw []byte) error {
	text := raw
	if raw = bytes.TrimSpace(raw); len(raw) == 0 {
		return nil
	}
	switch kind {
	case "s":
		i, err := strconv.Atoi(string(raw))
		shared, ok := r.book.texts.at(i)
		if err != nil || !ok {
			return fmt.Errorf("%w: row %d refers to text %q, which is not there", safety.ErrInvalid, r.row, clip(string(raw)))
		}
		r.put(col, shared)
		return r.bounded(len(shared))
	case "str":
		r.keepText(col, text)
	case "e":
		r.book.warn("cell_error", fmt.Sprintf("row %d: %s is no value", r.row, clip(string(raw))))
	case "b":
		r.keep(col, raw)
	case "d":
		r.keep(col, appendUnescaped(nil, raw))
	default:
		date := style >= 0 && style < len(r.book.dates) && r.book.dates[style]
		r.parts = append(r.parts, piece{col, len(r.raw), 0})
		r.raw = appendCell(r.raw, raw, date, r.book.is1904)
		r.parts[len(r.parts)-1].to = len(r.raw)
	}
	return nil
}

// keep takes a text that is the row's own.
func (r *xlsxRows) keep(col int, text []byte) {
	r.parts = append(r.parts, piece{col, len(r.raw), len(r.raw) + len(text)})
	r.raw = append(r.raw, text...)
}

// keepText is keep for a text that is still as XML and Excel write it.
func (r *xlsxRows) keepText(col int, text []byte) {
	from := len(r.raw)
	r.raw = appendUnescaped(r.raw, text)
	r.raw = append(r.raw[:from], unescapeOOXML(r.raw[from:])...)
	r.parts = append(r.parts, piece{col, from, len(r.raw)})
}

// bounded refuses a row that is too long to be a record, n bytes of shared text more.
func (r *xlsxRows) bounded(n int) error {
	if r.size += n; r.size+len(r.raw) > maxRecord || len(r.parts) > maxSheetCols {
		return fmt.Errorf("%w: row %d is longer than %d MB", safety.ErrInvalid, r.row, maxRecord>>20)
	}
	return nil
}
