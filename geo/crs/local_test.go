package crs_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"hazgrid/geo/crs"

	"github.com/paulmach/orb"
	"pgregory.net/rapid"
)

func ExampleFit() {
	// Four corners of a town as its own survey has them, and as a receiver does.
	points := []crs.Control{
		{Local: orb.Point{1000, 2000}, WGS84: orb.Point{120.650000, 27.780000}},
		{Local: orb.Point{1985.4, 2000.3}, WGS84: orb.Point{120.660000, 27.780000}},
		{Local: orb.Point{1985.1, 3108.4}, WGS84: orb.Point{120.660000, 27.790000}},
		{Local: orb.Point{999.8, 3108.3}, WGS84: orb.Point{120.650000, 27.790000}},
	}
	c, residual, err := crs.Fit("town", nil, points)
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := c.ToWGS84(orb.Point{1500, 2500})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.4f %.4f, to %.1f m\n", p[0], p[1], residual.RMS)
	// Output: 120.6551 27.7845, to 0.1 m
}

// town draws a frame of a town: a similarity of the plane of EPSG:4549.
func town(t *rapid.T) (crs.Conversion, *crs.Conversion) {
	onto, err := crs.Frame("EPSG:4549").Conversion()
	if err != nil {
		t.Fatal(err)
	}
	c, err := onto.Local("town", crs.Similarity{
		DX: rapid.Float64Range(-1e6, 1e6).Draw(t, "dx"), DY: rapid.Float64Range(2e6, 4e6).Draw(t, "dy"),
		Rotation: rapid.Float64Range(-648000, 648000).Draw(t, "rotation"), Scale: rapid.Float64Range(0.5, 2).Draw(t, "scale"),
	})
	if err != nil {
		t.Fatal(err)
	}
	return c, &onto
}

// TestFitFinds: control points of a similarity give it back.
func TestFitFinds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		truth, onto := town(t)
		var points []crs.Control
		for i := range rapid.IntRange(3, 8).Draw(t, "n") {
			at := orb.Point{120.6 + float64(i%3)*0.02, 27.7 + float64(i*i)*0.001}
			local, err := truth.FromWGS84(at)
			if err != nil {
				t.Fatal(err)
			}
			points = append(points, crs.Control{Local: local, WGS84: at})
		}
		c, residual, err := crs.Fit("town", onto, points)
		if err != nil || residual.RMS > 1e-5 || len(residual.Metres) != len(points) || !c.Projected() || c.Name() != "town" {
			t.Fatalf("%v, %+v", err, residual)
		}
		at := orb.Point{rapid.Float64Range(120.5, 120.8).Draw(t, "lon"), rapid.Float64Range(27.6, 27.9).Draw(t, "lat")}
		local, err := truth.FromWGS84(at)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := c.ToWGS84(local); err != nil || distance(got, at) > 1e-4 {
			t.Fatalf("%v is %v, %v", at, got, err)
		}
	})
}

// TestFitResidual: a point that is two metres off shows as the worst.
func TestFitResidual(t *testing.T) {
	onto, err := crs.Frame("EPSG:4549").Conversion()
	if err != nil {
		t.Fatal(err)
	}
	var points []crs.Control
	for i := range 9 {
		at := orb.Point{120.6 + float64(i%3)*0.01, 27.7 + float64(i/3)*0.01}
		plane, err := onto.FromWGS84(at)
		if err != nil {
			t.Fatal(err)
		}
		points = append(points, crs.Control{Local: orb.Point{plane[0] - 500000, plane[1] - 3e6}, WGS84: at})
	}
	points[4].Local[0] += 2 // the centre: the fit shifts by 2/9 and turns not at all
	_, r, err := crs.Fit("town", &onto, points)
	if err != nil || r.Worst != 4 || math.Abs(r.Metres[4]-2*8.0/9) > 1e-4 || math.Abs(r.RMS-2*math.Sqrt(8)/9) > 1e-4 || math.Abs(r.Scale-1) > 1e-6 {
		t.Errorf("%v, %+v", err, r)
	}
	mixed := append([]crs.Control(nil), points...)
	mixed[0].Local, mixed[8].Local = mixed[8].Local, mixed[0].Local
	mixed[1].Local[0], mixed[1].Local[1] = mixed[1].Local[1], mixed[1].Local[0]
	for name, c := range map[string]struct {
		onto   *crs.Conversion
		points []crs.Control
		want   string
	}{
		"two":      {&onto, points[:2], "want 3 control points or more, got 2"},
		"one spot": {&onto, []crs.Control{points[0], points[0], points[0]}, "lie at one place"},
		"mixed up": {&onto, mixed, "more than a hundredth of their extent"},
		"NaN":      {&onto, []crs.Control{points[0], points[1], {Local: orb.Point{math.NaN(), 0}, WGS84: points[2].WGS84}}, "control point 3"},
		"nowhere":  {&onto, []crs.Control{points[0], points[1], {WGS84: orb.Point{200, 0}}}, "control point 3"},
		"degrees":  {&crs.Conversion{}, points, "projected"},
	} {
		if _, _, err := crs.Fit("x", c.onto, c.points); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBadParameters(t *testing.T) {
	onto, err := crs.Frame("EPSG:4549").Conversion()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []crs.Similarity{{}, {Scale: -1}, {Scale: math.NaN()}, {DX: math.Inf(1), Scale: 1}} {
		if _, err := onto.Local("x", s); err == nil {
			t.Errorf("%+v is taken", s)
		}
	}
	degrees, err := crs.GCJ02.Conversion()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := degrees.Local("x", crs.Similarity{Scale: 1}); err == nil {
		t.Error("a plane over longitude and latitude")
	}
	for _, h := range []crs.Helmert{{TX: 1e5}, {RX: 3600}, {PPM: 1e6}, {RZ: math.NaN()}} {
		if _, err := crs.ParseWKT(cgcs120, &h); err == nil {
			t.Errorf("%+v is taken", h)
		}
	}
}

// TestPlanesThereAndBack: every projection comes back to a tenth of a micrometre, to a metre where it was defined.
func TestPlanesThereAndBack(t *testing.T) {
	frames := []crs.Frame{"EPSG:3857", "EPSG:4491", "EPSG:4501", "EPSG:4502", "EPSG:4528", "EPSG:4549", "EPSG:32601", "EPSG:32660", "EPSG:32751"}
	rapid.Check(t, func(t *rapid.T) {
		frame := rapid.SampledFrom(frames).Draw(t, "frame")
		p := orb.Point{rapid.Float64Range(-180, 180).Draw(t, "lon"), rapid.Float64Range(-89, 89).Draw(t, "lat")}
		q, err := frame.FromWGS84(p)
		if err != nil && frame != "EPSG:3857" {
			return // too far from the meridian
		}
		back, err2 := frame.ToWGS84(q)
		if err != nil || err2 != nil || distance(back, p) > 1e-7 && math.Abs(back[0]-p[0]) != 360 {
			t.Fatalf("%s: %v → %v → %v, %v, %v", frame, p, q, back, err, err2)
		}
	})
}

func TestOutOfThePlane(t *testing.T) {
	for _, c := range []struct {
		frame crs.Frame
		p     orb.Point
	}{
		{"EPSG:4549", orb.Point{5e6, 3e6}},
		{"EPSG:4549", orb.Point{5e5, 1.2e7}},
		{"EPSG:4549", orb.Point{math.NaN(), 0}},
		{"EPSG:4549", orb.Point{0, math.Inf(-1)}},
		{"EPSG:3857", orb.Point{3e7, 0}},
		{"EPSG:4549", orb.Point{1e308, 1e308}},
	} {
		if got, err := c.frame.ToWGS84(c.p); err == nil {
			t.Errorf("%s: %v is %v", c.frame, c.p, got)
		}
	}
	for _, p := range []orb.Point{{-60, 0}, {170, 10}} { // the other side of the earth, and 50 degrees away
		if got, err := crs.Frame("EPSG:4549").FromWGS84(p); err == nil {
			t.Errorf("%v is %v", p, got)
		}
	}
}

// TestNear: northing and easting that were swapped are told apart in China.
func TestNear(t *testing.T) {
	for _, frame := range []crs.Frame{"EPSG:4549", "EPSG:4528", "EPSG:32651"} {
		c, err := frame.Conversion()
		if err != nil {
			t.Fatal(err)
		}
		for lat := 15.0; lat < 54; lat++ {
			p, err := c.FromWGS84(orb.Point{121, lat})
			if err != nil || !c.Near(p) || c.Near(orb.Point{p[1], p[0]}) {
				t.Errorf("%s: %v: %v", frame, p, err)
			}
		}
	}
}

func BenchmarkToWGS84(b *testing.B) {
	for _, frame := range []crs.Frame{"gcj02", "EPSG:4549", "EPSG:3857"} {
		b.Run(string(frame), func(b *testing.B) {
			c, err := frame.Conversion()
			if err != nil {
				b.Fatal(err)
			}
			p, err := c.FromWGS84(orb.Point{120.6552, 27.7787})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.ToWGS84(p); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
