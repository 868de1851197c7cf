package safety

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Query says which records a figure counts. The zero Query counts all of them at the
// snapshot's own time in the default scheme. Queries compare with ==.
type Query struct {
	At       Time // figures as of this instant; unset: the snapshot's
	From, To Time // found, or visited, within, inclusive; unset: open
	Scheme   string

	Kind         string // of the enterprise
	Severity     string
	Source       string // of a hazard; of an inspection, its kind
	Aspect       string
	Item         string
	Responsible  string
	FloorAreaMax float64 // m², of the enterprise, inclusive; counts if HasFloorMax
	HasFloorMax  bool
}

// A Param is one filter of a query as it was given.
type Param struct{ Name, Value string }

// Filters lists the filters that are set, in the order of the contract.
func (q Query) Filters() []Param {
	all := []Param{
		{"kind", q.Kind},
		{"severity", q.Severity},
		{"source", q.Source},
		{"aspect", q.Aspect},
		{"item", q.Item},
		{"responsible", q.Responsible},
		{"floor_area_max", q.floor()},
		{"scheme", q.Scheme},
	}
	return slices.DeleteFunc(all, func(p Param) bool { return p.Value == "" })
}

func (q Query) floor() string {
	if !q.HasFloorMax {
		return ""
	}
	return strconv.FormatFloat(q.FloorAreaMax, 'g', -1, 64)
}

// ParseQuery reads at, from, to and the filters by their contract names; get returns "" for
// what is not given. Dates without a zone are read in loc. The error is a *FieldError.
func ParseQuery(get func(name string) string, loc *time.Location) (Query, error) {
	text := func(name string) string { return strings.Clone(get(name)) } // a query may be kept, and what it was read from be long
	q := Query{
		Scheme: text("scheme"), Kind: text("kind"), Severity: text("severity"), Source: text("source"),
		Aspect: text("aspect"), Item: text("item"), Responsible: text("responsible"),
	}
	for _, c := range []struct {
		name, value string
		allowed     []string
	}{{"severity", q.Severity, severities}, {"source", q.Source, sources}, {"responsible", q.Responsible, responsibles}} {
		if c.value != "" && !slices.Contains(c.allowed, c.value) {
			return Query{}, wrong(c.name, "want %s, got %q", strings.Join(c.allowed, ", "), c.value)
		}
	}
	for _, d := range []struct {
		name string
		edge Edge
		into *Time
	}{{"at", Closes, &q.At}, {"from", Opens, &q.From}, {"to", Closes, &q.To}} {
		t, err := ParseTime(get(d.name), loc, d.edge)
		if err != nil {
			return Query{}, wrong(d.name, "%q is not a date or time (want RFC 3339, YYYY-MM-DD or YYYY-MM-DD HH:MM[:SS])", get(d.name))
		}
		*d.into = t
	}
	return q, q.parseFloor(get("floor_area_max"))
}

func (q *Query) parseFloor(s string) error {
	if s == "" {
		return nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) || f < 0 {
		return wrong("floor_area_max", "want a number of m², got %q", s)
	}
	q.FloorAreaMax, q.HasFloorMax = f, true
	return nil
}

func wrong(field, format string, args ...any) error {
	return &FieldError{Field: field, Reason: fmt.Sprintf(format, args...)}
}

// scheme returns the scheme asked for.
func (q Query) scheme() string {
	if q.Scheme == "" {
		return DefaultScheme
	}
	return q.Scheme
}

// inWindow reports whether something that happened at t falls into [From, To] and not after At.
func (q Query) inWindow(t Time) bool {
	return t.IsSet() && t <= q.At && (!q.From.IsSet() || t >= q.From) && (!q.To.IsSet() || t <= q.To)
}

// ofEnterprise reports whether the filters on the enterprise let e pass; e is nil when a record has none.
func (q Query) ofEnterprise(e *Enterprise) bool {
	if q.Kind == "" && !q.HasFloorMax {
		return true
	}
	return e != nil && (q.Kind == "" || e.Kind == q.Kind) &&
		(!q.HasFloorMax || e.HasFloor && e.FloorAreaM2 <= q.FloorAreaMax)
}

// counts reports whether e is among the enterprises of the query.
func (q Query) counts(e *Enterprise) bool {
	return q.ofEnterprise(e) && e.ActiveAt(q.At)
}

// found reports whether h of enterprise e (nil if none) is among the hazards of the query.
func (q Query) found(h *Hazard, e *Enterprise) bool {
	return h.Outcome != "void" && q.inWindow(h.FoundAt) &&
		(q.Severity == "" || h.Severity == q.Severity) &&
		(q.Source == "" || h.Source == q.Source) &&
		(q.Aspect == "" || h.Aspect == q.Aspect) &&
		(q.Item == "" || h.Item == q.Item) &&
		(q.Responsible == "" || h.Responsible == q.Responsible) &&
		q.ofEnterprise(e)
}

// visited reports whether i at enterprise e (nil if none) is among the inspections of the query:
// only the window, the kind of the enterprise and the source filter visits (contract section 5).
func (q Query) visited(i *Inspection, e *Enterprise) bool {
	return q.inWindow(i.At) && (q.Source == "" || i.Kind == q.Source) &&
		(q.Kind == "" || e != nil && e.Kind == q.Kind)
}
