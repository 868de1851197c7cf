package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/paulmach/orb"
	"github.com/paulmach/orb/geojson"

	"hazgrid/safety"
)

// The assertions of the abstract tests of OGC API - Features, Part 1 (OGC 17-069r4, annex A), as OGC's test suite
// ets-ogcapi-features10 makes them; /ats/core/… are their names. Those of HTML and XML are not claimed.

// ogcLink is a link as a client reads it.
type ogcLink struct{ Href, Rel, Type string }

// linkTo returns the only link with a relation, which has a type.
func linkTo(t testing.TB, links []ogcLink, rel string) ogcLink {
	t.Helper()
	var found []ogcLink
	for _, l := range links {
		if l.Rel == rel {
			found = append(found, l)
		}
	}
	if len(found) != 1 || found[0].Href == "" || found[0].Type == "" {
		t.Fatalf("links %q: %v", rel, links)
	}
	return found[0]
}

// follow gets a link of the service with a media type and reads its JSON into v.
func (s *service) follow(t testing.TB, href, accept string, v any) *http.Response {
	t.Helper()
	path, ok := strings.CutPrefix(href, s.URL)
	if !ok {
		t.Fatalf("%s is not of this service", href)
	}
	resp, b := s.do(t, http.MethodGet, path, header{"Accept": accept})
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %s", path, resp.Status, b)
	}
	if err := json.Unmarshal(b, v); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return resp
}

type landingPage struct {
	Title string
	Links []ogcLink
}

func (s *service) landing(t testing.TB) (p landingPage) {
	t.Helper()
	s.follow(t, s.URL+"/", "application/json", &p)
	return p
}

// /ats/core/root-op, root-success; api-definition-op, api-definition-success; conformance-op, conformance-success
func TestOGCRoot(t *testing.T) {
	s := start(t)
	p := s.landing(t)
	if p.Title == "" || linkTo(t, p.Links, "self").Type != "application/json" || linkTo(t, p.Links, "alternate").Type != "text/html" {
		t.Errorf("landing page: %+v", p)
	}
	var data collectionsPage
	s.follow(t, linkTo(t, p.Links, "data").Href, "application/json", &data)
	description := linkTo(t, p.Links, "service-desc")
	var raw json.RawMessage
	if resp := s.follow(t, description.Href, description.Type, &raw); resp.Header.Get("Content-Type") != description.Type {
		t.Errorf("%s is %s, said to be %s", description.Href, resp.Header.Get("Content-Type"), description.Type)
	}
	s.checkOpenAPI30(t, raw)
	var c struct{ ConformsTo []string }
	s.follow(t, linkTo(t, p.Links, "conformance").Href, "application/json", &c)
	const core = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core"
	if !slices.Contains(c.ConformsTo, core) || slices.ContainsFunc(c.ConformsTo, func(u string) bool { return strings.HasSuffix(u, "/html") }) {
		t.Errorf("conforms to %v", c.ConformsTo)
	}
}

// checkOpenAPI30 checks that a document is OpenAPI 3.0, describes every route of OGC API, and names each collection's items.
func (s *service) checkOpenAPI30(t *testing.T, text []byte) {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Error(err)
	}
	if doc.OpenAPI != "3.0.3" || doc.Servers[0].URL != s.URL || regexp.MustCompile(`"const"|"contentMediaType"|"contentEncoding"|"type":\[`).Match(text) {
		t.Errorf("%s with words of 3.1", doc.OpenAPI)
	}
	for _, c := range s.collections(t) {
		items := doc.Paths.Find("/collections/" + c.ID + "/items")
		if items == nil || items.Get.Parameters.GetByInAndName("query", "limit") == nil || (items.Get.Parameters.GetByInAndName("query", "severity") != nil) != (c.ID != "enterprises" && c.ID != "lines") {
			t.Errorf("%s: %+v", c.ID, items)
		}
	}
	for path, suffix := range map[string]string{
		"/tiles": ".dataset.vector.getTileSetsList", "/tiles/WebMercatorQuad/{tileMatrix}/{tileRow}/{tileCol}": ".dataset.vector.getTile",
		"/collections/{collectionId}/tiles/WebMercatorQuad": ".collection.vector.getTileSet", "/tileMatrixSets": ".getTileMatrixSetsList",
	} {
		if p := doc.Paths.Find(path); p == nil || !strings.HasSuffix(p.Get.OperationID, suffix) {
			t.Errorf("%s is not described as %s (/req/oas30/operation-id)", path, suffix)
		}
	}
}

// Who gets the landing page at the root, and who the dashboard: contract section 4.
func TestRootNegotiates(t *testing.T) {
	s := start(t)
	const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
	for _, tt := range []struct{ path, accept, want string }{
		{"/", "", "text/html"},
		{"/", "*/*", "text/html"},
		{"/", browser, "text/html"},
		{"/", "application/json", "application/json"},
		{"/", "application/json, text/html;q=0.5", "application/json"},
		{"/", "application/*", "application/json"},
		{"/", "text/html;q=0.1, */*", "application/json"},
		{"/?f=json", browser, "application/json"},
		{"/?f=html", "application/json", "text/html"},
		{"/?f=xml", "", "application/problem+json"},
		{"/?nonsense=1", "", "text/html"},
	} {
		h := header{}
		if tt.accept != "" {
			h["Accept"] = tt.accept
		}
		resp, _ := s.do(t, http.MethodGet, tt.path, h)
		media, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
		if media != tt.want || !slices.Contains(resp.Header.Values("Vary"), "Accept") {
			t.Errorf("%s with %q: %s, Vary %q, want %s", tt.path, tt.accept, media, resp.Header.Values("Vary"), tt.want)
		}
	}
}

type ogcCollection struct {
	ID, Title, Description, ItemType string
	CRS                              []string
	Links                            []ogcLink
	Extent                           struct {
		Spatial struct {
			Bbox [][]float64
			CRS  string
		}
		Temporal struct{ Interval [][]*string }
	}
}

type collectionsPage struct {
	Links       []ogcLink
	Collections []ogcCollection
}

func (s *service) collections(t testing.TB) []ogcCollection {
	t.Helper()
	var p collectionsPage
	s.follow(t, linkTo(t, s.landing(t).Links, "data").Href, "application/json", &p)
	return p.Collections
}

// /ats/core/fc-md-op, fc-md-success, crs84; sfc-md-op, sfc-md-success
func TestOGCCollections(t *testing.T) {
	s := start(t)
	var all collectionsPage
	s.follow(t, s.URL+"/collections", "application/json", &all)
	if self := linkTo(t, all.Links, "self"); self.Href != s.URL+"/collections" {
		t.Errorf("self: %v", self)
	}
	var ids []string
	for _, c := range all.Collections {
		ids = append(ids, c.ID)
		if linkTo(t, c.Links, "items").Type != "application/geo+json" || c.Title == "" || c.ItemType != "feature" {
			t.Errorf("%s: %+v", c.ID, c)
		}
		const crs84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
		if len(c.CRS) == 0 || c.CRS[0] != crs84 || c.Extent.Spatial.CRS != crs84 || len(c.Extent.Spatial.Bbox) != 1 || len(c.Extent.Spatial.Bbox[0]) != 4 {
			t.Errorf("%s lies at %+v in %v", c.ID, c.Extent.Spatial, c.CRS)
		}
		var one ogcCollection
		s.follow(t, linkTo(t, c.Links, "self").Href, "application/json", &one)
		if fmt.Sprintf("%+v", normal(one)) != fmt.Sprintf("%+v", normal(c)) {
			t.Errorf("%s alone is %+v, in the list %+v", c.ID, one, c)
		}
	}
	if got := strings.Join(ids, " "); got != "grids-1 grids-2 enterprises hazards lines" {
		t.Errorf("collections: %s", got)
	}
	times := all.Collections[3].Extent.Temporal.Interval
	if len(times) != 1 || *times[0][0] != "2014-12-01T00:00:00+08:00" || *times[0][1] != "2014-12-01T00:00:00+08:00" {
		t.Errorf("hazards were found in %v", times)
	}
}

// normal is c with its times as text.
func normal(c ogcCollection) any {
	b, _ := json.Marshal(c)
	return string(b)
}

type ogcItems struct {
	Type                          string
	NumberMatched, NumberReturned int
	TimeStamp                     *string
	Links                         []ogcLink
	Features                      []struct {
		Type, ID   string
		Geometry   *geojson.Geometry
		Properties map[string]any
	}
}

// pages follows next from a path to the end and returns the ids, checking each page:
// /ats/core/fc-response, fc-links, fc-rel-type, fc-timeStamp, fc-numberMatched, fc-numberReturned, crs84
func (s *service) pages(t testing.TB, path string) (ids []string) {
	t.Helper()
	matched := -1
	for href := s.URL + path; href != ""; {
		var p ogcItems
		resp := s.follow(t, href, "application/geo+json", &p)
		if resp.Header.Get("Content-Type") != "application/geo+json" || p.Type != "FeatureCollection" || p.Features == nil || p.TimeStamp != nil {
			t.Fatalf("%s: %s, %+v", href, resp.Header.Get("Content-Type"), p)
		}
		if p.NumberReturned != len(p.Features) || matched >= 0 && p.NumberMatched != matched {
			t.Fatalf("%s: %d of %d returned, %d matched before", href, p.NumberReturned, p.NumberMatched, matched)
		}
		matched = p.NumberMatched
		for _, f := range p.Features {
			ids = append(ids, f.ID)
			if b := bound(f.Geometry); f.Type != "Feature" || f.ID == "" || b.Min[0] < -180 || b.Max[0] > 180 || b.Min[1] < -90 || b.Max[1] > 90 {
				t.Errorf("%s: feature %q at %v", href, f.ID, b)
			}
		}
		linkTo(t, p.Links, "self")
		href = ""
		for _, l := range p.Links {
			if l.Rel == "next" {
				href = l.Href
			}
			if l.Rel == "" || l.Type == "" {
				t.Errorf("link %+v", l)
			}
		}
	}
	if matched != len(ids) {
		t.Errorf("%s: %d features, %d matched", path, len(ids), matched)
	}
	return ids
}

func bound(g *geojson.Geometry) (b orb.Bound) {
	if g != nil {
		b = g.Geometry().Bound()
	}
	return b
}

// more adds what fill has not: an enterprise and a hazard without a place, a void hazard, an ended enterprise, and
// new boundaries of A1 from 2014-12-15 on, while A2 ends.
func (s *service) more(t testing.TB) {
	t.Helper()
	grid := func(code, from string, g orb.MultiPolygon, to any) safety.Record {
		r := row{"code": code, "name": "新" + code, "level": int64(2), "parent": "A", "valid_to": to}
		if from != "" {
			r["valid_from"] = day(from)
		}
		return record(safety.Grids, 0, r, g)
	}
	apply(t, s.store, safety.Grids, grid("A1", "2014-12-15", box(120.5, 27.7, 120.6, 27.8), nil))
	apply(t, s.store, safety.Grids, grid("A2", "", box(120.55, 27.7, 120.6, 27.8), day("2014-12-15")-1))
	apply(t, s.store, safety.Enterprises, record(safety.Enterprises, 0, row{"id": "E5", "kind": "other", "risk": "red"}, nil),
		record(safety.Enterprises, 0, row{"id": "E6", "opened_at": day("2014-11-01"), "ended_at": day("2014-11-15")}, orb.Point{120.51, 27.71}))
	r := apply(t, s.store, safety.Hazards, hazard("H6", "E5", row{"found_at": day("2014-12-10")}), hazard("H7", "E1", row{"outcome": "void"}))
	eventually(t, "the other records", func() bool { return s.srv.state.Load().snapshot.Version() >= r.Version })
}

// /ats/core/fc-op, fc-bbox-response, fc-limit-response, fc-time-response, and the parameters for properties: what comes, in
// pages of one, of two and whole.
func TestOGCItems(t *testing.T) {
	s := start(t)
	s.more(t)
	for _, tt := range []struct{ path, want string }{
		{"grids-1/items", "A B"},
		{"grids-2/items", "A1 B1 B2"},
		{"grids-2/items?at=2014-12-01", "A1 A2 B1 B2"},
		{"grids-2/items?datetime=2014-12-14T12:00:00Z", "A1 A2 B1 B2"},
		{"grids-2/items?datetime=2014-12-15", "A1 B1 B2"},
		{"grids-2/items?datetime=2014-12-01/..", "A1 A2 B1 B2"},
		{"grids-2/items?datetime=2014-12-15/2015-01-01", "A1 B1 B2"},
		{"grids-2/items?datetime=../2014-12-01", "A1 A2 B1 B2"},
		{"grids-2/items?bbox=120.56,27.75,120.57,27.76", "A1"},
		{"grids-2/items?bbox=120.56,27.75,120.57,27.76&datetime=2014-12-01/..", "A1 A2"},
		{"grids-2/items?bbox=120.66,27,120.52,28", "A1 B2"}, // over the antimeridian
		{"grids-2/items?bbox=120.56,27.75,-5,120.57,27.76,8000", "A1"},
		{"grids-2/items?parent=B", "B1 B2"},
		{"grids-2/items?code=B2&severity=major", "B2"},
		{"grids-2/items?name=丁", "B2"},
		{"enterprises/items", "E1 E2 E3 E4 E5"},
		{"enterprises/items?datetime=2014-11-10", "E1 E2 E3 E4 E5 E6"},
		{"enterprises/items?datetime=../2014-10-01", "E1 E2 E3 E4 E5"},
		{"enterprises/items?datetime=2014-11-15/2014-12-01", "E1 E2 E3 E4 E5"}, // ended at its midnight
		{"enterprises/items?bbox=120.5,27.7,120.6,27.8", "E1 E2 E5"},           // and what has no place
		{"enterprises/items?kind=enterprise", "E1 E4"},
		{"enterprises/items?grid=A1", "E1 E2"},
		{"enterprises/items?risk=red", "E5"},
		{"hazards/items", "H1 H2 H3 H4 H5 H6"},
		{"hazards/items?datetime=2014-12-01", "H1 H2 H3 H4 H5"},
		{"hazards/items?datetime=2014-12-01T00:00:00%2B08:00", "H1 H2 H3 H4 H5"},
		{"hazards/items?datetime=2014-12-02/", "H6"},
		{"hazards/items?datetime=/2014-12-02&from=2014-12-01", "H1 H2 H3 H4 H5"},
		{"hazards/items?datetime=2014-12-01T00:00:01%2B08:00", ""},
		{"hazards/items?bbox=120.6,27.7,120.7,27.8", "H4 H6"},
		{"hazards/items?severity=major", "H3"},
		{"hazards/items?source=campaign&kind=construction", "H4"},
		{"hazards/items?enterprise=E1&state=review", "H1"},
		{"hazards/items?overdue=true", ""},
		{"hazards/items?overdue=true&at=2015-02-01", "H2"},
		{"hazards/items?state=registered", "H2 H3 H4 H5 H6"},
		{"lines/items?datetime=1900-01-01", "L1"},
		{"lines/items?kind=gas", "L1"},
		{"lines/items?kind=road", ""},
		{"lines/items?bbox=0,0,1,1", ""},
	} {
		for _, limit := range []string{"", "limit=1", "limit=2", "limit=100000"} {
			path := "/collections/" + tt.path
			if limit != "" {
				path += map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")] + limit
			}
			if got := strings.Join(s.pages(t, path), " "); got != tt.want {
				t.Errorf("%s: %s, want %s", path, got, tt.want)
			}
		}
	}
}

// Pages that are read while records come and go lose and repeat none of the others.
func TestPagesWhileTheStoreChanges(t *testing.T) {
	s := start(t)
	var first, second ogcItems
	s.follow(t, s.URL+"/collections/hazards/items?limit=2", "application/geo+json", &first)
	r := apply(t, s.store, safety.Hazards, hazard("H0", "E1", nil), hazard("H2", "E1", row{"outcome": "void"}), hazard("H31", "E1", nil))
	eventually(t, "the change", func() bool { return s.srv.state.Load().snapshot.Version() >= r.Version })
	s.follow(t, linkTo(t, first.Links, "next").Href, "application/geo+json", &second)
	var ids []string
	for _, f := range slices.Concat(first.Features, second.Features) {
		ids = append(ids, f.ID)
	}
	if got := strings.Join(ids, " "); got != "H1 H2 H3 H31" {
		t.Errorf("two pages: %s", got)
	}
}

// Figures of a feature are those of the tally at the same time under the same filters; a grid that is no more has none.
func TestOGCFigures(t *testing.T) {
	s := start(t)
	s.more(t)
	for _, query := range []string{"at=2014-12-10", "severity=major", "at=2014-12-31&from=2014-12-02", "scheme=safety"} {
		rows := map[string]map[string]any{}
		for _, r := range s.json(t, "/api/v1/tallies?level=2&"+query)["rows"].([]any) {
			rows[r.(map[string]any)["code"].(string)] = r.(map[string]any)
		}
		var p ogcItems
		s.follow(t, s.URL+"/collections/grids-2/items?"+query, "application/geo+json", &p)
		for _, f := range p.Features {
			for _, name := range []string{"parent", "area_km2", "enterprises", "found", "rectified", "open", "overdue", "density", "rate"} {
				if f.Properties[name] != rows[f.ID][name] {
					t.Errorf("%s: %s of %s is %v, in the tally %v", query, name, f.ID, f.Properties[name], rows[f.ID][name])
				}
			}
		}
	}
	var p ogcItems
	s.follow(t, s.URL+"/collections/grids-2/items?datetime=2014-12-02/2014-12-20", "application/geo+json", &p)
	for _, f := range p.Features {
		if _, gone := f.Properties["found"].(float64); (f.ID == "A2") == gone || f.ID == "A1" && f.Properties["found"] != 0.0 {
			t.Errorf("%s has %v", f.ID, f.Properties)
		}
	}
}

// /ats/core/query-param-invalid, query-param-unknown; and what is not there.
func TestOGCErrors(t *testing.T) {
	s := start(t)
	for _, tt := range []struct {
		path   string
		status int
		field  string
	}{
		{"/collections?nonsense=1", 400, "nonsense"},
		{"/collections?f=html", 400, "f"},
		{"/collections?scheme=none", 400, "scheme"},
		{"/collections/none", 404, ""},
		{"/collections/grids-3", 404, ""},
		{"/collections/grid-labels-1", 404, ""},
		{"/collections/hazards?limit=1", 400, "limit"},
		{"/collections/none/items", 404, ""},
		{"/collections/hazards/items?limit=0", 400, "limit"},
		{"/collections/hazards/items?limit=-1", 400, "limit"},
		{"/collections/hazards/items?limit=x", 400, "limit"},
		{"/collections/hazards/items?offset=1", 400, "offset"},
		{"/collections/hazards/items?severty=major", 400, "severty"},
		{"/collections/hazards/items?risk=red", 400, "risk"},
		{"/collections/hazards/items?severity=huge", 400, "severity"},
		{"/collections/hazards/items?state=open", 400, "state"},
		{"/collections/hazards/items?overdue=yes", 400, "overdue"},
		{"/collections/enterprises/items?risk=pink", 400, "risk"},
		{"/collections/enterprises/items?severity=major", 400, "severity"},
		{"/collections/lines/items?severity=major", 400, "severity"},
		{"/collections/hazards/items?f=gml", 400, "f"},
		{"/collections/hazards/items?bbox=1,2,3", 400, "bbox"},
		{"/collections/hazards/items?bbox=1,2,3,4,5", 400, "bbox"},
		{"/collections/hazards/items?bbox=1,4,3,2", 400, "bbox"},
		{"/collections/hazards/items?bbox=1,2,9,3,4,8", 400, "bbox"},
		{"/collections/hazards/items?bbox=1,2,3,x", 400, "bbox"},
		{"/collections/hazards/items?bbox=1,2,NaN,3,4,5", 400, "bbox"},
		{"/collections/hazards/items?bbox=181,2,182,4", 400, "bbox"},
		{"/collections/hazards/items?bbox-crs=x&bbox=1,2,3,4", 400, "bbox-crs"},
		{"/collections/hazards/items?datetime=soon", 400, "datetime"},
		{"/collections/hazards/items?datetime=..", 400, "datetime"},
		{"/collections/hazards/items?datetime=2014-12-02/2014-12-01", 400, "datetime"},
		{"/collections/hazards/items?datetime=2014-12-01/2014-12-02/2014-12-03", 400, "datetime"},
		{"/collections/hazards/items/H9", 404, ""},
		{"/collections/hazards/items/H1?limit=1", 400, "limit"},
		{"/collections/grids-1/items/A1", 404, ""},
		{"/collections/hazards/items/H1?f=xml", 400, "f"},
		{"/conformance?f=xml", 400, "f"},
		{"/conformance?nonsense=1", 200, ""},
		{"/styles/none.json", 404, ""},
		{"/styles/hazards.json?level=9", 400, "level"},
	} {
		resp, b := s.get(t, tt.path)
		if resp.StatusCode != tt.status {
			t.Errorf("%s: %d, want %d: %s", tt.path, resp.StatusCode, tt.status, b)
		} else if tt.status >= 400 {
			checkProblem(t, tt.path, resp, b, tt.field)
		}
	}
}

// /ats/core/fc-bbox-definition, fc-limit-definition, fc-time-definition
func TestOGCParametersAreDescribed(t *testing.T) {
	s := start(t)
	_, text := s.get(t, "/openapi.json")
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatal(err)
	}
	parameters := doc.Paths.Find("/collections/{collectionId}/items").Get.Parameters
	bbox, limit, time := parameters.GetByInAndName("query", "bbox"), parameters.GetByInAndName("query", "limit"), parameters.GetByInAndName("query", "datetime")
	for _, p := range []*openapi3.Parameter{bbox, limit, time} {
		if p == nil || p.Required || p.Style != "form" || p.Explode == nil || *p.Explode {
			t.Fatalf("%+v", p)
		}
	}
	if b := bbox.Schema.Value; !b.Type.Is("array") || b.MinItems != 4 || *b.MaxItems != 6 || !b.Items.Value.Type.Is("number") {
		t.Errorf("bbox: %+v", b)
	}
	if l := limit.Schema.Value; !l.Type.Is("integer") || *l.Min != 1 || *l.Max != mostRows || l.Default != float64(rowsUnlessSaid) {
		t.Errorf("limit: %+v", l)
	}
	if !time.Schema.Value.Type.Is("string") {
		t.Errorf("datetime: %+v", time.Schema.Value)
	}
}
