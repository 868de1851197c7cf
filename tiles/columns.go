package tiles

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
	"sync"
)

// A Column is one attribute of all features of a layer, dense: value i is that of feature i. Make one with Counts or
// Doubles. A Column is immutable.
type Column struct {
	key    string
	field  byte     // of the values, in Value of the specification
	values []uint64 // what Value.bits holds; of texts, their number in Columns
}

// none stands for a value that does not exist; of doubles it is a NaN that nobody computes.
const none = math.MaxUint64

// Counts returns a column of whole numbers; a negative one stands for a value that does not exist.
func Counts(key string, values []int64) Column {
	c := Column{key: key, field: uintField, values: make([]uint64, len(values))}
	for i, v := range values {
		if c.values[i] = uint64(v); v < 0 {
			c.values[i] = none
		}
	}
	return c
}

// Doubles returns a column of numbers with a fraction; a NaN stands for a value that does not exist.
func Doubles(key string, values []float64) Column {
	c := Column{key: key, field: doubleField, values: make([]uint64, len(values))}
	for i, v := range values {
		if c.values[i] = math.Float64bits(v); v != v {
			c.values[i] = none
		}
	}
	return c
}

// Columns are the ids and the attributes of all features of a layer. They are immutable; With adds to them and shares
// the rest, so what seldom changes is not made anew with what often does.
type Columns struct {
	ids   []uint64 // below 2⁵³
	list  []Column
	texts []string // distinct ones, by number
}

// NewColumns returns columns that so far hold the ids of features.
func NewColumns(ids []uint64) *Columns { return &Columns{ids: ids} }

// With returns the columns with more of them, which come last.
func (c *Columns) With(more ...Column) *Columns {
	return &Columns{c.ids, append(c.list[:len(c.list):len(c.list)], more...), c.texts}
}

// A TextColumn is the texts of all features under one key; "" stands for a value that does not exist.
type TextColumn struct {
	Key    string
	Values []string
}

// WithTexts returns the columns with columns of texts, which come last. Texts are the same value across all columns given in one call.
func (c *Columns) WithTexts(more ...TextColumn) *Columns {
	out := c.With()
	out.texts = c.texts[:len(c.texts):len(c.texts)]
	numbers := map[string]uint64{}
	for _, m := range more {
		col := Column{key: m.Key, field: stringField, values: make([]uint64, len(m.Values))}
		for i, v := range m.Values {
			n, ok := numbers[v]
			switch {
			case v == "":
				n = none
			case !ok:
				n = uint64(len(out.texts))
				numbers[v] = n
				out.texts = append(out.texts, v)
			}
			col.values[i] = n
		}
		out.list = append(out.list, col)
	}
	return out
}

// Only returns the columns with the given keys, in their order here.
func (c *Columns) Only(keys ...string) *Columns {
	out := &Columns{ids: c.ids, texts: c.texts}
	for _, col := range c.list {
		if slices.Contains(keys, col.key) {
			out.list = append(out.list, col)
		}
	}
	return out
}

// Rows returns the columns of some features only: value i is that of feature numbers[i].
func (c *Columns) Rows(numbers []int32) *Columns {
	out := &Columns{ids: make([]uint64, len(numbers)), texts: c.texts}
	for i, n := range numbers {
		out.ids[i] = c.ids[n]
	}
	for _, col := range c.list {
		values := make([]uint64, len(numbers))
		for i, n := range numbers {
			values[i] = col.values[n]
		}
		out.list = append(out.list, Column{key: col.key, field: col.field, values: values})
	}
	return out
}

// Len returns how many columns there are.
func (c *Columns) Len() int { return len(c.list) }

// Size returns about how much memory the columns take, bytes, without the texts.
func (c *Columns) Size() int { return 8*len(c.ids)*(1+len(c.list)) + 16*len(c.texts) }

// Differs reports whether feature i has other values in the columns d, which have the same keys and texts.
func (c *Columns) Differs(d *Columns, i int) bool {
	for k := range c.list {
		if c.list[k].values[i] != d.list[k].values[i] {
			return true
		}
	}
	return false
}

// Append appends a layer to the bytes of a tile: the features of a cut with their values in c. It writes what Encode writes of
// the same features, many times faster. Without features the layer is left out.
func (c *Columns) Append(tile []byte, name string, cut *Cut) []byte {
	if len(cut.features) == 0 {
		return tile
	}
	e := encoders.Get().(*encoder)
	e.reset(len(c.list))
	for i, feature := range cut.features {
		e.feature(c, feature, cut.tail(i), len(c.list), 0)
	}
	tile = e.layer(tile, name, c.list)
	if len(e.known) <= slotsKept {
		encoders.Put(e)
	}
	return tile
}

// How many slots a table of values begins with, and up to how many it is kept for the next layer.
const (
	fewSlots  = 1 << 10
	slotsKept = 1 << 17
)

// encoders keeps the working memory of Append between tiles.
var encoders = sync.Pool{New: func() any { return new(encoder) }}

// An encoder writes one layer: its features, and its keys and values in the order of their first use.
type encoder struct {
	features, values, tags []byte
	keys                   []int // number of the key of each column, -1 before its first use
	used                   []int // columns whose keys are in use, in order
	known                  []slot
	round                  uint32 // slots of other rounds are empty
	count                  uint32 // of values
	shift                  uint8  // that leaves of a hash the number of a slot
}

// A slot of the table of values that the layer has.
type slot struct {
	bits   uint64
	number uint32
	round  uint32
	field  byte
}

// reset makes ready for a layer of so many columns.
func (e *encoder) reset(columns int) {
	e.features, e.values, e.used, e.count = e.features[:0], e.values[:0], e.used[:0], 0
	e.keys = e.keys[:0]
	for range columns {
		e.keys = append(e.keys, -1)
	}
	if e.known == nil {
		e.known = make([]slot, fewSlots)
	}
	e.shift = shiftOf(e.known)
	if e.round++; e.round == 0 { // once in four thousand million layers
		clear(e.known)
		e.round = 1
	}
}

func shiftOf(known []slot) uint8 { return uint8(64 - bits.Len(uint(len(known)-1))) }

// number numbers the values of feature i in the columns before first.
func (e *encoder) number(c *Columns, i int32, first int) {
	for _, col := range c.list[:first] {
		if v := col.values[i]; v != none {
			e.value(c, col.field, v)
		}
	}
}

// feature writes one feature, tail being what follows its tags. Values in columns from first on are not written: they have places of their own in the
// table of values, the first of them at place. It returns the place after them.
func (e *encoder) feature(c *Columns, i int32, tail []byte, first int, place uint32) uint32 {
	e.tags = e.tags[:0]
	for k := range c.list {
		col := &c.list[k]
		v := col.values[i]
		if v == none {
			continue
		}
		if e.keys[k] < 0 {
			e.keys[k] = len(e.used)
			e.used = append(e.used, k)
		}
		e.tags = binary.AppendUvarint(e.tags, uint64(e.keys[k]))
		number := place
		if k < first {
			number = e.value(c, col.field, v)
		} else {
			place++
		}
		e.tags = binary.AppendUvarint(e.tags, uint64(number))
	}
	id := c.ids[i]
	size := 1 + uvarintLen(id) + len(tail)
	if len(e.tags) > 0 {
		size += 1 + uvarintLen(uint64(len(e.tags))) + len(e.tags)
	}
	e.features = binary.AppendUvarint(appendKey(e.features, featureField, bytesWire), uint64(size))
	e.features = appendNumber(e.features, idField, id)
	if len(e.tags) > 0 {
		e.features = appendBytes(e.features, tagsField, e.tags)
	}
	e.features = append(e.features, tail...)
	return place
}

// value returns the number of a value, and writes it when it is new.
func (e *encoder) value(c *Columns, field byte, v uint64) uint32 {
	s := e.find(v, field)
	if s.round == e.round {
		return s.number
	}
	number := e.count
	*s = slot{v, number, e.round, field}
	e.values = c.appendValue(e.values, field, v)
	if e.count++; 2*int(e.count) > len(e.known) {
		e.grow()
	}
	return number
}

// find returns the slot of a value: its own, or the one it is to have.
func (e *encoder) find(v uint64, field byte) *slot {
	mask := uint64(len(e.known) - 1)
	for at := ((v ^ uint64(field)<<56) * 0x9e3779b97f4a7c15) >> e.shift; ; at = (at + 1) & mask {
		if s := &e.known[at]; s.round != e.round || s.bits == v && s.field == field {
			return s
		}
	}
}

// grow doubles the table.
func (e *encoder) grow() {
	old := e.known
	e.known = make([]slot, 2*len(old))
	e.shift = shiftOf(e.known)
	for _, s := range old {
		if s.round == e.round {
			*e.find(s.bits, s.field) = s
		}
	}
}

// appendValue appends a value to a table of values.
func (c *Columns) appendValue(b []byte, field byte, bits uint64) []byte {
	switch { // nearly all values
	case field == uintField && bits < 0x80:
		return append(b, valueField<<3|bytesWire, 2, uintField<<3|varintWire, byte(bits))
	case field == doubleField:
		return binary.LittleEndian.AppendUint64(append(b, valueField<<3|bytesWire, 9, doubleField<<3|fixed64Wire), bits)
	}
	v := Value{field: field, bits: bits}
	size := 1 + uvarintLen(bits)
	if field == stringField {
		v.text = c.texts[bits]
		size = 1 + uvarintLen(uint64(len(v.text))) + len(v.text)
	}
	return v.append(binary.AppendUvarint(appendKey(b, valueField, bytesWire), uint64(size)))
}

// layer appends what was written to a tile.
func (e *encoder) layer(tile []byte, name string, columns []Column) []byte {
	size := 1 + uvarintLen(uint64(len(name))) + len(name) + len(e.features) + len(e.values) + len(layerEnd())
	for _, k := range e.used {
		size += 1 + uvarintLen(uint64(len(columns[k].key))) + len(columns[k].key)
	}
	if tile == nil {
		tile = make([]byte, 0, size+binary.MaxVarintLen64+1)
	}
	tile = binary.AppendUvarint(appendKey(tile, layerField, bytesWire), uint64(size))
	tile = appendBytes(tile, nameField, []byte(name))
	tile = append(tile, e.features...)
	for _, k := range e.used {
		tile = appendBytes(tile, keyField, []byte(columns[k].key))
	}
	tile = append(tile, e.values...)
	end := layerEnd()
	return append(tile, end[:]...)
}

// layerEnd is the extent and the version of a layer, which come last.
func layerEnd() [5]byte {
	var end [5]byte
	appendNumber(appendNumber(end[:0], extentField, Extent), versionField, 2)
	return end
}
