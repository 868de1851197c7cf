package safety

import "github.com/paulmach/orb"

// A Grid is one version of a supervision area (网格). Grids of one scheme and level form a coverage.
type Grid struct {
	ID        int64 // assigned once per division, scheme and code; below 2⁵³
	Scheme    string
	Code      string
	Name      string
	Level     int    // 1 is the largest
	Parent    string // declared code of the grid above, "" if none
	Kind      string
	ValidFrom Time    // unset: always
	ValidTo   Time    // the last instant of validity; unset: open
	AreaKm2   float64 // geodesic, WGS 84
	Synthetic bool
	Boundary  orb.MultiPolygon // degrees
	Deleted   bool
}

// PlaceID names a Place. NoPlace means unlocated, Outside in no grid of any level of any scheme.
type PlaceID int64

// Places every division has.
const (
	NoPlace PlaceID = -1
	Outside PlaceID = 0
)

// A Site is one line of a Place: in the boundaries that came into force at Epoch, the place
// lies in the grid Code of the scheme's level.
type Site struct {
	Place     PlaceID
	Scheme    string
	Epoch     Time // start of the time in which Scheme's boundaries did not change; unset: the beginning
	Level     int
	Code      string
	ValidFrom Time // of the grid version: with Scheme and Code its key
}

// An Enterprise is one located premises.
type Enterprise struct {
	ID          string
	Kind        string
	Parent      string // id of its building or market
	Risk        string
	Grid        string  // declared
	FloorAreaM2 float64 // 0 with HasFloor false when unknown
	HasFloor    bool
	OpenedAt    Time
	EndedAt     Time
	At          orb.Point // degrees; meaningless when Place is NoPlace
	Place       PlaceID
	Synthetic   bool
	Deleted     bool
}

// A Hazard is a defect found (隐患). Its state at any time follows from its timestamps.
type Hazard struct {
	ID          string
	Enterprise  string // id, "" if none
	Aspect      string
	Item        string
	Responsible string
	Severity    string
	Source      string
	Outcome     string
	Grid        string // declared
	FoundAt     Time
	OrderedAt   Time
	DueAt       Time
	RectifiedAt Time
	ReviewedAt  Time
	ClosedAt    Time
	At          orb.Point // its own, else its enterprise's; meaningless when Place is NoPlace
	Place       PlaceID
	Deleted     bool
}

// An Inspection is one visit.
type Inspection struct {
	ID         string
	Enterprise string
	Kind       string
	Order      string
	At         Time
	Officers   int64 // person-times
	Where      orb.Point
	Place      PlaceID
	Deleted    bool
}

// A Line is a pipeline, road or river.
type Line struct {
	ID          string
	Kind        string
	Name        string
	ProtectionM float64
	Path        orb.MultiLineString
	Deleted     bool
}

// Records is what a store gives to build a Snapshot: all of a division at one version, or
// what changed since an earlier one. Each slice is in order of key, without the internal
// columns: what a snapshot does not hold cannot leak.
type Records struct {
	Version     int64
	Clock       Time // the latest Batch.Clock applied
	Whole       bool // false: only rows changed since the version asked for, tombstones included
	Grids       []Grid
	Sites       []Site // by place, scheme, epoch, level
	Enterprises []Enterprise
	Hazards     []Hazard
	Inspections []Inspection
	Lines       []Line
}
