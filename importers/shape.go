package importers

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/wkt"

	"hazgrid/geo"
	"hazgrid/geo/crs"
	"hazgrid/safety"
)

// shape gives a record its geometry: in WGS 84, of its kind's type, valid. found are the
// columns of the geometry, or of longitude and latitude.
func (m *mapper) shape(rec *safety.Record, r row, found []int) *fault {
	if !hasShape(m.o.Kind) {
		p, ok, f := m.point(r, found)
		if f == nil && ok {
			rec.Geometry = p
		}
		return f
	}
	g, f := m.geometry(r, found)
	switch {
	case f != nil:
		return f
	case g == nil:
		return &fault{geometryTarget, "required, and it is missing or empty"}
	}
	if m.o.Kind == safety.Grids {
		rec.Geometry, f = m.area(g)
	} else {
		rec.Geometry, f = m.line(g)
	}
	return f
}

// geometry returns the area or line of a row as the file has it, nil when there is none.
func (m *mapper) geometry(r row, found []int) (orb.Geometry, *fault) {
	text := wholeText(r, found[0])
	if r.geometry != nil || text == "" {
		return r.geometry, nil
	}
	if start := text[:min(len(text), len(collectionWKT))]; strings.EqualFold(start, collectionWKT) {
		return nil, &fault{geometryTarget, "want one geometry, got a GeometryCollection"} // deep ones would take square time to read
	}
	g, err := wkt.Unmarshal(text)
	if err != nil {
		return nil, &fault{geometryTarget, fmt.Sprintf("want WKT, got %q", clip(text))}
	}
	return g, nil
}

const collectionWKT = "GEOMETRYCOLLECTION"

// wholeText returns the text of a column and of those after it that go on with it: geometry, geometry_2, geometry_3 …
// where the cells of a worksheet are too small for one.
func wholeText(r row, column int) string {
	text := cell(r, column)
	for n := 2; text != "" && column+n <= len(r.names); n++ {
		if r.names[column+n-1] != r.names[column]+"_"+strconv.Itoa(n) {
			break
		}
		text += cell(r, column+n-1)
	}
	return text
}

// point returns where a row is, in WGS 84; ok false means unlocated. found are the columns of lon, lat and lonlat.
func (m *mapper) point(r row, found []int) (p orb.Point, ok bool, f *fault) {
	p, ok, f = m.position(r, found)
	if f != nil || !ok {
		return p, false, f
	}
	if r.geometry == nil && !m.swap {
		p = m.oriented(r, p)
	}
	p, f = m.toWGS84(p)
	return p, f == nil, f
}

// position returns where a row is, in the file's frame; ok false means unlocated.
func (m *mapper) position(r row, found []int) (p orb.Point, ok bool, f *fault) {
	switch g := r.geometry.(type) {
	case nil:
		p, ok, f = position(r, found)
	case orb.Point:
		p, ok = g, true
	case orb.MultiPoint:
		if len(g) != 1 {
			return p, false, &fault{geometryTarget, fmt.Sprintf("want a Point, got a MultiPoint of %d", len(g))}
		}
		p, ok = g[0], true
	default:
		return p, false, &fault{geometryTarget, "want a Point, got a " + g.GeoJSONType()}
	}
	return p, ok && f == nil && p != (orb.Point{}), f
}

// metresFrom is the size from which a number is not taken for a wrong degree but for metres.
const metresFrom = 1000

// toWGS84 brings a position out of the file's frame and checks it.
func (m *mapper) toWGS84(p orb.Point) (orb.Point, *fault) {
	for i, name := range []string{lonTarget, latTarget} {
		if math.IsNaN(p[i]) || math.IsInf(p[i], 0) {
			return p, &fault{name, fmt.Sprintf("want a finite number, got %v", p[i])}
		}
	}
	if m.swap {
		p = turned(p)
	}
	if m.conversion.Name() != crs.WGS84 {
		q, err := m.conversion.ToWGS84(p)
		if err != nil {
			return p, &fault{"", fmt.Sprintf("%v %v is not in frame %s: %v%s", p[0], p[1], m.conversion.Name(), err, zoneHint(p))}
		}
		p = q
	}
	switch {
	case math.Abs(p[0]) > metresFrom || math.Abs(p[1]) > metresFrom:
		return p, &fault{geometryTarget, fmt.Sprintf("%v %v are no degrees (metres? see --frame)", p[0], p[1])}
	case math.Abs(p[0]) > 180:
		return p, &fault{lonTarget, fmt.Sprintf("want -180 to 180, got %v", p[0])}
	case math.Abs(p[1]) > 90 && math.Abs(p[1]) <= 180 && math.Abs(p[0]) <= 90:
		return p, &fault{latTarget, fmt.Sprintf("want -90 to 90, got %v (are lon and lat swapped?)", p[1])}
	case math.Abs(p[1]) > 90:
		return p, &fault{latTarget, fmt.Sprintf("want -90 to 90, got %v", p[1])}
	}
	return p, nil
}

// convert does toWGS84 in place for positions of an area or line.
func (m *mapper) convert(ps []orb.Point) *fault {
	for i, p := range ps {
		q, f := m.toWGS84(p)
		if f != nil {
			return &fault{geometryTarget, fmt.Sprintf("%s of vertex %d: %s", f.field, i+1, f.reason)}
		}
		ps[i] = q
	}
	return nil
}

// area makes a valid MultiPolygon.
func (m *mapper) area(g orb.Geometry) (orb.Geometry, *fault) {
	var mp orb.MultiPolygon
	switch g := g.(type) {
	case orb.Polygon:
		mp = orb.MultiPolygon{g}
	case orb.MultiPolygon:
		mp = g
	default:
		return nil, &fault{geometryTarget, "want a Polygon or MultiPolygon, got a " + g.GeoJSONType()}
	}
	for _, p := range mp {
		for _, ring := range p {
			if f := m.convert(ring); f != nil {
				return nil, f
			}
		}
	}
	// An open ring is closed without a word in the store, as PostGIS and GDAL do: it is clear what was meant.
	mp, open := geo.Close(mp)
	if open {
		m.warn("ring_closed", "a ring was not closed")
	}
	return m.valid(mp)
}

// valid checks a polygon, and mends it when it may. One that is all lines is kept as a grid
// without area, which owns no point: its name and what is declared to lie in it are not lost.
func (m *mapper) valid(mp orb.MultiPolygon) (orb.Geometry, *fault) {
	bad := geo.Validate(mp)
	if bad == nil {
		return mp, nil
	}
	if !m.o.Repair {
		return nil, &fault{geometryTarget, fmt.Sprintf("invalid polygon: %s at %s", bad.Reason, place(bad.At))}
	}
	mended, err := geo.Repair(mp)
	switch {
	case errors.Is(err, geo.ErrNoArea):
		m.warn("no_area", fmt.Sprintf("%s at %s, and repaired no area is left", bad.Reason, place(bad.At)))
		mended = orb.MultiPolygon{}
	case err != nil:
		return nil, &fault{geometryTarget, fmt.Sprintf("invalid polygon: %s at %s, and it cannot be repaired: %v", bad.Reason, place(bad.At), err)}
	}
	m.repaired++
	before, after := geo.Area(mp), geo.Area(mended)
	m.mend = &safety.Finding{
		Kind: safety.FoundRepaired, Reason: bad.Reason, At: bad.At,
		BeforeM2: before, AfterM2: after, AreaM2: math.Abs(after - before),
	}
	return mended, nil
}

// noteRepair keeps what was mended of a record, now that it is known which grid it is.
func (m *mapper) noteRepair(rec safety.Record, key string) {
	if m.mend == nil {
		return
	}
	f := *m.mend
	f.Scheme, f.Level = m.layerOf(rec)
	f.Codes = []string{key}
	m.findings.Add(f)
	m.mend = nil
}

// layerOf is the scheme and the level of a grid.
func (m *mapper) layerOf(rec safety.Record) (scheme string, level int) {
	scheme, _ = m.fieldOf(rec, "scheme").(string)
	n, _ := m.fieldOf(rec, "level").(int64)
	return cmp.Or(scheme, safety.DefaultScheme), int(n)
}

// fieldOf is the value of a field, nil when the kind has none of that name.
func (m *mapper) fieldOf(rec safety.Record, name string) any {
	i := m.field(name)
	if i < 0 {
		return nil
	}
	return rec.Values[i]
}

// line makes a MultiLineString with a length.
func (m *mapper) line(g orb.Geometry) (orb.Geometry, *fault) {
	var lines orb.MultiLineString
	switch g := g.(type) {
	case orb.LineString:
		lines = orb.MultiLineString{g}
	case orb.MultiLineString:
		lines = g
	default:
		return nil, &fault{geometryTarget, "want a LineString or MultiLineString, got a " + g.GeoJSONType()}
	}
	for _, l := range lines {
		if f := m.convert(l); f != nil {
			return nil, f
		}
		if !slices.ContainsFunc(l, func(p orb.Point) bool { return p != l[0] }) {
			return nil, &fault{geometryTarget, "a line without length"}
		}
	}
	if len(lines) == 0 {
		return nil, &fault{geometryTarget, "an empty line"}
	}
	return lines, nil
}

func place(p orb.Point) string { return fmt.Sprintf("%v %v", p[0], p[1]) }
