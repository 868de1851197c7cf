package district

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/geojson"

	"hazgrid/safety"
)

// WriteGeoJSON writes the records of a kind as one FeatureCollection, WGS 84, coordinates with
// up to seven decimals, properties in the order of safety.Fields without those not set.
func (d *District) WriteGeoJSON(w io.Writer, kind safety.Kind) error {
	return writeFeatures(w, kind, d.Records(kind))
}

// WriteLevel writes the grids of one level as WriteGeoJSON does.
func (d *District) WriteLevel(w io.Writer, level int) error {
	at := column(safety.Grids, "level")
	return writeFeatures(w, safety.Grids, func(yield func(safety.Record, error) bool) {
		for r, err := range d.Records(safety.Grids) {
			if err == nil && r.Values[at] != int64(level) {
				continue
			}
			if !yield(r, err) {
				return
			}
		}
	})
}

func column(kind safety.Kind, name string) int {
	return slices.IndexFunc(safety.Fields(kind), func(f safety.Field) bool { return f.Name == name })
}

func writeFeatures(w io.Writer, kind safety.Kind, records iter.Seq2[safety.Record, error]) error {
	out := bufio.NewWriter(w)
	_, _ = out.WriteString(`{"type":"FeatureCollection","features":[`) // bufio keeps the error for Flush
	between := "\n"
	for r, err := range records {
		if err != nil {
			return fmt.Errorf("writing %s as GeoJSON: %w", kind, err)
		}
		feature, err := appendFeature([]byte(between), kind, r)
		if err != nil {
			return fmt.Errorf("writing %s as GeoJSON: record %d: %w", kind, r.Number, err)
		}
		_, _ = out.Write(feature)
		between = ",\n"
	}
	_, _ = out.WriteString("\n]}\n")
	if err := out.Flush(); err != nil {
		return fmt.Errorf("writing %s as GeoJSON: %w", kind, err)
	}
	return nil
}

// appendFeature appends one record as a GeoJSON feature.
func appendFeature(b []byte, kind safety.Kind, r safety.Record) ([]byte, error) {
	b = append(b, `{"type":"Feature","properties":{`...)
	between := ""
	for i, f := range safety.Fields(kind) {
		if r.Values[i] == nil || f.Name == "frame" {
			continue
		}
		v, err := json.Marshal(plain(r.Values[i], f.Type))
		if err != nil {
			return nil, err
		}
		b = append(append(b, between...), strconv.Quote(f.Name)...)
		b = append(append(b, ':'), v...)
		between = ","
	}
	b = append(b, `},"geometry":`...)
	if r.Geometry == nil {
		return append(b, "null}"...), nil
	}
	g, err := json.Marshal(geojson.NewGeometry(single(r.Geometry)))
	if err != nil {
		return nil, err
	}
	return append(append(b, g...), '}'), nil
}

// single takes a multi-part geometry of one part for that part.
func single(g orb.Geometry) orb.Geometry {
	switch g := g.(type) {
	case orb.MultiPolygon:
		if len(g) == 1 {
			return g[0]
		}
	case orb.MultiLineString:
		if len(g) == 1 {
			return g[0]
		}
	}
	return g
}

// plain turns an instant into local time to the minute, a deadline into its date.
func plain(v any, t safety.Type) any {
	at, ok := v.(safety.Time)
	if !ok {
		return v
	}
	if t == safety.Deadline {
		return at.In(zone()).Format("2006-01-02")
	}
	return at.In(zone()).Format("2006-01-02 15:04")
}

// WriteCSV writes the records of a kind that have points or no geometry: the fields that are
// set in any record, in the order of safety.Fields, then lon and lat if any record has them.
// Times have no zone: read them in Asia/Shanghai.
func (d *District) WriteCSV(w io.Writer, kind safety.Kind) error {
	if kind == safety.Grids || kind == safety.Lines {
		return fmt.Errorf("%w: writing %s as CSV: it has no place for their geometry", safety.ErrInvalid, kind)
	}
	used, header, err := d.columns(kind)
	if err != nil {
		return fmt.Errorf("writing %s as CSV: %w", kind, err)
	}
	out := csv.NewWriter(w)
	_ = out.Write(header) // csv keeps the error for Flush
	fields := safety.Fields(kind)
	var line []string
	for r, err := range d.Records(kind) {
		if err != nil {
			return fmt.Errorf("writing %s as CSV: %w", kind, err)
		}
		line = line[:0]
		for _, i := range used {
			line = append(line, cell(r.Values[i], fields[i].Type))
		}
		if p, ok := r.Geometry.(orb.Point); ok {
			line = append(line, number(p[0]), number(p[1]))
		}
		_ = out.Write(line)
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("writing %s as CSV: %w", kind, err)
	}
	return nil
}

// columns returns which fields of a kind are set in any record, and the header they make.
func (d *District) columns(kind safety.Kind) (used []int, header []string, err error) {
	fields := safety.Fields(kind)
	set, located := make([]bool, len(fields)), false
	for r, err := range d.Records(kind) {
		if err != nil {
			return nil, nil, err
		}
		for i, v := range r.Values {
			set[i] = set[i] || v != nil && fields[i].Name != "frame"
		}
		located = located || r.Geometry != nil
	}
	for i, f := range fields {
		if set[i] {
			used, header = append(used, i), append(header, f.Name)
		}
	}
	if located {
		header = append(header, "lon", "lat")
	}
	return used, header, nil
}

// cell writes a value as text, nothing for none.
func cell(v any, t safety.Type) string {
	switch v := plain(v, t).(type) {
	case nil:
		return ""
	case float64:
		return number(v)
	default:
		return fmt.Sprint(v)
	}
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
