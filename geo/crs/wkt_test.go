package crs_test

import (
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"hazgrid/geo/crs"

	"github.com/paulmach/orb"
)

// definitions of planes as .prj files have them, with the box that their points are drawn from: one of each
// method, unit and form. PROJ reads the same text.
var definitions = []struct {
	text, name string
	area       orb.Bound
}{
	{cgcs120, "EPSG:4549", orb.Bound{Min: orb.Point{117, 3}, Max: orb.Point{123, 54}}},
	{statePlane("Test_California_I_Feet", "Lambert_Conformal_Conic", `PARAMETER["False_Easting",6561666.667],PARAMETER["False_Northing",1640416.667],PARAMETER["Central_Meridian",-122.0],PARAMETER["Standard_Parallel_1",41.6666666666667],PARAMETER["Standard_Parallel_2",40.0],PARAMETER["Latitude_Of_Origin",39.3333333333333]`, "Foot_US", 0.304800609601219), "Test_California_I_Feet", orb.Bound{Min: orb.Point{-125, 38}, Max: orb.Point{-119, 43}}},
	{statePlane("Test_Carolina_Intl_Feet", "Lambert_Conformal_Conic_2SP", `PARAMETER["standard_parallel_1",34.83333333333334],PARAMETER["standard_parallel_2",32.5],PARAMETER["latitude_of_origin",31.83333333333333],PARAMETER["central_meridian",-81],PARAMETER["false_easting",2000000],PARAMETER["false_northing",0]`, "foot", 0.3048), "Test_Carolina_Intl_Feet", orb.Bound{Min: orb.Point{-84, 32}, Max: orb.Point{-78, 35.5}}},
	{statePlane("Test_New_York_East_Feet", "Transverse_Mercator", `PARAMETER["False_Easting",492125.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",-74.5],PARAMETER["Scale_Factor",0.9999],PARAMETER["Latitude_Of_Origin",38.8333333333333]`, "Foot_US", 0.304800609601219), "Test_New_York_East_Feet", orb.Bound{Min: orb.Point{-76, 40}, Max: orb.Point{-73, 45}}},
	{statePlane("Test_One_Parallel", "Lambert_Conformal_Conic_1SP", `PARAMETER["latitude_of_origin",46.8],PARAMETER["central_meridian",2.337229166666667],PARAMETER["scale_factor",0.99987742],PARAMETER["false_easting",600000],PARAMETER["false_northing",2200000]`, "metre", 1), "Test_One_Parallel", orb.Bound{Min: orb.Point{-4, 42}, Max: orb.Point{8, 51}}},
	{statePlane("Test_South", "Lambert_Conformal_Conic", `PARAMETER["False_Easting",0],PARAMETER["False_Northing",0],PARAMETER["Central_Meridian",134],PARAMETER["Standard_Parallel_1",-18],PARAMETER["Standard_Parallel_2",-36],PARAMETER["Latitude_Of_Origin",0]`, "Meter", 1), "Test_South", orb.Bound{Min: orb.Point{112, -44}, Max: orb.Point{154, -10}}},
	{statePlane("Test_Mercator_41", "Mercator_2SP", `PARAMETER["standard_parallel_1",41],PARAMETER["central_meridian",100],PARAMETER["false_easting",1000],PARAMETER["false_northing",-2000]`, "metre", 1), "Test_Mercator_41", orb.Bound{Min: orb.Point{80, -70}, Max: orb.Point{179, 70}}},
	{statePlane("Test_World_Mercator", "Mercator", `PARAMETER["False_Easting",0],PARAMETER["False_Northing",0],PARAMETER["Central_Meridian",0],PARAMETER["Standard_Parallel_1",0]`, "Meter", 1), "Test_World_Mercator", orb.Bound{Min: orb.Point{-180, -80}, Max: orb.Point{180, 80}}},
}

func statePlane(name, projection, parameters, unit string, size float64) string {
	return fmt.Sprintf(`PROJCS["%s",GEOGCS["GCS_North_American_1983",DATUM["D_North_American_1983",SPHEROID["GRS_1980",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["%s"],%s,UNIT["%s",%v]]`, name, projection, parameters, unit, size)
}

const cgcs120 = `PROJCS["CGCS2000_3_Degree_GK_CM_120E",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",DATUM["D_China_2000",SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",120.0],PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]`

// TestDefinitionsAgainstPROJ reads each definition as it stands and in the other forms that projinfo writes it in.
func TestDefinitionsAgainstPROJ(t *testing.T) {
	t.Parallel()
	worst := 0.0
	for i, d := range definitions {
		points := box(uint64(i), oraclePoints(200), d.area)
		c, err := crs.ParseWKT(d.text, nil)
		if err != nil {
			t.Fatalf("%s: %v", d.name, err)
		}
		if string(c.Name()) != d.name || !c.Projected() {
			t.Errorf("%s is called %s", d.name, c.Name())
		}
		// The same geographic frame on both sides, so that PROJ does the projection only.
		worst = max(worst, held(t, &c, points, cs2cs(t, points, 7, geographic, d.text), 1e-5))
		for _, form := range forms(i) {
			text := projinfo(t, d.text, form)
			again, err := crs.ParseWKT(text, nil)
			if err != nil {
				t.Errorf("%s as %s: %v\n%s", d.name, form, err, text)
				continue
			}
			for _, p := range points[:20] {
				a, _ := c.FromWGS84(p)
				if b, err := again.FromWGS84(p); err != nil || math.Hypot(a[0]-b[0], a[1]-b[1]) > 1e-5 {
					t.Errorf("%s as %s: %v is %v, %v; want %v", d.name, form, p, b, err, a)
				}
			}
		}
	}
	t.Logf("at most %.2g m or feet from PROJ", worst)
}

// forms are those that projinfo writes; in the short test one for each definition in turn.
func forms(i int) []string {
	all := []string{"WKT1_GDAL", "WKT1_ESRI", "WKT2:2015", "WKT2:2019", "WKT2:2019_SIMPLIFIED"}
	if oraclePoints(0) > 0 {
		return all
	}
	return all[i%len(all) : i%len(all)+1]
}

const geographic = `GEOGCS["GCS_North_American_1983",DATUM["D_North_American_1983",SPHEROID["GRS_1980",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]`

func projinfo(t *testing.T, frame, form string) string {
	t.Helper()
	path := program(t, "projinfo")
	out, err := exec.Command(path, frame, "-o", form, "-q").Output()
	if err != nil {
		t.Fatalf("projinfo %s as %s: %v", frame, form, err)
	}
	return string(out)
}

// TestRegistry reads definitions of the EPSG registry in every form and wants the number back.
func TestRegistry(t *testing.T) {
	t.Parallel()
	for i, c := range [][2]string{
		{"EPSG:4326", "wgs84"},
		{"EPSG:4490", "wgs84"},
		{"EPSG:4549", "EPSG:4549"},
		{"EPSG:4528", "EPSG:4528"},
		{"EPSG:4498", "EPSG:4498"},
		{"EPSG:3857", "EPSG:3857"},
		{"EPSG:32651", "EPSG:32651"},
		{"EPSG:32733", "EPSG:32733"},
		{"EPSG:4269", "EPSG:4269"},
		{"EPSG:2263", "EPSG:2263"},
		{"EPSG:26918", "EPSG:26918"},
		{"EPSG:3826", "EPSG:3826"},
		{"EPSG:3395", "EPSG:3395"},
	} {
		number, want := c[0], c[1]
		for _, form := range forms(i) {
			text := projinfo(t, number, form)
			c, err := crs.ParseWKT(text, nil)
			if err != nil {
				t.Errorf("%s as %s: %v\n%s", number, form, err, text)
				continue
			}
			byName := strings.HasPrefix(want, "EPSG:4") || strings.HasPrefix(want, "EPSG:32") || want == "EPSG:3857"
			if got := string(c.Name()); got != want && (form != "WKT1_ESRI" || byName && want != "EPSG:4269") {
				t.Errorf("%s as %s is %s", number, form, got)
			}
		}
	}
}

func TestDatumsNeedParameters(t *testing.T) {
	t.Parallel()
	beijing := strings.NewReplacer("D_China_2000", "D_Beijing_1954", "CGCS2000", "Krasovsky_1940", "6378137.0,298.257222101", "6378245.0,298.3").Replace(cgcs120)
	for name, text := range map[string]string{
		"Beijing 54": beijing,
		"Xi'an 80":   strings.NewReplacer("D_China_2000", "D_Xian_1980", "6378137.0,298.257222101", "6378140.0,298.257").Replace(cgcs120),
		"Clarke":     strings.NewReplacer("D_China_2000", "D_North_American_1927", "6378137.0,298.257222101", "6378206.4,294.978698213898").Replace(cgcs120),
		"unknown":    strings.Replace(cgcs120, "D_China_2000", "D_unknown", 1),
		"a mixture":  strings.Replace(cgcs120, "6378137.0,298.257222101", "6378245.0,298.3", 1),
	} {
		if c, err := crs.ParseWKT(text, nil); !errors.Is(err, crs.ErrDatum) {
			t.Errorf("%s: %v, %v", name, c.Name(), err)
		}
	}
	h := crs.Helmert{TX: 15.8, TY: -154.4, TZ: -82.3, RX: 0.4, RY: -0.3, RZ: 0.7, PPM: -4.2} // invented
	given, err := crs.ParseWKT(beijing, &h)
	if err != nil {
		t.Fatal(err)
	}
	own, err := crs.ParseWKT(strings.Replace(beijing, `298.3]]`, `298.3],TOWGS84[15.8,-154.4,-82.3,0.4,-0.3,0.7,-4.2]]`, 1), nil)
	if err != nil {
		t.Fatal(err)
	}
	if given.Name() == "EPSG:4549" || own.Name() == "EPSG:4549" {
		t.Error("Beijing 54 goes by the number of CGCS2000")
	}
	points := box(54, oraclePoints(200), orb.Bound{Min: orb.Point{118, 20}, Max: orb.Point{122, 40}})
	// PROJ's inverse of the seven parameters is a transposed matrix, so only the way to WGS 84 is held to a micrometre.
	plane := cs2cs(t, points, 7, "+proj=longlat +ellps=WGS84 +towgs84=0,0,0 +type=crs", "+proj=tmerc +lon_0=120 +x_0=500000 +ellps=krass +towgs84=15.8,-154.4,-82.3,0.4,-0.3,0.7,-4.2 +type=crs")
	back := cs2cs(t, plane, 12, "+proj=tmerc +lon_0=120 +x_0=500000 +ellps=krass +towgs84=15.8,-154.4,-82.3,0.4,-0.3,0.7,-4.2 +type=crs", "+proj=longlat +ellps=WGS84 +towgs84=0,0,0 +type=crs")
	for _, c := range []*crs.Conversion{&given, &own} {
		t.Logf("at most %.2g m from PROJ", held(t, c, points, plane, 0.01))
		for i, p := range plane {
			got, err := c.ToWGS84(p)
			if err != nil || distance(got, back[i]) > 1e-5 {
				t.Fatalf("%v: %.12f, %v; PROJ says %.12f", p, got, err, back[i])
			}
			if there, err := c.FromWGS84(got); err != nil || math.Hypot(there[0]-p[0], there[1]-p[1]) > 1e-6 {
				t.Fatalf("%v comes back as %v, %v", p, there, err)
			}
		}
	}
}

// TestBadDefinitions: each is one clear line.
func TestBadDefinitions(t *testing.T) {
	change := func(old, new string) string {
		if !strings.Contains(cgcs120, old) {
			t.Fatalf("%q is not in the definition", old)
		}
		return strings.Replace(cgcs120, old, new, 1)
	}
	for text, want := range map[string]string{
		"":                                "it is empty",
		"<!DOCTYPE html><html><body>404":  "it is HTML or XML",
		"EPSG:4549":                       "a bracket should follow EPSG:4549",
		"PROJCS":                          "a bracket should follow",
		`PROJCS["x"`:                      "cut off",
		`PROJCS["x`:                       "never closed",
		`PROJCS["x"]]`:                    "more after the end",
		`PROJCS["x" "y"]`:                 "a comma or a bracket",
		`PROJCS["x",]`:                    "a value should be here",
		`["x"]`:                           "a keyword should be here",
		`PROJCS["x"]`:                     "no geographic frame",
		`LOCAL_CS["city"]`:                "LOCAL_CS is not a frame that is read",
		`GEOGCS["x"]`:                     "no datum",
		`GEOGCS["x",DATUM["D_WGS_1984"]]`: "no ellipsoid",
		strings.Repeat("A[", 1000):        "nested too deep",
		`A["` + strings.Repeat("x", 70000) + `"]`:                                 "longer than 64 kB",
		change(`120.0`, `NaN`):                                                    "want a number",
		change(`120.0`, `1e308`):                                                  "want a number",
		change(`120.0`, `1e999`):                                                  "want a number",
		change(`120.0`, `190`):                                                    "central meridian 190",
		change(`"Scale_Factor",1.0`, `"Scale_Factor",0`):                          "scale factor 0",
		change(`500000.0`, `Inf`):                                                 "want a number",
		change(`"Meter",1.0`, `"Meter",0`):                                        "unit Meter of 0",
		change(`6378137.0`, `1737400`):                                            "not the earth",
		change(`298.257222101`, `1`):                                              "not the earth",
		change(`Gauss_Kruger`, `Krovak`):                                          "projection Krovak is not read",
		change(`PROJECTION["Gauss_Kruger"],`, ``):                                 "no projection is named",
		change(`"Greenwich",0.0`, `"Paris",2.337`):                                "prime meridian Paris",
		change(`PARAMETER["Central_Meridian",120.0],`, ``):                        "no central meridian",
		change(`PARAMETER["Scale_Factor",1.0]`, `PARAMETER["Azimuth",30]`):        "parameter Azimuth is not known",
		change(`UNIT["Meter",1.0]`, `UNIT["Meter",1.0],AXIS["x",WEST]`):           "an axis that leads west",
		change(`UNIT["Meter",1.0]`, `UNIT["Meter",1.0],AUTHORITY["EPSG","4550"]`): "EPSG:4549",
	} {
		c, err := crs.ParseWKT(text, nil)
		if want == "EPSG:4549" { // the parameters are believed, not the number
			if err != nil || c.Name() != "EPSG:4549" {
				t.Errorf("%v, %v", c.Name(), err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%.100q: %v, want %q", text, err, want)
		}
	}
	for cut := range len(cgcs120) {
		if _, err := crs.ParseWKT(cgcs120[:cut], nil); err == nil {
			t.Errorf("cut at %d it is still a definition", cut)
		}
	}
}

func FuzzParseWKT(f *testing.F) {
	for _, d := range definitions {
		f.Add(d.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := crs.ParseWKT(text, nil)
		if err != nil {
			return
		}
		if c.Name() == "" {
			t.Errorf("no name: %q", text)
		}
		for _, p := range []orb.Point{{0, 0}, {120, 28}, {500000, 3e6}, {-1e7, 1e7}, {1e308, -1e308}, {math.NaN(), 0}} {
			q, err := c.ToWGS84(p)
			if err == nil && !(math.Abs(q[0]) <= 180 && math.Abs(q[1]) <= 90) {
				t.Errorf("%v is %v by %q", p, q, text)
			}
			if q, err := c.FromWGS84(p); err == nil && (math.IsNaN(q[0]) || math.IsInf(q[0], 0) || math.IsNaN(q[1]) || math.IsInf(q[1], 0)) {
				t.Errorf("%v becomes %v by %q", p, q, text)
			}
		}
	})
}

// TestFixtures reads the .prj files of the shared fixtures.
func TestFixtures(t *testing.T) {
	for name, want := range map[string]crs.Frame{"grids_gbk_gk120.prj": "EPSG:4549", "grids_gbk_nocpg.prj": crs.WGS84} {
		text, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "data", "fixtures", name))
		if os.IsNotExist(err) {
			t.Skipf("../shared/data/fixtures/%s is not there", name)
		}
		if c, err2 := crs.ParseWKT(string(text), nil); err != nil || err2 != nil || c.Name() != want {
			t.Errorf("%s is %s: %v %v", name, c.Name(), err, err2)
		}
	}
}
