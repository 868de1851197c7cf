package server

import (
	"net/http"
	"testing"

	"hazgrid/geo/crs"
	"hazgrid/tiles"
)

// nobody takes answers and throws them away.
type nobody struct {
	header http.Header
	status int
}

func (n *nobody) Header() http.Header         { return n.header }
func (n *nobody) WriteHeader(status int)      { n.status = status }
func (n *nobody) Write(b []byte) (int, error) { return len(b), nil }

// A tile that is ready, all but the connection: what the service adds to a bare net/http server.
func BenchmarkTileReady(b *testing.B) {
	s := start(b)
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, "/tiles/grids-2/10/855/429.mvt", nil)
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", "gzip")
	b.ReportAllocs()
	for b.Loop() {
		n := &nobody{header: http.Header{}}
		if s.srv.ServeHTTP(n, r); n.status != http.StatusOK {
			b.Fatal(n.status)
		}
	}
}

// The same tile drawn each time from geometry and values, named and compressed.
func BenchmarkTileDrawn(b *testing.B) {
	s := start(b)
	st := s.srv.state.Load()
	layers, err := parseLayers("grids-2", 2)
	if err != nil {
		b.Fatal(err)
	}
	t := tileRequest{address: tiles.Address{Z: 10, X: 855, Y: 429}, frame: crs.WGS84}
	b.ReportAllocs()
	for b.Loop() {
		d, err := s.srv.drawTile(st, layers, t)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := d.form(gzipC); err != nil {
			b.Fatal(err)
		}
	}
}
