package server

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"hazgrid/internal/limits"
)

// FuzzRequest sends any request: it is answered, without a fault of ours, a refusal says why as a problem, JSON is whole, and the
// same request gets the same answer again.
func FuzzRequest(f *testing.F) {
	for _, target := range []string{
		"/", "/tiles/grids-1,hazards/9/427/222.mvt?at=2014-12-31&columns=none&frame=gcj02", "/tiles/grids-1.json", "/heatmaps/hazard-density/legend.json?level=2",
		"/heatmaps/hazard-kernel/9/427/214.png?bandwidth=700&classes=jenks&n=5&frame=gcj02", "/heatmaps/rectification-rate/9/427/214@2x.png?breaks=0.1,0.5&ramp=viridis",
		"/api/v1/which?lon=120.51&lat=27.75&frame=bd09&snap=50", "/api/v1/which?lon=1e308&lat=NaN", "/api/v1/grids?level=2", "/api/v1/grids/A1?at=2014-12-01",
		"/api/v1/tallies?level=2&from=2014-12-01&to=2014-12-31&severity=major&format=csv", "/api/v1/tallies?level=1&format=xlsx", "/api/v1/columns/grids-2?since=0",
		"/api/v1/hazards?bbox=120,27,121,28&limit=2&state=open", "/api/v1/enterprises?near=120.5,27.7,500", "/api/v1/lines?bbox=120,27,121,28", "/api/v1/mismatches?level=2",
		"/collections/hazards/items?bbox=120,27,0,121,28,9&datetime=2014-12-01/..&limit=1&after=H1", "/collections/grids-2/items?datetime=/2014-12-31&parent=A", "/collections/grids-1/items/A%2F",
		"/collections/lines/tiles/WebMercatorQuad/9/222/427?columns=none", "/tiles/WebMercatorQuad?collections=hazards,http://x/collections/lines", "/styles/hazard-density.json?level=2&at=2014", "/api",
		"/api/v1/district", "/openapi.json", "/healthz", "/tiles/grids-1/99/-1/1e9.mvt", "/api/v1/grids/%00%ff/../x", "/api/v1/tallies?level=99999999999999999999",
	} {
		f.Add(target, "gzip;q=0.5, br;q=x, *;q=0", `"x-gzip", W/"y"`, "")
	}
	f.Add("/api/v1/which", "identity", "*", "lon,lat\n120.51,27.75\n")
	f.Add("/api/v1/which", "", "", "[[120.51,27.75],[1e400,0]]")
	f.Add("/api/v1/hazards/search", "", "", square(120, 27, 121, 28))
	f.Add("/api/v1/grids/search?limit=1", "zstd", "", `{"type":"LineString","coordinates":[[120,27],[121,28]]}`)
	s := start(f)
	f.Fuzz(func(t *testing.T, target, encodings, match, body string) {
		if u, err := url.ParseRequestURI(target); err != nil || strings.HasPrefix(u.Path, "/api/v1/events") || u.Path == "/metrics" {
			t.Skip("no path, or an answer that is never the same")
		}
		limits.Hold(t, func() {
			first, again := s.answer(t, target, encodings, match, body), s.answer(t, target, encodings, match, body)
			if first.Code != again.Code || !bytes.Equal(first.Body.Bytes(), again.Body.Bytes()) {
				t.Errorf("%d, then %d: %q, then %q", first.Code, again.Code, first.Body, again.Body)
			}
			media, plain := first.Header().Get("Content-Type"), first.Header().Get("Content-Encoding") == ""
			switch {
			case first.Code >= http.StatusInternalServerError:
				t.Errorf("%d %s", first.Code, first.Body)
			case first.Code >= http.StatusBadRequest && media != "application/problem+json":
				t.Errorf("%d as %s: %s", first.Code, media, first.Body)
			case plain && first.Body.Len() > 0 && strings.Contains(media, "json") && !json.Valid(first.Body.Bytes()):
				t.Errorf("no JSON: %s", first.Body)
			}
		})
	})
}

// answer asks without a network: with a body it is a POST.
func (s *service) answer(t *testing.T, target, encodings, match, body string) *httptest.ResponseRecorder {
	t.Helper()
	u, err := url.ParseRequestURI(target)
	if err != nil {
		t.Fatal(err)
	}
	r := &http.Request{Method: http.MethodGet, URL: u, Host: "localhost", RequestURI: target, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Body: http.NoBody, Header: http.Header{
		"Accept-Encoding": {encodings}, "If-None-Match": {match},
	}}
	if body != "" {
		r = httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.URL, r.RequestURI = u, target
		media := "text/csv"
		if strings.HasPrefix(body, "[") || strings.HasPrefix(body, "{") {
			media = "application/json"
		}
		r.Header.Set("Content-Type", media)
	}
	w := httptest.NewRecorder()
	s.srv.ServeHTTP(w, r.WithContext(t.Context()))
	return w
}
