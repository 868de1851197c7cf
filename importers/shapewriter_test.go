package importers

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paulmach/orb"
	"golang.org/x/text/encoding"
)

// A dbfColumn is a column of a table that a test makes.
type dbfColumn struct {
	name  string // as bytes; cut to what fits
	kind  byte
	width int
}

// makeDBF writes a dBase III table. Values are bytes; a row that begins with "*" is a deleted one.
func makeDBF(driver byte, columns []dbfColumn, rows ...[]string) []byte {
	width := 1
	for _, c := range columns {
		width += c.width
	}
	b := append([]byte{3, 126, 11, 23}, make([]byte, 28)...)
	binary.LittleEndian.PutUint32(b[4:], uint32(len(rows)))
	binary.LittleEndian.PutUint16(b[8:], uint16(33+32*len(columns)))
	binary.LittleEndian.PutUint16(b[10:], uint16(width))
	b[29] = driver
	for _, c := range columns {
		f := make([]byte, 32)
		copy(f[:10], c.name)
		f[11], f[16] = c.kind, byte(c.width)
		b = append(b, f...)
	}
	b = append(b, '\r')
	for _, row := range rows {
		mark := byte(' ')
		if len(row) > 0 && row[0] == "*" {
			mark, row = '*', row[1:]
		}
		b = append(b, mark)
		for i, v := range row {
			b = append(b, v[:min(len(v), columns[i].width)]...)
			b = append(b, strings.Repeat(" ", max(0, columns[i].width-len(v)))...)
		}
	}
	return append(b, 0x1a)
}

// A shpPiece is one record of a .shp.
type shpPiece []byte

func shpPoint(p orb.Point) shpPiece { return appendFloats(shpInts(1), p[0], p[1]) }

func shpMulti(points ...orb.Point) shpPiece {
	b := append(appendFloats(shpInts(8), 0, 0, 0, 0), shpInts(len(points))...)
	for _, p := range points {
		b = appendFloats(b, p[0], p[1])
	}
	return b
}

func shpParts(kind int, parts ...[]orb.Point) shpPiece {
	b := appendFloats(shpInts(kind), 0, 0, 0, 0)
	total := 0
	var starts, points []byte
	for _, part := range parts {
		starts = append(starts, shpInts(total)...)
		total += len(part)
		for _, p := range part {
			points = appendFloats(points, p[0], p[1])
		}
	}
	b = append(b, shpInts(len(parts), total)...)
	return append(append(b, starts...), points...)
}

func shpPolygon(rings ...[]orb.Point) shpPiece { return shpParts(5, rings...) }

func shpInts(ns ...int) (b []byte) {
	for _, n := range ns {
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	return b
}

func appendFloats(b []byte, vs ...float64) []byte {
	out, err := binary.Append(b, binary.LittleEndian, vs)
	if err != nil {
		panic(err)
	}
	return out
}

// box is a clockwise square ring, ESRI's way of a shell; reversed it is a hole.
func box(x, y, size float64) []orb.Point {
	return []orb.Point{{x, y}, {x, y + size}, {x + size, y + size}, {x + size, y}, {x, y}}
}

func reversed(ring []orb.Point) []orb.Point {
	r := orb.Ring(ring).Clone()
	r.Reverse()
	return r
}

// makeSHP writes a .shp and its .shx.
func makeSHP(shapes ...shpPiece) (shp, shx []byte) {
	header := make([]byte, 100)
	copy(header, shpMagic)
	copy(header[28:], shpInts(1000, 5))
	shp, shx = bytes.Clone(header), bytes.Clone(header)
	for i, s := range shapes {
		shx = binary.BigEndian.AppendUint32(shx, uint32(len(shp)/2))
		shx = binary.BigEndian.AppendUint32(shx, uint32(len(s)/2))
		shp = binary.BigEndian.AppendUint32(shp, uint32(i+1))
		shp = binary.BigEndian.AppendUint32(shp, uint32(len(s)/2))
		shp = append(shp, s...)
	}
	binary.BigEndian.PutUint32(shp[24:], uint32(len(shp)/2))
	binary.BigEndian.PutUint32(shx[24:], uint32(len(shx)/2))
	return shp, shx
}

// makeGrids writes a layer of n squares in a row, in an encoding.
func makeGrids(t testing.TB, enc encoding.Encoding, n int) map[string][]byte {
	t.Helper()
	var rows [][]string
	var shapes []shpPiece
	for i := range n {
		rows = append(rows, []string{fmt.Sprintf("G%03d", i+1), encoded(t, enc, fmt.Sprintf("虚构第%d网格", i+1)), "3"})
		shapes = append(shapes, shpPolygon(box(120+float64(i)/100, 27, 0.01)))
	}
	shp, shx := makeSHP(shapes...)
	return map[string][]byte{"shp": shp, "shx": shx, "dbf": makeDBF(0, gridFields(t, enc), rows...)}
}

func gridFields(t testing.TB, enc encoding.Encoding) []dbfColumn {
	t.Helper()
	return []dbfColumn{{encoded(t, enc, "网格编码"), 'C', 20}, {encoded(t, enc, "网格名称"), 'C', 40}, {encoded(t, enc, "级别"), 'N', 4}}
}

// encoded returns the bytes of a text; a nil encoding is UTF-8.
func encoded(t testing.TB, enc encoding.Encoding, s string) string {
	t.Helper()
	if enc == nil {
		return s
	}
	b, err := enc.NewEncoder().String(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// saveLayer writes the files of a layer into a new folder and returns the path of the one with an ending.
func saveLayer(t testing.TB, files map[string][]byte, name, ending string) string {
	t.Helper()
	dir := t.TempDir()
	for e, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name+"."+e), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, name+"."+ending)
}

// memoryLayer is a layer whose files are in memory.
func memoryLayer(files map[string][]byte) layer {
	return layer{name: "memory", open: func(ending string) (member, bool, error) {
		b, ok := files[strings.ToLower(ending)]
		return member{bytes.NewReader(b), bytes.NewReader(b), int64(len(b)), func() error { return nil }}, ok, nil
	}}
}
