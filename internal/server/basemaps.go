package server

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/gorilla/mux"

	"hazgrid/safety"
	"hazgrid/tiles"
)

// A Basemap is a PMTiles archive that is served beside the layers, read by parts. Who gives it closes the file after the
// service has ended; a new archive is a new file, renamed to its place, and noticed at the next start.
type Basemap struct {
	Name string // in URLs: letters, digits, "-", "_"
	File *os.File
}

// IsBasemapName reports whether a base map can have a name.
func IsBasemapName(name string) bool { return basemapName.MatchString(name) }

var basemapName = regexp.MustCompile(`^[\w-]{1,64}$`)

// basemap is a Basemap that has been looked into.
type basemap struct {
	archive *tiles.PMTiles
	file    *os.File
	info    os.FileInfo
	tag     string // ETag of the whole file
	ending  string
	media   string
	coding  coding
}

// openBasemaps looks into the archives.
func openBasemaps(given []Basemap) (map[string]*basemap, error) {
	all := map[string]*basemap{}
	for _, g := range given {
		if !IsBasemapName(g.Name) {
			return nil, fmt.Errorf("base map %q: %w: want a name of letters, digits, - and _", g.Name, safety.ErrInvalid)
		}
		if all[g.Name] != nil {
			return nil, fmt.Errorf("base map %q: %w: two have this name", g.Name, safety.ErrConflict)
		}
		b, err := openBasemap(g.File)
		if err != nil {
			return nil, fmt.Errorf("base map %s: %w", g.Name, err)
		}
		all[g.Name] = b
	}
	return all, nil
}

func openBasemap(f *os.File) (*basemap, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	archive, err := tiles.OpenPMTiles(f, info.Size())
	if err != nil {
		return nil, err
	}
	b := &basemap{archive: archive, file: f, info: info, coding: identity}
	switch archive.Packed() {
	case tiles.Gzip:
		b.coding = gzipC
	case tiles.Brotli:
		b.coding = brotliC
	case tiles.Zstd:
		b.coding = zstdC
	}
	switch archive.Type() {
	case tiles.MVT:
		b.ending, b.media = "mvt", tileMedia
	case tiles.PNG:
		b.ending, b.media = "png", "image/png"
	case tiles.JPEG:
		b.ending, b.media = "jpg", "image/jpeg"
	case tiles.WebP:
		b.ending, b.media = "webp", "image/webp"
	case tiles.AVIF:
		b.ending, b.media = "avif", "image/avif"
	}
	head := make([]byte, min(info.Size(), 16384)) // header and root directory: these change when a tile does
	if _, err := f.ReadAt(head, 0); err != nil {
		return nil, err
	}
	b.tag = fmt.Sprintf("%q", digest(fmt.Appendf(head, "%d %d", info.Size(), info.ModTime().UnixNano())))
	return b, nil
}

// basemapOf finds the base map that r names.
func (s *Server) basemapOf(r *http.Request) (*basemap, error) {
	name := mux.Vars(r)["name"]
	if b, ok := s.basemaps[name]; ok {
		return b, nil
	}
	return nil, fmt.Errorf("base map %q: %w", name, safety.ErrNotFound)
}

// basemapTile answers with a tile as the archive has it, or without its compression for clients that do not take it.
func (s *Server) basemapTile(w http.ResponseWriter, r *http.Request, _ *state) error {
	b, err := s.basemapOf(r)
	if err != nil {
		return err
	}
	v := mux.Vars(r)
	a, err := tiles.ParseAddress(v["z"], v["x"], v["y"])
	if err != nil {
		return err
	}
	about := b.archive.TileJSON()
	if z := int(a.Z); v["ending"] != b.ending || z < about.MinZoom || z > about.MaxZoom {
		return fmt.Errorf("tile %s.%s (the base map has .%s, zoom %d to %d): %w", a, v["ending"], b.ending, about.MinZoom, about.MaxZoom, safety.ErrNotFound)
	}
	tile, _, err := b.archive.Tile(a)
	if err != nil {
		return err
	}
	return b.reply(w, r, tile)
}

// reply answers with a tile by the rules of all tiles: ETag by content and coding, 304, 204.
func (b *basemap) reply(w http.ResponseWriter, r *http.Request, tile []byte) error {
	header := w.Header()
	header.Set("Cache-Control", "no-cache")
	header.Add("Vary", "Accept-Encoding")
	as, ok := b.chosen(r)
	if !ok {
		return &refusal{status: http.StatusNotAcceptable, detail: "Accept-Encoding allows neither " + string(b.coding) + " nor identity", field: "Accept-Encoding"}
	}
	if len(tile) == 0 {
		as = identity
	}
	sum := digest(tile)
	header.Set("ETag", fmt.Sprintf("%q", sum+"-"+string(as)))
	switch {
	case matches(r.Header.Values("If-None-Match"), sum):
		w.WriteHeader(http.StatusNotModified)
		return nil
	case len(tile) == 0:
		w.WriteHeader(http.StatusNoContent)
		return nil
	case as != identity:
		header.Set("Content-Encoding", string(as))
	default:
		var err error
		if tile, err = b.archive.Unpack(tile); err != nil {
			return err
		}
	}
	header.Set("Content-Type", b.media)
	header.Set("Content-Length", strconv.Itoa(len(tile)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(tile) // the client may be gone
	}
	return nil
}

// chosen returns the coding that r likes best of the two there are: that of the archive, and none.
func (b *basemap) chosen(r *http.Request) (coding, bool) {
	weights := parseWeights(strings.Join(r.Header.Values("Accept-Encoding"), ","))
	plain, named := weightOf(weights, identity)
	if packed, ok := weightOf(weights, b.coding); b.coding != identity && ok && packed > 0 && packed >= plain {
		return b.coding, true
	}
	return identity, !named || plain > 0
}

// basemapJSON describes a base map, its vector layers in the words of the archive.
func (s *Server) basemapJSON(w http.ResponseWriter, r *http.Request, st *state) error {
	b, err := s.basemapOf(r)
	if err != nil {
		return err
	}
	url := baseURL(r) + "/basemaps/" + mux.Vars(r)["name"] + "/{z}/{x}/{y}." + b.ending
	return s.reply(w, r, st, jsonAnswer("base map "+url, func() (any, error) {
		about := b.archive.TileJSON()
		about.Tiles = []string{url}
		return struct {
			tiles.TileJSON
			VectorLayers json.RawMessage `json:"vector_layers,omitempty"`
		}{about, b.archive.VectorLayers()}, nil
	}))
}

// basemapFile serves the archive itself, for clients that read its parts (Range).
func (s *Server) basemapFile(w http.ResponseWriter, r *http.Request, _ *state) error {
	b, err := s.basemapOf(r)
	if err != nil {
		return err
	}
	header := w.Header()
	header.Set("Content-Type", "application/vnd.pmtiles")
	header.Set("Cache-Control", "no-cache")
	header.Set("ETag", b.tag)
	out := &rangeWriter{ResponseWriter: w}
	http.ServeContent(out, r, "", b.info.ModTime(), io.NewSectionReader(b.file, 0, b.info.Size()))
	if out.refused {
		return &refusal{status: http.StatusRequestedRangeNotSatisfiable, detail: fmt.Sprintf("the archive has %d bytes", b.info.Size()), field: "Range"}
	}
	return nil
}

// A rangeWriter keeps back what http.ServeContent says of a Range that is not there: it becomes a problem like any other.
type rangeWriter struct {
	http.ResponseWriter
	refused bool
}

// WriteHeader passes on every status but 416.
func (w *rangeWriter) WriteHeader(status int) {
	if w.refused = status == http.StatusRequestedRangeNotSatisfiable; !w.refused {
		w.ResponseWriter.WriteHeader(status)
	}
}

// Write passes on what belongs to a status that was passed on.
func (w *rangeWriter) Write(b []byte) (int, error) {
	if w.refused {
		return len(b), nil
	}
	return w.ResponseWriter.Write(b)
}
