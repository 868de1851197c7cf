package geo_test

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"hazgrid/geo"
	"hazgrid/internal/limits"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/wkb"
	"pgregory.net/rapid"
)

var wkbShapes = []orb.Geometry{
	orb.Point{120.6552, 27.7787},
	orb.Point{-0.1, math.Copysign(0, -1)},
	orb.Point{math.SmallestNonzeroFloat64, math.MaxFloat64},
	orb.MultiPoint{{1, 2}, {3, 4}},
	orb.LineString{{1, 2}, {3, 4}, {5, 6}},
	orb.MultiLineString{{{1, 2}, {3, 4}}, {{5, 6}, {7, 8}}},
	orb.Polygon{{{0, 0}, {9, 0}, {9, 9}, {0, 0}}, {{2, 1}, {3, 2}, {3, 1}, {2, 1}}},
	orb.MultiPolygon{{{{0, 0}, {9, 0}, {9, 9}, {0, 0}}}, {{{20, 10}, {30, 20}, {30, 10}, {20, 10}}}},
	orb.Collection{orb.Point{1, 2}, orb.LineString{{1, 2}, {3, 4}}},
	orb.MultiPoint{},
	orb.LineString{},
	orb.MultiLineString{},
	orb.Polygon{},
	orb.MultiPolygon{},
	orb.Collection{},
}

func TestWKBRoundTrip(t *testing.T) {
	for _, g := range wkbShapes {
		data, err := geo.EncodeEWKB(g)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := geo.DecodeEWKB(data); err != nil || !reflect.DeepEqual(got, g) {
			t.Errorf("EWKB of %v is %v, %v", g, got, err)
		}
		if data, err = geo.EncodeGPKG(g); err != nil {
			t.Fatal(err)
		}
		if got, err := geo.DecodeGPKG(data); err != nil || !reflect.DeepEqual(got, g) {
			t.Errorf("blob of %v is %v, %v", g, got, err)
		}
	}
}

func TestWKBKeepsEveryBit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := orb.Point{rapid.Float64().Draw(t, "x"), rapid.Float64().Draw(t, "y")}
		for _, g := range []orb.Geometry{p, orb.MultiPoint{p}} {
			a, err := geo.EncodeEWKB(g)
			if err != nil {
				t.Fatal(err)
			}
			b, err := geo.EncodeGPKG(g)
			if err != nil {
				t.Fatal(err)
			}
			for _, blob := range [][]byte{a, b} {
				end := blob[len(blob)-16:]
				x, y := binary.LittleEndian.Uint64(end), binary.LittleEndian.Uint64(end[8:])
				if x != math.Float64bits(p[0]) || y != math.Float64bits(p[1]) {
					t.Fatalf("%v became %x", p, blob)
				}
			}
		}
	})
}

func TestWKBOfRingAndBound(t *testing.T) {
	want := orb.Polygon{{{0, 0}, {2, 0}, {2, 1}, {0, 1}, {0, 0}}}
	for _, g := range []orb.Geometry{want[0], want.Bound()} {
		data, err := geo.EncodeGPKG(g)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := geo.DecodeGPKG(data); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%T: %v, %v", g, got, err)
		}
	}
}

// The bytes of PostGIS 3.3.2: select st_asewkb('SRID=4326;POINT(120.5 27.75)').
func TestEWKBBytes(t *testing.T) {
	got, err := geo.EncodeEWKB(orb.Point{120.5, 27.75})
	const want = "0101000020e61000000000000000205e400000000000c03b40"
	if err != nil || hex.EncodeToString(got) != want {
		t.Errorf("%x, %v, want %s", got, err, want)
	}
}

// The header as GeoPackage 1.3, 2.1.3 lays it out.
func TestGPKGBytes(t *testing.T) {
	got, err := geo.EncodeGPKG(orb.LineString{{1, 3}, {2, -1}})
	want := "47500003e6100000" + // GP, version 0, little-endian with an XY envelope, srs_id 4326
		"000000000000f03f" + "0000000000000040" + "000000000000f0bf" + "0000000000000840" + // minx maxx miny maxy
		"010200000002000000" + "000000000000f03f" + "0000000000000840" + "0000000000000040" + "000000000000f0bf"
	if err != nil || hex.EncodeToString(got) != want {
		t.Errorf("%x, %v, want %s", got, err, want)
	}
	got, err = geo.EncodeGPKG(orb.Polygon{})
	if err != nil || hex.EncodeToString(got) != "47500011e6100000"+"0103000000"+"00000000" {
		t.Errorf("empty: %x, %v", got, err)
	}
}

func TestDecodeGPKGOfOthers(t *testing.T) {
	point := func(order binary.AppendByteOrder, mark byte) []byte {
		b := order.AppendUint32([]byte{mark}, 1001) // ISO PointZ
		for _, v := range []float64{1, 2, 3} {
			b = order.AppendUint64(b, math.Float64bits(v))
		}
		return b
	}
	for kind, size := range []int{0, 32, 48, 48, 64} {
		little := append([]byte{'G', 'P', 0, byte(kind<<1 | 1), 0xe6, 0x10, 0, 0}, make([]byte, size)...)
		big := append([]byte{'G', 'P', 0, byte(kind << 1), 0, 0, 0x10, 0xe6}, make([]byte, size)...)
		for _, blob := range [][]byte{append(little, point(binary.BigEndian, 0)...), append(big, point(binary.LittleEndian, 1)...)} {
			if got, err := geo.DecodeGPKG(blob); err != nil || got != orb.Geometry(orb.Point{1, 2}) {
				t.Errorf("envelope kind %d: %v, %v", kind, got, err)
			}
		}
	}
}

func TestEmptyPointIsNoGeometry(t *testing.T) {
	nan := binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64([]byte{1, 1, 0, 0, 0}, math.Float64bits(math.NaN())), math.Float64bits(math.NaN()))
	if got, err := geo.DecodeEWKB(nan); got != nil || err != nil {
		t.Errorf("EWKB: %v, %v", got, err)
	}
	for _, flags := range []byte{1, 17} {
		blob := append([]byte{'G', 'P', 0, flags, 0xe6, 0x10, 0, 0}, nan...)
		if got, err := geo.DecodeGPKG(blob); got != nil || err != nil {
			t.Errorf("blob with flags %d: %v, %v", flags, got, err)
		}
	}
}

func TestWKBRefuses(t *testing.T) {
	for _, g := range []orb.Geometry{
		nil,
		orb.Point{math.NaN(), 1},
		orb.LineString{{0, 0}, {math.Inf(1), 0}},
		orb.Collection{nil},
		orb.MultiPolygon{{{{0, math.NaN()}}}},
	} {
		if b, err := geo.EncodeEWKB(g); err == nil {
			t.Errorf("EWKB of %v: %x", g, b)
		}
		if b, err := geo.EncodeGPKG(g); err == nil {
			t.Errorf("blob of %v: %x", g, b)
		}
	}
	for name, s := range map[string]string{
		"nothing":       "",
		"byte order":    "0201000000",
		"a type":        "0109000000",
		"SRID":          "0101000020110f0000000000000000000000000000000000",
		"cut short":     "0101000020e61000000000000000205e40",
		"too long":      "0101000000000000000000f03f000000000000f03f00",
		"4 G of points": "0102000000ffffffff",
		"4 G of rings":  "0103000000ffffffff",
		"4 G of parts":  "0106000000ffffffff",
		"mixed parts":   "0104000000" + "01000000" + "0102000000" + "00000000" + strings.Repeat("00", 12),
		"deep":          strings.Repeat("010700000001000000", 60) + "010700000000000000",
	} {
		data, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := geo.DecodeEWKB(data); err == nil {
			t.Errorf("%s: EWKB %v", name, got)
		}
		blob := append([]byte{'G', 'P', 0, 1, 0xe6, 0x10, 0, 0}, data...)
		if got, err := geo.DecodeGPKG(blob); err == nil {
			t.Errorf("%s: blob %v", name, got)
		}
	}
	for _, header := range []string{"47", "4750010300000000", "5047000100000000", "4750000be6100000", "47500021e6100000", "47500003e6100000", "47500001110f0000"} {
		blob, err := hex.DecodeString(header)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := geo.DecodeGPKG(blob); err == nil {
			t.Errorf("header %s: %v", header, got)
		}
	}
}

func TestMultiPolygonOf(t *testing.T) {
	p := orb.Polygon{{{0, 0}, {9, 0}, {9, 9}, {0, 0}}}
	for _, g := range []orb.Geometry{p, orb.MultiPolygon{p}, orb.Collection{p}} {
		if got, err := geo.MultiPolygonOf(g); err != nil || !reflect.DeepEqual(got, orb.MultiPolygon{p}) {
			t.Errorf("%T: %v, %v", g, got, err)
		}
	}
	for _, g := range []orb.Geometry{nil, orb.Point{}, orb.Collection{p, orb.Point{}}} {
		if got, err := geo.MultiPolygonOf(g); err == nil {
			t.Errorf("%v: %v", g, got)
		}
	}
}

func TestEWKBAgreesWithPostGIS(t *testing.T) {
	o := newPostgisOracle(t)
	for _, g := range wkbShapes {
		var same []byte
		o.ask("select st_asewkb(st_geomfromewkb($1))", []any{encode(t, g)}, &same)
		if got, err := geo.DecodeEWKB(same); err != nil || !reflect.DeepEqual(got, g) {
			t.Errorf("%v through PostGIS: %v, %v", g, got, err)
		}
	}
	for _, wkt := range []string{"POINT(1 2)", "LINESTRING Z(1 2 3,4 5 6)", "POLYGON M((0 0 1,1 0 1,1 1 1,0 0 1))", "MULTIPOLYGON ZM(((0 0 1 2,1 0 1 2,1 1 1 2,0 0 1 2)))"} {
		var flat, ewkb, big, iso []byte
		if err := o.conn.QueryRow(context.Background(), `select st_asewkb(st_force2d(g)), st_asewkb(g), st_asewkb(g, 'XDR'), st_asbinary(g, 'XDR')
			from (select st_setsrid($1::geometry, 4326) g) q`, wkt).Scan(&flat, &ewkb, &big, &iso); err != nil {
			t.Fatal(err)
		}
		want, err := geo.DecodeEWKB(flat)
		if err != nil {
			t.Fatal(err)
		}
		for _, data := range [][]byte{ewkb, big, iso} {
			if got, err := geo.DecodeEWKB(data); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %x: %v, %v, want %v", wkt, data, got, err, want)
			}
		}
	}
}

// checkDecoded holds a decoded geometry to a size the bytes can justify, and
// to coming through once more.
func checkDecoded(t *testing.T, g orb.Geometry, size int) {
	if g == nil {
		return
	}
	again, err := geo.EncodeEWKB(g)
	if err != nil {
		return // a coordinate that is not finite
	}
	if len(again) > 4*size+64 {
		t.Errorf("%d bytes became %d", size, len(again))
	}
	if h, err := geo.DecodeEWKB(again); err != nil || !reflect.DeepEqual(g, h) {
		t.Errorf("%v became %v, %v", g, h, err)
	}
}

func FuzzDecodeEWKB(f *testing.F) {
	for _, g := range wkbShapes {
		b, err := geo.EncodeEWKB(g)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(wkb.MustMarshal(g, binary.BigEndian))
	}
	f.Add([]byte{0, 0, 0, 0x0b, 0xba, 0, 0, 0, 1, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		limits.Hold(t, func() {
			if g, err := geo.DecodeEWKB(data); err == nil {
				checkDecoded(t, g, len(data))
			}
		})
	})
}

func FuzzDecodeGPKG(f *testing.F) {
	for _, g := range wkbShapes {
		b, err := geo.EncodeGPKG(g)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		limits.Hold(t, func() {
			if g, err := geo.DecodeGPKG(data); err == nil {
				checkDecoded(t, g, len(data))
			}
		})
	})
}

func BenchmarkPointBlob(b *testing.B) {
	p := orb.Geometry(orb.Point{rand.Float64(), rand.Float64()})
	b.ReportAllocs()
	for b.Loop() {
		data, err := geo.EncodeGPKG(p)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := geo.DecodeGPKG(data); err != nil {
			b.Fatal(err)
		}
	}
}
