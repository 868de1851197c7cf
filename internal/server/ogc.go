package server

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"hazgrid/internal/export"
	"hazgrid/safety"
)

// OGC API - Features (OGC 17-069r4) and Tiles (OGC 20-057): what both share.

// geoJSONMedia is the media type of features.
const geoJSONMedia = "application/geo+json"

// Names from the registers of OGC.
const (
	relTilesets     = "http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector"
	relTilingScheme = "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme"
	relSchemes      = "http://www.opengis.net/def/rel/ogc/1.0/tiling-schemes"
	relStyles       = "http://www.opengis.net/def/rel/ogc/1.0/styles"
	crs84           = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
	gregorian       = "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian"
)

// A link leads to another answer. Templated: Href has names in braces.
type link struct {
	Href      string `json:"href"`
	Rel       string `json:"rel"`
	Type      string `json:"type"`
	Title     string `json:"title,omitempty"`
	Templated bool   `json:"templated,omitempty"`
}

func jsonLink(href, rel, title string) link {
	return link{Href: href, Rel: rel, Type: "application/json", Title: title}
}

// root answers at the root: the landing page to who asks for JSON, else the dashboard.
func (s *Server) root(w http.ResponseWriter, r *http.Request, st *state) error {
	w.Header().Add("Vary", "Accept")
	switch f := parameters(r)("f"); f {
	case "json":
		return s.landing(w, r, st)
	case "", "html":
		if f == "" && prefers(r, "application/json", "text/html") {
			return s.landing(w, r, st)
		}
		return s.page(w, r, st)
	default:
		return &safety.FieldError{Field: "f", Reason: fmt.Sprintf("want json or html, got %q", f)}
	}
}

// prefers reports whether the Accept header of r weighs a media type more than another.
func prefers(r *http.Request, media, other string) bool {
	weights := parseWeights(strings.Join(r.Header.Values("Accept"), ","))
	return mediaWeight(weights, media) > mediaWeight(weights, other)
}

// mediaWeight is the weight of a media type: its own, else that of its kind, else that of all.
func mediaWeight(weights map[string]float64, media string) float64 {
	kind, _, _ := strings.Cut(media, "/")
	for _, name := range []string{media, kind + "/*"} {
		if q, ok := weights[name]; ok {
			return q
		}
	}
	return weights["*/*"]
}

func (s *Server) landing(w http.ResponseWriter, r *http.Request, st *state) error {
	base := baseURL(r)
	return s.reply(w, r, st, jsonAnswer("landing "+base, func() (any, error) {
		var o export.Object
		o.Set("title", "hazgrid "+s.cfg.Division)
		o.Set("description", "Grid-based safety supervision: grids, enterprises, hazards and lines of a district, as features and as tiles.")
		return o.Set("links", []link{
			jsonLink(base+"/?f=json", "self", "This document"),
			{Href: base + "/?f=html", Rel: "alternate", Type: "text/html", Title: "The dashboard"},
			{Href: base + "/api", Rel: "service-desc", Type: openAPI30Media, Title: "The service"},
			jsonLink(base+"/conformance", "conformance", "Standards that it follows"),
			jsonLink(base+"/collections", "data", "Collections of features"),
			jsonLink(base+"/tiles", relTilesets, "Vector tiles of all collections"),
			jsonLink(base+"/tileMatrixSets", relSchemes, "Tile matrix sets"),
			jsonLink(base+"/styles", relStyles, "Styles for MapLibre"),
		}), nil
	}))
}

// conformanceClasses lists what is followed in full.
func conformanceClasses() []string {
	const features, tiles = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/", "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/"
	return []string{
		features + "core", features + "geojson", features + "oas30",
		tiles + "core", tiles + "tileset", tiles + "tilesets-list", tiles + "dataset-tilesets", tiles + "geodata-tilesets",
		tiles + "collections-selection", tiles + "mvt", tiles + "oas30",
	}
}

func (s *Server) conformance(w http.ResponseWriter, r *http.Request, st *state) error {
	if err := wantsJSON(r); err != nil {
		return err
	}
	return s.reply(w, r, st, jsonAnswer("conformance", func() (any, error) {
		return map[string][]string{"conformsTo": conformanceClasses()}, nil
	}))
}

// wantsJSON refuses another format in f.
func wantsJSON(r *http.Request) error {
	if f := parameters(r)("f"); f != "" && f != "json" {
		return &safety.FieldError{Field: "f", Reason: fmt.Sprintf("want json, got %q", f)}
	}
	return nil
}

// onlyKnown refuses names of parameters that a path below /collections does not know: a
// misspelt filter must not pass for none (/req/core/query-param-unknown).
func onlyKnown(r *http.Request, known []string) error {
	for _, name := range slices.Sorted(maps.Keys(r.URL.Query())) {
		if !slices.Contains(known, name) {
			return &safety.FieldError{Field: name, Reason: "is not known here; known are " + strings.Join(known, ", ")}
		}
	}
	return nil
}

// queryNames are the parameters of [safety.ParseQuery].
func queryNames() []string {
	return []string{"at", "from", "to", "kind", "severity", "source", "aspect", "item", "responsible", "floor_area_max", "scheme"}
}

// passOn returns the parameters of r with these names as a query string, with its question mark;
// "" when r has none of them.
func passOn(r *http.Request, names []string) string {
	asked, out := r.URL.Query(), url.Values{}
	for _, name := range names {
		if v := asked.Get(name); v != "" {
			out.Set(name, v)
		}
	}
	if len(out) == 0 {
		return ""
	}
	return "?" + out.Encode()
}
