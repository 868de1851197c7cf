package limits_test

import (
	"runtime"
	"testing"

	"hazgrid/internal/limits"
)

// A taker is a test that remembers whether it failed.
type taker struct {
	testing.TB
	failed bool
}

func (t *taker) Helper()               {}
func (t *taker) Errorf(string, ...any) { t.failed = true }

func TestHold(t *testing.T) {
	for times, want := range map[int]bool{1: false, 10: true} {
		got := &taker{TB: t}
		limits.Hold(got, func() {
			for range times {
				runtime.KeepAlive(make([]byte, 60<<20))
			}
		})
		if got.failed != want {
			t.Errorf("%d times 60 MB: failed is %v, want %v", times, got.failed, want)
		}
	}
}
