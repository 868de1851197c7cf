package tiles

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"sort"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// What is read of an archive at once, bytes, however large the file says it is.
const (
	mostDirectory = 4 << 20  // no longer packed
	mostMetadata  = 4 << 20  // no longer packed
	mostTile      = 32 << 20 // packed or not
	mostDepth     = 4        // of directories
	mostLeaves    = 1 << 20  // entries of leaves that are remembered: 24 bytes each
)

// A PMTiles reads a PMTiles archive, version 3, by parts. Many may use it at once.
type PMTiles struct {
	file   io.ReaderAt
	size   uint64
	header header
	about  metadata
	layers json.RawMessage // vector_layers as they are
	root   []dirEntry

	mu     sync.Mutex
	leaves map[span][]dirEntry
	held   int // entries in leaves
}

// OpenPMTiles reads the header, the root directory and the metadata of a file of size bytes. Archives whose directories are
// packed with anything but gzip are refused. An error is ErrPMTiles, or one of reading.
func OpenPMTiles(file io.ReaderAt, size int64) (*PMTiles, error) {
	p := &PMTiles{file: file, size: uint64(max(size, 0)), leaves: map[span][]dirEntry{}}
	b, err := p.read(span{0, headerBytes}, headerBytes)
	if err != nil {
		return nil, err
	}
	if p.header, err = readHeader(b); err != nil {
		return nil, err
	}
	h := &p.header
	switch {
	case h.internal != Gzip && h.internal != NoCompression:
		return nil, fmt.Errorf("%w: directories are packed with compression %d, only none (1) and gzip (2) are read", ErrPMTiles, h.internal)
	case h.packed > Zstd || h.kind > AVIF || h.kind == UnknownType:
		return nil, fmt.Errorf("%w: tiles of type %d and compression %d are not known", ErrPMTiles, h.kind, h.packed)
	case h.minZoom > h.maxZoom:
		return nil, fmt.Errorf("%w: zoom %d to %d", ErrPMTiles, h.minZoom, h.maxZoom)
	}
	if p.root, err = p.directory(h.root); err != nil {
		return nil, err
	}
	return p, p.readMetadata()
}

func (p *PMTiles) readMetadata() error {
	if p.header.metadata.length == 0 {
		return nil
	}
	b, err := p.unpacked(p.header.metadata, mostMetadata)
	if err != nil {
		return err
	}
	var parts map[string]json.RawMessage
	if err := json.Unmarshal(b, &parts); err != nil {
		return fmt.Errorf("%w: its metadata: %w", ErrPMTiles, err)
	}
	for name, to := range map[string]*string{"name": &p.about.Name, "description": &p.about.Description, "attribution": &p.about.Attribution} {
		_ = json.Unmarshal(parts[name], to) // what is no text is left out
	}
	p.layers = parts["vector_layers"]
	return nil
}

// read returns a part of the file, if it is there and not longer than limit.
func (p *PMTiles) read(s span, limit uint64) ([]byte, error) {
	if s.length > p.size || s.offset > p.size-s.length {
		return nil, fmt.Errorf("%w: bytes %d and %d on are beyond its end", ErrPMTiles, s.offset, s.length)
	}
	if s.length > limit {
		return nil, fmt.Errorf("%w: %d bytes in one piece, at most %d are read", ErrPMTiles, s.length, limit)
	}
	b := make([]byte, s.length)
	n, err := p.file.ReadAt(b, int64(s.offset))
	if n < len(b) {
		return nil, fmt.Errorf("tiles: read %d bytes at %d: %w", len(b), s.offset, err)
	}
	return b, nil
}

// unpacked reads a directory or the metadata.
func (p *PMTiles) unpacked(s span, limit uint64) ([]byte, error) {
	b, err := p.read(s, limit)
	if err != nil || p.header.internal != Gzip {
		return b, err
	}
	return unpack(b, Gzip, int64(limit))
}

func (p *PMTiles) directory(s span) ([]dirEntry, error) {
	b, err := p.unpacked(s, mostDirectory)
	if err != nil {
		return nil, err
	}
	return readEntries(b)
}

// leaf returns the leaf directory that e points to, from memory when it was asked for before.
func (p *PMTiles) leaf(e dirEntry) ([]dirEntry, error) {
	in := p.header.leaves
	if e.offset > in.length || uint64(e.length) > in.length-e.offset || in.offset > p.size {
		return nil, fmt.Errorf("%w: a leaf is outside of the leaf directories", ErrPMTiles)
	}
	s := span{in.offset + e.offset, uint64(e.length)}
	p.mu.Lock()
	known, ok := p.leaves[s]
	p.mu.Unlock()
	if ok {
		return known, nil
	}
	entries, err := p.directory(s)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held += len(entries); p.held > mostLeaves { // those still needed soon come back
		clear(p.leaves)
		p.held = len(entries)
	}
	p.leaves[s] = entries
	return entries, nil
}

// Tile returns a tile as it is kept; not ok when there is none.
func (p *PMTiles) Tile(a Address) (tile []byte, ok bool, err error) {
	if !a.Valid() {
		return nil, false, nil
	}
	e, ok, err := p.find(a.ID())
	if err != nil || !ok {
		return nil, false, err
	}
	in := p.header.data
	if e.offset > in.length || uint64(e.length) > in.length-e.offset || in.offset > p.size {
		return nil, false, fmt.Errorf("%w: tile %s is outside of the tiles", ErrPMTiles, a)
	}
	tile, err = p.read(span{in.offset + e.offset, uint64(e.length)}, mostTile)
	return tile, err == nil, err
}

// find returns the entry of a tile.
func (p *PMTiles) find(id uint64) (dirEntry, bool, error) {
	at := p.root
	for range mostDepth {
		i := sort.Search(len(at), func(k int) bool { return at[k].id > id }) - 1
		if i < 0 {
			return dirEntry{}, false, nil
		}
		e := at[i]
		if e.run > 0 {
			return e, id-e.id < uint64(e.run), nil
		}
		var err error
		if at, err = p.leaf(e); err != nil {
			return dirEntry{}, false, err
		}
	}
	return dirEntry{}, false, fmt.Errorf("%w: its directories are more than %d deep", ErrPMTiles, mostDepth)
}

// Type returns what the tiles are.
func (p *PMTiles) Type() TileType { return p.header.kind }

// Packed returns how the tiles are compressed.
func (p *PMTiles) Packed() Compression { return p.header.packed }

// Unpack returns a tile without its compression, which an unknown one is taken not to have. More than 32 MB are an error.
func (p *PMTiles) Unpack(tile []byte) ([]byte, error) { return unpack(tile, p.header.packed, mostTile) }

func unpack(b []byte, as Compression, limit int64) ([]byte, error) {
	switch as {
	case Gzip:
		r, err := gzip.NewReader(bytes.NewReader(b))
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrPMTiles, err)
		}
		return readAll(r, limit)
	case Brotli:
		return readAll(brotli.NewReader(bytes.NewReader(b)), limit)
	case Zstd:
		r, err := zstd.NewReader(bytes.NewReader(b), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(uint64(limit)))
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrPMTiles, err)
		}
		defer r.Close()
		return readAll(r, limit)
	}
	return b, nil
}

// TileJSON returns what the archive says of itself, without URLs and vector layers.
func (p *PMTiles) TileJSON() TileJSON {
	h := &p.header
	return TileJSON{
		Version: "3.0.0", Scheme: "xyz", Name: p.about.Name, Description: p.about.Description, Attribution: p.about.Attribution,
		MinZoom: int(h.minZoom), MaxZoom: int(h.maxZoom), Bounds: &h.bounds, Center: &h.center,
	}
}

// VectorLayers returns vector_layers of the metadata as it stands there: JSON, nil when there is none.
func (p *PMTiles) VectorLayers() json.RawMessage { return p.layers }
