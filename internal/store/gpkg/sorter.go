package gpkg

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"slices"
)

// sorterBytes is about how much a sorter holds in memory; the rest is in a temporary file.
const sorterBytes = 12 << 20

// A sorter puts keys in order of their bytes, and those that are equal in order of their numbers. What comes in order
// already is not sorted.
type sorter struct {
	limit  int // bytes in memory; 0 is sorterBytes
	bytes  []byte
	items  []item
	tangle bool // items are not in order
	file   *os.File
	runs   []run // of the file, each in order
	size   int64
}

// An item is a key in memory: its first eight bytes as a number, where most comparisons end, and where the others are.
type item struct {
	first  uint64
	at, n  uint32 // n is the length of the whole key
	number uint32
}

type run struct{ from, to int64 }

func (s *sorter) add(key []byte, number uint32) error {
	it := item{first: firstBytes(key), at: uint32(len(s.bytes)), n: uint32(len(key)), number: number}
	if len(key) > 8 {
		s.bytes = append(s.bytes, key[8:]...)
	}
	if n := len(s.items); n > 0 && !s.tangle {
		s.tangle = s.compare(s.items[n-1], it) > 0
	}
	s.items = append(s.items, it)
	limit := s.limit
	if limit == 0 {
		limit = sorterBytes
	}
	if len(s.bytes)+24*len(s.items) < limit {
		return nil
	}
	return s.unload()
}

func firstBytes(key []byte) uint64 {
	if len(key) >= 8 {
		return binary.BigEndian.Uint64(key)
	}
	var first [8]byte
	copy(first[:], key)
	return binary.BigEndian.Uint64(first[:])
}

// rest is a key without its first eight bytes.
func (s *sorter) rest(i item) []byte {
	if i.n <= 8 {
		return nil
	}
	return s.bytes[i.at : i.at+i.n-8]
}

// key appends a key.
func (s *sorter) key(to []byte, i item) []byte {
	if i.n >= 8 {
		return append(binary.BigEndian.AppendUint64(to, i.first), s.rest(i)...)
	}
	var first [8]byte
	binary.BigEndian.PutUint64(first[:], i.first)
	return append(to, first[:i.n]...)
}

func (s *sorter) compare(a, b item) int {
	if a.first != b.first {
		return cmp.Compare(a.first, b.first)
	}
	if min(a.n, b.n) > 8 {
		if c := bytes.Compare(s.rest(a), s.rest(b)); c != 0 {
			return c
		}
	}
	if a.n != b.n { // zeros at the end of the longer
		return cmp.Compare(a.n, b.n)
	}
	return cmp.Compare(a.number, b.number)
}

// sort orders what is in memory.
func (s *sorter) sort() {
	if s.tangle {
		slices.SortFunc(s.items, s.compare)
		s.tangle = false
	}
}

// unload writes what is in memory to the file, in order.
func (s *sorter) unload() (err error) {
	if s.file == nil {
		if s.file, err = temporary(); err != nil {
			return err
		}
	}
	s.sort()
	r := run{from: s.size}
	w := bufio.NewWriterSize(s.file, 1<<18)
	var head [8]byte
	var key []byte
	for _, it := range s.items {
		binary.LittleEndian.PutUint32(head[:], it.n)
		binary.LittleEndian.PutUint32(head[4:], it.number)
		_, err = w.Write(head[:])
		if err == nil {
			key = s.key(key[:0], it)
			_, err = w.Write(key)
		}
		if err != nil {
			return err
		}
		s.size += int64(len(head)) + int64(it.n)
	}
	r.to = s.size
	s.runs, s.bytes, s.items = append(s.runs, r), s.bytes[:0], s.items[:0]
	return w.Flush()
}

// each calls f with all keys in order; they are valid until it returns.
func (s *sorter) each(f func(key []byte, number uint32) error) error {
	s.sort()
	if len(s.runs) == 0 {
		var key []byte
		for _, it := range s.items {
			key = s.key(key[:0], it)
			if err := f(key, it.number); err != nil {
				return err
			}
		}
		return nil
	}
	if len(s.items) > 0 {
		if err := s.unload(); err != nil {
			return err
		}
	}
	return s.mergeRuns(f)
}

// A cursor is the next key of a run.
type cursor struct {
	r      *bufio.Reader
	key    []byte
	number uint32
	end    bool
}

func (c *cursor) next() error {
	var head [8]byte
	if _, err := io.ReadFull(c.r, head[:]); err != nil {
		c.end = errors.Is(err, io.EOF)
		if c.end {
			return nil
		}
		return err
	}
	n := int(binary.LittleEndian.Uint32(head[:]))
	c.number = binary.LittleEndian.Uint32(head[4:])
	c.key = slices.Grow(c.key[:0], n)[:n]
	_, err := io.ReadFull(c.r, c.key)
	return err
}

func (s *sorter) mergeRuns(f func(key []byte, number uint32) error) error {
	var open []*cursor
	for _, r := range s.runs {
		c := &cursor{r: bufio.NewReaderSize(io.NewSectionReader(s.file, r.from, r.to-r.from), 1<<16)}
		if err := c.next(); err != nil {
			return err
		}
		open = append(open, c)
	}
	for len(open) > 0 {
		least := 0
		for i, c := range open[1:] {
			if order := bytes.Compare(c.key, open[least].key); order < 0 || order == 0 && c.number < open[least].number {
				least = i + 1
			}
		}
		c := open[least]
		if err := f(c.key, c.number); err != nil {
			return err
		}
		if err := c.next(); err != nil {
			return err
		}
		if c.end {
			open = slices.Delete(open, least, least+1)
		}
	}
	return nil
}

func (s *sorter) close() { discard(s.file) }

// temporary makes a file that is gone with the process, at the latest.
func temporary() (*os.File, error) {
	f, err := os.CreateTemp("", "hazgrid-")
	if err != nil {
		return nil, err
	}
	_ = os.Remove(f.Name()) // some systems cannot before it is closed: discard does it there
	return f, nil
}

func discard(f *os.File) {
	if f != nil {
		_ = f.Close()
		_ = os.Remove(f.Name())
	}
}

// inBackground sorts while the caller does something else, until it calls wait.
func inBackground(sorters ...*sorter) (wait func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, s := range sorters {
			s.sort()
		}
	}()
	return func() { <-done }
}
