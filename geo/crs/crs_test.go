package crs_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hazgrid/geo/crs"

	"github.com/paulmach/orb"
	"pgregory.net/rapid"
)

func ExampleFrame_ToWGS84() {
	frame, err := crs.Parse("GCJ02")
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := frame.ToWGS84(orb.Point{120.659157, 27.775370})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.6f %.6f\n", p[0], p[1])
	// Output: 120.655200 27.778700
}

func TestParse(t *testing.T) {
	for name, want := range map[string]crs.Frame{
		"wgs84": crs.WGS84, " WGS84 ": crs.WGS84, "EPSG:4326": crs.WGS84, "epsg:4490": crs.WGS84,
		"gcj02": crs.GCJ02, "GCJ02": crs.GCJ02, "bd09": crs.BD09,
		"EPSG:4549": "EPSG:4549", " epsg:3857": "EPSG:3857", "EPSG:04491": "EPSG:4491", "epsg:32760": "EPSG:32760",
	} {
		if got, err := crs.Parse(name); err != nil || got != want {
			t.Errorf("Parse(%q) = %v, %v, want %v", name, got, err, want)
		}
	}
	for name, want := range map[string]string{
		"EPSG:2437":  "unknown frame EPSG:2437; supported: " + crs.Supported,
		"EPSG:4555":  "unknown frame EPSG:4555; supported: " + crs.Supported,
		"EPSG:32661": "unknown frame EPSG:32661; supported: " + crs.Supported,
		"EPSG:":      `unknown frame "EPSG:"; supported: ` + crs.Supported,
		"EPSG:99999": `unknown frame "EPSG:99999"; supported: ` + crs.Supported,
		"4326":       `unknown frame "4326"; supported: ` + crs.Supported,
		"":           `unknown frame ""; supported: ` + crs.Supported,
		"beijing54":  `unknown frame "beijing54"; supported: ` + crs.Supported,
	} {
		if got, err := crs.Parse(name); err == nil || err.Error() != want {
			t.Errorf("Parse(%q) = %v, %v, want %q", name, got, err, want)
		}
	}
}

// Vectors of eviltransform and coordtransform (their own tests; see
// crs_vectors.json), computed with half axis 6378245 and matched to 0.001 mm.
func TestPublishedVectors(t *testing.T) {
	for _, v := range []struct {
		from, to crs.Frame
		p, want  orb.Point
		metres   float64
	}{
		{crs.WGS84, crs.GCJ02, orb.Point{121.5272106, 31.1774276}, orb.Point{121.531541859215, 31.17530398364597}, 1e-6},
		{crs.WGS84, crs.GCJ02, orb.Point{113.912316, 22.543847}, orb.Point{113.9171764808363, 22.540796131694766}, 1e-6},
		{crs.WGS84, crs.GCJ02, orb.Point{116.377817, 39.911954}, orb.Point{116.38404722455657, 39.91334545536069}, 1e-6},
		{crs.WGS84, crs.GCJ02, orb.Point{116.404, 39.915}, orb.Point{116.41024449916938, 39.91640428150164}, 1e-6},
		{crs.GCJ02, crs.BD09, orb.Point{116.404, 39.915}, orb.Point{116.41036949371029, 39.92133699351021}, 1e-6},
		// One-step inverses upstream, so 0.2 m (BD-09) and 5 m (GCJ-02).
		{crs.BD09, crs.GCJ02, orb.Point{116.404, 39.915}, orb.Point{116.39762729119315, 39.90865673957631}, 0.2},
		{crs.GCJ02, crs.WGS84, orb.Point{116.404, 39.915}, orb.Point{116.39775550083061, 39.91359571849836}, 5},
	} {
		near(t, v.from, v.to, v.p, v.want, v.metres)
	}
}

// near converts p and wants it within some metres of want.
func near(t *testing.T, from, to crs.Frame, p, want orb.Point, metres float64) {
	t.Helper()
	w, err := from.ToWGS84(p)
	if err != nil {
		t.Fatal(err)
	}
	got, err := to.FromWGS84(w)
	if err != nil {
		t.Fatal(err)
	}
	if d := distance(got, want); d > metres {
		t.Errorf("%v %s → %s: %.12f, want %.12f: %.3g m off", p, from, to, got, want, d)
	}
}

// distance in metres between close points.
func distance(p, q orb.Point) float64 {
	const degree = math.Pi / 180 * 6371008.8
	return degree * math.Hypot((p[0]-q[0])*math.Cos(p[1]*math.Pi/180), p[1]-q[1])
}

func shared(t *testing.T, name string, into any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "data", name))
	if os.IsNotExist(err) {
		t.Skipf("../shared/data/%s is not there", name)
	} else if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}

type city struct {
	Name               string
	WGS84, GCJ02, BD09 orb.Point
}

func TestVectorFile(t *testing.T) {
	var file struct {
		Exact  struct{ GCJ, BD []orb.Point }     `json:"bd09_exact"`
		Cities struct{ Zhejiang, Spread []city } `json:"gcoord_cities"`
	}
	shared(t, "crs_vectors.json", &file)
	if len(file.Exact.GCJ) != 6 || len(file.Cities.Zhejiang) != 22 || len(file.Cities.Spread) != 166 {
		t.Fatal("the file is not as described")
	}
	for i, gcj := range file.Exact.GCJ {
		near(t, crs.GCJ02, crs.BD09, gcj, file.Exact.BD[i], 1e-6)
		near(t, crs.BD09, crs.GCJ02, file.Exact.BD[i], gcj, 1e-6)
	}
	// Vendors' output: 0.63 to 0.74 m from the formula for GCJ-02, 0.012 m for BD-09.
	for _, c := range append(file.Cities.Zhejiang, file.Cities.Spread...) {
		t.Run(c.Name, func(t *testing.T) {
			near(t, crs.WGS84, crs.GCJ02, c.WGS84, c.GCJ02, 1)
			near(t, crs.GCJ02, crs.WGS84, c.GCJ02, c.WGS84, 1)
			near(t, crs.WGS84, crs.BD09, c.WGS84, c.BD09, 1)
			near(t, crs.BD09, crs.GCJ02, c.BD09, c.GCJ02, 0.015)
			near(t, crs.GCJ02, crs.BD09, c.GCJ02, c.BD09, 0.015)
		})
	}
}

func TestRuianSamples(t *testing.T) {
	var file struct {
		Points []struct {
			Name  string
			WGS84 orb.Point
			GCJ02 orb.Point `json:"gcj02_a6378245"`
			BD09  orb.Point
			Shift float64 `json:"shift_m"`
		}
	}
	shared(t, "ruian_crs_samples.json", &file)
	for _, p := range file.Points {
		near(t, crs.WGS84, crs.GCJ02, p.WGS84, p.GCJ02, 1e-6) // 12 decimals are given
		near(t, crs.WGS84, crs.BD09, p.WGS84, p.BD09, 1e-6)
		near(t, crs.GCJ02, crs.WGS84, p.GCJ02, p.WGS84, 1e-6)
		near(t, crs.BD09, crs.WGS84, p.BD09, p.WGS84, 1e-6)
		if d := distance(p.WGS84, p.GCJ02); math.Abs(d-p.Shift) > 3 { // on a sphere
			t.Errorf("%s: shifted %.1f m, want %.1f", p.Name, d, p.Shift)
		}
	}
	if len(file.Points) == 0 {
		t.Error("no points")
	}
}

func TestThereAndBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		frame := rapid.SampledFrom([]crs.Frame{crs.WGS84, crs.GCJ02, crs.BD09}).Draw(t, "frame")
		p := orb.Point{rapid.Float64Range(-180, 180).Draw(t, "lon"), rapid.Float64Range(-90, 90).Draw(t, "lat")}
		if nearRim(p) { // just outside the box a shifted point looks like one inside it
			t.Skip()
		}
		q, err := frame.FromWGS84(p)
		if err != nil {
			t.Fatal(err)
		}
		back, err := frame.ToWGS84(q)
		if err != nil || math.Abs(back[0]-p[0]) > 1e-11 || math.Abs(back[1]-p[1]) > 1e-11 {
			t.Fatalf("%s: %v → %v → %v, %v", frame, p, q, back, err)
		}
	})
}

func nearRim(p orb.Point) bool {
	const margin = 0.05
	rim := func(v, low, high float64) bool {
		return math.Abs(v-low) < margin || math.Abs(v-high) < margin
	}
	return rim(p[0], 72.004, 137.8347) || rim(p[1], 0.8293, 55.8271)
}

func TestBadPoints(t *testing.T) {
	for _, p := range []orb.Point{{math.NaN(), 0}, {0, math.Inf(1)}, {181, 0}, {0, -90.1}} {
		for _, frame := range []crs.Frame{crs.WGS84, crs.GCJ02, crs.BD09} {
			if got, err := frame.ToWGS84(p); err == nil {
				t.Errorf("%s: %v to WGS 84 is %v", frame, p, got)
			}
			if got, err := frame.FromWGS84(p); err == nil {
				t.Errorf("%s: %v from WGS 84 is %v", frame, p, got)
			}
		}
	}
	if _, err := crs.Frame("mars").ToWGS84(orb.Point{}); err == nil || !strings.Contains(err.Error(), "mars") {
		t.Errorf("frame mars: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("EPSG:4549")
	f.Fuzz(func(t *testing.T, s string) {
		frame, err := crs.Parse(s)
		if again, err2 := crs.Parse(string(frame)); err == nil && (err2 != nil || again != frame) {
			t.Errorf("%q is %q, which is %q, %v", s, frame, again, err2)
		}
	})
}
