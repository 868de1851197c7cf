package importers

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"hazgrid/safety"
)

// Sizes in bytes beyond which an archive is not read.
const (
	mostDirectory = 16 << 20 // of the list of its files, which is held in memory
	mostUnpacked  = 16 << 30 // of a file when unpacked: twice what a .shp can be
	bombSize      = 1 << 30  // from which on a file may not be …
	bombRatio     = 500      // … more times what it is when packed; the method ends at 1,032
)

// An archive is a ZIP file. It is read where it is: nothing is written under the names in it.
type archive struct {
	src     *source
	entries []entry
}

// An entry is a file in an archive.
type entry struct {
	*zip.File
	name string // with its folders, in UTF-8
}

// zipDirectory reads the list of files of a ZIP archive. archive/zip holds it in memory, however long it is said to be.
func zipDirectory(s *source) (*zip.Reader, error) {
	list := &rationed{src: s, left: mostDirectory}
	z, err := zip.NewReader(list, s.size)
	switch {
	case err == nil || errors.Is(err, zip.ErrInsecurePath): // nothing is written under those names
		list.left = math.MaxInt64
		return z, nil
	case list.left < 0:
		return nil, fmt.Errorf("%w: the list of files in the ZIP archive is longer than %d MB", safety.ErrInvalid, mostDirectory>>20)
	}
	return nil, fmt.Errorf("%w: it looks like a ZIP archive, broken or cut off: %w", safety.ErrInvalid, err)
}

// openArchive reads the list of files.
func openArchive(s *source) (*archive, error) {
	z, err := zipDirectory(s)
	if err != nil {
		return nil, err
	}
	a := &archive{src: s}
	for _, f := range z.File {
		if e := (entry{f, entryName(f)}); !strings.HasSuffix(e.name, "/") && !hidden(e.name) {
			a.entries = append(a.entries, e)
		}
	}
	return a, nil
}

// A rationed is a file of which no more than so many bytes are read.
type rationed struct {
	src  io.ReaderAt
	left int64
}

// ReadAt implements io.ReaderAt.
func (r *rationed) ReadAt(p []byte, at int64) (int, error) {
	if r.left -= int64(len(p)); r.left < 0 {
		return 0, errTooLong
	}
	return r.src.ReadAt(p, at)
}

// entryName decodes a name. One that is not marked as UTF-8 is that all the same on some systems, and GBK on others. Control
// characters are none of it: a message that has the name is one line.
func entryName(f *zip.File) string {
	name := f.Name
	if f.NonUTF8 && !utf8.ValidString(name) {
		if s, err := simplifiedchinese.GB18030.NewDecoder().String(name); err == nil {
			name = s
		}
	}
	return printable(strings.ToValidUTF8(strings.ReplaceAll(name, `\`, "/"), "\ufffd"))
}

// printable is a text without control characters.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '\ufffd'
		}
		return r
	}, s)
}

// hidden tells what systems put into archives for themselves.
func hidden(name string) bool {
	return slices.ContainsFunc(strings.Split(name, "/"), func(part string) bool {
		return part == "__MACOSX" || strings.HasPrefix(part, ".") && part != "." && part != ".." || part == "Thumbs.db"
	})
}

// names lists the files.
func (a *archive) names() (out []string) {
	for _, e := range a.entries {
		out = append(out, e.name)
	}
	return out
}

// open opens a file of the archive.
func (a *archive) open(e entry) (member, error) {
	const encrypted = 1
	size := e.UncompressedSize64
	var why string
	switch {
	case e.Flags&encrypted != 0:
		why = "is encrypted: unpack it first"
	case size > mostUnpacked:
		why = fmt.Sprintf("is over %d GB when unpacked", mostUnpacked>>30)
	case size > bombSize && size/bombRatio > e.CompressedSize64:
		why = fmt.Sprintf("is %d MB from %d: a ZIP bomb? unpack it first", size>>20, e.CompressedSize64>>20)
	}
	if why != "" {
		return member{}, fmt.Errorf("%w: %s in the archive %s", safety.ErrInvalid, e.name, why)
	}
	r, err := e.Open()
	if errors.Is(err, zip.ErrAlgorithm) {
		return member{}, fmt.Errorf("%w: %s in the archive is packed by method %d, which is not read: unpack it first", safety.ErrInvalid, e.name, e.Method)
	}
	if err != nil {
		return member{}, damaged(e.name, err)
	}
	return member{unpacking{r, e.name}, nil, int64(size), func() error {
		_ = r.Close() // says again what reading said
		return nil
	}}, nil
}

// An unpacking says, when a file cannot be unpacked, which it is.
type unpacking struct {
	src  io.Reader
	name string
}

// Read implements io.Reader.
func (u unpacking) Read(p []byte) (int, error) {
	n, err := u.src.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = damaged(u.name, err)
	}
	return n, err
}

func damaged(name string, err error) error {
	return fmt.Errorf("%w: %s in the archive is damaged: %w", safety.ErrInvalid, name, err)
}

// A zipLayer is the files of a layer in an archive.
type zipLayer struct {
	stem  string // their name, without the ending
	files map[string]entry
}

// layers returns the Shapefiles of an archive, or the dBase tables when there is none, in its order.
func (a *archive) layers() (out []zipLayer, alone bool) {
	place := map[string]int{}
	var all []zipLayer
	for _, e := range a.entries {
		ending := strings.ToLower(strings.TrimPrefix(path.Ext(e.name), "."))
		stem := strings.TrimSuffix(e.name, path.Ext(e.name))
		i, ok := place[strings.ToLower(stem)]
		if !ok {
			i = len(all)
			place[strings.ToLower(stem)] = i
			all = append(all, zipLayer{stem, map[string]entry{}})
		}
		if _, twice := all[i].files[ending]; !twice {
			all[i].files[ending] = e
		}
	}
	for _, ending := range []string{"shp", "dbf"} {
		for _, l := range all {
			if _, ok := l.files[ending]; ok {
				out = append(out, l)
			}
		}
		if len(out) > 0 {
			return out, ending == "dbf"
		}
	}
	return nil, false
}

// layer makes a layer readable under a name.
func (a *archive) layer(z zipLayer, name string) layer {
	return layer{name: name, open: func(ending string) (member, bool, error) {
		e, ok := z.files[ending]
		if !ok {
			return member{}, false, nil
		}
		m, err := a.open(e)
		return m, true, err
	}}
}

// archiveNames lists the names of files in the head of an archive. Looking for a name anywhere would find it in packed bytes too.
func archiveNames(head []byte) (names []string) {
	const fixed = 30 // bytes before the name
	for {
		i := bytes.Index(head, []byte(zipMagic))
		if i < 0 {
			return names
		}
		if head = head[i:]; len(head) > fixed {
			n := int(binary.LittleEndian.Uint16(head[fixed-4:]))
			names = append(names, string(head[fixed:min(fixed+n, len(head))]))
		}
		head = head[len(zipMagic):]
	}
}
