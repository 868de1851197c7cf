package geo

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/paulmach/orb"
)

// The flags byte of a GeoPackage blob: bit 0 the byte order of the header
// (1 little-endian), bits 1 to 3 the kind of envelope, bit 4 empty, bit 5
// another encoding than WKB (GeoPackage 1.3, 2.1.3).
const (
	gpkgLittle   = 1
	gpkgEnvelope = 1 << 1 // the kind minx, maxx, miny, maxy
	gpkgEmpty    = 1 << 4
	gpkgExtended = 1 << 5
)

// EncodeGPKG returns g as a GeoPackage 1.3 blob: version 0, little-endian,
// srs_id 4326, an envelope unless it is a point or empty, then ISO WKB.
// Coordinates keep every bit; one that is not finite is an error, and so is a
// nil geometry.
func EncodeGPKG(g orb.Geometry) ([]byte, error) {
	if p, ok := g.(orb.Point); ok && finite(p) {
		b := appendHeader(make([]byte, 0, 29), gpkgLittle)
		b = binary.LittleEndian.AppendUint32(append(b, 1), wkbPoint)
		return appendPoint(b, p), nil
	}
	body, err := encodeWKB(g)
	if err != nil {
		return nil, fmt.Errorf("geo: encode GeoPackage blob: %w", err)
	}
	b := make([]byte, 0, 40+len(body))
	if box, ok := boxOf(g); ok {
		b = appendHeader(b, gpkgLittle|gpkgEnvelope)
		b = appendPoint(b, orb.Point{box.Min[0], box.Max[0]})
		b = appendPoint(b, orb.Point{box.Min[1], box.Max[1]})
	} else {
		b = appendHeader(b, gpkgLittle|gpkgEmpty)
	}
	return append(b, body...), nil
}

func appendHeader(b []byte, flags byte) []byte {
	b = append(b, 'G', 'P', 0, flags)
	return binary.LittleEndian.AppendUint32(b, srid)
}

// boxOf is the box of all points of g; not ok when there is none. (orb's own
// counts an empty member as a point at 0, 0.)
func boxOf(g orb.Geometry) (box orb.Bound, ok bool) {
	add := func(b orb.Bound, has bool) {
		switch {
		case has && ok:
			box = joinBoxes(box, b)
		case has:
			box, ok = b, true
		}
	}
	switch g := g.(type) {
	case orb.Collection:
		for _, m := range g {
			add(boxOf(m))
		}
	case orb.MultiPolygon:
		for _, p := range g {
			add(boxOf(p))
		}
	case orb.Polygon:
		for _, r := range g {
			add(r.Bound(), len(r) > 0)
		}
	case orb.MultiLineString:
		for _, l := range g {
			add(l.Bound(), len(l) > 0)
		}
	case orb.LineString:
		return g.Bound(), len(g) > 0
	case orb.MultiPoint:
		return g.Bound(), len(g) > 0
	case orb.Ring:
		return g.Bound(), len(g) > 0
	default:
		return g.Bound(), true
	}
	return box, ok
}

// DecodeGPKG reads a GeoPackage blob with any envelope, in either byte order,
// and drops Z and M. The srs_id must be 4326, or 0 or -1 (undefined). An empty
// point is a nil geometry without an error. Any bytes are safe: memory stays
// within a few times their length.
func DecodeGPKG(data []byte) (orb.Geometry, error) {
	if len(data) == 29 && [13]byte(data) == [13]byte{'G', 'P', 0, gpkgLittle, 0xe6, 0x10, 0, 0, 1, wkbPoint} {
		return pointOrNil(readPoint(data[13:])), nil
	}
	body, id, err := gpkgBody(data)
	if err == nil && id != srid && id != 0 && id != -1 {
		err = fmt.Errorf("srs_id %d, want %d", id, srid)
	}
	if err != nil {
		return nil, fmt.Errorf("geo: decode GeoPackage blob: %w", err)
	}
	g, err := decodeWKB(body)
	if err != nil {
		return nil, fmt.Errorf("geo: decode GeoPackage blob: %w", err)
	}
	return g, nil
}

// ReadGPKG is DecodeGPKG for coordinates of any reference system: it returns the srs_id too, which is
// a row of the file's gpkg_spatial_ref_sys.
func ReadGPKG(data []byte) (g orb.Geometry, srs int, err error) {
	body, id, err := gpkgBody(data)
	if err == nil {
		g, _, err = readWKB(body)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("geo: read GeoPackage blob: %w", err)
	}
	return g, int(id), nil
}

// gpkgBody checks a blob's header and returns the WKB behind it, and its srs_id.
func gpkgBody(data []byte) (body []byte, srs int32, err error) {
	if len(data) < 8 {
		return nil, 0, errTruncated
	}
	if data[0] != 'G' || data[1] != 'P' || data[2] != 0 {
		return nil, 0, errors.New("it does not begin with GP, version 0")
	}
	flags := data[3]
	if flags&gpkgExtended != 0 {
		return nil, 0, errors.New("extended geometry types are not supported")
	}
	order := binary.ByteOrder(binary.BigEndian)
	if flags&gpkgLittle != 0 {
		order = binary.LittleEndian
	}
	sizes := [...]int{0, 32, 48, 48, 64} // none, XY, XYZ, XYM, XYZM
	kind := int(flags >> 1 & 7)
	if kind >= len(sizes) {
		return nil, 0, fmt.Errorf("envelope kind %d, want 0 to 4", kind)
	}
	if len(data) < 8+sizes[kind] {
		return nil, 0, errTruncated
	}
	return data[8+sizes[kind]:], int32(order.Uint32(data[4:])), nil
}
