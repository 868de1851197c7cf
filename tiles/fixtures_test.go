package tiles_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/paulmach/orb/encoding/mvt"

	"hazgrid/tiles"
)

// A fixture is one of the 74 tiles of @mapbox/mvt-fixtures 4.0.0, valid or not by MVT 2.1.
type fixture struct {
	id    string
	tile  []byte
	valid bool
	json  struct{ Layers []fixtureLayer }
}

type fixtureLayer struct {
	Version  int
	Name     string
	Keys     []string
	Values   []map[string]any
	Features []struct {
		ID       *uint64
		Tags     []int
		Type     int
		Geometry []uint32
	}
}

// fixtures reads the package that `make atlas` installs.
func fixtures(t testing.TB) []fixture {
	t.Helper()
	dir := filepath.Join("..", "testdata", "atlas", "node_modules", "@mapbox", "mvt-fixtures", "fixtures")
	entries, err := os.ReadDir(dir)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("the fixtures are not here, make atlas gets them: %v", err)
	}
	var out []fixture
	for _, e := range entries {
		f := fixture{id: e.Name()}
		var info struct{ Validity struct{ V2 bool } }
		read := func(name string) []byte {
			b, err := os.ReadFile(filepath.Join(dir, e.Name(), name))
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		f.tile = read("tile.mvt")
		if err := json.Unmarshal(read("info.json"), &info); err != nil {
			t.Fatal(err)
		}
		if f.valid = info.Validity.V2; f.valid {
			d := json.NewDecoder(bytes.NewReader(read("tile.json")))
			d.UseNumber()
			if err := d.Decode(&f.json); err != nil {
				t.Fatalf("%s: %v", f.id, err)
			}
		}
		out = append(out, f)
	}
	if len(out) != 74 {
		t.Fatalf("%d fixtures, want 74", len(out))
	}
	return out
}

// mislabelled are the fixtures whose label no checker can follow, or none that follows the specification. 016, said to be valid with a type UNKNOWN, has no
// type and is byte for byte 003, which is said to be invalid for that. The MoveTo of 057 claims 2²⁹-1 points and is followed by one, which section 4.3.3.1
// forbids and orb refuses. Both are refused.
func mislabelled(id string) bool { return id == "016" || id == "057" }

// The checker takes the valid ones and refuses the others.
func TestCheckFixtures(t *testing.T) {
	tile := map[string][]byte{}
	for _, f := range fixtures(t) {
		tile[f.id] = f.tile
		err := tiles.Check(f.tile)
		if want := f.valid && !mislabelled(f.id); (err == nil) != want {
			t.Errorf("%s: %v, valid is %v", f.id, err, want)
		}
		if err != nil && !errors.Is(err, tiles.ErrTile) {
			t.Errorf("%s: %v is no ErrTile", f.id, err)
		}
	}
	if !bytes.Equal(tile["003"], tile["016"]) {
		t.Error("003 and 016 are no longer the same")
	}
}

// The package also has tiles of Mapbox Streets and of OpenStreetMap as they were served: 207 and, in compressed/, 4 that are gzip and so no tiles.
func TestCheckRealTiles(t *testing.T) {
	fixtures(t)
	paths, err := filepath.Glob(filepath.Join("..", "testdata", "atlas", "node_modules", "@mapbox", "mvt-fixtures", "real-world", "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	good := 0
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		err = tiles.Check(b)
		if err == nil {
			good++
		} else if !bytes.HasPrefix(b, []byte{0x1f, 0x8b}) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if good != 207 {
		t.Errorf("%d tiles are good, want 207", good)
	}
}

// beyond are the valid fixtures that the encoder does not write, and why.
func beyond() map[string]string {
	return map[string]string{
		"016": "a geometry of type UNKNOWN: no decoder used here reads it",
		"025": "a layer without features, which the specification advises against: the encoder leaves it out",
		"039": "a geometry of type UNKNOWN, in a layer of version 1",
		"057": "not valid: see mislabelled",
	}
}

// Of every valid fixture the encoder makes a tile, from its description, that two foreign decoders read as they read the fixture itself. How a number is
// written (float, double, int, uint or sint) no decoder tells: floats are written as doubles, ints as sints.
func TestEncodeFixtures(t *testing.T) {
	var all [][]byte
	var ids []string
	for _, f := range fixtures(t) {
		if _, ok := beyond()[f.id]; ok || !f.valid {
			continue
		}
		tile := tiles.Encode(layersOf(t, f))
		if err := tiles.Check(tile); err != nil {
			t.Errorf("%s: %v", f.id, err)
		}
		ids, all = append(ids, f.id), append(all, f.tile, tile)
		want, err := mvt.Unmarshal(f.tile)
		if err != nil {
			t.Fatalf("%s: orb: %v", f.id, err)
		}
		got, err := mvt.Unmarshal(tile)
		if err != nil {
			t.Fatalf("%s: orb: %v", f.id, err)
		}
		for _, l := range want {
			l.Version = 2 // which is what the encoder writes
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: orb (-fixture +ours):\n%s", f.id, diff)
		}
	}
	if len(ids) != 46-len(beyond()) {
		t.Errorf("%d fixtures were written, want 46 but for %d", len(ids), len(beyond()))
	}
	read := decodeMany(t, all)
	for i, id := range ids {
		want, got := read[2*i], read[2*i+1]
		if _, failed := want.(string); failed || !reflect.DeepEqual(want, got) {
			t.Errorf("%s: vector-tile reads %v, of the fixture %v", id, got, want)
		}
	}
}

// GDAL, which is slow to start, reads one of each kind as it reads the fixture.
func TestEncodeFixturesForGDAL(t *testing.T) {
	for _, f := range fixtures(t) {
		if !slices.Contains([]string{"017", "018", "019", "020", "021", "022", "034", "056"}, f.id) {
			continue
		}
		want, got := byGDAL(t, f.tile), byGDAL(t, tiles.Encode(layersOf(t, f)))
		if len(want) != 1 || !reflect.DeepEqual(want, got) {
			t.Errorf("%s: %v, of the fixture %v", f.id, got, want)
		}
	}
}

// layersOf makes what the encoder takes of the description of a fixture.
func layersOf(t *testing.T, f fixture) []tiles.Layer {
	t.Helper()
	var out []tiles.Layer
	for _, l := range f.json.Layers {
		layer := tiles.Layer{Name: l.Name}
		for _, g := range l.Features {
			feature := tiles.Feature{Shape: tiles.Draw(g.Type, parts(g.Geometry))}
			if g.ID != nil {
				feature.ID, feature.HasID = *g.ID, true
			}
			for i := 0; i < len(g.Tags); i += 2 {
				feature.Tags = append(feature.Tags, tiles.Tag{Key: l.Keys[g.Tags[i]], Value: valueOf(t, l.Values[g.Tags[i+1]])})
			}
			layer.Features = append(layer.Features, feature)
		}
		out = append(out, layer)
	}
	return out
}

// valueOf reads a description of a value, which has one key.
func valueOf(t *testing.T, v map[string]any) tiles.Value {
	t.Helper()
	for kind, v := range v {
		switch v := v.(type) {
		case bool:
			return tiles.Bool(v)
		case json.Number:
			return numberOf(t, kind, v)
		default:
			return tiles.String(fmt.Sprint(v))
		}
	}
	t.Fatal("a value without a kind")
	return tiles.Value{}
}

func numberOf(t *testing.T, kind string, v json.Number) tiles.Value {
	t.Helper()
	f, err1 := v.Float64()
	n, err2 := v.Int64()
	switch {
	case kind == "string_value": // a number that the package writes as text
		return tiles.String(v.String())
	case kind == "float_value" && err1 == nil:
		return tiles.Double(float64(float32(f)))
	case kind == "double_value" && err1 == nil:
		return tiles.Double(f)
	case kind == "uint_value" && err2 == nil:
		return tiles.Uint(uint64(n))
	case (kind == "int_value" || kind == "sint_value") && err2 == nil:
		return tiles.Int(n)
	}
	t.Fatalf("a value %v of kind %s", v, kind)
	return tiles.Value{}
}

// parts follows the command integers of a description: MVT 2.1, section 4.3. Steps wrap around as those of 32 bits do.
func parts(geometry []uint32) (out []tiles.Part) {
	var at [2]int32
	for i := 0; i < len(geometry); {
		command, count := geometry[i]&7, int(geometry[i]>>3)
		i++
		if command == 7 {
			continue
		}
		for range count {
			for axis := range at {
				at[axis] += int32(geometry[i]>>1) ^ -int32(geometry[i]&1)
				i++
			}
			if command == 1 {
				out = append(out, nil)
			}
			out[len(out)-1] = append(out[len(out)-1], at)
		}
	}
	return out
}

// decodeMany reads tiles with the decoder of MapLibre: an object each, or a text that says what is wrong.
func decodeMany(t *testing.T, all [][]byte) []any {
	t.Helper()
	var lines bytes.Buffer
	for _, tile := range all {
		lines.WriteString(base64.StdEncoding.EncodeToString(tile) + "\n")
	}
	cmd := exec.CommandContext(t.Context(), "node", filepath.Join("testdata", "decodemany.mjs"), filepath.Join(nodeModules(t), "package.json"))
	cmd.Stdin, cmd.Stderr = &lines, os.Stderr
	b, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var out []any
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	if len(out) != len(all) {
		t.Fatalf("%d tiles were read of %d", len(out), len(all))
	}
	return out
}
