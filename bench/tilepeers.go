package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/paulmach/orb/encoding/mvt"
	"github.com/paulmach/orb/maptile"
)

// A tileServer answers for tiles over HTTP on this machine.
type tileServer struct {
	name   string
	absent string // why it cannot run
	addr   string
	path   string // with verbs for zoom, column and row
	stop   func() error
}

func (s *tileServer) of(t maptile.Tile) string { return fmt.Sprintf(s.path, t.Z, t.X, t.Y) }

// requests are those for tiles, in their order.
func (s *tileServer) requests(list []maptile.Tile) [][]byte {
	all := make([][]byte, len(list))
	for i, t := range list {
		all[i] = get(s.addr, s.of(t))
	}
	return all
}

// features counts what lies in a tile.
func (s *tileServer) features(ctx context.Context, t maptile.Tile) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.addr+s.of(t), nil)
	if err != nil {
		return 0, err
	}
	res, err := http.DefaultClient.Do(req) // undoes gzip
	if err != nil {
		return 0, err
	}
	body, err := io.ReadAll(res.Body)
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return 0, err
	}
	if res.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("%s: %s", s.of(t), res.Status)
	}
	return featuresIn(body)
}

func featuresIn(tile []byte) (n int, err error) {
	layers, err := mvt.Unmarshal(tile)
	for _, l := range layers {
		n += len(l.Features)
	}
	return n, err
}

// counted is how many features all tiles of a list hold.
func (s *tileServer) counted(ctx context.Context, list []maptile.Tile) (all int, err error) {
	for _, t := range list {
		n, err := s.features(ctx, t)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", s.name, err)
		}
		all += n
	}
	return all, nil
}

// missing is a peer whose program is not there.
func missing(name, program string) *tileServer {
	return &tileServer{name: name, absent: "absent, no " + program + " on PATH", stop: func() error { return nil }}
}

// launch runs a peer and returns once it takes connections. What it says is shown only if it does not.
func (s *tileServer) launch(ctx context.Context, cmd *exec.Cmd) (*tileServer, error) {
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s.stop = func() error { _ = cmd.Process.Kill(); _ = cmd.Wait(); return nil } // it keeps nothing
	var d net.Dialer
	for range 1000 {
		if conn, err := d.DialContext(ctx, "tcp", s.addr); err == nil {
			return s, conn.Close()
		}
		time.Sleep(10 * time.Millisecond)
	}
	_ = s.stop()
	return nil, fmt.Errorf("%s did not start: %s", s.name, said.Bytes()[max(0, said.Len()-1000):])
}

// poolSize is how many connections a peer may have to the database.
const poolSize = 8

// tileserv is pg_tileserv over the table, without a cache: it has none.
func (b *bench) tileserv(ctx context.Context, database string) (*tileServer, error) {
	s := &tileServer{name: "pg_tileserv", path: "/public.grids3857/%d/%d/%d.pbf"}
	program, err := exec.LookPath("pg_tileserv")
	if err != nil {
		return missing(s.name, "pg_tileserv"), nil
	}
	if s.addr, err = freeAddr(ctx); err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(s.addr) // ours
	config := fmt.Sprintf("HttpHost = \"127.0.0.1\"\nHttpPort = %s\nDefaultBuffer = 64\nDbPoolMaxConns = %d\nShowPreview = false\n", port, poolSize)
	file, err := b.config("pg_tileserv.toml", config)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, program, "--config", file, "--no-preview")
	cmd.Env = append(os.Environ(), "DATABASE_URL="+database)
	return s.launch(ctx, cmd)
}

// config writes the configuration of a peer.
func (b *bench) config(name, text string) (string, error) {
	path := filepath.Join(b.dir, name)
	return path, os.WriteFile(path, []byte(text), 0o600)
}

// tegola runs tegola with the provider that lets PostGIS make tiles, over the table. With a cache, a folder, the
// tiles of a list are in it before it is asked.
func (b *bench) tegola(ctx context.Context, database, cache string) (*tileServer, error) {
	s := &tileServer{name: "tegola, mvt_postgis", path: "/maps/district/%d/%d/%d.mvt"}
	if cache != "" {
		s.name = "tegola, file cache, seeded"
	}
	program, err := exec.LookPath("tegola")
	if err != nil {
		return missing(s.name, "tegola"), nil
	}
	if s.addr, err = freeAddr(ctx); err != nil {
		return nil, err
	}
	file, err := b.config("tegola"+filepath.Base(cache)+".toml", tegolaConfig(s.addr, database, cache))
	if err != nil {
		return nil, err
	}
	if cache != "" {
		if err := seed(ctx, program, file); err != nil {
			return nil, err
		}
	}
	return s.launch(ctx, exec.CommandContext(ctx, program, "serve", "--config", file, "--log-level", "ERROR"))
}

func tegolaConfig(addr, database, cache string) string {
	text := fmt.Sprintf("[webserver]\nport = %q\n", addr)
	if cache != "" {
		text += fmt.Sprintf("[cache]\ntype = \"file\"\nbasepath = %q\n", cache)
	}
	return text + fmt.Sprintf(`[[providers]]
name = "pg"
type = "mvt_postgis"
uri = "%s&sslmode=disable"
max_connections = %d
srid = 3857
[[providers.layers]]
name = "grids"
geometry_fieldname = "geom"
geometry_type = "multipolygon"
id_fieldname = "id"
sql = "select ST_AsMVTGeom(g3857, !BBOX!, 4096, 64, true) as geom, id, %s from grids3857 where g3857 && ST_TileEnvelope(!ZOOM!, !X!, !Y!, margin => 64.0 / 4096)"
[[maps]]
name = "district"
[[maps.layers]]
provider_layer = "pg.grids"
min_zoom = 0
max_zoom = 20
`, database, poolSize, tileColumns)
}

// seed fills tegola's cache.
func seed(ctx context.Context, program, config string) error {
	box := fmt.Sprintf("%g,%g,%g,%g", districtBox.Min[0], districtBox.Min[1], districtBox.Max[0], districtBox.Max[1])
	_, err := timed(ctx, program, "cache", "seed", "--config", config, "--bounds", box, "--min-zoom", "8", "--max-zoom", "14",
		"--concurrency", "4", "--log-level", "ERROR")
	return err
}

// archive serves a PMTiles file by the program pmtiles.
func (b *bench) archive(ctx context.Context, file, name string) (*tileServer, error) {
	s := &tileServer{name: "pmtiles serve, of " + name}
	program, err := exec.LookPath("pmtiles")
	if err != nil {
		return missing(s.name, "pmtiles"), nil
	}
	if s.addr, err = freeAddr(ctx); err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(s.addr) // ours
	base := filepath.Base(file)
	s.path = "/" + strings.TrimSuffix(base, filepath.Ext(base)) + "/%d/%d/%d.mvt"
	return s.launch(ctx, exec.CommandContext(ctx, program, "serve", filepath.Dir(file), "--interface", "127.0.0.1", "--port", port, "--quiet"))
}
