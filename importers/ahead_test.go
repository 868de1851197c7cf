package importers

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"go.uber.org/goleak"

	"hazgrid/safety"
)

// TestAhead: what is read ahead is what was there, up to the error, in whatever portions it comes and however long it is said to be.
func TestAhead(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	text := bytes.Repeat([]byte("0123456789abcdef"), 3*aheadBytes/16) // whole blocks
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		src  io.Reader
		size uint64
		text []byte
		err  error
	}{
		"whole":          {bytes.NewReader(text), uint64(len(text)), text, nil},
		"said to be 0":   {bytes.NewReader(text), 0, text, nil},
		"of one block":   {bytes.NewReader(text[:aheadBytes-1]), aheadBytes - 1, text[:aheadBytes-1], nil},
		"halves":         {iotest.HalfReader(bytes.NewReader(text)), 1 << 40, text, nil},
		"end with data":  {iotest.DataErrReader(bytes.NewReader(text)), 1 << 40, text, nil},
		"broken":         {io.MultiReader(bytes.NewReader(text), iotest.ErrReader(broken)), 1 << 40, text, broken},
		"broken at once": {iotest.ErrReader(broken), 1 << 40, nil, broken},
		"nothing":        {strings.NewReader(""), 0, nil, nil},
	} {
		told := 0
		a := readAhead(c.src, c.size, func() { told++ })
		got, err := io.ReadAll(a)
		_, again := a.Read(make([]byte, 1))
		a.stop()
		if !bytes.Equal(got, c.text) || !errors.Is(err, c.err) || !errors.Is(again, cmp.Or(c.err, io.EOF)) || told == 0 {
			t.Errorf("%s: %d bytes, want %d; told %d times; %v, then %v", name, len(got), len(c.text), told, err, again)
		}
	}
}

// TestAheadStops: when stop returns nothing is read any more, and no goroutine is left.
func TestAheadStops(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	for _, n := range []int{0, 1, 10 * aheadBytes} {
		src := &endless{}
		a := readAhead(src, 1<<40, func() {})
		if _, err := io.CopyN(io.Discard, a, int64(n)); err != nil {
			t.Fatal(err)
		}
		a.stop()
		if most := n + (aheadBlocks+1)*aheadBytes; src.read > most { // the race detector sees a read that is still under way
			t.Errorf("%d bytes are read for %d", src.read, n)
		}
	}
}

// endless is a text without an end, which counts what is read of it.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	e.read += len(p)
	return len(p), nil
}

// manyRows is a workbook of n rows, some blocks long, with tail after them.
func manyRows(t *testing.T, n int, tail string) string {
	var b strings.Builder
	b.WriteString(`<worksheet><sheetData>` + headerRow)
	for i := range n {
		fmt.Fprintf(&b, `<row r="%d"><c t="inlineStr"><is><t>k%d</t></is></c><c t="str"><v>name</v></c></row>`, i+2, i)
	}
	return string(smallBook(t, b.String()+tail))
}

// TestErrorAmongRows: all rows before a bad one are read, though what is behind it has been unpacked already.
func TestErrorAmongRows(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	const n = 20_000
	for tail, want := range map[string]string{
		`<row r="7"/>` + strings.Repeat(" ", 3*aheadBytes) + `</sheetData></worksheet>`: fmt.Sprintf("row 7 after row %d", n+1),
		`<row r="20002"><c>`: "the XML is cut off",
	} {
		got := readText(t, manyRows(t, n, tail), Options{Kind: safety.Enterprises})
		if len(got.records) != n || got.err == nil || !strings.Contains(got.err.Error(), want) {
			t.Errorf("%d records, then %v, want %d and %q", len(got.records), got.err, n, want)
		}
	}
}

// TestRowsStop: who has seen enough rows leaves no goroutine behind, and hears of progress where the rows are read.
func TestRowsStop(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	path := t.TempDir() + "/many.xlsx"
	if err := os.WriteFile(path, []byte(manyRows(t, 20_000, `</sheetData></worksheet>`)), 0o600); err != nil {
		t.Fatal(err)
	}
	told, seen := 0, 0 // without a lock: the race detector sees who tells
	f, err := Open(path, Options{Kind: safety.Enterprises, Progress: func(n int) { told += n }})
	if err != nil {
		t.Fatal(err)
	}
	opened := told
	for _, err := range f.Records() {
		if seen++; err != nil || seen == 10 {
			break
		}
	}
	if err := f.Close(); err != nil || seen != 10 || opened == 0 || told <= opened {
		t.Errorf("%d rows, %d bytes told of, %d of them at the opening: %v", seen, told, opened, err)
	}
}
