package server

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// The document is valid OpenAPI, and what the service answers is what it says.
func TestAnswersFollowTheDocument(t *testing.T) {
	s := start(t)
	_, text := s.get(t, "/openapi.json")
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	doc.Servers = openapi3.Servers{{URL: s.URL}}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{
		"/api/v1/district", "/api/v1/tallies?level=2", "/api/v1/tallies?level=1&severity=huge", "/api/v1/tallies?level=99",
		"/api/v1/grids?level=1", "/api/v1/grids/none", "/api/v1/which?lon=120.1&lat=27.1", "/api/v1/which?lon=181&lat=0", "/api/v1/which?lon=9&lat=9",
		"/api/v1/grids?bbox=120,27,121,28&limit=2", "/api/v1/grids?near=120.5,27.7&f=geojson", "/api/v1/enterprises?bbox=120,27,121,28", "/api/v1/enterprises",
		"/api/v1/hazards?near=120.5,27.7&k=3", "/api/v1/hazards?bbox=120,27,121,28&f=geojson", "/api/v1/hazards?bbox=1", "/api/v1/lines?near=120.5,27.7",
		"/api/v1/mismatches", "/api/v1/mismatches?kind=hazards&level=1&limit=1", "/api/v1/mismatches?kind=lines", "/api/v1/mismatches?scheme=none",
		"/api/v1/columns/grids-1", "/api/v1/columns/grids-2?ids=none&columns=found,rate", "/tiles/grids-1.json", "/tiles/hazards.json?meta=1", "/tiles/none.json", "/heatmaps/hazard-density/legend.json", "/heatmaps/none/legend.json", "/healthz", "/readyz",
		"/?f=json", "/?f=xml", "/conformance", "/collections", "/collections/grids-1", "/collections/none", "/collections/hazards/items?limit=1", "/collections/grids-2/items?bbox=1",
		"/collections/enterprises/items/E1", "/collections/lines/items/none", "/collections/lines/tiles", "/collections/lines/tiles/WebMercatorQuad", "/tiles", "/tiles/WebMercatorQuad",
		"/tileMatrixSets", "/tileMatrixSets/WebMercatorQuad", "/styles", "/styles/hazards.json", "/styles/none.json", "/api",
		"/heatmaps/hazard-kernel/legend.json?classes=jenks&n=3", "/heatmaps/hazard-kernel/legend.json?bandwidth=x", "/heatmaps/hazard-density/10/854/429.png", "/heatmaps/none/1/0/0@2x.png",
	} {
		t.Run(path, func(t *testing.T) { follows(t, s, router.FindRoute, path, "") })
	}
	for _, path := range []string{"/api/v1/grids/search", "/api/v1/enterprises/search?f=geojson", "/api/v1/hazards/search?within=9", "/api/v1/lines/search"} {
		for _, body := range []string{`{"type":"LineString","coordinates":[[120,27.75],[121,27.75]]}`, square(120, 27, 121, 28), `{"type":"Point"}`} {
			t.Run(path+body, func(t *testing.T) { follows(t, s, router.FindRoute, path, body) })
		}
	}
}

// follows asks for a path, by POST when there is a body, and holds the answer against its route's description.
func follows(t *testing.T, s *service, find func(*http.Request) (*routers.Route, map[string]string, error), path, body string) {
	t.Helper()
	method := http.MethodGet
	if body != "" {
		method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	route, params, err := find(req)
	if err != nil {
		t.Fatal(err)
	}
	resp, answer := s.get(t, path)
	if body != "" {
		resp, answer = s.search(t, path, body, nil)
	}
	in := &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: route}
	err = openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: resp.StatusCode, Header: resp.Header, Body: io.NopCloser(bytes.NewReader(answer)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	})
	if err != nil {
		t.Errorf("%d: %v", resp.StatusCode, err)
	}
}
