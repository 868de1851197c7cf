package analytics_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"hazgrid/analytics"

	"pgregory.net/rapid"
)

func ExampleQuantiles() {
	density := []float64{0, 0, 0, 1, 2, 3, 5, 8, 13}
	breaks := analytics.Quantiles(density, 3)
	fmt.Println(breaks)
	fmt.Println(analytics.Class(breaks, 0), analytics.Class(breaks, 1), analytics.Class(breaks, 13))
	// Output:
	// [0 1 5 13]
	// 0 1 2
}

func TestQuantiles(t *testing.T) {
	for _, c := range []struct {
		name    string
		values  []float64
		classes int
		want    []float64
	}{
		{"none", nil, 7, nil},
		{"no classes", []float64{1}, 0, nil},
		{"one value", []float64{4}, 7, []float64{4, 4}},
		{"all equal", []float64{4, 4, 4}, 7, []float64{4, 4}},
		{"fewer values than classes", []float64{3, 1, 2}, 7, []float64{1, 2, 3, 3}},
		{"mostly zero", []float64{0, 0, 0, 0, 0, 0, 0, 0, 1, 2}, 5, []float64{0, 1, 2}},
		// PostgreSQL 15 (definition 1 too): select percentile_disc(array[0,.25,.5,.75,1]) within group
		// (order by v) from unnest(array[2,3,5,7,11,13,17,19,23,29,31]) v; no k/4*11 between is whole.
		{"primes", []float64{31, 2, 3, 5, 7, 11, 13, 17, 19, 23, 29}, 4, []float64{2, 5, 13, 23, 31}},
		{"equal counts", []float64{1, 2, 3, 4, 5, 6}, 3, []float64{1, 3, 5, 6}},
	} {
		if got := analytics.Quantiles(c.values, c.classes); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestClassOutside(t *testing.T) {
	for _, v := range []float64{-1, 3.1, math.NaN(), math.Inf(1), math.Inf(-1)} {
		if got := analytics.Class([]float64{0, 1, 3}, v); got != -1 {
			t.Errorf("Class of %v is %d", v, got)
		}
	}
	if got := analytics.Class(nil, 0); got != -1 {
		t.Errorf("without breaks: %d", got)
	}
}

func TestClassesAreFullAndEven(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// Few different values, so that they tie.
		values := rapid.SliceOfN(rapid.Map(rapid.IntRange(0, 40), func(i int) float64 { return float64(i) / 8 }), 1, 200).Draw(t, "values")
		classes := rapid.IntRange(1, 9).Draw(t, "classes")
		before := slices.Clone(values)
		breaks := analytics.Quantiles(values, classes)
		if !slices.Equal(values, before) {
			t.Fatal("the values were changed")
		}
		if len(breaks) < 2 || len(breaks) > classes+1 || !slices.IsSorted(breaks) {
			t.Fatalf("breaks %v", breaks)
		}
		counts := make([]int, len(breaks)-1)
		for _, v := range values {
			counts[analytics.Class(breaks, v)]++
		}
		if slices.Contains(counts, 0) {
			t.Fatalf("an empty class: %v %v", breaks, counts)
		}
	})
}

func TestDistinctValuesSplitEvenly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfNDistinct(rapid.Float64Range(-1e6, 1e6), 1, 100, rapid.ID).Draw(t, "values")
		classes := rapid.IntRange(1, len(values)).Draw(t, "classes")
		breaks := analytics.Quantiles(values, classes)
		counts := make([]int, classes)
		for _, v := range values {
			counts[analytics.Class(breaks, v)]++
		}
		if low, high := slices.Min(counts), slices.Max(counts); high-low > 1 {
			t.Fatalf("counts %v", counts)
		}
	})
}
