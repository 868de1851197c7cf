package importers

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strconv"
	"testing"

	"github.com/paulmach/orb"
	"golang.org/x/text/encoding/simplifiedchinese"

	"hazgrid/internal/limits"
	"hazgrid/safety"
)

// FuzzValues reads a text as the value of every field: what is taken is of the field's type, in its bounds and of its list, and a
// time reads back as itself.
func FuzzValues(f *testing.F) {
	for _, s := range []string{
		"2014-11-03", "2014/11/3 8:05", "2014年11月3日", "20141103", "41997.5", "9999-12-31T23:59:59.999Z", "３.０", "1e308", "-0", "0x1p-2", "NaN", "重大", "major",
		"是", "91330381MA2ABCDE1X", "\x00", "0001-01-01", "2014.11.3T24:00", "99999", "10000.999999999",
	} {
		f.Add(s, false)
	}
	f.Add("41997.5", true)
	loc := shanghai(f)
	f.Fuzz(func(t *testing.T, text string, is1904 bool) {
		limits.Hold(t, func() {
			for _, k := range safety.Kinds() {
				for _, field := range safety.Fields(k) {
					r := newValueReader(k, field, loc)
					r.is1904 = is1904
					if v, err := r.read(text); err == nil {
						checkValue(t, r, v)
					}
				}
			}
			relativeDays(text)
		})
	})
}

func checkValue(t *testing.T, r valueReader, v any) {
	t.Helper()
	ok := true
	switch v := v.(type) {
	case nil:
	case int64:
		ok = r.field.Type == safety.Integer && float64(v) >= r.least && float64(v) <= r.most
	case float64:
		ok = r.field.Type == safety.Real && v >= r.least && v <= r.most && !math.IsInf(v, 0)
	case bool:
		ok = r.field.Type == safety.Boolean
	case string:
		ok = r.field.Type == safety.Text && v != "" && (r.field.Closed == nil || slices.Contains(r.field.Closed, v))
	case safety.Time:
		again, err := safety.ParseTime(v.String(), r.loc, safety.Opens)
		ok = (r.field.Type == safety.Instant || r.field.Type == safety.Deadline) && err == nil && again == v && v > 0
	default:
		ok = false
	}
	if !ok {
		t.Errorf("%s is %T %v", r.field.Name, v, v)
	}
}

// FuzzNumber holds the quick way to read a number in JSON against strconv and encoding/json.
func FuzzNumber(f *testing.F) {
	for _, s := range []string{"120.123456", "-0.5e-3,", "9007199254740993", "0.0000000000000000000001", "1e400", "01", "1.", "-", "123456789012345678.9"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, n := scanFloat(b)
		if n != numberLen(b) {
			t.Fatalf("%q: %d bytes long, want %d", b, n, numberLen(b))
		}
		want, _ := strconv.ParseFloat(string(b[:n]), 64) // too large is infinite
		if n > 0 && (!json.Valid(b[:n]) || math.Float64bits(v) != math.Float64bits(want)) {
			t.Errorf("%q: %v, want %v", b[:n], v, want)
		}
	})
}

// FuzzWKT reads a text as the geometry of a cell: a record of it is on the earth, and the geometry written as GeoJSON, as the rejects
// file has it, reads back the same.
func FuzzWKT(f *testing.F) {
	for _, s := range []string{
		"POLYGON((0 0,1 0,1 1,0 0))", "multipolygon(((0 0,9 0,9 9,0 0),(1 1,2 1,2 2,1 1)),((20 0,21 0,21 1,20 0)))", "LINESTRING(120 27,121 28)", "POINT EMPTY", "POLYGON EMPTY",
		"MULTILINESTRING((1 1,2 2),(3 3,4 4))", "GEOMETRYCOLLECTION(POINT(1 1),POLYGON((0 0,1 0,1 1,0 0)))", "POLYGON Z((0 0 1,1 0 1,1 1 1,0 0 1))",
		"POLYGON((0 0,1e308 0,1e308 -1e308,0 0))", "POLYGON((0 0,1 0", "POLYGON((NaN 0,1 0,1 1,0 0))", "SRID=4326;POINT(1 1)", "POLYGON((0 0,1 1,1 0,0 1,0 0))",
	} {
		f.Add(s)
	}
	mappers := []*mapper{newMapper(Options{Kind: safety.Grids, Level: 1, Repair: true}), newMapper(Options{Kind: safety.Lines})}
	f.Fuzz(func(t *testing.T, text string) {
		limits.Hold(t, func() {
			for _, m := range mappers {
				k := m.o.Kind
				r := row{number: 1, names: []string{safety.KeyField(k), "wkt"}, values: []string{"a", text}}
				if rec, bad := m.record(r); bad == nil {
					checkRecord(t, k, rec)
				}
				if g, bad := m.geometry(r, m.columns.find(r.names)[len(m.readers):]); bad == nil && g != nil {
					checkWritten(t, g)
				}
			}
		})
	})
}

// checkWritten writes a geometry as a row of GeoJSON and reads it.
func checkWritten(t *testing.T, g orb.Geometry) {
	t.Helper()
	switch g.(type) {
	case orb.Polygon, orb.MultiPolygon, orb.LineString, orb.MultiLineString:
	default:
		return // is no area or line, and refused
	}
	p := featureParser{}
	text := featureText(row{geometry: g})
	again, err := p.parse(text)
	if err != nil || again.fault != nil {
		t.Fatalf("%s: %v %v", text, err, again.fault)
	}
	if second := featureText(row{geometry: again.geometry}); again.geometry != nil && string(second) != string(text) {
		t.Errorf("%s reads back as %s", text, second)
	}
}

// FuzzCompanions reads a Shapefile with any .prj and .cpg beside it.
func FuzzCompanions(f *testing.F) {
	const prj = `PROJCS["CGCS2000 / 3-degree Gauss-Kruger CM 120E",GEOGCS["China Geodetic Coordinate System 2000",DATUM["China_2000",SPHEROID["CGCS2000",6378137,298.257222101]],` +
		`PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["central_meridian",120],PARAMETER["scale_factor",1],` +
		`PARAMETER["false_easting",500000],UNIT["metre",1]]`
	f.Add(prj, "UTF-8")
	f.Add("<!DOCTYPE html><html><head><title>404 Not Found</title></head></html>", "936")
	f.Add("", "\ufeff GBK\r\n")
	f.Add(`GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]]]`, "ISO 88591")
	f.Add(`{"type":"GeographicCRS"}`, "\x00")
	files := makeGrids(f, nil, 2)
	f.Fuzz(func(t *testing.T, prj, cpg string) {
		in := append(zipLayerFiles(files, "a"), zipped{"a.prj", []byte(prj)}, zipped{"a.cpg", []byte(cpg)})
		_ = drain(t, makeZIP(t, in...), safety.Grids)
	})
}

// TestCutTexts cuts a small text of each format at every byte. Of JSON all that is missing is noticed; of lines, what is
// missing of the last one may be, and no other record is another.
func TestCutTexts(t *testing.T) {
	utf16 := func(s string) string { return "\xff\xfe" + string(wide(s)) }
	json := "\ufeff" + collection(feature(square, `{"code":"a","level":1,"name":"瑞安"}`), `{"type":"Feature","id":"b\n","geometry":null,"properties":{"level":2e0}}`)
	table := "code,level,name,wkt\r\na,1,\"瑞,\"\"安\",\"POLYGON((0 0,1 0,1 1,0 0))\"\r\nb,1,塘下,\r\n"
	for name, whole := range map[string]string{
		"GeoJSON": json, "CSV": table, "CSV, UTF-16": utf16(table), "CSV, GB 18030": encoded(t, simplifiedchinese.GB18030, table),
		"sequence": feature(square, `{"code":"a","level":1}`) + "\n" + feature(square, `{"code":"b","level":1}`) + "\n",
	} {
		want := readText(t, whole, Options{Kind: safety.Grids})
		if want.err != nil || len(want.records) == 0 {
			t.Fatalf("%s: %v, %v", name, want.err, want.rejects)
		}
		for n := range whole {
			if err := drain(t, []byte(whole[:n]), safety.Grids); err == nil && name == "GeoJSON" {
				t.Fatalf("%s cut at byte %d of %d is taken", name, n, len(whole))
			}
			got := readText(t, whole[:n], Options{Kind: safety.Grids})
			for i, r := range got.records {
				if i < len(got.records)-1 && !reflect.DeepEqual(r, want.records[i]) {
					t.Fatalf("%s cut at byte %d: record %d is %v", name, n, i+1, r)
				}
			}
		}
	}
}
