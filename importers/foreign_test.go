package importers

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/paulmach/orb"

	"hazgrid/safety"
)

// What ogr2ogr makes of these is read back: invented, with text beyond ASCII, numbers, dates, blanks and
// every kind of geometry that a record may have.
var foreignFixtures = map[safety.Kind]string{
	safety.Grids: collection(
		feature(square, `{"code":"330381001","name":"塘下 <一> & \"二\"","level":1,"kind":"base","valid_from":"2014-01-01","synthetic":true}`),
		feature(`{"type":"Polygon","coordinates":[[[121,27],[123,27],[123,28],[121,28],[121,27]],[[121.5,27.25],[121.5,27.5],[122,27.5],[121.5,27.25]]]}`,
			`{"code":"330381002","name":"莘塍","level":1,"leader":"王五","valid_from":"2014-01-01"}`),
		feature(`{"type":"MultiPolygon","coordinates":[[[[10,10],[11,10],[11,11],[10,10]]],[[[20,10],[21,10],[21,11],[20,10]]]]}`,
			`{"code":"330381003","name":"𠀀é","level":2,"parent":"330381002"}`),
		feature(`{"type":"Polygon","coordinates":[[[0,0],[1,1],[1,0],[0,1],[0,0]]]}`, `{"code":"bow","level":2}`),
	),
	safety.Enterprises: collection(
		feature(`{"type":"Point","coordinates":[120.655,27.778]}`, `{"id":"e1","name":"瑞安甲厂","floor_area_m2":12.5,"risk":"red","opened_at":"2014-11-03T10:00:00+08:00"}`),
		feature(`{"type":"Point","coordinates":[-120.5,-27.5]}`, `{"id":"e2","name":"乙","floor_area_m2":300,"risk":"blue"}`),
		feature(`null`, `{"id":"e3","name":"丙","floor_area_m2":1e-7}`),
	),
	safety.Lines: collection(
		feature(`{"type":"LineString","coordinates":[[120.1,27.1],[120.2,27.2],[120.3,27.1]]}`, `{"id":"l1","name":"燃气","protection_m":5,"kind":"gas"}`),
		feature(`{"type":"MultiLineString","coordinates":[[[120.1,27.1],[120.2,27.2]],[[1,1],[2,2.5]]]}`, `{"id":"l2","protection_m":0.5}`),
	),
}

// foreignFile writes the fixture of a kind and what ogr2ogr makes of it.
func foreignFile(t testing.TB, k safety.Kind, name string, args ...string) (original, made string) {
	t.Helper()
	dir := t.TempDir()
	original, made = filepath.Join(dir, "original.geojson"), filepath.Join(dir, name)
	if err := os.WriteFile(original, []byte(foreignFixtures[k]), 0o600); err != nil {
		t.Fatal(err)
	}
	ogr2ogr(t, append(args, made, original)...)
	return original, made
}

// TestForeignFiles reads what ogr2ogr makes of a GeoJSON file: the records are those of the GeoJSON.
func TestForeignFiles(t *testing.T) {
	for name, args := range map[string][]string{ // the first is the name of the file, which ogr2ogr may go by
		"FlatGeobuf":          {"made.fgb", "-f", "FlatGeobuf", "-lco", "SPATIAL_INDEX=NO"},
		"FlatGeobuf one type": {"made.fgb", "-f", "FlatGeobuf", "-nlt", "PROMOTE_TO_MULTI", "-lco", "SPATIAL_INDEX=NO"},
		"FlatGeobuf 3D":       {"made.fgb", "-f", "FlatGeobuf", "-dim", "XYZ", "-lco", "SPATIAL_INDEX=NO"},
		"GeoPackage":          {"made.gpkg", "-f", "GPKG", "-nln", "网格 \"1\""},
		"GeoPackage 3D":       {"made.gpkg", "-f", "GPKG", "-dim", "XYZM", "-lco", "GEOMETRY_NAME=形"},
		"GeoPackage 1.2":      {"made.gpkg", "-f", "GPKG", "-dsco", "VERSION=1.2", "-nlt", "GEOMETRY"},
		"KML":                 {"made.kml", "-f", "KML", "-nln", "图层"},
		"LIBKML":              {"made.kml", "-f", "LIBKML", "-skipfailures"},
		"KMZ":                 {"made.kmz", "-f", "LIBKML", "-skipfailures"},
		"GeoJSONSeq":          {"made.geojsons", "-f", "GeoJSONSeq"},
		"GeoJSONSeq RS":       {"made.geojsons", "-f", "GeoJSONSeq", "-lco", "RS=YES"},
	} {
		for kind := range foreignFixtures {
			t.Run(name+" "+string(kind), func(t *testing.T) {
				original, made := foreignFile(t, kind, args[0], args[1:]...)
				o := Options{Kind: kind, Repair: true}
				want := readPath(t, original, o)
				want.records = slices.DeleteFunc(want.records, func(r safety.Record) bool { // what ogr2ogr itself leaves out
					return strings.HasPrefix(name, "FlatGeobuf") && r.Geometry == nil || slices.Contains(args, "LIBKML") && slices.Contains(r.Values, any("bow"))
				})
				got := readPath(t, made, o)
				got.rejects = slices.DeleteFunc(got.rejects, func(e *safety.FieldError) bool { return e.Key == "bow" })
				sameRecords(t, got, want)
				if len(want.records) < 2 || len(want.rejects) > 0 {
					t.Errorf("%d records, %v", len(want.records), want.rejects)
				}
			})
		}
	}
}

// TestForeignIndex reads a FlatGeobuf with an index, which ogr2ogr writes in the order of the index.
func TestForeignIndex(t *testing.T) {
	_, made := foreignFile(t, safety.Lines, "made.fgb", "-f", "FlatGeobuf")
	got := readPath(t, made, Options{Kind: safety.Lines})
	if got.err != nil || len(got.records) != 2 || got.file.Format != "FlatGeobuf" || got.file.Frame != "wgs84" {
		t.Errorf("%+v %v", got, got.rejects)
	}
}

// TestForeignFrames reads what ogr2ogr projects: the frame is what the file says, and each place is where it was, to a millimetre.
func TestForeignFrames(t *testing.T) {
	for name, c := range map[string]struct {
		srs, frame string
		args       []string
	}{
		"FlatGeobuf":           {"EPSG:4549", "EPSG:4549", []string{"made.fgb", "-f", "FlatGeobuf", "-lco", "SPATIAL_INDEX=NO"}},
		"FlatGeobuf by WKT":    {"+proj=tmerc +lon_0=120.5 +k=1 +x_0=500000 +ellps=GRS80 +towgs84=0,0,0 +units=m", "", []string{"made.fgb", "-f", "FlatGeobuf", "-lco", "SPATIAL_INDEX=NO"}},
		"GeoPackage":           {"EPSG:4549", "EPSG:4549", []string{"made.gpkg", "-f", "GPKG"}},
		"GeoPackage CGCS2000":  {"EPSG:4490", "wgs84", []string{"made.gpkg", "-f", "GPKG"}},
		"GeoPackage Xi'an 80":  {"EPSG:2383", "refused", []string{"made.gpkg", "-f", "GPKG"}},
		"GeoPackage all China": {"EPSG:32651", "EPSG:32651", []string{"made.gpkg", "-f", "GPKG"}},
	} {
		t.Run(name, func(t *testing.T) {
			original, made := foreignFile(t, safety.Lines, c.args[0], append(c.args[1:], "-s_srs", "OGC:CRS84", "-t_srs", c.srs, "-where", "id = 'l1'")...)
			got, want := readPath(t, made, Options{Kind: safety.Lines}), readPath(t, original, Options{Kind: safety.Lines})
			if c.frame == "refused" || c.frame == "" && got.err != nil {
				if !errors.Is(got.err, ErrFrame) {
					t.Errorf("error %v, want ErrFrame", got.err)
				}
				return
			}
			if got.err != nil || len(got.records) != 1 {
				t.Fatal(got.err, got.rejects)
			}
			if c.frame != "" && string(got.file.Frame) != c.frame {
				t.Errorf("frame %s, want %s", got.file.Frame, c.frame)
			}
			a, b := got.records[0].Geometry.(orb.MultiLineString)[0], want.records[0].Geometry.(orb.MultiLineString)[0]
			for i := range b {
				if math.Abs(a[i][0]-b[i][0]) > 1e-8 || math.Abs(a[i][1]-b[i][1]) > 1e-8 {
					t.Errorf("%v, want %v", a[i], b[i])
				}
			}
		})
	}
}
