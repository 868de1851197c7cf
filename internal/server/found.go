package server

import (
	"bytes"
	"encoding/json"
	"net/http"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/geojson"

	"hazgrid/geo/crs"
	"hazgrid/internal/export"
	"hazgrid/safety"
)

// A found is one row of the answer to a search: public columns, and for GeoJSON a shape.
type found struct {
	id    string
	row   *export.Object
	shape orb.Geometry
}

// answer is what a search says.
func (q search) answer(key string, s *Server, snapshot *safety.Snapshot) answer {
	media := "application/json"
	if q.geoJSON {
		media = "application/geo+json"
	}
	return answer{key, media, func() ([]byte, error) {
		rows, matched, err := q.rows(s, snapshot)
		if err != nil {
			return nil, err
		}
		var o export.Object
		if q.geoJSON {
			o.Set("type", "FeatureCollection")
		}
		at := q.query.At
		if !at.IsSet() {
			at = snapshot.At()
		}
		o.Set("version", snapshot.Version()).Set("at", export.Instant(at, s.cfg.Location)).Set("frame", q.frame)
		o.Set("matched", matched).Set("returned", len(rows)).Set("next", q.next(matched))
		if q.geoJSON {
			o.Set("features", features(rows))
		} else {
			o.Set(string(q.kind), plainRows(rows))
		}
		var b bytes.Buffer
		err = json.NewEncoder(&b).Encode(&o)
		return b.Bytes(), err
	}}
}

// next is the offset of the rows after these, nil when these are the last.
func (q search) next(matched int) *int {
	if n := q.offset + q.limit; n < matched {
		return &n
	}
	return nil
}

func plainRows(rows []found) []*export.Object {
	out := make([]*export.Object, len(rows))
	for i := range rows {
		out[i] = rows[i].row
	}
	return out
}

func features(rows []found) []*export.Object {
	out := make([]*export.Object, len(rows))
	for i, f := range rows {
		out[i] = new(export.Object).Set("type", "Feature").Set("id", f.id).
			Set("geometry", geojson.NewGeometry(f.shape)).Set("properties", f.row)
	}
	return out
}

// rows returns the rows that were asked for, and how many there are in all.
func (q search) rows(s *Server, snapshot *safety.Snapshot) (rows []found, matched int, err error) {
	switch q.kind {
	case safety.Enterprises:
		hits := snapshot.EnterprisesIn(q.query, q.region)
		rows, err = pageOf(q, hits, func(e *safety.Enterprise) (found, error) { return q.enterprise(s, snapshot, e) })
		return rows, len(hits), err
	case safety.Hazards:
		hits := snapshot.HazardsIn(q.query, q.region)
		rows, err = pageOf(q, hits, func(h *safety.Hazard) (found, error) { return q.hazard(s, snapshot, h) })
		return rows, len(hits), err
	case safety.Lines:
		hits := snapshot.LinesIn(q.region)
		rows, err = pageOf(q, hits, q.line)
		return rows, len(hits), err
	}
	hits, err := snapshot.GridsIn(q.level, q.query, q.region)
	if err != nil {
		return nil, 0, err
	}
	rows, err = pageOf(q, hits, q.grid)
	return rows, len(hits), err
}

// pageOf makes the rows from offset on, at most limit.
func pageOf[T any](q search, hits []safety.Hit[T], row func(*T) (found, error)) ([]found, error) {
	hits = hits[min(q.offset, len(hits)):]
	hits = hits[:min(q.limit, len(hits))]
	rows := make([]found, len(hits))
	for i, hit := range hits {
		var err error
		if rows[i], err = row(hit.Of); err != nil {
			return nil, err
		}
		if q.measured() {
			rows[i].row.Set("distance_m", hit.DistanceM)
		}
	}
	return rows, nil
}

func (q search) grid(g *safety.Grid) (found, error) {
	shape, err := q.shape(g.Boundary)
	return found{g.Code, gridRow(g), shape}, err
}

func gridRow(g *safety.Grid) *export.Object {
	var o export.Object
	o.Set("id", g.ID).Set("code", g.Code).Set("name", g.Name).Set("level", g.Level)
	return o.Set("parent", optional(g.Parent)).Set("kind", optional(g.Kind)).Set("area_km2", g.AreaKm2)
}

func (q search) line(l *safety.Line) (found, error) {
	shape, err := q.shape(l.Path)
	return found{l.ID, lineRow(l), shape}, err
}

func lineRow(l *safety.Line) *export.Object {
	var o export.Object
	o.Set("id", l.ID).Set("kind", optional(l.Kind)).Set("name", optional(l.Name))
	var protection *float64
	if l.ProtectionM > 0 {
		protection = &l.ProtectionM
	}
	return o.Set("protection_m", protection)
}

// shape is a geometry in the frame of the question, if the answer has geometries.
func (q search) shape(g orb.Geometry) (orb.Geometry, error) {
	if !q.geoJSON || q.frame == crs.WGS84 {
		return g, nil
	}
	g = orb.Clone(g)
	return g, move(g, q.frame.FromWGS84)
}

func (q search) enterprise(s *Server, snapshot *safety.Snapshot, e *safety.Enterprise) (found, error) {
	p, err := q.frame.FromWGS84(e.At)
	return found{e.ID, enterpriseRow(s, snapshot, e, q.query).Set("lon", p[0]).Set("lat", p[1]), p}, err
}

// enterpriseRow is all of an enterprise that anybody may know but where it is.
func enterpriseRow(s *Server, snapshot *safety.Snapshot, e *safety.Enterprise, q safety.Query) *export.Object {
	var o export.Object
	o.Set("id", e.ID).Set("kind", optional(e.Kind)).Set("parent", optional(e.Parent)).Set("risk", optional(e.Risk))
	o.Set("grid", optional(snapshot.GridOf(e.Place, q)))
	var floor *float64
	if e.HasFloor {
		floor = &e.FloorAreaM2
	}
	o.Set("floor_area_m2", floor)
	return o.Set("opened_at", export.Instant(e.OpenedAt, s.cfg.Location)).Set("ended_at", export.Instant(e.EndedAt, s.cfg.Location))
}

func (q search) hazard(s *Server, snapshot *safety.Snapshot, h *safety.Hazard) (found, error) {
	p, err := q.frame.FromWGS84(h.At)
	return found{h.ID, hazardRow(s, snapshot, h, q.query).Set("lon", p[0]).Set("lat", p[1]), p}, err
}

// hazardRow is all of a hazard that anybody may know but where it is.
func hazardRow(s *Server, snapshot *safety.Snapshot, h *safety.Hazard, q safety.Query) *export.Object {
	at := q.At
	if !at.IsSet() {
		at = snapshot.At()
	}
	var o export.Object
	o.Set("id", h.ID).Set("enterprise", optional(h.Enterprise)).Set("aspect", optional(h.Aspect)).Set("item", optional(h.Item))
	o.Set("responsible", optional(h.Responsible)).Set("severity", optional(h.Severity)).Set("source", optional(h.Source))
	o.Set("state", h.State(at)).Set("overdue", h.Overdue(at)).Set("grid", optional(snapshot.GridOf(h.Place, q)))
	for _, t := range []struct {
		name string
		at   safety.Time
	}{
		{"found_at", h.FoundAt},
		{"ordered_at", h.OrderedAt},
		{"due_at", h.DueAt},
		{"rectified_at", h.RectifiedAt},
		{"reviewed_at", h.ReviewedAt},
		{"closed_at", h.ClosedAt},
	} {
		o.Set(t.name, export.Instant(t.at, s.cfg.Location))
	}
	return &o
}

// replyOnce sends a to somebody who posted the question: nothing is kept, and there is no tag.
func (s *Server) replyOnce(w http.ResponseWriter, r *http.Request, a answer) error {
	w.Header().Set("Cache-Control", "no-store")
	as, err := s.accepted(w, r, &s.negotiator)
	if err != nil {
		return err
	}
	s.building <- struct{}{}
	body, err := func() ([]byte, error) {
		defer func() { <-s.building }()
		return a.build()
	}()
	if err != nil {
		return err
	}
	return s.sendBody(w, r, &content{body: body}, answerForm{as, a.media})
}
