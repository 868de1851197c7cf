package tiles

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unicode/utf8"
)

// ErrTile says that bytes are no vector tile.
var ErrTile = errors.New("tiles: not a vector tile")

// Check returns nil if tile is a Mapbox Vector Tile as the specification 2.1 wants it, whoever made it, else an ErrTile that says what is
// wrong and where. A tile without bytes is one. It wants each field once, no fields that the specification does not name (extensions neither), texts in
// UTF-8, each attribute of a feature once, and rings with an area. It does not look whether rings cross, nor at the geometry of type UNKNOWN. It keeps
// nothing but the names of layers and the keys of a layer that were used, so memory is bounded by the size of the tile.
func Check(tile []byte) error {
	names := map[string]bool{}
	for n := 0; len(tile) > 0; n++ {
		f, rest, err := nextField(tile)
		if err == nil && (f.number != 3 || f.wire != bytesWire) {
			err = f.unexpected()
		}
		if err != nil {
			return fmt.Errorf("%w: after %d layers: %w", ErrTile, n, err)
		}
		tile = rest
		name, err := checkLayer(f.bytes)
		switch {
		case err != nil:
			return fmt.Errorf("%w: layer %d %.40q: %w", ErrTile, n+1, name, err)
		case names[name]:
			return fmt.Errorf("%w: two layers are called %.40q", ErrTile, name)
		}
		names[name] = true
	}
	return nil
}

// A field is one of a protobuf message: a number, or bytes, as its wire type says.
type field struct {
	number, wire uint64
	value        uint64
	bytes        []byte
}

func (f field) unexpected() error {
	return fmt.Errorf("field %d with wire type %d is not expected", f.number, f.wire)
}

// expect reports an error unless f has the wire type, and is the first of its number: seen has a bit for each number there was.
func (f field) expect(wire uint64, seen *uint32) error {
	if f.wire != wire {
		return f.unexpected()
	}
	if seen == nil {
		return nil
	}
	if *seen>>f.number&1 == 1 {
		return fmt.Errorf("field %d is there twice", f.number)
	}
	*seen |= 1 << f.number
	return nil
}

const fixed32Wire = 5

// nextField reads the first field of a message.
func nextField(b []byte) (f field, rest []byte, err error) {
	key, b, err := varint(b)
	if err != nil {
		return f, nil, err
	}
	f.number, f.wire = key>>3, key&7
	switch f.wire {
	case varintWire:
		f.value, b, err = varint(b)
		return f, b, err
	case bytesWire:
		n, b, err := varint(b)
		if err == nil && n > uint64(len(b)) {
			err = fmt.Errorf("field %d has %d bytes of %d", f.number, len(b), n)
		}
		if err != nil {
			return f, nil, err
		}
		f.bytes = b[:n]
		return f, b[n:], nil
	case fixed32Wire, fixed64Wire:
		n := 8
		if f.wire == fixed32Wire {
			n = 4
		}
		if len(b) < n {
			return f, nil, fmt.Errorf("field %d has %d bytes of %d", f.number, len(b), n)
		}
		return f, b[n:], nil
	}
	return f, nil, f.unexpected()
}

func varint(b []byte) (v uint64, rest []byte, err error) {
	v, n := binary.Uvarint(b)
	if n <= 0 {
		return 0, nil, errors.New("a number is cut off or has over 64 bits")
	}
	return v, b[n:], nil
}

// counts are the sizes of the tables of a layer, and its version.
type counts struct {
	keys, values, version uint64
	used                  map[uint64]int // the feature that used a key last
}

// checkLayer returns the name of a layer even when something else is wrong with it.
func checkLayer(layer []byte) (name string, err error) {
	c := counts{used: map[uint64]int{}}
	var seen uint32
	for b := layer; len(b) > 0; {
		f, rest, err := nextField(b)
		if err != nil {
			return name, err
		}
		b = rest
		switch f.number {
		case 1:
			if err = f.expect(bytesWire, &seen); err == nil {
				name = string(f.bytes)
			}
		case 2:
			err = f.expect(bytesWire, nil)
		case 3:
			c.keys++
			err = errors.Join(f.expect(bytesWire, nil), text(f.bytes))
		case 4:
			c.values++
			if err = f.expect(bytesWire, nil); err == nil {
				err = checkValue(f.bytes)
			}
		case 5:
			if err = f.expect(varintWire, &seen); err == nil && (f.value == 0 || f.value > math.MaxUint32) {
				err = fmt.Errorf("the extent is %d", f.value)
			}
		case 15:
			c.version = f.value
			err = f.expect(varintWire, &seen)
		default:
			err = f.unexpected()
		}
		if err != nil {
			return name, err
		}
	}
	switch {
	case name == "":
		return name, errors.New("it has no name")
	case !utf8.ValidString(name):
		return name, errors.New("its name is not UTF-8")
	case c.version != 1 && c.version != 2:
		return name, fmt.Errorf("its version is %d", c.version)
	}
	return name, checkFeatures(layer, c)
}

func text(b []byte) error {
	if !utf8.Valid(b) {
		return errors.New("a text is not UTF-8")
	}
	return nil
}

// checkValue checks that a value has one field, and which.
func checkValue(b []byte) error {
	f, rest, err := nextField(b)
	if err != nil {
		return fmt.Errorf("value: %w", err)
	}
	wire := uint64(varintWire)
	switch f.number {
	case stringField:
		wire = bytesWire
	case 2: // float
		wire = fixed32Wire
	case doubleField:
		wire = fixed64Wire
	case 4, uintField, sintField, boolField: // 4: int
	default:
		return fmt.Errorf("value: %w", f.unexpected())
	}
	if len(rest) > 0 {
		return errors.New("value: it has more than one field")
	}
	if err := errors.Join(f.expect(wire, nil), text(f.bytes)); err != nil {
		return fmt.Errorf("value: %w", err)
	}
	return nil
}

// checkFeatures checks the features of a layer, of which all else was checked.
func checkFeatures(layer []byte, c counts) error {
	for n, b := 0, layer; len(b) > 0; {
		f, rest, err := nextField(b)
		if err != nil {
			return err
		}
		b = rest
		if f.number != 2 {
			continue
		}
		n++
		if err := checkFeature(f.bytes, n, c); err != nil {
			return fmt.Errorf("feature %d: %w", n, err)
		}
	}
	return nil
}

func checkFeature(b []byte, n int, c counts) error {
	var seen uint32
	var tags, geometry []byte
	var kind uint64
	for len(b) > 0 {
		f, rest, err := nextField(b)
		if err != nil {
			return err
		}
		b = rest
		wire := uint64(varintWire)
		switch f.number {
		case 1:
		case 2:
			wire, tags = bytesWire, f.bytes
		case 3:
			kind = f.value
		case 4:
			wire, geometry = bytesWire, f.bytes
		default:
			return f.unexpected()
		}
		if err := f.expect(wire, &seen); err != nil {
			return err
		}
	}
	if seen>>3&1 == 0 || seen>>4&1 == 0 {
		return errors.New("it has no type or no geometry")
	}
	if err := checkTags(tags, n, c); err != nil {
		return err
	}
	return checkGeometry(geometry, kind, c.version)
}

func checkTags(tags []byte, feature int, c counts) error {
	for b := tags; len(b) > 0; {
		key, rest, err := varint(b)
		if err != nil {
			return err
		}
		value, rest, err := varint(rest)
		if err != nil {
			return fmt.Errorf("a tag has a key and no value: %w", err)
		}
		if key >= c.keys || value >= c.values {
			return fmt.Errorf("a tag is key %d of %d and value %d of %d", key, c.keys, value, c.values)
		}
		if c.used[key] == feature {
			return fmt.Errorf("it has key %d twice", key)
		}
		c.used[key] = feature
		b = rest
	}
	return nil
}
