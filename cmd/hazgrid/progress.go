package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress shows on a terminal how much of a file is read, how many rows of it a second, and how
// long it will take. A nil progress shows nothing.
type progress struct {
	bar   *progressbar.ProgressBar
	name  string
	start time.Time
	rows  int64
	told  time.Time // when the rows were shown last

	end     chan struct{} // closed when the store is done
	writing sync.WaitGroup
}

// tellEvery is how often the rate of rows is shown.
const tellEvery = 200 * time.Millisecond

func (a *app) progress(path string) *progress {
	info, err := os.Stat(path)
	if err != nil || !isTerminal(a.stderr) {
		return nil
	}
	// One more than there is: a bar that is full is gone, and a store is busy for a while after that.
	bar := progressbar.NewOptions64(info.Size()+1, progressbar.OptionSetWriter(a.stderr), progressbar.OptionShowBytes(true),
		progressbar.OptionSetDescription(filepath.Base(path)), progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(true), progressbar.OptionSetElapsedTime(false), progressbar.OptionSetWidth(30))
	now := time.Now()
	return &progress{bar: bar, name: filepath.Base(path), start: now, told: now}
}

// read is told of bytes as they are read; nil when nobody looks.
func (p *progress) read() func(int) {
	if p == nil {
		return nil
	}
	return func(n int) { _ = p.bar.Add(n) } // a bar that cannot be drawn is no matter
}

// record counts a row. The clock is looked at once in some hundred rows: it costs as much as a row does.
func (p *progress) record() {
	if p == nil {
		return
	}
	if p.rows++; p.rows%256 != 0 {
		return
	}
	if now := time.Now(); now.Sub(p.told) >= tellEvery {
		p.told = now
		p.bar.Describe(p.name + " " + pace(p.rows, now.Sub(p.start)))
	}
}

// pace is a rate for people.
func pace(rows int64, in time.Duration) string {
	return fmt.Sprintf("%.0f rows/s", float64(rows)/max(in.Seconds(), 1e-3))
}

// write says, until finish, that the file is read and for how long the store has been busy.
func (p *progress) write() {
	if p == nil {
		return
	}
	p.end = make(chan struct{})
	read, tick := time.Now(), time.NewTicker(tellEvery)
	p.writing.Go(func() {
		defer tick.Stop()
		for {
			select {
			case <-p.end:
				return
			case now := <-tick.C:
				p.bar.Describe(fmt.Sprintf("%s: %d rows read, writing for %.0f s", p.name, p.rows, now.Sub(read).Seconds()))
			}
		}
	})
}

// finish clears the bar.
func (p *progress) finish() {
	if p == nil {
		return
	}
	if p.end != nil {
		close(p.end)
		p.writing.Wait()
	}
	_ = p.bar.Finish()
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
