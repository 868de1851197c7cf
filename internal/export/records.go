package export

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/paulmach/orb"

	"hazgrid/geo/crs"
	"hazgrid/safety"
)

// RecordFormats lists the formats in which records are written: the endings of their files.
func RecordFormats() []string { return []string{"geojson", "gpkg", "csv", "xlsx", "shp"} }

// StreamFormats lists those of RecordFormats that are one stream of bytes.
func StreamFormats() []string { return []string{"geojson", "csv", "xlsx"} }

// A Layer is all records of a kind on their way into a file that an import reads back. It has every field under its
// canonical name (in a Shapefile cut to 10 bytes), the internal ones too, and in columns that an import passes
// over what was computed: grid_1 … grid_N or area_km2. Coordinates are WGS 84; source_frame is the frame they came in.
// Numbers keep every bit, times every millisecond.
type Layer struct {
	Kind     safety.Kind
	Records  iter.Seq2[safety.Stored, error] // may be read twice
	Location *time.Location                  // zone of times that are written as text
	At       safety.Time                     // date of the file, where a format has one

	// Follow puts points that have no location of their own where their enterprise is. Read back, they have one.
	Follow bool

	warnings map[string]*safety.Warning
}

// Codes of the warnings of an export.
const (
	cutText   = "text_cut"   // a text was longer than the format can hold, and its end is not there
	lostSigns = "signs_lost" // a text has signs that the format cannot hold
	noShape   = "no_area"    // a grid without area has no geometry, and an import will refuse it
)

// Write writes the layer to w in a format of StreamFormats. Nothing can be said of w after an error.
func (l *Layer) Write(w io.Writer, format string) ([]safety.Warning, error) {
	err := l.write(w, format)
	return l.warned(), err
}

func (l *Layer) write(w io.Writer, format string) error {
	switch format {
	case "geojson":
		return l.geoJSON(w)
	case "csv":
		return l.csv(w)
	case "xlsx":
		return l.xlsx(w)
	}
	return &safety.FieldError{Field: "format", Reason: fmt.Sprintf("want one of %s, got %q", strings.Join(StreamFormats(), ", "), format)}
}

// WriteFile writes the layer to a new file in a format of RecordFormats; a Shapefile is five files side by side.
// After an error the files are there, and good for nothing.
func (l *Layer) WriteFile(ctx context.Context, path, format string) ([]safety.Warning, error) {
	var err error
	switch format {
	case "gpkg":
		err = l.geoPackage(ctx, path)
	case "shp":
		err = l.shapefile(path)
	default:
		err = inFile(path, func(w io.Writer) error { return l.write(w, format) })
	}
	return l.warned(), err
}

// warn counts one more thing that a reader will miss; the first is the example.
func (l *Layer) warn(code, example string) {
	if l.warnings == nil {
		l.warnings = map[string]*safety.Warning{}
	}
	w := l.warnings[code]
	if w == nil {
		w = &safety.Warning{Code: code, Example: example}
		l.warnings[code] = w
	}
	w.Count++
}

// warned are the warnings by code.
func (l *Layer) warned() (out []safety.Warning) {
	for _, w := range l.warnings {
		out = append(out, *w)
	}
	slices.SortFunc(out, func(a, b safety.Warning) int { return cmp.Compare(a.Code, b.Code) })
	return out
}

// An attribute is one column of a layer beside its geometry.
type attribute struct {
	name string
	kind safety.Type
}

// Names of columns that are not fields.
const (
	sourceFrame = "source_frame" // field frame: the file's coordinates are not in it
	geometry    = "geometry"
)

// located tells the kinds that are points.
func (l *Layer) located() bool { return l.Kind != safety.Grids && l.Kind != safety.Lines }

// attributes lists the columns of a layer with so many levels of computed grids: the fields, and then what was computed.
func (l *Layer) attributes(levels int) (out []attribute) {
	for _, f := range safety.Fields(l.Kind) {
		out = append(out, attribute{f.Name, f.Type})
		if f.Name == "frame" {
			out[len(out)-1].name = sourceFrame
		}
	}
	for n := range levels {
		out = append(out, attribute{"grid_" + strconv.Itoa(n+1), safety.Text})
	}
	if l.Kind == safety.Grids {
		out = append(out, attribute{"area_km2", safety.Real})
	}
	return out
}

// A record is what a format writes: a value for each attribute, as in safety.Record, and the geometry, nil where there is none.
type record struct {
	values []any
	shape  orb.Geometry
}

// record brings a stored record into the form of its attributes.
func (l *Layer) record(s *safety.Stored) record {
	r := record{s.Values, s.Geometry}
	if last := len(r.values) - 1; r.values[last] == nil { // of a row that another program wrote
		r.values[last] = string(crs.WGS84)
	}
	for _, code := range s.Grids {
		r.values = append(r.values, text(code))
	}
	switch boundary, _ := s.Geometry.(orb.MultiPolygon); {
	case l.Kind == safety.Grids && len(boundary) == 0:
		l.warn(noShape, l.key(&r))
		r.shape = nil
		fallthrough
	case l.Kind == safety.Grids:
		r.values = append(r.values, s.AreaKm2)
	case l.Follow && r.shape == nil:
		r.shape = s.Location
	}
	return r
}

// key names a record in a message.
func (l *Layer) key(r *record) string {
	for i, f := range safety.Fields(l.Kind) {
		if f.Name == safety.KeyField(l.Kind) {
			key, _ := r.values[i].(string)
			return key
		}
	}
	return ""
}

// open returns the columns that the records turn out to have, and the records. stop must be called when they are no longer wanted.
func (l *Layer) open() (as []attribute, records iter.Seq2[record, error], stop func(), err error) {
	next, stop := iter.Pull2(l.Records)
	first, err, more := next()
	if err != nil {
		stop()
		return nil, nil, nil, err
	}
	return l.attributes(len(first.Grids)), func(yield func(record, error) bool) {
		for stored := first; more; stored, err, more = next() {
			var r record
			if err == nil {
				r = l.record(&stored)
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
	}, stop, nil
}

// asText is a value as CSV has it, "" when there is none.
func (l *Layer) asText(v any) string {
	switch v := v.(type) {
	case safety.Time:
		return v.Format(l.Location)
	case bool:
		return strconv.FormatBool(v)
	}
	return cell(v)
}
