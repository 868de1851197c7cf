package safety

import "github.com/paulmach/orb"

// A Reading asks a store for the records of one kind.
type Reading struct {
	Kind   Kind
	Scheme string // grids: only those of it, "" for all; others: the scheme of Stored.Grids, "" for DefaultScheme
	Level  int    // grids: only those of it, 0 for all
	At     Time   // Stored.Grids are of the boundaries valid then
}

// A Stored is a record as its store holds it, with the internal fields that Records leaves out: for the export of
// those whose records they are, and for nobody else.
type Stored struct {
	Record                // as it was given, numbered from 1 in the order of keys; a point is the record's own
	Location orb.Geometry // a record's own point, else that of its enterprise; nil when unlocated, and for grids and lines
	Grids    []string     // code of the computed grid at each level from 1, "" where there is none; nil for grids and lines
	AreaKm2  float64      // of grids: geodesic, WGS 84
}
