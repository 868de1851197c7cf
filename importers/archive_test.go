package importers

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/simplifiedchinese"

	"hazgrid/safety"
)

// A zipped is a file for an archive that a test makes.
type zipped struct {
	name string
	text []byte
}

// stored is the ending of files that are not packed.
const stored = ".stored"

// makeZIP writes an archive; names that are not UTF-8 are not marked as such.
func makeZIP(t testing.TB, files ...zipped) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		method := zip.Deflate
		if strings.HasSuffix(f.name, stored) {
			method = zip.Store
		}
		out, err := w.CreateHeader(&zip.FileHeader{Name: f.name, Method: method})
		if err == nil {
			_, err = out.Write(f.text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// zipLayerFiles lists the files of a layer for makeZIP.
func zipLayerFiles(files map[string][]byte, stem string) (out []zipped) {
	for _, ending := range []string{"cpg", "dbf", "shp", "shx"} {
		if b, ok := files[ending]; ok {
			out = append(out, zipped{stem + "." + ending, b})
		}
	}
	return out
}

func TestZippedShapefile(t *testing.T) {
	files := makeGrids(t, simplifiedchinese.GBK, 3)
	want := readPath(t, saveLayer(t, files, "x", "shp"), Options{Kind: safety.Grids})
	gbkName := encoded(t, simplifiedchinese.GBK, "数据/网格\\表")
	for name, stem := range map[string]string{"flat": "grids", "folders": "a/b/grids", "climbing": "../../../../tmp/grids", "GBK": gbkName, "Windows": `a\grids`, "absolute": "/etc/grids"} {
		in := append(zipLayerFiles(files, stem), zipped{"__MACOSX/._grids.shp", []byte("x")}, zipped{"readme.txt", []byte("x")}, zipped{"a/", nil})
		got := readText(t, string(makeZIP(t, in...)), Options{Kind: safety.Grids})
		if d := cmp.Diff(want.records, got.records); d != "" || got.err != nil || got.file.Format != "Shapefile" || got.file.Encoding != "gb18030" {
			t.Errorf("%s: %v %s", name, got.err, d)
			continue
		}
		for text, err := range got.file.Originals(slices.Values([]int64{2})) {
			if err != nil || !strings.Contains(text, "虚构第2网格") {
				t.Errorf("%s: %s %v", name, text, err)
			}
		}
	}
	upper := append(zipLayerFiles(files, "GRIDS"), zipped{"grids.CPG", []byte("GBK")})
	got := readText(t, string(makeZIP(t, upper...)), Options{Kind: safety.Grids})
	if d := cmp.Diff(want.records, got.records); d != "" || got.err != nil || got.file.Encoding != "gbk" {
		t.Errorf("in capitals: %v %s", got.err, d)
	}
}

// TestArchiveByNames: what an archive is is told by the names in it, not by bytes that look like one.
func TestArchiveByNames(t *testing.T) {
	in := zipLayerFiles(makeGrids(t, nil, 2), "x")
	in = append(in, zipped{"notes" + stored, []byte("xl/workbook.xml [Content_Types].xml doc.kml opendocument.spreadsheet")})
	if got := readText(t, string(makeZIP(t, in...)), Options{Kind: safety.Grids}); got.err != nil || len(got.records) != 2 || got.file.Format != "Shapefile" {
		t.Error(got.err)
	}
}

// TestLayersInArchive picks one of several Shapefiles.
func TestLayersInArchive(t *testing.T) {
	gbk := simplifiedchinese.GBK
	in := append(zipLayerFiles(makeGrids(t, nil, 1), "一级/网格"), zipLayerFiles(makeGrids(t, gbk, 2), "二级/网格")...)
	text := string(makeZIP(t, append(in, zipLayerFiles(makeGrids(t, nil, 3), "街道")...)...))
	for layer, want := range map[string]int{"街道": 3, "一级/网格": 1, "二级/网格": 2} {
		if got := readText(t, text, Options{Kind: safety.Grids, Layer: layer}); len(got.records) != want {
			t.Errorf("%s: %v %v", layer, got.records, got.err)
		}
	}
	for layer, want := range map[string]string{
		"": "there are 3 layers, say --layer (one of 一级/网格, 二级/网格, 街道)", "网格": "several layers are named", "x": `no layer "x" (there are: 一级/网格, 二级/网格, 街道)`,
	} {
		if got := readText(t, text, Options{Kind: safety.Grids, Layer: layer}); got.err == nil || !strings.Contains(got.err.Error(), want) || !errors.Is(got.err, safety.ErrInvalid) {
			t.Errorf("%s: %v", layer, got.err)
		}
	}
}

// TestOtherArchives reads the one file of another format in an archive.
func TestOtherArchives(t *testing.T) {
	csv, _ := simplifiedchinese.GBK.NewEncoder().Bytes([]byte("id,名称\na,瑞安\n"))
	table := makeDBF(0, []dbfColumn{{"id", 'C', 1}, {"name", 'C', 6}}, []string{"a", "瑞安"})
	for name, c := range map[string]struct {
		in     []zipped
		layer  string
		format string
	}{
		"CSV":         {[]zipped{{"a/b.csv", csv}, {"b.xml", []byte("x")}}, "", "CSV"},
		"one of two":  {[]zipped{{"b.csv", csv}, {"readme.txt", []byte("x")}}, "b.csv", "CSV"},
		"GeoJSON":     {[]zipped{{"b.geojson", []byte(collection(`{"type":"Feature","id":"a","properties":{"name":"瑞安"}}`))}}, "", "GeoJSON"},
		"dBase":       {[]zipped{{"b.dbf", table}, {"b.cpg", []byte("UTF-8")}, {"readme.txt", nil}}, "b", "dBase"},
		"lone dBase":  {[]zipped{{"b.dbf", table}}, "", "dBase"},
		"shp as .bin": {[]zipped{{"b.csv", csv}}, "anything", "CSV"},
	} {
		got := readText(t, string(makeZIP(t, c.in...)), Options{Kind: safety.Enterprises, Layer: c.layer})
		if got.err != nil || len(got.records) != 1 || got.file.Format != c.format || value(t, safety.Enterprises, got.records[0], "name") != "瑞安" {
			t.Errorf("%s: %v %v", name, got.err, got.records)
			continue
		}
		for text, err := range got.file.Originals(slices.Values([]int64{1})) {
			if err != nil || !strings.Contains(text, "瑞安") {
				t.Errorf("%s: %s %v", name, text, err)
			}
		}
	}
}

// TestBadArchives holds what ends a file, in one line.
func TestBadArchives(t *testing.T) {
	files := makeGrids(t, nil, 2)
	good := makeZIP(t, zipLayerFiles(files, "x")...)
	central := bytes.Index(good, []byte("PK\x01\x02"))
	patch := func(at int, with string) string { return string(good[:at]) + with + string(good[at+len(with):]) }
	without := func(ending string) string {
		part := map[string][]byte{"shp": files["shp"], "shx": files["shx"], "dbf": files["dbf"]}
		delete(part, ending)
		return string(makeZIP(t, zipLayerFiles(part, "x")...))
	}
	edited := editedInPlace(makeGrids(t, nil, 3))
	for name, c := range map[string]struct{ in, want string }{
		"nothing in it":       {string(makeZIP(t, zipped{"__MACOSX/x.shp", nil}, zipped{"a.prj", nil})), "nothing to read in the ZIP archive (it holds: a.prj)"},
		"several files":       {string(makeZIP(t, zipped{"a.csv", nil}, zipped{"b.csv", nil})), "say --layer (one of a.csv, b.csv)"},
		"an archive":          {string(makeZIP(t, zipped{"a.zip", good})), "a.zip: invalid: an archive in an archive"},
		"an empty file":       {string(makeZIP(t, zipped{"a.csv", nil})), "the file is empty"},
		"no .dbf":             {without("dbf"), "want x.dbf beside it"},
		"encrypted":           {patch(central+8, "\x01"), "x.dbf in the archive is encrypted"},
		"method":              {patch(central+10, "\x09"), "packed by method 9"},
		"wrong checksum":      {patch(central+16, "\x00\x00\x00\x01"), "x.dbf in the archive is damaged: zip: checksum error"},
		"too large":           {patch(central+24, "\xff\xff\xff\xf0"), "a ZIP bomb?"},
		"longer than it says": {patch(central+24, "\x64\x00\x00\x00"), "x.dbf in the archive is damaged"},
		"out of order":        {string(makeZIP(t, zipLayerFiles(edited, "x")...)), "record 3: invalid: the shapes of the .shp are not in the order of the records"},
	} {
		got := readText(t, c.in, Options{Kind: safety.Grids})
		if got.err == nil || !strings.Contains(got.err.Error(), c.want) || !errors.Is(got.err, safety.ErrInvalid) || strings.Contains(got.err.Error(), "\n") {
			t.Errorf("%s: error %v, want %q", name, got.err, c.want)
		}
	}
}

// TestArchiveCut cuts an archive at every byte, and spoils every byte: an error or the same records, and never a panic.
func TestArchiveCut(t *testing.T) {
	whole := makeZIP(t, zipLayerFiles(makeGrids(t, nil, 1), "x")...)
	path := filepath.Join(t.TempDir(), "in")
	for n := range whole {
		spoiled := bytes.Clone(whole)
		spoiled[n] ^= 0x55
		for _, b := range [][]byte{whole[:n], spoiled} {
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
			got := readPath(t, path, Options{Kind: safety.Grids})
			if len(b) == n && got.err == nil {
				t.Fatalf("cut at %d of %d: taken", n, len(whole))
			}
		}
	}
}

// TestZIPBomb: what unpacks to gigabytes of blanks is refused, and what unpacks to less takes no memory.
func TestZIPBomb(t *testing.T) {
	files := makeGrids(t, nil, 1)
	files["dbf"] = append(files["dbf"][:len(files["dbf"])-1], bytes.Repeat([]byte{'*'}, 64<<20)...)
	binary.LittleEndian.PutUint32(files["dbf"][4:], uint32(64<<20)/65)
	in := makeZIP(t, zipLayerFiles(files, "x")...)
	path := filepath.Join(t.TempDir(), "in")
	if err := os.WriteFile(path, in, 0o600); err != nil {
		t.Fatal(err)
	}
	files = nil
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got := readPath(t, path, Options{Kind: safety.Grids})
	runtime.ReadMemStats(&after)
	if got.err == nil || after.TotalAlloc-before.TotalAlloc > 16<<20 {
		t.Errorf("%v, %d bytes", got.err, after.TotalAlloc-before.TotalAlloc)
	}
}

// TestLongDirectory refuses an archive whose list of files would take too much memory, whatever it says it is.
func TestLongDirectory(t *testing.T) {
	for _, first := range []string{"0", "doc.kml", "xl/workbook.xml"} {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		for i := range 300 {
			name := fmt.Sprint(i)
			if i == 0 {
				name = first
			}
			if _, err := w.CreateHeader(&zip.FileHeader{Name: name, Comment: strings.Repeat("x", 65000)}); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		got := readText(t, b.String(), Options{Kind: safety.Grids})
		if got.err == nil || !strings.Contains(got.err.Error(), "longer than 16 MB") {
			t.Errorf("%s: %v", first, got.err)
		}
	}
}

// TestArchiveOfGDAL reads .shp.zip and .shz as ogr2ogr makes them.
func TestArchiveOfGDAL(t *testing.T) {
	dir := t.TempDir()
	in := filepath.Join(dir, "in.geojson")
	if err := os.WriteFile(in, []byte(collection(feature(square, `{"code":"a","level":1,"name":"瑞安"}`))), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, ending := range []string{"shz", "shp.zip"} {
		path := filepath.Join(dir, "made."+ending)
		ogr2ogr(t, "-f", "ESRI Shapefile", path, in, "-lco", "ENCODING=UTF-8", "-nln", "grids")
		got := readPath(t, path, Options{Kind: safety.Grids, Frame: "wgs84", Layer: "grids"})
		if got.err != nil || len(got.records) != 1 || value(t, safety.Grids, got.records[0], "name") != "瑞安" {
			t.Errorf("%s: %v %v", ending, got.err, got.records)
		}
	}
}
