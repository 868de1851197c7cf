package tiles_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/mvt"
	"github.com/paulmach/orb/geojson"
	"github.com/paulmach/orb/maptile"
	"github.com/paulmach/orb/planar"

	"hazgrid/geo"
	"hazgrid/internal/store/postgis/pgtest"
	"hazgrid/tiles"
)

// read is what a foreign reader saw of a feature.
type read struct {
	properties map[string]any
	kind       string // of geometry, without Multi
	area       float64
	id         float64
}

// absent skips the test, but fails it where everything has to be there.
func absent(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

func villages(t *testing.T) []*geojson.Feature {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "shared", "data", "kaohsiung_villages_wgs84.geojson"))
	if err != nil {
		t.Skipf("the villages of Kaohsiung are not here: %v", err)
	}
	fc, err := geojson.UnmarshalFeatureCollection(b)
	if err != nil {
		t.Fatal(err)
	}
	return fc.Features
}

// A sheet draws villages, with the corners that each zoom needs.
type sheet struct {
	fs    []*geojson.Feature
	zooms map[uint32][]orb.MultiPolygon
}

func newSheet(fs []*geojson.Feature) sheet { return sheet{fs, map[uint32][]orb.MultiPolygon{}} }

func (s sheet) cells(zoom uint32) []orb.MultiPolygon {
	if s.zooms[zoom] == nil {
		cells := make([]orb.MultiPolygon, len(s.fs))
		for i, f := range s.fs {
			cells[i] = multi(f.Geometry)
		}
		s.zooms[zoom] = tiles.Simplify(zoom, cells)
	}
	return s.zooms[zoom]
}

// tile draws the villages as polygons, as points and as lines (their outlines).
func (s sheet) tile(a tiles.Address) []byte {
	layers := []tiles.Layer{{Name: "areas"}, {Name: "points"}, {Name: "outlines"}}
	fs := s.fs
	areas := tiles.ProjectCoverage(a, s.cells(a.Z))
	for i, f := range fs {
		tags := []tiles.Tag{
			{Key: "n", Value: tiles.Uint(uint64(i))},
			{Key: "name", Value: tiles.String(f.Properties.MustString("VILLAGENAM"))},
			{Key: "half", Value: tiles.Double(float64(i) / 2)},
		}
		for k, shape := range []tiles.Shape{areas[i], tiles.Project(a, f.Geometry.Bound().Center()), tiles.Project(a, outline(f.Geometry))} {
			layers[k].Features = append(layers[k].Features, tiles.Feature{ID: uint64(i + 1), HasID: true, Shape: shape, Tags: tags})
		}
	}
	return tiles.Encode(layers)
}

func outline(g orb.Geometry) orb.MultiLineString {
	var out orb.MultiLineString
	for _, p := range multi(g) {
		for _, r := range p {
			out = append(out, orb.LineString(r))
		}
	}
	return out
}

func multi(g orb.Geometry) orb.MultiPolygon {
	if p, ok := g.(orb.Polygon); ok {
		return orb.MultiPolygon{p}
	}
	return g.(orb.MultiPolygon)
}

// Three foreign readers see the same features, values and areas in the same tile.
func TestForeignReadersAgree(t *testing.T) {
	fs := villages(t)
	drawn := newSheet(fs)
	for _, a := range addresses(fs, 8, 9, 11, 13, 15) {
		tile := drawn.tile(a)
		want := byOrb(t, tile)
		for name, reader := range map[string]func(*testing.T, []byte) map[string][]read{"vector-tile": byMapLibre, "GDAL": byGDAL} {
			got := reader(t, tile)
			for _, layer := range slices.Sorted(maps.Keys(want)) {
				compareReads(t, fmt.Sprintf("%s %s %s", name, a, layer), got[layer], want[layer])
			}
		}
	}
}

func compareReads(t *testing.T, what string, got, want []read) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d features, want %d", what, len(got), len(want))
		return
	}
	for i, w := range want {
		g := got[i]
		if g.id != w.id || g.kind != w.kind || !maps.Equal(g.properties, w.properties) || math.Abs(g.area-w.area) > 1e-6 {
			t.Errorf("%s: feature %d is %v, want %v", what, i, g, w)
		}
	}
}

func byOrb(t *testing.T, tile []byte) map[string][]read {
	t.Helper()
	layers, err := mvt.Unmarshal(tile)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]read{}
	for _, l := range layers {
		if l.Version != 2 || l.Extent != 4096 {
			t.Errorf("layer %s has version %d and extent %d", l.Name, l.Version, l.Extent)
		}
		for _, f := range l.Features {
			out[l.Name] = append(out[l.Name], read{f.Properties, kindOf(f.Geometry), signedArea(f.Geometry), f.ID.(float64)})
		}
	}
	return out
}

func kindOf(g orb.Geometry) string {
	return [...]string{"Point", "Line", "Polygon"}[g.Dimensions()]
}

// signedArea counts shells positive and holes negative, whatever way the reader turned them.
func signedArea(g orb.Geometry) float64 {
	if g.Dimensions() < 2 {
		return 0
	}
	var sum float64
	for _, p := range multi(g) {
		for i, r := range p {
			if i == 0 {
				sum += math.Abs(planar.Area(r))
			} else {
				sum -= math.Abs(planar.Area(r))
			}
		}
	}
	return sum
}

func byMapLibre(t *testing.T, tile []byte) map[string][]read {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "node", filepath.Join("testdata", "decode.mjs"), filepath.Join(nodeModules(t), "package.json"))
	cmd.Stdin, cmd.Stderr = bytes.NewReader(tile), os.Stderr
	b, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var layers map[string]struct {
		Features []struct {
			ID         float64
			Type       int
			Properties map[string]any
			Geometry   []orb.Ring
		}
	}
	if err := json.Unmarshal(b, &layers); err != nil {
		t.Fatal(err)
	}
	out := map[string][]read{}
	for name, l := range layers {
		for _, f := range l.Features {
			r := read{f.Properties, [...]string{"", "Point", "Line", "Polygon"}[f.Type], 0, f.ID}
			for _, ring := range f.Geometry {
				if f.Type == 3 {
					r.area += planar.Area(ring)
				}
			}
			out[name] = append(out[name], r)
		}
	}
	return out
}

// nodeModules returns a folder whose node_modules have the decoder of MapLibre: that of the dashboard, or else one
// in the user's cache, installed on first use.
func nodeModules(t *testing.T) string {
	t.Helper()
	web, err := filepath.Abs(filepath.Join("..", "internal", "web"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(web, "node_modules", "@mapbox", "vector-tile")); err == nil {
		return web
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		absent(t, "no folder for npm packages: %v", err)
	}
	dir := filepath.Join(cache, "hazgrid-test", "vector-tile-3.0.0")
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "pbf")); err == nil {
		return dir
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		absent(t, "no folder for npm packages: %v", err)
	}
	cmd := exec.CommandContext(t.Context(), "npm", "install", "--prefix", dir, "--no-audit", "--no-fund", "@mapbox/vector-tile@3.0.0", "pbf@5.1.2")
	if b, err := cmd.CombinedOutput(); err != nil {
		absent(t, "npm cannot install @mapbox/vector-tile: %v\n%s", err, b)
	}
	return dir
}

func byGDAL(t *testing.T, tile []byte) map[string][]read {
	t.Helper()
	if _, err := exec.LookPath("ogr2ogr"); err != nil {
		absent(t, "GDAL is not here: %v", err)
	}
	path := filepath.Join(t.TempDir(), "tile.mvt")
	if err := os.WriteFile(path, tile, 0o644); err != nil {
		t.Fatal(err)
	}
	out := map[string][]read{}
	for _, layer := range slices.Sorted(maps.Keys(byOrb(t, tile))) {
		cmd := exec.CommandContext(t.Context(), "ogr2ogr", "-f", "GeoJSON", "/vsistdout/", "-oo", "CLIP=NO", "MVT:"+path, layer)
		cmd.Stderr = os.Stderr
		b, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		fc, err := geojson.UnmarshalFeatureCollection(b)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range fc.Features {
			id := f.Properties["mvt_id"].(float64)
			delete(f.Properties, "mvt_id")
			out[layer] = append(out[layer], read{f.Properties, kindOf(f.Geometry), signedArea(f.Geometry), id})
		}
	}
	return out
}

// addresses lists, for each zoom, the tiles around the first village's centre and its corners.
func addresses(fs []*geojson.Feature, zooms ...int) []tiles.Address {
	var out []tiles.Address
	b := fs[0].Geometry.Bound()
	for _, z := range zooms {
		for _, p := range []orb.Point{b.Center(), b.Min, b.Max} {
			m := maptile.At(p, maptile.Zoom(z))
			a := tiles.Address{Z: uint32(z), X: m.X, Y: m.Y}
			if !slices.Contains(out, a) {
				out = append(out, a)
			}
		}
	}
	return out
}

// PostGIS is the other maker of tiles: same features, and the same areas to 1 % above 100 square units.
//
// What PostGIS 3.3 does was found with a model of it that gives the same area for 392 of 404 villages in tiles of zoom 7
// and 8: it rounds to whole units, drops corners on straight lines, and leads each side through every other corner of the same
// polygon whose unit square the side meets, be it only at a corner of that square (snap rounding). A side between opposite
// corners of one unit so loses half a unit to a third corner. The neighbour that lacks that corner keeps its side: a gap
// opens, which PostGIS gives to nobody, and balance divides where one cell should not have all of it.
//
// Village 52 in 8/213/111 is the hardest: PostGIS leads its side (2395 1977)-(2386 1990), shared with village 41, through
// (2386 1989), and opens a gap of 4.5 square units, more than 1 % of either (118 and 449): it has to be divided within.
//
// Where many cells hardly larger than 100 units meet, a gap can be more than 1 % of both cells beside it together. Of
// Taiwan's 7,701 villages, zooms 5 to 12, 35 of 56,126 areas are more than 1 % apart, 27 of them at zooms 5 and 6.
func TestAreasOfPostGIS(t *testing.T) {
	fs := villages(t)
	wantTogether(t, fs, append(pyramid(fs, 5, 6, 7, 8, 9, 10, 11, 12, 13), addresses(fs, 14, 15, 16, 17, 18)...), 1560)
}

func TestDistrictAreasOfPostGIS(t *testing.T) {
	fs := district(t)
	wantTogether(t, fs, pyramid(fs, 6, 7, 8, 9, 10, 11, 12, 13), 14000)
}

// Nor of the states of the USA, whose islands lie on both sides of the antimeridian.
func TestStatesAreasOfPostGIS(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "testdata", "atlas", "states.geojson"))
	if err != nil {
		absent(t, "the states of us-atlas are not here (make atlas): %v", err)
	}
	fc, err := geojson.UnmarshalFeatureCollection(b)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range fc.Features {
		if f.Geometry, err = geo.Repair(multi(f.Geometry)); err != nil {
			t.Fatal(err)
		}
		f.Properties["VILLAGENAM"] = f.Properties["name"]
	}
	wantTogether(t, fc.Features, pyramid(fc.Features, 0, 1, 2, 3, 4, 5), 250)
}

// wantTogether checks that no feature in some tiles is more than 1 % apart, of at least so many.
func wantTogether(t *testing.T, fs []*geojson.Feature, at []tiles.Address, least int) {
	t.Helper()
	compared, apart := againstPostGIS(t, fs, at...)
	if compared < least || len(apart) > 0 {
		t.Errorf("%d areas compared (at least %d wanted), more than 1 %% apart: %q", compared, least, apart)
	}
}

// district reads the finest grids of the invented district, named as the villages are.
func district(t *testing.T) []*geojson.Feature {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "testdata", "district", "grids-3.geojson"))
	if err != nil {
		t.Fatal(err)
	}
	fc, err := geojson.UnmarshalFeatureCollection(b)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range fc.Features {
		f.Properties["VILLAGENAM"] = f.Properties["name"]
	}
	return fc.Features
}

// pyramid lists, for each zoom, the tiles over the bounds of fs.
func pyramid(fs []*geojson.Feature, zooms ...int) []tiles.Address {
	var out []tiles.Address
	known := map[tiles.Address]bool{}
	for _, z := range zooms {
		for _, f := range fs {
			b := f.Geometry.Bound()
			low, high := maptile.At(orb.Point{b.Min[0], b.Max[1]}, maptile.Zoom(z)), maptile.At(orb.Point{b.Max[0], b.Min[1]}, maptile.Zoom(z))
			for x := low.X; x <= high.X; x++ {
				for y := low.Y; y <= high.Y; y++ {
					if a := (tiles.Address{Z: uint32(z), X: x, Y: y}); !known[a] {
						known[a] = true
						out = append(out, a)
					}
				}
			}
		}
	}
	return out
}

// againstPostGIS compares some tiles of fs with those of PostGIS.
func againstPostGIS(t *testing.T, fs []*geojson.Feature, at ...tiles.Address) (compared int, apart []string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), pgtest.DB(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	exec := func(sql string, args ...any) {
		t.Helper()
		if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
			t.Fatal(err)
		}
	}
	exec(`create table v (n int primary key, g geometry)`)
	for i, f := range fs {
		text, err := json.Marshal(geojson.NewGeometry(f.Geometry))
		if err != nil {
			t.Fatal(err)
		}
		exec(`insert into v values ($1, ST_Transform(ST_MakeValid(ST_GeomFromGeoJSON($2)), 3857))`, i, string(text))
	}
	drawn := newSheet(fs)
	for _, a := range at {
		c, d := comparePostGIS(t, conn, a, drawn)
		compared, apart = compared+c, append(apart, d...)
	}
	return compared, apart
}

func comparePostGIS(t *testing.T, conn *pgx.Conn, a tiles.Address, drawn sheet) (compared int, apart []string) {
	t.Helper()
	rows, err := conn.Query(t.Context(), `
		select n, ST_Area(ST_AsMVTGeom(g, e, 4096, 64, true)),
			ST_Area(ST_Intersection(g, e)) > 0
		from v, ST_TileEnvelope($1, $2, $3) e
		where g && ST_TileEnvelope($1, $2, $3, margin => 64.0 / 4096) order by n`, a.Z, a.X, a.Y)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	tile := map[float64]float64{}
	for _, r := range byOrb(t, drawn.tile(a))["areas"] {
		tile[r.properties["n"].(float64)] = r.area
	}
	for rows.Next() {
		var n float64
		var want *float64
		var meets bool
		if err := rows.Scan(&n, &want, &meets); err != nil {
			t.Fatal(err)
		}
		got, ok := tile[n]
		if meets && !ok {
			t.Errorf("%s: village %v is missing", a, n)
		}
		if want != nil && *want > 100 {
			compared++
			if math.Abs(got-*want) > *want/100 {
				apart = append(apart, fmt.Sprintf("%s %v: %v, PostGIS %v", a, n, got, *want))
			}
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return compared, apart
}
