package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/paulmach/orb"

	"hazgrid/internal/coverages"
)

const (
	cityGrids = 1_000_000
	cityCount = 5
)

// whichCities measures one index of five cities, 10 degrees apart, beside one of the first of them, when it is asked for: it
// takes 6 GB. In a row they lie along a parallel; scattered, every second also further south.
func (b *bench) whichCities(ctx context.Context) error {
	for _, f := range []struct {
		name  string
		south float64
	}{{"cities5m", 0}, {"scattered5m", 10}} {
		if !slices.Contains(strings.Split(b.fields, ","), f.name) {
			continue
		}
		if err := b.cities(ctx, f.south); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return nil
}

func (b *bench) cities(ctx context.Context, south float64) error {
	cells := coverages.Grids(cityGrids)
	here := sample{name: "inside", points: coverages.Scatter(coverages.Bound(cells), 200_000, 3)}
	one, err := b.cityRow(ctx, cells, &here)
	if err != nil {
		return err
	}
	all := slices.Clip(cells)
	everywhere := sample{name: here.name, points: slices.Clip(here.points), want: slices.Clip(here.want)}
	for i := 1; i < cityCount; i++ {
		by := orb.Point{float64(-10 * i), -south * float64(i%2)}
		for _, cell := range cells {
			all = append(all, orb.MultiPolygon{{moved(cell[0][0], by)}})
		}
		everywhere.points = append(everywhere.points, moved(here.points, by)...)
		for _, face := range here.want {
			everywhere.want = append(everywhere.want, face+int32(i*cityGrids))
		}
	}
	rand.New(rand.NewPCG(9, 10)).Shuffle(len(everywhere.points), func(i, k int) {
		p, w := everywhere.points, everywhere.want
		p[i], p[k], w[i], w[k] = p[k], p[i], w[k], w[i]
	})
	five, err := b.cityRow(ctx, all, &everywhere)
	b.table(fmt.Sprintf("%d cities 10 degrees apart in one index, every second %v degrees further south, against the first alone; random points inside, one thread's own time", cityCount, south),
		[]string{"grids", "build", "of all processors", "bytes a grid", "single points", "unsorted batch", "Morton-ordered batch", "answers that differ"}, one, five)
	return err
}

// moved are points elsewhere: by whole degrees to where coordinates are not coarser, so exactly.
func moved[T ~[]orb.Point](points T, by orb.Point) T {
	out := make(T, len(points))
	for i, p := range points {
		out[i] = orb.Point{p[0] + by[0], p[1] + by[1]}
	}
	return out
}

// cityRow measures an index of the cells; points of nobody known get the faces it answers.
func (b *bench) cityRow(ctx context.Context, cells []orb.MultiPolygon, s *sample) ([]string, error) {
	systems, c, err := alone(cells)
	if err != nil {
		return nil, err
	}
	if s.want == nil {
		s.want = make([]int32, len(s.points))
		c.LocateBatch(s.points, s.want)
	}
	results, err := compare(ctx, systems, []sample{*s}, b.rounds)
	if err != nil {
		return nil, err
	}
	cost, differ := systems[0].cost, 0
	row := []string{fmt.Sprint(len(cells)), ms(cost.took), ms(cost.spent), fmt.Sprint(cost.bytes / int64(len(cells)))}
	for _, r := range results {
		row = append(row, nanoseconds(r.ns[0]))
		differ += r.differ
	}
	return append(row, fmt.Sprintf("%d of %d", differ, len(results)*len(s.points))), nil
}
