package server

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/paulmach/orb"

	"hazgrid/geo/crs"
	"hazgrid/internal/export"
	"hazgrid/safety"
)

// A search is a question after the records of one kind in a region.
type search struct {
	kind          safety.Kind // grids, enterprises, hazards or lines
	level         int         // of grids; 0: all
	query         safety.Query
	region        safety.Region
	frame         crs.Frame // of the coordinates in the question and in the answer
	limit, offset int       // rows of the answer
	geoJSON       bool
}

// How many rows an answer has, and how far from a posted line it looks, metres.
const (
	rowsUnlessSaid = 1000
	mostRows       = 10_000
	nearUnlessSaid = 10
	mostWithin     = 100_000
)

// find answers GET with bbox or near.
func (s *Server) find(kind safety.Kind) handler {
	return func(w http.ResponseWriter, r *http.Request, st *state) error {
		q, err := s.searchOf(kind, r, st)
		if err != nil {
			return err
		}
		if err := q.readRegion(parameters(r)); err != nil {
			return err
		}
		return s.reply(w, r, st, q.answer(fmt.Sprintf("find %s %s", kind, r.URL.Query().Encode()), s, st.snapshot))
	}
}

// searchIn answers POST with a geometry.
func (s *Server) searchIn(kind safety.Kind) handler {
	return func(w http.ResponseWriter, r *http.Request, st *state) error {
		q, err := s.searchOf(kind, r, st)
		if err != nil {
			return err
		}
		body, err := geometryBody(w, r)
		if err != nil {
			return err
		}
		if q.region, err = parseRegion(body, q.frame); err != nil {
			return err
		}
		if err := q.readWithin(parameters(r)("within"), 0, mostWithin); err != nil {
			return err
		}
		return s.replyOnce(w, r, q.answer("", s, st.snapshot))
	}
}

// searchOf reads all of a search but its region.
func (s *Server) searchOf(kind safety.Kind, r *http.Request, st *state) (q search, err error) {
	q = search{kind: kind}
	get := parameters(r)
	if q.query, err = s.query(r, st); err != nil {
		return q, err
	}
	if kind == safety.Grids {
		if q.level, err = level(r, st, 0); err != nil {
			return q, err
		}
	}
	q.frame = crs.WGS84
	if name := get("frame"); name != "" {
		if q.frame, err = crs.Parse(name); err != nil {
			return q, &safety.FieldError{Field: "frame", Reason: err.Error()}
		}
	}
	if q.limit, q.offset, err = pageAsked(get); err != nil {
		return q, err
	}
	switch f := get("f"); f {
	case "", "json":
	case "geojson":
		q.geoJSON = true
	default:
		return q, &safety.FieldError{Field: "f", Reason: fmt.Sprintf("want json or geojson, got %q", f)}
	}
	return q, nil
}

// pageAsked reads how many rows an answer has, and how many come before them.
func pageAsked(get func(string) string) (limit, offset int, err error) {
	if limit, err = wholeNumber("limit", get("limit"), rowsUnlessSaid, mostRows); err != nil {
		return 0, 0, err
	}
	if text := get("offset"); text != "0" {
		offset, err = wholeNumber("offset", text, 0, math.MaxInt32)
	}
	return limit, offset, err
}

// wholeNumber reads a number from 1 to most.
func wholeNumber(name, text string, unlessSaid, most int) (int, error) {
	if text == "" {
		return unlessSaid, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, &safety.FieldError{Field: name, Reason: fmt.Sprintf("want a whole number from 1 to %d, got %q", most, text)}
	}
	return n, nil
}

// readRegion reads bbox, or near with k and within.
func (q *search) readRegion(get func(string) string) error {
	switch bbox, near := get("bbox"), get("near"); {
	case bbox != "" && near != "":
		return &safety.FieldError{Field: "near", Reason: "want bbox or near, not both"}
	case near != "":
		return q.readNear(near, get)
	case bbox != "":
		if get("k") != "" {
			return &safety.FieldError{Field: "k", Reason: "goes with near"}
		}
		if get("within") != "" {
			return &safety.FieldError{Field: "within", Reason: "goes with near, or with a posted line"}
		}
		return q.readBox(bbox)
	}
	return &safety.FieldError{Field: "bbox", Reason: "want bbox=west,south,east,north or near=lon,lat"}
}

func (q *search) readNear(near string, get func(string) string) error {
	n, err := numbers("near", near, 2)
	if err != nil {
		return err
	}
	p := orb.Point(n)
	if err := q.inRange("near", p); err != nil {
		return err
	}
	if p, err = q.frame.ToWGS84(p); err != nil {
		return &safety.FieldError{Field: "near", Reason: err.Error()}
	}
	q.region.Near = &p
	if q.region.K, err = wholeNumber("k", get("k"), nearUnlessSaid, mostRows); err != nil {
		return err
	}
	if get("limit") == "" {
		q.limit = q.region.K
	}
	return q.readWithin(get("within"), math.Inf(1), math.MaxFloat64)
}

// readWithin reads metres; they have a meaning only with a point or a line.
func (q *search) readWithin(text string, unlessSaid, most float64) error {
	q.region.WithinM = unlessSaid
	if text == "" {
		return nil
	}
	if !q.measured() {
		return &safety.FieldError{Field: "within", Reason: "goes with a LineString or MultiLineString; a polygon is searched as it is"}
	}
	m, err := strconv.ParseFloat(text, 64)
	if err != nil || !(m >= 0 && m <= most) {
		reason := fmt.Sprintf("want metres, got %q", text)
		if m > most {
			reason = fmt.Sprintf("want at most %v metres, got %s", most, text)
		}
		return &safety.FieldError{Field: "within", Reason: reason}
	}
	q.region.WithinM = m
	return nil
}

// measured reports whether rows have a distance.
func (q *search) measured() bool { return q.region.Near != nil || len(q.region.Line) > 0 }

// boxSteps is in how many pieces a side of a box is cut before it is brought over from another
// frame, in which straight lines are not quite straight here.
const boxSteps = 64

func (q *search) readBox(text string) error {
	n, err := numbers("bbox", text, 4)
	if err != nil {
		return err
	}
	b := orb.Bound{Min: orb.Point{n[0], n[1]}, Max: orb.Point{n[2], n[3]}}
	for _, corner := range []orb.Point{b.Min, b.Max} {
		if err := q.inRange("bbox", corner); err != nil {
			return err
		}
	}
	if b.Min[1] > b.Max[1] {
		return &safety.FieldError{Field: "bbox", Reason: fmt.Sprintf("south %v lies north of %v", b.Min[1], b.Max[1])}
	}
	if q.frame.Projected() && b.Min[0] > b.Max[0] {
		return &safety.FieldError{Field: "bbox", Reason: fmt.Sprintf("west %v lies east of %v", b.Min[0], b.Max[0])}
	}
	q.region = safety.BoxRegion(b)
	if q.frame == crs.WGS84 {
		return nil
	}
	for _, polygon := range q.region.Shape {
		polygon[0] = inPieces(polygon[0], boxSteps)
	}
	if err := move(q.region.Shape, q.frame.ToWGS84); err != nil {
		return &safety.FieldError{Field: "bbox", Reason: err.Error()}
	}
	return nil
}

// inPieces is the ring with each side cut into n pieces.
func inPieces(ring orb.Ring, n int) (out orb.Ring) {
	for i := 1; i < len(ring); i++ {
		a, b := ring[i-1], ring[i]
		for k := range n {
			t := float64(k) / float64(n)
			out = append(out, orb.Point{a[0] + t*(b[0]-a[0]), a[1] + t*(b[1]-a[1])})
		}
	}
	return append(out, ring[len(ring)-1])
}

// numbers reads a comma list of n numbers.
func numbers(name, text string, n int) ([]float64, error) {
	parts := strings.Split(text, ",")
	out := make([]float64, len(parts))
	for i, part := range parts {
		v, err := export.ParseNumber(part)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) || len(parts) != n {
			return nil, &safety.FieldError{Field: name, Reason: fmt.Sprintf("want %d numbers with commas between, got %q", n, text)}
		}
		out[i] = v
	}
	return out, nil
}

// inRange refuses what is no longitude and latitude, unless the question is in a plane's metres.
func (q *search) inRange(name string, p orb.Point) error {
	if q.frame.Projected() {
		return nil
	}
	return inRange(name, p)
}

// inRange refuses what is no longitude and latitude.
func inRange(name string, p orb.Point) error {
	if !(math.Abs(p[0]) <= 180 && math.Abs(p[1]) <= 90) {
		return &safety.FieldError{Field: name, Reason: fmt.Sprintf("%v,%v: want longitude -180 to 180, latitude -90 to 90", p[0], p[1])}
	}
	return nil
}
