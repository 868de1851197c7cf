package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"hazgrid/internal/server"
	"hazgrid/internal/store"
)

type serveFlags struct {
	addr      string
	open      bool
	tileCache int
	basemaps  []string
}

func (f *serveFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.addr, "addr", "127.0.0.1:8080", "`host:port` to listen on; port 0 takes a free one")
	cmd.Flags().IntVar(&f.tileCache, "tile-cache", 128, "memory for ready tiles, `MB`; 0 draws each tile whenever it is asked for")
	cmd.Flags().BoolVar(&f.open, "open", false, "listen on other addresses than loopback: anyone who reaches them may read")
	cmd.Flags().StringArrayVar(&f.basemaps, "basemap", nil, "PMTiles `[name=]file` to serve as /basemaps/{name}, by default its own name; may be repeated")
}

// check refuses to leave loopback without --open: there are no tokens yet.
func (f *serveFlags) check() error {
	if f.tileCache < 0 {
		return usage(fmt.Errorf("--tile-cache: want MB, got %d", f.tileCache))
	}
	host, _, err := net.SplitHostPort(f.addr)
	if err != nil {
		return usage(fmt.Errorf("--addr: %w", err))
	}
	ip := net.ParseIP(host)
	if host == "localhost" || ip != nil && ip.IsLoopback() || f.open {
		return nil
	}
	return usage(fmt.Errorf("--addr %s is not loopback: add --open to let everyone who reaches it read", f.addr))
}

// tileMB is what the service calls it: there 0 stands for the default.
func (f *serveFlags) tileMB() int {
	if f.tileCache == 0 {
		return -1
	}
	return f.tileCache
}

func newServeCmd(a *app) *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve tiles, tallies and the dashboard over HTTP",
		Example: `  hazgrid serve
  hazgrid serve --db postgres://localhost/city --division 330381 --addr 127.0.0.1:9000
  hazgrid serve --basemap streets.pmtiles --basemap year=exports/2014.pmtiles`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(); err != nil {
				return err
			}
			s, err := a.openStore(cmd.Context(), false)
			if err != nil {
				return err
			}
			err = a.serve(cmd.Context(), s, f, service{ready: func(url string) { a.log.Info("serving", "url", url) }})
			return errors.Join(err, s.Close())
		},
	}
	f.add(cmd)
	return cmd
}

// A service is what serve does beyond serving.
type service struct {
	opensAt string           // date the dashboard opens as of, "" for now
	ready   func(url string) // called once requests are answered
}

// serve answers requests until ctx ends, then lets those under way finish.
func (a *app) serve(ctx context.Context, s store.Store, f serveFlags, o service) (err error) {
	maps, err := openBasemaps(f.basemaps)
	defer func() { err = errors.Join(err, closeBasemaps(maps)) }()
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", f.addr)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", f.addr, err)
	}
	handler, err := server.New(ctx, server.Config{
		Store: s, Location: a.loc, Clock: time.Now, Log: a.log, Division: a.division, OpensAt: o.opensAt, Open: f.open,
		TileMB: f.tileMB(), Basemaps: maps,
	})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	ctx, cancel := context.WithCancel(ctx)
	var following sync.WaitGroup
	following.Go(func() { handler.Run(ctx) })
	defer following.Wait()
	defer cancel()
	// Requests under way are not given up when ctx ends: shutdown lets them finish. (Nor do they queue for it, to be told.)
	base := func(net.Listener) context.Context { return context.WithoutCancel(ctx) }
	h := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, BaseContext: base}
	stopped := make(chan error, 1)
	go func() { stopped <- h.Serve(listener) }()
	o.ready("http://" + listener.Addr().String())
	select {
	case err = <-stopped:
	case <-ctx.Done():
	}
	cancel()
	return errors.Join(unlessDone(err), a.shutdown(h))
}

// unlessDone drops the errors of an orderly end.
func unlessDone(err error) error {
	if errors.Is(err, http.ErrServerClosed) || errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// shutdown lets requests under way finish, for a few seconds; who stalls longer is cut off.
func (a *app) shutdown(h *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	err := h.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		a.log.Warn("cut off requests that did not end")
		return h.Close()
	}
	return err
}
