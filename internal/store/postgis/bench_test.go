package postgis_test

import (
	"testing"

	"hazgrid/internal/store/postgis"
	"hazgrid/internal/store/postgis/pgtest"
	"hazgrid/internal/store/storetest"
)

func BenchmarkStore(b *testing.B) {
	s, err := postgis.Open(b.Context(), pgtest.DB(b), "330381", true)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	storetest.Benchmark(b, s, 1_000_000)
}
