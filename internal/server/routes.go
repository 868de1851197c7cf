package server

import (
	"net/http"
	"strings"

	"github.com/gorilla/mux"

	"hazgrid/safety"
)

// A route is one path of the service and what may be done there.
type route struct {
	path string
	get  handler // GET and HEAD, nil where there is only POST
	post handler
}

// table is the whole HTTP surface: contract section 4.
func (s *Server) table() []route {
	return []route{
		{path: "/", get: s.root},
		{path: "/assets/{file:.+}", get: s.page},
		{path: tileRoute, get: s.tile},
		{path: "/tiles/{layer}.json", get: s.tileJSON},
		{path: "/heatmaps/{measure}/{z}/{x}/{y}@2x.png", get: s.picture(512)},
		{path: "/heatmaps/{measure}/{z}/{x}/{y}.png", get: s.picture(256)},
		{path: "/heatmaps/{measure}/legend.json", get: s.legend},
		{path: "/styles", get: s.styles},
		{path: "/styles/{name}.json", get: s.style},
		{path: "/conformance", get: s.conformance},
		{path: "/collections", get: s.allCollections},
		{path: "/collections/{collectionId}", get: s.oneCollection},
		{path: "/collections/{collectionId}/items", get: s.items},
		{path: "/collections/{collectionId}/items/{featureId:.+}", get: s.item},
		{path: "/collections/{collectionId}/tiles", get: s.tilesetList(s.tilesetOf)},
		{path: "/collections/{collectionId}/tiles/WebMercatorQuad", get: s.tilesetOne(s.tilesetOf)},
		{path: "/collections/{collectionId}/tiles/WebMercatorQuad/{tileMatrix}/{tileRow}/{tileCol}", get: s.ogcTile(s.tilesetOf)},
		{path: "/tiles", get: s.tilesetList(s.datasetOf)},
		{path: "/tiles/WebMercatorQuad", get: s.tilesetOne(s.datasetOf)},
		{path: "/tiles/WebMercatorQuad/{tileMatrix}/{tileRow}/{tileCol}", get: s.ogcTile(s.datasetOf)},
		{path: "/tileMatrixSets", get: s.tileMatrixSets},
		{path: "/tileMatrixSets/WebMercatorQuad", get: s.tileMatrixSet},
		{path: "/basemaps/{name}.json", get: s.basemapJSON},
		{path: "/basemaps/{name}.pmtiles", get: s.basemapFile},
		{path: "/basemaps/{name}/{z}/{x}/{y}.{ending}", get: s.basemapTile},
		{path: "/api/v1/which", get: s.which, post: s.whichMany},
		{path: "/api/v1/grids", get: s.grids},
		{path: "/api/v1/grids/search", post: s.searchIn(safety.Grids)}, // before the codes: a grid of that code has its GET
		{path: "/api/v1/grids/{code:.+}", get: s.grid},
		{path: "/api/v1/enterprises", get: s.find(safety.Enterprises)},
		{path: "/api/v1/enterprises/search", post: s.searchIn(safety.Enterprises)},
		{path: "/api/v1/hazards", get: s.find(safety.Hazards)},
		{path: "/api/v1/hazards/search", post: s.searchIn(safety.Hazards)},
		{path: "/api/v1/lines", get: s.find(safety.Lines)},
		{path: "/api/v1/lines/search", post: s.searchIn(safety.Lines)},
		{path: "/api/v1/tallies", get: s.tallies},
		{path: "/api/v1/mismatches", get: s.mismatches},
		{path: "/api/v1/columns/{layer}", get: s.columns},
		{path: "/api/v1/district", get: s.district},
		{path: "/api/v1/events", get: s.events},
		{path: "/healthz", get: s.healthz},
		{path: "/readyz", get: s.readyz},
		{path: "/metrics", get: s.metrics.serve},
		{path: "/api", get: s.api},
		{path: "/openapi.json", get: s.openAPI},
	}
}

// tileRoute is the path of tiles.
const tileRoute = "/tiles/{layers}/{z}/{x}/{y}.mvt"

// routes returns the handler of all paths, and the one it has for tiles.
func (s *Server) routes() (all, tiled http.Handler) {
	m := mux.NewRouter().SkipClean(true)
	for _, t := range s.table() {
		h := s.methods(t)
		r := m.Handle(t.path, h)
		if t.path == tileRoute {
			tiled = s.crossOrigin(h)
		}
		if t.get == nil {
			r.Methods(t.allowed()...) // a GET looks on
		}
	}
	m.MethodNotAllowedHandler = s.methods(route{path: "none", post: notHere})
	m.NotFoundHandler = s.serve("none", notHere)
	return s.crossOrigin(m), tiled
}

func notHere(_ http.ResponseWriter, r *http.Request, _ *state) error {
	return &refusal{status: http.StatusNotFound, detail: r.URL.Path + " is not here"}
}

// allowed lists the methods of a route.
func (t route) allowed() (methods []string) {
	if t.get != nil {
		methods = append(methods, http.MethodGet, http.MethodHead)
	}
	methods = append(methods, http.MethodOptions)
	if t.post != nil {
		methods = append(methods, http.MethodPost)
	}
	return methods
}

// methods gives each method of a route its handler, and the others 405.
func (s *Server) methods(t route) http.Handler {
	allowed := t.allowed()
	return s.serve(t.path, func(w http.ResponseWriter, r *http.Request, st *state) error {
		switch {
		case t.get != nil && (r.Method == http.MethodGet || r.Method == http.MethodHead):
			return t.get(w, r, st)
		case r.Method == http.MethodPost && t.post != nil:
			return t.post(w, r, st)
		}
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		if r.Method != http.MethodOptions {
			return &refusal{status: http.StatusMethodNotAllowed, detail: r.Method + " is not for this path"}
		}
		preflight(w.Header(), allowed)
		w.WriteHeader(http.StatusNoContent)
		return nil
	})
}

// crossOrigin lets pages of other origins read: nothing here changes anything, and no credentials count.
func (s *Server) crossOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h["Access-Control-Allow-Origin"] = s.fixed.anyone
		h["Access-Control-Expose-Headers"] = s.fixed.exposed
		h["X-Content-Type-Options"] = s.fixed.noSniff
		next.ServeHTTP(w, r)
	})
}

func preflight(h http.Header, allowed []string) {
	h.Set("Access-Control-Allow-Methods", strings.Join(allowed, ", "))
	h.Set("Access-Control-Allow-Headers", "Accept, Content-Type, If-None-Match, Last-Event-ID, Range, "+minVersionHeader)
	h.Set("Access-Control-Max-Age", "86400")
}
