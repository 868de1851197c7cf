package importers

import (
	"iter"

	"github.com/paulmach/orb"
)

// A row is one record as its file holds it. Every format reader yields rows; names,
// values and text are valid until the next row.
type row struct {
	number   int64         // from 1, in the order of the file
	line     int           // of the row in its sheet, as a spreadsheet shows it; 0 where there is none
	id       string        // what the format itself calls the record (the id of a GeoJSON feature)
	names    []string      // of the columns; the same slice as long as they do not change
	values   []string      // one for each name, or fewer; "" is not there
	geometry orb.Geometry  // as in the file, not checked; nil when there is none
	fault    *fault        // the row cannot be a record
	text     []byte        // the row as it stands in the file, in UTF-8
	original func() []byte // makes text until the next row, in formats that are no text; nil when text is there
}

// A fault is what is wrong with a row, before it is known which record it is.
type fault struct{ field, reason string }

// rows yields the rows of a file. An error ends it: the rest cannot be read.
type rows = iter.Seq2[row, error]
