package server

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/paulmach/orb"

	"hazgrid/geo/crs"
	"hazgrid/safety"
)

// An itemQuery asks for a page of the features of a collection.
type itemQuery struct {
	collection
	sel   safety.Selection
	equal map[string]string // values that properties have to have
	limit int
}

// itemNames are the parameters of /items.
func (c collection) itemNames() []string {
	return slices.Concat([]string{"f", "bbox", "datetime", "limit", "after", "at", "scheme"}, c.filters, c.properties)
}

// itemQueryOf reads the query string of /items.
func (s *Server) itemQueryOf(r *http.Request, st *state) (q itemQuery, err error) {
	if q.collection, err = s.collectionOf(r, st); err != nil {
		return q, err
	}
	if err := onlyKnown(r, q.itemNames()); err != nil {
		return q, err
	}
	if q.sel.Query, err = s.query(r, st); err != nil {
		return q, err
	}
	get := parameters(r)
	q.sel.After = get("after")
	if q.limit, err = limitOf(get("limit")); err != nil {
		return q, err
	}
	if q.sel.In, err = boxOf(get("bbox")); err != nil {
		return q, err
	}
	if err := s.readDatetime(&q, get("datetime")); err != nil {
		return q, err
	}
	return q, q.readEqual(get)
}

// limitOf reads how many features a page has. More than there may be is not an error: it is
// the most there may be (/req/core/fc-limit-response).
func limitOf(text string) (int, error) {
	if text == "" {
		return rowsUnlessSaid, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, &safety.FieldError{Field: "limit", Reason: fmt.Sprintf("want a whole number from 1, got %q", text)}
	}
	return min(n, mostRows), nil
}

// boxOf reads bbox: west,south,east,north, or with a height after each pair, which says nothing
// here. A box whose west lies east of its east goes over the antimeridian.
func boxOf(text string) (orb.MultiPolygon, error) {
	if text == "" {
		return nil, nil
	}
	q := search{frame: crs.WGS84}
	if strings.Count(text, ",") != 5 {
		err := q.readBox(text)
		return q.region.Shape, err
	}
	n, err := numbers("bbox", text, 6)
	if err != nil {
		return nil, err
	}
	if n[2] > n[5] {
		return nil, &safety.FieldError{Field: "bbox", Reason: fmt.Sprintf("the lower height %v lies above %v", n[2], n[5])}
	}
	parts := strings.Split(text, ",")
	err = q.readBox(strings.Join(slices.Concat(parts[:2], parts[3:5]), ","))
	return q.region.Shape, err
}

// readDatetime reads an instant, or an interval whose open ends are ".." or nothing.
func (s *Server) readDatetime(q *itemQuery, text string) error {
	if text == "" {
		return nil
	}
	from, to, interval := strings.Cut(text, "/")
	if !interval {
		to = from
	}
	var d safety.Span
	for _, end := range []struct {
		text string
		edge safety.Edge
		into *safety.Time
	}{{from, safety.Opens, &d.From}, {to, safety.Closes, &d.To}} {
		if interval && (end.text == "" || end.text == "..") {
			continue
		}
		t, err := safety.ParseTime(end.text, s.cfg.Location, end.edge)
		if err != nil || !t.IsSet() {
			return &safety.FieldError{Field: "datetime", Reason: fmt.Sprintf("want a date or time, or two with / between, either may be .., got %q", text)}
		}
		*end.into = t
	}
	if d.From.IsSet() && d.To.IsSet() && d.From > d.To {
		return &safety.FieldError{Field: "datetime", Reason: fmt.Sprintf("%q ends before it begins", text)}
	}
	q.during(d, interval)
	return nil
}

// during narrows the selection to a time: what it means for each collection its description says.
func (q *itemQuery) during(d safety.Span, interval bool) {
	query := &q.sel.Query
	switch q.kind {
	case hazardLayer:
		query.From, query.To = max(query.From, d.From), earlier(query.To, d.To)
		return
	case lineLayer:
		return
	}
	q.sel.During = &d
	if !query.At.IsSet() {
		query.At = d.To
	}
	if q.kind == gridLayer && interval {
		query.From, query.To = max(query.From, d.From), earlier(query.To, d.To)
	}
}

// earlier is the earlier of two ends, of which an unset one is open.
func earlier(a, b safety.Time) safety.Time {
	if !a.IsSet() || b.IsSet() && b < a {
		return b
	}
	return a
}

// readEqual reads the values that properties have to have; one that no record can have is refused.
func (q *itemQuery) readEqual(get func(string) string) error {
	q.equal = map[string]string{}
	for _, name := range q.properties {
		value := get(name)
		if value == "" {
			continue
		}
		if closed := closedValues(name); closed != nil && !slices.Contains(closed, value) {
			return &safety.FieldError{Field: name, Reason: fmt.Sprintf("want %s, got %q", strings.Join(closed, ", "), value)}
		}
		q.equal[name] = value
	}
	return nil
}

// closedValues are the only values of a property of a collection, nil when it is open.
func closedValues(name string) []string {
	switch name {
	case "risk":
		return safety.ClosedValues(safety.Enterprises, name)
	case "state":
		return []string{string(safety.Registered), string(safety.Ordered), string(safety.Review), string(safety.Closed), string(safety.Transferred)}
	case "overdue":
		return []string{"true", "false"}
	}
	return nil
}

// has reports whether a record has the value of a property that is asked for, if one is.
func (q *itemQuery) has(name, value string) bool {
	want, ok := q.equal[name]
	return !ok || want == value
}
