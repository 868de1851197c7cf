package export

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"github.com/paulmach/orb"

	"hazgrid/safety"
)

// appendFloat writes the shortest decimal number that is read back as v.
func appendFloat(b []byte, v float64) []byte { return strconv.AppendFloat(b, v, 'f', -1, 64) }

// appendWKT writes a point, area or line as WKT; nothing for nil and for what is empty.
func appendWKT(b []byte, g orb.Geometry) []byte {
	switch g := g.(type) {
	case orb.Point:
		return append(appendPair(append(b, "POINT("...), g, ' '), ')')
	case orb.MultiLineString:
		if len(g) > 0 {
			return appendList(append(b, "MULTILINESTRING"...), roundBrackets(), g, appendPath[orb.LineString])
		}
	case orb.MultiPolygon:
		if len(g) > 0 {
			return appendList(append(b, "MULTIPOLYGON"...), roundBrackets(), g, appendRings)
		}
	}
	return b
}

// appendGeoJSON writes a geometry as the value of a GeoJSON geometry, null for nil.
func appendGeoJSON(b []byte, g orb.Geometry) []byte {
	switch g := g.(type) {
	case orb.Point:
		b = append(b, `{"type":"Point","coordinates":`...)
		b = append(appendPair(append(b, '['), g, ','), ']')
	case orb.MultiLineString:
		b = appendList(append(b, `{"type":"MultiLineString","coordinates":`...), squareBrackets(), g, appendPath[orb.LineString])
	case orb.MultiPolygon:
		b = appendList(append(b, `{"type":"MultiPolygon","coordinates":`...), squareBrackets(), g, appendRings)
	default:
		return append(b, "null"...)
	}
	return append(b, '}')
}

// brackets are how a notation writes lists and positions.
type brackets struct {
	open, close byte
	pair        byte // between longitude and latitude
	position    bool // has brackets of its own
}

func roundBrackets() brackets  { return brackets{'(', ')', ' ', false} }
func squareBrackets() brackets { return brackets{'[', ']', ',', true} }

func appendList[T any](b []byte, as brackets, list []T, each func([]byte, brackets, T) []byte) []byte {
	b = append(b, as.open)
	for i, v := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = each(b, as, v)
	}
	return append(b, as.close)
}

func appendRings(b []byte, as brackets, p orb.Polygon) []byte {
	return appendList(b, as, p, appendPath[orb.Ring])
}

func appendPath[T ~[]orb.Point](b []byte, as brackets, path T) []byte {
	return appendList(b, as, path, appendPosition)
}

func appendPosition(b []byte, as brackets, p orb.Point) []byte {
	if !as.position {
		return appendPair(b, p, as.pair)
	}
	return append(appendPair(append(b, as.open), p, as.pair), as.close)
}

func appendPair(b []byte, p orb.Point, between byte) []byte {
	return appendFloat(append(appendFloat(b, p[0]), between), p[1])
}

// geoJSON writes a FeatureCollection (RFC 7946), a feature on each line. A property without value is null, so that all
// features have the same.
func (l *Layer) geoJSON(w io.Writer) error {
	as, records, stop, err := l.open()
	if err != nil {
		return err
	}
	defer stop()
	out := bufio.NewWriterSize(w, 64<<10)
	_, _ = out.WriteString(`{"type":"FeatureCollection","name":"` + string(l.Kind) + `","features":[`) // Flush says what this would
	var b []byte
	between := "\n"
	for r, err := range records {
		if err != nil {
			return err
		}
		if b, err = l.appendFeature(append(b[:0], between...), as, &r); err != nil {
			return fmt.Errorf("%s: %w", l.key(&r), err)
		}
		if _, err := out.Write(b); err != nil {
			return err
		}
		between = ",\n"
	}
	_, _ = out.WriteString("\n]}\n")
	return out.Flush()
}

// appendFeature writes a record as a GeoJSON Feature.
func (l *Layer) appendFeature(b []byte, as []attribute, r *record) (_ []byte, err error) {
	b = append(b, `{"type":"Feature","properties":{`...)
	for i, v := range r.values {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(append(b, '"'), as[i].name...), `":`...)
		if b, err = l.appendJSON(b, v); err != nil {
			return nil, fmt.Errorf("%s: %w", as[i].name, err)
		}
	}
	b = appendGeoJSON(append(b, `},"geometry":`...), r.shape)
	return append(b, '}'), nil
}

// appendJSON writes a value.
func (l *Layer) appendJSON(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), nil
	case float64:
		return appendFloat(b, v), nil
	case safety.Time:
		return append(append(append(b, '"'), v.Format(l.Location)...), '"'), nil
	case string:
		return appendString(b, v)
	}
	return append(b, l.asText(v)...), nil
}

// appendString writes a text, < and > as they are.
func appendString(b []byte, s string) ([]byte, error) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	err := e.Encode(s)
	return append(b, bytes.TrimSuffix(text.Bytes(), []byte("\n"))...), err
}
