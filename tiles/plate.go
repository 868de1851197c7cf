package tiles

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// A Plate is a layer of a tile but for the values that change often: made, packed and named once, then joined with the values
// for each answer, which costs what these take alone. Its tags point to places in the table of values that are the feature's own,
// so the values are not shared between features as [Columns.Append] shares them: a tile is some percent larger. A Plate is immutable.
type Plate struct {
	fixed  []byte // of the layer: what follows its length and precedes the live values
	cut    *Cut
	first  int      // column from which on values are live
	masks  []uint32 // for each feature, which live columns have a value, by bits
	sum    [sha256.Size]byte
	packed packed
}

// maxLive is how many columns can be live.
const maxLive = 32

// NewPlate makes the plate of a layer: of the features of a cut, with their values in all columns before the first live one. Of live columns it
// takes only which have a value. It fails for more than 32 live columns.
func NewPlate(name string, cut *Cut, columns *Columns, first int) (*Plate, error) {
	if len(columns.list)-first > maxLive {
		return nil, fmt.Errorf("%d live columns, at most %d are taken", len(columns.list)-first, maxLive)
	}
	p := &Plate{cut: cut, first: first, masks: make([]uint32, len(cut.features))}
	e := new(encoder)
	e.reset(len(columns.list))
	for _, feature := range cut.features { // values that stay come first
		e.number(columns, feature, first)
	}
	place := e.count
	for i, feature := range cut.features {
		p.masks[i] = columns.mask(feature, first)
		place = e.feature(columns, feature, cut.tail(i), first, place)
	}
	p.fixed = appendBytes(nil, nameField, []byte(name))
	p.fixed = append(p.fixed, e.features...)
	for _, k := range e.used {
		p.fixed = appendBytes(p.fixed, keyField, []byte(columns.list[k].key))
	}
	p.fixed = append(p.fixed, e.values...)
	p.sum = sha256.Sum256(p.fixed)
	return p, p.pack()
}

// Fits reports whether the plate is that of columns: whether the same of the live ones have values.
func (p *Plate) Fits(columns *Columns) bool {
	for i, feature := range p.cut.features {
		if columns.mask(feature, p.first) != p.masks[i] {
			return false
		}
	}
	return true
}

// Size returns about how much memory the plate takes, bytes, without the cut.
func (p *Plate) Size() int { return 192 + 4*len(p.masks) + len(p.fixed) + len(p.packed.deflate) }

// mask tells, by bits, which columns from the first live one on have a value of a feature.
func (c *Columns) mask(feature int32, first int) (mask uint32) {
	for k := first; k < len(c.list); k++ {
		if c.list[k].values[feature] != none {
			mask |= 1 << (k - first)
		}
	}
	return mask
}

// appendLive appends the live values, and the end of the layer.
func (p *Plate) appendLive(b []byte, columns *Columns) []byte {
	for _, feature := range p.cut.features {
		for k := p.first; k < len(columns.list); k++ {
			col := &columns.list[k]
			if v := col.values[feature]; v != none {
				b = columns.appendValue(b, col.field, v)
			}
		}
	}
	end := layerEnd()
	return append(b, end[:]...)
}

// packed is a run of bytes as DEFLATE (RFC 1951) has it: whole blocks that end with a byte, none of them the last.
type packed struct {
	deflate []byte
	crc     uint32 // of the bytes
	shift   uint32 // times the CRC of what comes before is its part in that of both
}

func (p *Plate) pack() error {
	blocks, err := appendPacked(nil, p.fixed, &packersOnce)
	p.packed = packed{blocks, crc32.ChecksumIEEE(p.fixed), crcShift(len(p.fixed))}
	return err
}

// A Drawing is a tile that is being put together from layers: bytes, and plates with what is packed of them. Its zero value is an empty tile.
type Drawing struct{ parts []part }

// A part is a plate, which the first may lack, and the bytes that follow it.
type part struct {
	plate *Plate
	bytes []byte
	live  int // how many of them are the plate's layer's
}

// Add appends bytes, whole layers, which it takes over.
func (d *Drawing) Add(layers []byte) {
	if len(layers) == 0 {
		return
	}
	if last := d.last(); last.bytes == nil {
		last.bytes = layers
	} else {
		last.bytes = append(last.bytes, layers...)
	}
}

// AddPlate appends the layer of a plate with the live values of columns, which the plate fits. Without features the layer is left out.
func (d *Drawing) AddPlate(p *Plate, columns *Columns) {
	if len(p.cut.features) == 0 {
		return
	}
	live := p.appendLive(make([]byte, 0, 8*len(p.cut.features)*(len(columns.list)-p.first)+8), columns)
	if d.parts == nil {
		d.parts = make([]part, 0, 2)
	}
	last := d.last()
	last.bytes = binary.AppendUvarint(appendKey(last.bytes, layerField, bytesWire), uint64(len(p.fixed)+len(live)))
	d.parts = append(d.parts, part{p, live, len(live)})
}

func (d *Drawing) last() *part {
	if len(d.parts) == 0 {
		d.parts = append(d.parts, part{})
	}
	return &d.parts[len(d.parts)-1]
}

// Len returns the length of the tile, bytes.
func (d *Drawing) Len() (n int) {
	for _, p := range d.parts {
		if p.plate != nil {
			n += len(p.plate.fixed)
		}
		n += len(p.bytes)
	}
	return n
}

// Bytes returns the tile.
func (d *Drawing) Bytes() []byte {
	if len(d.parts) == 1 && d.parts[0].plate == nil {
		return d.parts[0].bytes
	}
	b := make([]byte, 0, d.Len())
	for _, p := range d.parts {
		if p.plate != nil {
			b = append(b, p.plate.fixed...)
		}
		b = append(b, p.bytes...)
	}
	return b
}

// Plated reports whether there are plates in the tile, so that Gzip is quick.
func (d *Drawing) Plated() bool { return len(d.parts) > 0 && d.parts[len(d.parts)-1].plate != nil }

// Sum returns a digest of the tile: equal for equal tiles that were put together in the same way.
func (d *Drawing) Sum() [sha256.Size]byte {
	h := sha256.New()
	for _, p := range d.parts {
		if p.plate != nil {
			_, _ = h.Write(p.plate.sum[:])
		}
		_, _ = h.Write(p.bytes)
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// Gzip returns the tile as gzip has it (RFC 1952), the same bytes for the same Drawing: of plates what is packed, the rest packed now.
func (d *Drawing) Gzip() ([]byte, error) {
	size := 64
	for _, p := range d.parts {
		if p.plate != nil {
			size += len(p.plate.packed.deflate)
		}
		size += len(p.bytes)
	}
	out := append(make([]byte, 0, size), 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255) // deflate, no name, no time, from no system
	crc := uint32(0)
	for _, p := range d.parts {
		if p.plate != nil {
			out = append(out, p.plate.packed.deflate...)
			crc = crcProduct(crc, p.plate.packed.shift) ^ p.plate.packed.crc
		}
		var err error
		rest := p.bytes
		if p.live > storedBytes { // the code's own head is longer than few bytes
			out, rest = appendLiveBlock(out, rest[:p.live]), rest[p.live:]
		}
		if out, err = appendBlocks(out, rest); err != nil {
			return nil, err
		}
		crc = crc32.Update(crc, crc32.IEEETable, p.bytes)
	}
	out = append(out, 3, 0) // the last block, empty
	out = binary.LittleEndian.AppendUint32(out, crc)
	return binary.LittleEndian.AppendUint32(out, uint32(d.Len())), nil
}
