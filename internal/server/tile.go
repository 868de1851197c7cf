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

// tile answers for a path of the form /tiles/{layers}/{z}/{x}/{y}.mvt.
func (s *Server) tile(w http.ResponseWriter, r *http.Request, st *state) error {
	p, ok := parseTilePath(r.URL.Path)
	if !ok {
		return notHere(w, r, st)
	}
	address, err := tiles.ParseAddress(p.z, p.x, p.y)
	if err != nil {
		return err
	}
	return s.replyTile(w, r, st, tileOf{p.layers, address})
}

// tileOf is which tile, of which layers (a comma list).
type tileOf struct {
	layers  string
	address tiles.Address
}

// replyTile answers with a tile, whatever path asks for it.
func (s *Server) replyTile(w http.ResponseWriter, r *http.Request, st *state, of tileOf) error {
	t, err := s.tileRequest(r, st)
	if err != nil {
		return err
	}
	t.address = of.address
	layers, err := parseLayers(of.layers, st.snapshot.Depth(t.query.Scheme))
	if err != nil {
		return err
	}
	return s.sendTile(w, r, st, tileAsked{layers, t})
}

// tileAsked is a tile of layers, by whatever path it is asked for.
type tileAsked struct {
	layers []layer
	tileRequest
}

func (s *Server) sendTile(w http.ResponseWriter, r *http.Request, st *state, t tileAsked) error {
	as, err := s.accepted(w, r, &s.tileNegotiator)
	if err != nil {
		return err
	}
	c, err := s.tileContent(st, t.layers, t.tileRequest)
	if err != nil {
		return err
	}
	return s.send(w, r, c, answerForm{as, tileMedia})
}

// tilePath is the parts of a tile's path.
type tilePath struct{ layers, z, x, y string }

// isTilePath reports whether a path begins as those of tiles and ends as they do.
func isTilePath(path string) bool {
	return strings.HasPrefix(path, "/tiles/") && strings.HasSuffix(path, ".mvt")
}

// parseTilePath takes a path apart, as the router would.
func parseTilePath(path string) (p tilePath, ok bool) {
	path, ok = strings.CutPrefix(path, "/tiles/")
	if !ok {
		return p, false
	}
	if path, ok = strings.CutSuffix(path, ".mvt"); !ok {
		return p, false
	}
	for _, part := range []*string{&p.layers, &p.z, &p.x} {
		if *part, path, ok = strings.Cut(path, "/"); !ok || *part == "" {
			return p, false
		}
	}
	p.y = path
	return p, p.y != "" && !strings.Contains(p.y, "/")
}

// tileRequest reads the query string of a tile; the address is left out.
func (s *Server) tileRequest(r *http.Request, st *state) (tileRequest, error) {
	if r.URL.RawQuery == "" { // nearly always
		return tileRequest{frame: crs.WGS84}, nil
	}
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
	if t.meta, err = metaOf(get("meta")); err != nil {
		return t, err
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
		if t.meta && l.kind != lineLayer {
			j.VectorLayers = append(j.VectorLayers, tiles.VectorLayer{ID: l.metaID(), MaxZoom: tiles.MaxZoom, Fields: metaFields()})
		}
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
