package crs_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"hazgrid/geo/crs"

	"github.com/paulmach/orb"
)

// PROJ is the judge of every projection: cs2cs of Debian's proj-bin. HAZGRID_ORACLE asks for 10,000 points a
// code (make oracle); without it there are fewer.

// oraclePoints is how many random points a frame is held against.
func oraclePoints(short int) int {
	if os.Getenv("HAZGRID_ORACLE") != "" {
		return 10000
	}
	return short
}

// cs2cs converts points, first coordinate first, with PROJ.
func cs2cs(t testing.TB, points []orb.Point, digits int, from, to string) []orb.Point {
	t.Helper()
	path := program(t, "cs2cs")
	var in bytes.Buffer
	for _, p := range points {
		fmt.Fprintf(&in, "%.17g %.17g\n", p[0], p[1])
	}
	var errs bytes.Buffer
	cmd := exec.Command(path, "-f", fmt.Sprintf("%%.%df", digits), from, "+to", to)
	cmd.Stdin, cmd.Stderr = &in, &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("cs2cs %q %q: %v: %s", from, to, err, errs.Bytes())
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != len(points) {
		t.Fatalf("cs2cs %q: %d lines for %d points: %s", from, len(lines), len(points), errs.Bytes())
	}
	answers := make([]orb.Point, len(points))
	for i, line := range lines {
		words := strings.Fields(line)
		for k := range 2 {
			if answers[i][k], err = strconv.ParseFloat(words[k], 64); err != nil {
				t.Fatalf("cs2cs %q: %v → %q", from, points[i], line)
			}
		}
	}
	return answers
}

// program finds one of PROJ's programs, or skips where there is none.
func program(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal(err)
	}
	if err != nil {
		t.Skipf("SKIPPED, NOT TESTED: %s is not there (proj-bin)", name)
	}
	return path
}

// box draws n points of a box.
func box(seed uint64, n int, b orb.Bound) []orb.Point {
	rnd := rand.New(rand.NewPCG(seed, 1))
	out := make([]orb.Point, n)
	for i := range out {
		out[i] = orb.Point{b.Min[0] + rnd.Float64()*(b.Max[0]-b.Min[0]), b.Min[1] + rnd.Float64()*(b.Max[1]-b.Min[1])}
	}
	return out
}

// held holds both directions of a conversion against PROJ: want are the points in the frame. It returns the
// farthest that they are apart, in metres.
func held(t *testing.T, c *crs.Conversion, points, want []orb.Point, metres float64) (worst float64) {
	t.Helper()
	for i, p := range points {
		got, err := c.FromWGS84(p)
		if err != nil {
			t.Fatalf("%s: %v: %v", c.Name(), p, err)
		}
		back, err := c.ToWGS84(want[i])
		if err != nil {
			t.Fatalf("%s: back from %v: %v", c.Name(), want[i], err)
		}
		there := math.Hypot(got[0]-want[i][0], got[1]-want[i][1])
		if worst = max(worst, there, distance(back, p)); worst > metres || math.IsNaN(there) {
			t.Fatalf("%s: %.12f: got %.6f, PROJ says %.6f; back: %.12f", c.Name(), p, got, want[i], back)
		}
	}
	return worst
}

func swapped(points []orb.Point) []orb.Point {
	out := make([]orb.Point, len(points))
	for i, p := range points {
		out[i] = orb.Point{p[1], p[0]}
	}
	return out
}

// TestAgainstPROJ holds every code of the contract's frames, in and well around its zone. EPSG gives longitude
// and latitude of CGCS2000 as latitude first, and its planes as northing first.
func TestAgainstPROJ(t *testing.T) {
	t.Parallel()
	worst := 0.0
	test := func(code int, from string, north bool, area orb.Bound) {
		points := box(uint64(code), oraclePoints(30), area)
		want := cs2cs(t, swapped(points), 7, from, fmt.Sprintf("EPSG:%d", code))
		if north {
			want = swapped(want)
		}
		frame, err := crs.Parse(fmt.Sprintf("epsg:%d", code))
		if err != nil {
			t.Fatal(err)
		}
		c, err := frame.Conversion()
		if err != nil {
			t.Fatal(err)
		}
		worst = max(worst, held(t, &c, points, want, 1e-5))
	}
	for code := 4491; code <= 4554; code++ {
		if rule := (code - 4491) % 11; oraclePoints(0) == 0 && rule != 0 && rule != 10 && code != 4533 && code != 4549 {
			continue // starting PROJ takes a tenth of a second
		}
		meridian := float64(75 + 3*((code-4513)%21)) // by the list of the EPSG registry
		if code < 4513 {
			meridian = float64(75 + 6*((code-4491)%11))
		}
		test(code, "EPSG:4490", true, orb.Bound{Min: orb.Point{meridian - 6, -10}, Max: orb.Point{meridian + 6, 84}})
	}
	for _, zone := range []int{1, 51, 60} {
		meridian := float64(6*zone - 183)
		test(32600+zone, "EPSG:4326", false, orb.Bound{Min: orb.Point{max(meridian-6, -180), 0}, Max: orb.Point{min(meridian+6, 180), 84}})
		test(32700+zone, "EPSG:4326", false, orb.Bound{Min: orb.Point{max(meridian-6, -180), -80}, Max: orb.Point{min(meridian+6, 180), 0}})
	}
	test(3857, "EPSG:4326", false, orb.Bound{Min: orb.Point{-180, -85}, Max: orb.Point{180, 85}})
	t.Logf("at most %.2g m from PROJ", worst)
}

func TestGaussKruegerVectors(t *testing.T) {
	var file struct{ Vectors [][4]float64 }
	shared(t, "gauss_kruger_vectors.json", &file)
	for _, v := range file.Vectors {
		for frame, millions := range map[crs.Frame]float64{"EPSG:4549": 0, "EPSG:4528": 40} {
			c, err := frame.Conversion()
			if err != nil {
				t.Fatal(err)
			}
			held(t, &c, []orb.Point{{v[0], v[1]}}, []orb.Point{{v[2] + millions*1e6, v[3]}}, 1e-4)
		}
	}
	if len(file.Vectors) != 6 {
		t.Error("the file is not as described")
	}
}
