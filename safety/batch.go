package safety

import (
	"iter"

	"github.com/paulmach/orb"
)

// A Record is one row on its way into a store.
type Record struct {
	Number   int64        // place in its source, from 1, rising
	Values   []any        // one for each of Fields(kind); nil, or a value of the field's Type
	Geometry orb.Geometry // grids: orb.MultiPolygon; lines: orb.MultiLineString; others: orb.Point, nil when unlocated
}

// A Batch is what one Apply writes, all of it or nothing.
type Batch struct {
	Kind Kind

	// Records yields the records to write, by rising Number. An error ends the batch: nothing is written.
	// It is read once. Memory must not grow with it.
	Records iter.Seq2[Record, error]

	// Rejected is called for each record the store refuses and each one that a later record
	// of the batch replaces, by rising Number, before Confirm. Nil: nobody wants to know.
	Rejected func(Reject) error

	// Confirm sees what the batch would do, before it is committed; its error undoes the
	// batch and is returned with the receipt (a dry run, a strict import). Nil: go on.
	Confirm func(Receipt) error

	// ToleranceM is the width in metres under which ground counts as a sliver; 0 is 1.
	ToleranceM float64

	// Clock is set in a batch without Records: time has passed a deadline, and that makes
	// the next version unless another process has already said so for this instant or a later one.
	Clock Time
}

// A Reject names one record that was not written, and why.
type Reject struct {
	FieldError
	Superseded bool // not wrong: a later record of the batch has the same key, or it was dissolved into an earlier one
}

// A Receipt says what became of the records of a batch. Inserted + Updated + Unchanged +
// Superseded + Rejected is the number of records the batch yielded.
type Receipt struct {
	Inserted, Updated, Unchanged, Superseded, Rejected int64

	Outside   int64 // records of the batch that are located, in no grid of any level
	Unlocated int64 // records of the batch without a location of their own or their enterprise's
	Warnings  []Warning
	Findings  Findings // about the grids of the batch, behind the warnings outside_parent, gap, overlap and sliver
	Version   int64    // of the division after the batch; not raised by a batch that changed nothing
}

// A Warning counts records that were written but deserve a look.
type Warning struct {
	Code    string `json:"code"` // dissolved, overlap, gap, sliver, outside_parent, parent_by_prefix, unknown_grid, credit_code, …
	Count   int64  `json:"count"`
	Example string `json:"example"`
}
