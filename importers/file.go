package importers

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"strings"

	"hazgrid/geo/crs"
	"hazgrid/safety"
)

// A File is one source of records, open for reading. It is not safe for concurrent use.
type File struct {
	Format   string    // "GeoJSON" or "CSV"
	Encoding string    // "utf-8", "gb18030", …
	Frame    crs.Frame // of the coordinates in the file; final after the last record

	path    string
	o       Options
	src     io.ReadSeekCloser
	head    []byte // of the text
	charset charset
	rows    rows
	mapper  *mapper
}

// headBytes is how much of a file is looked at to see what it is.
const headBytes = 1 << 20

// Open recognises a file by its content. Its error is a safety.ErrInvalid for what is not read
// and for a column of o.Map that a CSV does not have, ErrFrame for a frame.
func Open(path string, o Options) (*File, error) {
	f, err := open(path, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

func open(path string, o Options) (*File, error) {
	if !slices.Contains(safety.Kinds(), o.Kind) {
		return nil, fmt.Errorf("%w: kind %q is not known", safety.ErrInvalid, o.Kind)
	}
	src, err := os.Open(path)
	if err != nil {
		return nil, plain(err)
	}
	info, err := src.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%w: not a regular file (a folder or a pipe is not read)", safety.ErrInvalid)
	}
	f := &File{path: path, o: o, src: src}
	if err == nil {
		err = f.start()
	}
	if err != nil {
		return nil, errors.Join(err, src.Close())
	}
	return f, nil
}

// plain takes the path out of an error of package os: Open names it already.
func plain(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// start looks at the head of the file and sets up what reads it.
func (f *File) start() error {
	head, err := io.ReadAll(io.LimitReader(f.src, headBytes))
	if err != nil {
		return plain(err)
	}
	asked, err := charsetOf(f.o.Encoding)
	if err != nil {
		return err
	}
	f.charset = detect(head, asked)
	kind, err := recognise(head, f.charset)
	if err != nil {
		return err
	}
	f.Format, f.Encoding, f.head = string(kind), f.charset.name, f.charset.text(head)
	f.Frame = crs.WGS84
	if f.o.Frame != "" {
		f.Frame = f.o.Frame
	}
	f.mapper = newMapper(f.o, f.Frame)
	f.rows, err = f.read(true)
	return err
}

// read starts the format's reader at the beginning of the file; only the first pass is counted.
func (f *File) read(first bool) (rows, error) {
	if _, err := f.src.Seek(0, io.SeekStart); err != nil {
		return nil, plain(err)
	}
	count := &meter{src: f.src}
	if first {
		count.told = f.o.Progress
	}
	text, err := f.charset.reader(bufio.NewReaderSize(count, 256<<10))
	if err != nil {
		return nil, plain(err)
	}
	if f.Format == string(geoJSON) {
		g := &geoReader{in: newJSONStream(text, f.o.maxBytes()), cs: f.charset, fixed: f.o.Frame != ""}
		g.told = func(frame string) { f.Frame, f.mapper.frame = crs.Frame(frame), crs.Frame(frame) }
		return g.rows(), nil
	}
	r, err := newCSVReader(text, f.head, f.charset, f.o.maxBytes())
	if err != nil {
		return nil, err
	}
	if !first {
		return r.rows(), nil
	}
	r.short = func(number int64) {
		f.mapper.warn("short_row", fmt.Sprintf("record %d has fewer cells than the header", number))
	}
	return r.rows(), f.checkHeader(r.header)
}

// checkHeader refuses a table that cannot be meant.
func (f *File) checkHeader(header []string) error {
	found := f.mapper.columns.find(header)
	if err := f.mapper.columns.missing(header); err != nil {
		return err
	}
	if slices.Max(found) < 0 {
		return fmt.Errorf("%w: neither GeoJSON nor CSV of %s: no column is one of their fields (there are: %s); %s",
			safety.ErrInvalid, f.o.Kind, clip(clipList(header)), readToday)
	}
	return nil
}

// Records yields the records of the file in its order, numbered from 1. A *safety.FieldError is a
// record that was rejected, and reading goes on; any other error ends it. It may be used once.
func (f *File) Records() iter.Seq2[safety.Record, error] {
	return func(yield func(safety.Record, error) bool) {
		var last []string
		for r, err := range f.rows {
			if err != nil {
				yield(safety.Record{}, fmt.Errorf("%s: %w", f.path, plain(err)))
				return
			}
			last = r.names
			rec, bad := f.mapper.record(r)
			err = nil
			if bad != nil {
				rec, err = safety.Record{Number: bad.Number}, bad
			}
			if !yield(rec, err) {
				return
			}
		}
		if err := f.mapper.columns.missing(last); err != nil && last != nil {
			yield(safety.Record{}, fmt.Errorf("%s: %w", f.path, err))
		}
	}
}

// Repaired is how many of the records yielded so far had their polygon mended.
func (f *File) Repaired() int64 { return f.mapper.repaired }

// Warnings counts, by code, what deserves a look in the records yielded so far: ambiguous_column, credit_code, frame, short_row.
func (f *File) Warnings() []safety.Warning {
	var out []safety.Warning
	for _, w := range f.mapper.warnings {
		out = append(out, *w)
	}
	slices.SortFunc(out, func(a, b safety.Warning) int { return strings.Compare(a.Code, b.Code) })
	return out
}

// Close closes the file.
func (f *File) Close() error { return f.src.Close() }

// A meter tells how much is read.
type meter struct {
	src  io.Reader
	told func(int)
}

// Read implements io.Reader.
func (m *meter) Read(p []byte) (int, error) {
	n, err := m.src.Read(p)
	if m.told != nil {
		m.told(n)
	}
	return n, err
}
