package tiles

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
)

// A PMTilesWriter makes a PMTiles archive, version 3, of vector tiles packed with gzip. Equal tiles are kept once. It holds the
// directory, some 70 bytes a tile; the tiles go to a file of their own until Finish puts the archive together.
type PMTilesWriter struct {
	data    io.ReadWriteSeeker
	out     *bufio.Writer // to data
	end     uint64        // of what was written there
	entries []dirEntry
	known   map[[sha256.Size]byte]uint64 // offsets by content
	tiles   uint64
}

// NewPMTilesWriter returns a writer that keeps tiles in data, an empty file, until it is finished.
func NewPMTilesWriter(data io.ReadWriteSeeker) *PMTilesWriter {
	return &PMTilesWriter{data: data, out: bufio.NewWriterSize(data, 1<<18), known: map[[sha256.Size]byte]uint64{}}
}

// Add adds a tile, as it is to be kept. Tiles come in the order of their ID and are not empty.
func (w *PMTilesWriter) Add(a Address, tile []byte) error {
	id := a.ID()
	var last dirEntry
	if n := len(w.entries); n > 0 {
		last = w.entries[n-1]
	}
	if id < last.id+uint64(last.run) || len(tile) == 0 || len(tile) > math.MaxUint32 {
		return fmt.Errorf("tiles: %s with %d bytes cannot follow %s", a, len(tile), addressOf(last.id))
	}
	w.tiles++
	sum := sha256.Sum256(tile)
	offset, ok := w.known[sum]
	if ok && last.run > 0 && last.offset == offset && id == last.id+uint64(last.run) {
		w.entries[len(w.entries)-1].run++
		return nil
	}
	if !ok {
		offset = w.end
		w.known[sum] = offset
		w.end += uint64(len(tile))
		if _, err := w.out.Write(tile); err != nil {
			return err
		}
	}
	w.entries = append(w.entries, dirEntry{id: id, offset: offset, length: uint32(len(tile)), run: 1})
	return nil
}

// Distinct returns how many different tiles were added.
func (w *PMTilesWriter) Distinct() int { return len(w.known) }

// Finish writes the whole archive to out. Of d, the zooms are replaced by those there are tiles of.
func (w *PMTilesWriter) Finish(out io.Writer, d TileJSON) error {
	if len(w.entries) == 0 {
		return errors.New("tiles: a PMTiles archive cannot be without tiles")
	}
	if err := w.out.Flush(); err != nil {
		return err
	}
	root, leaves, err := directories(w.entries)
	if err != nil {
		return err
	}
	metadata, err := metadataOf(d)
	if err != nil {
		return err
	}
	h := w.header(d)
	at := uint64(headerBytes)
	place := func(length int) span {
		s := span{at, uint64(length)}
		at += s.length
		return s
	}
	h.root, h.metadata, h.leaves = place(len(root)), place(len(metadata)), place(len(leaves))
	h.data = span{at, w.end}
	for _, b := range [...][]byte{h.append(nil), root, metadata, leaves} {
		if _, err := out.Write(b); err != nil {
			return err
		}
	}
	if _, err := w.data.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err = io.Copy(out, w.data)
	return err
}

func (w *PMTilesWriter) header(d TileJSON) header {
	last := w.entries[len(w.entries)-1]
	h := header{
		tiles: w.tiles, entries: uint64(len(w.entries)), contents: uint64(len(w.known)),
		clustered: true, internal: Gzip, packed: Gzip, kind: MVT,
		minZoom: uint8(addressOf(w.entries[0].id).Z), maxZoom: uint8(addressOf(last.id + uint64(last.run) - 1).Z),
		bounds: [4]float64{-180, -maxLatitude, 180, maxLatitude},
	}
	if d.Bounds != nil {
		h.bounds = *d.Bounds
	}
	if d.Center != nil {
		h.center = *d.Center
	}
	h.center[2] = min(max(h.center[2], float64(h.minZoom)), float64(h.maxZoom))
	return h
}

// metadataOf writes what the header has no place for.
func metadataOf(d TileJSON) ([]byte, error) {
	b, err := json.Marshal(metadata{Name: d.Name, Description: d.Description, Attribution: d.Attribution, Type: "overlay", VectorLayers: d.VectorLayers})
	if err != nil {
		return nil, err
	}
	return gzipped(b)
}

// metadata is what is read of an archive's metadata, and written there.
type metadata struct {
	Name         string        `json:"name,omitempty"`
	Description  string        `json:"description,omitempty"`
	Attribution  string        `json:"attribution,omitempty"`
	Type         string        `json:"type,omitempty"` // "overlay" or "baselayer"
	VectorLayers []VectorLayer `json:"vector_layers,omitempty"`
}

// leafEntries is how many entries a leaf has, unless there are then too many leaves for the root.
const leafEntries = 4096

// directories returns the root, and the leaves one after another when the root cannot hold all entries.
func directories(entries []dirEntry) (root, leaves []byte, err error) {
	if len(entries) < rootBytes { // each takes more than a byte
		if root, err = packEntries(entries); err != nil || len(root) <= rootBytes {
			return root, nil, err
		}
	}
	for size := leafEntries; ; size += size / 4 {
		root, leaves, err = leavesOf(entries, size)
		if err != nil || len(root) <= rootBytes {
			return root, leaves, err
		}
	}
}

// leavesOf packs entries into leaves of some size, and a root that knows them.
func leavesOf(entries []dirEntry, size int) (root, leaves []byte, err error) {
	var known []dirEntry
	for part := range slices.Chunk(entries, size) {
		leaf, err := packEntries(part)
		if err != nil {
			return nil, nil, err
		}
		known = append(known, dirEntry{id: part[0].id, offset: uint64(len(leaves)), length: uint32(len(leaf))})
		leaves = append(leaves, leaf...)
	}
	root, err = packEntries(known)
	return root, leaves, err
}
