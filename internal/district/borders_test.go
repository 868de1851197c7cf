package district

import (
	"cmp"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/paulmach/orb"

	"hazgrid/geo"
)

// ofLevel returns the grids of a level in order of code.
func ofLevel(level int) []grid {
	return slices.DeleteFunc(slices.Clone(demo().grids), func(g grid) bool { return g.level != level })
}

// A side is a directed edge of a ring; inside is on its left.
type side [2]orb.Point

// outline returns the sides of the grids that no other of them has the other way round: the
// outline of their union, if they neither overlap nor share an edge in the same direction.
func outline(t *testing.T, grids []grid) map[side]bool {
	t.Helper()
	sides := map[side]bool{}
	for _, g := range grids {
		for _, polygon := range g.boundary {
			for _, ring := range polygon {
				for i := 1; i < len(ring); i++ {
					s := side{ring[i-1], ring[i]}
					if sides[s] {
						t.Errorf("%s: another grid lies on the same side of %v", g.code, s)
					}
					sides[s] = true
				}
			}
		}
	}
	for s := range sides {
		if back := (side{s[1], s[0]}); sides[back] {
			delete(sides, s)
			delete(sides, back)
		}
	}
	return sides
}

// Each grid is, vertex for vertex, the union of the grids below it.
func TestNesting(t *testing.T) {
	for level, count := range map[int]int{1: 15, 2: 75, 3: 1888} {
		equal(t, "grids", len(ofLevel(level)), count)
	}
	below := map[string][]grid{}
	for _, g := range demo().grids {
		below[g.parent] = append(below[g.parent], g)
	}
	for _, g := range demo().grids {
		children := below[g.code]
		if g.level == 3 {
			equal(t, g.code+" children", len(children), 0)
			continue
		}
		own, theirs := outline(t, []grid{g}), outline(t, children)
		equal(t, g.code+" sides", len(own), len(theirs))
		for s := range own {
			if !theirs[s] {
				t.Errorf("%s: its side %v is none of its children's", g.code, s)
			}
		}
	}
}

func TestNames(t *testing.T) {
	names, codes := map[string]bool{}, map[string]bool{}
	for _, g := range demo().grids {
		if names[g.name] || codes[g.code] || g.name == "" {
			t.Errorf("%s %q is there twice", g.code, g.name)
		}
		names[g.name], codes[g.code] = true, true
	}
	for _, n := range []string{"塘下镇", "锦湖街道", "莘塍街道"} {
		equal(t, n, names[n], true)
	}
	raw, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "data", "ruian_divisions_2023.json"))
	if err != nil {
		t.Skipf("the real names are not here: %v", err)
	}
	var list struct {
		Towns []struct {
			Name     string
			Villages []struct{ Name string }
		}
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		t.Fatal(err)
	}
	real := map[string]bool{}
	for _, town := range list.Towns {
		real[town.Name] = true
		for _, v := range town.Villages {
			real[v.Name] = true
			real[v.Name[:len(v.Name)-len("委会")]] = true // 某某村委会 is also called 某某村
		}
	}
	for _, g := range demo().grids {
		equal(t, g.name+" is real", real[g.name], g.level == 1)
	}
}

func TestShapes(t *testing.T) {
	total := map[int]float64{}
	var areas []float64
	var vertices []int
	for _, g := range demo().grids {
		if fault := geo.Validate(g.boundary); fault != nil {
			t.Errorf("%s: %s at %v", g.code, fault.Reason, fault.At)
		}
		km2 := geo.Area(g.boundary) / 1e6
		total[g.level] += km2
		if g.level < 3 {
			continue
		}
		areas = append(areas, km2)
		vertices = append(vertices, 0)
		for _, polygon := range g.boundary {
			for _, ring := range polygon {
				vertices[len(vertices)-1] += len(ring) - 1
				for _, p := range ring {
					if p[0] < west || p[0] > east || p[1] < south || p[1] > north || p != (orb.Point{math.Round(p[0]*1e7) / 1e7, math.Round(p[1]*1e7) / 1e7}) {
						t.Errorf("%s: vertex %v", g.code, p)
					}
				}
			}
		}
	}
	slices.Sort(areas)
	slices.Sort(vertices)
	n := len(areas)
	t.Logf("total %.3f km²; grids: least %.4f, a tenth %.3f, median %.3f, nine tenths %.2f, most %.2f km²; vertices median %d, most %d",
		total[3], areas[0], areas[n/10], areas[n/2], areas[n*9/10], areas[n-1], vertices[n/2], vertices[n-1])
	if math.Abs(total[3]/1307-1) > 0.01 || math.Abs(total[1]/total[3]-1) > 1e-9 || math.Abs(total[2]/total[3]-1) > 1e-9 {
		t.Errorf("areas by level: %v", total)
	}
	if areas[0] < 0.03 || areas[0] > 0.07 || areas[n-1] < 3 || areas[n-1] > 8 {
		t.Errorf("grids of %.3f to %.3f km²", areas[0], areas[n-1])
	}
	if m := vertices[n/2]; m < 13 || m > 19 {
		t.Errorf("median %d vertices", m)
	}
	parts := 0
	for _, g := range ofLevel(3) {
		if len(g.boundary) > 1 {
			parts = max(parts, len(g.boundary))
		}
	}
	equal(t, "mainland and islands of one grid", parts, 5)
}

// Every premises lies inside the grid it was made for, not on an edge, and which-grid says so.
func TestInside(t *testing.T) {
	grids := ofLevel(3)
	cells := make([]orb.MultiPolygon, len(grids))
	for i, g := range grids {
		cells[i] = g.boundary
	}
	coverage, err := geo.NewCoverage(cells)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range demo().firms {
		if face, ok := coverage.Locate(f.at); !ok || face != f.grid {
			t.Errorf("%s at %v: in grid %d, want %d", f.id, f.at, face, f.grid)
		}
		if room := grids[f.grid].room(onBoard(f.at[0], f.at[1])); room < 0.001 {
			t.Errorf("%s: %g km from an edge", f.id, room)
		}
	}
}

// The gas line lies on land.
func TestGasLine(t *testing.T) {
	equal(t, "lines", len(demo().lines), 1)
	for _, path := range demo().lines[0].path {
		for _, p := range path {
			if !slices.ContainsFunc(ofLevel(1), func(g grid) bool { return g.room(onBoard(p[0], p[1])) > 0 }) {
				t.Errorf("%v is at sea", p)
			}
		}
	}
}

// Codes sort in the order of the grids, parents before their children.
func TestCodes(t *testing.T) {
	codes := map[string]int{"": 0}
	for i, g := range demo().grids {
		if level, ok := codes[g.parent]; !ok || level != g.level-1 {
			t.Errorf("%s: parent %q", g.code, g.parent)
		}
		codes[g.code] = g.level
		if i > 0 && g.level == demo().grids[i-1].level && cmp.Compare(demo().grids[i-1].code, g.code) >= 0 {
			t.Errorf("%s is out of order", g.code)
		}
	}
}
