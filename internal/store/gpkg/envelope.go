package gpkg

import (
	"encoding/binary"
	"math"

	"github.com/paulmach/orb"

	"hazgrid/geo"
)

// A GeoPackage blob begins with "GP", a version, flags, and the SRS id; then, as the flags
// say, an envelope, then WKB (GeoPackage 1.3, clause 2.1.3).
const (
	headerSize   = 8
	flagLittle   = 1 << 0
	flagEnvelope = 7 << 1
	flagEmpty    = 1 << 4
)

// envelope returns the box of a GeoPackage blob, degrees; ok is false when it is empty or no geometry.
func envelope(blob []byte) (b orb.Bound, ok bool) {
	if len(blob) < headerSize || blob[0] != 'G' || blob[1] != 'P' || blob[3]&flagEmpty != 0 {
		return b, false
	}
	if blob[3]&flagEnvelope != 0 && len(blob) >= headerSize+32 {
		v := floats(blob[headerSize:], order(blob[3]&flagLittle != 0), 4)
		b = orb.Bound{Min: orb.Point{v[0], v[2]}, Max: orb.Point{v[1], v[3]}}
		return b, b.Min[0] <= b.Max[0] && b.Min[1] <= b.Max[1]
	}
	if p, ok := point(blob); ok {
		return orb.Bound{Min: p, Max: p}, !math.IsNaN(p[0]) && !math.IsNaN(p[1])
	}
	g, err := geo.DecodeGPKG(blob)
	if err != nil || g == nil {
		return b, false
	}
	b = g.Bound()
	return b, !b.IsEmpty()
}

// point reads a blob that is a plain two-dimensional point without looking at anything else.
func point(blob []byte) (orb.Point, bool) {
	at := headerSize
	if len(blob) > 3 && blob[3]&flagEnvelope == 1<<1 {
		at += 32
	}
	if len(blob) != at+21 || blob[0] != 'G' || blob[1] != 'P' || blob[3]&flagEnvelope > 1<<1 {
		return orb.Point{}, false
	}
	o := order(blob[at] == 1)
	if o.Uint32(blob[at+1:]) != 1 {
		return orb.Point{}, false
	}
	v := floats(blob[at+5:], o, 2)
	return orb.Point{v[0], v[1]}, true
}

func order(little bool) binary.ByteOrder {
	if little {
		return binary.LittleEndian
	}
	return binary.BigEndian
}

func floats(b []byte, o binary.ByteOrder, n int) (v [4]float64) {
	for i := range n {
		v[i] = math.Float64frombits(o.Uint64(b[8*i:]))
	}
	return v
}

// functions are what the R-tree triggers call, as GDAL and QGIS bring them, and cell, which
// only the bulk load calls.
func functions() map[string]func(blob []byte) any {
	side := func(pick func(orb.Bound) float64) func([]byte) any {
		return func(blob []byte) any {
			if b, ok := envelope(blob); ok {
				return pick(b)
			}
			return nil
		}
	}
	return map[string]func([]byte) any{
		"ST_MinX": side(func(b orb.Bound) float64 { return b.Min[0] }),
		"ST_MaxX": side(func(b orb.Bound) float64 { return b.Max[0] }),
		"ST_MinY": side(func(b orb.Bound) float64 { return b.Min[1] }),
		"ST_MaxY": side(func(b orb.Bound) float64 { return b.Max[1] }),
		"ST_IsEmpty": func(blob []byte) any {
			_, ok := envelope(blob)
			return !ok
		},
		"hazgrid_cell": func(blob []byte) any {
			if b, ok := envelope(blob); ok {
				return hilbertCell(b)
			}
			return nil
		},
	}
}
