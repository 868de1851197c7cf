package server

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/gorilla/mux"

	"hazgrid/geo/crs"
	"hazgrid/safety"
	"hazgrid/tiles"
)

// tileMedia is the registered media type of MVT.
const tileMedia = "application/vnd.mapbox-vector-tile"

func (s *Server) tile(w http.ResponseWriter, r *http.Request, st *state) error {
	v := mux.Vars(r)
	address, err := tiles.ParseAddress(v["z"], v["x"], v["y"])
	if err != nil {
		return err
	}
	t, err := s.tileRequest(r, st)
	if err != nil {
		return err
	}
	t.address = address
	layers, err := parseLayers(v["layers"], st.snapshot.Depth(t.query.Scheme))
	if err != nil {
		return err
	}
	return s.reply(w, r, st, s.tileAnswer(st.snapshot, layers, t))
}

// tileAnswer is a tile of layers, by whatever path it is asked for.
func (s *Server) tileAnswer(snapshot *safety.Snapshot, layers []layer, t tileRequest) answer {
	return answer{
		key: fmt.Sprintf("tile %v %#v", layers, t), media: tileMedia,
		build: func() ([]byte, error) { return s.build(snapshot, layers, t) },
	}
}

func (s *Server) build(snapshot *safety.Snapshot, layers []layer, t tileRequest) ([]byte, error) {
	out := make([]tiles.Layer, len(layers))
	for i, l := range layers {
		var err error
		if out[i], err = s.draw(snapshot, l, t); err != nil {
			return nil, err
		}
	}
	return tiles.Encode(out), nil
}

// tileRequest reads the query string of a tile; the address is left out.
func (s *Server) tileRequest(r *http.Request, st *state) (tileRequest, error) {
	q, err := s.query(r, st)
	if err != nil {
		return tileRequest{}, err
	}
	t := tileRequest{query: q}
	get := parameters(r)
	switch c := get("columns"); c {
	case "", "all":
	case "none":
		t.bare = true
	default:
		return t, &safety.FieldError{Field: "columns", Reason: fmt.Sprintf("want none, got %q", c)}
	}
	t.frame, err = frameOf(get("frame"))
	return t, err
}

// frameOf reads the frame of a base map: one in longitude and latitude.
func frameOf(name string) (crs.Frame, error) {
	switch f := crs.Frame(name); f {
	case "":
		return crs.WGS84, nil
	case crs.WGS84, crs.GCJ02, crs.BD09:
		return f, nil
	}
	return "", &safety.FieldError{Field: "frame", Reason: fmt.Sprintf("want wgs84, gcj02 or bd09 (a base map's), got %q", name)}
}

func (s *Server) tileJSON(w http.ResponseWriter, r *http.Request, st *state) error {
	t, err := s.tileRequest(r, st)
	if err != nil {
		return err
	}
	list := mux.Vars(r)["layer"]
	layers, err := parseLayers(list, st.snapshot.Depth(t.query.Scheme))
	if err != nil {
		return err
	}
	url := baseURL(r) + "/tiles/" + list + "/{z}/{x}/{y}.mvt"
	if r.URL.RawQuery != "" {
		url += "?" + r.URL.Query().Encode()
	}
	return s.reply(w, r, st, jsonAnswer("tilejson "+url, func() (any, error) {
		return describe(st.snapshot, layers, t, url), nil
	}))
}

func describe(snapshot *safety.Snapshot, layers []layer, t tileRequest, url string) tiles.TileJSON {
	j := tiles.TileJSON{Version: "3.0.0", Scheme: "xyz", Tiles: []string{url}, MaxZoom: tiles.MaxZoom}
	var names []string
	for _, l := range layers {
		names = append(names, l.id)
		j.VectorLayers = append(j.VectorLayers, tiles.VectorLayer{ID: l.id, MaxZoom: tiles.MaxZoom, Fields: fieldsOf(l, t.bare)})
	}
	j.Name = strings.Join(names, ",")
	if b, ok := extent(snapshot, layers, t); ok {
		j.Bounds = &[4]float64{b.Min[0], b.Min[1], b.Max[0], b.Max[1]}
		c := b.Center()
		j.Center = &[3]float64{c[0], c[1], 10}
	}
	return j
}

// baseURL is where the client found the service, also behind a proxy that says so.
func baseURL(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}
