package safety

import (
	"fmt"
	"strings"
	"time"
)

// Time is an instant in whole milliseconds since 0001-01-01T00:00:00Z, the zero
// time of package time. The zero value means "not set". Times compare with < and >.
type Time int64

// unixOffset is the number of milliseconds from year 1 to the Unix epoch.
const unixOffset = 62135596800_000

// TimeOf returns t cut to the millisecond.
func TimeOf(t time.Time) Time {
	if t.IsZero() {
		return 0
	}
	return Time(t.UnixMilli() + unixOffset)
}

// IsSet reports whether t is an instant at all.
func (t Time) IsSet() bool { return t != 0 }

// In returns t as a time.Time in loc; an unset t gives the zero time.
func (t Time) In(loc *time.Location) time.Time {
	if t == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(t) - unixOffset).In(loc)
}

// stored is RFC 3339 in UTC with milliseconds: the form of a GeoPackage DATETIME,
// whose order as text is the order in time.
const stored = "2006-01-02T15:04:05.000Z"

// String returns t as RFC 3339 in UTC with milliseconds, "" when unset.
func (t Time) String() string {
	if t == 0 {
		return ""
	}
	return t.In(time.UTC).Format(stored)
}

// Format returns t as RFC 3339 in loc, with milliseconds only where there are
// any, and "" when unset: the form of every JSON and CSV answer. It is in UTC where RFC 3339 cannot
// say it in loc: the offset is not whole minutes (Shanghai before 1901), or the year not 1 to 9999.
func (t Time) Format(loc *time.Location) string {
	if t == 0 {
		return ""
	}
	at := t.In(loc)
	if _, offset := at.Zone(); offset%60 != 0 || at.Year() < 1 || at.Year() > 9999 {
		at = at.UTC()
	}
	return at.Format("2006-01-02T15:04:05.999Z07:00")
}

// Edge says which end of a day a bare date stands for.
type Edge bool

// A date begins at midnight; where it closes a span it ends at 23:59:59.999.
const (
	Opens  Edge = false
	Closes Edge = true
)

var zoneless = []string{
	"2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04", "2006-01-02 15:04",
}

var zoned = []string{
	time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02T15:04Z07:00", "2006-01-02 15:04Z07:00",
}

// ParseTime reads RFC 3339, YYYY-MM-DD or YYYY-MM-DD[ T]HH:MM[:SS[.fff]].
// What has no zone is read in loc; a bare date stands for the edge of its day.
// Blank text is the unset Time. Years outside 1 to 9999 are refused.
func ParseTime(s string, loc *time.Location, edge Edge) (Time, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return 0, nil
	}
	if t, ok := plainTime(s, loc, edge); ok {
		return t, nil
	}
	if len(s) == len("2006-01-02") {
		d, err := time.ParseInLocation("2006-01-02", s, loc)
		if err == nil {
			if edge == Closes {
				return TimeOf(d.AddDate(0, 0, 1)) - 1, nil
			}
			return TimeOf(d), nil
		}
	}
	for _, layout := range zoned {
		if t, err := time.Parse(layout, s); err == nil {
			return TimeOf(t), nil
		}
	}
	for _, layout := range zoneless {
		if t, err := time.ParseInLocation(layout, s, loc); err == nil {
			return TimeOf(t), nil
		}
	}
	return 0, fmt.Errorf("%w: %q is not a date or time (want RFC 3339, YYYY-MM-DD or YYYY-MM-DD HH:MM[:SS])", ErrInvalid, s)
}

// plainTime reads the forms without a zone and a fraction, as ParseTime does but without looking for the right one; not ok
// for all else, and for what is no date.
func plainTime(s string, loc *time.Location, edge Edge) (Time, bool) {
	const form = "0000-00-00T00:00:00"
	if n := len(s); n != 10 && n != 16 && n != 19 {
		return 0, false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case form[i] == '0' && c >= '0' && c <= '9', form[i] == c, i == 10 && c == ' ':
		default:
			return 0, false
		}
	}
	two := func(i int) int {
		if i >= len(s) {
			return 0
		}
		return int(s[i]-'0')*10 + int(s[i+1]-'0')
	}
	year, month, day := two(0)*100+two(2), two(5), two(8)
	hour, minute, second := two(11), two(14), two(17)
	if year < 1 || month < 1 || month > 12 || day < 1 || day > 28 && day > daysOf(year, month) || hour > 23 || minute > 59 || second > 59 {
		return 0, false
	}
	if len(s) == 10 && edge == Closes {
		return TimeOf(time.Date(year, time.Month(month), day+1, 0, 0, 0, 0, loc)) - 1, true
	}
	return TimeOf(time.Date(year, time.Month(month), day, hour, minute, second, 0, loc)), true
}

// daysOf is how many days a month has.
func daysOf(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}
