package export

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"hazgrid/safety"
)

// WhichCSV reads CSV with the columns lon and lat from r and writes the same rows to w, with
// grid, grid_1 … grid_N, grid_distance_m and error as the last columns, in order and as it goes. A row
// whose point is wrong says so in its column error; a file without the two columns is a *safety.FieldError.
// It works on several cores with a few hundred kilobytes for each; a row of over 16 MiB is ErrInvalid.
func (l Locator) WhichCSV(w io.Writer, r io.Reader) error {
	t := &pointTable{asker: l.asker()}
	in := &cutter{r: r, cut: wholeRows, least: l.least}
	f := flow{work: t.worker}
	f.next = func(b *block) error {
		if t.width > 0 {
			return invalid(in.next(b))
		}
		return t.begin(in, b)
	}
	f.write = func(b *block) error {
		if b.first {
			if _, err := w.Write(t.head); err != nil {
				return err
			}
		}
		for _, bad := range b.bad {
			if t.Rejected != nil {
				t.Rejected(bad.err)
			}
		}
		t.lines += b.lines
		_, err := w.Write(b.out)
		return err
	}
	return t.numbered(f.run())
}

// numbered says of text that is no CSV that it is invalid, in the file's line and not in its block's.
func (t *pointTable) numbered(err error) error {
	var wrong *csv.ParseError
	if !errors.As(err, &wrong) {
		return err
	}
	return invalid(below(t.lines, wrong))
}

// below moves an error down by some lines.
func below(lines int, err *csv.ParseError) *csv.ParseError {
	return &csv.ParseError{StartLine: err.StartLine + lines, Line: err.Line + lines, Column: err.Column, Err: err.Err}
}

// invalid says of what went wrong in reading that the input is to blame.
func invalid(err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	return fmt.Errorf("%w: %w", safety.ErrInvalid, err)
}

// A pointTable is the CSV of points that is answered.
type pointTable struct {
	*asker
	head     []byte // the header of the answer
	width    int    // columns of the input, 0 before its header is read
	lon, lat int    // columns
	lines    int    // of what is written
}

// begin reads the header; b gets the rows after it.
func (t *pointTable) begin(in *cutter, b *block) error {
	for {
		end := in.next(b)
		if end != nil && !errors.Is(end, io.EOF) {
			return invalid(end)
		}
		rows := csv.NewReader(bytes.NewReader(b.text))
		header, err := rows.Read()
		if errors.Is(err, io.EOF) && end == nil {
			t.lines += bytes.Count(b.text, []byte{'\n'}) // all blank
			continue
		}
		if errors.Is(err, io.EOF) {
			return &safety.FieldError{Field: "lon", Reason: "the file is empty: want a header with lon and lat"}
		}
		if err != nil {
			return err
		}
		if t.lon, t.lat, err = pointColumns(header); err != nil {
			return err
		}
		t.width, t.head = len(header), t.header(header)
		t.lines += bytes.Count(b.text[:rows.InputOffset()], []byte{'\n'})
		b.text = b.text[rows.InputOffset():]
		return end
	}
}

// pointColumns finds the columns lon and lat.
func pointColumns(header []string) (lon, lat int, err error) {
	lon, lat = -1, -1
	twice := false
	for i, h := range header {
		switch strings.ToLower(strings.TrimSpace(strings.TrimPrefix(h, "\ufeff"))) {
		case "lon":
			lon, twice = i, twice || lon >= 0
		case "lat":
			lat, twice = i, twice || lat >= 0
		}
	}
	switch {
	case twice:
		return 0, 0, &safety.FieldError{Field: "lon", Reason: "lon or lat is there twice"}
	case lon < 0:
		return 0, 0, &safety.FieldError{Field: "lon", Reason: "no such column"}
	case lat < 0:
		return 0, 0, &safety.FieldError{Field: "lat", Reason: "no such column"}
	}
	return lon, lat, nil
}

// header is the first line of the answer.
func (t *pointTable) header(cells []string) []byte {
	out := appendCell(nil, strings.TrimPrefix(cells[0], "\ufeff"))
	for _, c := range cells[1:] {
		out = appendCell(append(out, ','), c)
	}
	out = append(out, ",grid"...)
	for level := range t.depth {
		out = fmt.Appendf(out, ",grid_%d", level+1)
	}
	return append(out, ",grid_distance_m,error\n"...)
}

// wholeRows finds the last line break in text that ends a record: one before which the quotes are even, as
// long as they stand where they may. Where they do not, the rows up to there are whole enough to be refused.
func wholeRows(text []byte) int {
	quotes, end := bytes.Count(text, []byte{'"'}), len(text)
	for {
		i := bytes.LastIndexByte(text[:end], '\n')
		if i < 0 {
			break
		}
		if quotes > 0 {
			quotes -= bytes.Count(text[i:end], []byte{'"'})
		}
		if quotes%2 == 0 {
			return i + 1
		}
		end = i
	}
	var wrong *csv.ParseError
	known := bytes.TrimSuffix(text, []byte{'\r'}) // that may be half a line break
	_, err := csv.NewReader(io.MultiReader(bytes.NewReader(known), unread{})).Read()
	if errors.As(err, &wrong) {
		return len(text)
	}
	return 0
}

// unread stands for what was not read yet.
type unread struct{}

// Read has nothing to give, which is no end.
func (unread) Read([]byte) (int, error) { return 0, io.ErrNoProgress }
