package importers

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paulmach/orb"

	"hazgrid/safety"
)

// A result is all that reading a file gives.
type result struct {
	file    *File
	records []safety.Record
	rejects []*safety.FieldError
	err     error
}

func shanghai(t testing.TB) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// readText reads content as a file.
func readText(t testing.TB, content string, o Options) result {
	t.Helper()
	path := filepath.Join(t.TempDir(), "in")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return readPath(t, path, o)
}

func readPath(t testing.TB, path string, o Options) (out result) {
	t.Helper()
	if o.Location == nil {
		o.Location = shanghai(t)
	}
	f, err := Open(path, o)
	if err != nil {
		return result{err: err}
	}
	t.Cleanup(func() { _ = f.Close() })
	out.file = f
	last := int64(0)
	for rec, err := range f.Records() {
		var bad *safety.FieldError
		switch {
		case errors.As(err, &bad):
			out.rejects = append(out.rejects, bad)
		case err != nil:
			out.err = err
			return out
		default:
			out.records = append(out.records, rec)
		}
		if rec.Number <= last {
			t.Errorf("record %d comes after %d", rec.Number, last)
		}
		last = rec.Number
	}
	return out
}

// value returns a field of a record by its name.
func value(t testing.TB, k safety.Kind, r safety.Record, name string) any {
	t.Helper()
	i := slices.IndexFunc(safety.Fields(k), func(f safety.Field) bool { return f.Name == name })
	if i < 0 {
		t.Fatalf("%s have no field %s", k, name)
	}
	return r.Values[i]
}

func at(t testing.TB, s string) safety.Time {
	t.Helper()
	v, err := safety.ParseTime(s, shanghai(t), safety.Opens)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func collection(features ...string) string {
	return `{"type":"FeatureCollection","features":[` + strings.Join(features, ",") + `]}`
}

func feature(geometry, properties string) string {
	return fmt.Sprintf(`{"type":"Feature","geometry":%s,"properties":%s}`, geometry, properties)
}

const square = `{"type":"Polygon","coordinates":[[[120,27],[121,27],[121,28],[120,28],[120,27]]]}`

var squareRing = orb.Ring{{120, 27}, {121, 27}, {121, 28}, {120, 28}, {120, 27}}

func TestGridFeature(t *testing.T) {
	in := collection(`{"id":7,"properties":{"name":"塘下","level":1,"valid_from":"2014-01-01","nested":{"a":[1]}},"geometry":` + square + `,"type":"Feature"}`)
	got := readText(t, "\ufeff"+in, Options{Kind: safety.Grids})
	if got.err != nil || len(got.rejects) > 0 || len(got.records) != 1 {
		t.Fatalf("%+v", got)
	}
	r := got.records[0]
	for name, want := range map[string]any{
		"code": "7", "name": "塘下", "level": int64(1), "scheme": "safety", "parent": nil,
		"valid_from": at(t, "2014-01-01"), "valid_to": nil, "frame": "wgs84",
	} {
		if v := value(t, safety.Grids, r, name); v != want {
			t.Errorf("%s = %v, want %v", name, v, want)
		}
	}
	if want := (orb.MultiPolygon{{squareRing}}); !orb.Equal(r.Geometry, want) {
		t.Errorf("geometry %v", r.Geometry)
	}
	if got.file.Encoding != "utf-8" || got.file.Frame != "wgs84" || got.file.Format != "GeoJSON" {
		t.Errorf("%s %s %s", got.file.Encoding, got.file.Frame, got.file.Format)
	}
}

// TestForms reads the same two grids in every form of GeoJSON.
func TestForms(t *testing.T) {
	a := `{"type":"Feature","id":"a","geometry":` + square + `,"properties":{"level":1}}`
	b := `{"geometry":` + square + `,"properties":null,"id":"b","type":"Feature"}`
	forms := map[string]string{
		"collection":     collection(a, b),
		"type last":      `{"name":"x","features":[` + a + "\n,\n" + b + `],"crs":{"type":"name","properties":{"name":"EPSG:4490"}},"type":"FeatureCollection"}`,
		"crs first":      `{"crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:OGC:1.3:CRS84"}},"type":"FeatureCollection","features":[` + a + `,` + b + `]}`,
		"newlines":       a + "\n" + b + "\n",
		"RFC 8142":       "\x1e" + a + "\n\x1e" + b + "\n",
		"two":            collection(a) + collection(b),
		"null crs":       `{"crs":null,"type":"FeatureCollection","features":[` + a + `,` + b + `]}`,
		"escaped member": `{"type":"FeatureCollection","f\u0065atures":[` + a + `,` + b + `]}`,
	}
	for name, in := range forms {
		t.Run(name, func(t *testing.T) {
			got := readText(t, in, Options{Kind: safety.Grids, Level: 3})
			if got.err != nil || len(got.records) != 2 || len(got.rejects) > 0 {
				t.Fatalf("%d records, rejects %v, error %v", len(got.records), got.rejects, got.err)
			}
			if c := value(t, safety.Grids, got.records[1], "code"); c != "b" {
				t.Errorf("code %v", c)
			}
			if l := value(t, safety.Grids, got.records[0], "level"); l != int64(1) {
				t.Errorf("level %v", l)
			}
		})
	}
}

// TestBadFiles holds what ends a batch.
func TestBadFiles(t *testing.T) {
	f := feature(square, `{"code":"a","level":1}`)
	files := map[string]struct{ in, want string }{
		"empty":              {"", "the file is empty"},
		"BOM only":           {"\ufeff", "the file is blank"},
		"blank":              {" \n\n", "the file is blank"},
		"not JSON":           {"this is not JSON at all\n", "neither a known format nor CSV of grids"},
		"cut in feature":     {collection(f, f)[:150], "cut off at byte 150"},
		"cut after feature":  {`{"type":"FeatureCollection","features":[` + f, "cut off at byte"},
		"cut before end":     {collection(f)[:len(collection(f))-1], "cut off at byte"},
		"garbage in feature": {collection(f, `{"type":"Feature" "id":1}`), "feature 2: invalid: not JSON at byte"},
		"brackets crossed":   {collection(`{"type":"Feature","properties":[1}]`), "not JSON"},
		"garbage after":      {collection(f) + "x", "not GeoJSON at byte"},
		"no comma":           {`{"type":"FeatureCollection","features":[` + f + f + `]}`, "not JSON at byte"},
		"array":              {`[1,2]`, "not GeoJSON at byte 1"},
		"other object":       {`{"a":1}`, "has no type"},
		"geometry":           {square, `type "Polygon"`},
		"TopoJSON":           {`{"type":"Topology","objects":{}}`, "TopoJSON"},
		"wrong type":         {`{"type":"Collection","features":[` + f + `]}`, `type "Collection", want FeatureCollection`},
		"features no array":  {`{"type":"FeatureCollection","features":{}}`, "where the array of features should begin"},
		"ECharts":            {`{"type":"FeatureCollection","features":[],"UTF8Encoding":true}`, "ECharts"},
		"xlsx":               {"PK\x03\x04" + strings.Repeat("\x00", 22) + "\x13\x00\x00\x00[Content_Types].xml", "Excel workbook"},
		"zip":                {"PK\x03\x04....a.txt", "a ZIP archive"},
		"shapefile":          {"\x00\x00\x27\x0a\x00", "a Shapefile"},
		"sqlite":             {"SQLite format 3\x00", "the SQLite file is cut off in its header"},
		"xls":                {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Office file"},
		"binary":             {"\x01\x02\x00\x00\x01\x03", "a binary file"},
		"utf-16 unmarked":    {"i\x00d\x00,\x00n\x00a\x00m\x00e\x00\n\x00a\x00,\x00b\x00\n\x00", "--encoding utf-16le"},
		"html":               {"<!doctype html><html>", "HTML"},
		"kml":                {"<?xml version=\"1.0\"?><kml>", "the XML is cut off"},
		"open quote":         {"code,name\na,\"b\nc,d\n", "the CSV is cut off: the quote opened in record 1 (line 2)"},
	}
	for name, c := range files {
		t.Run(name, func(t *testing.T) {
			got := readText(t, c.in, Options{Kind: safety.Grids})
			if got.err == nil || !strings.Contains(got.err.Error(), c.want) || !errors.Is(got.err, safety.ErrInvalid) {
				t.Errorf("error %v, want %q", got.err, c.want)
			}
		})
	}
}

func TestCRS(t *testing.T) {
	foreign := `{"crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::2437"}},"type":"FeatureCollection","features":[` + feature(square, `{"code":"a","level":1}`) + `]}`
	got := readText(t, foreign, Options{Kind: safety.Grids})
	if !errors.Is(got.err, ErrFrame) || len(got.records) > 0 {
		t.Errorf("records %d, error %v", len(got.records), got.err)
	}
	got = readText(t, foreign, Options{Kind: safety.Grids, Frame: "wgs84"})
	if got.err != nil || len(got.records) != 1 {
		t.Errorf("with --frame: %v", got.err)
	}
	for _, name := range []string{"CRS84", "EPSG:4326", "http://www.opengis.net/def/crs/EPSG/0/4326", "urn:ogc:def:crs:EPSG::4490"} {
		if f := frameName(name); f != "wgs84" && f != "EPSG:4326" && f != "EPSG:4490" {
			t.Errorf("%s is %s", name, f)
		}
	}
}

// TestGCJ02 checks the one to remember of the domain report, to a tenth of a metre.
func TestGCJ02(t *testing.T) {
	got := readText(t, "id,lon,lat\na,120.659157,27.775370\n", Options{Kind: safety.Enterprises, Frame: "gcj02"})
	if got.err != nil || len(got.records) != 1 {
		t.Fatal(got.err, got.rejects)
	}
	p, ok := got.records[0].Geometry.(orb.Point)
	if d := max(p[0]-120.6552, 120.6552-p[0], p[1]-27.7787, 27.7787-p[1]); !ok || d > 2e-6 {
		t.Errorf("%v is off by %v degrees", p, d)
	}
	if f := value(t, safety.Enterprises, got.records[0], "frame"); f != "gcj02" {
		t.Errorf("frame %v", f)
	}
}

func TestTooLong(t *testing.T) {
	long := feature(`null`, `{"code":"`+strings.Repeat("x", 5000)+`"}`)
	in := collection(feature(square, `{"code":"a","level":1}`), long, feature(square, `{"code":"b","level":1}`))
	got := readText(t, in, Options{Kind: safety.Grids, MaxBytes: 4096})
	if got.err != nil || len(got.records) != 2 || len(got.rejects) != 1 || got.rejects[0].Number != 2 {
		t.Errorf("%+v", got)
	}
	got = readText(t, "code,name\na,\""+strings.Repeat("x", 1<<20), Options{Kind: safety.Grids, MaxBytes: 4096})
	if got.err == nil || !strings.Contains(got.err.Error(), "never closed") {
		t.Errorf("CSV: %v", got.err)
	}
}

func TestOriginals(t *testing.T) {
	csv := "id,name\r\na,b\r\n\"c\",\"d\ne\"\r\n,\r\nf,g"
	json := collection(`{"id":1}`, ` { "id" : 2 } `, `{"id":3}`)
	for in, want := range map[string][]string{csv: {"a,b", "f,g"}, json: {`{"id":1}`, `{"id":3}`}} {
		got := readText(t, in, Options{Kind: safety.Enterprises})
		var texts []string
		for text, err := range got.file.Originals(slices.Values([]int64{1, 3})) {
			if err != nil {
				t.Fatal(err)
			}
			texts = append(texts, text)
		}
		if !slices.Equal(texts, want) {
			t.Errorf("%q, want %q", texts, want)
		}
	}
}
