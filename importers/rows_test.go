package importers

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/paulmach/orb"

	"hazgrid/geo/crs"
	"hazgrid/safety"
)

// TestRejects holds what is wrong with one record: the field, a part of the reason, and that the
// records around it are read.
func TestRejects(t *testing.T) {
	good := feature(square, `{"code":"good","level":1}`)
	grids := map[string]struct{ in, field, want string }{
		"missing code":     {feature(square, `{"level":1}`), "code", "required"},
		"blank code":       {feature(square, `{"code":"  ","level":1}`), "code", "blank"},
		"missing level":    {feature(square, `{"code":"x"}`), "level", "required, and no column gives it (there are: code)"},
		"level 0":          {feature(square, `{"code":"x","level":0}`), "level", "want 1 to 99, got 0"},
		"level 1.5":        {feature(square, `{"code":"x","level":1.5}`), "level", "want a whole number"},
		"level text":       {feature(square, `{"code":"x","level":"one"}`), "level", "want a number"},
		"no geometry":      {feature(`null`, `{"code":"x","level":1}`), "geometry", "required"},
		"empty geometry":   {feature(`{"type":"Polygon","coordinates":[]}`, `{"code":"x","level":1}`), "geometry", "empty"},
		"a point":          {feature(`{"type":"Point","coordinates":[1,2]}`, `{"code":"x","level":1}`), "geometry", "want a Polygon or MultiPolygon, got a Point"},
		"lon 181":          {feature(`{"type":"Polygon","coordinates":[[[180,0],[181,0],[180,1],[180,0]]]}`, `{"code":"x","level":1}`), "geometry", "lon of vertex 2: want -180 to 180, got 181"},
		"NaN":              {feature(`{"type":"Polygon","coordinates":[[[0,0],[1,NaN],[1,1],[0,0]]]}`, `{"code":"x","level":1}`), "geometry", "lat of vertex 2: want a finite number, got NaN"},
		"1e999":            {feature(`{"type":"Polygon","coordinates":[[[0,0],[1,1e999],[1,1],[0,0]]]}`, `{"code":"x","level":1}`), "geometry", "finite"},
		"text coordinates": {feature(`{"type":"Polygon","coordinates":["@@ABC"]}`, `{"code":"x","level":1}`), "geometry", "coordinates are text"},
		"uneven":           {feature(`{"type":"Polygon","coordinates":[[[0,0],1,[1,1],[0,0]]]}`, `{"code":"x","level":1}`), "geometry", "nested unevenly"},
		"one number":       {feature(`{"type":"Polygon","coordinates":[[[0],[1,1]]]}`, `{"code":"x","level":1}`), "geometry", "a position of one number"},
		"depth":            {feature(`{"type":"Polygon","coordinates":[[0,0],[1,1]]}`, `{"code":"x","level":1}`), "geometry", "nested 2 deep, want 3"},
		"collection":       {feature(`{"type":"GeometryCollection","geometries":[]}`, `{"code":"x","level":1}`), "geometry", `"GeometryCollection" is not read`},
		"self-crossing":    {feature(`{"type":"Polygon","coordinates":[[[0,0],[1,1],[1,0],[0,1],[0,0]]]}`, `{"code":"x","level":1}`), "geometry", "0.5 0.5"},
		"two points":       {feature(`{"type":"Polygon","coordinates":[[[0,0],[1,1],[0,0]]]}`, `{"code":"x","level":1}`), "geometry", "invalid polygon"},
		"one place":        {feature(`{"type":"Polygon","coordinates":[[[0,0],[0,0],[0,0],[0,0]]]}`, `{"code":"x","level":1}`), "geometry", "invalid polygon"},
		"empty ring":       {feature(`{"type":"Polygon","coordinates":[[]]}`, `{"code":"x","level":1}`), "geometry", "empty"},
		"not a feature":    {`{"type":"Polygon","properties":{"code":"x","level":1}}`, "type", "want Feature, got Polygon"},
		"a number":         {`5`, "", "not a Feature but 5"},
		"bad UTF-8":        {feature(square, "{\"code\":\"x\",\"name\":\"\xff\",\"level\":1}"), "", "not UTF-8 from byte"},
		"NUL":              {feature(square, `{"code":"x","name":"a\u0000b","level":1}`), "name", "NUL"},
		"bad date":         {feature(square, `{"code":"x","level":1,"valid_from":"soon"}`), "valid_from", "not a date"},
		"ends before":      {feature(square, `{"code":"x","level":1,"valid_from":"2014-02-01","valid_to":"2014-01-01"}`), "valid_to", "before valid_from"},
	}
	for name, c := range grids {
		t.Run(name, func(t *testing.T) {
			in := collection(good, c.in, good)
			if name == "bad UTF-8" { // later than the head, which would make it GB18030
				in = strings.Replace(in, c.in, strings.Repeat(" ", headBytes)+c.in, 1)
			}
			got := readText(t, in, Options{Kind: safety.Grids})
			wantReject(t, got, c.field, c.want)
		})
	}
}

func wantReject(t *testing.T, got result, field, reason string) {
	t.Helper()
	if got.err != nil || len(got.rejects) != 1 || len(got.records) != 2 {
		t.Fatalf("%d records, rejects %v, error %v", len(got.records), got.rejects, got.err)
	}
	if bad := got.rejects[0]; bad.Number != 2 || bad.Field != field || !strings.Contains(bad.Reason, reason) {
		t.Errorf("record %d, field %q: %s; want record 2, field %q: …%s…", bad.Number, bad.Field, bad.Reason, field, reason)
	}
}

func TestCSVRejects(t *testing.T) {
	const header, good = "id,found_at,lon,lat,severity,source,round,due_at", "h,2014-11-03,120.5,27.8,general,patrol,1,"
	for row, want := range map[string][2]string{
		",2014-11-03,120,27,,,,":              {"id", "blank"},
		"h,,120,27,,,,":                       {"found_at", "required"},
		"h,2014-13-03,120,27,,,,":             {"found_at", "not a date"},
		"h,2014-11-03,181,27,,,,":             {"lon", "want -180 to 180, got 181"},
		"h,2014-11-03,45,170,,,,":             {"lat", "swapped"},
		"h,2014-11-03,NaN,27,,,,":             {"lon", "want a finite number"},
		"h,2014-11-03,120,-Inf,,,,":           {"lat", "want a finite number"},
		"h,2014-11-03,1e400,27,,,,":           {"lon", "want a finite number"},
		"h,2014-11-03,0x10,27,,,,":            {"lon", "want a number"},
		"h,2014-11-03,120,,,,,":               {"lat", "missing, while lon is given"},
		"h,2014-11-03,,27,,,,":                {"lon", "missing, while lat is given"},
		"h,2014-11-03,120°61′,27,,,,":         {"lon", "want degrees"},
		"h,2014-11-03,120,27,serious,,,":      {"severity", "want one of general, major"},
		"h,2014-11-03,120,27,2,,,":            {"severity", "want one of general, major"},
		"h,2014-11-03,120,27,,hearsay,,":      {"source", "want one of patrol"},
		"h,2014-11-03,120,27,,,-1,":           {"round", "want 1 or more, got -1"},
		"h,2014-11-03,120,27,,,,1,2":          {"", "9 cells, the header has 8"},
		"h,2014-11-03,\"120\"x,27,,,,":        {"", "not CSV: line 3"},
		"h,2014-11-03,120,27,,,,2014-02-30":   {"due_at", "not a date"},
		"h,0000-01-01T00:00:00Z,120,27,,,,":   {"found_at", "before year 1"},
		"h\x00,2014-11-03,120,27,,,,":         {"", ""},
		"h,2014-11-03,120,27,,,,30天天":         {"due_at", "not a date"},
		"h,2014-11-03,120,27,general,self,x,": {"round", "want a number"},
	} {
		t.Run(row, func(t *testing.T) {
			if want[1] == "" {
				return
			}
			got := readText(t, strings.Join([]string{header, good, row, good}, "\n"), Options{Kind: safety.Hazards})
			wantReject(t, got, want[0], want[1])
		})
	}
}

func TestOtherBounds(t *testing.T) {
	for _, c := range []struct {
		kind               safety.Kind
		header, row, field string
	}{
		{safety.Inspections, "id,at,officers", "i,2014-11-03,-1", "officers"},
		{safety.Inspections, "id,at,order", "i,2014-11-03,burn", "order"},
		{safety.Inspections, "id,at,kind", "i,2014-11-03,visit", "kind"},
		{safety.Enterprises, "id,risk", "e,purple", "risk"},
		{safety.Enterprises, "id,floor_area_m2", "e,-3", "floor_area_m2"},
		{safety.Hazards, "id,found_at,outcome", "e,2014-11-03,gone", "outcome"},
		{safety.Hazards, "id,found_at,responsible", "e,2014-11-03,me", "responsible"},
		{safety.Lines, "id,wkt,protection_m", "l,\"LINESTRING(1 1,2 2)\",-1", "protection_m"},
		{safety.Lines, "id,wkt", "l,\"LINESTRING(1 1,1 1)\"", "geometry"},
		{safety.Lines, "id,wkt", "l,\"LINE(1 1\"", "geometry"},
		{safety.Lines, "id,wkt", "l,LINESTRING EMPTY", "geometry"},
		{safety.Grids, "code,level,wkt", "g,1,POLYGON EMPTY", "geometry"},
		{safety.Grids, "code,level,wkt", "g,1,MULTIPOLYGON EMPTY", "geometry"},
		{safety.Grids, "code,level,wkt", "g,1,\"POLYGON((0 0,1 1,1 0,0 0),EMPTY)\"", "geometry"},
	} {
		got := readText(t, c.header+"\n"+c.row+"\n", Options{Kind: c.kind})
		if got.err != nil || len(got.rejects) != 1 || got.rejects[0].Field != c.field {
			t.Errorf("%s: %v %v", c.row, got.rejects, got.err)
		}
	}
}

func TestUnlocated(t *testing.T) {
	got := readText(t, "id,lon,lat\na,,\nb,0,0\nc,无,空\nd,0,27\ne,１２０．５,27°30′00″\n", Options{Kind: safety.Enterprises})
	if got.err != nil || len(got.records) != 5 {
		t.Fatal(got.err, got.rejects)
	}
	for i, want := range []orb.Geometry{nil, nil, nil, orb.Point{0, 27}, orb.Point{120.5, 27.5}} {
		if g := got.records[i].Geometry; g != want {
			t.Errorf("record %d at %v, want %v", i+1, g, want)
		}
	}
	got = readText(t, collection(
		`{"type":"Feature","id":"a","geometry":{"type":"Point","coordinates":[0,0]},"properties":{"lon":5,"lat":5}}`,
		`{"type":"Feature","id":"b","geometry":null,"properties":{"lon":5,"lat":"6"}}`,
		`{"type":"Feature","id":"c","geometry":{"type":"Point","coordinates":[5,6,70]}}`), Options{Kind: safety.Enterprises})
	if got.err != nil || len(got.records) != 3 || got.records[0].Geometry != nil ||
		got.records[1].Geometry != (orb.Point{5, 6}) || got.records[2].Geometry != (orb.Point{5, 6}) {
		t.Errorf("%v %v %v", got.records, got.rejects, got.err)
	}
}

func TestRepair(t *testing.T) {
	bow := feature(`{"type":"Polygon","coordinates":[[[0,0],[1,1],[1,0],[0,1],[0,0]]]}`, `{"code":"a","level":1}`)
	open := feature(`{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1]]]}`, `{"code":"b","level":1}`)
	flat := feature(`{"type":"Polygon","coordinates":[[[0,0],[1,1],[2,2],[0,0]]]}`, `{"code":"c","level":1}`)
	got := readText(t, collection(bow, open, flat), Options{Kind: safety.Grids, Repair: true})
	if got.err != nil || len(got.records) != 3 || len(got.rejects) != 0 || got.file.Repaired() != 2 {
		t.Fatalf("%v %v %v, repaired %d", got.records, got.rejects, got.err, got.file.Repaired())
	}
	if n := len(got.records[0].Geometry.(orb.MultiPolygon)); n != 2 {
		t.Errorf("the bow tie has %d parts, want 2", n)
	}
	if n := len(got.records[2].Geometry.(orb.MultiPolygon)); n != 0 {
		t.Errorf("the flat one has %d parts, want none", n)
	}
}

// TestSourceFrame wants the frame that an export speaks of remembered, and coordinates not moved by it.
func TestSourceFrame(t *testing.T) {
	const text = "id,lon,lat,source_frame\na,120.5,27.5,gcj02\nb,120.5,27.5,\n"
	for frame, want := range map[crs.Frame][2]string{"": {"gcj02", "wgs84"}, crs.BD09: {"bd09", "bd09"}} {
		got := readText(t, text, Options{Kind: safety.Enterprises, Frame: frame})
		if got.err != nil || len(got.records) != 2 || len(got.file.Warnings()) != 0 {
			t.Fatal(got.err, got.rejects, got.file.Warnings())
		}
		for i, r := range got.records {
			if f := r.Values[len(r.Values)-1]; f != want[i] {
				t.Errorf("frame %q, record %d: remembered %v, want %s", frame, i+1, f, want[i])
			}
			if same := r.Geometry == (orb.Point{120.5, 27.5}); same != (frame == "") {
				t.Errorf("frame %q, record %d: at %v", frame, i+1, r.Geometry)
			}
		}
	}
}

// TestSplitGeometry wants a WKT that goes on in the columns beside it read as one.
func TestSplitGeometry(t *testing.T) {
	got := readText(t, "id,geometry,geometry_2,geometry_3,geometry_5\na,\"LINESTRING(0 0,\",\"1 1,\",2 2),x\nb,\"LINESTRING(0 0,1 1)\",,,\n", Options{Kind: safety.Lines})
	if got.err != nil || len(got.records) != 2 {
		t.Fatal(got.err, got.rejects)
	}
	for i, want := range []orb.MultiLineString{{{{0, 0}, {1, 1}, {2, 2}}}, {{{0, 0}, {1, 1}}}} {
		if g := got.records[i].Geometry.(orb.MultiLineString); !g.Equal(want) {
			t.Errorf("record %d: got %v, want %v", i+1, g, want)
		}
	}
}

// TestManyColumns reads a feature of 100,000 properties: time is not their square.
func TestManyColumns(t *testing.T) {
	var b strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&b, `"p%d":1,`, i)
	}
	in := collection(feature(square, `{"code":"a","level":1}`), feature(square, "{"+b.String()+`"code":"b","level":1}`), feature(square, `{"level":1,"code":"c"}`))
	start := time.Now()
	got := readText(t, in, Options{Kind: safety.Grids})
	if got.err != nil || len(got.records) != 3 || time.Since(start) > 30*time.Second {
		t.Errorf("%d records, %v, in %v", len(got.records), got.err, time.Since(start))
	}
}
