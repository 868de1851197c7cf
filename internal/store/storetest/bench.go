package storetest

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"testing"

	"hazgrid/internal/store"
	"hazgrid/safety"

	"github.com/paulmach/orb"
)

// Sizes of the district that Benchmark makes: 40 by 40 grids below 4 by 4 below one.
const (
	benchSide        = 40
	benchEnterprises = 20_000
)

// Benchmark measures s, an empty division: the import of so many hazards, the load of
// everything, of a small change, and the grids' import that places all of it anew.
func Benchmark(b *testing.B, s store.Store, hazards int) {
	must := func(batch safety.Batch) {
		if _, err := s.Apply(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
	must(benchGrids(0))
	must(safety.Batch{Kind: safety.Enterprises, Records: benchRecords(safety.Enterprises, benchEnterprises, "e")})
	run := 0
	b.Run(fmt.Sprintf("import=%d", hazards), func(b *testing.B) {
		for b.Loop() {
			run++
			must(safety.Batch{Kind: safety.Hazards, Records: benchRecords(safety.Hazards, hazards, fmt.Sprint("h", run, "-"))})
		}
		b.ReportMetric(float64(hazards)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
	})
	b.Run(fmt.Sprintf("unchanged=%d", hazards), func(b *testing.B) {
		for b.Loop() {
			must(safety.Batch{Kind: safety.Hazards, Records: benchRecords(safety.Hazards, hazards, fmt.Sprint("h", run, "-"))})
		}
	})
	var version int64
	b.Run(fmt.Sprintf("load=%d", hazards*run), func(b *testing.B) {
		for b.Loop() {
			r, err := s.Load(b.Context(), 0)
			if err != nil || len(r.Hazards) != hazards*run {
				b.Fatalf("got %d hazards, %v, want %d", len(r.Hazards), err, hazards*run)
			}
			version = r.Version
		}
	})
	b.Run("one hazard and its delta", func(b *testing.B) {
		for b.Loop() {
			run++
			must(safety.Batch{Kind: safety.Hazards, Records: benchRecords(safety.Hazards, 1, fmt.Sprint("x", run, "-"))})
			r, err := s.Load(b.Context(), version)
			if err != nil || r.Whole {
				b.Fatalf("got whole %v, %v, want a delta", r.Whole, err)
			}
			version = r.Version
		}
	})
	b.Run("place all anew", func(b *testing.B) {
		for b.Loop() {
			run++
			must(benchGrids(run))
		}
	})
}

// benchGrids is a district of squares whose corners shift with n.
func benchGrids(n int) safety.Batch {
	shift := float64(n%7) * 1e-4
	return safety.Batch{Kind: safety.Grids, Records: func(yield func(safety.Record, error) bool) {
		number := int64(0)
		for level, side := range []int{1, 4, benchSide} {
			for i := range side * side {
				number++
				x, y, size := i%side, i/side, 1/float64(side)
				v := values{"code": fmt.Sprint("g", level+1, "-", i), "level": level + 1}
				shape := square(120+shift+float64(x)*size, 27+float64(y)*size, size, size)
				if !yield(benchRecord(safety.Grids, number, shape, v), nil) {
					return
				}
			}
		}
	}}
}

// benchRecords yields n hazards or enterprises at random points, every second hazard at its enterprise.
func benchRecords(k safety.Kind, n int, prefix string) iter.Seq2[safety.Record, error] {
	return func(yield func(safety.Record, error) bool) {
		random := rand.New(rand.NewPCG(1, uint64(n)))
		for i := range n {
			v := values{"id": fmt.Sprint(prefix, i)}
			var at orb.Geometry = orb.Point{120 + random.Float64(), 27 + random.Float64()}
			if k == safety.Hazards {
				v["enterprise"], v["severity"], v["source"], v["aspect"] = fmt.Sprint("e", random.IntN(benchEnterprises)), "general", "patrol", "fire"
				v["found_at"], v["due_at"] = day(1+i%20), day(10+i%20)
				v["item"], v["description"] = "wires", "extension lead across the stairs"
				if i%2 == 0 {
					at = nil
				}
			}
			if !yield(benchRecord(k, int64(i+1), at, v), nil) {
				return
			}
		}
	}
}

func benchRecord(k safety.Kind, number int64, at orb.Geometry, v values) safety.Record {
	r, _ := build(k, number, at, v)
	return r
}
