package importers

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/paulmach/orb"

	"hazgrid/geo/crs"
	"hazgrid/safety"
)

// The one to remember of the domain report (PROJ 9.1.1): 120.6552, 27.7787 in EPSG:4549.
var (
	remembered = orb.Point{120.6552, 27.7787}
	easting    = 564578.6783
	northing   = 3074089.8897
)

func near(p, q orb.Point) bool {
	return math.Abs(p[0]-q[0]) < 1e-8 && math.Abs(p[1]-q[1]) < 1e-8 // a millimetre
}

func warned(f *File, code string) string {
	for _, w := range f.Warnings() {
		if w.Code == code {
			return w.Example
		}
	}
	return ""
}

func TestPlanes(t *testing.T) {
	for name, c := range map[string]struct {
		frame   crs.Frame
		x, y    float64
		swapped bool
	}{
		"east first":  {"EPSG:4549", easting, northing, false},
		"north first": {"EPSG:4549", northing, easting, true},
		"zone":        {"EPSG:4528", 40e6 + easting, northing, false},
		"zone, north": {"EPSG:4528", northing, 40e6 + easting, true},
	} {
		t.Run(name, func(t *testing.T) {
			in := fmt.Sprintf("id,lon,lat\na,%v,%v\nb,,\n", c.x, c.y)
			got := readText(t, in, Options{Kind: safety.Enterprises, Frame: c.frame})
			if got.err != nil || len(got.records) != 2 {
				t.Fatal(got.err, got.rejects)
			}
			if p, ok := got.records[0].Geometry.(orb.Point); !ok || !near(p, remembered) {
				t.Errorf("at %v", p)
			}
			if f := value(t, safety.Enterprises, got.records[0], "frame"); f != string(c.frame) || got.file.Frame != c.frame {
				t.Errorf("frame %v, %s", f, got.file.Frame)
			}
			if w := warned(got.file, "swapped"); (w != "") != c.swapped || strings.Contains(got.file.FrameWhy, "northing") != c.swapped {
				t.Errorf("warned %q, why %q", w, got.file.FrameWhy)
			}
		})
	}
}

func TestZoneHint(t *testing.T) {
	in := fmt.Sprintf("id,lon,lat\na,%v,%v\nb,%v,%v\n", 40e6+easting, northing, easting, northing)
	got := readText(t, in, Options{Kind: safety.Enterprises, Frame: "EPSG:4549"})
	if len(got.records) != 1 || len(got.rejects) != 1 || !strings.Contains(got.rejects[0].Reason, "40, before the easting it is EPSG:4528") {
		t.Errorf("%v", got.rejects)
	}
}

func TestClaims(t *testing.T) {
	plane := fmt.Sprintf(`{"type":"Polygon","coordinates":[[[%[1]v,%[2]v],[%[3]v,%[2]v],[%[3]v,%[4]v],[%[1]v,%[2]v]]]}`, easting, northing, easting+500, northing+500)
	says := func(name, geometry string) string {
		return fmt.Sprintf(`{"crs":{"type":"name","properties":{"name":%q}},"type":"FeatureCollection","features":[%s]}`, name, feature(geometry, `{"code":"a","level":1}`))
	}
	got := readText(t, says("urn:ogc:def:crs:EPSG::4549", plane), Options{Kind: safety.Grids})
	if got.err != nil || len(got.records) != 1 || got.file.Frame != "EPSG:4549" || got.file.FrameWhy != "the file says so" {
		t.Fatalf("%v %+v", got.err, got.file)
	}
	if mp := got.records[0].Geometry.(orb.MultiPolygon); !near(mp[0][0][0], remembered) {
		t.Errorf("at %v", mp[0][0][0])
	}
	got = readText(t, says("EPSG:4548", plane), Options{Kind: safety.Grids, Frame: "EPSG:4549"})
	if w := "" + warned(got.file, "frame"); got.err != nil || !strings.Contains(w, "EPSG:4548") || got.file.Frame != "EPSG:4549" || got.file.FrameWhy != "given" {
		t.Errorf("another frame given: %v, %q", got.err, w)
	}
	got = readText(t, says("EPSG:4549", plane), Options{Kind: safety.Grids, Frame: "EPSG:4549"})
	if w := warned(got.file, "frame"); got.err != nil || w != "" {
		t.Errorf("the same frame given: %v, %q", got.err, w)
	}
	for name, want := range map[string]string{
		"EPSG:2437":          "not known by name",
		"":                   "not WKT",
		"LOCAL_CS[\"city\"]": "LOCAL_CS",
	} {
		if got := readText(t, says(name, plane), Options{Kind: safety.Grids}); !errors.Is(got.err, ErrFrame) || !strings.Contains(got.err.Error(), want) || len(got.records) > 0 {
			t.Errorf("%q: %v", name, got.err)
		}
	}
	if got := readText(t, says("EPSG:4549", square), Options{Kind: safety.Grids}); !errors.Is(got.err, ErrFrame) || !strings.Contains(got.err.Error(), "degrees") {
		t.Errorf("degrees in a plane: %v", got.err)
	}
	got = readText(t, says("EPSG:4326", plane), Options{Kind: safety.Grids})
	if got.err != nil || len(got.rejects) != 1 || !strings.Contains(got.rejects[0].Reason, "metres?") {
		t.Errorf("metres in degrees: %v %v", got.err, got.rejects)
	}
}

// prj is Beijing 54 as a Shapefile's .prj has it.
const prj = `PROJCS["Beijing_1954_3_Degree_GK_CM_120E",GEOGCS["GCS_Beijing_1954",DATUM["D_Beijing_1954",SPHEROID["Krasovsky_1940",6378245.0,298.3]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",120.0],PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]`

// TestDefinitionClaimed: a reader hands over the text of a .prj as it stands.
func TestDefinitionClaimed(t *testing.T) {
	claim := func(text string, o Options) *File {
		o.Kind = safety.Enterprises
		in := fmt.Sprintf("id,lon,lat\na,%v,%v\n", easting, northing)
		f, err := start(source{file: strings.NewReader(in), size: int64(len(in)), o: o})
		if err != nil {
			t.Fatal(err)
		}
		f.claimed(text)
		return f
	}
	if f := claim(prj, Options{}); !errors.Is(f.refused, ErrFrame) || !errors.Is(f.refused, crs.ErrDatum) || !strings.Contains(f.refused.Error(), "--control-points") {
		t.Error(f.refused)
	}
	f := claim(prj, Options{Datum: &crs.Helmert{TX: 10, TY: -100, TZ: -60}})
	if f.refused != nil || f.Frame != "Beijing_1954_3_Degree_GK_CM_120E" {
		t.Fatal(f.refused, f.Frame)
	}
	for rec, err := range f.Records() {
		p, ok := rec.Geometry.(orb.Point)
		if d := math.Hypot((p[0]-remembered[0])*98_000, (p[1]-remembered[1])*111_000); err != nil || !ok || d < 20 || d > 200 {
			t.Errorf("%v, %.0f m from the same numbers in CGCS2000: %v", p, d, err)
		}
	}
	for text, want := range map[string]string{"<!DOCTYPE html><html>404 not found, try again</html>": "HTML", "PROJCS[": "not WKT", strings.Repeat("GEOGCS[", 100): "nested"} {
		if f := claim(text, Options{}); !errors.Is(f.refused, ErrFrame) || !strings.Contains(f.refused.Error(), want) {
			t.Errorf("%.20q: %v", text, f.refused)
		}
		if f := claim(text, Options{Frame: "EPSG:4549"}); f.refused != nil || warned(f, "frame") == "" {
			t.Errorf("%.20q beside --frame: %v", text, f.refused)
		}
	}
	if f := claim(" ", Options{}); f.refused != nil || f.Frame != crs.WGS84 {
		t.Errorf("a blank .prj: %v", f.refused)
	}
}

// city is a square of grids of so many degrees, with a Locate of its own.
type city struct{ step float64 }

func (c city) grid(p orb.Point) string {
	i, j := math.Floor((p[0]-120.5)/c.step), math.Floor((p[1]-27.6)/c.step)
	if i < 0 || j < 0 || i*c.step >= 0.4 || j*c.step >= 0.4 {
		return ""
	}
	return fmt.Sprintf("R%.0fC%.0f", i, j)
}

func (c city) locate(p orb.Point) []string {
	if g := c.grid(p); g != "" {
		return []string{"330381", g, "网格" + g}
	}
	return nil
}

// ledger writes points of the city in a frame, with the grid that they declare; one in 25 is mistaken.
func (c city) ledger(t *testing.T, n int, frame crs.Frame, swap, declare bool) string {
	t.Helper()
	rnd := rand.New(rand.NewPCG(7, 7))
	var b bytes.Buffer
	b.WriteString("id,lon,lat,grid\n")
	for i := range n {
		p := orb.Point{120.52 + rnd.Float64()*0.36, 27.62 + rnd.Float64()*0.36}
		grid := c.grid(p)
		if i%25 == 7 {
			grid = "R0C0"
		}
		if !declare {
			grid = ""
		}
		q, err := frame.FromWGS84(p)
		if err != nil {
			t.Fatal(err)
		}
		if swap {
			q = turned(q)
		}
		fmt.Fprintf(&b, "e%d,%.8f,%.8f,%s\n", i, q[0], q[1], grid)
	}
	return b.String()
}

func TestAutoFrame(t *testing.T) {
	c := city{0.005}
	for _, frame := range []crs.Frame{"wgs84", "gcj02", "bd09", "EPSG:4549", "EPSG:4550", "EPSG:4528", "EPSG:4498", "EPSG:32651", "EPSG:3857"} {
		for _, swap := range []bool{false, true} {
			t.Run(fmt.Sprint(frame, swap), func(t *testing.T) {
				got := readText(t, c.ledger(t, 600, frame, swap, true), Options{Kind: safety.Enterprises, Frame: AutoFrame, Locate: c.locate})
				if got.err != nil || len(got.records) != 600 || got.file.Frame != frame || (warned(got.file, "swapped") != "") != swap {
					t.Fatal(got.err, len(got.records), got.rejects)
				}
				p, ok := got.records[0].Geometry.(orb.Point)
				if declared := value(t, safety.Enterprises, got.records[0], "grid"); !ok || c.grid(p) != declared {
					t.Errorf("%v is in %s, not %v", p, c.grid(p), declared)
				}
				s := got.file.Frames
				if len(s) < 2 || s[0].Frame != frame || s[0].Swapped != swap || s[0].Sampled != 600 || s[0].Agree < 0.95 || s[0].Inside < 0.999 || s[1].Agree > 0.6 {
					t.Errorf("%+v", s)
				}
				if !strings.HasPrefix(got.file.FrameWhy, "--frame auto: "+string(frame)) {
					t.Error(got.file.FrameWhy)
				}
			})
		}
	}
}

// TestAutoFrameAsks: without a clear winner the user is asked, and sees the scores.
func TestAutoFrameAsks(t *testing.T) {
	small, large := city{0.005}, city{0.2}
	for name, c := range map[string]struct {
		in     string
		kind   safety.Kind
		locate func(orb.Point) []string
		want   string
	}{
		"no grids":           {small.ledger(t, 100, "gcj02", false, true), safety.Enterprises, nil, "no grids in the store"},
		"no location":        {"id,lon,lat,grid\na,,,x\n", safety.Enterprises, small.locate, "no record has a location"},
		"few":                {small.ledger(t, 29, "gcj02", false, true), safety.Enterprises, small.locate, "too few records declare a grid"},
		"nothing declared":   {small.ledger(t, 500, "gcj02", false, false), safety.Enterprises, small.locate, "lying inside alone"},
		"a plane undeclared": {small.ledger(t, 500, "EPSG:4549", false, false), safety.Enterprises, small.locate, "lying inside alone"},
		"grids too large":    {large.ledger(t, 500, "gcj02", false, true), safety.Enterprises, large.locate, "no frame clearly agrees"},
		"another country":    {"id,lon,lat,grid\n" + strings.Repeat("a,9e8,9e8,x\n", 50), safety.Enterprises, small.locate, "fit no frame"},
	} {
		t.Run(name, func(t *testing.T) {
			got := readText(t, c.in, Options{Kind: c.kind, Frame: AutoFrame, Locate: c.locate})
			if !errors.Is(got.err, ErrFrame) || !strings.Contains(got.err.Error(), c.want) || !strings.Contains(got.err.Error(), "say which with --frame") {
				t.Error(got.err)
			}
			var scores *FrameError
			if !errors.As(got.err, &scores) || strings.Contains(c.want, "alone") && (len(scores.Scores) < 2 || !strings.Contains(got.err.Error(), "inside")) {
				t.Errorf("%+v", scores)
			}
		})
	}
}

// TestAutoFrameConfirms: where the file itself names a plane, lying inside is enough to believe it.
func TestAutoFrameConfirms(t *testing.T) {
	c := city{0.005}
	var features []string
	for i := range 50 {
		p, err := crs.Frame("EPSG:4549").FromWGS84(orb.Point{120.6 + float64(i)/1000, 27.7})
		if err != nil {
			t.Fatal(err)
		}
		features = append(features, feature(fmt.Sprintf(`{"type":"LineString","coordinates":[[%v,%v],[%v,%v]]}`, p[0], p[1], p[0]+10, p[1]), fmt.Sprintf(`{"id":"l%d"}`, i)))
	}
	for name, ok := range map[string]bool{"EPSG:4549": true, "EPSG:4550": false} {
		in := `{"crs":{"type":"name","properties":{"name":"` + name + `"}},` + collection(features...)[1:]
		got := readText(t, in, Options{Kind: safety.Lines, Frame: AutoFrame, Locate: c.locate})
		if (got.err == nil) != ok || ok && (got.file.Frame != "EPSG:4549" || len(got.records) != 50) || !ok && !errors.Is(got.err, ErrFrame) {
			t.Errorf("%s: %v", name, got.err)
		}
	}
}

// TestConvertAllocates nothing a vertex.
func TestConvertAllocates(t *testing.T) {
	m := newMapper(Options{Kind: safety.Grids})
	var err error
	if m.conversion, err = crs.Frame("EPSG:4549").Conversion(); err != nil {
		t.Fatal(err)
	}
	ring := make([]orb.Point, 1000)
	n := testing.AllocsPerRun(10, func() {
		for i := range ring {
			ring[i] = orb.Point{easting + float64(i), northing}
		}
		if f := m.convert(ring); f != nil {
			t.Fatal(f)
		}
	})
	if n > 0 {
		t.Errorf("%v allocations for a ring", n)
	}
}
