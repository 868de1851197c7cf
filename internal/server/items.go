package server

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"

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
	counts   bool         // only matched is wanted
	body     bytes.Buffer // features, with commas between
	matched  int
	returned int
	last     string // key of the last feature
	more     bool
}

// take fills the page from all; feature describes one record.
func take[T any](p *pager, all iter.Seq[*T], feature func(*T) (found, error)) error {
	for one := range all {
		if p.counts {
			p.matched++
			continue
		}
		if p.returned >= p.limit || p.body.Len() >= pageBytes {
			p.more = true
			return nil
		}
		f, err := feature(one)
		if err != nil {
			return err
		}
		if err := p.add(f); err != nil {
			return err
		}
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
	p.last = f.id
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
			p := &pager{limit: q.limit}
			if err := s.fillPage(p, &q, st.snapshot); err != nil {
				return nil, err
			}
			if p.matched, err = s.matched(q, asked, st.snapshot); err != nil {
				return nil, err
			}
			return p.page(here, asked, media)
		},
	})
}

// countsKept is how many numbers of matching features are remembered.
const countsKept = 1024

func countSize(int) int { return 1 }

// matched counts the features on all pages, once for all of them: it has to look at each record, which a page has not.
func (s *Server) matched(q itemQuery, asked url.Values, snapshot *safety.Snapshot) (int, error) {
	names := maps.Clone(asked)
	for _, name := range []string{"after", "limit", "f"} {
		names.Del(name)
	}
	key := sha256.Sum256(fmt.Appendf(nil, "%d %d %s %s", snapshot.Version(), snapshot.At(), q.id, names.Encode()))
	return s.counts.get(key, func() (int, error) {
		q.sel.After = ""
		p := &pager{counts: true}
		err := s.fillPage(p, &q, snapshot)
		return p.matched, err
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
		return take(p, all, describe.enterprise)
	case hazardLayer:
		at := describe.at()
		all := only(snapshot.SelectHazards(q.sel), func(h *safety.Hazard) bool {
			return q.has("enterprise", h.Enterprise) && q.has("state", string(h.State(at))) &&
				q.has("overdue", strconv.FormatBool(h.Overdue(at))) && q.lies(snapshot, h.Place)
		})
		return take(p, all, describe.hazard)
	case lineLayer:
		all := only(snapshot.SelectLines(q.sel), func(l *safety.Line) bool { return q.has("kind", l.Kind) && q.has("name", l.Name) })
		return take(p, all, describe.line)
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
	return take(p, all, grid)
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
