package importers_test

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"hazgrid/geo"
	"hazgrid/importers"
	"hazgrid/safety"

	"github.com/paulmach/orb"
)

// Two grids that overlap by 0.3 m, one far away whose ring is not canonical, and one without a code between them. Codes
// are not in order: the lower one's vertices stay.
const nearlyCoverage = `{"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"code":"b","level":2},"geometry":{"type":"Polygon","coordinates":[[[120.60,27.70],[120.61,27.70],[120.61,27.71],[120.60,27.71],[120.60,27.70]]]}},
{"type":"Feature","properties":{"level":2},"geometry":{"type":"Polygon","coordinates":[[[120.70,27.70],[120.71,27.70],[120.71,27.71],[120.70,27.70]]]}},
{"type":"Feature","properties":{"code":"far","level":2},"geometry":{"type":"Polygon","coordinates":[[[120.81,27.71],[120.80,27.71],[120.80,27.70],[120.81,27.70],[120.81,27.71]]]}},
{"type":"Feature","properties":{"code":"a","level":2},"geometry":{"type":"Polygon","coordinates":[[[120.609997,27.70],[120.62,27.70],[120.62,27.71],[120.609997,27.71],[120.609997,27.70]]]}},
{"type":"Feature","properties":{"code":"other","level":3},"geometry":{"type":"Polygon","coordinates":[[[120.609997,27.70],[120.62,27.70],[120.62,27.71],[120.609997,27.71],[120.609997,27.70]]]}}
]}`

func readAll(t *testing.T, text string, o importers.Options) (records []safety.Record, numbers []int64, f *importers.File) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "g.geojson")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := importers.Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	for rec, err := range f.Records() {
		numbers = append(numbers, rec.Number)
		if err == nil {
			records = append(records, rec)
		}
	}
	return records, numbers, f
}

func TestCoverageIsMendedInTheOrderOfTheFile(t *testing.T) {
	plain := importers.Options{Kind: safety.Grids, Repair: true}
	mending := importers.Options{Kind: safety.Grids, Repair: true, Coverage: true, ToleranceM: 1}
	before, _, _ := readAll(t, nearlyCoverage, plain)
	after, numbers, f := readAll(t, nearlyCoverage, mending)
	if !slices.Equal(numbers, []int64{1, 2, 3, 4, 5}) || len(after) != 4 {
		t.Fatalf("numbers %v, %d records", numbers, len(after))
	}
	for _, i := range []int{1, 2, 3} { // far, a, and the one of another level are as they were
		if !reflect.DeepEqual(after[i], before[i]) {
			t.Errorf("record %d: %v, was %v", after[i].Number, after[i], before[i])
		}
	}
	want := orb.MultiPolygon{{{{120.60, 27.70}, {120.609997, 27.70}, {120.609997, 27.71}, {120.60, 27.71}, {120.60, 27.70}}}}
	if got := after[0].Geometry; !reflect.DeepEqual(got, orb.Geometry(want)) {
		t.Errorf("b is %v, want %v", got, want)
	}
	found := f.Findings()
	lost := geo.Area(before[0].Geometry) - geo.Area(want)
	if found.Total != 1 || found.List[0].Kind != safety.FoundMended || !slices.Equal(found.List[0].Codes, []string{"b"}) ||
		found.List[0].AreaM2 != lost || found.List[0].Level != 2 || len(f.Warnings()) != 1 {
		t.Errorf("%+v, %v", found, f.Warnings())
	}
}

// A file that is cut off yields none of the grids that were held back.
func TestCoverageOfACutFile(t *testing.T) {
	cut := nearlyCoverage[:strings.LastIndex(nearlyCoverage, "27.71]")]
	records, numbers, _ := readAll(t, cut, importers.Options{Kind: safety.Grids, Coverage: true, ToleranceM: 1})
	if len(records) != 0 || len(numbers) != 1 {
		t.Errorf("%d records, %d yielded, want the error alone", len(records), len(numbers))
	}
}

// What is repaired is told by its code, reason, place and areas.
func TestRepairsAreFindings(t *testing.T) {
	bowTie := `{"type":"Feature","id":"x","properties":{"level":1},"geometry":{"type":"Polygon","coordinates":[[[120.60,27.70],[120.62,27.72],[120.62,27.70],[120.60,27.72],[120.60,27.70]]]}}`
	records, _, f := readAll(t, bowTie, importers.Options{Kind: safety.Grids, Repair: true})
	found := f.Findings()
	if len(records) != 1 || found.Total != 1 || f.Repaired() != 1 {
		t.Fatalf("%d records, %+v", len(records), found)
	}
	got := found.List[0]
	if got.Kind != safety.FoundRepaired || !slices.Equal(got.Codes, []string{"x"}) || got.Reason != geo.FaultSelfCrossing ||
		got.AfterM2 != geo.Area(records[0].Geometry) || geo.Distance(got.At, orb.Point{120.61, 27.71}) > 1e-6 {
		t.Errorf("%+v", got)
	}
}
