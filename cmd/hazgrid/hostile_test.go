package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	bin "encoding/binary"
	"fmt"
	"hash/crc32"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
)

// A hostile is input that means no good: what is imported is the first file.
type hostile struct {
	kind  string
	files []namedFile
	code  int
	says  []string // in the one line on stderr
}

type namedFile struct {
	name string
	text string
}

// measured is a command of the tests: it runs a program, and writes what that took at most of memory, in kB, and of CPU time into
// the file that is named first. It is small, because the kernel counts into the peak of a child what its parent had.
func measured() {
	cmd := exec.Command(os.Args[2], os.Args[3:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	_ = cmd.Run() // its status says it
	used, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		os.Exit(99)
	}
	text := fmt.Sprintln(used.Maxrss, int64(cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime()))
	if err := os.WriteFile(os.Args[1], []byte(text), 0o600); err != nil {
		os.Exit(99)
	}
	os.Exit(cmd.ProcessState.ExitCode())
}

// Bad input is one clear line and the contract's exit status, within 512 MB and 20 seconds of CPU time.
func TestHostileInput(t *testing.T) {
	t.Parallel() // these wait for other processes
	program(t)
	cases := hostileInputs(t)
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		t.Run(name, func(t *testing.T) { cases[name].check(t) })
	}
}

// check imports the input and looks at what is said, what is written and what it took.
func (h hostile) check(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "a", "b", "c") // where paths may climb from
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, f := range h.files {
		if err := os.WriteFile(filepath.Join(dir, f.name), []byte(f.text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var errs bytes.Buffer
	taken := filepath.Join(t.TempDir(), "taken")
	cmd := exec.CommandContext(ctx, "measured", taken, program(t), "import", h.kind, "--db", filepath.Join(root, "x.gpkg"), filepath.Join(dir, h.files[0].name))
	cmd.Dir, cmd.Stderr = dir, &errs
	err := cmd.Run()
	said := strings.TrimSpace(errs.String())
	if cmd.ProcessState.ExitCode() != h.code {
		t.Errorf("exit status %d (%v), want %d: %s", cmd.ProcessState.ExitCode(), err, h.code, clipped(said))
	}
	if lines := strings.Count(said, "\n") + 1; (said != "") != (len(h.says) > 0) || lines > 1 || len(said) > 600 {
		t.Errorf("%d bytes in %d lines are said: %s", len(said), lines, clipped(said))
	}
	for _, want := range h.says {
		if !strings.Contains(said, want) {
			t.Errorf("nothing says %q: %s", want, clipped(said))
		}
	}
	var kB int
	var cpu time.Duration
	if text, err := os.ReadFile(taken); err != nil {
		t.Error(err)
	} else if _, err := fmt.Sscan(string(text), &kB, &cpu); err != nil || kB > 512<<10 || cpu > 20*time.Second {
		t.Errorf("it took %d MB and %v (%v), want at most 512 MB and 20 s", kB>>10, cpu, err)
	}
	t.Logf("%d MB, %v: %s", kB>>10, cpu.Round(time.Millisecond), clipped(said))
	h.nothingElse(t, root)
}

// nothingElse wants no file in root but the input and the store.
func (h hostile) nothingElse(t *testing.T, root string) {
	t.Helper()
	var found []string
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !strings.HasPrefix(d.Name(), "x.gpkg") {
			found = append(found, d.Name())
		}
		return err
	})
	if err != nil || len(found) != len(h.files) {
		t.Errorf("files are there that were not: %v, %v", found, err)
	}
}

func clipped(s string) string { return s[:min(len(s), 1000)] }

// hostileInputs makes the input of each case.
func hostileInputs(t *testing.T) map[string]hostile {
	t.Helper()
	one := func(kind, name, text string, code int, says ...string) hostile {
		return hostile{kind, []namedFile{{name, text}}, code, append(says, name)}
	}
	const gridsCSV = "code,level,wkt\na,1,\"POLYGON((0 0,1 0,1 1,0 0))\"\n"
	shp, dbf := hostileShapefile()
	shape := func(shp, dbf, prj string, code int, says ...string) hostile {
		return hostile{"grids", []namedFile{{"g.shp", shp}, {"g.dbf", dbf}, {"g.prj", prj}}, code, says}
	}
	return map[string]hostile{
		"bomb, honest":            one("grids", "b.zip", bomb(t, "g.csv", 3<<30, 3<<30), 1, "g.csv", "ZIP bomb"),
		"bomb, said to be small":  one("grids", "b.zip", bomb(t, "g.csv", 3<<30, 100), 1, "g.csv", "damaged"),
		"bomb, under the bound":   one("grids", "b.zip", bomb(t, "g.csv", 200<<20, 200<<20), 1),
		"bomb, workbook":          one("enterprises", "b.xlsx", bomb(t, "xl/workbook.xml", 3<<30, 3<<30), 1, "xl/workbook.xml"),
		"bomb, KMZ":               one("grids", "b.kmz", bomb(t, "doc.kml", 3<<30, 3<<30), 1, "doc.kml"),
		"bomb, entities":          one("grids", "b.kml", laughs, 1),
		"archive in an archive":   one("grids", "b.zip", zipped(t, "../a.zip", zipped(t, "a.csv", gridsCSV)), 1, "unpack it first"),
		"climbing path":           {"grids", []namedFile{{"b.zip", zipped(t, "../../../climbed.csv", gridsCSV)}}, 0, nil},
		"absolute path":           {"grids", []namedFile{{"b.zip", zipped(t, "/climbed.csv", gridsCSV)}}, 0, nil},
		"broken archive":          one("grids", "b.zip", zipped(t, "g.csv", gridsCSV)[:60], 1, "broken or cut off"),
		"2 GB shape":              shape(patched(shp, 104, "\x3f\xff\xff\xff"), dbf, "", 1, "g.shp"),
		"2 GB points":             shape(patched(shp, 108+36, "\xff\xff\xff\x07", "\xff\xff\xff\x07"), dbf, "", 3, "record 1", "geometry"),
		"2 GB of rows":            one("enterprises", "t.dbf", patched(dbf, 4, "\xff\xff\xff\x7f"), 1),
		"2 GB of header":          one("grids", "g.fgb", "fgb\x03fgb\x00"+"\xff\xff\xff\x7f"+strings.Repeat("\x01", 88), 1),
		"2 GB workbook":           one("enterprises", "w.xls", circularXLS(0x7fffffff), 1),
		"circular sectors":        one("enterprises", "w.xls", circularXLS(0), 1),
		"HTML as .prj":            shape(shp, dbf, "<!DOCTYPE html>\n<html><head><title>Not found</title></head></html>\n", 2, "g.shp", "HTML"),
		"binary .prj":             shape(shp, dbf, strings.Repeat("\x00\xff", 500), 2, "g.shp", "not WKT"),
		"no .dbf":                 {"grids", []namedFile{{"g.shp", shp}}, 1, []string{"g.dbf"}},
		"encrypted workbook":      one("enterprises", "w.xlsx", encryptedWorkbook(t), 1, "encrypted"),
		"deep array":              one("grids", "g.geojson", strings.Repeat("[", 5_000_000), 1),
		"deep objects":            one("grids", "g.geojson", strings.Repeat(`{"type":`, 2_000_000), 1),
		"deep property":           one("grids", "g.geojson", collection(feature(`{"code":"a","level":1,"x":`+strings.Repeat("[", 200_000)+strings.Repeat("]", 200_000)+`}`, square)), 1, "feature 1", "too deep"),
		"deep coordinates":        one("grids", "g.geojson", collection(feature(`{"code":"a","level":1}`, `{"type":"Polygon","coordinates":`+strings.Repeat("[", 200)+strings.Repeat("]", 200)+`}`)), 3, "record 1", "too deep"),
		"deep collection":         one("grids", "g.geojson", collection(feature(`{"code":"a","level":1}`, strings.Repeat(`{"type":"GeometryCollection","geometries":[`, 50_000)+square+strings.Repeat("]}", 50_000))), 1),
		"deep topology":           one("grids", "t.json", `{"type":"Topology","arcs":[],"objects":{"a":`+strings.Repeat(`{"type":"GeometryCollection","geometries":[`, 100_000)+strings.Repeat("]}", 100_000)+"}}", 1),
		"deep WKT":                one("grids", "g.csv", "code,level,wkt\na,1,\""+strings.Repeat("GEOMETRYCOLLECTION(", 50_000)+"POINT(1 1)"+strings.Repeat(")", 50_000)+"\"\n", 3, "record 1", "geometry"),
		"deep folders":            one("grids", "g.kml", "<kml>"+strings.Repeat("<Folder>", 1_000_000), 1),
		"1e308 in CSV":            one("enterprises", "e.csv", "id,lon,lat\na,1e308,-1e308\n", 3, "record 1: a: "),
		"1e308 in a polygon":      one("grids", "g.geojson", collection(feature(`{"code":"a","level":1}`, `{"type":"Polygon","coordinates":[[[0,0],[1e308,0],[1e308,1e308],[0,0]]]}`)), 3, "record 1: a: geometry"),
		"1e999 in a polygon":      one("grids", "g.geojson", collection(feature(`{"code":"a","level":1}`, `{"type":"Polygon","coordinates":[[[0,0],[1e999,0],[1,-1e999],[0,0]]]}`)), 3, "record 1: a: geometry"),
		"1e308 in KML":            one("lines", "l.kml", "<kml><Placemark id='a'><LineString><coordinates>1e308,1 2,2</coordinates></LineString></Placemark></kml>", 3, "record 1", "geometry"),
		"1e308 in WKT":            one("lines", "l.csv", "id,wkt\na,\"LINESTRING(1e308 1,2 2)\"\n", 3, "record 1: a: geometry"),
		"a gigantic line of text": one("enterprises", "e.csv", "id,name,lon,lat\na,\""+strings.Repeat("x", 30<<20)+"\",1,1\n", 3, "record 1: a: name"),
		"a gigantic polygon":      {"grids", []namedFile{{"g.geojson", collection(feature(`{"code":"a","level":1}`, `{"type":"Polygon","coordinates":[`+gigantic(200_000)+`]}`))}}, 0, nil},
		"a gigantic line":         {"lines", []namedFile{{"l.geojson", collection(feature(`{"id":"a"}`, `{"type":"LineString","coordinates":`+gigantic(1_000_000)+`}`))}}, 0, nil},
		"a quote never closed":    one("enterprises", "e.csv", "id,name,lon,lat\na,\""+strings.Repeat("x\n", 32<<20), 1, "never closed"),
		"wide table":              {"enterprises", []namedFile{{"e.csv", "id,lon,lat" + strings.Repeat(",x", 2_000_000) + "\na,1,1\n"}}, 0, []string{"short_row"}},
	}
}

// bomb is an archive with one file of so many blanks, said to be of another size.
func bomb(t *testing.T, name string, size, said int64) string {
	t.Helper()
	const block = 1 << 20
	blanks := bytes.Repeat([]byte{' '}, block)
	var packed, out bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestCompression)
	if err == nil {
		_, err = w.Write(blanks)
	}
	if err == nil {
		err = w.Flush() // what follows does not look back
	}
	if err != nil {
		t.Fatal(err)
	}
	sum := uint32(0)
	for n := int64(0); n < size; n += block {
		sum = crc32.Update(sum, crc32.IEEETable, blanks)
	}
	body := append(bytes.Repeat(packed.Bytes(), int(size/block)), 1, 0, 0, 0xff, 0xff) // a last block with nothing in it
	z := zip.NewWriter(&out)
	f, err := z.CreateRaw(&zip.FileHeader{Name: name, Method: zip.Deflate, CRC32: sum, CompressedSize64: uint64(len(body)), UncompressedSize64: uint64(said)})
	if err == nil {
		_, err = f.Write(body)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// zipped is an archive of one file.
func zipped(t *testing.T, name, text string) string {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	f, err := z.Create(name)
	if err == nil {
		_, err = f.Write([]byte(text))
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// laughs is a document whose entities would be a text of gigabytes.
const laughs = `<?xml version="1.0"?><!DOCTYPE kml [<!ENTITY a "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">` +
	`<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;"><!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;">]>` +
	`<kml><Placemark id="a"><name>&e;</name><Polygon><outerBoundaryIs><LinearRing><coordinates>0,0 1,0 1,1 0,0</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark></kml>`

// hostileShapefile is a sound Shapefile of one square, for tests to spoil.
func hostileShapefile() (shp, dbf string) {
	little, big := bin.LittleEndian, bin.BigEndian
	shape := little.AppendUint32(nil, 5)
	shape, _ = bin.Append(shape, little, []float64{0, 0, 1, 1}) // numbers have a binary form
	for _, n := range []uint32{1, 5, 0} {
		shape = little.AppendUint32(shape, n)
	}
	shape, _ = bin.Append(shape, little, []float64{0, 0, 0, 1, 1, 1, 1, 0, 0, 0})
	head := big.AppendUint32(nil, 9994)
	head = append(head, make([]byte, 20)...)
	head = big.AppendUint32(head, uint32(100+8+len(shape))/2)
	head = little.AppendUint32(little.AppendUint32(head, 1000), 5)
	head = append(head, make([]byte, 64)...)
	head = big.AppendUint32(big.AppendUint32(head, 1), uint32(len(shape))/2)
	table := []byte{3, 126, 11, 23, 1, 0, 0, 0, 97, 0, 6, 0}
	table = append(table, make([]byte, 20)...)
	for _, c := range []string{"code\x00\x00\x00\x00\x00\x00\x00C\x00\x00\x00\x00\x03", "level\x00\x00\x00\x00\x00\x00N\x00\x00\x00\x00\x02"} {
		table = append(append(table, c...), make([]byte, 32-len(c))...)
	}
	return string(append(head, shape...)), string(table) + "\r" + " a   1" + "\x1a"
}

// gigantic is a closed line of so many vertices, as GeoJSON has its coordinates.
func gigantic(n int) string {
	b := []byte("[")
	for i := range n {
		a := 2 * math.Pi * float64(i) / float64(n)
		b = fmt.Appendf(b, "[%.10f,%.10f],", 10*math.Cos(a), 10*math.Sin(a))
	}
	return string(append(b, "[10,0]]"...))
}

// patched is a text with others over it from a place on.
func patched(text string, at int, with ...string) string {
	all := strings.Join(with, "")
	return text[:at] + all + text[at+len(all):]
}

// circularXLS is a compound file whose chains of sectors lead back to themselves, and that says it has so many sectors of tables.
func circularXLS(tables uint32) string {
	b := make([]byte, 2048)
	little := bin.LittleEndian
	copy(b, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
	for i, v := range []uint16{0x3e, 3, 0xfffe, 9, 6} {
		little.PutUint16(b[24+2*i:], v)
	}
	little.PutUint32(b[44:], max(tables, 1))
	little.PutUint32(b[48:], 1)              // the directory begins in sector 1
	little.PutUint32(b[56:], 4096)           // smaller streams are in the small sectors
	little.PutUint32(b[60:], 1)              // whose table is in sector 1, too
	little.PutUint32(b[64:], max(tables, 1)) //
	little.PutUint32(b[68:], 2)              // more of the table's sectors are listed in sector 2
	little.PutUint32(b[72:], max(tables, 1))
	for at := 512; at < len(b); at += 4 {
		little.PutUint32(b[at:], 1) // every sector is followed by sector 1
	}
	return string(b)
}

// encryptedWorkbook is a workbook with a password.
func encryptedWorkbook(t *testing.T) string {
	t.Helper()
	f := excelize.NewFile()
	var out bytes.Buffer
	if err := f.Write(&out, excelize.Options{Password: "x"}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// A store that is cut off or has a byte changed, here and there, is read or refused in one line; nothing panics.
func TestDamagedStore(t *testing.T) {
	whole := filepath.Join(t.TempDir(), "x.gpkg")
	must(t, "import", "grids", "--db", whole, write(t, "g.geojson", liveGrids))
	must(t, "import", "hazards", "--db", whole, hazardFile(t, 200, false))
	b, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	damaged := filepath.Join(t.TempDir(), "damaged.gpkg")
	refused := 0
	for n := 0; n < len(b); n += 5003 {
		spoiled := bytes.Clone(b)
		spoiled[n] ^= 0xa5
		for _, text := range [][]byte{b[:n], spoiled} {
			for _, ending := range []string{"-wal", "-shm"} {
				_ = os.Remove(damaged + ending) // of the one before
			}
			if err := os.WriteFile(damaged, text, 0o600); err != nil {
				t.Fatal(err)
			}
			_, errs, code := hazgrid(t, "tally", "--db", damaged, "--level", "1", "--format", "csv")
			if code != 0 {
				refused++
			}
			if said := strings.TrimSpace(errs); (code != 0) != (said != "") || strings.Contains(said, "\n") {
				t.Errorf("byte %d of %d, cut: %v: exit status %d, %q", n, len(b), len(text) == n, code, said)
			}
		}
	}
	t.Logf("%d bytes, %d refused", len(b), refused)
}
