package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// register writes n enterprises, the places of odd ones depending on shift.
func register(t *testing.T, n int, shift float64) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("id,name,lon,lat\n")
	for i := range n {
		fmt.Fprintf(&b, "e%06d,厂%d,%.6f,%.6f\n", i, i, 120+float64(i%1000)/1000+float64(i%2)*shift, 27+float64(i/1000)/1000)
	}
	return write(t, "register.csv", b.String())
}

// An import that is interrupted leaves the store as it was, whenever that happens, and can be done again.
func TestInterrupt(t *testing.T) {
	program(t)
	rows := 20_000
	first, second := register(t, rows, 0), register(t, rows, 0.0001)
	stores(t, func(t *testing.T, db string) {
		must(t, "import", "grids", "--db", db, write(t, "g.geojson", liveGrids))
		must(t, "import", "enterprises", "--db", db, first)
		state := func() string {
			return must(t, "batches", "--db", db) + must(t, "tally", "--db", db, "--level", "1", "--at", "2014-12-31", "--format", "csv")
		}
		before := state()
		interrupted := 0
		for _, after := range []time.Duration{5, 100, 200, 300, 400, 600, 900} {
			code, said := interrupt(t, after*time.Millisecond, "import", "enterprises", "--db", db, "--sync", second)
			if code == 0 {
				break // it was quicker
			}
			if code != exitFailed || said != "" && !strings.Contains(said, "interrupted: nothing of this file was written") {
				t.Errorf("after %d ms: exit status %d, said %q", after, code, said)
			}
			if got := state(); got != before {
				t.Errorf("after %d ms: got\n%s\nwant\n%s", after, got, before)
			}
			interrupted++
		}
		if interrupted < 2 {
			t.Errorf("only %d of 7 imports were interrupted", interrupted)
		}
		must(t, "import", "enterprises", "--db", db, "--sync", second)
		if out := must(t, "import", "enterprises", "--db", db, "--sync", second); !strings.Contains(out, fmt.Sprintf("%d unchanged", rows)) {
			t.Errorf("the second time: %s", out)
		}
	})
}

// interrupt runs the program as another process, sends it SIGINT, and returns its exit status and what it said.
// Before the program has set itself up, the signal ends it as it would any other: that counts as exit status 1.
func interrupt(t *testing.T, after time.Duration, args ...string) (code int, said string) {
	t.Helper()
	var out bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program(t), args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(after)
	_ = cmd.Process.Signal(os.Interrupt) // it may have ended
	_ = cmd.Wait()
	if s, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && s.Signaled() {
		return exitFailed, out.String()
	}
	return cmd.ProcessState.ExitCode(), out.String()
}

// On a terminal an import shows rows per second and the time left; the bar is gone at the end.
func TestProgress(t *testing.T) {
	if _, err := exec.LookPath("script"); err != nil {
		t.Skip("no script(1) to lend a terminal")
	}
	in, db := register(t, 500_000, 0), filepath.Join(t.TempDir(), "x.gpkg")
	line := fmt.Sprintf("%s import enterprises --db %s %s", program(t), db, in)
	out, err := exec.CommandContext(t.Context(), "script", "-qefc", line, "/dev/null").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, want := range []string{"rows/s", "500000 rows read, writing for", "s]", "500000 inserted"} {
		if !bytes.Contains(out, []byte(want)) {
			t.Errorf("the terminal shows no %q: %q", want, out[:min(len(out), 2000)])
		}
	}
}
