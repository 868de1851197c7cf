package tiles

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// PMTiles, version 3: https://github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md. An archive is a header, a root
// directory, metadata in JSON, leaf directories and the tiles.

// ErrPMTiles says that a file is not a PMTiles archive of version 3, or is broken.
var ErrPMTiles = errors.New("tiles: not a sound PMTiles archive")

const (
	headerBytes = 127
	rootBytes   = 16384 - headerBytes // the root ends within the first 16,384 bytes, which clients read at once
	magic       = "PMTiles\x03"
)

// A Compression is how tiles and directories are packed: numbers of the specification.
type Compression byte

// The compressions of the specification.
const (
	UnknownCompression Compression = iota
	NoCompression
	Gzip
	Brotli
	Zstd
)

// A TileType is what the tiles of an archive are: numbers of the specification.
type TileType byte

// The types of the specification.
const (
	UnknownType TileType = iota
	MVT
	PNG
	JPEG
	WebP
	AVIF
)

// span is a part of a file: where it begins and how long it is, bytes.
type span struct{ offset, length uint64 }

// header is the fixed part of an archive.
type header struct {
	root, metadata, leaves, data span
	tiles, entries, contents     uint64 // 0: unknown
	clustered                    bool
	internal, packed             Compression // of directories and metadata, of tiles
	kind                         TileType
	minZoom, maxZoom             uint8
	bounds                       [4]float64 // west, south, east, north, degrees
	center                       [3]float64 // longitude, latitude, zoom
}

// append writes h.
func (h *header) append(b []byte) []byte {
	le := binary.LittleEndian
	b = append(b, magic...)
	for _, s := range [...]span{h.root, h.metadata, h.leaves, h.data} {
		b = le.AppendUint64(le.AppendUint64(b, s.offset), s.length)
	}
	for _, n := range [...]uint64{h.tiles, h.entries, h.contents} {
		b = le.AppendUint64(b, n)
	}
	clustered := byte(0)
	if h.clustered {
		clustered = 1
	}
	b = append(b, clustered, byte(h.internal), byte(h.packed), byte(h.kind), h.minZoom, h.maxZoom)
	for _, d := range h.bounds {
		b = le.AppendUint32(b, e7(d))
	}
	b = append(b, byte(h.center[2]))
	return le.AppendUint32(le.AppendUint32(b, e7(h.center[0])), e7(h.center[1]))
}

// e7 is an angle in units of 10⁻⁷ degrees.
func e7(degrees float64) uint32 { return uint32(int32(math.Round(degrees * 1e7))) }

func readHeader(b []byte) (h header, err error) {
	if len(b) < headerBytes || string(b[:len(magic)]) != magic {
		return h, fmt.Errorf("%w: it does not begin with a header of version 3", ErrPMTiles)
	}
	long := func(at int) uint64 { return binary.LittleEndian.Uint64(b[at:]) }
	degrees := func(at int) float64 { return float64(int32(binary.LittleEndian.Uint32(b[at:]))) / 1e7 }
	for i, s := range [...]*span{&h.root, &h.metadata, &h.leaves, &h.data} {
		*s = span{long(8 + 16*i), long(16 + 16*i)}
	}
	h.tiles, h.entries, h.contents = long(72), long(80), long(88)
	h.clustered = b[96] == 1
	h.internal, h.packed, h.kind = Compression(b[97]), Compression(b[98]), TileType(b[99])
	h.minZoom, h.maxZoom = b[100], b[101]
	h.bounds = [4]float64{degrees(102), degrees(106), degrees(110), degrees(114)}
	h.center = [3]float64{degrees(119), degrees(123), float64(b[118])}
	return h, nil
}

// A dirEntry of a directory says where tiles are that follow each other and are equal, or with run 0 where a leaf is.
type dirEntry struct {
	id, offset  uint64
	length, run uint32
}

// packEntries writes a directory: its numbers column by column, packed.
func packEntries(entries []dirEntry) ([]byte, error) {
	b := binary.AppendUvarint(nil, uint64(len(entries)))
	last := uint64(0)
	for _, e := range entries {
		b = binary.AppendUvarint(b, e.id-last)
		last = e.id
	}
	for _, e := range entries {
		b = binary.AppendUvarint(b, uint64(e.run))
	}
	for _, e := range entries {
		b = binary.AppendUvarint(b, uint64(e.length))
	}
	for i, e := range entries {
		if i > 0 && e.offset == entries[i-1].offset+uint64(entries[i-1].length) {
			b = append(b, 0)
			continue
		}
		b = binary.AppendUvarint(b, e.offset+1)
	}
	return gzipped(b)
}

// gzipped packs directories and metadata. The same bytes come out in every process.
func gzipped(b []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(b); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// readEntries reads a directory that is no longer packed. Each entry takes four bytes at least, so that what
// is allocated is bounded by what is there.
func readEntries(b []byte) ([]dirEntry, error) {
	broken := func(what string) error { return fmt.Errorf("%w: a directory %s", ErrPMTiles, what) }
	n, size := binary.Uvarint(b)
	b = b[max(size, 0):]
	if size <= 0 || n == 0 || n > uint64(len(b)/4) {
		return nil, broken("does not hold as many entries as it says")
	}
	entries := make([]dirEntry, n)
	var id, end uint64
	columns := [...]func(*dirEntry, uint64) bool{
		func(e *dirEntry, v uint64) bool {
			first := e == &entries[0]
			e.id, id = id+v, id+v
			return e.id >= v && (v > 0 || first)
		},
		func(e *dirEntry, v uint64) bool { e.run = uint32(v); return v <= math.MaxUint32 },
		func(e *dirEntry, v uint64) bool { e.length = uint32(v); return v > 0 && v <= math.MaxUint32 },
		func(e *dirEntry, v uint64) bool {
			e.offset = v - 1
			if v == 0 {
				e.offset = end
			}
			end = e.offset + uint64(e.length)
			return end >= e.offset && (v > 0 || e != &entries[0])
		},
	}
	for _, set := range columns {
		for i := range entries {
			v, size := binary.Uvarint(b)
			if size <= 0 {
				return nil, broken("ends too soon")
			}
			if b = b[size:]; !set(&entries[i], v) {
				return nil, broken(fmt.Sprintf("has an impossible entry, its number %d", i+1))
			}
		}
	}
	return entries, nil
}

// readAll reads r up to limit bytes; more are an error.
func readAll(r io.Reader, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPMTiles, err)
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("%w: more than %d bytes in one piece", ErrPMTiles, limit)
	}
	return b, nil
}
