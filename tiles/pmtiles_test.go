package tiles_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/paulmach/orb"
	"pgregory.net/rapid"

	"hazgrid/internal/limits"
	"hazgrid/tiles"
)

// The numbers are those of the tests of go-pmtiles and of the npm package pmtiles.
func TestNumbersOfTiles(t *testing.T) {
	for a, want := range map[tiles.Address]uint64{
		{}: 0, {Z: 1}: 1, {Z: 1, Y: 1}: 2, {Z: 1, X: 1, Y: 1}: 3, {Z: 1, X: 1}: 4, {Z: 2}: 5, {Z: 12, X: 3423, Y: 1763}: 19078479,
	} {
		if got := a.ID(); got != want {
			t.Errorf("%s has number %d, want %d", a, got, want)
		}
	}
}

// archive writes tiles into an archive and opens it.
func archive(t testing.TB, about tiles.TileJSON, add func(w *tiles.PMTilesWriter)) (*tiles.PMTiles, []byte) {
	t.Helper()
	data, err := os.Create(filepath.Join(t.TempDir(), "data"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = data.Close() }()
	w := tiles.NewPMTilesWriter(data)
	add(w)
	var out bytes.Buffer
	if err := w.Finish(&out, about); err != nil {
		t.Fatal(err)
	}
	p, err := tiles.OpenPMTiles(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	return p, out.Bytes()
}

// What is written is read again, whatever tiles there are, with equal ones kept once.
func TestArchiveKeepsTiles(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		z := rapid.Uint32Range(0, tiles.MaxZoom).Draw(r, "zoom")
		tile := rapid.SliceOfN(rapid.SampledFrom([]byte("ab")), 1, 2)
		want := map[tiles.Address][]byte{}
		var at []tiles.Address
		for range rapid.IntRange(1, 40).Draw(r, "tiles") {
			side := uint32(1)<<z - 1
			a := tiles.Address{Z: z, X: rapid.Uint32Range(0, side).Draw(r, "x"), Y: rapid.Uint32Range(0, side).Draw(r, "y")}
			if want[a] == nil {
				at = append(at, a)
			}
			want[a] = tile.Draw(r, "tile")
		}
		slices.SortFunc(at, func(a, b tiles.Address) int { return int(a.ID()) - int(b.ID()) })
		p, _ := archive(t, tiles.TileJSON{}, func(w *tiles.PMTilesWriter) {
			for _, a := range at {
				if err := w.Add(a, want[a]); err != nil {
					r.Fatal(err)
				}
			}
		})
		for _, a := range append(at, tiles.Address{Z: z, X: rapid.Uint32Range(0, 1<<z-1).Draw(r, "x"), Y: 0}) {
			got, ok, err := p.Tile(a)
			if err != nil || !bytes.Equal(got, want[a]) || ok != (want[a] != nil) {
				r.Fatalf("%s is %q, %v, %v, want %q", a, got, ok, err, want[a])
			}
		}
	})
}

// A large archive has leaves, and its header and root fit what the specification says clients read first: 16,384 bytes.
func TestLargeArchive(t *testing.T) {
	const n = 200_000
	a := func(i uint32) tiles.Address { return tiles.Address{Z: 11, X: i % 2048, Y: i / 2048} }
	at := make([]uint32, n)
	for i := range at {
		at[i] = uint32(i)
	}
	slices.SortFunc(at, func(i, k uint32) int { return int(a(i).ID()) - int(a(k).ID()) })
	tile := func(i uint32) []byte { return fmt.Appendf(nil, "%d%s", i/3, make([]byte, i%61)) } // some repeated
	random := rand.New(rand.NewPCG(1, 2))
	p, b := archive(t, tiles.TileJSON{}, func(w *tiles.PMTilesWriter) {
		for _, i := range at {
			if err := w.Add(a(i), tile(i)); err != nil {
				t.Fatal(err)
			}
		}
	})
	number := func(at int) uint64 { return binary.LittleEndian.Uint64(b[at:]) }
	if root, leaves := number(8)+number(16), number(48); root > 16384 || leaves == 0 {
		t.Errorf("the root ends at %d, and there are %d bytes of leaves", root, leaves)
	}
	if number(72) != n || number(80) < number(88) || b[96] != 1 {
		t.Errorf("%d tiles, %d entries, %d contents, clustered %d", number(72), number(80), number(88), b[96])
	}
	for range 5000 {
		i := random.Uint32N(n)
		if got, ok, err := p.Tile(a(i)); err != nil || !ok || !bytes.Equal(got, tile(i)) {
			t.Fatalf("%s is %q, %v, %v", a(i), got, ok, err)
		}
	}
	if _, ok, err := p.Tile(tiles.Address{Z: 11, X: 0, Y: 2000}); ok || err != nil {
		t.Errorf("a tile that is not there: %v, %v", ok, err)
	}
}

func TestArchiveRefusesDisorder(t *testing.T) {
	w := tiles.NewPMTilesWriter(nil)
	for _, c := range []struct {
		a    tiles.Address
		tile string
		ok   bool
	}{{tiles.Address{Z: 1, X: 1}, "a", true}, {tiles.Address{Z: 1}, "b", false}, {tiles.Address{Z: 1, X: 1}, "b", false}, {tiles.Address{Z: 2}, "", false}} {
		if err := w.Add(c.a, []byte(c.tile)); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.a, err)
		}
	}
	if err := tiles.NewPMTilesWriter(nil).Finish(nil, tiles.TileJSON{}); err == nil {
		t.Error("an archive without tiles was written")
	}
}

// about describes the archives of tests.
func about() tiles.TileJSON {
	return tiles.TileJSON{
		Name: "網格", Attribution: "nobody", MaxZoom: 14, Bounds: &[4]float64{120.5, 27.25, 121.125, 28}, Center: &[3]float64{120.75, 27.5, 10},
		VectorLayers: []tiles.VectorLayer{{ID: "a", Fields: map[string]string{"n": "Number", "b": "String"}}},
	}
}

func small(w *tiles.PMTilesWriter) {
	for i, a := range []tiles.Address{{}, {Z: 1}, {Z: 1, Y: 1}, {Z: 3, X: 4, Y: 5}} {
		_ = w.Add(a, []byte{byte(i / 2)}) // in order
	}
}

func TestArchiveDescribesItself(t *testing.T) {
	p, b := archive(t, about(), small)
	got, want := p.TileJSON(), about()
	if got.Name != want.Name || got.Attribution != want.Attribution || *got.Bounds != *want.Bounds || got.MinZoom != 0 || got.MaxZoom != 3 ||
		*got.Center != [3]float64{120.75, 27.5, 3} || p.Type() != tiles.MVT || p.Packed() != tiles.Gzip {
		t.Errorf("got %+v", got)
	}
	if layers := string(p.VectorLayers()); layers != `[{"id":"a","minzoom":0,"maxzoom":0,"fields":{"b":"String","n":"Number"}}]` {
		t.Errorf("vector layers: %s", layers)
	}
	if _, again := archive(t, about(), small); !bytes.Equal(again, b) {
		t.Error("the same tiles gave other bytes")
	}
}

// What is broken is an error, and costs no more than what is there.
func TestBrokenArchives(t *testing.T) {
	_, sound := archive(t, about(), small)
	change := func(at int, to ...byte) []byte {
		b := slices.Clone(sound)
		copy(b[at:], to)
		return b
	}
	huge := []byte{255, 255, 255, 255, 255, 255, 255, 127}
	for name, b := range map[string][]byte{
		"nothing": nil, "short": sound[:126], "no magic": change(0, 'X'), "version 2": change(7, 2), "root beyond": change(8, huge...), "long root": change(16, huge...),
		"metadata beyond": change(24, huge...), "long metadata": change(32, huge...), "brotli inside": change(97, 3), "strange tiles": change(99, 77), "strange packing": change(98, 9),
		"zooms": change(100, 9, 3), "root is no gzip": change(127, 0), "cut": sound[:200],
	} {
		limits.Hold(t, func() {
			if _, err := tiles.OpenPMTiles(bytes.NewReader(b), int64(len(b))); !errors.Is(err, tiles.ErrPMTiles) {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	for name, b := range map[string][]byte{"data beyond": change(56, huge...), "short data": change(64, make([]byte, 8)...)} {
		p, err := tiles.OpenPMTiles(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := p.Tile(tiles.Address{}); !errors.Is(err, tiles.ErrPMTiles) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzPMTiles opens any file as an archive and asks for tiles.
func FuzzPMTiles(f *testing.F) {
	_, sound := archive(f, about(), small)
	f.Add(sound)
	f.Add(plain(sound, []byte{2, 0, 1, 1, 0, 1, 1, 1, 0}))                                     // a tile, then a leaf
	f.Add(plain(sound, []byte{1, 0, 0, 9, 1}))                                                 // a leaf that is its own root
	f.Add(plain(sound, []byte{255, 255, 255, 255, 255, 255, 255, 255, 255, 1, 0, 0, 0, 0, 0})) // as many entries as can be said
	f.Fuzz(func(t *testing.T, b []byte) {
		limits.Hold(t, func() {
			p, err := tiles.OpenPMTiles(bytes.NewReader(b), int64(len(b)))
			if err != nil {
				return
			}
			for _, a := range []tiles.Address{{}, {Z: 1, X: 1}, {Z: 3, X: 4, Y: 5}, {Z: 22, X: 1<<22 - 1, Y: 1 << 21}} {
				if tile, ok, err := p.Tile(a); err == nil && ok {
					_, _ = p.Unpack(tile)
				}
			}
		})
	})
}

// plain replaces the directories of an archive by one that is not packed, root and leaf in one, and drops the metadata.
func plain(b, directory []byte) []byte {
	out := append(slices.Clone(b[:127]), directory...)
	le := binary.LittleEndian
	for at, v := range map[int]uint64{8: 127, 16: uint64(len(directory)), 32: 0, 40: 127, 48: uint64(len(directory)), 56: 127, 64: uint64(len(directory))} {
		le.PutUint64(out[at:], v)
	}
	out[97] = byte(tiles.NoCompression)
	return out
}

// A pyramid yields each tile that is not empty, in order, whatever the cores: here those that some points touch, with their margin.
func TestPyramid(t *testing.T) {
	points := []orb.Point{{0, 0}, {120.0001, 27.5}, {121, 27.5}, {-180, -85}, {179.9999, 85.05}, {45, 66.51326}}
	touches := func(a tiles.Address) ([]byte, error) {
		for _, p := range points {
			if a.Bound(tiles.Buffer).Contains(p) {
				return []byte(a.String()), nil
			}
		}
		return nil, nil
	}
	all := func(low, high uint32) (found []tiles.Address) {
		p := tiles.Pyramid{Make: touches, Bound: orb.MultiPoint(points).Bound(), MinZoom: low, MaxZoom: high}
		if err := p.Each(t.Context(), func(a tiles.Address, b []byte) error {
			if string(b) != a.String() {
				t.Errorf("%s came with %s", a, b)
			}
			found = append(found, a)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return found
	}
	var want []tiles.Address
	for z := uint32(0); z <= 7; z++ {
		for x := uint32(0); x < 1<<z; x++ {
			for y := uint32(0); y < 1<<z; y++ {
				if b, _ := touches(tiles.Address{Z: z, X: x, Y: y}); b != nil {
					want = append(want, tiles.Address{Z: z, X: x, Y: y})
				}
			}
		}
	}
	slices.SortFunc(want, func(a, b tiles.Address) int { return int(a.ID()) - int(b.ID()) })
	if got := all(0, 7); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	from := func(z uint32) []tiles.Address {
		return want[slices.IndexFunc(want, func(a tiles.Address) bool { return a.Z == z }):]
	}
	for _, z := range []uint32{3, 6, 7} {
		if got := all(z, 7); !slices.Equal(got, from(z)) {
			t.Errorf("from zoom %d: got %v, want %v", z, got, from(z))
		}
	}
	before := runtime.GOMAXPROCS(1)
	one := all(0, 22)
	runtime.GOMAXPROCS(before)
	if !slices.Equal(one, all(0, 22)) {
		t.Error("the tiles depend on the number of cores")
	}
}

// Errors of any part end a pyramid.
func TestPyramidEnds(t *testing.T) {
	bad := errors.New("bad")
	full := func(tiles.Address) ([]byte, error) { return []byte{1}, nil }
	each := func(make func(tiles.Address) ([]byte, error), then func(cancel func()) error) error {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		p := tiles.Pyramid{Make: make, Bound: orb.Bound{Min: orb.Point{-180, -85}, Max: orb.Point{180, 85}}, MaxZoom: 12}
		return p.Each(ctx, func(tiles.Address, []byte) error { return then(cancel) })
	}
	if err := each(func(tiles.Address) ([]byte, error) { return nil, bad }, func(func()) error { return nil }); !errors.Is(err, bad) {
		t.Errorf("a tile that cannot be made: %v", err)
	}
	if err := each(full, func(func()) error { return bad }); !errors.Is(err, bad) {
		t.Errorf("a tile that cannot be taken: %v", err)
	}
	if err := each(full, func(cancel func()) error { cancel(); return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func ExamplePMTilesWriter() {
	data, err := os.CreateTemp("", "example") // where tiles wait until their directory is known
	if err != nil {
		panic(err)
	}
	defer func() { _, _ = data.Close(), os.Remove(data.Name()) }()
	w := tiles.NewPMTilesWriter(data)
	p := tiles.Pyramid{
		Make:    func(a tiles.Address) ([]byte, error) { return []byte("a tile packed with gzip"), nil },
		Bound:   orb.Bound{Min: orb.Point{-180, -85}, Max: orb.Point{180, 85}},
		MaxZoom: 2,
	}
	if err := p.Each(context.Background(), w.Add); err != nil {
		panic(err)
	}
	var out bytes.Buffer
	if err := w.Finish(&out, tiles.TileJSON{Name: "everywhere the same"}); err != nil {
		panic(err)
	}
	archive, err := tiles.OpenPMTiles(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		panic(err)
	}
	tile, ok, err := archive.Tile(tiles.Address{Z: 2, X: 3, Y: 1})
	fmt.Printf("%s %v %v; %d distinct\n", tile, ok, err, w.Distinct())
	// Output: a tile packed with gzip true <nil>; 1 distinct
}
