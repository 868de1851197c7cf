package server

import (
	"bytes"
	"fmt"
	"math"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/paulmach/orb/encoding/mvt"

	"hazgrid/internal/store/gpkg"
)

// The assertions of the abstract tests of OGC API - Tiles, Part 1 (OGC 20-057, annex A), as OGC's test suite
// ets-ogcapi-tiles10 makes them; /conf/… are their names.

type ogcTileset struct {
	DataType, CRS, TileMatrixSetURI, TileMatrixSetID string
	BoundingBox                                      struct{ LowerLeft, UpperRight []float64 }
	TileMatrixSetLimits                              []struct {
		TileMatrix                                     string
		MinTileRow, MaxTileRow, MinTileCol, MaxTileCol int
	}
	Layers []struct{ ID string }
	Links  []ogcLink
}

// tilesets follows a link to a list of tilesets, which has one.
func (s *service) tilesets(t testing.TB, href string) ogcTileset {
	t.Helper()
	var list struct {
		Links    []ogcLink
		Tilesets []ogcTileset
	}
	s.follow(t, href, "application/json", &list)
	if len(list.Tilesets) != 1 || !strings.Contains(href, "/tiles") {
		t.Fatalf("%s: %+v", href, list)
	}
	return list.Tilesets[0]
}

// tile fills a link's template in.
func (s *service) tile(t testing.TB, l ogcLink, z string, row, col int) (*http.Response, []byte) {
	t.Helper()
	path := strings.NewReplacer("{tileMatrix}", z, "{tileRow}", strconv.Itoa(row), "{tileCol}", strconv.Itoa(col)).Replace(strings.TrimPrefix(l.Href, s.URL))
	if strings.ContainsAny(path, "{}") {
		t.Fatalf("template %s", l.Href)
	}
	return s.get(t, path)
}

// /conf/core/tc-op, tc-tilematrix-definition, tc-tilerow-definition, tc-tilecol-definition, tc-success, tc-error;
// /conf/tilesets-list/tileset-links; /conf/tileset; /conf/dataset-tilesets/landingpage; /conf/geodata-tilesets/desc-links, operation; /conf/mvt
func TestOGCTilesets(t *testing.T) {
	s := start(t)
	lists := map[string]string{"grids-1,grids-2,enterprises,hazards,lines": linkTo(t, s.landing(t).Links, relTilesets).Href}
	for _, c := range s.collections(t) {
		lists[c.ID] = linkTo(t, c.Links, relTilesets).Href
	}
	lists["grid-labels-2"] = s.URL + "/collections/grid-labels-2/tiles" // a layer that is no collection
	lists["hazards,grids-1"] = s.URL + "/tiles?collections=" + s.URL + "/collections/hazards,grids-1"
	for ids, href := range lists {
		t.Run(ids, func(t *testing.T) {
			set := s.tilesets(t, href)
			s.checkTileset(t, ids, set)
			var alone ogcTileset
			s.follow(t, linkTo(t, set.Links, "self").Href, "application/json", &alone)
			if fmt.Sprint(alone) != fmt.Sprint(set) {
				t.Errorf("alone it is %v, in the list %v", alone, set)
			}
		})
	}
}

func (s *service) checkTileset(t *testing.T, ids string, set ogcTileset) {
	t.Helper()
	if set.DataType != "vector" || set.TileMatrixSetURI != quadURI || set.TileMatrixSetID != "WebMercatorQuad" || set.CRS != quadCRS || len(set.TileMatrixSetLimits) != 23 {
		t.Errorf("tileset: %+v", set)
	}
	var layers []string
	for _, l := range set.Layers {
		layers = append(layers, l.ID)
	}
	if strings.Join(layers, ",") != ids {
		t.Errorf("layers %v, want %s", layers, ids)
	}
	var matrices struct{ TileMatrices []struct{ ID string } }
	s.follow(t, linkTo(t, set.Links, relTilingScheme).Href, "application/json", &matrices)
	var described struct{ Tilejson string }
	s.follow(t, linkTo(t, set.Links, "describedby").Href, "application/json", &described)
	if len(matrices.TileMatrices) != 25 || described.Tilejson != "3.0.0" {
		t.Errorf("%d matrices, TileJSON %q", len(matrices.TileMatrices), described.Tilejson)
	}
	item := linkTo(t, set.Links, "item")
	if item.Type != "application/vnd.mapbox-vector-tile" {
		t.Errorf("items are %s", item.Type)
	}
	for z, l := range set.TileMatrixSetLimits[:12] {
		if l.TileMatrix != strconv.Itoa(z) || l.MinTileRow > l.MaxTileRow || l.MinTileCol > l.MaxTileCol {
			t.Fatalf("limits of zoom %d: %+v", z, l)
		}
		for row := l.MinTileRow; row <= l.MaxTileRow; row++ {
			for col := l.MinTileCol; col <= l.MaxTileCol; col++ {
				s.sameTile(t, ids, item, [3]int{z, row, col})
			}
		}
		for _, at := range [][2]int{{l.MinTileRow - 1, l.MinTileCol}, {l.MaxTileRow + 1, l.MinTileCol}, {l.MinTileRow, l.MaxTileCol + 1}, {math.MaxInt32, math.MaxInt32}} {
			if resp, b := s.tile(t, item, l.TileMatrix, at[0], at[1]); resp.StatusCode != http.StatusNotFound {
				t.Errorf("%d/%v is beyond the limits: %s", z, at, resp.Status)
			} else {
				checkProblem(t, "beyond the limits", resp, b, "")
			}
			plain, _ := s.get(t, fmt.Sprintf("/tiles/%s/%d/%d/%d.mvt", ids, z, at[1], at[0]))
			if plain.StatusCode != http.StatusNoContent && plain.StatusCode != http.StatusNotFound {
				t.Errorf("%d/%v is beyond the limits, but holds something", z, at)
			}
		}
	}
}

// sameTile checks that a tile, {zoom, row, column}, is byte for byte that of the plain path, with its tags.
func (s *service) sameTile(t *testing.T, ids string, item ogcLink, at [3]int) {
	t.Helper()
	resp, b := s.tile(t, item, strconv.Itoa(at[0]), at[1], at[2])
	plain, want := s.get(t, fmt.Sprintf("/tiles/%s/%d/%d/%d.mvt", ids, at[0], at[2], at[1]))
	if resp.StatusCode != plain.StatusCode || !bytes.Equal(b, want) || resp.Header.Get("ETag") != plain.Header.Get("ETag") || resp.Header.Get("Content-Type") != plain.Header.Get("Content-Type") {
		t.Errorf("%v: %s of %d bytes, the plain tile %s of %d bytes", at, resp.Status, len(b), plain.Status, len(want))
	}
	if resp.StatusCode == http.StatusOK {
		if _, err := mvt.Unmarshal(b); err != nil {
			t.Errorf("%v: %v", at, err)
		}
	}
}

func TestOGCTileParameters(t *testing.T) {
	s := start(t)
	const tile = "/collections/hazards/tiles/WebMercatorQuad/10/429/854"
	_, all := s.get(t, tile)
	_, some := s.get(t, tile+"?severity=major")
	if bytes.Equal(all, some) || len(some) == 0 {
		t.Errorf("%d bytes with all hazards, %d with the major ones", len(all), len(some))
	}
	set := s.tilesets(t, s.URL+"/collections/hazards/tiles?severity=major&at=2014-12-31")
	if resp, b := s.tile(t, linkTo(t, set.Links, "item"), "10", 429, 854); resp.StatusCode != http.StatusOK || !bytes.Equal(b, some) {
		t.Errorf("a filtered tileset's tile: %s", resp.Status)
	}
	for _, tt := range []struct {
		path   string
		status int
		field  string
	}{
		{tile + "?nonsense=1", 400, "nonsense"},
		{tile + "?f=png", 400, "f"},
		{tile + "?f=mvt", 200, ""},
		{tile + "?frame=mars", 400, "frame"},
		{"/tiles/WebMercatorQuad/10/429/854?nonsense=1", 200, ""},
		{"/tiles/WebMercatorQuad/10/429/854?collections=none", 400, "collections"},
		{"/tiles/WebMercatorQuad/23/0/0", 404, ""},
		{"/tiles/WebMercatorQuad/a/0/0", 404, ""},
		{"/tiles/WorldCRS84Quad", 404, ""},
		{"/collections/none/tiles", 404, ""},
		{"/collections/hazards/tiles/WorldCRS84Quad", 404, ""},
		{"/collections/hazards/tiles?datetime=2014", 400, "datetime"},
		{"/tileMatrixSets/WorldCRS84Quad", 404, ""},
		{"/tileMatrixSets?f=xml", 400, "f"},
	} {
		resp, b := s.get(t, tt.path)
		if resp.StatusCode != tt.status {
			t.Errorf("%s: %d, want %d: %s", tt.path, resp.StatusCode, tt.status, b)
		} else if tt.status >= 400 {
			checkProblem(t, tt.path, resp, b, tt.field)
		}
	}
}

// The figures are those of OGC's register (opengeospatial/2D-Tile-Matrix-Set, registry/json/WebMercatorQuad.json).
func TestTileMatrixSetOfTheRegister(t *testing.T) {
	s := start(t)
	var list struct {
		TileMatrixSets []struct {
			ID    string
			Links []ogcLink
		}
	}
	s.follow(t, linkTo(t, s.landing(t).Links, relSchemes).Href, "application/json", &list)
	var set struct {
		ID, URI, CRS, WellKnownScaleSet string
		OrderedAxes                     []string
		TileMatrices                    []struct {
			ID, CornerOfOrigin                               string
			ScaleDenominator, CellSize                       float64
			PointOfOrigin                                    []float64
			TileWidth, TileHeight, MatrixWidth, MatrixHeight int
		}
	}
	s.follow(t, linkTo(t, list.TileMatrixSets[0].Links, "self").Href, "application/json", &set)
	if set.ID != "WebMercatorQuad" || set.URI != quadURI || set.CRS != quadCRS || strings.Join(set.OrderedAxes, "") != "XY" || set.WellKnownScaleSet != quadWKSS || len(set.TileMatrices) != 25 {
		t.Fatalf("%+v", set)
	}
	near := func(a, b float64) bool { return math.Abs(a-b) <= 2e-14*math.Abs(b)+1e-14 }
	for z, want := range map[int][2]float64{
		0: {559082264.028717, 156543.033928041}, 1: {279541132.014358, 78271.5169640204}, 10: {545978.773465544, 152.874056570352},
		17: {4265.45916769956, 1.19432856695587}, 22: {133.295598990611, 0.0373227677173712}, 24: {33.3238997476528, 0.0093306919293428},
	} {
		m := set.TileMatrices[z]
		if m.ID != strconv.Itoa(z) || !near(m.ScaleDenominator, want[0]) || !near(m.CellSize, want[1]) || m.MatrixWidth != 1<<z || m.MatrixHeight != 1<<z ||
			m.TileWidth != 256 || m.TileHeight != 256 || m.CornerOfOrigin != "topLeft" || !near(m.PointOfOrigin[0], -20037508.3427892) || !near(m.PointOfOrigin[1], 20037508.3427892) {
			t.Errorf("matrix %d: %+v, want %v", z, m, want)
		}
	}
}

// A division without any record has collections without extent, and nothing fails.
func TestOGCOfNothing(t *testing.T) {
	st, err := gpkg.Open(t.Context(), filepath.Join(t.TempDir(), "empty.gpkg"), "1", true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	s := serve(t, st)
	for path, want := range map[string]int{
		"/?f=json": 200, "/api": 200, "/conformance": 200, "/collections": 200, "/collections/grids-1": 404, "/collections/hazards": 200, "/collections/hazards/items": 200,
		"/collections/enterprises/items?bbox=1,2,3,4": 200, "/collections/lines/items/x": 404, "/collections/lines/tiles": 200, "/tiles": 200, "/tiles/WebMercatorQuad": 200,
		"/tiles/WebMercatorQuad/0/0/0": 404, "/styles/hazards.json": 200, "/styles/hazard-kernel.json": 200, "/styles/hazard-density.json": 404,
	} {
		if resp, b := s.get(t, path); resp.StatusCode != want {
			t.Errorf("%s: %d, want %d: %s", path, resp.StatusCode, want, b)
		}
	}
	for _, c := range s.collections(t) {
		if len(s.pages(t, "/collections/"+c.ID+"/items")) > 0 || len(c.Extent.Spatial.Bbox) > 0 {
			t.Errorf("%+v", c)
		}
	}
	if y := s.json(t, "/styles/hazards.json"); len(y["sources"].(map[string]any)) != 1 {
		t.Errorf("sources: %v", y["sources"])
	}
}
