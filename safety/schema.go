package safety

import "slices"

// Kind names a kind of record: the word used on the command line, in SQL and in JSON.
type Kind string

// The kinds of record.
const (
	Grids       Kind = "grids"
	Enterprises Kind = "enterprises"
	Hazards     Kind = "hazards"
	Inspections Kind = "inspections"
	Lines       Kind = "lines"
)

// Kinds lists every kind in the order in which one may refer to the next.
func Kinds() []Kind { return []Kind{Grids, Enterprises, Hazards, Inspections, Lines} }

// Type is the type of a field's value in Record.Values.
type Type uint8

// The types of values; a value that is not there is nil.
const (
	Text     Type = iota // string, never ""
	Integer              // int64
	Real                 // float64, finite
	Boolean              // bool
	Instant              // Time; a bare date is its midnight
	Deadline             // Time; a bare date is its last millisecond
)

// A Field is one column of a kind of record. Longitude, latitude and geometry are not
// fields: they are Record.Geometry.
type Field struct {
	Name     string
	Type     Type
	Required bool
	Closed   []string // the only values allowed; nil when any is
	Default  any      // used when the value is not there
	Internal bool     // never leaves the service: names of people, addresses, free text
}

// Closed lists of values (contract section 2).
var (
	severities       = []string{"general", "major"}
	sources          = []string{"patrol", "self", "joint", "campaign"}
	risks            = []string{"red", "orange", "yellow", "blue"}
	responsibles     = []string{"authority", "owner", "manager", "tenant"}
	outcomes         = []string{"void", "transferred"}
	inspectionOrders = []string{"none", "rectify", "suspend"}
)

// DefaultScheme is the scheme of grids and queries that name none.
const DefaultScheme = "safety"

// fields is written once, here, and never changed.
var fields = map[Kind][]Field{
	Grids: {
		{Name: "scheme", Type: Text, Required: true, Default: DefaultScheme},
		{Name: "code", Type: Text, Required: true},
		{Name: "valid_from", Type: Instant}, // unset: always
		{Name: "valid_to", Type: Deadline},
		{Name: "name", Type: Text},
		{Name: "level", Type: Integer, Required: true},
		{Name: "parent", Type: Text},
		{Name: "kind", Type: Text},
		{Name: "leader", Type: Text, Internal: true},
		{Name: "inspectors", Type: Text, Internal: true},
		{Name: "synthetic", Type: Boolean},
		{Name: "frame", Type: Text},
	},
	Enterprises: {
		{Name: "id", Type: Text, Required: true},
		{Name: "name", Type: Text, Internal: true},
		{Name: "credit_code", Type: Text, Internal: true},
		{Name: "grid", Type: Text},
		{Name: "kind", Type: Text},
		{Name: "parent", Type: Text},
		{Name: "industry", Type: Text},
		{Name: "size", Type: Text},
		{Name: "risk", Type: Text, Closed: risks},
		{Name: "address", Type: Text, Internal: true},
		{Name: "floor_area_m2", Type: Real},
		{Name: "opened_at", Type: Instant},
		{Name: "ended_at", Type: Instant},
		{Name: "synthetic", Type: Boolean},
		{Name: "frame", Type: Text},
	},
	Hazards: {
		{Name: "id", Type: Text, Required: true},
		{Name: "enterprise", Type: Text},
		{Name: "grid", Type: Text},
		{Name: "aspect", Type: Text},
		{Name: "item", Type: Text},
		{Name: "responsible", Type: Text, Closed: responsibles},
		{Name: "severity", Type: Text, Closed: severities},
		{Name: "source", Type: Text, Closed: sources},
		{Name: "found_at", Type: Instant, Required: true},
		{Name: "reported_at", Type: Instant},
		{Name: "ordered_at", Type: Instant},
		{Name: "due_at", Type: Deadline},
		{Name: "rectified_at", Type: Instant},
		{Name: "reviewed_at", Type: Instant},
		{Name: "closed_at", Type: Instant},
		{Name: "round", Type: Integer, Default: int64(1)},
		{Name: "outcome", Type: Text, Closed: outcomes},
		{Name: "previous", Type: Text},
		{Name: "description", Type: Text, Internal: true},
		{Name: "synthetic", Type: Boolean},
		{Name: "frame", Type: Text},
	},
	Inspections: {
		{Name: "id", Type: Text, Required: true},
		{Name: "enterprise", Type: Text},
		{Name: "kind", Type: Text, Closed: sources},
		{Name: "at", Type: Instant, Required: true},
		{Name: "inspector", Type: Text, Internal: true},
		{Name: "officers", Type: Integer, Default: int64(1)},
		{Name: "result", Type: Text, Internal: true},
		{Name: "order", Type: Text, Closed: inspectionOrders},
		{Name: "synthetic", Type: Boolean},
		{Name: "frame", Type: Text},
	},
	Lines: {
		{Name: "id", Type: Text, Required: true},
		{Name: "kind", Type: Text},
		{Name: "name", Type: Text},
		{Name: "operator", Type: Text, Internal: true},
		{Name: "protection_m", Type: Real},
		{Name: "synthetic", Type: Boolean},
		{Name: "frame", Type: Text},
	},
}

// Fields returns the fields of k in the order of Record.Values, nil for an unknown kind.
func Fields(k Kind) []Field { return slices.Clone(fields[k]) }

// KeyField returns the name of the field that, with the division (and for grids the
// scheme and valid_from), is the key of k.
func KeyField(k Kind) string {
	if k == Grids {
		return "code"
	}
	return "id"
}

// ClosedValues returns the only values that the named field of k may have, nil when it is open.
func ClosedValues(k Kind, name string) []string {
	for _, f := range fields[k] {
		if f.Name == name {
			return slices.Clone(f.Closed)
		}
	}
	return nil
}
