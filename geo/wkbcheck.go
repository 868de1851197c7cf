package geo

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Geometry types and flags of (E)WKB.
const (
	wkbPoint           = 1
	wkbLineString      = 2
	wkbPolygon         = 3
	wkbMultiPoint      = 4
	wkbMultiLineString = 5
	wkbMultiPolygon    = 6
	wkbCollection      = 7

	ewkbZ     = 0x80000000
	ewkbM     = 0x40000000
	ewkbSRID  = 0x20000000
	ewkbFlags = ewkbZ | ewkbM | ewkbSRID

	maxDepth = 8 // of collections in collections
)

var errTruncated = errors.New("truncated")

// checkWKB walks over a geometry without building it: the decoder we use
// believes every count it reads, so 9 bytes could make it ask for 100 GB. It
// tells whether the types are ISO's (Z is +1000) and not PostGIS' (Z is a flag).
func checkWKB(data []byte) (iso bool, err error) {
	w := wkbWalk{rest: data}
	root, err := w.geometry(0)
	if err != nil {
		return false, err
	}
	if len(w.rest) > 0 {
		return false, fmt.Errorf("%d bytes too many", len(w.rest))
	}
	return root >= 1000 && root&ewkbFlags == 0, nil
}

type wkbWalk struct {
	rest []byte
}

// geometry walks over one geometry and returns its type as it stands there.
func (w *wkbWalk) geometry(depth int) (uint32, error) {
	if depth > maxDepth {
		return 0, fmt.Errorf("nested more than %d deep", maxDepth)
	}
	if len(w.rest) < 5 {
		return 0, errTruncated
	}
	order := binary.ByteOrder(binary.LittleEndian)
	switch w.rest[0] {
	case 0:
		order = binary.BigEndian
	case 1:
	default:
		return 0, fmt.Errorf("byte order %d, want 0 or 1", w.rest[0])
	}
	kind := order.Uint32(w.rest[1:])
	w.rest = w.rest[5:]
	if kind&ewkbSRID != 0 {
		if len(w.rest) < 4 {
			return 0, errTruncated
		}
		w.rest = w.rest[4:]
	}
	return kind, w.body(kind, order, depth)
}

// body walks over what follows the type.
func (w *wkbWalk) body(kind uint32, order binary.ByteOrder, depth int) error {
	pointSize := 8 * dimensions(kind)
	switch kind &^ ewkbFlags % 1000 {
	case wkbPoint:
		return w.skip(1, pointSize)
	case wkbLineString:
		return w.line(order, pointSize)
	case wkbPolygon:
		return w.each(order, 4, func() error { return w.line(order, pointSize) })
	case wkbMultiPoint, wkbMultiLineString, wkbMultiPolygon, wkbCollection:
		return w.each(order, 5, func() error {
			_, err := w.geometry(depth + 1)
			return err
		})
	}
	return fmt.Errorf("geometry type %d is not supported", kind)
}

// dimensions is how many numbers a point of the type has.
func dimensions(kind uint32) int {
	n := 2
	for _, flag := range [...]uint32{ewkbZ, ewkbM} {
		if kind&flag != 0 {
			n++
		}
	}
	switch kind &^ ewkbFlags / 1000 {
	case 1, 2:
		n++
	case 3:
		n += 2
	}
	return n
}

// count reads how many things of at least size bytes follow.
func (w *wkbWalk) count(order binary.ByteOrder, size int) (int, error) {
	if len(w.rest) < 4 {
		return 0, errTruncated
	}
	n := order.Uint32(w.rest)
	w.rest = w.rest[4:]
	if uint64(n)*uint64(size) > uint64(len(w.rest)) {
		return 0, errTruncated
	}
	return int(n), nil
}

func (w *wkbWalk) skip(n, size int) error {
	if n*size > len(w.rest) {
		return errTruncated
	}
	w.rest = w.rest[n*size:]
	return nil
}

func (w *wkbWalk) line(order binary.ByteOrder, pointSize int) error {
	n, err := w.count(order, pointSize)
	if err != nil {
		return err
	}
	return w.skip(n, pointSize)
}

func (w *wkbWalk) each(order binary.ByteOrder, size int, one func() error) error {
	n, err := w.count(order, size)
	for i := 0; i < n && err == nil; i++ {
		err = one()
	}
	return err
}
