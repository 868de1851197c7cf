package safety

import (
	"fmt"
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
	// It is read once. Memory must not grow with it. A record stays as it was yielded: several are worked on at once.
	Records iter.Seq2[Record, error]

	// Rejected is called for each record the store refuses and each one that a later record
	// of the batch replaces, by rising Number, before Confirm. Nil: nobody wants to know.
	Rejected func(Reject) error

	// Confirm sees what the batch would do, before it is committed; its error undoes the
	// batch and is returned with the receipt (a dry run, a strict import). Nil: go on.
	Confirm func(Receipt) error

	// ToleranceM is the width in metres under which ground counts as a sliver; 0 is 1.
	ToleranceM float64

	// Sync, when set, ends the records of the kind that the batch does not have.
	Sync *Sync

	// Origin is asked for once all Records are read: some of it is only known then. Nil: nothing is known.
	Origin func() Origin

	// Clock is set in a batch without Records: time has passed a deadline, and that makes
	// the next version unless another process has already said so for this instant or a later one.
	Clock Time

	// Revert is set in a batch without Records: what the batch of that number changed is put back.
	// It is refused (ErrConflict) when a later batch changed or leans on what would be put back.
	Revert int64
}

// An Origin says where a batch comes from. It is kept with the batch.
type Origin struct {
	File, Frame, Encoding string
	By                    string // who wrote it
	At                    Time   // when; also the deleted_at of what the batch ends
	LeftOut               int64  // records that were rejected before they came to the store
}

// A Sync says which records a batch may end: the live ones of its kind whose key it does not
// have, not even in a record that was refused. They get a tombstone, whatever their kind, so
// that the figures of earlier days lose them too: the source says that they are not there. Only
// grids that were valid before the batch's grids begin keep that time: they get a valid_to.
type Sync struct {
	// MaxPercent of the live records in question may be ended; if it would be more, nothing is written (ErrConflict).
	MaxPercent float64

	// Keep yields the keys of records that the source has and Records has not. It is read after Records. Nil: none.
	Keep iter.Seq2[string, error]

	// Level limits the ending of grids to one level, 0 to none. Their schemes are those of the batch.
	Level int
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

	Ended     int64 // records that got their tombstone by Sync or Revert
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

// An Op says what kind of writing a batch was.
type Op string

// What a batch can have been.
const (
	OpImport Op = "import" // records of a source
	OpRevert Op = "revert" // what an earlier batch changed was put back
	OpEdit   Op = "edit"   // another program wrote into the store's tables; what it replaced is not kept
)

// An Applied is a batch that a store has taken. One that changed nothing leaves none.
type Applied struct {
	Batch   int64 // its number: the version of the division that it made
	Op      Op
	Kind    Kind  // "" of an edit, which may be of several
	Reverts int64 // the batch that was put back, 0 unless Op is OpRevert
	Origin

	// Counts are of the source's records, those left out before the store included.
	Read, Inserted, Updated, Unchanged, Superseded, Rejected, Ended int64
}

// Believe returns an error (ErrConflict) when a source that lacks so many of the live records of
// its kind looks rather like half a source.
func (s *Sync) Believe(k Kind, gone, live int64) error {
	if live == 0 || float64(gone)*100 <= s.MaxPercent*float64(live) {
		return nil
	}
	return fmt.Errorf("%d of %d %s (%.1f %%) are not in the source, more than the %g %% that may be ended at once: %w",
		gone, live, k, float64(gone)*100/float64(live), s.MaxPercent, ErrConflict)
}
