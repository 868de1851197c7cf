package tiles_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/mvt"

	"hazgrid/internal/limits"
	"hazgrid/tiles"
)

// one is a tile of one layer of one feature with a shape.
func one(shape tiles.Shape) []byte {
	return tiles.Encode([]tiles.Layer{{Name: "a", Features: []tiles.Feature{
		{ID: 7, HasID: true, Shape: shape, Tags: []tiles.Tag{{Key: "n", Value: tiles.Uint(1)}, {Key: "s", Value: tiles.String("水")}}},
	}}})
}

// What is wrong is said: section 4 of MVT 2.1.
func TestCheckSaysWhatIsWrong(t *testing.T) {
	square := []tiles.Part{{{0, 0}, {10, 0}, {10, 10}, {0, 10}}}
	turned := []tiles.Part{{{0, 0}, {0, 10}, {10, 10}, {10, 0}}}
	good := one(tiles.Draw(3, square))
	tests := []struct {
		name string
		tile []byte
		want string // "" for none
	}{
		{"no bytes", nil, ""},
		{"an area", good, ""},
		{"a hole", one(tiles.Draw(3, append(square, tiles.Part{{2, 2}, {2, 4}, {4, 4}, {4, 2}}))), ""},
		{"first a hole", one(tiles.Draw(3, turned)), "the first ring is a hole"},
		{"no area", one(tiles.Draw(3, []tiles.Part{{{0, 0}, {5, 5}, {2, 2}}})), "no area"},
		{"closed twice", one(tiles.Draw(3, []tiles.Part{{{0, 0}, {10, 0}, {10, 10}, {0, 0}}})), "ends where it starts"},
		{"two corners", one(tiles.Draw(3, []tiles.Part{{{0, 0}, {10, 0}}})), "command 2, 1 times"},
		{"a line of one point", one(tiles.Draw(2, []tiles.Part{{{1, 1}}})), "command 2, 0 times"},
		{"a line that stands still", one(tiles.Draw(2, []tiles.Part{{{1, 1}, {1, 1}}})), "goes on where it is"},
		{"cut off", good[:len(good)-1], "bytes of"},
		{"the same layer twice", append(good, good...), "two layers"},
		{"no name", tiles.Encode([]tiles.Layer{{Features: []tiles.Feature{{Shape: tiles.Draw(1, square)}}}}), "no name"},
		{"a text in GBK", tiles.Encode([]tiles.Layer{{Name: "\xb9\xcf", Features: []tiles.Feature{{Shape: tiles.Draw(1, square)}}}}), "UTF-8"},
		{"an attribute twice", tiles.Encode([]tiles.Layer{{Name: "a", Features: []tiles.Feature{
			{Shape: tiles.Draw(1, square), Tags: []tiles.Tag{{Key: "n", Value: tiles.Uint(1)}, {Key: "n", Value: tiles.Uint(2)}}},
		}}}), "key 0 twice"},
		{"a number without end", []byte(strings.Repeat("\xff", 20)), "over 64 bits"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tiles.Check(tt.tile)
			if tt.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.Is(err, tiles.ErrTile) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// Nothing makes the checker panic or take much memory, and what it accepts makes orb, which panics on others, not panic.
func FuzzCheck(f *testing.F) {
	square := []tiles.Part{{{0, 0}, {10, 0}, {10, 10}, {0, 10}}}
	for kind := 1; kind <= 3; kind++ {
		f.Add(one(tiles.Draw(kind, square)))
	}
	f.Add(one(tiles.Project(tiles.Address{}, orb.Bound{Min: orb.Point{-10, -10}, Max: orb.Point{10, 10}})))
	f.Add([]byte("\x1a\x12\x78\x02\x0a\x05hello\x12\x07\x18\x01\x22\x03\xf9\xff\xff\xff\x0f"))
	f.Fuzz(func(t *testing.T, tile []byte) {
		var err error
		limits.Hold(t, func() { err = tiles.Check(tile) })
		if err == nil {
			_, _ = mvt.Unmarshal(tile) // it refuses geometries of type UNKNOWN
		}
	})
}
