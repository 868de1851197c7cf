package server

import (
	"fmt"
	"math"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/gorilla/mux"
	"github.com/paulmach/orb"

	"hazgrid/internal/export"
	"hazgrid/safety"
	"hazgrid/tiles"
)

// Names of the only tile matrix set there is: OGC 17-083r4, annex E.
const (
	quad     = "WebMercatorQuad"
	quadURI  = "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad"
	quadCRS  = "http://www.opengis.net/def/crs/EPSG/0/3857"
	quadWKSS = "http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible"
)

// tileNames are the parameters of a tile; those of the tiles below /collections are no others.
func tileNames() []string { return append(queryNames(), "columns", "frame", "meta") }

// A tileset is some layers in tiles.
type tileset struct {
	title  string
	here   string // URL, without a query string
	query  string // with its question mark, "" for none: what the tiles are asked for with
	plain  string // the same without what the path of plain tiles says
	layers []layer
	tileRequest
}

// tilesetOf returns the tileset of the layer that a path names, also of one that is no collection.
func (s *Server) tilesetOf(r *http.Request, st *state) (tileset, error) {
	if err := onlyKnown(r, append(tileNames(), "f")); err != nil {
		return tileset{}, err
	}
	t, err := s.tileRequest(r, st)
	if err != nil {
		return tileset{}, err
	}
	id := mux.Vars(r)["collectionId"]
	l, err := parseLayer(id, st.snapshot.Depth(t.query.Scheme))
	if err != nil {
		return tileset{}, err
	}
	here := baseURL(r) + "/collections/" + id + "/tiles"
	query := passOn(r, tileNames())
	return tileset{title: id, here: here, query: query, plain: query, layers: []layer{l}, tileRequest: t}, nil
}

// datasetOf returns the tileset of all collections, or of those that are named, in their order.
func (s *Server) datasetOf(r *http.Request, st *state) (tileset, error) {
	t, err := s.tileRequest(r, st)
	if err != nil {
		return tileset{}, err
	}
	set := tileset{title: "All collections", here: baseURL(r) + "/tiles", plain: passOn(r, tileNames()), tileRequest: t}
	set.query = passOn(r, append(tileNames(), "collections"))
	depth := st.snapshot.Depth(t.query.Scheme)
	list := parameters(r)("collections")
	if list == "" {
		for _, c := range collections(depth) {
			set.layers = append(set.layers, c.layer)
		}
		return set, nil
	}
	var ids []string
	for id := range strings.SplitSeq(list, ",") {
		ids = append(ids, path.Base(id)) // a collection may be named by its URL
	}
	set.title = strings.Join(ids, ", ")
	if set.layers, err = parseLayers(strings.Join(ids, ","), depth); err != nil {
		return set, &safety.FieldError{Field: "collections", Reason: err.Error()}
	}
	return set, nil
}

// finder reads which tileset a request is about.
type finder func(r *http.Request, st *state) (tileset, error)

// tilesetList answers with the list of tilesets: there is one, described as whole as by itself.
func (s *Server) tilesetList(find finder) handler {
	return func(w http.ResponseWriter, r *http.Request, st *state) error {
		t, err := find(r, st)
		if err == nil {
			err = wantsJSON(r)
		}
		if err != nil {
			return err
		}
		return s.reply(w, r, st, jsonAnswer("tilesets "+t.here+t.query, func() (any, error) {
			var o export.Object
			o.Set("links", []link{jsonLink(t.here+t.query, "self", "This document")})
			return o.Set("tilesets", []*export.Object{t.describe(st.snapshot)}), nil
		}))
	}
}

func (s *Server) tilesetOne(find finder) handler {
	return func(w http.ResponseWriter, r *http.Request, st *state) error {
		t, err := find(r, st)
		if err == nil {
			err = wantsJSON(r)
		}
		if err != nil {
			return err
		}
		return s.reply(w, r, st, jsonAnswer("tileset "+t.here+t.query, func() (any, error) { return t.describe(st.snapshot), nil }))
	}
}

// describe is the tileset metadata of OGC 17-083r4.
func (t tileset) describe(snapshot *safety.Snapshot) *export.Object {
	var o export.Object
	o.Set("title", t.title).Set("dataType", "vector").Set("crs", quadCRS).Set("tileMatrixSetURI", quadURI).Set("tileMatrixSetId", quad)
	if b, ok := extent(snapshot, t.layers, t.tileRequest); ok {
		var box export.Object
		o.Set("boundingBox", box.Set("lowerLeft", b.Min).Set("upperRight", b.Max).Set("crs", crs84))
		o.Set("tileMatrixSetLimits", limitsOf(b))
	}
	return o.Set("layers", t.describeLayers()).Set("links", t.links())
}

func (t tileset) links() []link {
	base, _, _ := strings.Cut(t.here, "/tiles")
	base, _, _ = strings.Cut(base, "/collections")
	ids := make([]string, len(t.layers))
	for i, l := range t.layers {
		ids[i] = l.id
	}
	here := t.here + "/" + quad
	return []link{
		jsonLink(here+t.query, "self", t.title+" in vector tiles"),
		{Href: here + "/{tileMatrix}/{tileRow}/{tileCol}" + t.query, Rel: "item", Type: tileMedia, Title: "A tile", Templated: true},
		jsonLink(base+"/tileMatrixSets/"+quad, relTilingScheme, quad),
		jsonLink(base+"/tiles/"+strings.Join(ids, ",")+".json"+t.plain, "describedby", "TileJSON"),
	}
}

// describeLayers lists the layers; what their attributes are, TileJSON tells.
func (t tileset) describeLayers() []*export.Object {
	out := make([]*export.Object, len(t.layers))
	for i, l := range t.layers {
		out[i] = new(export.Object).Set("id", l.id).Set("dataType", "vector").Set("geometryDimension", l.dimension()).Set("crs", quadCRS)
		out[i].Set("minTileMatrix", "0").Set("maxTileMatrix", strconv.Itoa(tiles.MaxZoom))
	}
	return out
}

// dimension is that of the shapes of a layer: 0 for points, 1 for lines, 2 for areas.
func (l layer) dimension() int {
	switch l.kind {
	case gridLayer:
		return 2
	case lineLayer:
		return 1
	}
	return 0
}

// limitsOf lists the tiles that may show something of the box, for each zoom.
func limitsOf(b orb.Bound) []*export.Object {
	var all []*export.Object
	for z := range uint32(tiles.MaxZoom + 1) {
		first, last := tiles.Range(b, z)
		o := new(export.Object).Set("tileMatrix", strconv.FormatUint(uint64(z), 10))
		o.Set("minTileRow", first.Y).Set("maxTileRow", last.Y).Set("minTileCol", first.X).Set("maxTileCol", last.X)
		all = append(all, o)
	}
	return all
}

// ogcTile answers with the same bytes and tags as /tiles/{layers}/{z}/{x}/{y}.mvt, but beyond
// the limits of the tileset with 404 (/req/core/tc-error).
func (s *Server) ogcTile(find finder) handler {
	return func(w http.ResponseWriter, r *http.Request, st *state) error {
		t, err := find(r, st)
		if err != nil {
			return err
		}
		if f := parameters(r)("f"); f != "" && f != "mvt" {
			return &safety.FieldError{Field: "f", Reason: fmt.Sprintf("want mvt, got %q", f)}
		}
		v := mux.Vars(r)
		if t.address, err = tiles.ParseAddress(v["tileMatrix"], v["tileCol"], v["tileRow"]); err != nil {
			return err
		}
		if !s.within(st.snapshot, t) {
			return fmt.Errorf("%w: %s is beyond the limits of the tileset", tiles.ErrAddress, t.address)
		}
		return s.sendTile(w, r, st, tileAsked{t.layers, t.tileRequest})
	}
}

// extentKey names the box of some layers under a query.
type extentKey struct {
	version int64
	at      safety.Time
	layers  string
	request tileRequest // without its address
}

// within reports whether a tile lies within the limits of its tileset.
func (s *Server) within(snapshot *safety.Snapshot, t tileset) bool {
	key := extentKey{snapshot.Version(), snapshot.At(), fmt.Sprint(t.layers), t.tileRequest}
	key.request.address = tiles.Address{}
	b, err := s.extents.get(key, func() (orb.Bound, error) {
		b, ok := extent(snapshot, t.layers, t.tileRequest)
		if !ok {
			return b, safety.ErrNotFound
		}
		return b, nil
	})
	first, last := tiles.Range(b, t.address.Z)
	return err == nil && t.address.X >= first.X && t.address.X <= last.X && t.address.Y >= first.Y && t.address.Y <= last.Y
}

// extentsKept is how many boxes of tilesets are remembered.
const extentsKept = 256

func extentSize(orb.Bound) int { return 1 }

func (s *Server) tileMatrixSets(w http.ResponseWriter, r *http.Request, st *state) error {
	if err := wantsJSON(r); err != nil {
		return err
	}
	base := baseURL(r)
	return s.reply(w, r, st, jsonAnswer("tile matrix sets "+base, func() (any, error) {
		o := quadHead().Set("links", []link{jsonLink(base+"/tileMatrixSets/"+quad, "self", quad)})
		return new(export.Object).Set("tileMatrixSets", []*export.Object{o}), nil
	}))
}

func (s *Server) tileMatrixSet(w http.ResponseWriter, r *http.Request, st *state) error {
	if err := wantsJSON(r); err != nil {
		return err
	}
	return s.reply(w, r, st, jsonAnswer("tile matrix set", func() (any, error) {
		return quadHead().Set("orderedAxes", []string{"X", "Y"}).Set("wellKnownScaleSet", quadWKSS).Set("tileMatrices", tileMatrices()), nil
	}))
}

func quadHead() *export.Object {
	return new(export.Object).Set("id", quad).Set("title", "Google Maps Compatible for the World").Set("uri", quadURI).Set("crs", quadCRS)
}

// What makes the tile matrices (OGC 17-083r4, 6.1.1 and annex E.1).
const (
	equator      = 2 * math.Pi * 6378137 // m, of the sphere of Web Mercator
	pixel        = 0.00028               // m, of a screen that scales are for
	tilePixels   = 256
	quadMatrices = 25
)

// tileMatrices lists the matrices of WebMercatorQuad, which has more than there are tiles here: limits of
// tilesets end at zoom 22.
func tileMatrices() []*export.Object {
	all := make([]*export.Object, quadMatrices)
	corner := [2]float64{-equator / 2, equator / 2}
	for z := range all {
		n := 1 << z
		cell := equator / tilePixels / float64(n)
		o := new(export.Object).Set("id", strconv.Itoa(z)).Set("scaleDenominator", cell/pixel).Set("cellSize", cell)
		o.Set("cornerOfOrigin", "topLeft").Set("pointOfOrigin", corner)
		o.Set("tileWidth", tilePixels).Set("tileHeight", tilePixels).Set("matrixWidth", n).Set("matrixHeight", n)
		all[z] = o
	}
	return all
}
