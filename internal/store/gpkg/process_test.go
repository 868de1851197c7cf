package gpkg

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/paulmach/orb"

	"hazgrid/safety"
)

// batchSize is how many hazards the other process writes with each batch: enough for the path without triggers.
const batchSize = 3000

// TestMain lets this program be the other process too.
func TestMain(m *testing.M) {
	if path := os.Getenv("GPKG_TEST_WRITE"); path != "" {
		if err := writeBatches(path, os.Getenv("GPKG_TEST_BATCHES")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// writeBatches adds batches of hazards and prints each version once it is acknowledged.
func writeBatches(path, batches string) error {
	n, err := strconv.Atoi(batches)
	if err != nil {
		return err
	}
	ctx := context.Background()
	s, err := Open(ctx, path, "0", false)
	if err != nil {
		return err
	}
	for b := range n {
		size := batchSize
		if large := os.Getenv("GPKG_TEST_SIZE"); large != "" {
			if size, err = strconv.Atoi(large); err != nil {
				return err
			}
		}
		r, err := s.Apply(ctx, made(safety.Hazards, size, func(i int) safety.Record {
			p := orb.Point{120 + float64(i%100)/50, 27 + float64(i/100)/50}
			return record(safety.Hazards, 0, row{"id": fmt.Sprintf("b%d-%d", b, i), "found_at": at("2014-12-01")}, p)
		}))
		if err != nil {
			return err
		}
		fmt.Println(r.Version)
	}
	return s.Close()
}

func other(t *testing.T, path string, batches int) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), "GPKG_TEST_WRITE="+path, "GPKG_TEST_BATCHES="+strconv.Itoa(batches))
	cmd.Stderr = os.Stderr
	return cmd
}

// TestOtherProcessWrites wants each version of another process seen within 250 ms of its acknowledgement, and loaded.
func TestOtherProcessWrites(t *testing.T) {
	s, path := tempStore(t, small()...)
	versions := watched(t, s)
	before := load(t, s, 0)
	cmd := other(t, path, 3)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		var v int64
		if _, err := fmt.Fscan(out, &v); err != nil {
			t.Fatal(err)
		}
		start, seen := time.Now(), int64(0)
		for seen < v {
			select {
			case seen = <-versions:
			case <-time.After(2 * time.Second):
				t.Fatalf("version %d was never seen", v)
			}
		}
		if late := time.Since(start); late > time.Second {
			t.Errorf("version %d was seen %v late", v, late)
		}
		if r := load(t, s, before.Version); r.Whole || len(r.Hazards) < (i+1)*batchSize {
			t.Errorf("version %d: whole %v, %d hazards", v, r.Whole, len(r.Hazards))
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	checkIndexes(t, s)
}

// TestKill9 kills a writing process at random moments: a batch is there or not, nothing that was
// acknowledged is lost, and the file is sound.
func TestKill9(t *testing.T) {
	for i := range 6 {
		path := filepath.Join(t.TempDir(), "killed.gpkg")
		s, err := Open(t.Context(), path, "0", true)
		if err != nil {
			t.Fatal(err)
		}
		apply(t, s, small()[0])
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		cmd := other(t, path, 1000)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(300*time.Millisecond+time.Duration(i)*137*time.Millisecond, func() { _ = cmd.Process.Kill() })
		said, err := io.ReadAll(out)
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err == nil {
			t.Fatal("the process ended before it was killed")
		}
		acknowledged := strings.Count(string(said), "\n")
		s, err = Open(t.Context(), path, "0", false)
		if err != nil {
			t.Fatal(err)
		}
		r := load(t, s, 0)
		if n := len(r.Hazards); n%batchSize != 0 || n/batchSize < acknowledged || n/batchSize > acknowledged+1 || r.Version != int64(1+n/batchSize) {
			t.Errorf("%d batches acknowledged, %d hazards there, version %d", acknowledged, n, r.Version)
		}
		checkIndexes(t, s)
		t.Logf("killed after %d batches, %d there", acknowledged, len(r.Hazards)/batchSize)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestKilledGround kills a process while it lays a first batch, later each time: the batch is there or not, and the file sound.
func TestKilledGround(t *testing.T) {
	const size = 40_000
	whole := 0
	for i := 0; i < 12 && whole < 2; i++ {
		s, path := tempStore(t, small()[0])
		cmd := other(t, path, 1)
		cmd.Env = append(cmd.Env, "GPKG_TEST_SIZE="+strconv.Itoa(size))
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Duration(50+i*i*40)*time.Millisecond, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait()
		checkIndexes(t, s)
		n := len(load(t, s, 0).Hazards)
		if n != 0 && n != size {
			t.Errorf("%d hazards are there", n)
		}
		if n == size {
			whole++
		}
		t.Logf("%v: %d hazards", cmd.ProcessState, n)
		apply(t, s, messy(safety.Hazards, 3000))
		checkIndexes(t, s)
	}
}
