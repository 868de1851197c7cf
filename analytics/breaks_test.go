package analytics_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"hazgrid/analytics"
)

func ExampleJenks() {
	found := []float64{1, 2, 1, 30, 31, 33, 200}
	fmt.Println(analytics.Jenks(found, 3))
	fmt.Println(analytics.Equal(found, 2))
	// Output:
	// [1 30 200 200]
	// [1 100.5 200]
}

func oracle(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "testdata", "oracle", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

// classInt, in R, is the judge: testdata/oracle/jenks.R made the numbers.
func TestJenksOfClassInt(t *testing.T) {
	var judge struct {
		Values map[string][]float64
		Cases  []struct {
			Values   string
			Classes  int
			Counts   []int
			Goodness float64
		}
	}
	oracle(t, "jenks.json", &judge)
	if len(judge.Cases) != 20 {
		t.Fatalf("%d cases", len(judge.Cases))
	}
	for _, c := range judge.Cases {
		values := judge.Values[c.Values]
		counts, within := classed(values, analytics.Jenks(values, c.Classes))
		_, all := classed(values, analytics.Jenks(values, 1))
		got := 1 - within/all
		if c.Values == "large" {
			// Values of a million that differ in decimals: classInt's sums of squares lose these, and two of its four
			// classings are not the best.
			if got < c.Goodness-1e-9 {
				t.Errorf("%s in %d: goodness %v, classInt %v", c.Values, c.Classes, got, c.Goodness)
			}
			continue
		}
		if math.Abs(got-c.Goodness) > 1e-11 {
			t.Errorf("%s in %d: goodness %v, classInt %v", c.Values, c.Classes, got, c.Goodness)
		}
		// 1 to 12 have several optima.
		if c.Values != "even" && !slices.Equal(counts, c.Counts) {
			t.Errorf("%s in %d: %v, classInt %v", c.Values, c.Classes, counts, c.Counts)
		}
	}
}

// classed returns how many values each class holds, and the sum of squared deviations from the means of the classes.
func classed(values, breaks []float64) (counts []int, within float64) {
	members := make([][]float64, len(breaks)-1)
	for _, v := range values {
		i := analytics.Class(breaks, v)
		members[i] = append(members[i], v)
	}
	for _, m := range members {
		counts = append(counts, len(m))
		var mean float64
		for _, v := range m {
			mean += v / float64(len(m))
		}
		for _, v := range m {
			within += (v - mean) * (v - mean)
		}
	}
	return counts, within
}

// All ways to part a few values are tried.
func TestJenksIsTheOptimum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Map(rapid.IntRange(0, 60), func(i int) float64 { return float64(i) / 4 }), 1, 10).Draw(t, "values")
		classes := rapid.IntRange(1, 5).Draw(t, "classes")
		breaks := analytics.Jenks(values, classes)
		counts, got := classed(values, breaks)
		if slices.Contains(counts, 0) || len(counts) > classes {
			t.Fatalf("classes %v of %v", counts, breaks)
		}
		best := math.Inf(1)
		distinct := slices.Compact(slices.Sorted(slices.Values(values)))
		for inner := range 1 << (len(distinct) - 1) {
			try := []float64{distinct[0]}
			for i, v := range distinct[1:] {
				if inner>>i&1 == 1 {
					try = append(try, v)
				}
			}
			if len(try) > classes {
				continue
			}
			_, within := classed(values, append(try, distinct[len(distinct)-1]))
			best = min(best, within)
		}
		if got > best+1e-9 {
			t.Fatalf("%v leaves %v, the best %v", breaks, got, best)
		}
	})
}

func TestEqual(t *testing.T) {
	for _, c := range []struct {
		values  []float64
		classes int
		want    []float64
	}{
		{nil, 3, nil},
		{[]float64{1}, 0, nil},
		{[]float64{4, 4}, 3, []float64{4, 4}},
		{[]float64{9, 1, 2}, 4, []float64{1, 3, 5, 7, 9}},
	} {
		if got := analytics.Equal(c.values, c.classes); !slices.Equal(got, c.want) {
			t.Errorf("%v in %d: %v, want %v", c.values, c.classes, got, c.want)
		}
	}
}

func TestStep(t *testing.T) {
	limits := []float64{1, 5, 10}
	for v, want := range map[float64]int{-1: 0, 0.9: 0, 1: 1, 4: 1, 5: 2, 10: 3, 99: 3} {
		if got := analytics.Step(limits, v); got != want {
			t.Errorf("%v is in class %d, want %d", v, got, want)
		}
	}
}

func BenchmarkJenks(b *testing.B) {
	for _, n := range []int{1888, 100_000} {
		values := make([]float64, n)
		for i := range values {
			values[i] = math.Mod(float64(i)*math.Phi, 1) * float64(i%97)
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				analytics.Jenks(values, 7)
			}
		})
	}
}
