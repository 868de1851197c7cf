package importers

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"hazgrid/safety"
)

// Bounds of an archive: its texts are read as they are unpacked and never held, but a small file
// must not keep the reader busy for hours.
const (
	maxUnpacked  = 1 << 30  // of all texts, in bytes
	freeUnpacked = 64 << 20 // so much whatever the size of the archive
	maxRatio     = 50       // and beyond that so many times its size; KML has 5 to 20
)

// readKMZ is the reader of KMZ: a ZIP archive with KML in it. doc.kml comes first; other KML beside it is what it links to.
func readKMZ(s *source) (table, error) {
	a, err := openArchive(s)
	if err != nil {
		return table{}, err
	}
	texts := slices.DeleteFunc(a.entries, func(e entry) bool { return !strings.EqualFold(path.Ext(e.name), ".kml") })
	if len(texts) == 0 {
		return table{}, fmt.Errorf("%w: the ZIP archive holds no KML", safety.ErrInvalid)
	}
	slices.SortStableFunc(texts, func(a, b entry) int {
		return int(rank(a.name)) - int(rank(b.name))
	})
	quiet := *s
	quiet.warn = func(code, example string) {
		if code != "network_link" || len(texts) == 1 { // else it is to the texts beside it
			s.warn(code, example)
		}
	}
	k := &kmlReader{src: &quiet}
	k.texts = func(f func(io.Reader) error) error {
		left := min(maxUnpacked, max(freeUnpacked, maxRatio*s.size))
		for _, e := range texts {
			if err := k.entry(e, &left, f); err != nil {
				return err
			}
		}
		return nil
	}
	return table{encoding: "utf-8", rows: k.rows(), again: true}, nil
}

// rank puts the main text first, the others in their order.
func rank(name string) uint8 {
	if strings.EqualFold(name, "doc.kml") {
		return 0
	}
	return 1
}

// entry unpacks one text.
func (k *kmlReader) entry(e entry, left *int64, f func(io.Reader) error) error {
	if e.Flags&1 != 0 {
		return fmt.Errorf("%w: %s in the archive is encrypted", safety.ErrInvalid, clip(e.name))
	}
	body, err := e.Open()
	if err != nil {
		return fmt.Errorf("%w: %s in the archive: %w", safety.ErrInvalid, clip(e.name), err)
	}
	defer func() { _ = body.Close() }() // what was wanted is read
	in := bufio.NewReaderSize(&unpacked{body, left}, 64<<10)
	head, _ := in.Peek(64 << 10) // the error comes again
	asked, err := charsetOf(k.src.o.Encoding)
	if err != nil {
		return err
	}
	cs, err := xmlCharset(head, detect(head, asked), k.src.o)
	if err != nil {
		return fmt.Errorf("%s in the archive: %w", clip(e.name), err)
	}
	k.strict = cs.enc != nil
	text, err := cs.reader(in)
	if err == nil {
		err = f(text)
	}
	if err != nil && !errors.Is(err, errStop) && !errors.Is(err, safety.ErrInvalid) { // archive/zip's own words
		err = fmt.Errorf("%w: %w", safety.ErrInvalid, err)
	}
	if err != nil && !errors.Is(err, errStop) {
		return fmt.Errorf("%s in the archive: %w", clip(e.name), err)
	}
	return err
}

// An unpacked reads a text out of an archive while there is room for it.
type unpacked struct {
	src  io.Reader
	left *int64
}

// Read implements io.Reader.
func (u *unpacked) Read(p []byte) (int, error) {
	n, err := u.src.Read(p)
	if *u.left -= int64(n); *u.left < 0 {
		return 0, fmt.Errorf("%w: the archive unpacks to more than 1 GB, or than %d times its size", safety.ErrInvalid, maxRatio)
	}
	return n, err
}
