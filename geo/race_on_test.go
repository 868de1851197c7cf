//go:build race

package geo_test

// raced says that the race detector is on. Then a sync.Pool loses some of what it is given, on purpose.
const raced = true
