package main

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/paulmach/orb/maptile"
)

// tilesWarm measures tiles that are ready, beside a bare net/http server that has the same bytes in a map, and beside
// servers of files.
func (b *bench) tilesWarm(ctx context.Context, f *tileField) error {
	ours, err := b.gridTiles(ctx, "hazgrid serve", f.db)
	if err != nil {
		return err
	}
	kept, err := keep(ctx, ours, f.list)
	if err != nil {
		return errors.Join(err, ours.stop())
	}
	bare, e1 := b.bare(ctx, ours, kept)
	tegola, e2 := b.tegola(ctx, f.table, filepath.Join(b.dir, "tegola"))
	archive, e3 := b.ownArchive(ctx, f)
	err = errors.Join(e1, e2, e3)
	if err == nil {
		err = b.warmRaces(ctx, f, kept, ours, bare, tegola, archive)
	}
	return errors.Join(err, stopAll(ours, bare, tegola, archive))
}

func (b *bench) warmRaces(ctx context.Context, f *tileField, kept map[string]keptTile, servers ...*tileServer) error {
	all, err := b.alike(ctx, f.list, servers...)
	if err != nil {
		return err
	}
	heading := fmt.Sprintf("grids-3, z8–z14, %d tiles, %d connections", len(f.list), tileConns)
	if err := b.race(ctx, "Warm tiles, gzip (asked: 0.95 of the bare server, 2 × servers of files): "+heading, all...); err != nil {
		return err
	}
	all = all[:0]
	for _, s := range servers[:2] {
		l := load{addr: s.addr, requests: s.known(f.list, kept), conns: tileConns, span: b.span, status: http.StatusNotModified}
		all = append(all, &contender{name: s.name, run: l.run})
	}
	return b.race(ctx, "Tiles that the client has, 304 (asked: 0.95 of the bare server): "+heading, all...)
}

// known are requests by clients that have the tiles.
func (s *tileServer) known(list []maptile.Tile, kept map[string]keptTile) [][]byte {
	all := make([][]byte, len(list))
	for i, t := range list {
		all[i] = get(s.addr, s.of(t), "If-None-Match: "+kept[s.of(t)].Header.Get("ETag"))
	}
	return all
}

// A keptTile is an answer of ours as it came.
type keptTile struct {
	Header http.Header
	Body   []byte
}

// keep asks for the tiles of a list, with gzip.
func keep(ctx context.Context, s *tileServer, list []maptile.Tile) (map[string]keptTile, error) {
	kept := make(map[string]keptTile, len(list))
	for _, t := range list {
		k, err := fetch(ctx, "http://"+s.addr+s.of(t))
		if err != nil {
			return nil, err
		}
		kept[s.of(t)] = k
	}
	return kept, nil
}

// fetch returns an answer with gzip as it comes.
func fetch(ctx context.Context, url string) (keptTile, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return keptTile{}, err
	}
	req.Header.Set("Accept-Encoding", "gzip")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return keptTile{}, err
	}
	body, err := io.ReadAll(res.Body)
	if res.StatusCode != http.StatusOK && res.StatusCode != http.StatusNoContent {
		err = errors.Join(err, fmt.Errorf("GET %s: %s", url, res.Status))
	}
	return keptTile{res.Header, body}, errors.Join(err, res.Body.Close())
}

// bare runs this program once more as a server of nothing but the answers that are kept.
func (b *bench) bare(ctx context.Context, ours *tileServer, kept map[string]keptTile) (*tileServer, error) {
	s := &tileServer{name: "bare net/http server of the same answers", path: ours.path}
	file := filepath.Join(b.dir, "answers.gob")
	f, err := os.Create(file)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(gob.NewEncoder(f).Encode(kept), f.Close()); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	if s.addr, err = freeAddr(ctx); err != nil {
		return nil, err
	}
	return s.launch(ctx, exec.CommandContext(ctx, self, "bare", file, s.addr))
}

// serveBare serves the answers of a file at an address.
func serveBare(_ context.Context, args []string) error {
	f, err := os.Open(args[0])
	if err != nil {
		return err
	}
	var kept map[string]keptTile
	if err := errors.Join(gob.NewDecoder(f).Decode(&kept), f.Close()); err != nil {
		return err
	}
	for _, k := range kept {
		k.Header.Del("Date") // net/http sets it
	}
	return http.ListenAndServe(args[1], http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		k, ok := kept[r.URL.Path]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		h := w.Header()
		for name, values := range k.Header {
			h[name] = values
		}
		if tags := r.Header["If-None-Match"]; len(tags) == 1 && tags[0] == k.Header["Etag"][0] {
			delete(h, "Content-Length")
			delete(h, "Content-Type")
			delete(h, "Content-Encoding")
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = w.Write(k.Body) // the client may be gone
	}))
}
