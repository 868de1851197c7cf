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

func TestNoLevels(t *testing.T) {
	l := geo.NewLevels(nil, nil)
	l.Locate(orb.Point{}, nil)
	l.LocateBatch([]orb.Point{{}}, nil)
	if l.Len() != 0 {
		t.Errorf("%d levels", l.Len())
	}
}
