package analytics

import (
	"math"
	"slices"
	"sort"
)

// Equal returns the breaks of classes of equal width from the least value to the greatest, in the form of Quantiles. Some
// may hold no value. Values that are all equal make one class.
func Equal(values []float64, classes int) []float64 {
	if len(values) == 0 || classes < 1 {
		return nil
	}
	low, high := slices.Min(values), slices.Max(values)
	breaks := make([]float64, 0, classes+1)
	for i := range classes {
		breaks = append(breaks, low+(high-low)*float64(i)/float64(classes))
	}
	return append(slices.Compact(breaks), high)
}

// Jenks returns the breaks of the classes that leave the least sum of squared deviations from the means of the classes:
// Fisher (1958), On grouping for maximum homogeneity; known to map makers as natural breaks, after Jenks. The form is that
// of Quantiles: an inner break is the least value of its class, no class is empty, and equal values are never parted.
//
// It is the exact optimum, found by dynamic programming over the distinct values (Wang and Song 2011). The last class of an
// optimum never begins earlier when greater values are added, so that each step divides and conquers (Grønlund et al. 2017): for n
// distinct values in k classes it takes time in k·n·log n and 4·k·n bytes.
func Jenks(values []float64, classes int) []float64 {
	if len(values) == 0 || classes < 1 {
		return nil
	}
	f := newFisher(values)
	n, k := len(f.distinct), min(classes, len(f.distinct))
	first := make([][]int32, k) // [c][j]: where the last of c+1 classes of values 0 to j begins
	for c := range first {
		first[c] = make([]int32, n)
		f.next = make([]float64, n)
		f.fill(c, span{c, n - 1}, span{c, n - 1}, first[c])
		f.least, f.next = f.next, f.least
	}
	breaks := make([]float64, k+1)
	breaks[k] = f.distinct[n-1]
	for c, j := k-1, n-1; c >= 0; c-- {
		at := int(first[c][j])
		breaks[c] = f.distinct[at]
		j = at - 1
	}
	return breaks
}

// fisher is the state of Jenks: sums over the distinct values in order, and the least costs of one and of the next number
// of classes.
type fisher struct {
	distinct            []float64
	count, sum, squares []float64 // of the values before each distinct one, measured from the middle of the range
	least, next         []float64 // by last value
}

// A span is values from first to last.
type span struct{ first, last int }

func newFisher(values []float64) *fisher {
	sorted := slices.Sorted(slices.Values(values))
	middle := sorted[0]/2 + sorted[len(sorted)-1]/2
	f := &fisher{count: []float64{0}, sum: []float64{0}, squares: []float64{0}}
	for i := 0; i < len(sorted); {
		v, from := sorted[i], i
		for i < len(sorted) && sorted[i] == v {
			i++
		}
		n, d, at := float64(i-from), v-middle, len(f.distinct)
		f.distinct = append(f.distinct, v)
		f.count = append(f.count, f.count[at]+n)
		f.sum = append(f.sum, f.sum[at]+n*d)
		f.squares = append(f.squares, f.squares[at]+n*d*d)
	}
	return f
}

// cost is the sum of squared deviations of the distinct values i to j from their mean.
func (f *fisher) cost(i, j int) float64 {
	n, s := f.count[j+1]-f.count[i], f.sum[j+1]-f.sum[i]
	return max(0, f.squares[j+1]-f.squares[i]-s*s/n)
}

// fill finds for each last value of js where the last class begins, looked for in begins only, when there are c classes
// before it. What is found for the value in the middle bounds what the values on either side need look at.
func (f *fisher) fill(c int, js, begins span, first []int32) {
	if js.first > js.last {
		return
	}
	j := (js.first + js.last) / 2
	f.next[j] = math.Inf(1)
	from, to := begins.first, min(begins.last, j)
	if c == 0 {
		to = 0 // the only class begins at the first value
	}
	at := from
	for i := from; i <= to; i++ {
		cost := f.cost(i, j)
		if c > 0 {
			cost += f.least[i-1]
		}
		if cost < f.next[j] {
			f.next[j], at = cost, i
		}
	}
	first[j] = int32(at)
	f.fill(c, span{js.first, j - 1}, span{begins.first, at}, first)
	f.fill(c, span{j + 1, js.last}, span{at, begins.last}, first)
}

// Step is the index of the class of v among classes parted by limits, which rise: how many of limits are ≤ v. There are
// len(limits)+1 classes, the outer ones open.
func Step(limits []float64, v float64) int {
	return sort.Search(len(limits), func(i int) bool { return limits[i] > v })
}
