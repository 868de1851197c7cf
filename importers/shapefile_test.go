package importers

import (
	"bytes"
	"encoding/binary"
	"errors"
	"maps"
	"math"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/paulmach/orb"
	"golang.org/x/text/encoding/simplifiedchinese"

	"hazgrid/safety"
)

// TestShapefileBySibling opens one layer by each of its files, under names in any case.
func TestShapefileBySibling(t *testing.T) {
	files := makeGrids(t, simplifiedchinese.GBK, 3)
	want := readPath(t, saveLayer(t, files, "网格", "shp"), Options{Kind: safety.Grids})
	if want.err != nil || len(want.records) != 3 || want.file.Format != "Shapefile" || want.file.Encoding != "gb18030" {
		t.Fatalf("%v %v %+v", want.err, want.rejects, want.file)
	}
	if n := value(t, safety.Grids, want.records[2], "name"); n != "虚构第3网格" {
		t.Errorf("name %v", n)
	}
	for _, ending := range []string{"dbf", "shx"} {
		got := readPath(t, saveLayer(t, files, "网格", ending), Options{Kind: safety.Grids})
		if d := cmp.Diff(want.records, got.records); d != "" || got.err != nil || got.file.Format != "Shapefile" {
			t.Errorf(".%s: %v %s", ending, got.err, d)
		}
	}
	upper := map[string][]byte{"SHP": files["shp"], "Dbf": files["dbf"], "SHX": files["shx"]}
	got := readPath(t, saveLayer(t, upper, "GRID", "SHP"), Options{Kind: safety.Grids, Layer: "grid"})
	if d := cmp.Diff(want.records, got.records); d != "" || got.err != nil {
		t.Errorf("in capitals: %v %s", got.err, d)
	}
	delete(files, "shx")
	got = readPath(t, saveLayer(t, files, "a.b", "shp"), Options{Kind: safety.Grids})
	if d := cmp.Diff(want.records, got.records); d != "" || got.err != nil {
		t.Errorf("without .shx: %v %s", got.err, d)
	}
}

// TestLoneDBF reads a table that has no shapes.
func TestLoneDBF(t *testing.T) {
	b := makeDBF(0, []dbfColumn{{"id", 'C', 5}, {"lon", 'N', 12}, {"lat", 'F', 12}, {"opened_at", 'D', 8}, {"floor_area", 'N', 10}},
		[]string{"e1", "120.5", "2.75e1", "20141103", "12.50"}, []string{"e2", "", "", "00000000", "****"})
	got := readPath(t, saveLayer(t, map[string][]byte{"dbf": b}, "firms", "dbf"), Options{Kind: safety.Enterprises})
	if got.err != nil || len(got.records) != 2 || got.file.Format != "dBase" {
		t.Fatalf("%v %v %+v", got.err, got.rejects, got.file)
	}
	e := got.records[0]
	if e.Geometry != (orb.Point{120.5, 27.5}) || value(t, safety.Enterprises, e, "opened_at") != at(t, "2014-11-03") || value(t, safety.Enterprises, e, "floor_area_m2") != 12.5 {
		t.Errorf("%+v", e)
	}
	if e = got.records[1]; e.Geometry != nil || value(t, safety.Enterprises, e, "opened_at") != nil || value(t, safety.Enterprises, e, "floor_area_m2") != nil {
		t.Errorf("%+v", e)
	}
}

// TestShapefileAsKinds reads points and lines.
func TestShapefileAsKinds(t *testing.T) {
	column := []dbfColumn{{"id", 'C', 5}}
	shp, shx := makeSHP(shpPoint(orb.Point{120.5, 27.5}), shpInts(0), shpMulti(orb.Point{1, 2}), shpMulti(orb.Point{1, 2}, orb.Point{3, 4}))
	files := map[string][]byte{"shp": shp, "shx": shx, "dbf": makeDBF(0, column, []string{"a"}, []string{"b"}, []string{"c"}, []string{"d"})}
	got := readPath(t, saveLayer(t, files, "x", "shp"), Options{Kind: safety.Enterprises})
	if got.err != nil || len(got.records) != 3 || len(got.rejects) != 1 || got.records[0].Geometry != (orb.Point{120.5, 27.5}) || got.records[1].Geometry != nil || got.records[2].Geometry != (orb.Point{1, 2}) {
		t.Errorf("points: %v %v %v", got.records, got.rejects, got.err)
	}
	shp, shx = makeSHP(shpParts(3, []orb.Point{{1, 2}, {3, 4}}), shpParts(13, []orb.Point{{1, 2}, {3, 4}}, []orb.Point{{5, 6}, {7, 8}}))
	files = map[string][]byte{"shp": shp, "shx": shx, "dbf": makeDBF(0, column, []string{"a"}, []string{"b"})}
	got = readPath(t, saveLayer(t, files, "x", "shp"), Options{Kind: safety.Lines})
	if got.err != nil || len(got.records) != 2 || len(got.records[1].Geometry.(orb.MultiLineString)) != 2 {
		t.Errorf("lines: %v %v %v", got.records, got.rejects, got.err)
	}
}

// TestShapes holds what is wrong with one shape; the file is read on.
func TestShapes(t *testing.T) {
	huge := shpPolygon(box(0, 0, 1))
	copy(huge[36:], shpInts(1<<31-1, 1<<31-1))
	for name, c := range map[string]struct {
		shape shpPiece
		want  string
	}{
		"of two bytes":        {shpPiece{1, 0}, "a shape of 2 bytes"},
		"of an unknown type":  {shpInts(7, 0), "shape type 7 is not known"},
		"MultiPatch":          {shpInts(31, 0), "MultiPatch"},
		"point cut off":       {shpPoint(orb.Point{1, 2})[:18], "a point of 18 bytes"},
		"multipoint cut off":  {shpMulti(orb.Point{1, 2})[:30], "does not fit"},
		"too many points":     {shpMulti(orb.Point{1, 2})[:50], "1 points does not fit into its 50 bytes"},
		"polygon cut off":     {huge[:42], "does not fit"},
		"billions of points":  {huge, "does not fit into its"},
		"parts in disorder":   {append(append(shpPolygon(nil, nil, box(0, 0, 1))[:48], shpInts(4, 2)...), shpPolygon(nil, nil, box(0, 0, 1))[56:]...), "part 2 of the shape is points 4 to 2 of 5"},
		"parts beyond points": {append(append(shpPolygon(box(0, 0, 1))[:44], shpInts(6)...), shpPolygon(box(0, 0, 1))[48:]...), "part 1 of the shape is points 6 to 5 of 5"},
	} {
		if g, f := shapeOf(c.shape); f == nil || !strings.Contains(f.reason, c.want) {
			t.Errorf("%s: %v %+v, want %q", name, g, f, c.want)
		}
	}
}

// TestShapefileClaim tells of the .prj as it stands, also of what is none.
func TestShapefileClaim(t *testing.T) {
	files := makeGrids(t, nil, 1)
	for in, want := range map[string]string{"GEOGCS[\"x\"]\r\n": "GEOGCS[\"x\"]", "\ufeffGEOGCS[]": "GEOGCS[]", "<html>": "<html>", " \n": "", "": ""} {
		var got []string
		files["prj"] = []byte(in)
		src := source{o: Options{Kind: safety.Grids}, warn: func(string, string) {}, claim: func(frame string) { got = append(got, frame) }}
		if _, err := memoryLayer(files).read(&src, false); err != nil || strings.Join(got, ";") != want {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
}

// TestShapefileFrame reads a Shapefile in the frame of its .prj, and refuses one whose .prj says nothing.
func TestShapefileFrame(t *testing.T) {
	shp, shx := makeSHP(shpPolygon(box(564578.6783, 3074089.8897, 100))) // EPSG:4549 of 120.6552 27.7787, by PROJ 9.1.1
	files := map[string][]byte{"shp": shp, "shx": shx, "dbf": makeDBF(0, []dbfColumn{{"code", 'C', 3}, {"level", 'N', 2}}, []string{"a", "1"})}
	files["prj"] = []byte(`PROJCS["CGCS2000_3_Degree_GK_CM_120E",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",DATUM["D_China_2000",SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",120.0],PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]`)
	got := readPath(t, saveLayer(t, files, "x", "shp"), Options{Kind: safety.Grids})
	if got.err != nil || len(got.records) != 1 || got.file.Frame != "EPSG:4549" {
		t.Fatal(got.err, got.rejects)
	}
	if p := got.records[0].Geometry.(orb.MultiPolygon)[0][0][0]; math.Hypot(p[0]-120.6552, p[1]-27.7787) > 1e-8 {
		t.Errorf("at %v", p)
	}
	files["prj"] = []byte("<!doctype html><html>not found</html>")
	got = readPath(t, saveLayer(t, files, "x", "shp"), Options{Kind: safety.Grids})
	if !errors.Is(got.err, ErrFrame) || !strings.Contains(got.err.Error(), "it is HTML or XML, not WKT") {
		t.Errorf("HTML as .prj: %v", got.err)
	}
	got = readPath(t, saveLayer(t, files, "x", "shp"), Options{Kind: safety.Grids, Frame: "EPSG:4549"})
	if got.err != nil || len(got.records) != 1 {
		t.Errorf("HTML as .prj, and --frame: %v", got.err)
	}
}

// TestDeleted passes over records that are marked, and counts them.
func TestDeleted(t *testing.T) {
	files := makeGrids(t, nil, 3)
	record := len(files["dbf"]) - 1 - 3*65
	files["dbf"][record+65] = '*'
	got := readPath(t, saveLayer(t, files, "x", "shp"), Options{Kind: safety.Grids})
	if got.err != nil || len(got.records) != 2 || got.records[1].Number != 2 || value(t, safety.Grids, got.records[1], "code") != "G003" {
		t.Fatalf("%v %v", got.records, got.err)
	}
	if b := got.records[1].Geometry.Bound(); b.Min[0] != 120.02 {
		t.Errorf("the record after the deleted one is at %v", b)
	}
	if w := got.file.Warnings(); len(w) != 1 || w[0].Code != "deleted_row" || w[0].Count != 1 {
		t.Errorf("%v", w)
	}
}

// TestShapeIndex holds when the .shx is used.
func TestShapeIndex(t *testing.T) {
	files := makeGrids(t, nil, 3)
	want := readPath(t, saveLayer(t, files, "x", "shp"), Options{Kind: safety.Grids})
	edited := editedInPlace(files)
	got := readPath(t, saveLayer(t, edited, "x", "shp"), Options{Kind: safety.Grids})
	if d := cmp.Diff(want.records, got.records); d != "" || got.err != nil || len(got.file.Warnings()) > 0 {
		t.Errorf("edited in place: %v %v %s", got.err, got.file.Warnings(), d)
	}
	delete(edited, "shx")
	got = readPath(t, saveLayer(t, edited, "x", "shp"), Options{Kind: safety.Grids})
	if got.err == nil || !strings.Contains(got.err.Error(), "record 4") && !strings.Contains(got.err.Error(), "more shapes") {
		t.Errorf("edited, and no index: %v", got.err)
	}
	for name, spoil := range map[string]func(shx []byte) []byte{
		"cut off":        func(b []byte) []byte { return b[:len(b)-3] },
		"one too many":   func(b []byte) []byte { return append(b, b[100:108]...) },
		"beyond the end": func(b []byte) []byte { b[110] = 0x7f; return b },
		"in the header":  func(b []byte) []byte { b[103] = 1; return b },
		"overlapping":    func(b []byte) []byte { copy(b[108:], b[100:108]); copy(b[116:], b[100:108]); b[106] = 0x40; return b },
		"HTML":           func([]byte) []byte { return []byte("<html></html>") },
		"empty":          func([]byte) []byte { return nil },
	} {
		spoiled := maps.Clone(files)
		spoiled["shx"] = spoil(bytes.Clone(files["shx"]))
		got := readPath(t, saveLayer(t, spoiled, "x", "shp"), Options{Kind: safety.Grids})
		if d := cmp.Diff(want.records, got.records); d != "" || got.err != nil {
			t.Errorf("%s: %v %s", name, got.err, d)
			continue
		}
		if w := got.file.Warnings(); len(w) != 1 || w[0].Code != "shx" {
			t.Errorf("%s: %v", name, w)
		}
	}
}

// editedInPlace returns a layer whose second shape was written anew at the end, as GDAL does with one that grows.
func editedInPlace(files map[string][]byte) map[string][]byte {
	out := maps.Clone(files)
	shp, shx := bytes.Clone(files["shp"]), bytes.Clone(files["shx"])
	from := 2 * int(binary.BigEndian.Uint32(shx[108:]))
	to := 2 * int(binary.BigEndian.Uint32(shx[116:]))
	binary.BigEndian.PutUint32(shx[108:], uint32(len(shp)/2))
	shp = append(shp, shp[from:to]...)
	clear(shp[from+12 : to])
	binary.BigEndian.PutUint32(shp[24:], uint32(len(shp)/2))
	out["shp"], out["shx"] = shp, shx
	return out
}

// TestShapefileErrors holds what ends a file: one line that says which record.
func TestShapefileErrors(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(files map[string][]byte)
		want  string
	}{
		"no .dbf":        {func(f map[string][]byte) { delete(f, "dbf") }, "want x.dbf beside it"},
		"empty .dbf":     {func(f map[string][]byte) { f["dbf"] = nil }, "the .dbf is cut off in its header"},
		"HTML as .dbf":   {func(f map[string][]byte) { f["dbf"] = []byte("<!doctype html>" + strings.Repeat(" ", 100)) }, "no dBase table"},
		"dBase 7":        {func(f map[string][]byte) { f["dbf"][0] = 4 }, "dBase 7"},
		"fewer records":  {func(f map[string][]byte) { f["dbf"][4] = 2; delete(f, "shx") }, "more shapes than the .dbf has records (2)"},
		"more records":   {func(f map[string][]byte) { f["dbf"][4] = 4; f["dbf"] = append(f["dbf"], f["dbf"][129:]...) }, "the .shp is cut off in record 4"},
		"2³² records":    {func(f map[string][]byte) { copy(f["dbf"][4:], "\xff\xff\xff\xff") }, "the .dbf is cut off in record 4 of 4294967295"},
		"field too wide": {func(f map[string][]byte) { f["dbf"][32+16] = 255 }, "field 1 of its records ends at byte 256 of 65"},
		"wide shape":     {func(f map[string][]byte) { copy(f["shp"][104:], "\x7f\xff\xff\xff") }, "the .shp is cut off in record 1"},
		"not a .shp":     {func(f map[string][]byte) { f["shp"] = bytes.Repeat([]byte("x"), 200) }, "no Shapefile"},
		"a short .shp":   {func(f map[string][]byte) { f["shp"] = f["shp"][:99] }, "cut off in its header"},
		"numbers jump":   {func(f map[string][]byte) { f["shp"][100+136+3] = 9; delete(f, "shx") }, "numbered 9, want 2"},
		"no column": {func(f map[string][]byte) {
			f["dbf"] = makeDBF(0, []dbfColumn{{"a", 'C', 3}}, []string{"x"}, []string{"y"}, []string{"z"})
		}, "no column of the Shapefile is a field of grids (there are: a)"},
		"names not UTF-8":  {func(f map[string][]byte) { f["cpg"] = []byte("UTF-8"); f["dbf"][32] = 0xff }, "the name of column 1 is not utf-8 from byte 1 on, though the .cpg says so"},
		"an index alone":   {func(f map[string][]byte) { delete(f, "shp") }, "want x.shp beside it"},
		"another layer":    {func(map[string][]byte) {}, `no layer "y" (there are: x)`},
		"two in one place": {func(f map[string][]byte) { f["DBF"], f["Dbf"] = f["dbf"], f["dbf"]; delete(f, "dbf") }, "differ only in case"},
	} {
		t.Run(name, func(t *testing.T) {
			files := makeGrids(t, nil, 3)
			c.spoil(files)
			ending, o := "shp", Options{Kind: safety.Grids}
			switch name {
			case "an index alone":
				ending = "shx"
			case "not a .shp":
				ending = "dbf"
			case "another layer":
				o.Layer = "y"
			}
			got := readPath(t, saveLayer(t, files, "x", ending), o)
			if got.err == nil || !strings.Contains(got.err.Error(), c.want) || !errors.Is(got.err, safety.ErrInvalid) || strings.Contains(got.err.Error(), "\n") {
				t.Errorf("error %v, want %q", got.err, c.want)
			}
		})
	}
}

// TestShapefileCut cuts each file at every byte: the error names a record or the header, and what was read is as in the whole.
func TestShapefileCut(t *testing.T) {
	files := makeGrids(t, simplifiedchinese.GBK, 3)
	whole := readPath(t, saveLayer(t, files, "x", "shp"), Options{Kind: safety.Grids})
	for ending, b := range files {
		for n := range len(b) {
			cut := maps.Clone(files)
			cut[ending] = b[:n]
			got := readMemory(t, cut, Options{Kind: safety.Grids})
			want := "cut off"
			if ending == "dbf" && n == len(b)-1 || ending == "shx" {
				want = ""
			}
			if got.err == nil != (want == "") || got.err != nil && !strings.Contains(got.err.Error(), want) {
				t.Fatalf(".%s of %d bytes: %v", ending, n, got.err)
			}
			if len(got.rejects) > 0 || !cmp.Equal(got.records, whole.records[:len(got.records):3], cmpopts.EquateEmpty()) {
				t.Fatalf(".%s of %d bytes: %v %v", ending, n, got.records, got.rejects)
			}
		}
	}
}

// readMemory reads a layer that is in memory.
func readMemory(t testing.TB, files map[string][]byte, o Options) (out result) {
	t.Helper()
	o.Location = shanghai(t)
	f := &File{src: source{o: o}, kind: shapefile, mapper: newMapper(o)}
	src := f.src
	src.warn, src.claim, src.told = f.mapper.warn, f.claimed, func(int) {}
	f.table, out.err = memoryLayer(files).read(&src, files["shp"] == nil)
	if out.err != nil {
		return out
	}
	f.mapper.columns.cut = f.table.cut
	out.file = f
	for rec, err := range f.Records() {
		var bad *safety.FieldError
		switch {
		case errors.As(err, &bad):
			out.rejects = append(out.rejects, bad)
		case err != nil:
			out.err = err
		default:
			out.records = append(out.records, rec)
		}
	}
	return out
}

// TestShapefileMemory: what a file claims takes no memory.
func TestShapefileMemory(t *testing.T) {
	files := makeGrids(t, nil, 1)
	files["shp"] = files["shp"][:108]
	copy(files["shp"][104:], "\x3f\xff\xff\xff") // 2 GB in a file of 108 bytes
	copy(files["shp"][24:], "\x7f\xff\xff\xff")
	copy(files["dbf"][4:], "\xff\xff\xff\xff")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got := readMemory(t, files, Options{Kind: safety.Grids})
	runtime.ReadMemStats(&after)
	if got.err == nil || after.TotalAlloc-before.TotalAlloc > 4<<20 {
		t.Errorf("%v, %d bytes", got.err, after.TotalAlloc-before.TotalAlloc)
	}
	big := box(0, 0, 1)
	for len(big) < 40000 {
		big = append(big, orb.Point{0, 0})
	}
	files = makeGrids(t, nil, 3)
	first, _ := makeSHP(shpPolygon(box(120, 27, 0.01)), shpPolygon(big), shpPolygon(box(121, 27, 0.01)))
	files["shp"] = first
	got = readMemory(t, files, Options{Kind: safety.Grids, MaxBytes: 1 << 19})
	if got.err != nil || len(got.records) != 2 || len(got.rejects) != 1 || !strings.Contains(got.rejects[0].Reason, "longer than") {
		t.Errorf("%v %v", got.rejects, got.err)
	}
	got = readMemory(t, files, Options{Kind: safety.Grids, Repair: true}) // longer than the buffer, not too long
	if got.err != nil || len(got.records) != 3 {
		t.Errorf("%v %v", got.rejects, got.err)
	}
}

// TestShapefileOriginals reads the rejected records of a Shapefile back as GeoJSON.
func TestShapefileOriginals(t *testing.T) {
	files := makeGrids(t, simplifiedchinese.GBK, 3)
	got := readPath(t, saveLayer(t, files, "x", "shp"), Options{Kind: safety.Grids})
	var texts []string
	for text, err := range got.file.Originals(slices.Values([]int64{1, 3})) {
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, text)
	}
	again := readText(t, collection(texts...), Options{Kind: safety.Grids})
	want := []safety.Record{got.records[0], got.records[2]}
	want[1].Number = 2
	if d := cmp.Diff(want, again.records); d != "" || again.err != nil {
		t.Errorf("%v %s", again.err, d)
	}
}

// TestSharedShapefiles reads what domain.md describes: GBK without .cpg, a code twice, a polygon like a bow tie, 网络 for 网格.
func TestSharedShapefiles(t *testing.T) {
	for _, name := range []string{"grids_gbk_nocpg", "grids_gbk_gk120"} {
		path := shared(t, filepath.Join("fixtures", name+".shp"))
		got := readPath(t, path, Options{Kind: safety.Grids, Level: 3, Frame: "wgs84"})
		if name == "grids_gbk_nocpg" && (len(got.records) != 3 || len(got.rejects) != 1 || got.rejects[0].Key != "330381101201003" || !strings.Contains(got.rejects[0].Reason, "crosses itself at 120.6575 27.935")) {
			t.Errorf("%v %v", got.records, got.rejects)
		}
		var names, codes []string
		got.records = nil
		for text, err := range got.file.Originals(slices.Values([]int64{1, 2, 3, 4})) {
			if err != nil {
				t.Fatal(err)
			}
			r, err := (&featureParser{}).parse([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			names, codes = append(names, r.values[0]), append(codes, r.values[1])
		}
		if !slices.Equal(names, []string{"塘下镇五方村第一网格", "塘下镇五方村第二网格", "塘下镇五方村第二网格", "塘下镇五方村第三网络"}) ||
			!slices.Equal(codes, []string{"330381101201001", "330381101201002", "330381101201002", "330381101201003"}) {
			t.Errorf("%s: %v %v", name, names, codes)
		}
	}
	plane := readPath(t, shared(t, "fixtures/grids_gbk_gk120.shp"), Options{Kind: safety.Grids, Level: 3})
	if p := (orb.Point{120.655, 27.928}); len(plane.records) != 3 || plane.file.Frame != "EPSG:4549" || !near(plane.records[0].Geometry.(orb.MultiPolygon)[0][0][0], p) {
		t.Errorf("in the plane of its .prj: %v %v", plane.err, plane.records)
	}
	for name, encoding := range map[string]string{"grids_gbk_nocpg": "gb18030", "grids_gbk_gk120": "gbk"} {
		got := readPath(t, shared(t, "fixtures/"+name+".shp"), Options{Kind: safety.Grids, Level: 3, Repair: true})
		if len(got.records) != 4 || got.file.Repaired() != 1 || got.file.Encoding != encoding {
			t.Errorf("%s: %v %v %v", name, got.records, got.rejects, got.err)
			continue
		}
		if b := got.records[0].Geometry.Bound(); math.Hypot(b.Min[0]-120.655, b.Min[1]-27.928) > 1e-6 {
			t.Errorf("%s: the first grid is at %v", name, b)
		}
	}
}

// BenchmarkShapefile reads ten thousand squares in GBK, as rows and as records.
func BenchmarkShapefile(b *testing.B) {
	files := makeGrids(b, simplifiedchinese.GBK, 10000)
	src := source{o: Options{Kind: safety.Grids}, warn: func(string, string) {}, claim: func(string) {}}
	b.ReportAllocs()
	for b.Loop() {
		t, err := memoryLayer(files).read(&src, false)
		if err != nil {
			b.Fatal(err)
		}
		for _, err := range t.rows {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(10000*b.N)/b.Elapsed().Seconds(), "rows/s")
}
