package main

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paulmach/orb"

	"hazgrid/importers"
	"hazgrid/internal/limits"
)

// FuzzFrameParams reads --frame-params and --control-points: each is taken or refused in one line, and a frame that
// is taken has no number that is none.
func FuzzFrameParams(f *testing.F) {
	f.Add(`{"name":"city","onto":"EPSG:4549","similarity":{"dx_m":1000,"dy_m":-2000.5,"rotation_s":12.5,"scale":1.00001}}`, "x,y,lon,lat\n0,0,120,28\n1000,0,120.01,28\n0,1000,120,28.009\n")
	f.Add(`{"helmert":{"tx_m":1e308,"ty_m":0,"tz_m":0,"rx_s":0,"ry_s":0,"rz_s":0,"ppm":-1e6}}`, "x,y,lon,lat\n1,1,1,1\n1,1,1,1\n")
	f.Add(`{"onto":"moon","similarity":{"scale":0}}`, "y,x,lat,lon\n1e308,-1e308,90,180\nNaN,0,0,0\n")
	f.Add(`[`+strings.Repeat(`[`, 1000), "x,y,lon,lat\n\"1")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, params, points string) {
		for name, text := range map[string]string{"params.json": params, "points.csv": points} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for _, flags := range []importFlags{
			{frameParams: filepath.Join(dir, "params.json")},
			{controlPoints: filepath.Join(dir, "points.csv")},
			{frameParams: filepath.Join(dir, "params.json"), frame: "EPSG:4549"},
			{controlPoints: filepath.Join(dir, "points.csv"), frame: "EPSG:4549"},
		} {
			limits.Hold(t, func() {
				var o importers.Options
				err := flags.frames(&o)
				if err != nil && strings.Contains(err.Error(), "\n") {
					t.Errorf("an error of several lines: %q", err)
				}
				if err != nil || o.Definition == nil {
					return
				}
				for _, p := range []orb.Point{{0, 0}, {500000, 3e6}, {1e308, -1e308}} {
					if q, err := o.Definition.ToWGS84(p); err == nil && !(math.Abs(q[0]) <= 180 && math.Abs(q[1]) <= 90) {
						t.Errorf("%v is %v", p, q)
					}
				}
			})
		}
	})
}
