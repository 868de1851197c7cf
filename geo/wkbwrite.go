package geo

import (
	"encoding/binary"

	"github.com/paulmach/orb"
)

// appendMultiPolygon appends mp as little-endian WKB, of the extended form with the SRID or of ISO's. It is what go-geom writes; areas are
// most of what a store writes, and need no copy on the way. Not ok: a coordinate is not finite.
func appendMultiPolygon(b []byte, mp orb.MultiPolygon, extended bool) (_ []byte, ok bool) {
	b = append(b, 1)
	if extended {
		b = binary.LittleEndian.AppendUint32(b, wkbMultiPolygon|ewkbSRID)
		b = binary.LittleEndian.AppendUint32(b, srid)
	} else {
		b = binary.LittleEndian.AppendUint32(b, wkbMultiPolygon)
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(len(mp)))
	for _, polygon := range mp {
		b = binary.LittleEndian.AppendUint32(append(b, 1), wkbPolygon)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(polygon)))
		for _, ring := range polygon {
			b = binary.LittleEndian.AppendUint32(b, uint32(len(ring)))
			for _, p := range ring {
				if !finite(p) {
					return nil, false
				}
				b = appendPoint(b, p)
			}
		}
	}
	return b, true
}

// sizeOfMultiPolygon is how many bytes appendMultiPolygon appends at most.
func sizeOfMultiPolygon(mp orb.MultiPolygon) int {
	n := 13
	for _, polygon := range mp {
		n += 9
		for _, ring := range polygon {
			n += 4 + 16*len(ring)
		}
	}
	return n
}
