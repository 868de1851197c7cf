package importers

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/paulmach/orb"

	"hazgrid/geo/crs"
	"hazgrid/internal/limits"
	"hazgrid/safety"
)

// drain reads content to its end and checks what holds for every file: numbers rise from 1, a record has its
// required fields and a geometry in range, the second pass finds every row, an error is one line, and memory and time are bounded.
func drain(t *testing.T, content []byte, k safety.Kind) (err error) {
	t.Helper()
	limits.Hold(t, func() { err = drainAll(t, content, k) })
	if err != nil && strings.ContainsAny(err.Error(), "\n\r") {
		t.Fatalf("an error of several lines: %q", err)
	}
	return err
}

func drainAll(t *testing.T, content []byte, k safety.Kind) error {
	t.Helper()
	o := Options{Kind: k, MaxBytes: 1 << 16, Repair: k == safety.Grids}
	f, err := start(source{file: bytes.NewReader(content), size: int64(len(content)), o: o})
	if err != nil {
		return err
	}
	var numbers []int64
	for rec, err := range f.Records() {
		var bad *safety.FieldError
		if err != nil && !errors.As(err, &bad) {
			return err
		}
		if bad != nil && (bad.Number != rec.Number || bad.Reason == "" || strings.ContainsAny(bad.Error(), "\n\r")) {
			t.Fatalf("record %d is rejected as %q", rec.Number, bad.Error())
		}
		numbers = append(numbers, rec.Number)
		if rec.Number != int64(len(numbers)) {
			t.Fatalf("record %d is numbered %d", len(numbers), rec.Number)
		}
		if err == nil {
			checkRecord(t, k, rec)
		}
	}
	i := 0
	for _, err := range f.Originals(func(yield func(int64) bool) {
		for _, n := range numbers {
			if !yield(n) {
				return
			}
		}
	}) {
		if err != nil {
			t.Fatal(err)
		}
		i++
	}
	if i != len(numbers) {
		t.Fatalf("%d originals of %d records", i, len(numbers))
	}
	return nil
}

func checkRecord(t *testing.T, k safety.Kind, r safety.Record) {
	t.Helper()
	for i, f := range safety.Fields(k) {
		if f.Required && r.Values[i] == nil {
			t.Fatalf("%s is not there", f.Name)
		}
		if s, ok := r.Values[i].(string); ok && (s == "" || strings.TrimSpace(s) != s) {
			t.Fatalf("%s is %q", f.Name, s)
		}
	}
	if r.Geometry == nil {
		if hasShape(k) {
			t.Fatal("no geometry")
		}
		return
	}
	b := r.Geometry.Bound()
	if world := (orb.Bound{Min: orb.Point{-180, -90}, Max: orb.Point{180, 90}}); !world.Contains(b.Min) || !world.Contains(b.Max) {
		t.Fatalf("geometry at %v", b)
	}
}

func FuzzGeoJSON(f *testing.F) {
	f.Add([]byte(collection(feature(square, `{"code":"a","level":1,"x":{"y":[1,"\u00e9\ud83d\ude00",null]}}`), `{"id":1}`)))
	f.Add([]byte(`{"type":"Feature","id":"p","geometry":{"coordinates":[120.5,27.5],"type":"Point"},"properties":{"found_at":"2014-11-03"}}` + "\n{}"))
	f.Add([]byte(`{"crs":{"type":"name","properties":{"name":"CRS84"}},"features":[],"type":"FeatureCollection"}`))
	f.Add([]byte(collection(feature(`{"type":"MultiPolygon","coordinates":[[[[0,0],[1,1],[1,0],[0,1],[0,0]]],[]]}`, `{"code":"b","level":1}`))))
	f.Fuzz(func(t *testing.T, b []byte) {
		err := drain(t, b, safety.Grids)
		_ = drain(t, b, safety.Hazards)
		if err == nil && len(b) > 0 && b[0] == '{' && strings.Count(string(b), "NaN")+strings.Count(strings.ToLower(string(b)), "inf")+strings.Count(string(b), "nan") == 0 {
			d := json.NewDecoder(strings.NewReader(strings.ReplaceAll(string(b), "\x1e", " ")))
			var v any
			var bad *json.SyntaxError
			if err := d.Decode(&v); errors.As(err, &bad) && !controls(b) {
				t.Fatalf("taken, but encoding/json says %v", err)
			}
		}
	})
}

// controls reports control characters: they may not stand in strings, but this reader lets them pass.
func controls(b []byte) bool {
	for _, c := range b {
		if c < 0x20 {
			return true
		}
	}
	return false
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte("id,lon,lat,found_at\na,120,27,2014-11-03\n\"b\",\"\"\"x\",,\n"))
	f.Add([]byte("\ufeffid;经度;纬度;due_at\r\na;120°39′12″;27.5;15天\r\n"))
	f.Add([]byte("\xff\xfei\x00d\x00\n\x00a\x00\n\x00"))
	f.Add([]byte("code,level,wkt\na,1,\"POLYGON((0 0,1 0,1 1,0 0))\"\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, k := range safety.Kinds() {
			_ = drain(t, b, k)
		}
	})
}

// FuzzFrame reads tables in frames that are given, said and found: a record is on the earth, whatever the numbers.
func FuzzFrame(f *testing.F) {
	c := city{0.005}
	for _, frame := range []string{"auto", "EPSG:4549", "bd09", ""} {
		f.Add([]byte("id,lon,lat,grid\na,564578.6783,3074089.8897,R1C1\nb,3074089.8897,564578.6783,\nc,1e308,-1e308,R1C1\nd,120.6,27.7,R20C20\n"), frame)
		f.Add([]byte(`{"crs":{"type":"name","properties":{"name":"EPSG:4549"}},"type":"FeatureCollection","features":[{"type":"Feature","id":1,"geometry":{"type":"Point","coordinates":[564578,3074089]},"properties":{}}]}`), frame)
		f.Add([]byte(`{"crs":{"type":"name","properties":{"name":"GEOGCS[\"x\",DATUM[\"D_WGS_1984\",SPHEROID[\"w\",6378137,298.257223563]]]"}},"type":"FeatureCollection","features":[{"type":"Feature","id":1,"geometry":{"type":"Point","coordinates":[120,30]},"properties":{}}]}`), frame)
	}
	f.Fuzz(func(t *testing.T, b []byte, frame string) {
		o := Options{Kind: safety.Enterprises, Frame: crs.Frame(frame), Locate: c.locate, MaxBytes: 1 << 16}
		limits.Hold(t, func() {
			in, err := start(source{file: bytes.NewReader(b), size: int64(len(b)), o: o})
			if err != nil {
				return
			}
			for rec, err := range in.Records() {
				if err == nil {
					checkRecord(t, safety.Enterprises, rec)
				}
			}
		})
	})
}
