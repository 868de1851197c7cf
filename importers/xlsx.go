package importers

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"sync/atomic"

	"github.com/klauspost/compress/flate"

	"hazgrid/safety"
)

// An xlsxBook is an Office Open XML workbook (ECMA-376 part 1, SpreadsheetML): a ZIP archive of XML parts. The parts are read as
// streams; only the shared texts, which cells are dates and the merged ranges are held.
type xlsxBook struct {
	zip    *zip.Reader
	texts  stringTable
	dates  []bool // of a cell style: its number is a date
	is1904 bool
	warn   func(code, example string)
	text   []byte
	told   func(read int)
	untold atomic.Int64 // bytes of the file that were read ahead and told has not been told of
}

// tell tells of what was read: whoever is told need not know that it is done in another goroutine.
func (b *xlsxBook) tell() { b.told(int(b.untold.Swap(0))) }

// readXLSX is the reader of XLSX.
func readXLSX(s *source) (table, error) {
	z, err := zipDirectory(s)
	if err != nil {
		return table{}, fmt.Errorf("%w: a broken Excel workbook (.xlsx): %w", safety.ErrInvalid, err)
	}
	z.RegisterDecompressor(zip.Deflate, func(r io.Reader) io.ReadCloser { return flate.NewReader(r) })
	b := &xlsxBook{zip: z, warn: s.warn, told: s.told}
	s.told = func(n int) { b.untold.Add(int64(n)) }
	sheets, err := b.open()
	if err != nil {
		return table{}, err
	}
	t, err := workbook{sheets, b.is1904}.table(s)
	t.encoding = "utf-8"
	return t, err
}

// open reads the parts that the sheets refer to.
func (b *xlsxBook) open() ([]sheet, error) {
	root, err := b.relations("_rels/.rels", "")
	if err != nil {
		return nil, err
	}
	main := "xl/workbook.xml"
	for _, r := range root {
		if strings.HasSuffix(r.kind, "/officeDocument") {
			main = r.target
		}
	}
	if b.entry(main) == nil {
		return nil, fmt.Errorf("%w: no workbook in the archive: not an Excel workbook (.xlsx), or a broken one", safety.ErrInvalid)
	}
	parts, err := b.relations(path.Join(path.Dir(main), "_rels", path.Base(main)+".rels"), path.Dir(main))
	if err != nil {
		return nil, err
	}
	for _, r := range parts {
		switch {
		case strings.HasSuffix(r.kind, "/sharedStrings"):
			err = b.each(r.target, b.readTexts)
		case strings.HasSuffix(r.kind, "/styles"):
			err = b.each(r.target, b.readStyles)
		}
		if err != nil {
			return nil, err
		}
	}
	return b.readSheets(main, parts)
}

// A relation is a line of a part that says where another part is (ECMA-376 part 2).
type relation struct{ id, kind, target string }

// relations reads such a part; targets are relative to base. Without the part there are none.
func (b *xlsxBook) relations(name, base string) (out []relation, err error) {
	if b.entry(name) == nil {
		return nil, nil
	}
	err = b.each(name, func(x *xmlScanner) error {
		if string(x.name) != "Relationship" || x.closing {
			return nil
		}
		target := x.attr("Target")
		if !strings.HasPrefix(target, "/") {
			target = path.Join(base, target)
		}
		if len(out) >= maxSheets*8 {
			return fmt.Errorf("%w: too many relations", safety.ErrInvalid)
		}
		out = append(out, relation{x.attr("Id"), x.attr("Type"), strings.TrimPrefix(target, "/")})
		return nil
	})
	return out, err
}

// maxSheets bounds the sheets of a workbook.
const maxSheets = 4096

// readSheets lists the sheets in the order of the workbook.
func (b *xlsxBook) readSheets(main string, parts []relation) (sheets []sheet, err error) {
	err = b.each(main, func(x *xmlScanner) error {
		switch name := string(x.name); {
		case x.closing:
		case name == "workbookPr":
			b.is1904 = x.attr("date1904") == "1" || x.attr("date1904") == "true"
		case name == "sheet" && len(sheets) < maxSheets:
			// The relation's id has a prefix, so it is not the attribute sheetId; both are told by their local names.
			for _, r := range parts {
				if r.id == x.attr("id") && strings.HasSuffix(r.kind, "/worksheet") {
					sheets = append(sheets, b.sheet(x.attr("name"), r.target, x.attr("state")))
				}
			}
		}
		return nil
	})
	if err == nil && len(sheets) == 0 {
		err = fmt.Errorf("%w: the workbook has no sheets", safety.ErrInvalid)
	}
	return sheets, err
}

func (b *xlsxBook) sheet(name, part, state string) sheet {
	var m *merges // read with the first look at the sheet: they stand behind its cells
	return sheet{name: name, hidden: state == "hidden" || state == "veryHidden", lines: b.lines(part, &m)}
}

// entry finds a part, whatever the case of its name, as the packaging rules want it.
func (b *xlsxBook) entry(name string) *zip.File {
	for _, f := range b.zip.File {
		if strings.EqualFold(strings.TrimPrefix(strings.ReplaceAll(f.Name, "\\", "/"), "/"), name) {
			return f
		}
	}
	return nil
}

// each hands the tags of a part to do, until it fails or says errStop.
func (b *xlsxBook) each(name string, do func(*xmlScanner) error) error {
	x, done, err := b.scan(name)
	if err != nil {
		return err
	}
	defer done()
	for err == nil {
		if err = x.next(); err == nil {
			err = do(x)
		}
	}
	if errors.Is(err, io.EOF) || errors.Is(err, errStop) {
		return nil
	}
	return fmt.Errorf("%s: %w", name, err)
}

// scan opens a part.
func (b *xlsxBook) scan(name string) (*xmlScanner, func(), error) {
	e := b.entry(name)
	if e == nil {
		return nil, nil, fmt.Errorf("%w: the archive has no part %s", safety.ErrInvalid, name)
	}
	r, err := e.Open()
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %s: %w", safety.ErrInvalid, name, err)
	}
	in := readAhead(&unpacker{src: r, name: name, left: unpackMost(e)}, e.UncompressedSize64, b.tell)
	return newXMLScanner(in), func() {
		in.stop()
		_ = r.Close()
	}, nil
}

// A part may unpack to partSize bytes, and beyond to partRatio times what it takes in the archive. Sheets as
// spreadsheets write them unpack to 10 to 50 times.
const (
	partSize  = 64 << 20
	partRatio = 300
)

func unpackMost(e *zip.File) int64 {
	return max(partSize, int64(min(e.CompressedSize64, 1<<40))*partRatio)
}

// An unpacker is a part of an archive, which may not unpack to more than it should.
type unpacker struct {
	src  io.Reader
	name string
	left int64
}

// Read implements io.Reader.
func (u *unpacker) Read(p []byte) (int, error) {
	n, err := u.src.Read(p)
	if u.left -= int64(n); u.left < 0 {
		return 0, fmt.Errorf("%w: %s unpacks to more than %d times its size: a zip bomb?", safety.ErrInvalid, u.name, partRatio)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("%w: a broken archive: %w", safety.ErrInvalid, err)
	}
	return n, err
}

// readTexts reads the tags of the shared texts: <si> holds runs of <t>, of which those within <rPh> say how it is spoken.
func (b *xlsxBook) readTexts(x *xmlScanner) error {
	if string(x.name) != "si" || x.closing {
		return nil
	}
	var err error
	if b.text, err = x.runs(b.text[:0], "si"); err != nil {
		return err
	}
	return b.texts.add(b.text)
}

// runs appends the texts up to the end of an element that has begun.
func (x *xmlScanner) runs(dst []byte, element string) ([]byte, error) {
	if x.empty {
		return dst, nil
	}
	from := len(dst)
	spoken := false
	for {
		if err := x.next(); err != nil {
			return dst, cutAt(err)
		}
		switch name := x.name; {
		case string(name) == "rPh":
			spoken = !x.closing && !x.empty
		case x.closing && string(name) == "t" && !spoken:
			dst = appendUnescaped(dst, x.text)
		case x.closing && string(name) == element:
			return append(dst[:from], unescapeOOXML(dst[from:])...), nil
		}
		if len(dst)-from > maxToken {
			return dst, tooLongXML()
		}
	}
}
