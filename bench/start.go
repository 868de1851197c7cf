package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"hazgrid/internal/store"
	"hazgrid/internal/store/gpkg"
	"hazgrid/internal/store/postgis"
	"hazgrid/safety"
)

// start measures the first snapshot of the district, and a restart with many hazards.
func (b *bench) start(ctx context.Context) error {
	file, err := b.hazardFile()
	if err != nil {
		return err
	}
	rows := [][]string{{"store", "first snapshot of the district", fmt.Sprintf("restart to ready, %d hazards", b.hazards), "bytes a hazard"}}
	for _, name := range []string{"GeoPackage", "PostGIS"} {
		row, err := b.startOf(ctx, name, file)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		rows = append(rows, row)
	}
	b.table("Start", rows...)
	return nil
}

func (b *bench) startOf(ctx context.Context, name, file string) ([]string, error) {
	db, err := b.geoPackage(ctx, "start.gpkg", safety.Kinds()...)
	if name == "PostGIS" {
		db, err = b.postGIS(ctx, safety.Kinds()...)
	}
	if err != nil {
		return nil, err
	}
	var first []time.Duration
	for range b.rounds {
		d, err := firstSnapshot(ctx, db)
		if err != nil {
			return nil, err
		}
		first = append(first, d)
	}
	_, small, err := b.restart(ctx, db)
	if err != nil {
		return nil, err
	}
	if _, err := timed(ctx, b.program, "import", "hazards", "--db", db, file); err != nil {
		return nil, err
	}
	var restarts []time.Duration
	var large int64
	for range min(b.rounds, 3) {
		d, rss, err := b.restart(ctx, db)
		if err != nil {
			return nil, err
		}
		restarts, large = append(restarts, d), rss
	}
	return []string{name, ms(median(first)), median(restarts).Round(10 * time.Millisecond).String(), fmt.Sprint((large - small) / int64(b.hazards))}, nil
}

func open(ctx context.Context, db string) (store.Store, error) {
	if strings.HasPrefix(db, "postgres") {
		return postgis.Open(ctx, db, division, false)
	}
	return gpkg.Open(ctx, db, division, false)
}

func firstSnapshot(ctx context.Context, db string) (time.Duration, error) {
	s, err := open(ctx, db)
	if err != nil {
		return 0, err
	}
	start := time.Now()
	r, err := s.Load(ctx, 0)
	if err == nil {
		_, err = safety.NewSnapshot(r, safety.TimeOf(time.Now()))
	}
	return time.Since(start), errors.Join(err, s.Close())
}

// restart starts serve and returns the time until it is ready and the memory it then holds.
func (b *bench) restart(ctx context.Context, db string) (time.Duration, int64, error) {
	begun := time.Now()
	base, stop, err := b.serve(ctx, db)
	if err != nil {
		return 0, 0, err
	}
	took := time.Since(begun)
	rss, err := resident(base.pid)
	return took, rss, errors.Join(err, stop())
}

// A service is a running serve.
type service struct {
	url string
	pid int
}

// serve starts the program on a free port and returns once it is ready.
func (b *bench) serve(ctx context.Context, db string, flags ...string) (service, func() error, error) {
	addr, err := freeAddr(ctx)
	if err != nil {
		return service{}, nil, err
	}
	cmd := exec.CommandContext(ctx, b.program, append([]string{"serve", "--db", db, "--addr", addr}, flags...)...)
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		return service{}, nil, err
	}
	stop := func() error {
		_ = cmd.Process.Signal(os.Interrupt) // it may have ended
		return cmd.Wait()
	}
	for range 6000 {
		if ready(ctx, "http://"+addr+"/readyz") {
			return service{"http://" + addr, cmd.Process.Pid}, stop, nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return service{}, nil, errors.Join(fmt.Errorf("serve did not get ready: %s", said.String()), stop())
}

func ready(ctx context.Context, url string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	_ = res.Body.Close() // nothing was read
	return res.StatusCode == http.StatusOK
}

// resident returns the bytes of memory that a process holds.
func resident(pid int) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0, err
	}
	pages, err := strconv.ParseInt(strings.Fields(string(text))[1], 10, 64)
	return pages * int64(os.Getpagesize()), err
}
