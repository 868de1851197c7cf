package export

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/xuri/excelize/v2"

	"hazgrid/safety"
)

// MismatchColumns lists the columns of a mismatch, in every format: what it is, what grid it
// declares, at which level it is compared, the grid that was computed, metres from the point to the declared grid.
func MismatchColumns() []string {
	return []string{"kind", "id", "declared", "level", "computed", "computed_name", "distance_m", "reason"}
}

// mismatch returns the values of row i in the order of MismatchColumns.
func mismatch(m *safety.Mismatches, i int) []any {
	r := &m.Rows[i]
	var level, computed, name any
	if r.Level > 0 {
		level = int64(r.Level)
	}
	if r.Computed != nil {
		computed, name = r.Computed.Code, text(r.Computed.Name)
	}
	return []any{string(r.Kind), r.ID, r.Declared, level, computed, name, number(m.DistanceM(i)), string(r.Reason)}
}

// MismatchRows returns the rows from offset on, at most limit, as JSON objects.
func MismatchRows(m *safety.Mismatches, offset, limit int) []*Object {
	offset = min(offset, len(m.Rows))
	rows := make([]*Object, min(limit, len(m.Rows)-offset))
	for i := range rows {
		rows[i] = new(Object)
		for k, v := range mismatch(m, offset+i) {
			rows[i].Set(MismatchColumns()[k], v)
		}
	}
	return rows
}

// MismatchHead begins the JSON of a list of mismatches, of which it has so many rows from offset on.
func MismatchHead(m *safety.Mismatches, loc *time.Location) *Object {
	var level any
	if m.Level > 0 {
		level = m.Level
	}
	return new(Object).Set("version", m.Of).Set("at", Instant(m.Query.At, loc)).Set("level", level).Set("matched", len(m.Rows))
}

// Mismatches writes all of m to w in a format of TallyFormats, times in loc. Another format is a *safety.FieldError.
func Mismatches(w io.Writer, m *safety.Mismatches, format string, loc *time.Location) error {
	switch format {
	case "json":
		return json.NewEncoder(w).Encode(MismatchHead(m, loc).Set("mismatches", MismatchRows(m, 0, len(m.Rows))))
	case "csv":
		return mismatchCSV(w, m)
	case "xlsx":
		return mismatchXLSX(w, m)
	}
	return &safety.FieldError{Field: "format", Reason: fmt.Sprintf("want json, csv or xlsx, got %q", format)}
}

func mismatchCSV(w io.Writer, m *safety.Mismatches) error {
	out := csv.NewWriter(w)
	if err := out.Write(MismatchColumns()); err != nil {
		return err
	}
	cells := make([]string, len(MismatchColumns()))
	for i := range m.Rows {
		for k, v := range mismatch(m, i) {
			cells[k] = cell(v)
		}
		if err := out.Write(cells); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func mismatchXLSX(w io.Writer, m *safety.Mismatches) (err error) {
	if len(m.Rows) >= excelize.TotalRows {
		return fmt.Errorf("%d rows are more than a sheet has (%d): write csv: %w", len(m.Rows), excelize.TotalRows, safety.ErrInvalid)
	}
	f := excelize.NewFile()
	defer func() {
		if e := f.Close(); err == nil {
			err = e
		}
	}()
	out, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		return err
	}
	var header []any
	for _, name := range MismatchColumns() {
		header = append(header, name)
	}
	if err := out.SetRow("A1", header); err != nil {
		return err
	}
	for i := range m.Rows {
		if err := out.SetRow(fmt.Sprintf("A%d", i+2), mismatch(m, i)); err != nil {
			return err
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return f.Write(w)
}
