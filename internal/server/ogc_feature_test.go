package server

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"hazgrid/safety"
)

// /ats/core/f-op, f-success, f-links: each feature that a page names can be had, and says the same.
func TestOGCFeature(t *testing.T) {
	s := start(t)
	s.more(t)
	for _, c := range s.collections(t) {
		items := linkTo(t, c.Links, "items").Href
		var p ogcItems
		s.follow(t, items+"?datetime=2014-01-01/..", "application/geo+json", &p)
		for _, f := range p.Features {
			var one struct {
				Type, ID   string
				Properties map[string]any
				Links      []ogcLink
			}
			if resp := s.follow(t, items+"/"+url.PathEscape(f.ID), "application/geo+json", &one); resp.Header.Get("Content-Type") != "application/geo+json" {
				t.Errorf("%s: %s", f.ID, resp.Header.Get("Content-Type"))
			}
			if one.Type != "Feature" || one.ID != f.ID || one.Properties["id"] != f.Properties["id"] ||
				linkTo(t, one.Links, "self").Href != items+"/"+url.PathEscape(f.ID) || linkTo(t, one.Links, "collection").Href != linkTo(t, c.Links, "self").Href {
				t.Errorf("%s of %s: %+v", f.ID, c.ID, one)
			}
			if strings.HasPrefix(c.ID, "grids") {
				var same struct{ ID string }
				s.follow(t, fmt.Sprintf("%s/%.0f", items, f.Properties["id"]), "application/json", &same)
				if same.ID != f.ID {
					t.Errorf("%v is %s, want %s", f.Properties["id"], same.ID, f.ID)
				}
			}
		}
	}
	if resp, _ := s.get(t, "/collections/hazards/items/H7"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("a void hazard: %s", resp.Status)
	}
	if resp, _ := s.do(t, http.MethodGet, "/collections/hazards/items/H1", header{"Accept": "application/json"}); resp.Header.Get("Content-Type") != "application/json" {
		t.Errorf("application/json wanted, %s got", resp.Header.Get("Content-Type"))
	}
}

// Ids of any text have their path, and their place among the pages.
func TestOGCFeatureOfAnyID(t *testing.T) {
	s := start(t)
	odd := []string{"E1/..", "E2?x=1&y", "E3 4%", "E4#ü\"+"}
	var records []safety.Record
	for _, id := range odd {
		records = append(records, record(safety.Enterprises, 0, row{"id": id}, nil))
	}
	r := apply(t, s.store, safety.Enterprises, records...)
	eventually(t, "the odd ones", func() bool { return s.srv.state.Load().snapshot.Version() >= r.Version })
	if got, want := s.pages(t, "/collections/enterprises/items?limit=1"), []string{"E1", odd[0], "E2", odd[1], "E3", odd[2], "E4", odd[3]}; !slices.Equal(got, want) {
		t.Errorf("pages: %q, want %q", got, want)
	}
	for _, id := range odd {
		var f struct {
			ID    string
			Links []ogcLink
		}
		s.follow(t, s.URL+"/collections/enterprises/items/"+url.PathEscape(id), "application/geo+json", &f)
		s.follow(t, linkTo(t, f.Links, "self").Href, "application/geo+json", &f)
		if f.ID != id {
			t.Errorf("%q is %q", id, f.ID)
		}
	}
}
