//go:build !race

package geo_test

// raced says that the race detector is on.
const raced = false
