package geo_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/paulmach/orb"

	"hazgrid/geo"
)

// ruleOfLevels is contract section 6 as it is written: from the deepest level up, the declared parent where
// there is one at that level, geometry where the last owner has no parent or there is none.
func ruleOfLevels(levels []*geo.Coverage, parents [][][2]int, p orb.Point) []int32 {
	owners := make([]int32, len(levels))
	up := [2]int{-1, -1}
	for n := len(levels) - 1; n >= 0; n-- {
		if up[0] == n {
			owners[n] = int32(up[1])
			up = parents[n][up[1]]
			continue
		}
		face, ok := levels[n].Locate(p)
		if !ok {
			owners[n] = -1
			continue
		}
		owners[n] = int32(face)
		if up[0] < 0 {
			up = parents[n][face]
		}
	}
	return owners
}

// Four levels, nested or not, with parents declared at random: right ones, wrong ones, some that leave levels out, none.
func TestLevelsFollowTheRule(t *testing.T) {
	r := rand.New(rand.NewPCG(51, 52))
	var levels []*geo.Coverage
	var parents [][][2]int
	for n, m := range []mesh{
		{wide: 2, high: 1, lon: 120, lat: 22, size: 0.06, seed: 1, jags: 3},
		{wide: 4, high: 3, lon: 120, lat: 22, size: 0.03, seed: 2, jags: 3, jitter: 0.1},
		{wide: 9, high: 7, lon: 120.01, lat: 22, size: 0.01, seed: 3, jags: 3, jitter: 0.1},
		{wide: 20, high: 10, lon: 120.02, lat: 22.01, size: 0.003, seed: 4, jags: 3, jitter: 0.1},
	} {
		levels = append(levels, newCoverage(t, withIslands(m.cells())))
		up := make([][2]int, levels[n].Len())
		for face := range up {
			if up[face] = [2]int{r.IntN(n+1) - 1, 0}; up[face][0] >= 0 {
				up[face][1] = r.IntN(levels[up[face][0]].Len())
			}
		}
		parents = append(parents, up)
	}
	l := geo.NewLevels(levels, func(level, face int) (int, int) { return parents[level][face][0], parents[level][face][1] })
	points := append(corners([]orb.MultiPolygon{levels[2].Cell(5), levels[3].Cell(9)}), scattered([]orb.MultiPolygon{levels[0].Cell(0), levels[0].Cell(1)}, 20_000)...)
	batch, one := make([]int32, len(points)*l.Len()), make([]int32, l.Len())
	l.LocateBatch(points, batch)
	for i, p := range points {
		l.Locate(p, one)
		want := ruleOfLevels(levels, parents, p)
		if got := batch[i*l.Len():][:l.Len()]; !slices.Equal(one, want) || !slices.Equal(got, want) {
			t.Fatalf("%v: owners %v, in a batch %v; want %v", p, one, got, want)
		}
	}
}

// Where the deepest level fills all others exactly, a miss is known for all levels; where one vertex of a town was moved, or a side
// drawn with one vertex more, it is not. Either way the answers are the rule's, on the rim too.
func TestLevelsThatTheDeepestFills(t *testing.T) {
	cells := withIslands(mesh{wide: 12, high: 9, lon: 120, lat: 22, size: 0.01, seed: 5, jags: 3, jitter: 0.1}.cells())
	const towns = 7
	town := func(face int) int { return face / 12 % towns }
	dissolved := make([]orb.MultiPolygon, towns)
	for i := range dissolved {
		var parts []orb.MultiPolygon
		for face, cell := range cells {
			if town(face) == i {
				parts = append(parts, cell)
			}
		}
		var err error
		if dissolved[i], err = geo.Dissolve(parts); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name   string
		change func(ring orb.Ring) orb.Ring
		filled bool
	}{
		{"as dissolved", func(ring orb.Ring) orb.Ring { return ring }, true},
		{"wound otherwise", func(ring orb.Ring) orb.Ring { slices.Reverse(ring); return ring }, true},
		{"a vertex moved", func(ring orb.Ring) orb.Ring { ring[1][0] += 1e-4; return ring }, false},
		{"a vertex more", func(ring orb.Ring) orb.Ring {
			return slices.Insert(ring, 1, orb.Point{(ring[0][0] + ring[1][0]) / 2, (ring[0][1] + ring[1][1]) / 2})
		}, false},
	} {
		above := slices.Clone(dissolved)
		above[0] = above[0].Clone()
		above[0][0][0] = tt.change(above[0][0][0])
		levels := []*geo.Coverage{newCoverage(t, above), newCoverage(t, cells)}
		parents := make([][][2]int, 2)
		for range levels[0].Len() {
			parents[0] = append(parents[0], [2]int{-1, 0})
		}
		for face := range cells {
			parents[1] = append(parents[1], [2]int{0, town(face)})
		}
		l := geo.NewLevels(levels, func(level, face int) (int, int) { return parents[level][face][0], parents[level][face][1] })
		if l.Filled() != tt.filled {
			t.Errorf("%s: filled %v", tt.name, !tt.filled)
		}
		points := append(corners(above), scattered(cells, 20_000)...)
		batch, one := make([]int32, 2*len(points)), make([]int32, 2)
		l.LocateBatch(points, batch)
		for i, p := range points {
			l.Locate(p, one)
			if want := ruleOfLevels(levels, parents, p); !slices.Equal(one, want) || !slices.Equal(batch[2*i:][:2], want) {
				t.Fatalf("%s: %v: owners %v, in a batch %v; want %v", tt.name, p, one, batch[2*i:][:2], want)
			}
		}
	}
}

func TestNoLevels(t *testing.T) {
	l := geo.NewLevels(nil, nil)
	l.Locate(orb.Point{}, nil)
	l.LocateBatch([]orb.Point{{}}, nil)
	if l.Len() != 0 {
		t.Errorf("%d levels", l.Len())
	}
}
