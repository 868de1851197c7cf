package gpkg

import (
	"fmt"
	"time"

	"hazgrid/internal/store/merge"
	"hazgrid/safety"
)

// timeText is t as the layers hold it; the unset time is the beginning of all.
func timeText(t safety.Time) string {
	if !t.IsSet() {
		return merge.Always
	}
	return t.String()
}

// readTime reads a time as this package writes it, quickly, and any other form that ParseTime knows.
func readTime(src any) (safety.Time, error) {
	s, ok := src.(string)
	if !ok {
		return 0, fmt.Errorf("time: want text, got %T", src)
	}
	if t, ok := canonicalTime(s); ok {
		return t, nil
	}
	return safety.ParseTime(s, time.UTC, safety.Opens)
}

// canonicalTime reads YYYY-MM-DDTHH:MM:SS.fffZ. The count of days is Howard Hinnant's
// days_from_civil, from year 1 on.
func canonicalTime(s string) (safety.Time, bool) {
	const form = "0000-00-00T00:00:00.000Z"
	if len(s) != len(form) {
		return 0, false
	}
	for i := range len(form) {
		if digit := s[i] >= '0' && s[i] <= '9'; form[i] == '0' && !digit || form[i] != '0' && s[i] != form[i] {
			return 0, false
		}
	}
	number := func(from, to int) (n int64) {
		for _, d := range []byte(s[from:to]) {
			n = 10*n + int64(d-'0')
		}
		return n
	}
	y, m, d := number(0, 4), number(5, 7), number(8, 10)
	if y < 1 || m < 1 || m > 12 || d < 1 || d > 31 {
		return 0, false
	}
	if m <= 2 {
		y, m = y-1, m+12
	}
	days := 365*y + y/4 - y/100 + y/400 + (153*(m-3)+2)/5 + d - 307
	seconds := days*86400 + number(11, 13)*3600 + number(14, 16)*60 + number(17, 19)
	return safety.Time(seconds*1000 + number(20, 23)), true
}

// appendTime appends t, which is set, as timeText has it, without the detours of package time. The date is Howard Hinnant's civil_from_days.
func appendTime(b []byte, t safety.Time) []byte {
	const day = 86400_000
	days, ms := int64(t)/day, int64(t)%day
	if t < 0 || days > 3652058 { // not from year 1 to 9999
		return append(b, t.String()...)
	}
	z := days + 306 // from 1 March of year 0
	era, of := z/146097, z%146097
	year := (of - of/1460 + of/36524 - of/146096) / 365
	n := of - (365*year + year/4 - year/100)
	m := (5*n + 2) / 153
	d := n - (153*m+2)/5 + 1
	year += 400 * era
	if m += 3; m > 12 {
		year, m = year+1, m-12
	}
	b = append(digits(digits(b, year/100), year%100), '-')
	b = append(digits(b, m), '-')
	b = append(digits(b, d), 'T')
	b = append(digits(b, ms/3600_000), ':')
	b = append(digits(b, ms/60_000%60), ':')
	b = append(digits(b, ms/1000%60), '.', byte('0'+ms%1000/100))
	return append(digits(b, ms%100), 'Z')
}

// digits appends the two digits of n.
func digits(b []byte, n int64) []byte { return append(b, byte('0'+n/10), byte('0'+n%10)) }
