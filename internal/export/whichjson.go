package export

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"github.com/paulmach/orb"

	"hazgrid/safety"
)

// WhichJSON reads [[lon,lat],…] from r and writes an array of the objects of Answer, in order and as it goes. A bad
// point has no grids and an error; text that is no such array is ErrInvalid. It works as WhichCSV does.
func (l Locator) WhichJSON(w io.Writer, r io.Reader) error {
	a := &array{asker: l.asker()}
	in := &cutter{r: r, cut: a.wholeElements, least: l.least}
	err := (&flow{
		next: func(b *block) error { return a.open(b, in.next(b)) },
		work: a.worker,
		write: func(b *block) error {
			return a.write(w, b)
		},
	}).run()
	switch {
	case err != nil:
		return err
	case !a.closed:
		return fmt.Errorf("%w: the array does not end: %w", safety.ErrInvalid, io.ErrUnexpectedEOF)
	case !a.begun:
		_, err = io.WriteString(w, "[]\n")
	default:
		_, err = io.WriteString(w, "]\n")
	}
	return err
}

// An array is the JSON array of points that is answered.
type array struct {
	*asker
	opened bool // its bracket was read
	begun  bool // an element was written
	closed bool // its end was written
}

// open takes the first bracket off, once.
func (a *array) open(b *block, err error) error {
	if err != nil && !errors.Is(err, io.EOF) {
		return invalid(err)
	}
	if a.opened {
		return err
	}
	b.text = bytes.TrimLeft(b.text, space)
	if len(b.text) == 0 || b.text[0] != '[' {
		return fmt.Errorf("%w: want a JSON array [[lon,lat],…]", safety.ErrInvalid)
	}
	a.opened, b.text = true, b.text[1:]
	return err
}

// space is what JSON takes for it.
const space = " \t\r\n"

// wholeElements finds the end of the last comma in text that stands between elements. Whether the text is an
// array at all is for the worker to say.
func (a *array) wholeElements(text []byte) int {
	between := 0
	if !a.opened {
		between = 1
	}
	if bytes.IndexByte(text, '"') >= 0 {
		return lastComma(text, between)
	}
	depth := bytes.Count(text, []byte{'['}) + bytes.Count(text, []byte{'{'}) - bytes.Count(text, []byte{']'}) - bytes.Count(text, []byte{'}'})
	for i := len(text) - 1; i >= 0; i-- {
		switch text[i] {
		case '[', '{':
			depth--
		case ']', '}':
			depth++
		case ',':
			if depth == between {
				return i + 1
			}
		}
	}
	return 0
}

// lastComma is wholeElements for text with strings, in which brackets and commas mean nothing.
func lastComma(text []byte, between int) (end int) {
	depth, inString := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '[' || c == '{':
			depth++
		case c == ']' || c == '}':
			depth--
		case c == ',' && depth == between:
			end = i + 1
		}
	}
	return end
}

// write writes the elements of b, and takes nothing after the end of the array.
func (a *array) write(w io.Writer, b *block) error {
	if a.closed && len(bytes.TrimLeft(b.text, space)) > 0 {
		return errMore()
	}
	out := b.out
	if len(out) > 0 && !a.begun {
		a.begun, out = true, out[1:]
		out[0] = '[' // instead of the separator before an element
	}
	a.closed = a.closed || b.closed
	_, err := w.Write(out)
	return err
}

func errMore() error { return fmt.Errorf("%w: there is more after the array", safety.ErrInvalid) }

// separator comes before each element.
const separator = ",\n"

// worker returns a function that answers blocks of elements.
func (a *array) worker() func(*block) {
	known := a.endings(a.spell)
	return func(b *block) {
		if b.err = a.scan(b); b.err == nil {
			a.locate(b)
			a.answer(b, known)
		}
	}
}

// scan finds the elements of b, each with the comma after it, and the end of the array.
func (a *array) scan(b *block) error {
	text := b.text
	for at := skip(text, 0); at < len(text); {
		if text[at] == ']' && b.first && len(b.rows) == 0 {
			return b.close(at) // an empty array
		}
		end, err := a.takeElement(b, at)
		if err != nil {
			return fmt.Errorf("%w: %w", safety.ErrInvalid, err)
		}
		at = skip(text, end)
		switch {
		case at == len(text):
		case text[at] == ',':
			at = skip(text, at+1)
		case text[at] == ']':
			return b.close(at)
		default:
			return fmt.Errorf("%w: want a comma or the end of the array, got %q", safety.ErrInvalid, text[at])
		}
	}
	return nil
}

// close notes that the array ends at the bracket, after which nothing may come.
func (b *block) close(bracket int) error {
	if skip(b.text, bracket+1) < len(b.text) {
		return errMore()
	}
	b.closed = true
	return nil
}

// takeElement takes in the element that begins at start, and returns its end.
func (a *array) takeElement(b *block, start int) (end int, err error) {
	if p, end, plain := pair(b.text, start); end > 0 {
		r := row{from: start + 1, to: end - 1}
		if !plain {
			r = b.rewritten(p)
		}
		n := len(b.bad)
		a.take(b, p, nil)
		if len(b.bad) > n {
			b.bad[n].text = b.text[start:end]
		}
		b.rows = append(b.rows, r)
		return end, nil
	}
	in := json.NewDecoder(bytes.NewReader(b.text[start:]))
	var raw json.RawMessage
	if err := in.Decode(&raw); err != nil {
		return 0, err
	}
	b.bad = append(b.bad, badRow{n: len(b.points), text: raw})
	b.points = append(b.points, orb.Point{math.NaN(), math.NaN()})
	b.rows = append(b.rows, row{})
	return start + int(in.InputOffset()), nil
}

// pair reads [lon,lat] of plain numbers; end is 0 where there is something else. plain says that
// encoding/json would write the pair as it stands.
func pair(text []byte, start int) (p orb.Point, end int, plain bool) {
	at, plain := start, true
	for axis, before := range []byte("[,") {
		if at = skip(text, at); at == len(text) || text[at] != before {
			return p, 0, false
		}
		first := skip(text, at+1)
		d := plainDecimal(text[first:])
		if d.n == 0 || !d.strict {
			return p, 0, false
		}
		plain = plain && d.short && first == at+1 && (axis == 0 || text[at-1] > ' ')
		p[axis], at = d.value, first+d.n
	}
	last := at
	if at = skip(text, at); at == len(text) || text[at] != ']' {
		return p, 0, false
	}
	return p, at + 1, plain && at == last
}

func skip(text []byte, at int) int {
	for at < len(text) && (text[at] == ' ' || text[at] == '\n' || text[at] == '\r' || text[at] == '\t') {
		at++
	}
	return at
}

// rewritten puts p into side as encoding/json writes it.
func (b *block) rewritten(p orb.Point) row {
	from := len(b.side)
	b.side = appendNumber(append(appendNumber(b.side, p[0]), ','), p[1])
	return row{from: from, to: len(b.side), anew: true}
}

// appendNumber writes a number as encoding/json does.
func appendNumber(b []byte, v float64) []byte {
	if size := math.Abs(v); size >= 1e-6 && size < 1e21 || size == 0 {
		return strconv.AppendFloat(b, v, 'f', -1, 64)
	}
	text, _ := json.Marshal(v) // a number that was read is finite
	return append(b, text...)
}

// elementAnswer is about how many bytes the answer to an element has.
const elementAnswer = 160

// answer writes the elements of b with what was found, the unusual ones as a single point is answered.
func (a *array) answer(b *block, known *endings) {
	outside := a.spell(nil, nil, 0)
	bad := b.bad
	b.out = slices.Grow(b.out, len(b.text)+elementAnswer*len(b.rows))
	for i := range b.rows {
		b.out = append(b.out, separator...)
		if len(bad) > 0 && bad[0].n == i {
			text, err := json.Marshal(a.element(bad[0].text))
			b.out, b.err = append(b.out, text...), errors.Join(b.err, err)
			bad = bad[1:]
			continue
		}
		b.out = append(b.out, `{"point":[`...)
		b.out = b.appendRow(b.out, &b.rows[i])
		b.out = append(b.out, ']')
		switch grids := a.row(b, i); {
		case !owned(grids):
			b.out = append(b.out, outside...)
		case a.Options.SnapM > 0 && b.metres[i] > 0:
			b.out = a.spell(b.out, grids, b.metres[i])
		default:
			b.out = known.appendTo(b.out, grids)
		}
	}
}

// spell writes an object after its point.
func (a *array) spell(b []byte, row []int32, metres float64) []byte {
	w := safety.Where{DistanceM: metres}
	for i, n := range row {
		if n >= 0 {
			w.Grids = append(w.Grids, a.lookup.Grids(i + 1)[n])
		}
	}
	text, _ := json.Marshal(a.object(0, w)) // names and numbers always have a JSON form
	_, ending, _ := bytes.Cut(text, []byte(`{"point":0`))
	return append(b, ending...)
}
