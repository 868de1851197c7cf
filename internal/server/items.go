package server

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/gorilla/mux"
	"github.com/paulmach/orb/geojson"

	"hazgrid/internal/export"
	"hazgrid/safety"
)

// pageBytes is how long the features of a page get before it ends early, bytes: shapes have no bound of their own.
const pageBytes = 8 << 20

// A pager takes the features of one page from all that match, which come in order of their keys.
// The next page begins after the last key, so records that come and go between two requests
// neither repeat nor hide others.
type pager struct {
	limit    int
	after    string
	body     bytes.Buffer // features, with commas between
	matched  int
	returned int
	last     string
	more     bool
}

// take fills the page from all; feature describes one record.
func take[T any](p *pager, all iter.Seq[*T], key func(*T) string, feature func(*T) (found, error)) error {
	for one := range all {
		p.matched++
		k := key(one)
		switch {
		case k <= p.after:
			continue
		case p.returned >= p.limit || p.body.Len() >= pageBytes:
			p.more = true
			continue
		}
		f, err := feature(one)
		if err != nil {
			return err
		}
		if err := p.add(f); err != nil {
			return err
		}
		p.last = k
	}
	return nil
}

func (p *pager) add(f found) error {
	b, err := json.Marshal(f.feature())
	if err != nil {
		return fmt.Errorf("feature %s: %w", f.id, err)
	}
	if p.returned > 0 {
		p.body.WriteByte(',')
	}
	p.returned++
	p.body.Write(b)
	return nil
}

// feature is f as GeoJSON.
func (f found) feature() *export.Object {
	o := new(export.Object).Set("type", "Feature").Set("id", f.id)
	if f.shape == nil {
		o.Set("geometry", nil)
	} else {
		o.Set("geometry", geojson.NewGeometry(f.shape))
	}
	return o.Set("properties", f.row)
}

// items answers with a page of features. There is no timeStamp: the same version has the same
// bytes whenever it is asked for, and Hazgrid-Version names it.
func (s *Server) items(w http.ResponseWriter, r *http.Request, st *state) error {
	media, err := featureMedia(w, r)
	if err != nil {
		return err
	}
	q, err := s.itemQueryOf(r, st)
	if err != nil {
		return err
	}
	here := baseURL(r) + "/collections/" + q.id
	asked := r.URL.Query()
	return s.reply(w, r, st, answer{
		key: "items " + here + " " + asked.Encode() + " " + media, media: media,
		build: func() ([]byte, error) {
			p := &pager{limit: q.limit, after: q.after}
			if err := s.fillPage(p, &q, st.snapshot); err != nil {
				return nil, err
			}
			return p.page(here, asked, media)
		},
	})
}

// featureMedia says as what features are sent: application/json to who names it in Accept and
// would not take application/geo+json; the bytes are the same.
func featureMedia(w http.ResponseWriter, r *http.Request) (string, error) {
	w.Header().Add("Vary", "Accept")
	switch f := parameters(r)("f"); f {
	case "":
		if prefers(r, "application/json", geoJSONMedia) {
			return "application/json", nil
		}
	case "json", "geojson":
	default:
		return "", &safety.FieldError{Field: "f", Reason: fmt.Sprintf("want json or geojson, got %q", f)}
	}
	return geoJSONMedia, nil
}

// page is the FeatureCollection. Its links keep what was asked.
func (p *pager) page(here string, asked url.Values, media string) ([]byte, error) {
	self := here + "/items"
	if len(asked) > 0 {
		self += "?" + asked.Encode()
	}
	links := []link{{Href: self, Rel: "self", Type: media, Title: "This page"}, jsonLink(here, "collection", "The collection")}
	if p.more {
		asked.Set("after", p.last)
		links = append(links, link{Href: here + "/items?" + asked.Encode(), Rel: "next", Type: media, Title: "The page after this"})
	}
	var o export.Object
	o.Set("type", "FeatureCollection").Set("numberMatched", p.matched).Set("numberReturned", p.returned).Set("links", links)
	head, err := o.MarshalJSON()
	if err != nil {
		return nil, err
	}
	return slices.Concat(head[:len(head)-1], []byte(`,"features":[`), p.body.Bytes(), []byte("]}\n")), nil
}

func (s *Server) fillPage(p *pager, q *itemQuery, snapshot *safety.Snapshot) error {
	describe := describer{s, snapshot, q.sel.Query}
	switch q.kind {
	case enterpriseLayer:
		all := only(snapshot.SelectEnterprises(q.sel), func(e *safety.Enterprise) bool {
			return q.has("parent", e.Parent) && q.has("risk", e.Risk) && q.lies(snapshot, e.Place)
		})
		return take(p, all, func(e *safety.Enterprise) string { return e.ID }, describe.enterprise)
	case hazardLayer:
		at := describe.at()
		all := only(snapshot.SelectHazards(q.sel), func(h *safety.Hazard) bool {
			return q.has("enterprise", h.Enterprise) && q.has("state", string(h.State(at))) &&
				q.has("overdue", strconv.FormatBool(h.Overdue(at))) && q.lies(snapshot, h.Place)
		})
		return take(p, all, func(h *safety.Hazard) string { return h.ID }, describe.hazard)
	case lineLayer:
		all := only(snapshot.SelectLines(q.sel), func(l *safety.Line) bool { return q.has("kind", l.Kind) && q.has("name", l.Name) })
		return take(p, all, func(l *safety.Line) string { return l.ID }, describe.line)
	}
	grids, err := snapshot.SelectGrids(q.level, q.sel)
	if err != nil {
		return err
	}
	grid, err := describe.grid(q.level)
	if err != nil {
		return err
	}
	all := only(slices.Values(grids), func(g *safety.Grid) bool {
		return q.has("code", g.Code) && q.has("name", g.Name) && q.has("parent", g.Parent)
	})
	return take(p, all, func(g *safety.Grid) string { return g.Code }, grid)
}

// lies reports whether a place is in the grid that is asked for, if one is.
func (q *itemQuery) lies(snapshot *safety.Snapshot, p safety.PlaceID) bool {
	_, asked := q.equal["grid"]
	return !asked || q.has("grid", snapshot.GridOf(p, q.sel.Query))
}

// only yields those that wanted lets through.
func only[T any](all iter.Seq[*T], wanted func(*T) bool) iter.Seq[*T] {
	return func(yield func(*T) bool) {
		for one := range all {
			if wanted(one) && !yield(one) {
				return
			}
		}
	}
}

// A describer says what features say, as of a query.
type describer struct {
	s        *Server
	snapshot *safety.Snapshot
	query    safety.Query
}

func (d describer) at() safety.Time {
	if d.query.At.IsSet() {
		return d.query.At
	}
	return d.snapshot.At()
}

func (d describer) enterprise(e *safety.Enterprise) (found, error) {
	f := found{id: e.ID, row: enterpriseRow(d.s, d.snapshot, e, d.query)}
	if e.Place != safety.NoPlace {
		f.shape = e.At
	}
	return f, nil
}

func (d describer) hazard(h *safety.Hazard) (found, error) {
	f := found{id: h.ID, row: hazardRow(d.s, d.snapshot, h, d.query)}
	if h.Place != safety.NoPlace {
		f.shape = h.At
	}
	return f, nil
}

func (d describer) line(l *safety.Line) (found, error) {
	return found{l.ID, lineRow(l), l.Path}, nil
}

// grid describes the grids of a level with their figures; one that is not valid at the time of the query has none.
func (d describer) grid(level int) (func(*safety.Grid) (found, error), error) {
	table, err := d.snapshot.Tallies(level, d.query)
	if err != nil {
		return nil, err
	}
	rows := make(map[*safety.Grid]*safety.Row, len(table.Rows))
	for i := range table.Rows {
		if g := table.Rows[i].Grid; g != nil {
			rows[g] = &table.Rows[i]
		}
	}
	return func(g *safety.Grid) (found, error) {
		o := gridRow(g)
		o.Set("valid_from", export.Instant(g.ValidFrom, d.s.cfg.Location)).Set("valid_to", export.Instant(g.ValidTo, d.s.cfg.Location))
		setFigures(o, rows[g])
		return found{g.Code, o, g.Boundary}, nil
	}, nil
}

// setFigures sets the live columns of a row, which are null where there is none.
func setFigures(o *export.Object, r *safety.Row) {
	for _, c := range liveColumns() {
		if r == nil {
			o.Set(c.name, nil)
			continue
		}
		switch v, ok := c.value(r); {
		case !ok:
			o.Set(c.name, nil)
		case c.whole:
			o.Set(c.name, int64(v))
		default:
			o.Set(c.name, v)
		}
	}
}

// item answers with one feature: whatever its time, so that each that a page has named can be had.
func (s *Server) item(w http.ResponseWriter, r *http.Request, st *state) error {
	media, err := featureMedia(w, r)
	if err != nil {
		return err
	}
	c, err := s.collectionOf(r, st)
	if err != nil {
		return err
	}
	if err := onlyKnown(r, slices.Concat([]string{"f", "at", "scheme"}, c.figureFilters())); err != nil {
		return err
	}
	q, err := s.query(r, st)
	if err != nil {
		return err
	}
	here, id := baseURL(r)+"/collections/"+c.id, mux.Vars(r)["featureId"]
	return s.reply(w, r, st, answer{
		key: fmt.Sprintf("item %s %q %#v %s", here, id, q, media), media: media,
		build: func() ([]byte, error) {
			f, err := describer{s, st.snapshot, q}.find(c, id)
			if err != nil {
				return nil, fmt.Errorf("feature of %s: %w", c.id, err)
			}
			o := f.feature().Set("links", []link{
				{Href: here + "/items/" + url.PathEscape(f.id) + passOn(r, queryNames()), Rel: "self", Type: media, Title: "This feature"},
				jsonLink(here, "collection", "The collection"),
			})
			b, err := o.MarshalJSON()
			return append(b, '\n'), err
		},
	})
}

// figureFilters are the filters that change what one feature says: the figures of a grid.
func (c collection) figureFilters() []string {
	if c.kind == gridLayer {
		return c.filters
	}
	return nil
}

func (d describer) find(c collection, id string) (found, error) {
	switch c.kind {
	case enterpriseLayer:
		return one(d.enterprise, id, d.snapshot.Enterprise)
	case hazardLayer:
		return one(d.hazard, id, d.snapshot.Hazard)
	case lineLayer:
		return one(d.line, id, d.snapshot.Line)
	}
	grid, err := d.grid(c.level)
	if err != nil {
		return found{}, err
	}
	return one(grid, id, func(id string) (*safety.Grid, error) { return d.findGrid(c.level, id) })
}

func one[T any](describe func(*T) (found, error), id string, get func(string) (*T, error)) (found, error) {
	r, err := get(id)
	if err != nil {
		return found{}, err
	}
	return describe(r)
}

// findGrid returns the grid with a code, or else with the id that tiles give its feature: the version
// valid at the time of the query, or else the last there is.
func (d describer) findGrid(level int, name string) (*safety.Grid, error) {
	for _, during := range []*safety.Span{nil, {}} {
		grids, err := d.snapshot.SelectGrids(level, safety.Selection{Query: d.query, During: during})
		if err != nil {
			return nil, err
		}
		for _, of := range []func(*safety.Grid) string{
			func(g *safety.Grid) string { return g.Code },
			func(g *safety.Grid) string { return strconv.FormatInt(g.ID, 10) },
		} {
			if i := slices.IndexFunc(grids, func(g *safety.Grid) bool { return of(g) == name }); i >= 0 {
				return grids[i], nil
			}
		}
	}
	return nil, fmt.Errorf("%q: %w", name, safety.ErrNotFound)
}
