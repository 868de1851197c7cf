package importers

import (
	"encoding/json"
	"math"
	"strconv"

	"github.com/paulmach/orb"
)

// featureText writes a row as a GeoJSON feature. Coordinates are those of the file, in its frame, with all their
// digits; all values are text.
func featureText(r row) []byte {
	b := []byte(`{"type":"Feature",`)
	if r.id != "" {
		b = append(appendText(append(b, `"id":`...), r.id), ',')
	}
	b = append(b, `"properties":{`...)
	for i, name := range r.names {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendText(b, name), ':')
		b = appendText(b, r.values[i])
	}
	b = append(b, `},"geometry":`...)
	if r.geometry == nil {
		return append(b, "null}"...)
	}
	b = append(appendText(append(b, `{"type":`...), r.geometry.GeoJSONType()), `,"coordinates":`...)
	return append(appendCoordinates(b, r.geometry), "}}"...)
}

func appendText(b []byte, s string) []byte {
	text, err := json.Marshal(s)
	if err != nil { // no string does this
		return append(b, `""`...)
	}
	return append(b, text...)
}

func appendCoordinates(b []byte, g orb.Geometry) []byte {
	switch g := g.(type) {
	case orb.Point:
		b = appendNumber(append(b, '['), g[0])
		b = appendNumber(append(b, ','), g[1])
		return append(b, ']')
	case orb.MultiPoint:
		return appendList(b, g)
	case orb.LineString:
		return appendList(b, g)
	case orb.Ring:
		return appendList(b, g)
	case orb.MultiLineString:
		return appendList(b, g)
	case orb.Polygon:
		return appendList(b, g)
	case orb.MultiPolygon:
		return appendList(b, g)
	}
	return append(b, "null"...)
}

// appendNumber writes a number with all its digits, without an exponent where people write none. For one that is
// not finite JSON has no word; it is written as JavaScript and our own reader of GeoJSON have it.
func appendNumber(b []byte, v float64) []byte {
	if math.IsInf(v, 0) {
		sign := ""
		if v < 0 {
			sign = "-"
		}
		return append(b, sign+"Infinity"...)
	}
	if size := math.Abs(v); size >= 1e-6 && size < 1e15 || size == 0 {
		return strconv.AppendFloat(b, v, 'f', -1, 64)
	}
	return strconv.AppendFloat(b, v, 'g', -1, 64)
}

func appendList[T orb.Geometry](b []byte, list []T) []byte {
	if len(list) == 0 {
		b = append(b, '[')
	}
	for i, g := range list {
		sep := byte(',')
		if i == 0 {
			sep = '['
		}
		b = appendCoordinates(append(b, sep), g)
	}
	return append(b, ']')
}
