package safety

import (
	"crypto/sha256"
	"encoding/binary"
	"math"

	"github.com/paulmach/orb"
)

// Digest names the content of r: two records of kind k with equal values and geometry, bit
// for bit, have one digest, whatever their Number. It is SHA-256 cut to 16 bytes.
func Digest(k Kind, r Record) [16]byte {
	var room [512]byte
	b := append(room[:0], k...)
	if n := positions(r.Geometry); n > 8 {
		b = append(make([]byte, 0, 512+20*n), k...) // the room for a grid's boundary at once
	}
	for _, v := range r.Values {
		b = appendValue(b, v)
	}
	b = appendGeometry(b, r.Geometry)
	sum := sha256.Sum256(b)
	return [16]byte(sum[:16])
}

// positions is about how many positions a shape has.
func positions(g orb.Geometry) (n int) {
	switch g := g.(type) {
	case orb.MultiPolygon:
		for _, p := range g {
			n += positions(p)
		}
	case orb.Polygon:
		for _, r := range g {
			n += 1 + len(r)
		}
	case orb.MultiLineString:
		for _, l := range g {
			n += 1 + len(l)
		}
	}
	return n
}

// appendValue writes a type letter before each value so that none runs into the next.
func appendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case string:
		b = binary.LittleEndian.AppendUint32(append(b, 's'), uint32(len(v)))
		return append(b, v...)
	case int64:
		return binary.LittleEndian.AppendUint64(append(b, 'i'), uint64(v))
	case float64:
		return binary.LittleEndian.AppendUint64(append(b, 'f'), math.Float64bits(v))
	case bool:
		if v {
			return append(b, 'y')
		}
		return append(b, 'n')
	case Time:
		return binary.LittleEndian.AppendUint64(append(b, 't'), uint64(v))
	}
	return append(b, '-')
}

func appendGeometry(b []byte, g orb.Geometry) []byte {
	switch g := g.(type) {
	case orb.Point:
		return appendPoints(append(b, 'p'), g)
	case orb.LineString:
		return appendPoints(append(b, 'l'), g...)
	case orb.MultiLineString:
		b = binary.LittleEndian.AppendUint32(append(b, 'L'), uint32(len(g)))
		for _, l := range g {
			b = appendPoints(b, l...)
		}
	case orb.Polygon:
		b = binary.LittleEndian.AppendUint32(append(b, 'g'), uint32(len(g)))
		for _, r := range g {
			b = appendPoints(b, r...)
		}
	case orb.MultiPolygon:
		b = binary.LittleEndian.AppendUint32(append(b, 'G'), uint32(len(g)))
		for _, p := range g {
			b = appendGeometry(b, p)
		}
	}
	return b
}

func appendPoints(b []byte, points ...orb.Point) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(len(points)))
	for _, p := range points {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(p[0]))
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(p[1]))
	}
	return b
}
