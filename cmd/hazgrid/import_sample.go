package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/paulmach/orb"

	"hazgrid/safety"
)

// sampleSize is how many records a dry run shows as they were understood.
const sampleSize = 10

// show keeps the first records of a dry run.
func (p *pass) show(r safety.Record) {
	if p.job.flags.dryRun && len(p.sample) < sampleSize {
		r.Values = slices.Clone(r.Values)
		p.sample = append(p.sample, r)
	}
}

// understood is a record in one line: its number and field=value for each field that is there.
// Coordinates are WGS 84 degrees, times are in loc; what is not one plain word is quoted.
func understood(k safety.Kind, r safety.Record, loc *time.Location) string {
	var b strings.Builder
	fmt.Fprintf(&b, "record %d:", r.Number)
	for i, f := range safety.Fields(k) {
		if v := r.Values[i]; v != nil {
			fmt.Fprintf(&b, " %s=%s", f.Name, plain(v, loc))
		}
	}
	return b.String() + shapeText(r.Geometry)
}

func plain(v any, loc *time.Location) string {
	text := fmt.Sprint(v)
	switch v := v.(type) {
	case safety.Time:
		return v.Format(loc)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	if quoted := strconv.Quote(text); quoted != `"`+text+`"` || strings.ContainsAny(text, " =") {
		return quoted
	}
	return text
}

// shapeText is a point's coordinates, or the kind and size of another geometry and where it begins.
func shapeText(g orb.Geometry) string {
	if p, ok := g.(orb.Point); ok {
		return fmt.Sprintf(" lon=%v lat=%v", p[0], p[1])
	}
	first, parts, points := orb.Point{}, 0, 0
	add := func(line []orb.Point) {
		if points == 0 && len(line) > 0 {
			first = line[0]
		}
		points += len(line)
	}
	switch g := g.(type) {
	case orb.MultiPolygon:
		parts = len(g)
		for _, polygon := range g {
			for _, ring := range polygon {
				add(ring)
			}
		}
	case orb.MultiLineString:
		parts = len(g)
		for _, line := range g {
			add(line)
		}
	default:
		return " (no location)"
	}
	return fmt.Sprintf(" geometry=%s(parts=%d points=%d from %v %v)", g.GeoJSONType(), parts, points, first[0], first[1])
}
