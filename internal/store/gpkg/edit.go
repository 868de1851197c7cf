package gpkg

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/paulmach/orb"

	"hazgrid/geo"
	"hazgrid/internal/store/merge"
	"hazgrid/safety"
)

// An edit is a row as another program left it.
type edit struct {
	kind      safety.Kind
	fid       int64
	values    []any // one for each of Fields(kind), as SQLite has it
	geom      []byte
	lon, lat  sql.NullFloat64
	deletedAt string

	logged   bool   // it was edited; else it was aside and is tried again
	inserted bool   // it is new, or has another key than before
	moved    string // "geom" or "lonlat": which of its locations was edited
}

// page reads the edited rows of k and those aside, in order of fid.
func (t *settlement) page(ctx context.Context, k safety.Kind, after int64) (page []edit, err error) {
	columns := []string{"t.fid", "+t.deleted_at", "t.geom"}
	if merge.Located(k) {
		columns = append(columns, "CAST(t.lon AS REAL)", "CAST(t.lat AS REAL)")
	} else {
		columns = append(columns, "NULL", "NULL")
	}
	const log = `(SELECT %s FROM change_log l WHERE l.kind = $3 AND l.feature = t.fid%s)`
	columns = append(columns, fmt.Sprintf(log, "count(*) > 0", " AND l.version IS NULL"),
		fmt.Sprintf(log, "count(*) > 0", " AND l.version IS NULL AND l.op <> 'update'"),
		fmt.Sprintf(log, "moved", " AND (l.version IS NULL OR l.op = 'refuse') AND l.moved IS NOT NULL ORDER BY l.seq DESC LIMIT 1"))
	fields := safety.Fields(k)
	for _, f := range fields {
		columns = append(columns, "+t."+quoted(f.Name)) // the plus keeps the driver from reading times
	}
	query := `SELECT ` + strings.Join(columns, ", ") + ` FROM "` + string(k) + `" t WHERE t.fid IN (
		SELECT feature FROM change_log WHERE kind = $3 AND feature > $2 AND (version IS NULL OR op = 'refuse') AND ` + ours + `
		) ORDER BY t.fid LIMIT ` + strconv.Itoa(pageRows)
	rows, err := t.conn.QueryContext(ctx, query, t.division, after, string(k))
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // Err says it
	for rows.Next() {
		e := edit{kind: k, values: make([]any, len(fields))}
		var deletedAt, moved sql.NullString
		var geom any
		dest := []any{&e.fid, &deletedAt, &geom, &e.lon, &e.lat, &e.logged, &e.inserted, &moved}
		for i := range e.values {
			dest = append(dest, &e.values[i])
		}
		if err := rows.Scan(dest...); err != nil {
			return nil, err
		}
		e.geom, _ = geom.([]byte)
		e.deletedAt, e.moved = deletedAt.String, moved.String
		page = append(page, e)
	}
	return page, rows.Err()
}

// value returns the named field as it is in the row.
func (e *edit) value(name string) any {
	for i, f := range safety.Fields(e.kind) {
		if f.Name == name {
			return e.values[i]
		}
	}
	return nil
}

// key is what the row is called, as far as it is called anything.
func (e *edit) key() any { return e.value(safety.KeyField(e.kind)) }

// record reads the row as an importer reads its source.
func (e *edit) record() (r safety.Record, wrong *safety.FieldError) {
	for i, f := range safety.Fields(e.kind) {
		v, err := fieldValue(f, e.values[i])
		if err != "" {
			return r, &safety.FieldError{Key: fmt.Sprint(e.key()), Field: f.Name, Reason: err}
		}
		r.Values = append(r.Values, v)
	}
	g, reason := e.geometry()
	if reason != "" {
		return r, &safety.FieldError{Key: fmt.Sprint(e.key()), Field: "geometry", Reason: reason}
	}
	r.Geometry = g
	return r, nil
}

// fieldValue turns what SQLite has into the value of a field; reason is "" when that can be done.
func fieldValue(f safety.Field, raw any) (v any, reason string) {
	if b, ok := raw.([]byte); ok {
		raw = string(b)
	}
	if s, ok := raw.(string); raw == nil || ok && strings.TrimSpace(s) == "" {
		if f.Default == nil && f.Required {
			return nil, "missing"
		}
		return f.Default, ""
	}
	v, ok := typed(f.Type, raw)
	if !ok {
		return nil, fmt.Sprintf("%v is not a value of this field", raw)
	}
	if t, ok := v.(safety.Time); ok && !t.IsSet() {
		return nil, ""
	}
	if allowed := f.Closed; allowed != nil {
		for _, a := range allowed {
			if a == v {
				return v, ""
			}
		}
		return nil, fmt.Sprintf("%v is not one of %s", raw, strings.Join(allowed, ", "))
	}
	return v, ""
}

// typed reads raw, which is an int64, a float64 or a string, as t.
func typed(t safety.Type, raw any) (v any, ok bool) {
	text := fmt.Sprint(raw)
	if f, is := raw.(float64); is {
		text = strconv.FormatFloat(f, 'f', -1, 64)
	}
	switch t {
	case safety.Text:
		return text, true
	case safety.Integer:
		n, err := strconv.ParseInt(text, 10, 64)
		return n, err == nil
	case safety.Real:
		f, err := strconv.ParseFloat(text, 64)
		return f, err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
	case safety.Boolean:
		b, err := strconv.ParseBool(text)
		return b, err == nil
	}
	at, err := safety.ParseTime(text, time.UTC, t == safety.Deadline)
	return at, err == nil
}

// geometry returns the row's own geometry; reason is "" when it can be used.
func (e *edit) geometry() (g orb.Geometry, reason string) {
	if merge.Located(e.kind) && e.moved != "geom" {
		return e.ownPoint()
	}
	if len(e.geom) > 0 {
		var err error
		if _, ok := envelope(e.geom); ok || e.geom[0] != 'G' {
			if g, err = geo.DecodeGPKG(e.geom); err != nil {
				return nil, err.Error()
			}
		}
	}
	switch {
	case merge.Located(e.kind):
		return pointOf(g)
	case e.kind == safety.Grids:
		return polygonOf(g)
	}
	return pathOf(g)
}

// ownPoint is the point of columns lon and lat, nil when a coordinate is not there or both are 0.
func (e *edit) ownPoint() (orb.Geometry, string) {
	if !e.lon.Valid || !e.lat.Valid || e.lon.Float64 == 0 && e.lat.Float64 == 0 {
		return nil, ""
	}
	return pointOf(orb.Point{e.lon.Float64, e.lat.Float64})
}

func pointOf(g orb.Geometry) (orb.Geometry, string) {
	if g == nil {
		return nil, ""
	}
	p, ok := g.(orb.Point)
	if many, is := g.(orb.MultiPoint); is && len(many) == 1 {
		p, ok = many[0], true
	}
	if !ok {
		return nil, "want a point, got a " + g.GeoJSONType()
	}
	if !(math.Abs(p[0]) <= 180 && math.Abs(p[1]) <= 90) {
		return nil, fmt.Sprintf("longitude %v, latitude %v are not on the earth", p[0], p[1])
	}
	return p, ""
}

func polygonOf(g orb.Geometry) (orb.Geometry, string) {
	var mp orb.MultiPolygon
	switch g := g.(type) {
	case nil:
		return nil, "missing"
	case orb.Polygon:
		mp = orb.MultiPolygon{g}
	case orb.MultiPolygon:
		mp = g
	default:
		return nil, "want a polygon, got a " + g.GeoJSONType()
	}
	if b := mp.Bound(); !(b.Min[0] >= -180 && b.Max[0] <= 180 && b.Min[1] >= -90 && b.Max[1] <= 90) {
		return nil, fmt.Sprintf("longitude %v to %v, latitude %v to %v are not on the earth", b.Min[0], b.Max[0], b.Min[1], b.Max[1])
	}
	if fault := geo.Validate(mp); fault != nil {
		return nil, fmt.Sprintf("%s at %v, %v", fault.Reason, fault.At[0], fault.At[1])
	}
	return mp, ""
}

func pathOf(g orb.Geometry) (orb.Geometry, string) {
	switch g := g.(type) {
	case nil:
		return nil, "missing"
	case orb.LineString:
		return orb.MultiLineString{g}, ""
	case orb.MultiLineString:
		return g, ""
	default:
		return nil, "want a line, got a " + g.GeoJSONType()
	}
}
