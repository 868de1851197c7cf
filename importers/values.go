package importers

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/width"

	"hazgrid/safety"
)

// A valueReader turns the texts of one field into its values.
type valueReader struct {
	field  safety.Field
	loc    *time.Location
	words  map[string]string // what else stands for a value of the contract
	key    bool              // a code or id: compared byte by byte, so written in one width
	least  float64           // smallest number allowed
	most   float64           // largest
	is1904 bool              // day numbers of dates count from 1904
}

// Names of fields that hold a code or an id of this record or of another.
var keyFields = []string{"code", "id", "parent", "enterprise", "grid", "previous", "credit_code", "scheme"}

func newValueReader(k safety.Kind, f safety.Field, loc *time.Location) valueReader {
	v := valueReader{field: f, loc: loc, key: slices.Contains(keyFields, f.Name), least: math.Inf(-1), most: math.Inf(1)}
	switch f.Name {
	case "level":
		v.least, v.most = 1, safety.DeepestLevel
	case "round":
		v.least = 1
	case "officers", "floor_area_m2", "protection_m":
		v.least = 0
	}
	if f.Type == safety.Text {
		v.words = map[string]string{}
		for _, c := range f.Closed {
			v.words[c] = c
		}
		for _, line := range valueWords(k, f.Name) {
			value, others, _ := strings.Cut(line, ":")
			for _, w := range strings.Fields(others) {
				v.words[w] = value
			}
		}
	}
	return v
}

// read returns the value of a text, nil when it is blank. The error says what is wrong without the text's place.
func (v *valueReader) read(text string) (any, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, nil
	}
	switch v.field.Type {
	case safety.Integer:
		return v.integer(text)
	case safety.Real:
		x, err := parseReal(text)
		if err != nil {
			return nil, err
		}
		return x, v.bounds(x)
	case safety.Boolean:
		return parseBool(text)
	case safety.Instant, safety.Deadline:
		t, err := parseTime(v.dayNumber(fold(text)), v.loc, v.field.Type == safety.Deadline)
		if err != nil || t == 0 {
			return nil, err // year 1 is the unset time
		}
		return t, nil
	}
	return v.text(text)
}

// dayNumber turns the day number of a spreadsheet, with or without a time of day, into a date; other texts stay. Only numbers of five
// digits are: 10000 is 1927-05-18, 99999 is 2173-10-13.
func (v *valueReader) dayNumber(text string) string {
	n := digits([]byte(text))
	if n != 5 || n < len(text) && text[n] != '.' {
		return text
	}
	days, err := parseReal(text)
	if err != nil {
		return text
	}
	return serialDate(days, v.is1904)
}

// mostText is how many bytes of text a field holds: more is a quote that is never closed, or no text.
const mostText = 1 << 20

func (v *valueReader) text(text string) (any, error) {
	switch {
	case len(text) > mostText:
		return nil, fmt.Errorf("a text of %d MB, want at most %d", (len(text)+1<<20-1)>>20, mostText>>20)
	case strings.ContainsRune(text, 0):
		return nil, errors.New("text with a NUL character")
	}
	if v.key {
		text = fold(text)
	}
	if v.field.Name == "credit_code" {
		text = strings.ToUpper(strings.Join(strings.Fields(text), ""))
	}
	if len(v.words) > 0 {
		if w, ok := v.words[strings.ToLower(fold(text))]; ok {
			return w, nil
		}
	}
	if v.field.Closed != nil {
		return nil, fmt.Errorf("want one of %s, got %q", strings.Join(v.field.Closed, ", "), clip(text))
	}
	return text, nil
}

// integer reads a whole number, also one written 3.0.
func (v *valueReader) integer(text string) (any, error) {
	x, err := parseReal(text)
	switch {
	case err != nil:
		return nil, err
	case x != math.Trunc(x) || math.Abs(x) >= 1<<53:
		return nil, fmt.Errorf("want a whole number, got %q", clip(text))
	}
	return int64(x), v.bounds(x)
}

func (v *valueReader) bounds(x float64) error {
	switch {
	case x >= v.least && x <= v.most:
		return nil
	case math.IsInf(v.most, 1):
		return fmt.Errorf("want %v or more, got %v", v.least, x)
	}
	return fmt.Errorf("want %v to %v, got %v", v.least, v.most, x)
}

// fold writes full-width letters, digits and signs in half width.
func fold(s string) string {
	for i := range len(s) {
		if s[i] >= 0x80 {
			if foldable(s) {
				s = width.Fold.String(s)
			}
			return strings.TrimSpace(s)
		}
	}
	return s
}

// foldable reports that a text may hold what width.Fold changes: U+3000, U+20A9 and the block from U+FF00 on, whose
// first byte is 0xEF. Most Chinese text has none.
func foldable(s string) bool {
	return strings.IndexByte(s, 0xef) >= 0 || strings.Contains(s, "\u3000") || strings.Contains(s, "\u20a9")
}

// parseReal reads a finite decimal number in either width.
func parseReal(text string) (float64, error) {
	s := fold(text)
	x, err := strconv.ParseFloat(s, 64)
	switch {
	case math.IsNaN(x) || math.IsInf(x, 0):
		return 0, fmt.Errorf("want a finite number, got %q", clip(text))
	case err != nil || strings.ContainsAny(s, "xXpP_"): // hexadecimal and 1_000 are Go's, not a file's
		return 0, fmt.Errorf("want a number, got %q", clip(text))
	}
	return x, nil
}

func parseBool(text string) (any, error) {
	switch strings.ToLower(fold(text)) {
	case "true", "t", "yes", "y", "1", "是", "√":
		return true, nil
	case "false", "f", "no", "n", "0", "否", "×":
		return false, nil
	}
	return nil, fmt.Errorf("want true or false, got %q", clip(text))
}
