package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"hazgrid/internal/server"
	"hazgrid/internal/store"
	"hazgrid/safety"
)

// A commit is a version and when the store said that it has it.
type commit struct {
	version int64
	at      time.Time
}

// A liveWriter is a process of its own that commits one hazard whenever it is told to; it may serve its store too.
type liveWriter struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// startWriter starts it for a store; with an address it serves there.
func startWriter(ctx context.Context, db, addr string) (*liveWriter, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	w := &liveWriter{cmd: exec.CommandContext(ctx, self, "write", db, addr)}
	w.cmd.Stderr = os.Stderr
	out, e1 := w.cmd.StdoutPipe()
	in, e2 := w.cmd.StdinPipe()
	if err := errors.Join(e1, e2, w.cmd.Start()); err != nil {
		return nil, err
	}
	w.in, w.out = in, bufio.NewReader(out)
	if _, err := w.out.ReadString('\n'); err != nil { // it is ready
		return nil, errors.Join(err, w.stop())
	}
	return w, nil
}

func (w *liveWriter) stop() error { return errors.Join(w.in.Close(), w.cmd.Wait()) }

// commit writes a hazard of an enterprise.
func (w *liveWriter) commit(id, enterprise string) (commit, error) {
	if _, err := fmt.Fprintln(w.in, id, enterprise); err != nil {
		return commit{}, err
	}
	var version, nanos int64
	if _, err := fmt.Fscanln(w.out, &version, &nanos); err != nil {
		return commit{}, fmt.Errorf("the writer: %w", err)
	}
	return commit{version, time.Unix(0, nanos)}, nil
}

// writeLive is the writer's process.
func writeLive(ctx context.Context, args []string) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	s, err := open(ctx, args[0])
	if err != nil {
		cancel()
		return err
	}
	served := func() error { return nil }
	if args[1] != "" {
		if served, err = serveStore(ctx, s, args[1]); err != nil {
			cancel()
			return errors.Join(err, s.Close())
		}
	}
	fmt.Println("ready")
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() && err == nil {
		id, enterprise, _ := strings.Cut(lines.Text(), " ")
		var r safety.Receipt
		r, err = s.Apply(ctx, safety.Batch{Kind: safety.Hazards, Records: oneHazard(id, enterprise)})
		fmt.Println(r.Version, time.Now().UnixNano())
	}
	cancel()
	return errors.Join(err, served(), s.Close())
}

// oneHazard is a hazard found today.
func oneHazard(id, enterprise string) func(func(safety.Record, error) bool) {
	values := make([]any, 0, 24)
	for _, f := range safety.Fields(safety.Hazards) {
		v := f.Default
		switch f.Name {
		case "id":
			v = id
		case "enterprise":
			v = enterprise
		case "severity":
			v = "general"
		case "found_at":
			v = safety.TimeOf(time.Now())
		}
		values = append(values, v)
	}
	return func(yield func(safety.Record, error) bool) { yield(safety.Record{Number: 1, Values: values}, nil) }
}

// serveStore serves a store as the program does, and logs into a file that is thrown away. The end of ctx ends it.
func serveStore(ctx context.Context, s store.Store, addr string) (wait func() error, err error) {
	log, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	handler, err := server.New(ctx, server.Config{Store: s, Log: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	h := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan struct{})
	go func() { handler.Run(ctx); close(ended) }()
	go func() { _ = h.Serve(listener) }() // who asks will notice
	return func() error {
		<-ended
		return errors.Join(h.Close(), log.Close())
	}, nil
}

// gridsOf returns the code of the deepest grid of each of so many enterprises, in no order of theirs.
func gridsOf(ctx context.Context, db string, n int) (ids, codes []string, err error) {
	s, err := open(ctx, db)
	if err != nil {
		return nil, nil, err
	}
	r, err := s.Load(ctx, 0)
	if err := errors.Join(err, s.Close()); err != nil {
		return nil, nil, err
	}
	snapshot, err := safety.NewSnapshot(r, safety.TimeOf(time.Now()))
	if err != nil {
		return nil, nil, err
	}
	all, places, err := premises()
	if err != nil {
		return nil, nil, err
	}
	for i := 0; i < len(all) && len(ids) < n; i++ {
		k := i * 7919 % len(all) // a prime: far from the one before
		where, err := snapshot.Which(places[k], safety.WhichOptions{})
		if err != nil {
			return nil, nil, err
		}
		if g := slices.IndexFunc(where.Grids, func(g *safety.Grid) bool { return g.Level == 3 }); g >= 0 {
			ids, codes = append(ids, all[k]), append(codes, where.Grids[g].Code)
		}
	}
	return ids, codes, nil
}
