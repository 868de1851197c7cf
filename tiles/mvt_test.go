package tiles

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/paulmach/orb"
)

// The geometries and their command integers are the examples of MVT 2.1, sections 4.3.5.1 to 4.3.5.6.
func TestCommandsOfTheSpecification(t *testing.T) {
	tests := []struct {
		name  string
		write func(*commands)
		want  []byte
	}{
		{"point", func(c *commands) { c.move([]dot{{25, 17}}) }, []byte{9, 50, 34}},
		{"points", func(c *commands) { c.move([]dot{{5, 7}, {3, 2}}) }, []byte{17, 10, 14, 3, 9}},
		{"line", func(c *commands) { c.line([]dot{{2, 2}, {2, 10}, {10, 10}}) }, []byte{9, 4, 4, 18, 0, 16, 16, 0}},
		{
			"lines", func(c *commands) {
				c.line([]dot{{2, 2}, {2, 10}, {10, 10}})
				c.line([]dot{{1, 1}, {3, 5}})
			}, []byte{9, 4, 4, 18, 0, 16, 16, 0, 9, 17, 17, 10, 4, 8},
		},
		{"polygon", func(c *commands) { c.ring([]dot{{3, 6}, {8, 12}, {20, 34}}) }, []byte{9, 6, 12, 18, 10, 12, 24, 44, 15}},
		{
			"polygons with a hole", func(c *commands) {
				c.ring([]dot{{0, 0}, {10, 0}, {10, 10}, {0, 10}})
				c.ring([]dot{{11, 11}, {20, 11}, {20, 20}, {11, 20}})
				c.ring([]dot{{13, 13}, {13, 17}, {17, 17}, {17, 13}})
			}, []byte{
				9, 0, 0, 26, 20, 0, 0, 20, 19, 0, 15, 9, 22, 2, 26, 18, 0, 0, 18, 17, 0, 15,
				9, 4, 13, 26, 0, 8, 8, 0, 0, 7, 15,
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var c commands
			tt.write(&c)
			if !slices.Equal(c.bytes, tt.want) {
				t.Errorf("got %v, want %v", c.bytes, tt.want)
			}
		})
	}
}

// The bytes were checked by hand against the protobuf schema of MVT 2.1.
func TestEncodeGolden(t *testing.T) {
	lon, lat := home.lonLat(25, 17)
	shape := Project(home, orb.Point{lon, lat})
	got := Encode([]Layer{
		{Name: "empty"},
		{Name: "a", Features: []Feature{
			{ID: 300, HasID: true, Shape: shape, Tags: []Tag{{"n", Uint(1)}, {"s", String("x")}}},
			{Shape: Shape{}, Tags: []Tag{{"unseen", Uint(9)}}},
			{Shape: shape, Tags: []Tag{{"d", Double(0.5)}, {"n", Uint(1)}, {"i", Int(-2)}, {"b", Bool(true)}}},
		}},
	})
	want := "1a58" + // layer, 88 bytes
		"0a0161" + // name a
		"1210" + "08ac02" + "120400000101" + "1801" + "2203093222" + // id 300, tags n=0 s=1
		"1211" + "12080202000003030404" + "1801" + "2203093222" + // no id
		"1a016e" + "1a0173" + "1a0164" + "1a0169" + "1a0162" + // keys n s d i b
		"22022801" + "22030a0178" + "220919000000000000e03f" + "22023003" + "22023801" + // values
		"288020" + "7802" // extent 4096, version 2
	if hex.EncodeToString(got) != want {
		t.Errorf("got  %x\nwant %s", got, want)
	}
	if Encode(nil) != nil || Encode([]Layer{{Name: "x"}}) != nil {
		t.Error("a tile without shapes has bytes")
	}
}

func TestTileJSONHasTheRequiredKeys(t *testing.T) {
	b, err := json.Marshal(TileJSON{Version: "3.0.0", Scheme: "xyz", Tiles: []string{"/{z}/{x}/{y}"}, MaxZoom: 22, VectorLayers: []VectorLayer{{ID: "a", Fields: map[string]string{"n": "count"}}}})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"tilejson":"3.0.0","scheme":"xyz","tiles":["/{z}/{x}/{y}"],"minzoom":0,"maxzoom":22,"vector_layers":[{"id":"a","minzoom":0,"maxzoom":0,"fields":{"n":"count"}}]}`
	if string(b) != want {
		t.Errorf("got %s", b)
	}
}

func Example() {
	a := Address{Z: 12, X: 3419, Y: 1718}
	shape := Project(a, orb.Point{120.5, 27.78})
	tile := Encode([]Layer{{Name: "enterprises", Features: []Feature{
		{Shape: shape, Tags: []Tag{{"kind", String("construction")}, {"found", Uint(3)}}},
	}}})
	fmt.Println(shape.Empty(), len(tile) > 0, math.Round(a.Bound(0).Min[0]*1e4)/1e4)
	// Output: false true 120.498
}
