package export

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"math"
	"os"
	"strings"

	"github.com/paulmach/orb"

	"hazgrid/safety"
)

// Types of shape (ESRI Shapefile Technical Description, July 1998).
const (
	nullShape    = 0
	pointShape   = 1
	lineShape    = 3
	polygonShape = 5
)

// wgs84PRJ is EPSG:4326 in the words of ESRI.
const wgs84PRJ = `GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],` +
	`PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]`

// ShapefileParts are the endings of the files that a Shapefile is made of, the one that is named last.
func ShapefileParts() []string { return []string{".shx", ".dbf", ".cpg", ".prj", ".shp"} }

// shapefile writes the parts of a Shapefile; path is that of the .shp. Texts are GB18030, times text.
func (l *Layer) shapefile(path string) (err error) {
	as, records, stop, err := l.open()
	if err != nil {
		return err
	}
	defer stop()
	stem := strings.TrimSuffix(path, ".shp")
	table, err := newDBF(l, as, stem+".dbf")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, table.close()) }()
	if err := l.shapes(stem, table, records); err != nil {
		return err
	}
	if err := table.finish(stem + ".dbf"); err != nil {
		return err
	}
	return errors.Join(os.WriteFile(stem+".cpg", []byte("GB18030\n"), 0o666), os.WriteFile(stem+".prj", []byte(wgs84PRJ), 0o666))
}

// shapes writes the geometries of the records, and their values into the table.
func (l *Layer) shapes(stem string, table *dbfTable, records iter.Seq2[record, error]) (err error) {
	w := &shapeWriter{kind: shapeKind(l.Kind)}
	if w.shapes.file, err = os.Create(stem + ".shp"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.shapes.file.Close()) }()
	if w.index.file, err = os.Create(stem + ".shx"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.index.file.Close()) }()
	if err := errors.Join(w.shapes.start(), w.index.start()); err != nil {
		return err
	}
	for r, err := range records {
		if err != nil {
			return err
		}
		if err := errors.Join(w.add(r.shape), table.add(&r)); err != nil {
			return fmt.Errorf("%s: %w", l.key(&r), err)
		}
	}
	return errors.Join(w.shapes.end(w.kind, w.box), w.index.end(w.kind, w.box))
}

func shapeKind(k safety.Kind) uint32 {
	switch k {
	case safety.Grids:
		return polygonShape
	case safety.Lines:
		return lineShape
	}
	return pointShape
}

// A shapeWriter writes shapes and the index of where each is.
type shapeWriter struct {
	kind          uint32
	shapes, index shapePart
	records       uint32
	box           orb.Bound // of all shapes, once there is one
	boxed         bool
	buffer        []byte
}

// add writes a shape, a null shape for nil.
func (w *shapeWriter) add(g orb.Geometry) error {
	b := w.buffer[:0]
	switch g := g.(type) {
	case nil:
		b = binary.LittleEndian.AppendUint32(b, nullShape)
	case orb.Point:
		b = appendPoint(binary.LittleEndian.AppendUint32(b, pointShape), g)
	case orb.MultiLineString:
		b = appendParts(b, lineShape, g.Bound(), lineParts(g))
	case orb.MultiPolygon:
		b = appendParts(b, polygonShape, g.Bound(), polygonParts(g))
	}
	if g != nil {
		w.extend(g.Bound())
	}
	w.buffer = b
	w.records++
	words := uint32(len(b) / 2)
	if err := w.index.write(bigPair(uint32(w.shapes.size/2), words)); err != nil {
		return err
	}
	return errors.Join(w.shapes.write(bigPair(w.records, words)), w.shapes.write(b))
}

func (w *shapeWriter) extend(b orb.Bound) {
	if w.boxed {
		b = b.Union(w.box)
	}
	w.box, w.boxed = b, true
}

// lineParts are the parts of a line.
func lineParts(lines orb.MultiLineString) (parts [][]orb.Point) {
	for _, l := range lines {
		parts = append(parts, l)
	}
	return parts
}

// polygonParts are the rings of an area: each outer one, clockwise, and then its holes, the other way around.
func polygonParts(mp orb.MultiPolygon) (parts [][]orb.Point) {
	for _, p := range mp {
		for i, ring := range p {
			want := orb.CW
			if i > 0 {
				want = orb.CCW
			}
			if ring.Orientation() != want {
				ring = ring.Clone()
				ring.Reverse()
			}
			parts = append(parts, ring)
		}
	}
	return parts
}

// appendParts writes the content of a PolyLine or Polygon.
func appendParts(b []byte, kind uint32, box orb.Bound, parts [][]orb.Point) []byte {
	points := 0
	for _, p := range parts {
		points += len(p)
	}
	b = appendPoint(appendPoint(binary.LittleEndian.AppendUint32(b, kind), box.Min), box.Max)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(parts)))
	b = binary.LittleEndian.AppendUint32(b, uint32(points))
	start := 0
	for _, p := range parts {
		b = binary.LittleEndian.AppendUint32(b, uint32(start))
		start += len(p)
	}
	for _, part := range parts {
		for _, p := range part {
			b = appendPoint(b, p)
		}
	}
	return b
}

func appendPoint(b []byte, p orb.Point) []byte {
	b = binary.LittleEndian.AppendUint64(b, math.Float64bits(p[0]))
	return binary.LittleEndian.AppendUint64(b, math.Float64bits(p[1]))
}

func bigPair(a, b uint32) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, a), b)
}

// headBytes is the length of the head of .shp and .shx.
const headBytes = 100

// A shapePart is a .shp or .shx file. Its head is written last.
type shapePart struct {
	file *os.File
	out  *bufio.Writer
	size int64
}

// start leaves room for the head, in the buffer yet.
func (p *shapePart) start() error {
	p.out = bufio.NewWriterSize(p.file, 256<<10)
	return p.write(make([]byte, headBytes))
}

func (p *shapePart) write(b []byte) error {
	if p.size += int64(len(b)); p.size > fileMost {
		return fmt.Errorf("%w: a Shapefile holds %d bytes and there are more; .gpkg has no such limit", safety.ErrInvalid, fileMost)
	}
	_, err := p.out.Write(b)
	return err
}

// end writes the head: what the file is, its length in 16-bit words, the box of all shapes.
func (p *shapePart) end(kind uint32, box orb.Bound) error {
	b := make([]byte, 24, headBytes)
	binary.BigEndian.PutUint32(b, 9994)
	b = binary.BigEndian.AppendUint32(b, uint32(p.size/2))
	b = binary.LittleEndian.AppendUint32(b, 1000)
	b = binary.LittleEndian.AppendUint32(b, kind)
	b = appendPoint(appendPoint(b, box.Min), box.Max)
	err := p.out.Flush()
	if err == nil {
		_, err = p.file.WriteAt(b, 0)
	}
	return err
}
