package gpkg

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/paulmach/orb"

	"hazgrid/safety"
)

// checkered is n × n grids of 0.01°.
func checkered(n int) safety.Batch {
	return made(safety.Grids, n*n, func(i int) safety.Record {
		x, y := 120+float64(i%n)/100, 27+float64(i/n)/100
		return record(safety.Grids, 0, row{"code": fmt.Sprintf("g%05d", i), "level": int64(1)}, box(x, y, x+0.01, y+0.01))
	})
}

// BenchmarkImport writes hazards of 20,000 enterprises, every second with its own location.
func BenchmarkImport(b *testing.B) {
	for _, n := range []int{25_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for i := range b.N {
				s := filled(b, fmt.Sprint(i), n)
				b.StopTimer()
				start := time.Now()
				r, err := s.Load(b.Context(), 0)
				if err != nil || len(r.Hazards) != n {
					b.Fatal(len(r.Hazards), err)
				}
				b.ReportMetric(time.Since(start).Seconds(), "s/load")
				start = time.Now()
				var rows int
				if err := s.reader.QueryRowContext(b.Context(), "SELECT count(*) FROM grid_tally WHERE found >= 0").Scan(&rows); err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(time.Since(start).Seconds(), "s/tally")
				if err := s.Close(); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
		})
	}
}

func filled(b *testing.B, name string, n int) *Store {
	b.StopTimer()
	s, err := Open(b.Context(), filepath.Join(b.TempDir(), name+".gpkg"), "0", true)
	if err != nil {
		b.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	point := func() orb.Point { return orb.Point{120 + r.Float64()/2.4, 27 + r.Float64()/2.4} }
	enterprises := made(safety.Enterprises, 20_000, func(i int) safety.Record {
		return record(safety.Enterprises, 0, row{"id": fmt.Sprintf("e%06d", i)}, point())
	})
	for _, batch := range []safety.Batch{checkered(43), enterprises} {
		if _, err := s.Apply(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
	b.StartTimer()
	_, err = s.Apply(b.Context(), made(safety.Hazards, n, func(i int) safety.Record {
		found := at("2014-01-01") + safety.Time(r.Int64N(365*86400_000))
		v := row{
			"id": fmt.Sprintf("h%07d", i), "enterprise": fmt.Sprintf("e%06d", r.IntN(20_000)), "found_at": found, "due_at": found + 10*86400_000,
			"severity": "general", "source": "patrol", "aspect": "fire", "item": "wires", "description": "电线未套管",
		}
		if r.IntN(2) == 0 {
			v["rectified_at"] = found + safety.Time(r.Int64N(20*86400_000))
		}
		var g orb.Geometry
		if i%2 == 0 {
			g = point()
		}
		return record(safety.Hazards, 0, v, g)
	}))
	if err != nil {
		b.Fatal(err)
	}
	return s
}
