package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/paulmach/orb"

	"hazgrid/geo"
	"hazgrid/internal/coverages"
)

// A pile is three levels of grids over one another, the largest first. The code of each begins with its parent's.
type pile struct {
	name, title string    // of the deepest level's field
	files       [3]string // in testdata
	codes       [3]string // the properties
}

// whichLevels measures what it costs to be told all levels of a point and not the deepest alone, for those fields that
// were asked for.
func (b *bench) whichLevels(ctx context.Context) error {
	for _, p := range []pile{
		{"district", "the district's grids", [3]string{"district/grids-1.geojson", "district/grids-2.geojson", "district/grids-3.geojson"}, [3]string{"code", "code", "code"}},
		{"taiwan", "Taiwan's counties, towns and villages", [3]string{"atlas/taiwan-counties.geojson", "atlas/taiwan-towns.geojson", "atlas/taiwan-villages.geojson"}, [3]string{"COUNTYCODE", "TOWNCODE", "VILLCODE"}},
	} {
		if !slices.Contains(strings.Split(b.fields, ","), p.name) {
			continue
		}
		levels, cells, err := p.read()
		if errors.Is(err, fs.ErrNotExist) {
			b.table("Three levels, "+p.title, []string{"absent"}, []string{"run `make atlas` first"})
			continue
		}
		if err != nil {
			return err
		}
		drawn := samples(cells, 200_000)
		systems := levels.systems(len(drawn[0].points))
		results, err := compare(ctx, systems, drawn, b.rounds)
		if err != nil {
			return err
		}
		b.levelsTable(fmt.Sprintf("Three levels against the deepest alone, %d: %s, %d points of each sort, one thread's own time", len(cells), p.title, len(drawn[0].points)), drawn, systems, results)
	}
	return nil
}

// Levels are three levels and the index of the deepest.
type levels struct {
	deepest *geo.Coverage
	all     *geo.Levels
}

// read makes the levels, and tells the cells of the deepest.
func (p pile) read() (l levels, cells []orb.MultiPolygon, err error) {
	var indexes []*geo.Coverage
	var codes [3][]string
	for n, file := range p.files {
		if cells, codes[n], err = coverages.ReadCoded(filepath.Join("testdata", filepath.FromSlash(file)), p.codes[n]); err != nil {
			return l, nil, err
		}
		cells = repaired(cells)
		if l.deepest, err = geo.NewCoverage(cells); err != nil {
			return l, nil, err
		}
		indexes = append(indexes, l.deepest)
	}
	l.all = geo.NewLevels(indexes, func(level, face int) (int, int) {
		if level > 0 {
			if up := parent(codes[level-1], codes[level][face]); up >= 0 {
				return level - 1, up
			}
		}
		return -1, 0
	})
	return l, cells, nil
}

// parent is the number of the one of rising codes that a code begins with, -1 when there is none.
func parent(above []string, code string) int {
	i, found := slices.BinarySearch(above, code)
	if !found {
		i--
	}
	if i < 0 || !strings.HasPrefix(code, above[i]) {
		return -1
	}
	return i
}

// systems are the ways to ask, for up to n points: the deepest level alone and all three by turns.
func (l levels) systems(n int) []system {
	one, batch := singly(l.deepest), func(points []orb.Point, faces []int32) error { l.deepest.LocateBatch(points, faces); return nil }
	all := func(points []orb.Point, owners []int32) error { l.all.LocateBatch(points, owners); return nil }
	return []system{
		{name: "single points, the deepest alone", answer: one},
		deepest("single points, three levels", n, l.locate),
		{name: "unsorted batch, the deepest alone", answer: batch},
		deepest("unsorted batch, three levels", n, all),
		{name: "Morton-ordered batch, the deepest alone", answer: batch, ordered: true},
		ordered(deepest("Morton-ordered batch, three levels", n, all)),
	}
}

// deepest is a system that finds three owners of each point; the last of them is held against the oracle.
func deepest(name string, n int, locate func(points []orb.Point, owners []int32) error) system {
	owners := make([]int32, 3*n)
	return system{
		name:    name,
		answer:  func(points []orb.Point, _ []int32) error { return locate(points, owners[:3*len(points)]) },
		prepare: func(context.Context, []orb.Point) error { clear(owners); return nil },
		collect: func(_ context.Context, faces []int32) error {
			for i := range faces {
				faces[i] = owners[3*i+2]
			}
			return nil
		},
	}
}

func ordered(s system) system {
	s.ordered = true
	return s
}

// locate asks point by point.
func (l levels) locate(points []orb.Point, owners []int32) error {
	for i, p := range points {
		l.all.Locate(p, owners[3*i:3*i+3])
	}
	return nil
}

// levelsTable prints a row for every system, and after each for three levels how many times as long as the one before it took.
func (b *bench) levelsTable(title string, drawn []sample, systems []system, results []result) {
	head := []string{"how"}
	for _, s := range drawn {
		head = append(head, s.name, "ratio to the deepest alone")
	}
	rows := [][]string{append(head, "answers that differ")}
	for i, s := range systems {
		row, base := []string{s.name}, results[i-i%2]
		for k, ns := range results[i].ns {
			row = append(row, fmt.Sprintf("%.1f ns", ns), times(ns/base.ns[k]))
		}
		rows = append(rows, append(row, fmt.Sprintf("%d of %d", results[i].differ, results[i].asked)))
	}
	b.table(title, rows...)
}
