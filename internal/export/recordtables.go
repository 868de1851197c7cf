package export

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/paulmach/orb"
	"github.com/xuri/excelize/v2"

	"hazgrid/safety"
)

// tableHeader names the columns of a table: the attributes, then lon and lat of a point or the WKT of a shape in one
// column or, where cells are small, in several.
func (l *Layer) tableHeader(as []attribute, shapeCells int) (out []string) {
	for _, a := range as {
		out = append(out, a.name)
	}
	if l.located() {
		return append(out, "lon", "lat")
	}
	out = append(out, geometry)
	for n := 2; n <= shapeCells; n++ {
		out = append(out, fmt.Sprintf("%s_%d", geometry, n))
	}
	return out
}

// csv writes UTF-8 with commas, RFC 4180 but for line ends, which are LF.
func (l *Layer) csv(w io.Writer) error {
	as, records, stop, err := l.open()
	if err != nil {
		return err
	}
	defer stop()
	out := csv.NewWriter(w)
	header := l.tableHeader(as, 1)
	cells := make([]string, len(header))
	if err := out.Write(header); err != nil {
		return err
	}
	for r, err := range records {
		if err != nil {
			return err
		}
		for i, v := range r.values {
			cells[i] = l.asText(v)
			if strings.Contains(cells[i], "\r\n") {
				l.warn(lostSigns, fmt.Sprintf("%s: %s: CR LF is read back as LF", l.key(&r), header[i]))
			}
		}
		placeText(cells[len(r.values):], r.shape)
		if err := out.Write(cells); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// placeText fills the cells of the geometry.
func placeText(cells []string, g orb.Geometry) {
	clear(cells)
	switch p, ok := g.(orb.Point); {
	case ok:
		cells[0], cells[1] = cell(p[0]), cell(p[1])
	case g != nil:
		cells[0] = string(appendWKT(nil, g))
	}
}

// Limits of a worksheet.
const (
	sheetRows  = excelize.TotalRows
	sheetCell  = excelize.TotalCellChars // in UTF-16 units
	mostShapes = 64                      // cells of one geometry
)

// xlsx writes a workbook of one sheet, named like the kind. Times are texts, and so are numbers of more
// digits than a worksheet keeps.
func (l *Layer) xlsx(w io.Writer) (err error) {
	f := excelize.NewFile()
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := f.SetSheetName("Sheet1", string(l.Kind)); err != nil {
		return err
	}
	cells, err := l.shapeCells()
	if err != nil {
		return err
	}
	out, err := f.NewStreamWriter(string(l.Kind))
	if err != nil {
		return err
	}
	if err := l.sheet(out, cells); err != nil {
		return err
	}
	return f.Write(w)
}

// shapeCells is how many cells the longest geometry takes. The header comes before the records, so they are read for it first.
func (l *Layer) shapeCells() (most int, err error) {
	most = 1
	if l.located() {
		return most, nil
	}
	var wkt []byte
	for r, err := range l.Records {
		if err != nil {
			return 0, err
		}
		wkt = appendWKT(wkt[:0], r.Geometry)
		n := 0
		for rest := wkt; len(rest) > 0; n++ {
			rest = rest[pieceOf(rest):]
		}
		if most = max(most, n); most > mostShapes {
			return 0, fmt.Errorf("%w: %s: the geometry is text of %d characters, too much for a worksheet; .gpkg and .geojson have no such limit",
				safety.ErrInvalid, l.key(&record{values: r.Values}), len(wkt))
		}
	}
	return most, nil
}

// sheet writes header and rows.
func (l *Layer) sheet(out *excelize.StreamWriter, shapeCells int) error {
	as, records, stop, err := l.open()
	if err != nil {
		return err
	}
	defer stop()
	header := l.tableHeader(as, shapeCells)
	cells := make([]any, len(header))
	for i, name := range header {
		cells[i] = name
	}
	if err := out.SetRow("A1", cells); err != nil {
		return err
	}
	row := 1
	for r, err := range records {
		if err != nil {
			return err
		}
		if row++; row > sheetRows {
			return fmt.Errorf("%w: a worksheet holds %d records and there are more; .csv and .gpkg have no such limit", safety.ErrInvalid, sheetRows-1)
		}
		clear(cells)
		for i, v := range r.values {
			cells[i] = l.sheetValue(&r, header[i], v)
		}
		if err := sheetShape(cells[len(r.values):], r.shape); err != nil {
			return fmt.Errorf("%s: %w", l.key(&r), err)
		}
		if err := out.SetRow("A"+strconv.Itoa(row), cells); err != nil {
			return err
		}
	}
	return out.Flush()
}

// sheetValue is a value as excelize takes it. A text is cut to what a cell holds.
func (l *Layer) sheetValue(r *record, column string, v any) any {
	switch v := v.(type) {
	case safety.Time:
		return v.Format(l.Location)
	case float64:
		if column == "area_km2" { // nobody reads it back, and people add it up
			return v
		}
		return sheetNumber(v)
	}
	s, ok := v.(string)
	if !ok {
		return v
	}
	if strings.ContainsFunc(s, notXML) {
		l.warn(lostSigns, fmt.Sprintf("%s: %s: a control character is replaced by U+FFFD", l.key(r), column))
	}
	if len(s) > sheetCell && len(utf16.Encode([]rune(s))) > sheetCell {
		l.warn(cutText, fmt.Sprintf("%s: %s: longer than the %d characters of a cell", l.key(r), column, sheetCell))
	}
	return s
}

// sheetNumber is v as a number where 15 digits say it, which is what a worksheet keeps, else as text.
func sheetNumber(v float64) any {
	if short, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 15, 64), 64); err == nil && short == v {
		return v
	}
	return cell(v)
}

// notXML tells the characters that XML 1.0 cannot hold.
func notXML(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == '\ufffe' || r == '\uffff'
}

// sheetShape fills the cells of the geometry, a long one in pieces.
func sheetShape(cells []any, g orb.Geometry) error {
	if p, ok := g.(orb.Point); ok {
		cells[0], cells[1] = sheetNumber(p[0]), sheetNumber(p[1])
		return nil
	}
	wkt := appendWKT(nil, g)
	for i := 0; len(wkt) > 0; i++ {
		if i == len(cells) {
			return fmt.Errorf("%w: its geometry has grown while it was written; try again", safety.ErrConflict)
		}
		n := pieceOf(wkt)
		cells[i], wkt = string(wkt[:n]), wkt[n:]
	}
	return nil
}

// pieceOf is how much of a WKT goes into one cell. It ends behind a comma: a blank at its end might not be kept.
func pieceOf(wkt []byte) int {
	if len(wkt) <= sheetCell {
		return len(wkt)
	}
	return bytes.LastIndexByte(wkt[:sheetCell], ',') + 1
}

// inFile makes a file and lends a buffered writer to it.
func inFile(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 256<<10)
	if err = write(w); err == nil {
		err = w.Flush()
	}
	return errors.Join(err, f.Close())
}
