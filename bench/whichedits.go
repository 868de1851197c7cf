package main

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/paulmach/orb"

	"hazgrid/geo"
	"hazgrid/internal/coverages"
)

const (
	editsASecond = 100
	editing      = 2 * time.Second // in a round, and as long without edits
)

// whichEdits measures edits of those drawn fields that were asked for, while one reader less than there are cores asks at
// full speed, and once more with eight.
func (b *bench) whichEdits(context.Context) error {
	for _, f := range []struct {
		name  string
		grids int
	}{{"v1888", 1888}, {"v100k", 100_000}} {
		if !slices.Contains(strings.Split(b.fields, ","), f.name) {
			continue
		}
		cells := coverages.Grids(f.grids)
		rows := [][]string{{"readers", "edits", "a second", "With to published, p50", "p99", "100 lookups without edits, p50", "p99", "beside edits, p50", "p99", "ratio of p99", "wrong of answers looked at", "answers that differ from a new index"}}
		for _, readers := range slices.Compact([]int{max(1, runtime.GOMAXPROCS(0)-1), 8}) {
			row, err := b.editsBeside(readers, cells)
			if err != nil {
				return fmt.Errorf("edits of %s: %w", f.name, err)
			}
			rows = append(rows, row)
		}
		b.table(fmt.Sprintf("Edits of %d grids (a vertex moved with all grids around it) while others read; %d times %v without edits and %v beside them, by the clock, on %d cores",
			f.grids, b.rounds, editing, editing, runtime.GOMAXPROCS(0)), rows...)
	}
	return nil
}

// editsBeside is the row for so many readers: medians over the rounds of what the readers needed, and all edits.
func (b *bench) editsBeside(readers int, cells []orb.MultiPolygon) ([]string, error) {
	perRound := int(editing.Seconds() * editsASecond)
	e, err := newEditor(cells, b.rounds*perRound)
	if err != nil {
		return nil, err
	}
	points := coverages.Scatter(coverages.Bound(cells), 200_000, 3)
	all := e.readers(readers, points)
	var took []time.Duration
	var idle, beside quantiles
	for range b.rounds {
		idle.add(all.read(func() { time.Sleep(editing) }))
		beside.add(all.read(func() {
			var more []time.Duration
			more, err = e.publish(perRound)
			took = append(took, more...)
		}))
		if err != nil {
			return nil, err
		}
	}
	differ, err := e.differ(points)
	wrong, looked := all.verdict()
	us := func(ns float64) string { return fmt.Sprintf("%.1f µs", ns/1000) }
	return []string{
		fmt.Sprint(readers), fmt.Sprint(len(took)), fmt.Sprintf("%.0f", float64(len(took))/e.spent.Seconds()),
		us(float64(percentile(took, 0.5))), us(float64(percentile(took, 0.99))),
		us(median(idle.p50)), us(median(idle.p99)), us(median(beside.p50)), us(median(beside.p99)),
		times(median(beside.p99) / median(idle.p99)), fmt.Sprintf("%d of %d", wrong, looked), fmt.Sprintf("%d of %d", differ, len(points)),
	}, err
}

// differ counts the points for which the last coverage answers otherwise than one made of its cells afresh.
func (e *editor) differ(points []orb.Point) (n int, err error) {
	c := e.current.Load()
	cells := make([]orb.MultiPolygon, c.Len())
	for i := range cells {
		cells[i] = c.Cell(i)
	}
	afresh, err := geo.NewCoverage(cells)
	if err != nil {
		return 0, err
	}
	got, want := make([]int32, len(points)), make([]int32, len(points))
	c.LocateBatch(points, got)
	afresh.LocateBatch(points, want)
	for i := range points {
		if got[i] != want[i] {
			n++
		}
	}
	return n, nil
}
