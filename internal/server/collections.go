package server

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/gorilla/mux"

	"hazgrid/geo/crs"
	"hazgrid/internal/export"
	"hazgrid/safety"
)

// A collection is a layer whose records can be had one by one.
type collection struct {
	layer
	title, about string
	filters      []string // of tallies: they choose the records, or what the figures of grids count
	properties   []string // that can be asked to have a value
}

const (
	aboutGrids = "Supervision grids (网格) with their figures: enterprises active, hazards found, rectified, open and overdue, density per km², rate. " +
		"datetime: the grids valid at some time in it, each in its last version, with figures as of its end (an instant: as of then; an interval: of the hazards found in it); " +
		"a grid that is not valid at its end has no figures. Filters say what the figures count."
	aboutEnterprises = "Located premises of any kind. datetime: those active at some time in it; without it, those active now."
	aboutHazards     = "Defects found (隐患), but for void ones, in their state as of at (without it: now). datetime: those found in it."
	aboutLines       = "Pipelines, roads and rivers. They have no time: datetime leaves none out."
)

// collections lists the collections of a scheme that has so many levels.
func collections(depth int) []collection {
	var all []collection
	for n := 1; n <= depth; n++ {
		id := fmt.Sprintf("%s-%d", gridLayer, n)
		all = append(all, collection{
			layer: layer{id: id, kind: gridLayer, level: n}, title: fmt.Sprintf("Grids of level %d", n), about: aboutGrids,
			filters:    []string{"from", "to", "kind", "severity", "source", "aspect", "item", "responsible", "floor_area_max"},
			properties: []string{"code", "name", "parent"},
		})
	}
	return append(all, collection{
		layer: layer{id: string(enterpriseLayer), kind: enterpriseLayer}, title: "Enterprises", about: aboutEnterprises,
		filters: []string{"kind", "floor_area_max"}, properties: []string{"parent", "risk", "grid"},
	}, collection{
		layer: layer{id: string(hazardLayer), kind: hazardLayer}, title: "Hazards", about: aboutHazards,
		filters:    []string{"from", "to", "kind", "severity", "source", "aspect", "item", "responsible", "floor_area_max"},
		properties: []string{"enterprise", "state", "overdue", "grid"},
	}, collection{
		layer: layer{id: string(lineLayer), kind: lineLayer}, title: "Lines", about: aboutLines, properties: []string{"kind", "name"},
	})
}

// collectionOf returns the collection that a path names, of the scheme that the query asks for.
func (s *Server) collectionOf(r *http.Request, st *state) (collection, error) {
	q, err := s.query(r, st)
	if err != nil {
		return collection{}, err
	}
	id := mux.Vars(r)["collectionId"]
	for _, c := range collections(st.snapshot.Depth(q.Scheme)) {
		if c.id == id {
			return c, nil
		}
	}
	return collection{}, fmt.Errorf("collection %q: %w", id, safety.ErrNotFound)
}

func (s *Server) allCollections(w http.ResponseWriter, r *http.Request, st *state) error {
	q, err := s.collectionQuery(r, st)
	if err != nil {
		return err
	}
	base, scheme := baseURL(r), passOn(r, []string{"scheme"})
	return s.reply(w, r, st, jsonAnswer("collections "+base+scheme, func() (any, error) {
		list := []*export.Object{}
		for _, c := range collections(st.snapshot.Depth(q.Scheme)) {
			list = append(list, s.describeCollection(st.snapshot, c, q, base))
		}
		var o export.Object
		o.Set("links", []link{
			jsonLink(base+"/collections"+scheme, "self", "This document"),
			jsonLink(base+"/tiles"+scheme, relTilesets, "Vector tiles of all collections"),
		})
		return o.Set("collections", list), nil
	}))
}

func (s *Server) oneCollection(w http.ResponseWriter, r *http.Request, st *state) error {
	q, err := s.collectionQuery(r, st)
	if err != nil {
		return err
	}
	c, err := s.collectionOf(r, st)
	if err != nil {
		return err
	}
	base := baseURL(r)
	return s.reply(w, r, st, jsonAnswer(fmt.Sprintf("collection %s %q %s", c.id, q.Scheme, base), func() (any, error) {
		return s.describeCollection(st.snapshot, c, q, base), nil
	}))
}

// collectionQuery reads the parameters of a description of collections.
func (s *Server) collectionQuery(r *http.Request, st *state) (safety.Query, error) {
	if err := onlyKnown(r, []string{"f", "scheme"}); err != nil {
		return safety.Query{}, err
	}
	if err := wantsJSON(r); err != nil {
		return safety.Query{}, err
	}
	return s.query(r, st)
}

func (s *Server) describeCollection(snapshot *safety.Snapshot, c collection, q safety.Query, base string) *export.Object {
	scheme := ""
	if q.Scheme != "" {
		scheme = "?" + url.Values{"scheme": {q.Scheme}}.Encode()
	}
	here := base + "/collections/" + c.id
	var o export.Object
	o.Set("id", c.id).Set("title", c.title).Set("description", c.about).Set("itemType", "feature").Set("crs", []string{crs84})
	if e := s.extentOf(snapshot, c, q); e != nil {
		o.Set("extent", e)
	}
	return o.Set("links", []link{
		jsonLink(here+scheme, "self", c.title),
		{Href: here + "/items" + scheme, Rel: "items", Type: geoJSONMedia, Title: c.title + ", one by one"},
		jsonLink(here+"/tiles"+scheme, relTilesets, c.title+" in vector tiles"),
	})
}

// extentOf is the box and the time of a collection; nil when nothing is in it.
func (s *Server) extentOf(snapshot *safety.Snapshot, c collection, q safety.Query) *export.Object {
	b, ok := extent(snapshot, []layer{c.layer}, tileRequest{query: q, frame: crs.WGS84})
	if !ok {
		return nil
	}
	var o, space export.Object
	space.Set("bbox", [][4]float64{{b.Min[0], b.Min[1], b.Max[0], b.Max[1]}}).Set("crs", crs84)
	o.Set("spatial", &space)
	if c.kind == lineLayer {
		return &o
	}
	var times export.Object
	d := lifeOf(snapshot, c, q)
	times.Set("interval", [][2]any{{export.Instant(d.From, s.cfg.Location), export.Instant(d.To, s.cfg.Location)}}).Set("trs", gregorian)
	return o.Set("temporal", &times)
}

// lifeOf is the time from the first to the last record of a collection.
func lifeOf(snapshot *safety.Snapshot, c collection, q safety.Query) safety.Span {
	switch c.kind {
	case enterpriseLayer:
		return lifeOfEnterprises(snapshot, q)
	case hazardLayer:
		var d safety.Span
		for h := range snapshot.SelectHazards(safety.Selection{Query: q}) {
			if !d.From.IsSet() || h.FoundAt < d.From {
				d.From = h.FoundAt
			}
			d.To = max(d.To, h.FoundAt)
		}
		return d
	}
	return snapshot.Validity(q.Scheme, c.level)
}

func lifeOfEnterprises(snapshot *safety.Snapshot, q safety.Query) (d safety.Span) {
	first, open := true, false
	for e := range snapshot.SelectEnterprises(safety.Selection{Query: q, During: &safety.Span{}}) {
		if first || e.OpenedAt < d.From { // unset is the least
			d.From = e.OpenedAt
		}
		first, open = false, open || !e.EndedAt.IsSet()
		d.To = max(d.To, e.EndedAt)
	}
	if open {
		d.To = 0
	}
	return d
}
