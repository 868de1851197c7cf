package importers

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unicode/utf16"

	"hazgrid/safety"
)

// compoundMagic begins a compound file ([MS-CFB]): the container of .xls, .doc and of encrypted .xlsx.
const compoundMagic = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

// Sector numbers that are none ([MS-CFB] 2.1).
const (
	sectorMost = 0xfffffffa // larger ones are marks
	sectorEnd  = 0xfffffffe
)

// maxCompound bounds the size in bytes of a compound file: the table of its sectors is held, a 128th of it.
const maxCompound = 1 << 31

// A compound is a file of streams, cut into sectors that are chained by a table.
type compound struct {
	file   io.ReaderAt
	size   int64
	sector int64    // bytes of one
	next   []uint32 // the sector that follows each
	cutoff uint32   // smaller streams lie in the mini stream
	mini   []uint32 // the mini sector that follows each

	streams map[string]compoundStream
	root    compoundStream // holds the mini sectors
}

// A compoundStream is where a stream begins, and its size in bytes.
type compoundStream struct {
	start uint32
	size  int64
}

func brokenCompound(what string) error {
	return fmt.Errorf("%w: a broken old Office file (.xls, .doc): %s", safety.ErrInvalid, what)
}

// openCompound reads the tables and the directory of a compound file.
func openCompound(file io.ReaderAt, size int64) (*compound, error) {
	var head [512]byte
	if _, err := file.ReadAt(head[:], 0); err != nil {
		return nil, brokenCompound("it ends within its header")
	}
	le := binary.LittleEndian
	shift := le.Uint16(head[30:])
	if string(head[:8]) != compoundMagic || shift != 9 && shift != 12 || le.Uint16(head[32:]) != 6 {
		return nil, brokenCompound("its header")
	}
	if size > maxCompound {
		return nil, fmt.Errorf("%w: an old Office file of more than %d MB; save it as .xlsx or CSV", safety.ErrInvalid, maxCompound>>20)
	}
	c := &compound{file: file, size: size, sector: 1 << shift, cutoff: le.Uint32(head[56:])}
	if err := c.readTable(head[:]); err != nil {
		return nil, err
	}
	mini, err := c.chain(le.Uint32(head[60:]))
	if err != nil {
		return nil, err
	}
	for _, s := range mini {
		if c.mini, err = c.words(c.mini, s); err != nil {
			return nil, err
		}
	}
	return c, c.readDirectory(le.Uint32(head[48:]))
}

// readTable reads the table of sectors: the header names its first 109 sectors, a chain of sectors the others.
func (c *compound) readTable(head []byte) error {
	le := binary.LittleEndian
	var parts []uint32
	for i := 76; i < 512; i += 4 {
		parts = append(parts, le.Uint32(head[i:]))
	}
	most := int(c.size/c.sector) + 1
	more := le.Uint32(head[68:])
	for n := 0; more <= sectorMost; n++ {
		words, err := c.words(nil, more)
		if err != nil {
			return err
		}
		if n > most {
			return brokenCompound("its table of sectors goes in a circle")
		}
		parts = append(parts, words[:len(words)-1]...)
		more = words[len(words)-1]
	}
	for _, s := range parts {
		if s > sectorMost || len(c.next) > most {
			continue
		}
		var err error
		if c.next, err = c.words(c.next, s); err != nil {
			return err
		}
	}
	return nil
}

// words appends the numbers of a sector.
func (c *compound) words(to []uint32, sector uint32) ([]uint32, error) {
	b := make([]byte, c.sector)
	if err := c.readSector(b, sector, 0); err != nil {
		return nil, err
	}
	for i := 0; i < len(b); i += 4 {
		to = append(to, binary.LittleEndian.Uint32(b[i:]))
	}
	return to, nil
}

// readSector reads from a place within a sector; the last one of a file may be cut short, as some programs leave it.
func (c *compound) readSector(b []byte, sector uint32, at int64) error {
	n, err := c.file.ReadAt(b, (int64(sector)+1)*c.sector+at)
	if n == 0 || err != nil && !errors.Is(err, io.EOF) {
		return brokenCompound(fmt.Sprintf("it has no sector %d: cut off?", sector))
	}
	clear(b[n:])
	return nil
}

// chain lists the sectors from a start to the end.
func (c *compound) chain(start uint32) ([]uint32, error) { return follow(c.next, start) }

func follow(next []uint32, start uint32) (out []uint32, err error) {
	for s := start; s != sectorEnd; s = next[s] {
		if s > sectorMost && len(out) == 0 {
			return nil, nil
		}
		if uint64(s) >= uint64(len(next)) || len(out) >= len(next) {
			return nil, brokenCompound("a chain of sectors leads nowhere")
		}
		out = append(out, s)
	}
	return out, nil
}

// readDirectory lists the streams.
func (c *compound) readDirectory(start uint32) error {
	sectors, err := c.chain(start)
	if err != nil {
		return err
	}
	c.streams = map[string]compoundStream{}
	b := make([]byte, c.sector)
	for _, s := range sectors {
		if err := c.readSector(b, s, 0); err != nil {
			return err
		}
		for i := 0; i+128 <= len(b) && len(c.streams) < 1<<16; i += 128 {
			c.enter(b[i : i+128])
		}
	}
	return nil
}

// enter takes an entry of the directory ([MS-CFB] 2.6).
func (c *compound) enter(b []byte) {
	le := binary.LittleEndian
	length := min(int(le.Uint16(b[64:])), 64)
	var name []uint16
	for i := 0; i+2 < length; i += 2 {
		name = append(name, le.Uint16(b[i:]))
	}
	s := compoundStream{start: le.Uint32(b[116:]), size: int64(le.Uint32(b[120:]))}
	switch b[66] {
	case 2:
		c.streams[string(utf16.Decode(name))] = s
	case 5:
		c.root = s
	}
}

// open returns a stream's bytes.
func (c *compound) open(s compoundStream) (*io.SectionReader, error) {
	sectors, unit, err := []uint32(nil), c.sector, error(nil)
	r := &chained{compound: c}
	if s.size < int64(c.cutoff) {
		if r.mini, err = c.chain(c.root.start); err != nil {
			return nil, err
		}
		unit = 64
		sectors, err = follow(c.mini, s.start)
	} else {
		sectors, err = c.chain(s.start)
	}
	if err != nil {
		return nil, err
	}
	r.sectors, r.unit = sectors, unit
	if int64(len(sectors))*unit < s.size {
		return nil, brokenCompound("a stream has fewer sectors than its size needs")
	}
	for _, s := range sectors {
		if r.mini == nil && (int64(s)+1)*unit >= c.size {
			return nil, brokenCompound("cut off")
		}
	}
	return io.NewSectionReader(r, 0, s.size), nil
}

// A chained reads a stream by its sectors, or mini sectors, which lie in a stream of sectors themselves.
type chained struct {
	compound *compound
	sectors  []uint32
	unit     int64
	mini     []uint32 // sectors of the mini stream; nil for a stream of its own
}

// ReadAt implements io.ReaderAt.
func (r *chained) ReadAt(p []byte, at int64) (n int, err error) {
	for n < len(p) {
		i := at / r.unit
		if i >= int64(len(r.sectors)) {
			return n, io.EOF
		}
		within := at % r.unit
		part := p[n:min(len(p), n+int(r.unit-within))]
		sector := r.sectors[i]
		if r.unit < r.compound.sector {
			place := int64(sector) * r.unit
			if place/r.compound.sector >= int64(len(r.mini)) {
				return n, brokenCompound("a mini sector beyond the mini stream")
			}
			sector, within = r.mini[place/r.compound.sector], within+place%r.compound.sector
		}
		if err := r.compound.readSector(part, sector, within); err != nil {
			return n, err
		}
		n, at = n+len(part), at+int64(len(part))
	}
	return n, nil
}
