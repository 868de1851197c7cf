package importers

import (
	"encoding/json"
	"math"
	"os"
	"strconv"
	"testing"

	"golang.org/x/text/width"
	"pgregory.net/rapid"

	"hazgrid/safety"
)

// TestCreditCodes uses the valid and invalid codes collected for the project.
func TestCreditCodes(t *testing.T) {
	raw, err := os.ReadFile(shared(t, "uscc_vectors.json"))
	if err != nil {
		t.Fatal(err)
	}
	var v struct {
		Valid     []string `json:"valid_synthetic"`
		Published []string `json:"valid_published_in_library_tests"`
		Invalid   []struct{ Code, Why string }
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	for _, c := range append(v.Valid, v.Published...) {
		if !creditCodeOK(c) {
			t.Errorf("%s is refused", c)
		}
	}
	for _, c := range v.Invalid[:3] {
		if creditCodeOK(c.Code) {
			t.Errorf("%s is taken: %s", c.Code, c.Why)
		}
	}
	for _, c := range v.Invalid { // lower case and full width are written as they should be first
		got := readText(t, "id,credit_code\na,"+c.Code+"\n", Options{Kind: safety.Enterprises})
		if warned := len(got.file.Warnings()); len(got.records) == 0 && warned != 0 {
			t.Errorf("%s: rejected", c.Code)
		}
	}
	got := readText(t, "id,credit_code\na,91330381maalxe6197\nb,９１３３０３８１ＭＡＡＬＸＥ６１９７\nc,91330381MAALXE6198\n", Options{Kind: safety.Enterprises})
	if len(got.records) != 3 {
		t.Error(got.records, got.rejects)
	}
	checkWarnings(t, got.file, map[string]int64{"credit_code": 1, "credit_code_twice": 1}) // c's check; b has a's
}

func TestTimes(t *testing.T) {
	loc := shanghai(t)
	for text, want := range map[string]string{
		"2014-11-03": "2014-11-03", "2014/11/3": "2014-11-03", "2014.11.3": "2014-11-03", "2014年11月3日": "2014-11-03",
		"20141103": "2014-11-03", "2014-1-2": "2014-01-02", "2014年1月2": "2014-01-02",
		"2014/11/3 9:05": "2014-11-03T09:05", "2014/11/03 09:05:07": "2014-11-03T09:05:07", "2014年11月3日 9:05": "2014-11-03T09:05",
		"2014.11.3T19:05:07.5": "2014-11-03T19:05:07.5", "2014-11-03T01:00:00Z": "2014-11-03T09:00",
	} {
		got, err := parseTime(text, loc, safety.Opens)
		if err != nil || got != at(t, want) {
			t.Errorf("%s: %v %v, want %s", text, got.Format(loc), err, want)
		}
	}
	for _, text := range []string{"2014", "2014/13/1", "2014/2/30", "11月3日", "3/11/2014", "立即整改", "2014-11", "2014/11/3x", "2014/11/3 25:00", "201411033"} {
		if got, err := parseTime(text, loc, safety.Opens); err == nil {
			t.Errorf("%s is %s", text, got.Format(loc))
		}
	}
	if got, err := parseTime("2014/11/3", loc, safety.Closes); err != nil || got != at(t, "2014-11-04")-1 {
		t.Error(got.Format(loc), err)
	}
}

func TestRelativeDeadline(t *testing.T) {
	got := readText(t, "id,found_at,due_at\na,2014-11-05 14:00,15天\n", Options{Kind: safety.Hazards})
	if got.err != nil || len(got.records) != 1 || value(t, safety.Hazards, got.records[0], "due_at") != at(t, "2014-11-21")-1 {
		t.Error(got.records, got.rejects, got.err)
	}
}

func TestOtherRelativeDeadlines(t *testing.T) {
	for text, days := range map[string]int{"15日内": 15, "立即整改": 0, "１天": 1} {
		got := readText(t, "id,found_at,due_at\na,2014-11-05 14:00,"+text+"\n", Options{Kind: safety.Hazards})
		want := at(t, "2014-11-06") - 1 + safety.Time(days*24*3600*1000)
		if got.err != nil || len(got.records) != 1 || value(t, safety.Hazards, got.records[0], "due_at") != want {
			t.Errorf("%s: %v %v %v", text, got.records, got.rejects, got.err)
		}
	}
}

// TestFoldable: no other character has two widths.
func TestFoldable(t *testing.T) {
	for r := range rune(0x110000) {
		if s := string(r); width.Fold.String(s) != s && !foldable(s) {
			t.Errorf("%U is folded", r)
		}
	}
}

func TestDegrees(t *testing.T) {
	for text, want := range map[string]float64{
		"120.6533": 120.6533, " １２０．５ ": 120.5, "120°39′12″": 120 + 39.0/60 + 12.0/3600, "120°39'12\"": 120 + 39.0/60 + 12.0/3600,
		"120度39分12秒": 120 + 39.0/60 + 12.0/3600, "E120°39.2′": 120 + 39.2/60, "27°30′N": 27.5, "30°S": -30, "-30°30′": -30.5, "东经120°": 120,
	} {
		if got, err := parseAngle(text); err != nil || !got.ok || math.Abs(got.value-want) > 1e-12 {
			t.Errorf("%s: %v %v", text, got, err)
		}
	}
	for _, text := range []string{"120.39.12", "120°60′", "120°39′12″x", "120°-3′", "°", "120,5"} {
		if got, err := parseAngle(text); err == nil {
			t.Errorf("%s is %v", text, got)
		}
	}
}

func TestDefaultsOfGrids(t *testing.T) {
	in := "code,level,scheme,valid_from,wkt\na,,,,\"POLYGON((0 0,1 0,1 1,0 0))\"\nb,2,villages,2014-01-01,\"POLYGON((0 0,1 0,1 1,0 0))\"\n"
	got := readText(t, in, Options{Kind: safety.Grids, Level: 3, Scheme: "order", ValidFrom: at(t, "2013-01-01")})
	if got.err != nil || len(got.records) != 2 {
		t.Fatal(got.rejects, got.err)
	}
	for i, want := range [][]any{{int64(3), "order", at(t, "2013-01-01")}, {int64(2), "villages", at(t, "2014-01-01")}} {
		for j, name := range []string{"level", "scheme", "valid_from"} {
			if v := value(t, safety.Grids, got.records[i], name); v != want[j] {
				t.Errorf("record %d: %s = %v", i+1, name, v)
			}
		}
	}
}

// TestScanFloat: every number reads as strconv reads it, to the bit.
func TestScanFloat(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,3})?`).Draw(t, "number")
		want, _ := strconv.ParseFloat(s, 64)
		got, n := scanFloat([]byte(s + ","))
		if n != len(s) || math.Float64bits(got) != math.Float64bits(want) {
			t.Fatalf("%s: %v, %d bytes; want %v", s, got, n, want)
		}
	})
	for _, s := range []string{"-", ".5", "-.5", "01", "1.", "1.e5", "+1", "NaN", "1e", "00.5", "-01.5"} {
		if v, n := scanFloat([]byte(s)); n == len(s) {
			t.Errorf("%q is %v", s, v)
		}
	}
}
