package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// gdal runs a program of GDAL and returns what it said; warnings fail.
func gdal(t *testing.T, name string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		lacking(t, "GDAL is not here")
	}
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil || strings.Contains(string(out), "Warning") || strings.Contains(string(out), "ERROR") {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// featureCount is the number of features that ogrinfo tells.
func featureCount(t *testing.T, text string) int {
	t.Helper()
	m := regexp.MustCompile(`Feature Count: (\d+)`).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no count in %s", text)
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// GDAL reads the collections of the service whole: every feature of the invented district, with its figures.
func TestGDALReadsFeatures(t *testing.T) {
	base := serving(t, "demo", "--db", filepath.Join(t.TempDir(), "city.gpkg"), "--addr", "127.0.0.1:0", "--log-level", "warn")
	copied := filepath.Join(t.TempDir(), "copied.gpkg")
	var table tallies
	getJSON(t, base+"/api/v1/tallies?level=3", &table)
	for layer, want := range map[string]int{"grids-3": 1888, "hazards": int(table.Total.Found), "enterprises": 21500, "lines": 1} {
		t.Run(layer, func(t *testing.T) {
			options := []string{"-update", "-append", "-f", "GPKG", copied, "OAPIF:" + base, layer}
			if layer != "grids-3" { // those come in GDAL's own pages, of ten
				options = append(options, "-oo", "PAGE_SIZE=1000")
			}
			gdal(t, "ogr2ogr", options...)
			if got := featureCount(t, gdal(t, "ogrinfo", "-ro", "-so", copied, layer)); got != want {
				t.Errorf("GDAL read %d, want %d", got, want)
			}
		})
	}
	sums := gdal(t, "ogrinfo", "-ro", "-q", copied, "-sql", `SELECT sum(found), sum(rectified), sum(open), sum(overdue) FROM "grids-3"`)
	var inside tallyRow
	for _, r := range table.Rows[:len(table.Rows)-2] {
		inside.Found, inside.Rectified, inside.Open, inside.Overdue = inside.Found+r.Found, inside.Rectified+r.Rectified, inside.Open+r.Open, inside.Overdue+r.Overdue
	}
	for name, want := range map[string]int64{"found": inside.Found, "rectified": inside.Rectified, "open": inside.Open, "overdue": inside.Overdue} {
		if !strings.Contains(sums, fmt.Sprintf("sum(%s) (Integer) = %d\n", name, want)) {
			t.Errorf("sum of %s, want %d:\n%s", name, want, sums)
		}
	}
	box := []string{"-spat", "120.6", "27.7", "120.7", "27.8"}
	codes := regexp.MustCompile(`code \(String\) = \S+`)
	served := codes.FindAllString(gdal(t, "ogrinfo", append([]string{"-ro", "-q", "OAPIF:" + base, "grids-3"}, box...)...), -1)
	// From the copy GDAL takes them by itself. Its count alone would be of boxes that SQLite has rounded outward.
	own := codes.FindAllString(gdal(t, "ogrinfo", append([]string{"-ro", "-q", copied, "grids-3"}, box...)...), -1)
	if slices.Sort(own); !slices.Equal(served, own) || len(own) < 100 {
		t.Errorf("in a box %d grids, of the copy %d", len(served), len(own))
	}
	if got := featureCount(t, gdal(t, "ogrinfo", "-ro", "-so", "OGCAPI:"+base+"/collections/grids-2", "-al", "-oo", "API=ITEMS")); got != 75 {
		t.Errorf("the driver OGCAPI reads %d grids of level 2", got)
	}
	readsTile(t, base)
}

// readsTile lets GDAL open a tile by its URL alone: it knows where the tile lies from the path.
func readsTile(t *testing.T, base string) {
	t.Helper()
	out := gdal(t, "ogrinfo", "-ro", "-so", "MVT:/vsicurl/"+base+"/tiles/grids-3,hazards/11/1710/859.mvt", "grids-3")
	codes := tileCodes(t, base+"/tiles/grids-3/11/1710/859.mvt", "grids-3")
	if got := featureCount(t, out); got != len(codes) || got < 100 || !strings.Contains(out, "overdue: Integer") || !strings.Contains(out, "EPSG\",3857") {
		t.Errorf("%d features, want %d:\n%s", got, len(codes), out)
	}
}
