package tiles

import (
	"encoding/binary"
	"math"
)

// A Layer is a named list of features. Names are unique in a tile.
type Layer struct {
	Name     string
	Features []Feature
}

// A Feature is a shape with values. Features with an empty shape are left out of a tile.
type Feature struct {
	ID    uint64 // below 2⁵³, so that JavaScript can hold it
	HasID bool
	Shape Shape
	Tags  []Tag
}

// A Tag is one named value of a feature. A value that does not exist has no tag.
type Tag struct {
	Key   string
	Value Value
}

// A Value is what a tag says. It is comparable. Make one with String, Uint, Int, Double or Bool.
type Value struct {
	field byte // number of the field in Value of the specification
	bits  uint64
	text  string
}

// Fields of Value in the MVT specification, section 4.1.
const (
	stringField = 1
	doubleField = 3
	uintField   = 5
	sintField   = 6
	boolField   = 7
)

// String returns a text value.
func String(s string) Value { return Value{field: stringField, text: s} }

// Uint returns a whole number that is not negative.
func Uint(n uint64) Value { return Value{field: uintField, bits: n} }

// Int returns a whole number that may be negative.
func Int(n int64) Value { return Value{field: sintField, bits: uint64(n<<1) ^ uint64(n>>63)} }

// Double returns a number with a fraction.
func Double(f float64) Value { return Value{field: doubleField, bits: math.Float64bits(f)} }

// Bool returns a truth value.
func Bool(b bool) Value {
	if b {
		return Value{field: boolField, bits: 1}
	}
	return Value{field: boolField}
}

// Protobuf wire types.
const (
	varintWire  = 0
	fixed64Wire = 1
	bytesWire   = 2
)

// Fields of Tile and Layer in the MVT specification, sections 4.1 and 4.4.
const (
	layerField   = 3
	nameField    = 1
	featureField = 2
	keyField     = 3
	valueField   = 4
	extentField  = 5
	versionField = 15
)

func appendKey(b []byte, field, wire uint64) []byte {
	return binary.AppendUvarint(b, field<<3|wire)
}

func appendBytes(b []byte, field uint64, v []byte) []byte {
	b = binary.AppendUvarint(appendKey(b, field, bytesWire), uint64(len(v)))
	return append(b, v...)
}

func appendNumber(b []byte, field, v uint64) []byte {
	return binary.AppendUvarint(appendKey(b, field, varintWire), v)
}

func (v Value) append(b []byte) []byte {
	switch v.field {
	case stringField:
		return appendBytes(b, stringField, []byte(v.text))
	case doubleField:
		return binary.LittleEndian.AppendUint64(appendKey(b, doubleField, fixed64Wire), v.bits)
	}
	return appendNumber(b, uint64(v.field), v.bits)
}

// Encode writes a Mapbox Vector Tile, version 2.1, extent 4096. Layers and features stay in the
// given order, keys and values are numbered in the order of their first use. A layer without
// shapes is left out; a tile without layers has no bytes.
func Encode(layers []Layer) []byte {
	var tile []byte
	for _, l := range layers {
		if body := l.encode(); body != nil {
			tile = appendBytes(tile, layerField, body)
		}
	}
	return tile
}

// tables numbers the keys and values of a layer.
type tables struct {
	keys   map[string]uint64
	values map[Value]uint64
	names  []string
	list   []Value
}

func (t *tables) key(k string) uint64 {
	n, ok := t.keys[k]
	if !ok {
		n = uint64(len(t.names))
		t.keys[k] = n
		t.names = append(t.names, k)
	}
	return n
}

func (t *tables) value(v Value) uint64 {
	n, ok := t.values[v]
	if !ok {
		n = uint64(len(t.list))
		t.values[v] = n
		t.list = append(t.list, v)
	}
	return n
}

func (l Layer) encode() []byte {
	t := tables{keys: map[string]uint64{}, values: map[Value]uint64{}}
	var features, scratch, tags []byte
	for _, f := range l.Features {
		if f.Shape.Empty() {
			continue
		}
		tags = tags[:0]
		for _, tag := range f.Tags {
			tags = binary.AppendUvarint(tags, t.key(tag.Key))
			tags = binary.AppendUvarint(tags, t.value(tag.Value))
		}
		scratch = f.append(scratch[:0], tags)
		features = appendBytes(features, featureField, scratch)
	}
	if features == nil {
		return nil
	}
	body := appendBytes(nil, nameField, []byte(l.Name))
	body = append(body, features...)
	for _, k := range t.names {
		body = appendBytes(body, keyField, []byte(k))
	}
	for _, v := range t.list {
		scratch = v.append(scratch[:0])
		body = appendBytes(body, valueField, scratch)
	}
	end := layerEnd()
	return append(body, end[:]...)
}

func (f Feature) append(b, tags []byte) []byte {
	if f.HasID {
		b = appendNumber(b, idField, f.ID)
	}
	if len(tags) > 0 {
		b = appendBytes(b, tagsField, tags)
	}
	b = appendNumber(b, typeField, uint64(f.Shape.kind))
	return appendBytes(b, geometryField, f.Shape.commands)
}
