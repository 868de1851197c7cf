package export

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/xuri/excelize/v2"

	"hazgrid/safety"
)

// TallyFormats lists the formats Tally writes, by the name a user gives.
func TallyFormats() []string { return []string{"json", "csv", "xlsx"} }

// MediaType returns the Content-Type of a format of TallyFormats.
func MediaType(format string) string {
	switch format {
	case "csv":
		return "text/csv; charset=utf-8"
	case "xlsx":
		return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	}
	return "application/json"
}

// Tally writes t to w in a format of TallyFormats, times in loc. Numbers are not rounded, but XLSX
// has the 15 digits that Excel calculates with. Another format is a *safety.FieldError.
func Tally(w io.Writer, t *safety.Table, format string, loc *time.Location) error {
	switch format {
	case "json":
		return tallyJSON(w, t, loc)
	case "csv":
		return tallyCSV(w, t)
	case "xlsx":
		return tallyXLSX(w, t)
	}
	return &safety.FieldError{Field: "format", Reason: fmt.Sprintf("want json, csv or xlsx, got %q", format)}
}

// TallyRow returns one row as a JSON object with the columns of TallyColumns.
func TallyRow(r *safety.Row) *Object {
	var o Object
	for _, c := range TallyColumns() {
		o.Set(c.Name, c.value(r))
	}
	return &o
}

// Instant returns t as RFC 3339 in loc, nil when it is unset: the form of a time in JSON.
func Instant(t safety.Time, loc *time.Location) any { return text(t.Format(loc)) }

func tallyJSON(w io.Writer, t *safety.Table, loc *time.Location) error {
	rows := make([]*Object, len(t.Rows))
	for i := range t.Rows {
		rows[i] = TallyRow(&t.Rows[i])
	}
	var o Object
	o.Set("level", t.Level)
	o.Set("at", Instant(t.Query.At, loc))
	o.Set("from", Instant(t.Query.From, loc))
	o.Set("to", Instant(t.Query.To, loc))
	o.Set("filters", filters(t.Query))
	o.Set("definition", "rate_found") // the rate is of hazards found, not of units
	o.Set("version", t.Version)
	o.Set("rows", rows)
	o.Set("total", TallyRow(&safety.Row{Name: "total", Tally: t.Total}))
	return json.NewEncoder(w).Encode(&o)
}

func filters(q safety.Query) *Object {
	var o Object
	for _, p := range q.Filters() {
		if p.Name == "floor_area_max" {
			o.Set(p.Name, q.FloorAreaMax)
			continue
		}
		o.Set(p.Name, p.Value)
	}
	return &o
}

func tallyCSV(w io.Writer, t *safety.Table) error {
	columns := TallyColumns()
	cells := make([]string, len(columns))
	for i, c := range columns {
		cells[i] = c.Name
	}
	out := csv.NewWriter(w)
	if err := out.Write(cells); err != nil {
		return err
	}
	for i := range t.Rows {
		for k, c := range columns {
			cells[k] = cell(c.value(&t.Rows[i]))
		}
		if err := out.Write(cells); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// cell returns a value as CSV has it: not rounded, empty when there is none.
func cell(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return ""
}

// sheet is the name of the one worksheet.
const sheet = "tally"

func tallyXLSX(w io.Writer, t *safety.Table) (err error) {
	f := excelize.NewFile()
	defer func() {
		if e := f.Close(); err == nil {
			err = e
		}
	}()
	if err := f.SetSheetName("Sheet1", sheet); err != nil {
		return err
	}
	if err := writeSheet(f, t); err != nil {
		return err
	}
	return f.Write(w)
}

func writeSheet(f *excelize.File, t *safety.Table) error {
	for k, c := range TallyColumns() {
		if err := setCell(f, k+1, 1, c.Name); err != nil {
			return err
		}
		for i := range t.Rows {
			if err := setCell(f, k+1, i+2, c.value(&t.Rows[i])); err != nil {
				return err
			}
		}
	}
	return nil
}

// setCell writes a value. Doubles go in with all their digits; excelize's own way keeps 15.
func setCell(f *excelize.File, column, row int, v any) error {
	name, err := excelize.CoordinatesToCellName(column, row)
	if err != nil {
		return err
	}
	if number, ok := v.(float64); ok {
		return f.SetCellDefault(sheet, name, strconv.FormatFloat(number, 'g', -1, 64))
	}
	return f.SetCellValue(sheet, name, v)
}
