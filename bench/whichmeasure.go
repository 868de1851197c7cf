package main

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"time"

	"github.com/paulmach/orb"
)

// A system is one way to find the grids of points.
type system struct {
	name    string
	answer  func(points []orb.Point, faces []int32) error // -1 for none; nil: the system is absent
	ordered bool                                          // gets the points along a Morton curve
	server  bool                                          // answers from another process
	limit   int                                           // takes so many of the points, 0: all
	floor   bool                                          // answers nothing: only its time counts
	cost    cost                                          // none for one whose index is another's, or elsewhere

	// A system whose answers are not there when answer returns takes the points in, and gives the
	// faces out, while no time is taken.
	prepare func(context.Context, []orb.Point) error
	collect func(context.Context, []int32) error
}

// A cost is what an index takes: heap over what the cells take, and time to build it, by the clock and of all
// processors together.
type cost struct {
	bytes       int64
	took, spent time.Duration
}

// built makes an index and says what it costs: one that is quickly made is made five times, and the
// medians are told.
func built[T any](build func() (T, error)) (index T, c cost, err error) {
	empty := heap()
	var took, used []time.Duration
	for len(took) == 0 || took[0] < time.Second && len(took) < 5 {
		began, before := time.Now(), spent()
		made, err := build()
		if err != nil {
			return index, c, err
		}
		took, used = append(took, time.Since(began)), append(used, spent()-before)
		if len(took) == 1 {
			index, c.bytes = made, heap()-empty
		}
	}
	c.took, c.spent = median(took), median(used)
	return index, c, nil
}

// heap is the live heap in bytes.
func heap() int64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.GC() // what the first only marked as finished
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// A result is what one system needed for a point of each sample, in nanoseconds, and how often it
// answered otherwise than the oracle.
type result struct {
	ns            []float64
	asked, differ int
}

// compare lets the systems take turns on the same points and checks each answer of the first round.
func compare(ctx context.Context, systems []system, drawn []sample, rounds int) ([]result, error) {
	runtime.LockOSThread() // whose time is taken
	defer runtime.UnlockOSThread()
	box := orb.MultiPoint(drawn[0].points).Bound()
	results := make([]result, len(systems))
	for _, s := range drawn {
		ordered := s.ordered(box)
		ns := make([][]float64, len(systems))
		for round := range rounds {
			for i, one := range systems {
				given := s
				if one.ordered {
					given = ordered
				}
				took, differ, err := one.ask(ctx, given.first(one.limit))
				if err != nil {
					return nil, fmt.Errorf("%s: %w", one.name, err)
				}
				if ns[i] = append(ns[i], took); round == 0 {
					results[i].asked += len(given.first(one.limit).points)
					results[i].differ += differ
				}
			}
		}
		for i := range systems {
			results[i].ns = append(results[i].ns, median(ns[i]))
		}
	}
	return results, nil
}

// enough is how long a system of this process answers the same points over and over for one figure: where a thread's
// time is counted in ticks of 4 ms, that is to 3 %.
const enough = 150 * time.Millisecond

// ask returns the nanoseconds for a point, and how many answers differ from those wanted.
func (one *system) ask(ctx context.Context, s sample) (ns float64, differ int, err error) {
	if one.answer == nil {
		return math.NaN(), 0, nil
	}
	if one.prepare != nil {
		if err := one.prepare(ctx, s.points); err != nil {
			return 0, 0, err
		}
	}
	faces := make([]int32, len(s.points))
	clock := busy
	if one.server {
		clock = func() time.Duration { return time.Duration(time.Now().UnixNano()) }
	}
	took, passes := time.Duration(0), 0
	for start := clock(); err == nil && (passes == 0 || !one.server && took < enough); passes++ {
		err = one.answer(s.points, faces)
		took = clock() - start
	}
	ns = float64(took) / float64(passes*len(s.points))
	if one.collect != nil && err == nil {
		err = one.collect(ctx, faces)
	}
	for i, want := range s.want {
		if !one.floor && faces[i] != want {
			differ++
		}
	}
	return ns, differ, err
}

// whichTable prints a row for every system; the first is ours.
func (b *bench) whichTable(title string, grids int, drawn []sample, systems []system, results []result) {
	head := []string{"system"}
	for _, s := range drawn {
		head = append(head, s.name, "ratio")
	}
	rows := [][]string{append(head, "answers that differ", "bytes a grid", "build", "of all processors")}
	for i, s := range systems {
		row, r := []string{s.name}, results[i]
		for k, ns := range r.ns {
			row = append(row, nanoseconds(ns), times(ns/results[0].ns[k]))
		}
		differ, bytes, took, used := "", "", "", ""
		if s.answer != nil && !s.floor {
			differ = fmt.Sprintf("%d of %d", r.differ, r.asked)
		}
		if s.cost.took > 0 {
			bytes, took, used = fmt.Sprint(s.cost.bytes/int64(grids)), ms(s.cost.took), ms(s.cost.spent)
		}
		rows = append(rows, append(row, differ, bytes, took, used))
	}
	b.table(title, rows...)
}

// times writes a ratio.
func times(x float64) string {
	switch {
	case math.IsNaN(x):
		return ""
	case x >= 100:
		return fmt.Sprintf("%.0f", x)
	default:
		return fmt.Sprintf("%.2f", x)
	}
}

// nanoseconds writes a time for a point.
func nanoseconds(ns float64) string {
	switch {
	case math.IsNaN(ns):
		return ""
	case ns >= 10_000:
		return fmt.Sprintf("%.1f µs", ns/1000)
	default:
		return fmt.Sprintf("%.0f ns", ns)
	}
}
