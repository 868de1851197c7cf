package server

import (
	"bytes"
	"errors"
	"net/http"
	"net/url"
	"testing"

	"github.com/paulmach/orb/encoding/mvt"
	"github.com/paulmach/orb/maptile"

	"hazgrid/safety"
	"hazgrid/tiles"
)

// tileset prepares tiles of what s serves.
func tilesetFor(t *testing.T, s *service, layers, query string) *Tileset {
	t.Helper()
	parameters, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	set, err := NewTileset(s.srv.current(), TilesetRequest{Layers: layers, Parameters: parameters, Location: shanghai()})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// collect returns the tiles of a pyramid, by address.
func collect(t *testing.T, set *Tileset, low, high uint32) map[tiles.Address][]byte {
	t.Helper()
	all := map[tiles.Address][]byte{}
	p := tiles.Pyramid{Make: set.Tile, Bound: set.Bound(), MinZoom: low, MaxZoom: high}
	if err := p.Each(t.Context(), func(a tiles.Address, b []byte) error { all[a] = b; return nil }); err != nil {
		t.Fatal(err)
	}
	return all
}

// A tileset has every tile that the service has, in the very bytes, and no other.
func TestTilesetIsWhatIsServed(t *testing.T) {
	s := start(t)
	for _, c := range []struct{ layers, query string }{
		{allLayers(2), ""}, {"grids-2,hazards", "at=2014-12-01&severity=major"}, {"grids-1,enterprises", "columns=none&frame=gcj02"}, {"lines", ""},
	} {
		all := collect(t, tilesetFor(t, s, c.layers, c.query), 2, 11)
		served := 0
		for z := uint32(2); z <= 11; z++ {
			low, high := maptile.At([2]float64{120.3, 27.9}, maptile.Zoom(z)), maptile.At([2]float64{121, 27.6}, maptile.Zoom(z))
			for x := max(low.X, 1) - 1; x <= min(high.X+1, 1<<z-1); x++ {
				for y := max(low.Y, 1) - 1; y <= min(high.Y+1, 1<<z-1); y++ {
					a := tiles.Address{Z: z, X: x, Y: y}
					resp, body := s.do(t, http.MethodGet, "/tiles/"+c.layers+"/"+a.String()+".mvt?"+c.query, header{"Accept-Encoding": "gzip"})
					if resp.StatusCode == http.StatusOK {
						served++
					}
					if !bytes.Equal(all[a], body) {
						t.Errorf("%s?%s %s: %s with %d bytes, the tileset has %d", c.layers, c.query, a, resp.Status, len(body), len(all[a]))
					}
				}
			}
		}
		if served != len(all) || served == 0 {
			t.Errorf("%s?%s: %d tiles served, %d in the tileset", c.layers, c.query, served, len(all))
		}
	}
}

// The fields that a tileset describes are those in its tiles, with their types, as a foreign decoder sees them.
func TestTilesetDescribesItsFields(t *testing.T) {
	s := start(t)
	for _, query := range []string{"", "columns=none"} {
		set := tilesetFor(t, s, "", query)
		fields := map[string]map[string]string{}
		j := set.TileJSON(3, 9)
		for _, l := range j.VectorLayers {
			fields[l.ID] = l.Fields
		}
		if len(fields) != 7 || j.MinZoom != 3 || j.MaxZoom != 9 || j.Center[2] != 9 {
			t.Fatalf("got %+v", j)
		}
		for _, b := range collect(t, set, 3, 9) {
			layers, err := mvt.UnmarshalGzipped(b)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range layers {
				for _, f := range l.Features {
					for name, v := range f.Properties {
						want := "Number"
						if _, ok := v.(string); ok {
							want = "String"
						}
						if got := fields[l.Name][name]; got != want {
							t.Errorf("%s.%s is %q, want %s", l.Name, name, got, want)
						}
					}
				}
			}
		}
	}
}

func TestTilesetRefusals(t *testing.T) {
	s := start(t)
	for _, c := range []struct {
		layers, query, field string
	}{
		{"grids-3", "", ""},
		{"grids-1,none", "", ""},
		{"grids-1", "columns=some", "columns"},
		{"grids-1", "frame=EPSG:4549", "frame"},
		{"grids-1", "at=never", "at"},
		{"grids-1", "scheme=none", "scheme"},
	} {
		parameters, _ := url.ParseQuery(c.query)
		_, err := NewTileset(s.srv.current(), TilesetRequest{Layers: c.layers, Parameters: parameters})
		var field *safety.FieldError
		if c.field == "" && !errors.Is(err, safety.ErrNotFound) || c.field != "" && (!errors.As(err, &field) || field.Field != c.field) {
			t.Errorf("%s?%s: %v", c.layers, c.query, err)
		}
	}
	if got := allLayers(2); got != "grids-1,grids-2,grid-labels-1,grid-labels-2,lines,enterprises,hazards" {
		t.Errorf("all layers: %s", got)
	}
}
