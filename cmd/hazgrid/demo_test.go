package main

import (
	"bytes"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"

	"hazgrid/internal/district"
	"hazgrid/internal/store/postgis/pgtest"
	"hazgrid/safety"
)

// TestDemo holds the demo to the seed's figures (issue 2, "must show"), on both stores.
func TestDemo(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, db string) {
		t.Parallel()
		base := serving(t, "demo", "--db", db, "--addr", "127.0.0.1:0", "--log-level", "warn")
		t.Run("figures", func(t *testing.T) { demoFigures(t, base) })
		t.Run("roll-up", func(t *testing.T) { demoRollUp(t, base) })
		t.Run("privacy", func(t *testing.T) { demoPrivacy(t, base) })
	})
}

func demoFigures(t *testing.T, base string) {
	var d tallies
	getJSON(t, base+"/api/v1/tallies?level=3&kind=combined_use", &d)
	if d.Total.UnitsFound != 9775 || d.Total.UnitsRectified != 2232 || *d.Total.UnitRate != 2232.0/9775 {
		t.Errorf("combined-use: %d found, %d rectified, %v", d.Total.UnitsFound, d.Total.UnitsRectified, *d.Total.UnitRate)
	}
	if shown := math.Floor(*d.Total.UnitRate*100 + 0.5); shown != 23 {
		t.Errorf("shown as %v %%, want 23", shown)
	}
	getJSON(t, base+"/api/v1/tallies?level=1&source=campaign&from=2014-12-17&to=2014-12-20", &d)
	got := [5]int64{d.Total.Officers, d.Total.UnitsInspected, d.Total.Found, d.Total.OrdersRectify, d.Total.OrdersSuspend}
	if want := [5]int64{39, 16, 42, 6, 1}; got != want {
		t.Errorf("campaign: officers, units, found, orders = %v, want %v", got, want)
	}
	getJSON(t, base+"/api/v1/tallies?level=3", &d)
	none := 0
	for _, r := range d.Rows[:len(d.Rows)-2] {
		if r.Found == 0 {
			none++
			if r.Rate != nil {
				t.Errorf("grid %s has nothing found and the rate %v, want none", r.Code, *r.Rate)
			}
		}
	}
	if none == 0 || d.Total.Enterprises < 20000 || len(d.Rows) != 1888+2 {
		t.Errorf("%d grids without hazards, %d enterprises, %d rows", none, d.Total.Enterprises, len(d.Rows))
	}
}

// Children plus unassigned sum to the parent exactly, level by level, up to the total.
func demoRollUp(t *testing.T, base string) {
	var levels [4]tallies
	for n := 1; n <= 3; n++ {
		getJSON(t, fmt.Sprintf("%s/api/v1/tallies?level=%d", base, n), &levels[n])
	}
	for n := 1; n < 3; n++ {
		sums := map[string]tallyRow{}
		for _, r := range levels[n+1].Rows {
			if r.Parent != nil {
				s := sums[*r.Parent]
				s.Found, s.Rectified, s.Enterprises, s.Overdue = s.Found+r.Found, s.Rectified+r.Rectified, s.Enterprises+r.Enterprises, s.Overdue+r.Overdue
				s.UnitsFound, s.UnitsRectified, s.Officers = s.UnitsFound+r.UnitsFound, s.UnitsRectified+r.UnitsRectified, s.Officers+r.Officers
				sums[*r.Parent] = s
			}
		}
		for _, r := range levels[n].Rows[:len(levels[n].Rows)-2] {
			s := sums[r.Code]
			if s.Found+r.Unassigned != r.Found || s.Rectified != r.Rectified || s.Enterprises != r.Enterprises || s.Overdue != r.Overdue ||
				s.UnitsFound != r.UnitsFound || s.UnitsRectified != r.UnitsRectified || s.Officers != r.Officers {
				t.Errorf("level %d grid %s: children sum to %+v, want %+v", n, r.Code, s, r)
			}
		}
	}
	if a, b := levels[1].Total, levels[3].Total; a.Found != b.Found || a.UnitsFound != b.UnitsFound || a.Enterprises != b.Enterprises {
		t.Errorf("totals of levels 1 and 3 differ: %+v %+v", a, b)
	}
	for n, want := range map[int]int{1: 15, 2: 75, 3: 1888} {
		if got := len(levels[n].Rows) - 2; got != want {
			t.Errorf("level %d has %d grids, want %d", n, got, want)
		}
	}
}

// No answer of the service holds a description, an address or a person's name.
func demoPrivacy(t *testing.T, base string) {
	secrets := internals(t)
	paths := []string{
		"/", "/?f=json", "/api/v1/district", "/api/v1/grids?level=3", "/api/v1/columns/grids-3", "/metrics", "/openapi.json",
		"/api/v1/tallies?level=3", "/api/v1/tallies?level=3&format=csv", "/tiles/grids-3.json", "/tiles/enterprises.json", "/tiles/hazards.json",
		"/heatmaps/hazard-density/legend.json?level=3", "/api/v1/which?lon=120.65&lat=27.78", "/styles/enterprises.json", "/collections",
		"/collections/grids-3/items?limit=200", "/collections/enterprises/items?limit=500", "/collections/hazards/items?limit=500", "/collections/lines/items",
		"/api/v1/enterprises?near=120.65,27.78&k=500", "/api/v1/hazards?near=120.65,27.78&k=500", "/api/v1/lines?near=120.65,27.78", "/api/v1/mismatches",
		"/styles", "/api", "/conformance",
	}
	var d tallies
	getJSON(t, base+"/api/v1/tallies?level=2", &d)
	for _, r := range d.Rows[:5] {
		paths = append(paths, "/api/v1/grids/"+r.Code)
	}
	for _, a := range demoTiles(9, 11, 13) {
		paths = append(paths, fmt.Sprintf("/tiles/grids-1,grids-2,grids-3,grid-labels-3,enterprises,hazards,lines/%d/%d/%d.mvt", a.Z, a.X, a.Y))
	}
	for _, path := range paths {
		code, body, _ := get(t, base+path)
		if code != 200 && code != 204 {
			t.Errorf("GET %s: %d: it could hold nothing", path, code)
		}
		for _, secret := range secrets {
			if bytes.Contains(body, []byte(secret)) {
				t.Errorf("GET %s holds %q", path, secret)
			}
		}
	}
}

// internals collects the texts of every internal field of the district, long enough to be told from chance.
func internals(t *testing.T) []string {
	t.Helper()
	seen := map[string]bool{}
	var out []string
	d := district.Generate(district.Seed)
	for _, kind := range safety.Kinds() {
		fields := safety.Fields(kind)
		for r, err := range d.Records(kind) {
			if err != nil {
				t.Fatal(err)
			}
			for i, f := range fields {
				text, ok := r.Values[i].(string)
				if f.Internal && ok && len(text) >= 6 && !seen[text] {
					seen[text] = true
					out = append(out, text)
				}
			}
		}
		if kind != safety.Lines && len(out) == 0 {
			t.Fatalf("the district has no internal text in %s: the test could not fail", kind)
		}
	}
	return out
}

// demoTiles are the tiles of some zooms over the district.
func demoTiles(zooms ...maptile.Zoom) []maptile.Tile {
	var tiles []maptile.Tile
	for _, z := range zooms {
		a, b := maptile.At(orb.Point{120.17, 28.0}, z), maptile.At(orb.Point{121.23, 27.5}, z)
		step := max(1, (b.X-a.X)/6)
		for x := a.X; x <= b.X; x += step {
			for y := a.Y; y <= b.Y; y += step {
				tiles = append(tiles, maptile.New(x, y, z))
			}
		}
	}
	return tiles
}

// Tiles and tallies of both stores are equal byte for byte, and so are their ETags.
func TestStoresAnswerAlike(t *testing.T) {
	a := serving(t, "demo", "--db", filepath.Join(t.TempDir(), "city.gpkg"), "--addr", "127.0.0.1:0", "--log-level", "warn")
	b := serving(t, "demo", "--db", pgtest.DB(t), "--addr", "127.0.0.1:0", "--log-level", "warn")
	at := "at=2014-12-31"
	var paths []string
	for n := 1; n <= 3; n++ {
		for _, q := range []string{"", "&kind=combined_use", "&source=campaign&from=2014-12-17&to=2014-12-20"} {
			for _, f := range []string{"json", "csv"} {
				paths = append(paths, fmt.Sprintf("/api/v1/tallies?level=%d&format=%s&%s%s", n, f, at, q))
			}
		}
		paths = append(paths, fmt.Sprintf("/api/v1/grids?level=%d&%s", n, at), fmt.Sprintf("/tiles/grids-%d.json", n))
		paths = append(paths, fmt.Sprintf("/collections/grids-%d/items?%s", n, at))
	}
	paths = append(paths, "/collections/enterprises/items?limit=9999&"+at, "/collections/hazards/items?limit=9999&"+at, "/styles/hazard-density.json?"+at)
	for _, tile := range demoTiles(8, 10, 12, 14) {
		for _, layer := range []string{"grids-3", "grids-1,grids-2", "grid-labels-3", "enterprises", "hazards", "lines"} {
			paths = append(paths, fmt.Sprintf("/tiles/%s/%d/%d/%d.mvt?%s", layer, tile.Z, tile.X, tile.Y, at))
		}
	}
	compared := 0
	for _, path := range paths {
		codeA, bodyA, headA := get(t, a+path)
		codeB, bodyB, headB := get(t, b+path)
		if strings.HasSuffix(path, ".json") || strings.HasPrefix(path, "/collections") || strings.HasPrefix(path, "/styles") { // with links
			bodyA, bodyB = bytes.ReplaceAll(bodyA, []byte(a), nil), bytes.ReplaceAll(bodyB, []byte(b), nil)
		} else if headA.Get("ETag") != headB.Get("ETag") {
			t.Errorf("GET %s: ETag %s and %s", path, headA.Get("ETag"), headB.Get("ETag"))
		}
		if codeA != codeB || !bytes.Equal(bodyA, bodyB) {
			t.Errorf("GET %s: %d and %d, %d and %d bytes, not equal", path, codeA, codeB, len(bodyA), len(bodyB))
		}
		if codeA == 200 {
			compared++
		}
	}
	if compared < 100 {
		t.Errorf("only %d answers had content to compare", compared)
	}
}

// demo refuses a store that holds other data, and takes its own again.
func TestDemoRefusesOtherData(t *testing.T) {
	db := filepath.Join(t.TempDir(), "x.gpkg")
	must(t, "import", "enterprises", "--db", db, write(t, "e.csv", "id,lon,lat\na,1,1\n"))
	if _, errs, code := hazgrid(t, "demo", "--db", db); code != 1 || !strings.Contains(errs, "other data") {
		t.Errorf("exit status %d, stderr %q", code, errs)
	}
}

// someEnterprise is the id of the first combined-use premises of the district.
func someEnterprise(t *testing.T) string {
	t.Helper()
	fields := safety.Fields(safety.Enterprises)
	kind := slices.IndexFunc(fields, func(f safety.Field) bool { return f.Name == "kind" })
	for r, err := range district.Generate(district.Seed).Records(safety.Enterprises) {
		if err != nil {
			t.Fatal(err)
		}
		if r.Values[kind] == "combined_use" {
			return r.Values[0].(string)
		}
	}
	t.Fatal("the district has no combined-use premises")
	return ""
}
