package geo

import (
	"bytes"
	"math"
	"testing"

	"github.com/paulmach/orb"
	"github.com/twpayne/go-geom/encoding/ewkb"
	"github.com/twpayne/go-geom/encoding/wkb"
	"pgregory.net/rapid"
)

// TestMultiPolygonIsGoGeoms: the short way writes what go-geom does.
func TestMultiPolygonIsGoGeoms(t *testing.T) {
	point := rapid.Custom(func(t *rapid.T) orb.Point {
		return orb.Point{rapid.Float64().Draw(t, "x"), rapid.Float64().Draw(t, "y")}
	})
	ring := rapid.Map(rapid.SliceOfN(point, 0, 5), func(p []orb.Point) orb.Ring { return p })
	polygon := rapid.Map(rapid.SliceOfN(ring, 0, 3), func(r []orb.Ring) orb.Polygon { return r })
	rapid.Check(t, func(t *rapid.T) {
		mp := orb.MultiPolygon(rapid.SliceOfN(polygon, 0, 3).Draw(t, "polygons"))
		shape, err := toGeom(mp)
		if err != nil {
			t.Fatal(err)
		}
		var extended bytes.Buffer
		if err := ewkb.Write(&extended, ewkb.NDR, shape); err != nil {
			t.Fatal(err)
		}
		iso, err := wkb.Marshal(shape, wkb.NDR)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range [][]byte{extended.Bytes(), iso} {
			got, ok := appendMultiPolygon(make([]byte, 0, sizeOfMultiPolygon(mp)), mp, i == 0)
			if !ok || !bytes.Equal(got, want) || len(got) > sizeOfMultiPolygon(mp) {
				t.Fatalf("%x, want %x", got, want)
			}
		}
	})
	if _, ok := appendMultiPolygon(nil, orb.MultiPolygon{{{{0, math.Inf(1)}}}}, true); ok {
		t.Error("infinity was written")
	}
}
