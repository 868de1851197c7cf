package tiles_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"reflect"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/mvt"
	"pgregory.net/rapid"

	"hazgrid/tiles"
)

// A tile put together from plates says what one written at once says; packed it is what it is, and once more the same.
func TestPlateAsAppend(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		columns, _, shapes := gridsOf(t)
		cut := tiles.NewCut(upTo(len(shapes)), shapes)
		first := rapid.IntRange(0, columns.Len()).Draw(t, "first live column")
		plate, err := tiles.NewPlate("grids", cut, columns, first)
		if err != nil {
			t.Fatal(err)
		}
		if !plate.Fits(columns) {
			t.Fatal("the plate does not fit its own columns")
		}
		between := tiles.Encode([]tiles.Layer{{Name: "between", Features: []tiles.Feature{{Shape: tiles.Project(tiles.Address{}, orb.Point{1, 1})}}}})
		d := new(tiles.Drawing)
		d.AddPlate(plate, columns)
		d.Add(bytes.Clone(between))
		again, err := tiles.NewPlate("again", cut, columns, first)
		if err != nil {
			t.Fatal(err)
		}
		d.AddPlate(again, columns)
		tile := d.Bytes()
		if err := tiles.Check(tile); err != nil {
			t.Fatal(err)
		}
		want := columns.Append(append(columns.Append(nil, "grids", cut), between...), "again", cut)
		if a, b := decoded(t, tile), decoded(t, want); !reflect.DeepEqual(a, b) {
			t.Fatalf("%v, want %v", a, b)
		}
		if d.Len() != len(tile) {
			t.Fatalf("%d bytes, said to be %d", len(tile), d.Len())
		}
		packed, err := d.Gzip()
		if err != nil {
			t.Fatal(err)
		}
		if got := unpacked(t, packed); !bytes.Equal(got, tile) {
			t.Fatalf("packed and unpacked % x, want % x", got, tile)
		}
		if once, err := d.Gzip(); err != nil || !bytes.Equal(once, packed) {
			t.Fatalf("packed again: other bytes, %v", err)
		}
	})
}

// unpacked reads one member of gzip, whose sum the reader checks.
func unpacked(t *rapid.T, packed []byte) []byte {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func decoded(t *rapid.T, tile []byte) mvt.Layers {
	layers, err := mvt.Unmarshal(tile)
	if err != nil {
		t.Fatal(err)
	}
	return layers
}

// A plate fits other values, but not when one begins or ceases to exist. Its digest differs where a value does.
func TestPlateFits(t *testing.T) {
	shapes := []tiles.Shape{tiles.Project(tiles.Address{}, orb.Point{1, 1}), tiles.Project(tiles.Address{}, orb.Point{2, 1})}
	cut := tiles.NewCut(upTo(2), shapes)
	with := func(a, b int64) *tiles.Columns {
		return tiles.NewColumns([]uint64{7, 8}).With(tiles.Counts("id", []int64{7, 8}), tiles.Counts("found", []int64{a, b}))
	}
	plate, err := tiles.NewPlate("grids", cut, with(1, -1), 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		a, b int64
		fits bool
	}{{1, -1, true}, {300, -1, true}, {1, 0, false}, {-1, -1, false}, {-1, 1, false}} {
		if got := plate.Fits(with(c.a, c.b)); got != c.fits {
			t.Errorf("%d, %d fits: %v, want %v", c.a, c.b, got, c.fits)
		}
	}
	sum := func(c *tiles.Columns) [32]byte {
		d := new(tiles.Drawing)
		d.AddPlate(plate, c)
		return d.Sum()
	}
	if one, two := sum(with(1, -1)), sum(with(1, -1)); one == sum(with(2, -1)) || one != two {
		t.Error("the digest does not follow the values")
	}
}

func TestPlateOfTooManyColumns(t *testing.T) {
	columns := tiles.NewColumns([]uint64{1})
	for range 33 {
		columns = columns.With(tiles.Counts("n", []int64{1}))
	}
	if _, err := tiles.NewPlate("grids", tiles.NewCut([]int{0}, []tiles.Shape{{}}), columns, 0); err == nil {
		t.Error("33 live columns are taken")
	}
}
