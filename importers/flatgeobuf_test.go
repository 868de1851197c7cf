package importers

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paulmach/orb"

	"hazgrid/safety"
)

// smallFGB is testdata/small.fgb: two grids, a polygon with a hole and a multipolygon, columns of seven types and an
// index. ogr2ogr made it of an invented GeoJSON file.
func smallFGB(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "small.fgb"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestFlatGeobuf(t *testing.T) {
	got := readPath(t, filepath.Join("testdata", "small.fgb"), Options{Kind: safety.Grids})
	if got.err != nil || len(got.records) != 2 || len(got.rejects) != 0 {
		t.Fatalf("%+v %v", got, got.rejects)
	}
	for i, want := range []struct {
		code, name any
		rings      []int
	}{{"330381001", "塘下", []int{2}}, {"330381002", nil, []int{1, 1}}} {
		mp, ok := got.records[i].Geometry.(orb.MultiPolygon)
		if !ok || len(mp) != len(want.rings) || len(mp[0]) != want.rings[0] {
			t.Errorf("record %d: %v", i+1, got.records[i].Geometry)
		}
		if code, name := value(t, safety.Grids, got.records[i], "code"), value(t, safety.Grids, got.records[i], "name"); code != want.code || name != want.name {
			t.Errorf("record %d: %v %v, want %v", i+1, code, name, want)
		}
	}
	if from := value(t, safety.Grids, got.records[0], "valid_from"); from != at(t, "2014-01-01") {
		t.Errorf("valid_from %v", from)
	}
	if w := got.file.Warnings(); len(w) != 1 || w[0].Code != "binary_column" || w[0].Count != 1 {
		t.Errorf("warnings %v", w)
	}
}

func TestFlatGeobufCut(t *testing.T) {
	cutEverywhere(t, smallFGB(t), Options{Kind: safety.Grids})
}

// TestFlatGeobufClaims holds that nothing is made of what a file only claims: 2 GB in a few bytes.
func TestFlatGeobufClaims(t *testing.T) {
	head := []byte(fgbMagic + "\x00")
	whole := smallFGB(t)
	for name, c := range map[string]struct {
		in   []byte
		want string
	}{
		"header of 2 GB":  {append(bytes.Clone(head), 0xff, 0xff, 0xff, 0x7f, 1, 2), "cut off: 2 bytes are left of a header"},
		"empty header":    {append(bytes.Clone(head), 0, 0, 0, 0), "the header of the FlatGeobuf is damaged"},
		"header outside":  {append(bytes.Clone(head), 4, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f), "the header of the FlatGeobuf is damaged"},
		"header is zeros": {append(append(bytes.Clone(head), 64, 0, 0, 0), make([]byte, 64)...), "the header of the FlatGeobuf is damaged"},
		"version 2":       {[]byte("fgb\x02fgb\x00"), "another version than 3"},
		"feature of 2 GB": {bytes.Replace(whole, whole[lastFeature(whole):][:4], []byte{0xff, 0xff, 0xff, 0x7f}, 1), "are left of a feature"},
	} {
		t.Run(name, func(t *testing.T) {
			got := readText(t, string(c.in), Options{Kind: safety.Grids})
			if got.err == nil || !strings.Contains(got.err.Error(), c.want) {
				t.Errorf("error %v, want %q", got.err, c.want)
			}
		})
	}
}

// lastFeature is where the last feature of a file begins: its size leads to the end.
func lastFeature(b []byte) int {
	for i := len(b) - 4; i >= 0; i-- {
		if i+4+int(binary.LittleEndian.Uint32(b[i:])) == len(b) {
			return i
		}
	}
	return -1
}

// TestFlatGeobufDamage changes every byte of a feature: it is read or rejected, and the one before it is read.
func TestFlatGeobufDamage(t *testing.T) {
	whole := smallFGB(t)
	for i := lastFeature(whole) + 4; i < len(whole); i++ {
		for _, x := range []byte{0xff, 0x80, 0x01} {
			b := bytes.Clone(whole)
			b[i] ^= x
			if err := drain(t, b, safety.Grids); err != nil {
				t.Fatalf("byte %d: %v", i, err)
			}
		}
	}
}

func TestFlatGeobufValues(t *testing.T) {
	le := binary.LittleEndian
	for _, c := range []struct {
		kind uint8
		b    []byte
		want string
	}{
		{fgbByte, []byte{0xff}, "-1"},
		{fgbUByte, []byte{0xff}, "255"},
		{fgbBool, []byte{1}, "true"},
		{fgbBool, []byte{0}, "false"},
		{fgbShort, le.AppendUint16(nil, 0x8000), "-32768"},
		{fgbUShort, le.AppendUint16(nil, 0x8000), "32768"},
		{fgbInt, le.AppendUint32(nil, 1<<31), "-2147483648"},
		{fgbUInt, le.AppendUint32(nil, 1<<31), "2147483648"},
		{fgbLong, le.AppendUint64(nil, 1<<63), "-9223372036854775808"},
		{fgbULong, le.AppendUint64(nil, 1<<63), "9223372036854775808"},
		{fgbFloat, le.AppendUint32(nil, math.Float32bits(0.1)), "0.1"},
		{fgbDouble, le.AppendUint64(nil, math.Float64bits(3303810012345)), "3303810012345"},
		{fgbDouble, le.AppendUint64(nil, math.Float64bits(1e300)), "1e+300"},
		{fgbString, []byte("\x03\x00\x00\x00\xe5\xa1\x98"), "塘"},
		{fgbJSON, []byte("\x02\x00\x00\x00{}"), "{}"},
		{fgbDateTime, []byte("\x14\x00\x00\x002014-11-03T10:00:00Z"), "2014-11-03T10:00:00Z"},
		{fgbDateTime, []byte("\x13\x00\x00\x002014-11-03T00:00:00"), "2014-11-03"},
		{fgbBinary, []byte("\x02\x00\x00\x00ab"), ""},
	} {
		got, rest, ok := fgbValue(append(c.b, 7), c.kind)
		if !ok || got != c.want || len(rest) != 1 {
			t.Errorf("type %d: %q, %d bytes left, %v; want %q and one", c.kind, got, len(rest), ok, c.want)
		}
		if _, _, ok := fgbValue(c.b[:len(c.b)-1], c.kind); ok {
			t.Errorf("type %d: taken though it is cut off", c.kind)
		}
	}
}

func FuzzFlatGeobuf(f *testing.F) {
	f.Add(smallFGB(f))
	f.Fuzz(func(t *testing.T, b []byte) {
		if !bytes.HasPrefix(b, []byte(fgbMagic)) {
			b = append([]byte(fgbMagic+"\x00"), b...)
		}
		_ = drain(t, b, safety.Grids)
		_ = drain(t, b, safety.Enterprises)
	})
}
