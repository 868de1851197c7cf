package web

import (
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func fetch(t *testing.T, path string, header http.Header) *http.Response {
	t.Helper()
	r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, path, nil)
	for name, values := range header {
		r.Header[name] = values
	}
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestPage(t *testing.T) {
	answer := fetch(t, "/", nil)
	page := body(t, answer.Body)
	if answer.StatusCode != http.StatusOK || !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html") {
		t.Fatalf("GET / = %d %s", answer.StatusCode, answer.Header.Get("Content-Type"))
	}
	if !strings.Contains(answer.Header.Get("Content-Security-Policy"), "default-src 'self'") {
		t.Error("no content security policy")
	}
	if strings.Contains(page, `id="app"`) != Built() {
		t.Errorf("Built() = %v, but the page says otherwise", Built())
	}
	if again := fetch(t, "/", http.Header{"If-None-Match": {answer.Header.Get("ETag")}}); again.StatusCode != http.StatusNotModified {
		t.Errorf("with If-None-Match: %d, want 304", again.StatusCode)
	}
}

func TestAssets(t *testing.T) {
	if !Built() {
		t.Skip("the page is not built: run npm ci && npm run build in internal/web")
	}
	names := regexp.MustCompile(`assets/[\w.-]+`).FindAllString(body(t, fetch(t, "/", nil).Body), -1)
	if len(names) < 4 {
		t.Fatalf("the page names %v", names)
	}
	for _, name := range names {
		plain := fetch(t, "/"+name, nil)
		packed := fetch(t, "/"+name, http.Header{"Accept-Encoding": {"br;q=1, gzip;q=0.5"}})
		if plain.StatusCode != http.StatusOK || plain.Header.Get("Content-Type") == "" {
			t.Errorf("GET %s = %d %q", name, plain.StatusCode, plain.Header.Get("Content-Type"))
		}
		if packed.Header.Get("Content-Encoding") != "gzip" {
			t.Fatalf("%s is not packed", name)
		}
		unpacked, err := gzip.NewReader(packed.Body)
		if err != nil {
			t.Fatal(err)
		}
		if body(t, unpacked) != body(t, plain.Body) {
			t.Errorf("%s differs when packed", name)
		}
		if plain.Header.Get("ETag") == packed.Header.Get("ETag") {
			t.Errorf("%s: one ETag for two codings", name)
		}
	}
}

func TestElsewhere(t *testing.T) {
	for _, path := range []string{"/web.go", "/assets/", "/assets/none.js", "/dist/index.html", "/placeholder.html", "/assets/../../web.go"} {
		if got := fetch(t, path, nil).StatusCode; got != http.StatusNotFound {
			t.Errorf("GET %s = %d, want 404", path, got)
		}
	}
}

func TestTakesGzip(t *testing.T) {
	for header, want := range map[string]bool{
		"": false, "gzip": true, "GZIP": true, "br, gzip": true, "gzip;q=0": false, "gzip; q=0.0": false,
		"*": true, "*;q=0": false, "identity": false, "*, gzip;q=0": false, "gzip;q=x": false, "gzip; q=0.001": true,
	} {
		if got := takesGzip(header); got != want {
			t.Errorf("takesGzip(%q) = %v, want %v", header, got, want)
		}
	}
}
