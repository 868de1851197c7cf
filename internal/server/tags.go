package server

import (
	"hazgrid/safety"
	"hazgrid/tiles"
)

// Attributes of tile features: contract section 4. What does not exist has no tag.

// tagList collects tags.
type tagList []tiles.Tag

func (l *tagList) text(key, s string) {
	if s != "" {
		*l = append(*l, tiles.Tag{Key: key, Value: tiles.String(s)})
	}
}

// longText is the longest text of a point that its tile has, bytes. A longer one is absent, as one that differs is: no tile has room for many.
const longText = 255

func (l *tagList) short(key, s string) {
	if len(s) <= longText {
		l.text(key, s)
	}
}

func (l *tagList) count(key string, n int64) {
	*l = append(*l, tiles.Tag{Key: key, Value: tiles.Uint(uint64(max(n, 0)))})
}

func (l *tagList) number(key string, f float64, ok bool) {
	if ok {
		*l = append(*l, tiles.Tag{Key: key, Value: tiles.Double(f)})
	}
}

// A liveColumn is an attribute of a grid that changes with its records.
type liveColumn struct {
	name  string
	what  string // for people: TileJSON
	value func(*safety.Row) (v float64, ok bool)
	whole bool // a count
}

func liveColumns() []liveColumn {
	count := func(f func(*safety.Row) int64) func(*safety.Row) (float64, bool) {
		return func(r *safety.Row) (float64, bool) { return float64(f(r)), true }
	}
	return []liveColumn{
		{"enterprises", "enterprises active", count(func(r *safety.Row) int64 { return r.Enterprises }), true},
		{"found", "hazards found", count(func(r *safety.Row) int64 { return r.Found }), true},
		{"rectified", "of found, rectified", count(func(r *safety.Row) int64 { return r.Rectified }), true},
		{"open", "found less rectified", count(func(r *safety.Row) int64 { return r.Open }), true},
		{"overdue", "of open, past the deadline", count(func(r *safety.Row) int64 { return r.Overdue }), true},
		{"density", "hazards found per km²", func(r *safety.Row) (float64, bool) { return r.Density() }, false},
		{"rate", "rectified ÷ found, 0 to 1; absent when nothing was found", func(r *safety.Row) (float64, bool) { return r.Rate() }, false},
	}
}

func enterpriseTags(y *safety.Symbol) []tiles.Tag {
	l := make(tagList, 0, 9)
	l.short("id", y.ID)
	l.short("kind", y.Kind)
	l.short("risk", y.Risk)
	l.short("grid", y.Grid)
	l.count("found", y.Found)
	l.count("rectified", y.Rectified)
	l.count("open", y.Open)
	l.count("overdue", y.Overdue)
	l.count("count", y.Count)
	return l
}

func hazardTags(y *safety.Symbol) []tiles.Tag {
	l := make(tagList, 0, 9)
	l.short("id", y.ID)
	l.short("severity", y.Severity)
	l.short("source", y.Source)
	l.short("aspect", y.Aspect)
	l.short("state", y.State)
	l.short("grid", y.Grid)
	if y.Count > 1 {
		l.count("found", y.Found)
		l.count("rectified", y.Rectified)
	}
	l.count("count", y.Count)
	return l
}

func lineTags(n *safety.Line, bare bool) []tiles.Tag {
	if bare {
		return nil
	}
	l := make(tagList, 0, 4)
	l.text("id", n.ID)
	l.text("kind", n.Kind)
	l.text("name", n.Name)
	l.number("protection_m", n.ProtectionM, n.ProtectionM > 0)
	return l
}

// fieldsOf describes the attributes of a layer in a TileJSON.
func fieldsOf(l layer, bare bool) map[string]string {
	if bare && l.kind != gridLayer && l.kind != labelLayer {
		return map[string]string{}
	}
	switch l.kind {
	case enterpriseLayer:
		return map[string]string{
			"id": "id, of the first where several share the place; absent of a cell with several places", "kind": "kind of premises", "risk": "red, orange, yellow or blue", "grid": "code of the deepest grid",
			"found": "hazards found", "rectified": "of found, rectified", "open": "found less rectified", "overdue": "of open, past the deadline", "count": "enterprises at the place or in the cell",
		}
	case hazardLayer:
		return map[string]string{
			"id": "id, of the first where several share the place; absent of a cell with several places", "severity": "general or major", "source": "patrol, self, joint or campaign", "aspect": "code of the aspect",
			"state": "where in its life it is", "grid": "code of the deepest grid", "count": "hazards at the place or in the cell",
			"found": "the same, where count is over 1", "rectified": "of found, rectified",
		}
	case lineLayer:
		return map[string]string{"id": "id", "kind": "kind of line", "name": "name", "protection_m": "metres to keep clear on each side"}
	}
	fields := map[string]string{"code": "code", "name": "name", "parent": "code of the grid above", "level": "1 is the largest"}
	if bare {
		return fields
	}
	fields["id"], fields["area_km2"] = "id of the feature, the same at every zoom", "area, km²"
	for _, c := range liveColumns() {
		fields[c.name] = c.what
	}
	return fields
}
