package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// A toll is what a command took.
type toll struct {
	wall time.Duration
	cpu  time.Duration // of the command itself: a database server's is not in it
	peak int64         // bytes of memory it held at most; 0 where the system does not tell
}

// measured runs a command.
func measured(ctx context.Context, name string, args ...string) (toll, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	start := time.Now()
	err := cmd.Start()
	if err == nil {
		peak, done := watchMemory(cmd.Process.Pid)
		err = cmd.Wait()
		took := time.Since(start)
		done()
		if err == nil {
			return toll{took, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), *peak}, nil
		}
	}
	return toll{}, fmt.Errorf("%s %s: %w: %s", filepath.Base(name), strings.Join(args, " "), err, said.Bytes())
}

// watchMemory looks at the memory of a process until done is called: only then is peak to be read.
func watchMemory(pid int) (peak *int64, done func()) {
	peak = new(int64)
	stop := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			*peak = max(*peak, peakMemory(pid))
			select {
			case <-stop:
				return
			case <-tick.C:
			}
		}
	})
	return peak, func() {
		close(stop)
		watching.Wait()
	}
}

// A runner is one way to do the work of a table. Its run makes ready what is not measured and returns what the work took.
type runner struct {
	name   string
	absent string // why it cannot run
	run    func(ctx context.Context) (toll, error)
}

// needs is why a runner cannot run without a program, "" when it can.
func needs(program string) string {
	if _, err := exec.LookPath(program); err != nil {
		return program + " is absent"
	}
	return ""
}

// compete lets the runners take turns and shows the medians, for n things of one sort. The first runner is ours.
func (b *bench) compete(ctx context.Context, heading string, n, rounds int, runners ...runner) error {
	tolls := make([][]toll, len(runners))
	for range rounds {
		for i, r := range runners {
			if r.absent != "" {
				continue
			}
			c, err := r.run(ctx)
			if err != nil {
				return fmt.Errorf("%s: %w", r.name, err)
			}
			tolls[i] = append(tolls[i], c)
		}
	}
	rows := [][]string{{"", "time", "of that CPU of the program", "a second", "peak memory", "ratio to ours"}}
	ours := medianToll(tolls[0])
	for i, r := range runners {
		if r.absent != "" {
			rows = append(rows, []string{r.name, r.absent, "", "", "", ""})
			continue
		}
		c := medianToll(tolls[i])
		rows = append(rows, []string{
			r.name, seconds(c.wall), seconds(c.cpu), fmt.Sprintf("%.0f", float64(n)/c.wall.Seconds()),
			megabytes(c.peak), fmt.Sprintf("%.2f", c.wall.Seconds()/ours.wall.Seconds()),
		})
	}
	b.table(heading, rows...)
	return nil
}

func megabytes(n int64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d MB", n>>20)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

// medianToll is the median of each.
func medianToll(all []toll) toll {
	var walls, cpus []time.Duration
	var peaks []int64
	for _, c := range all {
		walls, cpus, peaks = append(walls, c.wall), append(cpus, c.cpu), append(peaks, c.peak)
	}
	return toll{median(walls), median(cpus), median(peaks)}
}
