package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"

	"github.com/paulmach/orb"

	"hazgrid/geo"
	"hazgrid/geo/crs"
	"hazgrid/safety"
)

// geometryBytes is the longest body of a search.
const geometryBytes = 4 << 20

// geometryBody reads the body of a search.
func geometryBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if coding := r.Header.Get("Content-Encoding"); coding != "" && coding != "identity" {
		return nil, &refusal{status: http.StatusUnsupportedMediaType, detail: "want an uncompressed body, got " + coding, field: "Content-Encoding"}
	}
	switch media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); {
	case err != nil && r.Header.Get("Content-Type") != "":
		return nil, &refusal{status: http.StatusUnsupportedMediaType, detail: err.Error(), field: "Content-Type"}
	case media == "", media == "application/json", media == "application/geo+json", media == "application/x-www-form-urlencoded", media == "application/octet-stream", media == "text/plain":
		// The last three are what curl and browsers put on anything.
	default:
		return nil, &refusal{status: http.StatusUnsupportedMediaType, detail: "want application/geo+json, got " + media, field: "Content-Type"}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, geometryBytes))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, &refusal{status: http.StatusRequestEntityTooLarge, detail: fmt.Sprintf("want at most %d bytes", geometryBytes), field: "geometry"}
	}
	if err != nil {
		return nil, &refusal{status: http.StatusBadRequest, detail: err.Error(), field: "geometry"}
	}
	return body, nil
}

func badGeometry(format string, args ...any) error {
	return &safety.FieldError{Field: "geometry", Reason: fmt.Sprintf(format, args...)}
}

// object is what counts of a GeoJSON object (RFC 7946).
type object struct {
	Type        string
	Coordinates json.RawMessage
	Geometry    json.RawMessage
	Features    []json.RawMessage
}

// parseRegion reads a Polygon, MultiPolygon, LineString or MultiLineString of GeoJSON, or one
// feature of them, whose coordinates are of a frame. Polygons are checked as they were sent, so
// that a fault has the place that the sender knows; their sides are straight after the change of frame.
func parseRegion(body []byte, frame crs.Frame) (region safety.Region, err error) {
	o, err := geometryOf(body)
	if err != nil {
		return region, err
	}
	switch o.Type {
	case "Polygon", "MultiPolygon":
		region.Shape, err = parseArea(o, frame)
	case "LineString", "MultiLineString":
		region.Line, err = parseLines(o, frame)
	default:
		err = badGeometry("want a Polygon, MultiPolygon, LineString or MultiLineString, got %q", o.Type)
	}
	return region, err
}

// geometryOf unpacks a geometry from the feature it may be in, and that from its collection.
func geometryOf(body []byte) (o object, err error) {
	if o, err = objectOf(body); err == nil && o.Type == "FeatureCollection" {
		if len(o.Features) != 1 {
			return o, badGeometry("want one feature, got %d", len(o.Features))
		}
		o, err = objectOf(o.Features[0])
	}
	if err == nil && o.Type == "Feature" {
		o, err = objectOf(o.Geometry)
	}
	return o, err
}

func objectOf(body []byte) (o object, err error) {
	if err := json.Unmarshal(body, &o); err != nil {
		return o, badGeometry("want GeoJSON: %v", err)
	}
	return o, nil
}

// parseArea reads polygons. Open rings are closed.
func parseArea(o object, frame crs.Frame) (orb.MultiPolygon, error) {
	polygons := make([][][]position, 1)
	var into any = &polygons
	if o.Type == "Polygon" {
		into = &polygons[0]
	}
	if err := json.Unmarshal(o.Coordinates, into); err != nil {
		return nil, badGeometry("coordinates of a %s: %v", o.Type, err)
	}
	area := make(orb.MultiPolygon, len(polygons))
	for i, rings := range polygons {
		for _, ring := range rings {
			area[i] = append(area[i], orb.Ring(pointsOf(ring)))
		}
	}
	if err := toWGS84(area, frame); err != nil {
		return nil, err
	}
	area, _ = geo.Close(area)
	switch fault := geo.Validate(area); {
	case fault == nil:
		return area, nil
	case fault.Reason == geo.FaultEmpty:
		return nil, badGeometry("%s", fault.Reason)
	default:
		return nil, badGeometry("%s, at %v,%v", fault.Reason, fault.At[0], fault.At[1])
	}
}

func parseLines(o object, frame crs.Frame) (orb.MultiLineString, error) {
	lines := make([][]position, 1)
	var into any = &lines
	if o.Type == "LineString" {
		into = &lines[0]
	}
	if err := json.Unmarshal(o.Coordinates, into); err != nil {
		return nil, badGeometry("coordinates of a %s: %v", o.Type, err)
	}
	if len(lines) == 0 {
		return nil, badGeometry("empty line")
	}
	out := make(orb.MultiLineString, len(lines))
	for i, line := range lines {
		if out[i] = pointsOf(line); len(line) < 2 {
			return nil, badGeometry("line %d has %d points, want two or more", i, len(line))
		}
	}
	if err := toWGS84(out, frame); err != nil {
		return nil, err
	}
	for _, line := range out {
		for _, p := range line {
			if err := inRange("geometry", p); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// toWGS84 brings a geometry out of the frame of the question, in place.
func toWGS84(g orb.Geometry, frame crs.Frame) error {
	if frame == crs.WGS84 {
		return nil
	}
	c, err := frame.Conversion()
	if err == nil {
		err = move(g, c.ToWGS84)
	}
	if err != nil {
		return badGeometry("%v", err)
	}
	return nil
}

// A position is a longitude and a latitude; an altitude behind them does not count.
type position orb.Point

// UnmarshalJSON refuses what encoding/json would fill up with zeros.
func (p *position) UnmarshalJSON(b []byte) error {
	var n []*float64
	if err := json.Unmarshal(b, &n); err != nil {
		return fmt.Errorf("position %s: %w", b, err)
	}
	if len(n) < 2 || len(n) > 4 || n[0] == nil || n[1] == nil {
		return fmt.Errorf("position %s: want longitude and latitude", b)
	}
	p[0], p[1] = *n[0], *n[1]
	return nil
}

func pointsOf(positions []position) []orb.Point {
	points := make([]orb.Point, len(positions))
	for i, p := range positions {
		points[i] = orb.Point(p)
	}
	return points
}
