package importers

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	"hazgrid/safety"
)

// readArchive is the reader of ZIP archives: of a Shapefile in it, else of the one file of another format.
func readArchive(s *source) (table, error) {
	a, err := openArchive(s)
	if err != nil {
		return table{}, err
	}
	layers, alone := a.layers()
	if len(layers) == 0 {
		return a.single()
	}
	names := make([]string, len(layers))
	for i, l := range layers {
		names[i] = l.stem
	}
	i, err := pickLayer(s.o.Layer, names)
	if err != nil {
		return table{}, err
	}
	return a.layer(layers[i], names[i]).read(s, alone)
}

// companions are the endings of files that go with others.
var companions = [...]string{".cpg", ".prj", ".shx", ".sbn", ".sbx", ".qix", ".qpj", ".qmd", ".xml"}

// single reads the only file, or the one that --layer names, whatever its format.
func (a *archive) single() (table, error) {
	var files []entry
	var names []string
	for _, e := range a.entries {
		if !slices.Contains(companions[:], strings.ToLower(path.Ext(e.name))) {
			files, names = append(files, e), append(names, e.name)
		}
	}
	if len(files) == 0 {
		return table{}, fmt.Errorf("%w: nothing to read in the ZIP archive (it holds: %s)", safety.ErrInvalid, clip(clipList(a.names())))
	}
	i, err := pickLayer(a.src.o.Layer, names)
	switch {
	case len(files) == 1: // a layer would be one inside it
		i = 0
	case err != nil:
		return table{}, err
	default:
		a.src.o.Layer = ""
	}
	t, err := a.unpack(files[i])
	if err != nil {
		return table{}, fmt.Errorf("%s: %w", files[i].name, err)
	}
	return t, nil
}

// unpack reads a file of the archive by way of a temporary one that has no name.
func (a *archive) unpack(e entry) (t table, err error) {
	m, err := a.open(e)
	if err != nil {
		return table{}, err
	}
	defer func() { err = errors.Join(err, m.close()) }()
	file, err := os.CreateTemp("", "hazgrid-unpacked-")
	if err != nil {
		return table{}, err
	}
	_ = os.Remove(file.Name()) // nothing stays behind if the program is killed; where this cannot be, done removes it
	done := func() error {
		err := file.Close()
		_ = os.Remove(file.Name())
		return err
	}
	if t, err = a.unpackInto(file, m); err != nil {
		return table{}, errors.Join(err, done())
	}
	inner := t.close
	t.close = func() (err error) {
		if inner != nil {
			err = inner()
		}
		return errors.Join(err, done())
	}
	return t, nil
}

// unpackInto writes a file of the archive to another and opens the reader of its format.
func (a *archive) unpackInto(file *os.File, m member) (table, error) {
	size, err := io.Copy(file, m)
	if err != nil {
		return table{}, err
	}
	s := *a.src
	s.path, s.file, s.size, s.told = "", file, size, func(int) {}
	if s.head, err = io.ReadAll(io.NewSectionReader(file, 0, headBytes)); err != nil {
		return table{}, err
	}
	asked, err := charsetOf(s.o.Encoding)
	if err != nil {
		return table{}, err
	}
	s.charset = detect(s.head, asked)
	kind, err := recognise(s.head, s.charset)
	switch {
	case err != nil:
		return table{}, err
	case kind == zipArchive:
		return table{}, fmt.Errorf("%w: an archive in an archive: unpack it first", safety.ErrInvalid)
	}
	t, err := readerOf(kind)(&s)
	if t.format == "" {
		t.format = string(kind)
	}
	if t.encoding == "" {
		t.encoding = s.charset.name
	}
	return t, err
}
