package importers

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/paulmach/orb"

	"hazgrid/geo/crs"
	"hazgrid/safety"
)

// Options say how to read a file. Only Kind is needed.
type Options struct {
	Kind     safety.Kind
	Map      []Column       // columns named by the user; the rest is recognised by name
	Frame    crs.Frame      // frame of all coordinates; "" asks the file, and is wgs84 where it does not say; or AutoFrame
	Encoding string         // "" or "auto" asks the bytes; see CheckEncoding
	Layer    string         // name of the layer of a file that has several; "" wants the only one
	Sheet    string         // name of the sheet of a workbook; "" is the first that has a header
	Location *time.Location // zone of times that name none; nil is UTC

	Level     int64       // of grids that have none; 0 leaves them without
	Scheme    string      // of grids that have none; "" is safety.DefaultScheme
	ValidFrom safety.Time // of grids that have none; unset is always

	Definition *crs.Conversion            // the frame of all coordinates instead of Frame, where it has no name of its own
	Why        string                     // Definition is the frame
	Swapped    bool                       // in Definition's plane, the second coordinate of the file is the first
	Datum      *crs.Helmert               // of the frame that the file defines, where its datum needs parameters
	Locate     func(p orb.Point) []string // codes and names of the grids that own a WGS 84 point; for AutoFrame, nil where there are none; valid until the next call

	Repair     bool    // mend invalid polygons instead of rejecting them
	Coverage   bool    // mend the grids of each level as one coverage, too: the file's grids are held for it
	ToleranceM float64 // metres, for Coverage: ground that is narrower is snapped and given away

	MaxBytes int             // of one record; 0 is 32 MB
	Progress func(read int)  // told of every read from the file, in bytes
	Context  context.Context // ends what a database is asked; nil is never
}

// maxRecord is the size in bytes beyond which a record is rejected. While it is read it is there several times.
const maxRecord = 32 << 20

// A Column gives a field the name of its column in the file, "" for none.
type Column struct{ Field, Name string }

// noColumn stands for the name of a column where there is none.
const noColumn = "-"

// ParseMap reads "field=column" for the fields of k; "field=-" says that no column gives the field. It fails with
// safety.ErrInvalid on an unknown field and on a field named twice.
func ParseMap(k safety.Kind, specs []string) ([]Column, error) {
	known := targetNames(k)
	var out []Column
	for _, s := range specs {
		field, name, ok := strings.Cut(s, "=")
		field, name = strings.TrimSpace(field), strings.TrimSpace(name)
		switch {
		case !ok || field == "" || name == "":
			return nil, fmt.Errorf("%w: %q: want field=column", safety.ErrInvalid, s)
		case !slices.Contains(known, field):
			return nil, fmt.Errorf("%w: %q: %s have no field %q (want one of %s)",
				safety.ErrInvalid, s, k, field, strings.Join(known, ", "))
		case slices.ContainsFunc(out, func(c Column) bool { return c.Field == field }):
			return nil, fmt.Errorf("%w: %q: field %q is mapped twice", safety.ErrInvalid, s, field)
		}
		if name == noColumn {
			name = ""
		}
		out = append(out, Column{Field: field, Name: name})
	}
	return out, nil
}

func (o Options) location() *time.Location {
	if o.Location == nil {
		return time.UTC
	}
	return o.Location
}

func (o Options) maxBytes() int {
	if o.MaxBytes <= 0 {
		return maxRecord
	}
	return o.MaxBytes
}

func (o Options) context() context.Context {
	if o.Context == nil {
		return context.Background()
	}
	return o.Context
}
