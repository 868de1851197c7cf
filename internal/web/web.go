// Package web is the dashboard: the page built from src by npm, embedded, and served with
// the headers it needs. Without a build it serves the committed placeholder.
package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
)

//go:embed dist
var built embed.FS

// contentPolicy lets the page load nothing from anywhere else. MapLibre draws icons from blobs
// and sets styles on its elements; its worker is a file of ours.
const contentPolicy = "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; " +
	"worker-src 'self' blob:; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'"

// mediaType is the type of a file in dist by its ending; the system's table may not know .mjs.
func mediaType(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	default:
		return "text/plain; charset=utf-8"
	}
}

// Built reports whether the page was built before the program was.
func Built() bool {
	_, err := fs.Stat(built, "dist/index.html")
	return err == nil
}

// Handler serves the page at / and its files below /assets/. Any other path is 404. Files
// below /assets/ carry their digest in their name and may be kept forever.
func Handler() http.Handler {
	return http.HandlerFunc(serve)
}

func serve(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
	switch {
	case name == "" && Built():
		name = "index.html"
	case name == "":
		name = "placeholder.html"
	case !strings.HasPrefix(name, "assets/") || strings.HasSuffix(name, ".gz"):
		http.NotFound(w, r)
		return
	}
	serveFile(w, r, name)
}

func serveFile(w http.ResponseWriter, r *http.Request, name string) {
	body, err := fs.ReadFile(built, "dist/"+name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	tag := digest(body)
	h.Set("Content-Type", mediaType(name))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-cache")
	if strings.HasPrefix(name, "assets/") {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if path.Ext(name) == ".html" {
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("Referrer-Policy", "same-origin")
	}
	h.Add("Vary", "Accept-Encoding")
	if packed, err := fs.ReadFile(built, "dist/"+name+".gz"); err == nil && takesGzip(r.Header.Get("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		body, tag = packed, tag+"-gzip"
	}
	h.Set("ETag", `"`+tag+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:8])
}

// takesGzip reports whether an Accept-Encoding header lets the answer be gzip: named, or by a
// star, with a weight above 0 (RFC 9110, 12.5.3).
func takesGzip(header string) bool {
	star := false
	for _, part := range strings.Split(header, ",") {
		coding, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		switch strings.ToLower(strings.TrimSpace(coding)) {
		case "gzip", "x-gzip":
			return weight(params) > 0
		case "*":
			star = weight(params) > 0
		}
	}
	return star
}

// weight reads ";q=…"; 1 when there is none, 0 when it cannot be read.
func weight(params string) float64 {
	name, value, found := strings.Cut(strings.TrimSpace(params), "=")
	if !found || !strings.EqualFold(strings.TrimSpace(name), "q") {
		return 1
	}
	q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil {
		return 0
	}
	return q
}
