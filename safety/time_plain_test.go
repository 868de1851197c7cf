package safety

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestPlainTime holds the short way to package time's, in zones with and without summer time.
func TestPlainTime(t *testing.T) {
	var zones []*time.Location
	for _, name := range []string{"UTC", "Asia/Shanghai", "Europe/Berlin", "America/Sao_Paulo"} {
		loc, err := time.LoadLocation(name)
		if err != nil {
			t.Skip(err)
		}
		zones = append(zones, loc)
	}
	layouts := map[int]string{10: "2006-01-02", 16: "2006-01-02 15:04", 19: "2006-01-02T15:04:05"}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.SampledFrom([]int{10, 16, 19}).Draw(t, "length")
		s := fmt.Sprintf("%04d-%02d-%02d", rapid.IntRange(0, 9999).Draw(t, "year"), rapid.IntRange(0, 13).Draw(t, "month"), rapid.IntRange(0, 32).Draw(t, "day"))
		switch n {
		case 16:
			s += fmt.Sprintf(" %02d:%02d", rapid.IntRange(0, 24).Draw(t, "hour"), rapid.IntRange(0, 60).Draw(t, "minute"))
		case 19:
			s += fmt.Sprintf("T%02d:%02d:%02d", rapid.IntRange(0, 24).Draw(t, "hour"), rapid.IntRange(0, 60).Draw(t, "minute"), rapid.IntRange(0, 60).Draw(t, "second"))
		}
		loc := rapid.SampledFrom(zones).Draw(t, "zone")
		edge := Edge(rapid.Bool().Draw(t, "edge"))
		got, ok := plainTime(s, loc, edge)
		d, err := time.ParseInLocation(layouts[n], s, loc)
		if ok != (err == nil && d.Year() > 0) {
			t.Fatalf("%s: %v, but %v", s, ok, err)
		}
		want := TimeOf(d)
		if n == 10 && edge == Closes {
			want = TimeOf(d.AddDate(0, 0, 1)) - 1
		}
		if ok && got != want {
			t.Fatalf("%s in %s: %d, want %d", s, loc, got, want)
		}
	})
}
