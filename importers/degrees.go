package importers

import (
	"fmt"
	"math"
	"strings"

	"github.com/paulmach/orb"
)

// An angle is a coordinate as a cell gives it: degrees, or metres where the frame is projected.
type angle struct {
	value float64
	axis  byte // 'E' when the text says that it is a longitude, 'N' a latitude, 0 when it does not say
	ok    bool // there is one
}

// noPlace are the texts that stand for no coordinate.
const noPlace = " 空 无 暂无 未知 null none n/a - -- / \\ — —— "

// parseAngle reads a coordinate: a decimal number, perhaps with commas between thousands, or degrees, minutes and seconds as 120°39′12″,
// 120°39'12", 120度39分12秒, in either width; with E, W, N, S, 东经, 北纬, 经度, 纬度 before or after. Blank text and 无 are no coordinate.
func parseAngle(text string) (a angle, err error) {
	if x, n := scanFloat([]byte(text)); n > 0 && n == len(text) && !math.IsInf(x, 0) {
		return angle{value: x, ok: true}, nil // as most are
	}
	s := strings.TrimSpace(fold(text))
	if s == "" || strings.Contains(noPlace, " "+strings.ToLower(s)+" ") {
		return angle{}, nil
	}
	if x, err := parseReal(ungrouped(s)); err == nil {
		return angle{value: x, ok: true}, nil
	}
	sign, axis, rest := hemisphere(s)
	if strings.ContainsAny(rest, "°º˚度") {
		x, ok := sexagesimal(rest)
		if !ok {
			return angle{}, fmt.Errorf("want degrees, got %q", clip(text))
		}
		return angle{sign * x, axis, true}, nil
	}
	x, err := parseReal(rest)
	if err != nil {
		_, err = parseReal(text)
	}
	return angle{sign * x, axis, err == nil}, err
}

// ungrouped takes the commas out of 564,578.68: after one to three digits, before each three.
func ungrouped(s string) string {
	whole, fraction, _ := strings.Cut(s, ".")
	parts := strings.Split(strings.TrimPrefix(whole, "-"), ",")
	if len(parts) < 2 || strings.Contains(fraction, ",") {
		return s
	}
	for i, p := range parts {
		if digits([]byte(p)) != len(p) || p == "" || i > 0 && len(p) != 3 || len(p) > 3 {
			return s
		}
	}
	return strings.ReplaceAll(s, ",", "")
}

// sexagesimal reads degrees, minutes and seconds; only the last of them may have a fraction, and lack its mark.
func sexagesimal(s string) (float64, bool) {
	s = strings.NewReplacer("度", "°", "º", "°", "˚", "°", "分", "′", "秒", "″", "''", "″", "'", "′", "’", "′", "‘", "′", "`", "′", "´", "′",
		"\"", "″", "”", "″", "“", "″", "′′", "″", " ", "").Replace(s)
	sign := 1.0
	if rest, ok := strings.CutPrefix(s, "-"); ok {
		sign, s = -1, rest
	}
	total, scale := 0.0, 1.0
	for _, mark := range []string{"°", "′", "″"} {
		part, rest, _ := strings.Cut(s, mark)
		v, err := parseReal(part)
		if err != nil || v < 0 || scale > 1 && v >= 60 || rest != "" && v != math.Trunc(v) {
			return 0, false
		}
		if total, scale, s = total+v/scale, scale*60, rest; s == "" {
			return sign * total, true
		}
	}
	return 0, false
}

// hemispheres are the words that say which half of the globe, or which axis, is meant.
var hemispheres = [...]struct {
	word string
	sign float64
	axis byte
}{
	{"东经", 1, 'E'},
	{"西经", -1, 'E'},
	{"北纬", 1, 'N'},
	{"南纬", -1, 'N'},
	{"经度", 1, 'E'},
	{"纬度", 1, 'N'},
	{"E", 1, 'E'},
	{"W", -1, 'E'},
	{"N", 1, 'N'},
	{"S", -1, 'N'},
	{"e", 1, 'E'},
	{"w", -1, 'E'},
	{"n", 1, 'N'},
	{"s", -1, 'N'},
}

// hemisphere cuts such a word off the front or the end of a number.
func hemisphere(s string) (sign float64, axis byte, rest string) {
	for _, h := range hemispheres {
		rest, ok := strings.CutPrefix(s, h.word)
		if !ok {
			rest, ok = strings.CutSuffix(s, h.word)
		}
		if rest = strings.Trim(rest, " :"); ok && digits([]byte(rest)) > 0 {
			return h.sign, h.axis, rest
		}
	}
	return 1, 0, s
}

// position reads where a row is, as longitude and latitude; found are the columns of lon, lat and lonlat. None of them is no position.
func position(r row, found []int) (orb.Point, bool, *fault) {
	lon, lat := cell(r, found[0]), cell(r, found[1])
	if found[0] < 0 && found[1] < 0 && found[2] >= 0 {
		return pair(cell(r, found[2]), lonLatTarget)
	}
	x, err := parseAngle(lon)
	if err != nil {
		if p, ok, f := pair(lon, lonTarget); f == nil && strings.TrimSpace(lat) == "" {
			return p, ok, nil
		}
		return orb.Point{}, false, &fault{lonTarget, err.Error()}
	}
	y, err := parseAngle(lat)
	switch {
	case err != nil:
		return orb.Point{}, false, &fault{latTarget, err.Error()}
	case x.ok && !y.ok:
		return orb.Point{}, false, &fault{latTarget, "missing, while lon is given"}
	case y.ok && !x.ok:
		return orb.Point{}, false, &fault{lonTarget, "missing, while lat is given"}
	}
	return together(x, y)
}

// together makes a point of two coordinates, of which the first is the longitude unless they say otherwise.
func together(x, y angle) (orb.Point, bool, *fault) {
	switch {
	case x.axis != 0 && x.axis == y.axis:
		return orb.Point{}, false, &fault{lonLatTarget, "both coordinates are said to be of one axis"}
	case x.axis == 'N' || y.axis == 'E':
		return orb.Point{y.value, x.value}, x.ok, nil
	}
	return orb.Point{x.value, y.value}, x.ok, nil
}

// pair reads two coordinates in one cell: "120.65,27.93", "120°39′12″ 27°55′48″", "[120.65, 27.93]", "东经120度北纬27度".
func pair(text, field string) (orb.Point, bool, *fault) {
	s := strings.Trim(fold(text), " ()[]{}【】")
	if a, err := parseAngle(s); err == nil && !a.ok {
		return orb.Point{}, false, nil
	}
	first, second, ok := halves(s)
	x, err1 := parseAngle(first)
	y, err2 := parseAngle(second)
	if !ok || err1 != nil || err2 != nil || !x.ok || !y.ok {
		return orb.Point{}, false, &fault{field, fmt.Sprintf("want longitude and latitude, got %q", clip(text))}
	}
	return together(x, y)
}

// halves cuts a text in two, at a sign between coordinates or where a word says that another begins.
func halves(s string) (first, second string, ok bool) {
	for _, sep := range []string{",", ";", "、", "|", "/"} {
		if strings.Count(s, sep) == 1 {
			first, second, _ = strings.Cut(s, sep)
			return first, second, true
		}
	}
	if f := strings.Fields(s); len(f) == 2 {
		return f[0], f[1], true
	}
	for _, h := range hemispheres {
		if i := strings.LastIndex(s, h.word); i > 0 && i+len(h.word) < len(s) {
			if _, axis, _ := hemisphere(strings.TrimSpace(s[:i])); axis != 0 || len(h.word) > 1 {
				return s[:i], s[i:], true
			}
			return s[:i+len(h.word)], s[i+len(h.word):], true
		}
	}
	return s, "", false
}
