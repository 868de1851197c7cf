package importers

import (
	"bufio"
	"fmt"
	"io"
)

// A source is a file as the format readers see it, and what they tell about it while they read.
// Each pass over the file has a source of its own; only the first pass tells anything.
type source struct {
	path    string // or URL of a database, with its password: Name is for messages
	file    io.ReaderAt
	size    int64
	head    []byte  // the first headBytes, as they stand in the file
	charset charset // of --encoding, a byte order mark or the head; formats with binary text have their own rules
	o       Options

	told  func(read int)             // of every read, in bytes
	warn  func(code, example string) // of what deserves a look
	claim func(frame string)         // of the frame that the file names, "EPSG:n" or WKT; not called when it names none
}

// A table is what a reader made of a source.
type table struct {
	format   string          // what it is, where that is seen only inside; "" is the source's
	encoding string          // of its text; "" is the source's
	header   []string        // names of the columns of every row; nil when rows bring their own
	cut      map[string]bool // those of them that the format has cut off; nil when it cuts none
	rows     rows
	date1904 bool         // day numbers in it count from 1904-01-01, not from 1899-12-30
	again    bool         // rows may be ranged over again, and yield the same
	close    func() error // nil when there is nothing to close; the file itself is not the table's
}

// A reader opens a source of its format. It reads no more than it must to know that it can.
type reader func(*source) (table, error)

// readerOf returns the reader of a format.
func readerOf(f format) reader {
	switch f {
	case geoJSON:
		return readGeoJSON
	case csvText:
		return readCSV
	case shapefile:
		return readShapefile
	case dbfTables:
		return readDBF
	case xlsx:
		return readXLSX
	case xls:
		return readXLS
	case zipArchive:
		return readArchive
	case kml:
		return readKML
	case kmz:
		return readKMZ
	case postGIS:
		return readPostGIS
	case geoPackage:
		return readGeoPackage
	case flatGeobuf:
		return readFlatGeobuf
	case topoJSON:
		return readTopoJSON
	}
	panic(fmt.Sprintf("importers: format %q without a reader", f))
}

// ReadAt implements io.ReaderAt over the file, and tells of what it reads.
func (s *source) ReadAt(p []byte, at int64) (int, error) {
	n, err := s.file.ReadAt(p, at)
	s.told(n)
	return n, err
}

// bytes returns the file from its start.
func (s *source) bytes() io.Reader {
	return bufio.NewReaderSize(io.NewSectionReader(s, 0, s.size), 256<<10)
}

// text returns the text of the file from its start.
func (s *source) text() (io.Reader, error) { return s.charset.reader(s.bytes()) }
