package importers

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paulmach/orb"

	"hazgrid/geo/crs"
	"hazgrid/safety"
)

// TestShapefileFrames: GDAL projects grids into Shapefiles of many frames; by its .prj each comes back to its place.
func TestShapefileFrames(t *testing.T) {
	for _, c := range []struct {
		srs   string    // of GDAL
		frame crs.Frame // as we call it: by the name in the .prj where it has no number
		x, y  float64
	}{
		{"EPSG:4490", "wgs84", 120.65, 27.93},
		{"EPSG:4549", "EPSG:4549", 120.65, 27.93},
		{"EPSG:4528", "EPSG:4528", 120.65, 27.93},
		{"EPSG:4498", "EPSG:4498", 117.2, 31.8},
		{"EPSG:32651", "EPSG:32651", 120.65, 27.93},
		{"EPSG:3857", "EPSG:3857", 120.65, 27.93},
		{"EPSG:2263", "NAD_1983_StatePlane_New_York_Long_Island_FIPS_3104_Feet", -73.9, 40.7}, // Lambert, in US feet
		{"EPSG:2260", "NAD_1983_StatePlane_New_York_East_FIPS_3101_Feet", -74.2, 42.6},        // transverse Mercator, in US feet
		{"EPSG:3826", "TWD_1997_TM_Taiwan", 120.3, 22.6},
	} {
		t.Run(c.srs, func(t *testing.T) {
			dir := t.TempDir()
			in, out := filepath.Join(dir, "in.geojson"), filepath.Join(dir, "out.shp")
			x, y := c.x+0.01, c.y+0.01
			ring := fmt.Sprintf(`{"type":"Polygon","coordinates":[[[%[1]v,%[2]v],[%[1]v,%[4]v],[%[3]v,%[4]v],[%[3]v,%[2]v],[%[1]v,%[2]v]]]}`, c.x, c.y, x, y)
			if err := os.WriteFile(in, []byte(collection(feature(ring, `{"code":"a","level":1}`))), 0o600); err != nil {
				t.Fatal(err)
			}
			ogr2ogr(t, "-s_srs", "OGC:CRS84", "-t_srs", c.srs, out, in)
			want := readPath(t, in, Options{Kind: safety.Grids})
			got := readPath(t, out, Options{Kind: safety.Grids})
			if got.err != nil || len(got.records) != 1 {
				t.Fatal(got.err, got.rejects)
			}
			if got.file.Frame != c.frame {
				t.Errorf("frame %s, want %s", got.file.Frame, c.frame)
			}
			a, b := got.records[0].Geometry.(orb.MultiPolygon)[0][0], want.records[0].Geometry.(orb.MultiPolygon)[0][0]
			for i := range b {
				if math.Abs(a[i][0]-b[i][0]) > 1e-8 || math.Abs(a[i][1]-b[i][1]) > 1e-8 { // a millimetre
					t.Errorf("%v, want %v", a[i], b[i])
				}
			}
		})
	}
}

// TestShapefileFrameRefused: a .prj that is none, or lies, is one clear line; --frame goes past it.
func TestShapefileFrameRefused(t *testing.T) {
	for text, want := range map[string]string{
		"<!DOCTYPE html><html><body>404 Not Found</body></html>": "HTML",
		prj: "the datum needs parameters",
		strings.NewReplacer("D_Beijing_1954", "D_China_2000", "6378245.0,298.3", "6378137,298.257222101").Replace(prj): "look like degrees",
	} {
		files := makeGrids(t, nil, 3)
		files["prj"] = []byte(text)
		path := saveLayer(t, files, "x", "shp")
		if got := readPath(t, path, Options{Kind: safety.Grids}); !errors.Is(got.err, ErrFrame) || !strings.Contains(got.err.Error(), want) {
			t.Errorf("%.30s: %v", text, got.err)
		}
		got := readPath(t, path, Options{Kind: safety.Grids, Frame: crs.WGS84})
		if got.err != nil || len(got.records) != 3 || warned(got.file, "frame") == "" {
			t.Errorf("%.30s with --frame: %v", text, got.err)
		}
	}
}
