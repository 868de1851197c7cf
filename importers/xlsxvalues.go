package importers

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// unescapeOOXML resolves _xHHHH_, in which Excel writes characters that XML cannot hold (ECMA-376 part 1, 22.9.2.19).
func unescapeOOXML(b []byte) []byte {
	if i := bytes.IndexByte(b, '_'); i < 0 || !bytes.Contains(b[i:], []byte("_x")) {
		return b
	}
	var out []byte
	for i := 0; i < len(b); {
		if i+7 <= len(b) && b[i] == '_' && b[i+1] == 'x' && b[i+6] == '_' {
			if n, err := strconv.ParseUint(string(b[i+2:i+6]), 16, 16); err == nil {
				out = utf8.AppendRune(out, rune(n))
				i += 7
				continue
			}
		}
		out = append(out, b[i])
		i++
	}
	return out
}

// readStyles finds, of each cell style, whether it shows its number as a date.
func (b *xlsxBook) readStyles(x *xmlScanner) error {
	custom := map[int]bool{}
	inside := false
	for {
		switch name := string(x.name); {
		case name == "numFmt" && !x.closing && len(custom) < 1<<16:
			id, _ := strconv.Atoi(x.attr("numFmtId"))
			custom[id] = isDateFormat(x.attr("formatCode"))
		case name == "cellXfs":
			inside = !x.closing && !x.empty
		case name == "xf" && inside && !x.closing && len(b.dates) < 1<<16:
			id, _ := strconv.Atoi(x.attr("numFmtId"))
			date, ok := custom[id]
			b.dates = append(b.dates, ok && date || !ok && builtinDate(id))
		}
		if err := x.next(); err != nil {
			return err
		}
	}
}

// builtinDate reports the number formats without a code that are dates: those of ECMA-376 part 1, 18.8.30,
// with the ones that it lists for Chinese and Japanese.
func builtinDate(id int) bool {
	return id >= 14 && id <= 22 || id >= 27 && id <= 36 || id >= 50 && id <= 58
}

// isDateFormat reports a number format that shows a year, a month with a day, or an hour: letters outside quotes and brackets.
func isDateFormat(code string) bool {
	code, _, _ = strings.Cut(code, ";")
	quoted, bracket := false, false
	for i := 0; i < len(code); i++ {
		switch c := code[i] | 0x20; {
		case code[i] == '"':
			quoted = !quoted
		case quoted:
		case code[i] == '\\' || code[i] == '_' || code[i] == '*':
			i++
		case code[i] == '[':
			bracket = true
		case code[i] == ']':
			bracket = false
		case bracket:
		case c == 'y' || c == 'd' || c == 'h' || c == 'm' || c == 's':
			return true
		}
	}
	return false
}

// appendCell appends the number of a cell as text: a date in ISO form where its style is one; else as short as it can be
// told from its neighbours, without an exponent, so that long codes keep their digits and 27.792100000000001 is 27.7921.
func appendCell(dst, raw []byte, date, is1904 bool) []byte {
	if !date && len(raw) < 16 && bytes.IndexByte(raw, 'E') < 0 && bytes.IndexByte(raw, 'e') < 0 {
		return append(dst, raw...)
	}
	v, err := strconv.ParseFloat(string(raw), 64)
	switch {
	case err != nil || math.IsNaN(v) || math.IsInf(v, 0) || math.Abs(v) > 1e21:
		return append(dst, raw...)
	case date:
		return append(dst, serialDate(v, is1904)...)
	}
	return strconv.AppendFloat(dst, v, 'f', -1, 64)
}

// serialDate returns the date of a spreadsheet's day number: 1 is 1900-01-01, and 60 the 29th of February that 1900 did not
// have, so that from 61 on days count from 1899-12-30; or 0 is 1904-01-01. What is no date of the years 1900 to 9999 stays a number.
func serialDate(v float64, is1904 bool) string {
	day := math.Floor(v)
	seconds := math.Round((v - day) * 86400)
	base := time.Date(1899, time.December, 30, 0, 0, 0, 0, time.UTC)
	switch {
	case v < 1 && !is1904, v < 0, v >= 2958466:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case is1904:
		base = time.Date(1904, time.January, 1, 0, 0, 0, 0, time.UTC)
	case day < 60:
		base = base.AddDate(0, 0, 1)
	}
	t := base.AddDate(0, 0, int(day)).Add(time.Duration(seconds) * time.Second)
	if seconds == 0 {
		return t.Format(time.DateOnly)
	}
	return t.Format(time.DateTime)
}
