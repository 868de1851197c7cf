package importers

import (
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
	Format   string       // "GeoJSON", "CSV", …
	Encoding string       // "utf-8", "gb18030", …
	Frame    crs.Frame    // of the coordinates in the file; final after the last record
	FrameWhy string       // why it is that
	Frames   []FrameScore // what AutoFrame has tested, the best first

	src     source
	disk    io.Closer // nil when there is none
	table   table
	kind    format
	mapper  *mapper
	degrees bool  // the coordinates look like degrees, though the frame is a plane
	refused error // what the file says of its frame cannot be read
}

// headBytes is how much of a file is looked at to see what it is.
const headBytes = 1 << 20

// Open recognises a file by its content; a path that is the URL of a database (postgres://…) is asked for the table or the query
// that it names (?table=schema.name, ?sql=SELECT…). Its error is a safety.ErrInvalid for what is not read
// and for a column of o.Map that a table does not have, ErrFrame for a frame.
func Open(path string, o Options) (*File, error) {
	f, err := open(path, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", Name(path), err)
	}
	return f, nil
}

func open(path string, o Options) (*File, error) {
	if !slices.Contains(safety.Kinds(), o.Kind) {
		return nil, fmt.Errorf("%w: kind %q is not known", safety.ErrInvalid, o.Kind)
	}
	if isDatabase(path) {
		return newFile(source{path: path, o: o}).opened(postGIS)
	}
	if scheme := urlOfOther(path); scheme != "" {
		return nil, fmt.Errorf("%w: want a file or a postgres:// URL, not %s://", safety.ErrInvalid, scheme)
	}
	disk, err := os.Open(path)
	if err != nil {
		return nil, plain(err)
	}
	var f *File
	info, err := disk.Stat()
	switch {
	case err != nil:
	case !info.Mode().IsRegular():
		err = fmt.Errorf("%w: not a regular file (a folder or a pipe is not read)", safety.ErrInvalid)
	default:
		f, err = start(source{path: path, file: disk, size: info.Size(), o: o})
	}
	if err != nil {
		return nil, errors.Join(plain(err), disk.Close())
	}
	f.disk = disk
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

func newFile(src source) *File { return &File{src: src, mapper: newMapper(src.o)} }

// start looks at the head of a file and opens what reads it.
func start(src source) (f *File, err error) {
	f = newFile(src)
	if f.src.head, err = io.ReadAll(io.NewSectionReader(src.file, 0, headBytes)); err != nil {
		return nil, err
	}
	asked, err := charsetOf(src.o.Encoding)
	if err != nil {
		return nil, err
	}
	f.src.charset = detect(f.src.head, asked)
	kind, err := recognise(f.src.head, f.src.charset)
	if err != nil {
		return nil, err
	}
	return f.opened(kind)
}

// opened opens the reader of a format.
func (f *File) opened(kind format) (_ *File, err error) {
	f.kind = kind
	f.Format, f.Encoding = string(f.kind), f.src.charset.name
	f.mapper.again = f.again
	if err := f.settleFrame(); err != nil {
		return nil, err
	}
	if f.table, err = f.read(true); err != nil {
		return nil, err
	}
	if f.refused != nil {
		return nil, errors.Join(f.refused, f.Close())
	}
	if f.table.encoding != "" {
		f.Encoding = f.table.encoding
	}
	if f.table.format != "" {
		f.Format = f.table.format
	}
	f.mapper.columns.cut = f.table.cut
	f.mapper.date1904(f.table.date1904)
	if err := f.checkHeader(f.table.header); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// read opens the format's reader at the beginning of the file; only the first pass tells anything.
func (f *File) read(first bool) (table, error) {
	if !first {
		return f.open(func(string) {})
	}
	src := f.src
	src.told, src.warn, src.claim = func(int) {}, f.mapper.warn, f.claimed
	if src.o.Progress != nil {
		src.told = src.o.Progress
	}
	return f.openSource(&src)
}

// open is read of a pass that is told of the file's frame only.
func (f *File) open(claim func(string)) (table, error) {
	src := f.src
	src.told, src.warn, src.claim = func(int) {}, func(string, string) {}, claim
	return f.openSource(&src)
}

func (f *File) openSource(src *source) (table, error) {
	t, err := readerOf(f.kind)(src)
	return t, plain(err)
}

// again yields the rows of the file from its start, once more.
func (f *File) again() rows {
	return func(yield func(row, error) bool) {
		t, err := f.open(func(string) {})
		if err != nil {
			yield(row{}, err)
			return
		}
		if t.close != nil {
			defer func() { _ = t.close() }() // all that was wanted is read
		}
		t.rows(yield)
	}
}

// checkHeader refuses a table that cannot be meant.
func (f *File) checkHeader(header []string) error {
	if header == nil {
		return nil
	}
	found := f.mapper.columns.find(header)
	if err := f.mapper.columns.missing(header); err != nil {
		return err
	}
	switch {
	case slices.Max(found) >= 0:
	case f.kind != csvText:
		return fmt.Errorf("%w: no column of the %s is a field of %s (there are: %s); say --map",
			safety.ErrInvalid, f.Format, f.src.o.Kind, clip(clipList(header)))
	default:
		return fmt.Errorf("%w: neither a known format nor %s of %s: no column is one of their fields (there are: %s); %s",
			safety.ErrInvalid, f.Format, f.src.o.Kind, clip(clipList(header)), readToday)
	}
	return nil
}

// Records yields the records of the file in its order, numbered from 1. A *safety.FieldError is a
// record that was rejected, and reading goes on; any other error ends it. It may be used once.
//
// With Options.Coverage no grid is yielded before the last is read and all are mended.
func (f *File) Records() iter.Seq2[safety.Record, error] {
	if f.src.o.Coverage && f.src.o.Kind == safety.Grids {
		return f.mended(f.each())
	}
	return f.each()
}

// each yields the records one by one, as they are read.
func (f *File) each() iter.Seq2[safety.Record, error] {
	return func(yield func(safety.Record, error) bool) {
		var last []string
		for r, err := range f.table.rows {
			if err != nil {
				yield(safety.Record{}, fmt.Errorf("%s: %w", Name(f.src.path), plain(err)))
				return
			}
			if f.refused != nil {
				break
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
		if f.refused != nil {
			yield(safety.Record{}, fmt.Errorf("%s: %w", Name(f.src.path), f.refused))
			return
		}
		if err := f.mapper.columns.missing(last); err != nil && last != nil {
			yield(safety.Record{}, fmt.Errorf("%s: %w", Name(f.src.path), err))
		}
	}
}

// Repaired is how many of the records yielded so far had their polygon mended.
func (f *File) Repaired() int64 { return f.mapper.repaired }

// Findings tells what was done to the polygons yielded so far, and where: what was repaired, and with Options.Coverage what
// ground was filled or assigned to one grid and which grids have another area for it.
func (f *File) Findings() safety.Findings { return f.mapper.findings }

// Warnings counts, by code, what deserves a look in the records yielded so far: ambiguous_column, assigned, binary_column, cell_error,
// credit_code, credit_code_twice, cut_text, deleted_row, derived_id, encoding, filled, frame, local_grade, mended, network_link, no_area,
// ring_closed, short_row, shx, status, swapped, total_row, unread_column.
func (f *File) Warnings() []safety.Warning {
	var out []safety.Warning
	for _, w := range f.mapper.warnings {
		out = append(out, *w)
	}
	slices.SortFunc(out, func(a, b safety.Warning) int { return strings.Compare(a.Code, b.Code) })
	return out
}

// Close closes the file.
func (f *File) Close() (err error) {
	if f.table.close != nil {
		err = f.table.close()
	}
	if f.disk != nil {
		err = errors.Join(err, f.disk.Close())
	}
	return err
}
