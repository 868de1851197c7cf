package export

import (
	"errors"
	"io"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/paulmach/orb"
)

// A block is a piece of the points on its way: read, answered by one worker, written in its turn.
// Its memory is used again for a later piece.
type block struct {
	text  []byte // as it came: whole records or elements
	first bool   // of all
	lines int    // in text; CSV only

	closed bool // the array ends in text; JSON only

	points []orb.Point // in degrees, WGS 84
	rows   []row       // where each point's text is; as many as points
	grids  []int32     // of each point, level 1 first
	metres []float64   // from each point to its grid; only where it may be snapped
	side   []byte      // texts that had to be written anew
	bad    []badRow
	out    []byte
	err    error // nothing of the block is written, and nothing after it

	answered chan struct{}
}

// A row is the place of one record in text, or in side.
type row struct {
	from, to int
	blanks   int // cells that are missing at its end
	anew     bool
}

// badRow says why row number n has no answer.
type badRow struct {
	n    int
	err  error
	text []byte // of the element; JSON only
}

func (b *block) reset() {
	b.lines, b.closed, b.err = 0, false, nil
	b.points, b.rows, b.side, b.bad, b.out = b.points[:0], b.rows[:0], b.side[:0], b.bad[:0], b.out[:0]
}

// A flow takes blocks from a reader past workers to a writer, in order, with a bounded number of them in memory.
type flow struct {
	next  func(b *block) error // fills b.text; io.EOF with the last one, which may be empty
	work  func() func(*block)  // makes a worker, which only one goroutine uses
	write func(b *block) error // called in order

	free, order, todo chan *block
	failed            atomic.Bool // the writer has stopped
}

// mostWorkers is how many are enough to keep one reader and one writer busy.
const mostWorkers = 8

// run returns when all is written, or at the first error, in the order of the blocks; no goroutine outlives it.
func (f *flow) run() error {
	workers := min(runtime.GOMAXPROCS(0), mostWorkers)
	n := 2*workers + 2 // one is read, one written, and each worker has one and one more waits
	f.free, f.order, f.todo = make(chan *block, n), make(chan *block, n), make(chan *block, n)
	for range n {
		f.free <- &block{answered: make(chan struct{}, 1)}
	}
	var wg sync.WaitGroup
	for range workers {
		wg.Go(f.answer)
	}
	var written error
	wg.Go(func() { written = f.writeAll() })
	read := f.readAll()
	close(f.todo)
	close(f.order)
	wg.Wait()
	if written != nil {
		return written
	}
	return read
}

// readAll reads in the caller's goroutine: it alone may wait for the other side.
func (f *flow) readAll() error {
	for first := true; !f.failed.Load(); first = false {
		b := <-f.free
		b.reset()
		b.first = first
		err := f.next(b)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		f.order <- b
		f.todo <- b
		if err != nil {
			return nil
		}
	}
	return nil
}

func (f *flow) answer() {
	var work func(*block)
	for b := range f.todo {
		if work == nil {
			work = f.work()
		}
		if !f.failed.Load() {
			work(b)
		}
		b.answered <- struct{}{}
	}
}

// writeAll writes the blocks until one fails, and lets the others pass so that the reader comes to its end.
func (f *flow) writeAll() (err error) {
	for b := range f.order {
		<-b.answered
		if err == nil {
			if err = b.err; err == nil {
				err = f.write(b)
			}
			if err != nil {
				f.failed.Store(true)
			}
		}
		f.free <- b
	}
	return err
}
