package main

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

const (
	revertGrids = `{"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"code":"T","level":1},"geometry":{"type":"Polygon","coordinates":[[[120.5,27.7],[120.6,27.7],[120.6,27.8],[120.5,27.8],[120.5,27.7]]]}},
{"type":"Feature","properties":{"code":"W","level":2,"parent":"T"},"geometry":{"type":"Polygon","coordinates":[[[120.5,27.7],[120.55,27.7],[120.55,27.8],[120.5,27.8],[120.5,27.7]]]}},
{"type":"Feature","properties":{"code":"E","level":2,"parent":"T"},"geometry":{"type":"Polygon","coordinates":[[[120.55,27.7],[120.6,27.7],[120.6,27.8],[120.55,27.8],[120.55,27.7]]]}}]}`
	revertEnterprises = "id,lon,lat,kind\ne1,120.52,27.75,enterprise\ne2,120.57,27.75,construction\ne3,,,other\ne4,120.58,27.72,enterprise\n"
	revertHazards     = "id,enterprise,lon,lat,found_at,due_at,rectified_at\nh1,e1,,,2014-11-03,2014-11-10,\nh2,e2,,,2014-11-03,2014-11-10,2014-11-09\n" +
		"h3,e3,,,2014-11-03,,\nh4,,120.53,27.71,2014-12-03,,\n"
	revertVisits = "id,enterprise,at,order\nv1,e1,2014-12-18,rectify\nv2,e2,2014-12-19,none\n"
)

// edits are imports that change what the first ones brought, each in its way.
func edits(t *testing.T) [][]string {
	moved := strings.NewReplacer("120.52,27.75", "120.58,27.79", "e4,120.58,27.72,enterprise\n", "", "construction", "combined_use").Replace(revertEnterprises)
	redrawn := strings.NewReplacer("120.55,", "120.53,").Replace(revertGrids)
	return [][]string{
		{"enterprises", "--sync", "--sync-max", "50", write(t, "moved.csv", moved+"e5,120.51,27.71,enterprise\n")},
		{"hazards", "--sync", "--sync-max", "60", write(t, "fewer.csv", "id,enterprise,found_at\nh1,e2,2014-10-01\nh9,e5,2014-11-04\nh4,,2014-12-03\n")},
		{"inspections", write(t, "visits.csv", "id,enterprise,at,order\nv1,e2,2014-12-18,suspend\nv3,e1,2014-12-19,rectify\n")},
		{"grids", "--valid-from", "2014-12-10", write(t, "redrawn.geojson", redrawn)},
		{"grids", "--level", "2", "--sync", "--sync-max", "50", write(t, "corrected.geojson", strings.Replace(redrawn, `"code":"E"`, `"code":"E2"`, 1))},
	}
}

// shown is what the service says that has no version in it: tiles of every layer and zoom, and tallies.
func shown(t *testing.T, base string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for z, last := range map[int][4]int{10: {854, 855, 431, 432}, 12: {3419, 3421, 1725, 1728}, 13: {6838, 6843, 3450, 3456}} {
		for x := last[0]; x <= last[1]; x++ {
			for y := last[2]; y <= last[3]; y++ {
				path := fmt.Sprintf("/tiles/grids-1,grids-2,grid-labels-2,enterprises,hazards/%d/%d/%d.mvt?at=2014-12-31", z, x, y)
				code, body, header := get(t, base+path)
				if code != http.StatusOK && code != http.StatusNoContent {
					t.Fatalf("GET %s: %d %s", path, code, body)
				}
				all[path] = header.Get("ETag") + string(body)
			}
		}
	}
	for _, level := range []string{"1", "2"} {
		for _, at := range []string{"2014-12-01", "2014-12-31"} {
			path := "/api/v1/tallies?format=csv&level=" + level + "&at=" + at
			_, body, _ := get(t, base+path)
			all[path] = string(body)
		}
	}
	return all
}

// differ lists the paths whose answers are not the same.
func differ(a, b map[string]string) (paths []string) {
	for path := range a {
		if a[path] != b[path] {
			paths = append(paths, path)
		}
	}
	return paths
}

// Imports of every kind are reverted, the last one first, while the service runs: after each, tiles and tallies
// are byte for byte what they were before it; reverting the reverts gives the bytes after it.
func TestRevertGivesTheSameBytes(t *testing.T) {
	program(t)
	stores(t, func(t *testing.T, db string) {
		must(t, "import", "grids", "--db", db, write(t, "grids.geojson", revertGrids))
		must(t, "import", "enterprises", "--db", db, write(t, "enterprises.csv", revertEnterprises))
		must(t, "import", "hazards", "--db", db, write(t, "hazards.csv", revertHazards))
		must(t, "import", "inspections", "--db", db, write(t, "visits.csv", revertVisits))
		base := servingOn(t, db)
		version := 4
		states := []map[string]string{shown(t, base)}
		step := func(args ...string) map[string]string {
			another(t, append(args, "--db", db)...)
			version++
			upTo(t, base, version)
			return shown(t, base)
		}
		for _, edit := range edits(t) {
			state := step(append([]string{"import"}, edit...)...)
			if len(differ(state, states[len(states)-1])) == 0 {
				t.Fatalf("%v changed nothing that is shown", edit)
			}
			states = append(states, state)
		}
		last := version
		for i := len(states) - 2; i >= 0; i-- {
			if paths := differ(step("revert", fmt.Sprint(5+i)), states[i]); len(paths) > 0 {
				t.Errorf("after reverting batch %d: %q differ", 5+i, paths)
			}
		}
		for i := 1; i < len(states); i++ {
			if paths := differ(step("revert", fmt.Sprint(last+len(states)-i)), states[i]); len(paths) > 0 {
				t.Errorf("after doing batch %d again: %q differ", 4+i, paths)
			}
		}
	})
}

// upTo waits until the service shows a version.
func upTo(t *testing.T, base string, version int) {
	t.Helper()
	want := []byte(fmt.Sprintf(`"version":%d,`, version))
	for start := time.Now(); time.Since(start) < 20*time.Second; time.Sleep(20 * time.Millisecond) {
		if _, body, _ := get(t, base+"/api/v1/district"); bytes.Contains(body, want) {
			return
		}
	}
	t.Fatalf("the service does not show version %d", version)
}
