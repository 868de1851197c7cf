package server

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/paulmach/orb"

	"hazgrid/safety"
	"hazgrid/tiles"
)

// A Tileset makes the tiles of some layers from one snapshot, without a service: byte for byte what a service with
// that snapshot answers. Many may use it at once.
type Tileset struct {
	server  *Server
	state   *state
	layers  []layer
	request tileRequest
	bound   orb.Bound
}

// A TilesetRequest says which tiles: as a client would in a URL.
type TilesetRequest struct {
	Layers     string         // a comma list; "" is all there are
	Parameters url.Values     // as after the "?" of a tile's URL: at, frame, columns, filters
	Location   *time.Location // in which dates are read
}

// NewTileset prepares the tiles of a request. An unknown layer is ErrNotFound, an unknown value a FieldError, and nothing
// to show is another error.
func NewTileset(snapshot *safety.Snapshot, want TilesetRequest) (*Tileset, error) {
	s := &Tileset{state: newState(1, snapshot), server: &Server{cfg: Config{Location: want.Location}.withDefaults(), paint: newPainter()}}
	r := &http.Request{URL: &url.URL{RawQuery: want.Parameters.Encode()}}
	var err error
	if s.request, err = s.server.tileRequest(r, s.state); err != nil {
		return nil, err
	}
	depth := snapshot.Depth(s.request.query.Scheme)
	if want.Layers == "" {
		want.Layers = allLayers(depth)
	}
	if s.layers, err = parseLayers(want.Layers, depth); err != nil {
		return nil, err
	}
	var ok bool
	if s.bound, ok = extent(snapshot, s.layers, s.request); !ok {
		return nil, fmt.Errorf("there is nothing in the layers %s", want.Layers)
	}
	return s, nil
}

// allLayers lists all that a scheme of some levels has, the ground first.
func allLayers(depth int) string {
	var ids []string
	for _, k := range []layerKind{gridLayer, labelLayer} {
		for level := 1; level <= depth; level++ {
			ids = append(ids, string(k)+"-"+strconv.Itoa(level))
		}
	}
	return strings.Join(append(ids, string(lineLayer), string(enterpriseLayer), string(hazardLayer)), ",")
}

// Tile returns what the service answers to Accept-Encoding: gzip; nothing where the tile is empty.
func (s *Tileset) Tile(a tiles.Address) ([]byte, error) {
	t := s.request
	t.address = a
	drawing, err := s.server.paint.drawAll(s.state, s.layers, t)
	if err != nil || drawing.Len() == 0 {
		return nil, err
	}
	form, err := newTileContent(drawing).form(gzipC)
	if err != nil {
		return nil, err
	}
	return form.body, nil
}

// Bound returns the box of all that the tiles show, degrees, in the frame of the request.
func (s *Tileset) Bound() orb.Bound { return s.bound }

// TileJSON describes the tiles from one zoom to another. Fields have the names of their types, which MBTiles wants.
func (s *Tileset) TileJSON(minZoom, maxZoom uint32) tiles.TileJSON {
	j := describe(s.state.snapshot, s.layers, s.request, "")
	j.MinZoom, j.MaxZoom, j.Tiles = int(minZoom), int(maxZoom), nil
	for i := range j.VectorLayers {
		v := &j.VectorLayers[i]
		v.MinZoom, v.MaxZoom = j.MinZoom, j.MaxZoom
		for name := range v.Fields {
			v.Fields[name] = fieldType(v.ID, name)
		}
	}
	if j.Center != nil {
		j.Center[2] = float64(min(max(uint32(j.Center[2]), minZoom), maxZoom))
	}
	return j
}

// fieldType is the type of an attribute of a layer in the words of MBTiles.
func fieldType(layer, name string) string {
	texts := []string{"code", "name", "parent", "kind", "risk", "grid", "severity", "source", "aspect", "state"}
	if slices.Contains(texts, name) || name == "id" && !strings.HasPrefix(layer, "grid") {
		return "String"
	}
	return "Number"
}
