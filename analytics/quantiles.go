package analytics

import "slices"

// Quantiles returns the breaks b[0] ≤ … ≤ b[k] of k classes that hold about
// equally many values each: class i is b[i] ≤ v < b[i+1], the last one with
// its upper end. b[0] is the least value and b[k] the greatest.
//
// An inner break is the value with ⌊i·n/classes⌋ of the n values before it in
// order: the quantile of Hyndman & Fan's (1996) definition 1, the inverse of
// the empirical distribution, taken from the right where that has a step. So
// each break is one of the values and no class is empty: where values
// tie, breaks coincide and are one, and there are fewer classes.
//
// Values hold no NaN; they are not changed. The result is nil when there are
// no values, or classes < 1; values that are all equal make one class.
func Quantiles(values []float64, classes int) []float64 {
	n := len(values)
	if n == 0 || classes < 1 {
		return nil
	}
	sorted := slices.Sorted(slices.Values(values))
	k := min(classes, n) // more classes than values would only repeat breaks
	breaks := make([]float64, 0, k+1)
	for i := range k {
		breaks = append(breaks, sorted[i*n/k])
	}
	return append(slices.Compact(breaks), sorted[n-1])
}

// Class is the index of the class of v among breaks as Quantiles returns them:
// 0 to len(breaks)-2. It is -1 for a value below the first break or above the
// last, for NaN, and when there are no breaks.
func Class(breaks []float64, v float64) int {
	last := len(breaks) - 1
	if last < 1 || !(v >= breaks[0] && v <= breaks[last]) {
		return -1
	}
	i, found := slices.BinarySearch(breaks[:last], v)
	if found {
		return i
	}
	return i - 1
}
