package importers

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"hazgrid/safety"
)

// readShapefile is the reader of a Shapefile of which the .shp or the .shx was given.
func readShapefile(s *source) (table, error) {
	given := "shp"
	if isIndex(s) {
		given = "shx"
	}
	l, err := s.siblings(given)
	if err != nil {
		return table{}, err
	}
	return l.read(s, false)
}

// isIndex tells a .shx, whose first record is the place of the first shape, from a .shp, where it is a shape's number.
func isIndex(s *source) bool {
	const first = "\x00\x00\x00\x32" // in words: the first shape comes after the header
	return strings.EqualFold(filepath.Ext(s.path), ".shx") || len(s.head) > shpHeader && bytes.HasPrefix(s.head[shpHeader:], []byte(first))
}

// readDBF is the reader of a .dbf: that of a Shapefile, when it has one, else a table.
func readDBF(s *source) (table, error) {
	l, err := s.siblings("dbf")
	if err != nil {
		return table{}, err
	}
	_, ok, err := l.find("shp")
	if err != nil {
		return table{}, err
	}
	return l.read(s, !ok)
}

// A looseLayer is a layer whose files lie in a folder.
type looseLayer struct {
	layer
	find func(ending string) (path string, ok bool, err error)
}

// siblings finds the files beside the one that was given, whatever the case of their letters.
func (s *source) siblings(given string) (looseLayer, error) {
	dir, name := filepath.Split(s.path)
	stem := strings.TrimSuffix(name, filepath.Ext(name))
	names, err := alike(dir, stem)
	if err != nil {
		return looseLayer{}, err
	}
	l := looseLayer{find: func(ending string) (string, bool, error) {
		return best(names, stem+"."+ending, stem)
	}}
	l.name = stem
	l.open = func(ending string) (member, bool, error) {
		if ending == given {
			return member{io.NewSectionReader(s, 0, s.size), s, s.size, func() error { return nil }}, true, nil
		}
		found, ok, err := l.find(ending)
		if err != nil || !ok {
			return member{}, false, err
		}
		m, err := openMember(filepath.Join(dir, found))
		return m, true, err
	}
	return l, nil
}

func openMember(path string) (member, error) {
	f, err := os.Open(path)
	if err != nil {
		return member{}, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%w: not a regular file", safety.ErrInvalid)
	}
	if err != nil {
		return member{}, errors.Join(err, f.Close())
	}
	return member{io.NewSectionReader(f, 0, info.Size()), f, info.Size(), f.Close}, nil
}

// alike lists the files of a folder that have a name, apart from ending and case. The folder may be large.
func alike(dir, stem string) (names []string, err error) {
	if stem == "" {
		return nil, nil
	}
	if dir == "" {
		dir = "."
	}
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	for {
		some, err := d.Readdirnames(1000)
		for _, n := range some {
			if strings.EqualFold(strings.TrimSuffix(n, filepath.Ext(n)), stem) {
				names = append(names, n)
			}
		}
		if errors.Is(err, io.EOF) {
			return names, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// best returns the name that is want in all but the case of its letters; the one with the same case, or with the
// same case before the ending, where there are several.
func best(names []string, want, stem string) (name string, ok bool, err error) {
	fit := 0
	for _, n := range names {
		var f int
		switch {
		case !strings.EqualFold(n, want):
			continue
		case n == want:
			f = 3
		case strings.HasPrefix(n, stem):
			f = 2
		default:
			f = 1
		}
		if f == fit {
			return "", false, fmt.Errorf("%w: %s and %s differ only in case: which is meant?", safety.ErrInvalid, name, n)
		}
		if f > fit {
			name, fit = n, f
		}
	}
	return name, fit > 0, nil
}
