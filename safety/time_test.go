package safety_test

import (
	"errors"
	"testing"
	"time"

	"hazgrid/safety"
)

func TestParseTime(t *testing.T) {
	shanghai := zone(t, "Asia/Shanghai")
	for _, c := range []struct {
		in   string
		edge safety.Edge
		want string // UTC
	}{
		{"2014-12-31", safety.Opens, "2014-12-30T16:00:00.000Z"},
		{"2014-12-31", safety.Closes, "2014-12-31T15:59:59.999Z"},
		{"2014-12-31 08:30", safety.Closes, "2014-12-31T00:30:00.000Z"},
		{"2014-12-31T08:30:15", safety.Opens, "2014-12-31T00:30:15.000Z"},
		{"2014-12-31 08:30:15.1239", safety.Opens, "2014-12-31T00:30:15.123Z"},
		{"2014-12-31T08:30:15Z", safety.Opens, "2014-12-31T08:30:15.000Z"},
		{"2014-12-31T08:30:15.5-05:00", safety.Opens, "2014-12-31T13:30:15.500Z"},
		{" 2014-12-31 ", safety.Opens, "2014-12-30T16:00:00.000Z"},
		{"", safety.Closes, ""},
	} {
		got, err := safety.ParseTime(c.in, shanghai, c.edge)
		if err != nil || got.String() != c.want {
			t.Errorf("ParseTime(%q, %v) = %v, %v, want %v", c.in, c.edge, got, err, c.want)
		}
	}
	for _, in := range []string{"yesterday", "2014-13-01", "2014-02-30", "31.12.2014", "2014-12-31T25:00"} {
		if got, err := safety.ParseTime(in, shanghai, safety.Opens); !errors.Is(err, safety.ErrInvalid) {
			t.Errorf("ParseTime(%q) = %v, %v, want ErrInvalid", in, got, err)
		}
	}
}

// A day that a clock change makes 23 hours long still ends one millisecond before the next.
func TestParseTimeClosesShortDay(t *testing.T) {
	got, err := safety.ParseTime("2024-03-31", zone(t, "Europe/Berlin"), safety.Closes)
	if want := "2024-03-31T21:59:59.999Z"; err != nil || got.String() != want {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

func TestTimeRoundTrip(t *testing.T) {
	for _, text := range []string{"0001-01-01T00:00:00.001Z", "1969-12-31T23:59:59.999Z", "1970-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z"} {
		tm, err := safety.ParseTime(text, time.UTC, safety.Opens)
		if err != nil || !tm.IsSet() || tm.String() != text || safety.TimeOf(tm.In(time.UTC)) != tm {
			t.Errorf("%s became %v, %v", text, tm, err)
		}
	}
}

// What Format writes in any zone, ParseTime reads as the same instant.
func TestTimeFormat(t *testing.T) {
	for _, c := range []struct{ utc, zone, want string }{
		{"2014-12-30T16:00:00.000Z", "Asia/Shanghai", "2014-12-31T00:00:00+08:00"},
		{"2014-12-30T16:00:00.120Z", "Asia/Shanghai", "2014-12-31T00:00:00.12+08:00"},
		{"1899-12-31T15:54:17.000Z", "Asia/Shanghai", "1899-12-31T15:54:17Z"}, // +08:05:43
		{"9999-12-31T23:59:59.999Z", "Asia/Shanghai", "9999-12-31T23:59:59.999Z"},
		{"0001-01-01T00:00:00.001Z", "America/New_York", "0001-01-01T00:00:00.001Z"},
	} {
		tm, err := safety.ParseTime(c.utc, time.UTC, safety.Opens)
		if err != nil {
			t.Fatal(err)
		}
		got := tm.Format(zone(t, c.zone))
		if back, err := safety.ParseTime(got, time.UTC, safety.Opens); got != c.want || back != tm || err != nil {
			t.Errorf("%s in %s: got %s (read as %v, %v), want %s", c.utc, c.zone, got, back, err, c.want)
		}
	}
}

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}
