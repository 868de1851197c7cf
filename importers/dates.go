package importers

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"hazgrid/safety"
)

// parseTime reads what safety.ParseTime reads, and the other ways in which ledgers write a date:
// 2014/11/3, 2014.11.3, 2014年11月3日 and 20141103, the first three also with a time after them. text is folded and trimmed.
func parseTime(text string, loc *time.Location, edge safety.Edge) (safety.Time, error) {
	asIs := text
	if len(text) < 5 || text[4] != '-' || len(text) < len(time.DateOnly) {
		if iso := isoDate(text); iso != "" {
			text = iso
		}
	}
	t, err := safety.ParseTime(text, loc, edge)
	switch {
	case err != nil && text != asIs: // speak of what the file says
		_, err = safety.ParseTime(asIs, loc, edge)
	case err == nil && t < 0:
		err = fmt.Errorf("%w: %q is before year 1", safety.ErrInvalid, clip(text))
	}
	return t, err
}

// isoDate turns the other forms into YYYY-MM-DD[ HH:MM[:SS]], "" when it is none of them.
func isoDate(s string) string {
	if digits([]byte(s)) == len(s) {
		if len(s) == 8 {
			return s[:4] + "-" + s[4:6] + "-" + s[6:]
		}
		return ""
	}
	year, s, ok := leading(s, "-/.年")
	if !ok || len(year) != 4 {
		return ""
	}
	month, s, ok := leading(s, "-/.月")
	if !ok {
		return ""
	}
	n := digits([]byte(s))
	day, rest := s[:n], strings.TrimLeft(strings.TrimPrefix(s[n:], "日"), " T")
	if day == "" || len(day) > 2 || len(month) > 2 || n < len(s) && rest == s[n:] && rest != "" {
		return ""
	}
	out := year + "-" + pad(month) + "-" + pad(day)
	if rest == "" {
		return out
	}
	if hour, _, ok := strings.Cut(rest, ":"); ok {
		rest = pad(hour) + rest[len(hour):]
	}
	return out + " " + rest
}

// leading cuts digits and one of the separators after them.
func leading(s, separators string) (num, rest string, ok bool) {
	n := digits([]byte(s))
	if n == 0 {
		return "", s, false
	}
	for _, sep := range separators {
		if rest, ok := strings.CutPrefix(s[n:], string(sep)); ok {
			return s[:n], rest, true
		}
	}
	return "", s, false
}

func pad(s string) string {
	if len(s) == 1 {
		return "0" + s
	}
	return s
}

// relativeDays reads a deadline given as "15天" or "15日内": days after the finding; what is to be removed at once is due the same day.
func relativeDays(text string) (int, bool) {
	switch text {
	case "立即整改", "立即", "当场整改", "当日整改", "即时整改":
		return 0, true
	}
	n := digits([]byte(text))
	if unit := strings.TrimSuffix(text[n:], "内"); n == 0 || n > 4 || unit != "天" && unit != "日" {
		return 0, false
	}
	days, err := strconv.Atoi(text[:n])
	return days, err == nil
}
