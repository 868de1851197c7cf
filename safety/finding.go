package safety

import "github.com/paulmach/orb"

// The kinds of a Finding. Those of the first line tell what was done to the file's polygons, those of the
// second what is in the store after the import.
const (
	FoundRepaired, FoundMended, FoundFilled, FoundAssigned     = "repaired", "mended", "filled", "assigned"
	FoundOutsideParent, FoundGap, FoundOverlap, FoundThinParts = "outside_parent", "gap", "overlap", "sliver"
)

// A Finding is something about the ground of grids that deserves a look, and where it is.
type Finding struct {
	Kind   string
	Scheme string
	Level  int
	Codes  []string // of the grids concerned; the one it is about first, where there is one
	Reason string   // in words

	AreaM2  float64 // of the ground it is about, or by which a grid's own has changed, in square metres
	LengthM float64 // of that ground as a strip, in metres; 0 where it has no width
	WidthM  float64 // of that ground as a strip: twice the area over the rim, in metres
	Share   float64 // outside_parent: of the grid's area, in [0,1]

	BeforeM2, AfterM2 float64 // repaired, mended: the grid's area in square metres

	Sliver bool             // the ground is thinner than Batch.ToleranceM
	At     orb.Point        // a place in it, degrees
	Shape  orb.MultiPolygon // degrees; nil where only the place is known
}

// mostFindings is how many findings of each kind are kept of one file: enough for anybody to look at.
const mostFindings = 20_000

// Findings are what was found in one file: all are counted, and of each kind the first 20,000 kept.
type Findings struct {
	Total int64
	List  []Finding
	Kept  map[string]int // how many the list has of each kind; nil when there are none
}

// Add takes findings in.
func (f *Findings) Add(found ...Finding) {
	if f.Kept == nil && len(found) > 0 {
		f.Kept = map[string]int{}
	}
	f.Total += int64(len(found))
	for _, one := range found {
		if f.Kept[one.Kind] < mostFindings {
			f.Kept[one.Kind]++
			f.List = append(f.List, one)
		}
	}
}

// Join takes in what was found elsewhere.
func (f *Findings) Join(other Findings) {
	more := other.Total - int64(len(other.List))
	f.Add(other.List...)
	f.Total += more
}

// FindingOf describes ground by its shape.
func FindingOf(kind string, shape orb.MultiPolygon, areaM2, widthM float64) Finding {
	f := Finding{Kind: kind, Shape: shape, AreaM2: areaM2, WidthM: widthM}
	if widthM > 0 {
		f.LengthM = areaM2 / widthM
	}
	return f
}
