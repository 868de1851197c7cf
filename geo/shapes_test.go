package geo_test

import (
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/wkt"
)

// parseWKT reads a Polygon or MultiPolygon.
func parseWKT(t testing.TB, s string) orb.MultiPolygon {
	t.Helper()
	g, err := wkt.Unmarshal(s)
	if err != nil {
		t.Fatal(err)
	}
	if p, ok := g.(orb.Polygon); ok {
		return orb.MultiPolygon{p}
	}
	return g.(orb.MultiPolygon)
}

// brokenWKT are invalid areas by name, with the planar area PostGIS 3.3.2
// (GEOS 3.11.1) gives ST_CollectionExtract(ST_MakeValid(g), 3).
var brokenWKT = map[string]struct {
	wkt  string
	area float64
}{
	"bow-tie":                      {"POLYGON((0 0,10 10,10 0,0 10,0 0))", 50},
	"figure eight":                 {"POLYGON((0 0,5 5,10 0,10 10,5 5,0 10,0 0))", 50},
	"spike out":                    {"POLYGON((0 0,10 0,10 10,15 10,10 10,0 10,0 0))", 100},
	"spike in":                     {"POLYGON((0 0,10 0,10 5,4 5,10 5,10 10,0 10,0 0))", 100},
	"touches itself, outside":      {"POLYGON((0 0,10 0,10 10,0 10,0 5,-5 5,-5 4,0 5,0 0))", 102.5},
	"touches itself, inside":       {"POLYGON((0 0,10 0,10 10,0 10,0 5,5 7,5 3,0 5,0 0))", 90},
	"hole outside":                 {"POLYGON((0 0,10 0,10 10,0 10,0 0),(20 3,24 3,24 6,20 6,20 3))", 112},
	"hole crosses":                 {"POLYGON((0 0,10 0,10 10,0 10,0 0),(8 3,14 3,14 6,8 6,8 3))", 106},
	"hole along the shell":         {"POLYGON((0 0,10 0,10 10,0 10,0 0),(0 3,4 3,4 6,0 6,0 3))", 100},
	"hole is the shell":            {"POLYGON((0 0,10 0,10 10,0 10,0 0),(0 0,10 0,10 10,0 10,0 0))", 100},
	"hole spans the shell":         {"POLYGON((0 0,10 0,10 10,0 10,0 0),(0 3,10 3,10 6,0 6,0 3))", 100},
	"holes share an edge":          {"POLYGON((0 0,10 0,10 10,0 10,0 0),(2 2,4 2,4 6,2 6,2 2),(4 2,6 2,6 6,4 6,4 2))", 84},
	"holes overlap":                {"POLYGON((0 0,10 0,10 10,0 10,0 0),(2 2,5 2,5 6,2 6,2 2),(4 3,6 3,6 5,4 5,4 3))", 88},
	"hole twice":                   {"POLYGON((0 0,10 0,10 10,0 10,0 0),(2 2,4 2,4 6,2 6,2 2),(2 2,4 2,4 6,2 6,2 2))", 92},
	"hole in a hole":               {"POLYGON((0 0,10 0,10 10,0 10,0 0),(1 1,9 1,9 9,1 9,1 1),(2 2,4 2,4 4,2 4,2 2))", 40},
	"hole cuts the inside in two":  {"POLYGON((0 0,10 0,10 10,0 10,0 0),(5 0,7 5,5 10,3 5,5 0))", 80},
	"holes in a chain cut it":      {"POLYGON((0 0,10 0,10 10,0 10,0 0),(5 0,6 2,5 5,4 2,5 0),(5 5,6 8,5 10,4 8,5 5))", 90},
	"ring twice round":             {"POLYGON((0 0,10 0,10 10,0 10,0 0,10 0,10 10,0 10,0 0))", 100},
	"ring retraces":                {"POLYGON((0 0,10 0,10 10,0 10,0 5,5 5,5 7,3 7,3 5,0 5,0 0))", 96},
	"shell twice":                  {"MULTIPOLYGON(((0 0,10 0,10 10,0 10,0 0)),((0 0,10 0,10 10,0 10,0 0)))", 100},
	"shells share an edge":         {"MULTIPOLYGON(((0 0,10 0,10 10,0 10,0 0)),((10 0,20 0,20 10,10 10,10 0)))", 200},
	"shells share part of an edge": {"MULTIPOLYGON(((0 0,10 0,10 10,0 10,0 0)),((10 2,20 2,20 8,10 8,10 2)))", 160},
	"shells overlap":               {"MULTIPOLYGON(((0 0,10 0,10 10,0 10,0 0)),((5 5,15 5,15 15,5 15,5 5)))", 150},
	"shells nested":                {"MULTIPOLYGON(((0 0,10 0,10 10,0 10,0 0)),((2 2,8 2,8 8,2 8,2 2)))", 64},
	"shells nested in three":       {"MULTIPOLYGON(((0 0,10 0,10 10,0 10,0 0)),((2 2,8 2,8 8,2 8,2 2)),((3 3,5 3,5 5,3 5,3 3)))", 68},
	"three touch in one vertex":    {"MULTIPOLYGON(((0 0,10 0,5 5,10 10,0 10,5 5,0 0)),((5 5,8 6,8 4,5 5)))", 53},
}
