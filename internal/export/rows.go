package export

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/paulmach/orb"

	"hazgrid/safety"
)

// worker returns a function that answers blocks of rows. What encoding/csv makes of them is what counts; rows
// without quotes are read here.
func (t *pointTable) worker() func(*block) {
	known := t.endings(t.spell)
	return func(b *block) {
		b.lines = bytes.Count(b.text, []byte{'\n'})
		t.scan(b)
		if b.err == nil {
			t.locate(b)
			t.answer(b, known)
		}
	}
}

// scan finds the rows of b and their points.
func (t *pointTable) scan(b *block) {
	b.points, b.rows = slices.Grow(b.points, b.lines+1), slices.Grow(b.rows, b.lines+1)
	quoted := nextQuote(b.text, 0)
	for at := 0; at < len(b.text); {
		s := t.line(b.text, at)
		if quoted < s.next {
			at = t.scanQuoted(b, at)
			quoted = nextQuote(b.text, at)
			continue
		}
		switch {
		case s.end == at: // encoding/csv leaves out blank lines
		case s.plain && s.cells <= t.width:
			b.rows = append(b.rows, row{from: at, to: s.end, blanks: t.width - s.cells})
			t.take(b, s.point, nil)
		default:
			t.cells(b, strings.Split(string(b.text[at:s.end]), ","))
		}
		at = s.next
	}
}

// A line is one line of a text without quotes.
type line struct {
	next, end int       // where the next begins, and where its own text ends
	cells     int       // cells in it
	plain     bool      // encoding/csv would write it as it is, and point is its point
	point     orb.Point // as it stands there
}

// line reads the line that begins at start.
func (t *pointTable) line(text []byte, start int) line {
	l := line{plain: true}
	i, numbers := start, 0
	for {
		from, number := i, 0
		if axis := t.axis(l.cells); axis >= 0 {
			d := plainDecimal(text[i:])
			l.point[axis], number = d.value, d.n
			i += d.n
		}
		i = endOfCell(text, i)
		l.end, l.next = i, min(i+1, len(text))
		last := i == len(text) || text[i] == '\n'
		if last && l.end > from && text[l.end-1] == '\r' {
			l.end--
		}
		l.cells++
		switch cell := text[from:l.end]; {
		case number > 0 && number == len(cell):
			numbers++
		case mustQuote(cell):
			l.plain = false
		}
		if last {
			l.plain = l.plain && numbers == 2
			return l
		}
		i++
	}
}

// axis says whether a column is the longitude, 0, the latitude, 1, or another, -1.
func (t *pointTable) axis(column int) int {
	switch column {
	case t.lon:
		return 0
	case t.lat:
		return 1
	}
	return -1
}

// endOfCell finds the comma or line break, or the end, after i.
func endOfCell(text []byte, i int) int {
	for i < len(text) && text[i] != ',' && text[i] != '\n' {
		i++
	}
	return i
}

// nextQuote finds the first quote from at on, or the end.
func nextQuote(text []byte, at int) int {
	if i := bytes.IndexByte(text[at:], '"'); i >= 0 {
		return at + i
	}
	return len(text)
}

// fewQuotes is how many bytes without quotes make it worth while to leave encoding/csv again.
const fewQuotes = 1 << 10

// scanQuoted reads b from a row that begins at start with encoding/csv, until there are few quotes, and
// returns where the row after that begins.
func (t *pointTable) scanQuoted(b *block, start int) int {
	in := csv.NewReader(bytes.NewReader(b.text[start:]))
	in.FieldsPerRecord, in.ReuseRecord = -1, true
	quoted := start
	for {
		at := start + int(in.InputOffset())
		if quoted < at {
			quoted = nextQuote(b.text, at)
		}
		if quoted-at > fewQuotes {
			return at
		}
		cells, err := in.Read()
		if errors.Is(err, io.EOF) {
			return len(b.text)
		}
		var wrong *csv.ParseError
		if errors.As(err, &wrong) {
			b.err = below(bytes.Count(b.text[:start], []byte{'\n'}), wrong)
			return len(b.text)
		}
		t.cells(b, cells)
	}
}

// cells takes in a row that has to be written anew: as many cells as the header has.
func (t *pointTable) cells(b *block, cells []string) {
	from := len(b.side)
	for i, c := range cells[:min(len(cells), t.width)] {
		if i > 0 {
			b.side = append(b.side, ',')
		}
		b.side = appendCell(b.side, c)
	}
	b.rows = append(b.rows, row{from: from, to: len(b.side), blanks: max(0, t.width-len(cells)), anew: true})
	if len(cells) > t.width {
		t.take(b, orb.Point{}, fmt.Errorf("want %d columns, got %d", t.width, len(cells)))
		return
	}
	get := func(column int) string {
		if column < len(cells) {
			return cells[column]
		}
		return ""
	}
	p, err := parsePoint(get(t.lon), get(t.lat))
	t.take(b, p, err)
}

// parsePoint reads a longitude and a latitude; what is no number is a *safety.FieldError.
func parsePoint(lon, lat string) (p orb.Point, err error) {
	for i, c := range []struct{ name, text string }{{"lon", lon}, {"lat", lat}} {
		if p[i], err = ParseNumber(c.text); err != nil {
			return p, &safety.FieldError{Field: c.name, Reason: err.Error()}
		}
	}
	return p, nil
}

// rowAnswer is about how many bytes the answer to a row has.
const rowAnswer = 40

// answer writes the rows of b with what was found.
func (t *pointTable) answer(b *block, known *endings) {
	nothing := []byte(strings.Repeat(",", t.depth+3) + "\n")
	bad := b.bad
	b.out = slices.Grow(b.out, len(b.text)+rowAnswer*len(b.rows))
	for i := range b.rows {
		b.out = b.appendRow(b.out, &b.rows[i])
		if len(bad) > 0 && bad[0].n == i {
			b.out = append(b.out, nothing[:t.depth+3]...)
			b.out = append(appendCell(b.out, bad[0].err.Error()), '\n')
			bad = bad[1:]
			continue
		}
		switch grids := t.row(b, i); {
		case !owned(grids):
			b.out = append(b.out, nothing...)
		case t.Options.SnapM > 0 && b.metres[i] > 0:
			b.out = t.spell(b.out, grids, b.metres[i])
		default:
			b.out = known.appendTo(b.out, grids)
		}
	}
}

func (b *block) appendRow(out []byte, r *row) []byte {
	from := b.text
	if r.anew {
		from = b.side
	}
	out = append(out, from[r.from:r.to]...)
	for range r.blanks {
		out = append(out, ',')
	}
	return out
}

// spell writes the columns of the answer for a row that is owned.
func (t *pointTable) spell(b []byte, row []int32, metres float64) []byte {
	deepest := len(row) - 1
	for row[deepest] < 0 {
		deepest--
	}
	b = appendCell(append(b, ','), t.lookup.Grids(deepest + 1)[row[deepest]].Code)
	for i, n := range row {
		b = append(b, ',')
		if n >= 0 {
			b = appendCell(b, t.lookup.Grids(i + 1)[n].Code)
		}
	}
	b = strconv.AppendFloat(append(b, ','), metres, 'f', -1, 64)
	return append(b, ",\n"...)
}

// appendCell writes a cell as csv.Writer does.
func appendCell(b []byte, cell string) []byte {
	if !mustQuote(cell) {
		return append(b, cell...)
	}
	b = append(b, '"')
	for i := range len(cell) {
		if cell[i] == '"' {
			b = append(b, '"')
		}
		b = append(b, cell[i])
	}
	return append(b, '"')
}

// mustQuote says whether csv.Writer puts quotes around a cell.
func mustQuote[T string | []byte](cell T) bool {
	if len(cell) == 0 {
		return false
	}
	if len(cell) == 2 && cell[0] == '\\' && cell[1] == '.' {
		return true
	}
	for i := range len(cell) {
		if c := cell[i]; c <= ',' && (c == ',' || c == '"' || c == '\r' || c == '\n') {
			return true
		}
	}
	if cell[0] < utf8.RuneSelf {
		return unicode.IsSpace(rune(cell[0]))
	}
	r, _ := utf8.DecodeRuneInString(string(cell[:min(len(cell), utf8.UTFMax)]))
	return unicode.IsSpace(r)
}
