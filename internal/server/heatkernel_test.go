package server

import (
	"image/color"
	"math"
	"testing"

	"github.com/paulmach/orb"

	"hazgrid/geo"
	"hazgrid/geo/crs"
	"hazgrid/tiles"
)

func (s *service) field(t *testing.T, m heatmap) *field {
	t.Helper()
	f, err := s.srv.heat.field(s.srv.current(), m, crs.WGS84)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// sample is the density that pictures of a zoom show at the sample in which p lies.
func (f *field) sample(zoom uint32, p orb.Point) float64 {
	w, side := tiles.World(p), tiles.Samples*float64(uint32(1)<<zoom)
	x, y := uint32(w[0]*side), uint32(w[1]*side)
	var v [1]float64
	f.read(tiles.Address{Z: zoom, X: x / tiles.Samples, Y: y / tiles.Samples}, int(y%tiles.Samples), int(x%tiles.Samples), v[:])
	return v[0]
}

// Three hazards lie at 120.52, 27.75 and one 10 km from there; geodesic distances and the kernel's formula say what is around them.
func TestKernelDensity(t *testing.T) {
	s := start(t)
	for _, bandwidth := range []float64{500, 1000, 1900} {
		f := s.field(t, heatmap{measure: kernelMeasure, level: 2, bandwidth: bandwidth})
		peak := 3 * 3e6 / (math.Pi * bandwidth * bandwidth)
		for _, offset := range []orb.Point{{0, 0}, {0.001, 0}, {0, 0.002}, {-0.004, 0.003}, {0.009, -0.008}, {0.03, 0}} {
			at, p := orb.Point{120.52, 27.75}, orb.Point{120.52 + offset[0], 27.75 + offset[1]}
			u := min(geo.Distance(at, p)/bandwidth, 1)
			if got, want := f.sample(22, p), peak*(1-u*u)*(1-u*u); math.Abs(got-want) > peak/finePixels/finePixels {
				t.Errorf("%v m, %v from the hazards: %v, want %v", bandwidth, offset, got, want)
			}
		}
	}
	// On the straight western edge half of each kernel is inside, so the little that is left there of the hazards 1,970 m away counts twice.
	f := s.field(t, heatmap{measure: kernelMeasure, level: 2, bandwidth: 5000})
	u := geo.Distance(orb.Point{120.52, 27.75}, orb.Point{120.50001, 27.75}) / 5000
	want := 2 * 3 * 3e6 / (math.Pi * 25e6) * (1 - u*u) * (1 - u*u)
	if got := f.sample(22, orb.Point{120.50001, 27.75}); math.Abs(got/want-1) > 0.03 {
		t.Errorf("on the edge: %v, want %v", got, want)
	}
}

// A place has one density at all zooms: the four samples around the middle of a sample of the zoom above have its value as their mean,
// exactly where all lie between the same pixels of the lattice.
func TestKernelIsTheSameAtEveryZoom(t *testing.T) {
	s := start(t)
	f := s.field(t, heatmap{measure: kernelMeasure, level: 2})
	compared := 0
	for zoom := uint32(10); zoom < 22; zoom++ {
		for i := range 400 {
			p := orb.Point{120.51 + 0.0001*float64(i), 27.745 + 0.00003*float64(i)}
			side := tiles.Samples * float64(uint32(1)<<zoom)
			w := tiles.World(p)
			x, y := (math.Floor(w[0]*side)+0.5)/side, (math.Floor(w[1]*side)+0.5)/side
			var mean float64
			parts := map[[2]float64]bool{}
			for k := range 4 {
				corner := orb.Point{x + (float64(k%2)-0.5)/side/2, y + (float64(k/2)-0.5)/side/2}
				parts[[2]float64{math.Floor(f.column(corner[0])), math.Floor(f.row(corner[1]))}] = true
				mean += f.sample(zoom+1, tiles.FromWorld(corner)) / 4
			}
			if v := f.sample(zoom, p); len(parts) == 1 {
				compared++
				if math.Abs(mean-v) > 1e-9 {
					t.Fatalf("zoom %d at %v: %v, %v at the next", zoom, p, v, mean)
				}
			}
		}
	}
	if compared < 2000 {
		t.Errorf("only %d places were compared", compared)
	}
}

// What the kernel's picture shows is the legend's class of the density there; hazards and ground are all in the legend.
func TestTheKernelsLegend(t *testing.T) {
	if testing.Short() {
		t.Skip("pictures by the dozen, one after another")
	}
	s := start(t)
	for _, query := range []string{"", "?classes=jenks&n=4", "?classes=equal&ramp=ylorrd", "?breaks=0.5,1,2", "?bandwidth=2500", "?severity=major"} {
		legend := s.json(t, "/heatmaps/hazard-kernel/legend.json"+query)
		m := heatmap{measure: kernelMeasure, level: 2, bandwidth: legend["bandwidth_m"].(float64)}
		want := 4.0 // the fifth lies outside
		if query == "?severity=major" {
			m.query.Severity, want = "major", 1
		}
		f := s.field(t, m)
		for _, p := range []orb.Point{{120.522, 27.751}, {120.525, 27.752}, {120.622, 27.751}, {120.66, 27.73}, {120.9, 27.75}} {
			v := f.sample(22, p)
			got, want := s.look(t, kernelMeasure, query, pixelOf(20, p)), color.NRGBA{}
			if p[0] < 120.7 {
				want = legendColour(t, legend, v)
			}
			if got != want {
				t.Errorf("%s at %v: %v, want %v (%v)", query, p, got, want, v)
			}
		}
		var hazards, area float64
		for _, c := range legend["classes"].([]any) {
			hazards += c.(map[string]any)["count"].(float64)
			km2, _ := c.(map[string]any)["area_km2"].(float64)
			area += km2
		}
		if square := geo.Area(box(120.5, 27.7, 120.7, 27.8)) / 1e6; hazards != want || math.Abs(area/square-1) > 2e-3 {
			t.Errorf("%s: %v hazards of %v, %v km² of %v", query, hazards, want, area, square)
		}
	}
}

// A ground as large as a province gets a bandwidth that it can have, one as small as a yard no wider one than itself.
func TestBandwidthsOfGrounds(t *testing.T) {
	for _, c := range []struct {
		what     string
		box      orb.Bound
		zoom     uint32  // the deepest with at most 128 tiles
		long     float64 // metres, by degrees of 111.2 km, shorter to the north, to 1 %
		byItself float64
	}{
		{"two towns", orb.Bound{Min: orb.Point{120.5, 27.7}, Max: orb.Point{120.7, 27.8}}, 14, 19.7e3, 1000},
		{"Zhejiang", orb.Bound{Min: orb.Point{118, 27}, Max: orb.Point{123, 31.5}}, 9, 500e3, 2000},
		{"China", orb.Bound{Min: orb.Point{73, 18}, Max: orb.Point{135, 54}}, 6, 5.57e6, 20_000},
		{"the world", orb.Bound{Min: orb.Point{-180, -90}, Max: orb.Point{180, 90}}, 3, 40e6, 200_000},
		{"a yard", orb.Bound{Min: orb.Point{120.5, 27.7}, Max: orb.Point{120.5005, 27.7003}}, 22, 49, 49},
	} {
		least, most := bandwidths(c.box)
		south := max(c.box.Min[1], 0)
		pixel := 156543.034 / float64(uint32(1)<<c.zoom) * math.Cos(south*math.Pi/180) // of 256, metres
		if least != math.Ceil(6*pixel) || math.Abs(most/c.long-1) > 0.01 || bandwidthFor(c.box) != c.byItself {
			t.Errorf("%s: %v to %v m, %v by itself; want %v to %v, %v", c.what, least, most, bandwidthFor(c.box), 6*pixel, c.long, c.byItself)
		}
		for _, h := range []float64{least, c.byItself, most} {
			zoom := zoomFor(h, c.box)
			if !areaAt(zoom, c.box).fits() || coarsePixels*widestPixel(zoom, c.box) > h {
				t.Errorf("%s: zoom %d for %v m", c.what, zoom, h)
			}
		}
	}
}
