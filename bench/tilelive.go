package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/paulmach/orb/encoding/mvt"

	"hazgrid/safety"
)

const (
	listeners     = 1000 // of the event stream
	commitsPerSec = 10
)

// tilesLive measures how long after a commit each listener has its event and each changed tile of the list is new, while
// other clients ask for tiles as fast as they can.
func (b *bench) tilesLive(ctx context.Context, f *tileField) error {
	rows := [][]string{{
		"who writes", "commits", "event at a listener, p50", "p99", "at the last of all, p99", "every changed tile new, p50", "p99",
		"both, p99", "asked", "tiles/s meanwhile",
	}}
	before := busyness()
	for _, c := range []struct {
		name, asked string
		start       func(context.Context) (*tileServer, *liveWriter, error)
	}{
		{"the service's process, GeoPackage", "100 ms", b.liveAlone},
		{"another process, PostGIS", "250 ms", b.liveBeside},
		{"another process, PostGIS, every NOTIFY lost", "800 ms", b.liveDeaf},
	} {
		s, w, err := c.start(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		l, err := b.live(ctx, f, s, w)
		if err := errors.Join(err, w.stop(), s.stop()); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		rows = append(rows, append([]string{c.name}, l.row(c.asked)...))
	}
	b.table(fmt.Sprintf("From a commit to everybody: a hazard is written %d times a second for %d times %v, %d listeners, %d connections ask for warm tiles; load average %s to %s",
		commitsPerSec, b.rounds, b.span, listeners, tileConns, before, busyness()), rows...)
	return nil
}

// liveAlone is a service that writes itself.
func (b *bench) liveAlone(ctx context.Context) (*tileServer, *liveWriter, error) {
	db, err := b.geoPackage(ctx, "live.gpkg", safety.Kinds()...)
	if err != nil {
		return nil, nil, err
	}
	s := &tileServer{path: "/tiles/grids-3/%d/%d/%d.mvt", stop: func() error { return nil }}
	if s.addr, err = freeAddr(ctx); err != nil {
		return nil, nil, err
	}
	w, err := startWriter(ctx, db, s.addr)
	return s, w, err
}

// liveBeside is the program over PostGIS, and a writer beside it.
func (b *bench) liveBeside(ctx context.Context) (*tileServer, *liveWriter, error) {
	db, err := b.postGIS(ctx, safety.Kinds()...)
	if err != nil {
		return nil, nil, err
	}
	return b.liveOver(ctx, db, db)
}

// liveDeaf is the same without wake-ups.
func (b *bench) liveDeaf(ctx context.Context) (*tileServer, *liveWriter, error) {
	db, err := b.postGIS(ctx, safety.Kinds()...)
	if err != nil {
		return nil, nil, err
	}
	deaf, stop, err := deafened(ctx, db)
	if err != nil {
		return nil, nil, err
	}
	s, w, err := b.liveOver(ctx, deaf, db)
	if err != nil {
		return nil, nil, errors.Join(err, stop())
	}
	serve := s.stop
	s.stop = func() error { return errors.Join(serve(), stop()) }
	return s, w, nil
}

func (b *bench) liveOver(ctx context.Context, served, written string) (*tileServer, *liveWriter, error) {
	s, err := b.gridTiles(ctx, "", served)
	if err != nil {
		return nil, nil, err
	}
	w, err := startWriter(ctx, written, "")
	if err != nil {
		return nil, nil, errors.Join(err, s.stop())
	}
	return s, w, nil
}

// A liveRun is one writer, those who follow it, and what was measured.
type liveRun struct {
	server  *tileServer
	writer  *liveWriter
	crowd   *audience
	showing map[string][]string // paths of the tiles that show a grid, by its code
	ids     []string            // of the enterprises that get hazards, in turn
	codes   []string            // of their grids

	told, last, fresh, both []time.Duration // the first of each listener and commit, the others of each commit
	rate                    []float64       // of the load
}

func (l *liveRun) row(asked string) []string {
	return []string{
		fmt.Sprint(len(l.both)), ms(percentile(l.told, 0.5)), ms(percentile(l.told, 0.99)), ms(percentile(l.last, 0.99)),
		ms(percentile(l.fresh, 0.5)), ms(percentile(l.fresh, 0.99)), ms(percentile(l.both, 0.99)), asked, fmt.Sprintf("%.0f", median(l.rate)),
	}
}

// live commits for all rounds.
func (b *bench) live(ctx context.Context, f *tileField, s *tileServer, w *liveWriter) (*liveRun, error) {
	n := max(1, int(b.span.Seconds()*commitsPerSec))
	ids, codes, err := gridsOf(ctx, f.db, n)
	if err != nil {
		return nil, err
	}
	run := &liveRun{server: s, writer: w, ids: ids, codes: codes}
	if run.showing, err = s.showing(ctx, f); err != nil {
		return nil, err
	}
	if run.crowd, err = listen(ctx, s.addr); err != nil {
		return nil, err
	}
	defer run.crowd.leave()
	l := load{addr: s.addr, requests: s.requests(f.list), conns: tileConns, span: b.span, status: 200}
	for round := range b.rounds {
		var p pace
		var failed error
		var loading sync.WaitGroup
		loading.Go(func() { p, failed = l.run(ctx) })
		err := run.commits(ctx, round, n)
		loading.Wait()
		if err := errors.Join(err, failed); err != nil {
			return nil, err
		}
		run.rate = append(run.rate, p.rate)
	}
	return run, nil
}

// showing returns the paths of the tiles that show a grid, by its code.
func (s *tileServer) showing(ctx context.Context, f *tileField) (map[string][]string, error) {
	paths := map[string][]string{}
	for _, t := range f.list {
		k, err := fetch(ctx, "http://"+s.addr+s.of(t))
		if err != nil {
			return nil, err
		}
		layers, err := mvt.UnmarshalGzipped(k.Body)
		if err != nil {
			return nil, err
		}
		for _, g := range layers[0].Features {
			code := g.Properties.MustString("code")
			paths[code] = append(paths[code], s.of(t))
		}
	}
	return paths, nil
}

// commits writes the n hazards of a round at their times, and after each asks for the tiles that show its grid.
func (l *liveRun) commits(ctx context.Context, round, n int) error {
	asker, err := dial(ctx, l.server.addr)
	if err != nil {
		return err
	}
	defer func() { _ = asker.conn.Close() }()
	tick := time.NewTicker(time.Second / commitsPerSec)
	defer tick.Stop()
	done, fresh := make([]commit, n), make([]time.Duration, n)
	for i := range n {
		<-tick.C
		if done[i], err = l.commit(asker, fmt.Sprintf("live%d-%d", round, i), i%len(l.ids)); err != nil {
			return err
		}
		fresh[i] = time.Since(done[i].at)
	}
	told, err := l.crowd.told(done)
	if err != nil {
		return err
	}
	for i, all := range told {
		last := percentile(all, 1)
		l.told, l.last = append(l.told, all...), append(l.last, last)
		l.fresh, l.both = append(l.fresh, fresh[i]), append(l.both, max(last, fresh[i]))
	}
	return nil
}

// commit writes a hazard of an enterprise, by its number, and returns when all tiles that show its grid are new.
func (l *liveRun) commit(asker *wire, id string, enterprise int) (commit, error) {
	paths := l.showing[l.codes[enterprise]]
	old, err := asker.tags(l.server.addr, paths)
	if err != nil {
		return commit{}, err
	}
	c, err := l.writer.commit(id, l.ids[enterprise])
	if err != nil {
		return commit{}, err
	}
	return c, asker.renewed(l.server.addr, paths, old, c.version)
}

// tags asks for tiles and returns their entity tags.
func (w *wire) tags(addr string, paths []string, more ...string) ([]string, error) {
	tags := make([]string, len(paths))
	for i, p := range paths {
		status, _, err := w.ask(get(addr, p, more...))
		if err != nil || status != 200 {
			return nil, fmt.Errorf("%s: status %d: %w", p, status, err)
		}
		tags[i] = w.tag
	}
	return tags, nil
}

// renewed asks for tiles as of a version at least, and sees that all of them are others than before.
func (w *wire) renewed(addr string, paths, old []string, version int64) error {
	tags, err := w.tags(addr, paths, fmt.Sprintf("Hazgrid-Min-Version: %d", version))
	if err != nil {
		return err
	}
	for i := range tags {
		if tags[i] == old[i] {
			return fmt.Errorf("%s is as it was before version %d", paths[i], version)
		}
	}
	return nil
}

// An audience listens to the event stream.
type audience struct {
	wires []*wire
	mu    sync.Mutex
	heard [][]commit // by listener: versions and when their event came
}

func listen(ctx context.Context, addr string) (*audience, error) {
	c := &audience{heard: make([][]commit, listeners)}
	for i := range listeners {
		w, err := dial(ctx, addr)
		if err != nil {
			c.leave()
			return nil, err
		}
		c.wires = append(c.wires, w)
		if _, err := w.conn.Write(fmt.Appendf(nil, "GET /api/v1/events HTTP/1.1\r\nHost: %s\r\n\r\n", addr)); err != nil {
			c.leave()
			return nil, err
		}
		if _, _, _, err := w.header(); err != nil {
			c.leave()
			return nil, err
		}
		go c.hear(i)
	}
	return c, nil
}

func (c *audience) leave() {
	for _, w := range c.wires {
		_ = w.conn.Close()
	}
}

// hear notes events until the connection ends.
func (c *audience) hear(i int) {
	for {
		line, err := c.wires[i].in.ReadSlice('\n')
		now := time.Now()
		if err != nil {
			return
		}
		id, ok := bytes.CutPrefix(line, []byte("id: "))
		if !ok {
			continue
		}
		version, err := strconv.ParseInt(strings.TrimSpace(string(id)), 10, 64)
		if err != nil {
			return
		}
		c.mu.Lock()
		c.heard[i] = append(c.heard[i], commit{version, now})
		c.mu.Unlock()
	}
}

// told returns, for each commit, how long after it each listener had an event of its version or a later one. It waits for them.
func (c *audience) told(done []commit) ([][]time.Duration, error) {
	for range 1000 {
		if all, ok := c.have(done); ok {
			return all, nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return nil, errors.New("a listener was not told within ten seconds")
}

func (c *audience) have(done []commit) ([][]time.Duration, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([][]time.Duration, len(done))
	for _, heard := range c.heard {
		k := 0
		for i, d := range done {
			for k < len(heard) && heard[k].version < d.version {
				k++
			}
			if k == len(heard) {
				return nil, false
			}
			all[i] = append(all[i], heard[k].at.Sub(d.at))
		}
	}
	return all, true
}
