package importers

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/paulmach/orb"

	"hazgrid/safety"
)

// A member is one of the files that make a layer, open for reading from its start.
type member struct {
	io.Reader
	at    io.ReaderAt // nil when it can only be read forward
	size  int64       // in bytes, as far as the file system or the archive says
	close func() error
}

// A layer is a Shapefile, or a dBase table alone: files of one name that differ in their endings.
type layer struct {
	name string
	// open opens the file with an ending ("shp", in any case of letters); ok is false when there is none.
	// A file may be opened more than once.
	open func(ending string) (m member, ok bool, err error)
}

// A shapeReader yields the rows of a layer. Records that are marked as deleted are counted, and passed over
// without a number.
type shapeReader struct {
	table  *dbfReader
	shapes *shpStream // nil for a dBase table alone
	warn   func(code, example string)
	opened []member
	last   row
	text   func() []byte // original, made once
}

// read opens a layer. Of the files, .shp and .dbf are needed; alone says that .dbf is enough.
func (l layer) read(s *source, alone bool) (table, error) {
	r := &shapeReader{warn: s.warn}
	r.text = r.original
	t, err := r.start(s, l, alone)
	if err != nil {
		return table{}, errors.Join(err, r.close())
	}
	return t, nil
}

func (r *shapeReader) start(s *source, l layer, alone bool) (table, error) {
	if err := wantLayer(s.o.Layer, l.name); err != nil {
		return table{}, err
	}
	dbf, ok, err := r.open(l, "dbf")
	switch {
	case err != nil:
		return table{}, err
	case !ok:
		return table{}, fmt.Errorf("%w: a Shapefile without its attributes: want %s.dbf beside it", safety.ErrInvalid, l.name)
	}
	t, err := newDBFTable(dbf)
	if err != nil {
		return table{}, err
	}
	out := table{format: "dBase", close: r.close}
	if !alone {
		out.format = "Shapefile"
		if err := r.startShapes(s, l, t.total); err != nil {
			return table{}, err
		}
	}
	if err := r.startTable(s, l, t, &out); err != nil {
		return table{}, err
	}
	out.rows = r.rows()
	return out, r.claim(s, l)
}

// open opens a file of the layer until close.
func (r *shapeReader) open(l layer, ending string) (member, bool, error) {
	m, ok, err := l.open(ending)
	if err != nil {
		return m, false, fmt.Errorf("%s.%s: %w", l.name, ending, plain(err))
	}
	if ok {
		r.opened = append(r.opened, m)
	}
	return m, ok, nil
}

func (r *shapeReader) close() (err error) {
	for _, m := range r.opened {
		err = errors.Join(err, m.close())
	}
	r.opened = nil
	return err
}

// startShapes opens the .shp, and the .shx when it is needed: when the shapes do not stand in the order of the records.
func (r *shapeReader) startShapes(s *source, l layer, records int64) error {
	shp, ok, err := r.open(l, "shp")
	switch {
	case err != nil:
		return err
	case !ok:
		return fmt.Errorf("%w: an index of shapes (.shx) without them: want %s.shp beside it", safety.ErrInvalid, l.name)
	}
	if r.shapes, err = newShpStream(shp, s.o.maxBytes()); err != nil {
		return err
	}
	shx, ok, err := r.open(l, "shx")
	if err != nil || !ok {
		r.shapes.strict = true
		return err
	}
	inOrder, why := inspectIndex(shx, records, shp.size)
	if r.shapes.strict = why != ""; why != "" {
		s.warn("shx", "the .shx is not used: "+why)
		return nil
	}
	if inOrder {
		return nil
	}
	if shx, _, err = r.open(l, "shx"); err != nil {
		return err
	}
	r.shapes.index = bufio.NewReader(shx)
	_, err = r.shapes.index.Discard(shpHeader)
	return err
}

// startTable finds the encoding and decodes the names of the columns.
func (r *shapeReader) startTable(s *source, l layer, t *dbfTable, out *table) error {
	cpg, err := r.small(l, "cpg")
	if err != nil {
		return err
	}
	text, err := dbfEncoding(s, t, cpg, func() (io.ReadCloser, error) {
		m, _, err := l.open("dbf")
		return closing{m, m.close}, err
	})
	if err != nil {
		return err
	}
	r.table = &dbfReader{dbfTable: t, text: text}
	if r.table.names, out.cut, err = text.header(t.fields); err != nil {
		return err
	}
	for i, f := range t.fields {
		if strings.IndexByte(readKinds, f.kind) < 0 {
			s.warn("unread_column", fmt.Sprintf("the values of column %q are not read: they are of type %q (text kept elsewhere, or bytes)", r.table.names[i], f.kind))
		}
	}
	r.table.cut = func(name string) {
		r.warn("cut_text", fmt.Sprintf("record %d: the last character of %q is cut off by the end of the field, and left out", t.read, name))
	}
	out.encoding, out.header = text.charset.name, r.table.names
	return nil
}

// A closing is a reader with what closes it.
type closing struct {
	io.Reader
	close func() error
}

// Close implements io.Closer.
func (c closing) Close() error { return c.close() }

// small reads a file that is some lines of text: the .cpg, the .prj. Without one it is "".
func (r *shapeReader) small(l layer, ending string) (string, error) {
	const most = 64 << 10
	m, ok, err := r.open(l, ending)
	if err != nil || !ok {
		return "", err
	}
	b, err := io.ReadAll(io.LimitReader(m, most))
	return strings.Trim(strings.ToValidUTF8(string(b), "\ufffd"), " \t\r\n\x00\ufeff"), err
}

// claim tells of the frame in the .prj.
func (r *shapeReader) claim(s *source, l layer) error {
	if r.shapes == nil {
		return nil
	}
	prj, err := r.small(l, "prj")
	if prj != "" {
		s.claim(prj)
	}
	return err
}

func (r *shapeReader) rows() rows {
	return func(yield func(row, error) bool) {
		for number := int64(1); ; {
			ok, err := r.next(number)
			switch {
			case err != nil:
				yield(row{}, err)
				return
			case !ok:
				if err := r.end(); err != nil {
					yield(row{}, err)
				}
				return
			case r.table.deleted():
				r.warn("deleted_row", fmt.Sprintf("record %d of the .dbf is marked as deleted", r.table.read))
				continue
			}
			if !yield(r.last, nil) {
				return
			}
			number++
		}
	}
}

// next reads a record and its shape.
func (r *shapeReader) next(number int64) (bool, error) {
	ok, err := r.table.next()
	if err != nil || !ok {
		return false, err
	}
	var shape orb.Geometry
	var bad *fault
	if r.shapes != nil {
		if shape, bad, err = r.shapes.next(); err != nil || r.table.deleted() {
			return true, err
		}
	}
	values, wrong := r.table.record()
	if wrong != nil {
		bad = wrong
	}
	r.last = row{number: number, names: r.table.names, values: values, geometry: shape, fault: bad, original: r.text}
	return true, nil
}

// end looks for what should not be there after the last record, and reads archives to their end, where their checksums are.
func (r *shapeReader) end() error {
	if r.shapes != nil && r.shapes.more() {
		return fmt.Errorf("%w: the .shp has more shapes than the .dbf has records (%d): they do not belong together", safety.ErrInvalid, r.table.total)
	}
	for _, m := range r.opened {
		if m.at != nil {
			continue
		}
		if _, err := io.Copy(io.Discard, m); err != nil {
			return err
		}
	}
	return nil
}

// original is the row as a GeoJSON feature in the frame of the file, which can be imported again.
func (r *shapeReader) original() []byte { return featureText(r.last) }
