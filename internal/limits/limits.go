// Package limits holds what one input may cost: fuzz targets and tests of bad files run what reads an input under it.
package limits

import (
	"fmt"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
	"testing"
	"time"
)

// What one input may cost. A test machine may be busy with other things: the time is no measure of speed.
const (
	mostBytes = 512 << 20        // on the heap, and allocated in all
	slow      = 10 * time.Second // from here on a test fails
	hung      = time.Minute      // from here on nobody waits for it any more
	look      = 50 * time.Millisecond
)

// Hold runs f, which handles one input, and fails t if that took more than 10 seconds or allocated more than 512 MB in
// all. If it takes a minute, or the heap of the process comes to 512 MB meanwhile, the process ends with all its stacks: then a
// fuzzer keeps the input. Nothing else should run in the process.
func Hold(t testing.TB, f func()) {
	t.Helper()
	w := &watch{start: time.Now()}
	w.timer = time.AfterFunc(hung, w.look)
	w.timer.Reset(look) // not before w has it
	before := read("/gc/heap/allocs:bytes")
	f()
	w.over.Store(true)
	w.timer.Stop()
	if took := time.Since(w.start); took > slow {
		t.Errorf("one input took %v, want at most %v", took, slow)
	}
	if allocated := read("/gc/heap/allocs:bytes") - before; allocated > mostBytes {
		t.Errorf("one input allocated %d MB, want at most %d", allocated>>20, mostBytes>>20)
	}
}

// A watch looks after an input that is being handled.
type watch struct {
	start time.Time
	timer *time.Timer
	over  atomic.Bool
}

func (w *watch) look() {
	if w.over.Load() {
		return
	}
	took, heap := time.Since(w.start), read("/memory/classes/heap/objects:bytes")
	if took > hung || heap > mostBytes {
		debug.SetTraceback("all")
		panic(fmt.Sprintf("limits: one input, after %v, with %d MB on the heap", took, heap>>20))
	}
	w.timer.Reset(look)
}

// read is the value of a metric of the runtime.
func read(name string) uint64 {
	sample := []metrics.Sample{{Name: name}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
