package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/paulmach/orb"

	"hazgrid/internal/coverages"
	"hazgrid/internal/export"
	"hazgrid/safety"
)

// manyPoints is how many are asked for at once.
const manyPoints = 1_000_000

// service measures the grids of many points, over HTTP on this machine with the client beside the service, and
// of a file; and how long the lookups alone take, on one core.
func (b *bench) service(ctx context.Context) error {
	s, err := b.snapshot(ctx)
	if err != nil {
		return err
	}
	layer, err := s.Layer("", s.Depth(""), 0)
	if err != nil {
		return err
	}
	db := filepath.Join(b.dir, "which.gpkg")
	running, stop, err := b.serve(ctx, db)
	if err != nil {
		return err
	}
	points := coverages.Scatter(layer.Coverage.Bound(), manyPoints, 3)
	text, machine, list := asCSV(points), asBinary(points), asJSON(points)
	client, url := manyClient(), running.url+"/api/v1/which"
	var lookups, csv, bin, js, file []time.Duration
	for range b.rounds {
		alone, e1 := lookupsAlone(s, points)
		d1, e2 := client.post(ctx, url, "text/csv", text)
		d2, e3 := client.post(ctx, url, export.PointsMedia, machine)
		d3, e4 := client.post(ctx, url, "application/json", list)
		d4, e5 := b.whichFile(ctx, db, text)
		if err := errors.Join(e1, e2, e3, e4, e5); err != nil {
			return errors.Join(err, stop())
		}
		lookups, csv, bin, js, file = append(lookups, alone), append(csv, d1), append(bin, d2), append(js, d3), append(file, d4)
	}
	row := func(name string, all []time.Duration) []string {
		m := median(all)
		return []string{name, ms(m), fmt.Sprintf("%d ns", m.Nanoseconds()/manyPoints), fmt.Sprintf("%.3g", manyPoints/m.Seconds())}
	}
	b.table(fmt.Sprintf("Which grid, %d random points in the box of %d grids, three levels, client and service on the same cores", manyPoints, layer.Coverage.Len()),
		[]string{"how", "all", "a point", "points/s"},
		row("the lookups alone, one core", lookups), row("POST text/csv", csv), row("POST application/json", js),
		row("POST "+export.PointsMedia, bin), row("which --file, with its start", file))
	return stop()
}

// lookupsAlone is the part that is not the service's.
func lookupsAlone(s *safety.Snapshot, points []orb.Point) (time.Duration, error) {
	l, err := s.Lookup(safety.WhichOptions{})
	if err != nil {
		return 0, err
	}
	grids := make([]int32, l.Depth()*len(points))
	start := time.Now()
	const block = 3000 // as many as the service has at once
	for at := 0; at < len(points); at += block {
		to := min(at+block, len(points))
		l.Locate(points[at:to], grids[l.Depth()*at:l.Depth()*to])
	}
	return time.Since(start), nil
}

func asCSV(points []orb.Point) []byte {
	b := []byte("lon,lat\n")
	for _, p := range points {
		b = fmt.Appendf(b, "%.6f,%.6f\n", p[0], p[1])
	}
	return b
}

func asJSON(points []orb.Point) []byte {
	b := []byte("[")
	for i, p := range points {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, "[%.6f,%.6f]", p[0], p[1])
	}
	return append(b, ']')
}

func asBinary(points []orb.Point) []byte {
	var b []byte
	for _, p := range points {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(p[0]))
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(p[1]))
	}
	return b
}

// A many is a client that sends a body and reads the answer meanwhile, into memory that it uses again.
type many struct {
	http.Client
	answer []byte
}

func manyClient() *many {
	return &many{Client: http.Client{Transport: &http.Transport{WriteBufferSize: 256 << 10, ReadBufferSize: 256 << 10}}, answer: make([]byte, 256<<10)}
}

// post returns the time from the first byte sent to the last one read.
func (c *many) post(ctx context.Context, url, media string, body []byte) (took time.Duration, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", media)
	start := time.Now()
	res, err := c.Do(req)
	if err != nil {
		return 0, err
	}
	read := 0
	for err == nil {
		var n int
		n, err = res.Body.Read(c.answer)
		read += n
	}
	took = time.Since(start)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if res.StatusCode != http.StatusOK || read < 4*manyPoints {
		err = errors.Join(err, fmt.Errorf("POST %s: %s, %d bytes", media, res.Status, read))
	}
	return took, errors.Join(err, res.Body.Close())
}

// whichFile runs the program on a file of points.
func (b *bench) whichFile(ctx context.Context, db string, text []byte) (time.Duration, error) {
	in := filepath.Join(b.dir, "points.csv")
	if err := os.WriteFile(in, text, 0o600); err != nil {
		return 0, err
	}
	return timed(ctx, b.program, "which", "--db", db, "--file", in, "-o", filepath.Join(b.dir, "points-out.csv"))
}
