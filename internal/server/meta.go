package server

import (
	"fmt"

	"hazgrid/analytics"
	"hazgrid/safety"
	"hazgrid/tiles"
)

// drawAll draws layers into a tile, each followed by its class breaks where the request wants them and the layer shows something.
func (p *painter) drawAll(st *state, layers []layer, t tileRequest) (*tiles.Drawing, error) {
	tile := new(tiles.Drawing)
	for _, l := range layers {
		before := tile.Len()
		if err := p.draw(tile, st, l, t); err != nil {
			return nil, err
		}
		if !t.meta || tile.Len() == before {
			continue
		}
		breaks, err := breaksOf(st.snapshot, l, t)
		if err != nil {
			return nil, err
		}
		tile.Add(tiles.Encode([]tiles.Layer{t.metaLayer(l, breaks)}))
	}
	return tile, nil
}

// metaOf reads the parameter meta.
func metaOf(text string) (bool, error) {
	switch text {
	case "", "0":
		return false, nil
	case "1":
		return true, nil
	}
	return false, &safety.FieldError{Field: "meta", Reason: fmt.Sprintf("want 1 for class breaks, got %q", text)}
}

// metaID is the id of the layer of class breaks.
func (l layer) metaID() string { return l.id + "-meta" }

// classBreaks are the classes of one attribute: as many values in each as ties allow. They are those of the whole layer at the tile's zoom,
// so all tiles of the zoom have the same.
type classBreaks struct {
	attribute string
	unit      string
	breaks    []float64
}

// metaLayer has a feature for each attribute, as large as the tile.
func (t tileRequest) metaLayer(l layer, all []classBreaks) tiles.Layer {
	out := tiles.Layer{Name: l.metaID()}
	shape := tiles.Project(t.address, t.address.Bound(0))
	for _, c := range all {
		if len(c.breaks) > 0 {
			out.Features = append(out.Features, tiles.Feature{Shape: shape, Tags: c.tags()})
		}
	}
	return out
}

// tags names the breaks break_0, the least value, to break_N, the greatest; class i is break_(i-1) ≤ value < break_i, the last with its end.
func (c classBreaks) tags() []tiles.Tag {
	last := len(c.breaks) - 1
	var l tagList
	l.text("attribute", c.attribute)
	l.text("unit", c.unit)
	l.number("min", c.breaks[0], true)
	l.number("max", c.breaks[last], true)
	l.count("classes", int64(last))
	for i, b := range c.breaks {
		l.number(fmt.Sprintf("break_%d", i), b, true)
	}
	return l
}

func breaksOf(snapshot *safety.Snapshot, l layer, t tileRequest) ([]classBreaks, error) {
	switch l.kind {
	case lineLayer:
		return nil, nil
	case enterpriseLayer:
		return t.pointBreaks(l, snapshot.EnterpriseSymbols(t.query))
	case hazardLayer:
		return t.pointBreaks(l, snapshot.HazardSymbols(t.query))
	}
	table, err := snapshot.Tallies(l.level, t.query)
	if err != nil {
		return nil, err
	}
	return gridBreaks(table), nil
}

// gridBreaks classes the grids of a level by density and rate.
func gridBreaks(table *safety.Table) []classBreaks {
	var density, rate []float64
	for i := range table.Rows {
		r := &table.Rows[i]
		if r.Grid == nil {
			continue
		}
		if v, ok := r.Density(); ok {
			density = append(density, v)
		}
		if v, ok := r.Rate(); ok {
			rate = append(rate, v)
		}
	}
	return []classBreaks{
		{"density", "hazards/km2", analytics.Quantiles(density, defaultClasses)},
		{"rate", "1", analytics.Quantiles(rate, defaultClasses)},
	}
}

type breaksKey struct{ zoom int }

// pointBreaks classes what a map shows of points at the zoom of the tile by each of its counts.
func (t tileRequest) pointBreaks(l layer, all *safety.Symbols) ([]classBreaks, error) {
	all, err := all.In(t.frame)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", l.id, err)
	}
	zoom := int(t.address.Z)
	return safety.Derive(all, breaksKey{zoom}, func() []classBreaks {
		counts := pointCounts(l.kind)
		values := make([][]float64, len(counts))
		eachShown(all, zoom, func(y *safety.Symbol) {
			for i, c := range counts {
				values[i] = append(values[i], float64(c.of(y)))
			}
		})
		out := make([]classBreaks, len(counts))
		for i, c := range counts {
			out[i] = classBreaks{c.name, c.unit, analytics.Quantiles(values[i], defaultClasses)}
		}
		return out
	}), nil
}

// A pointCount is a count among the attributes of a layer of points.
type pointCount struct {
	name, unit string
	of         func(*safety.Symbol) int64
}

func pointCounts(k layerKind) []pointCount {
	counts := []pointCount{
		{"count", string(k), func(y *safety.Symbol) int64 { return y.Count }},
		{"found", "hazards", func(y *safety.Symbol) int64 { return y.Found }},
		{"rectified", "hazards", func(y *safety.Symbol) int64 { return y.Rectified }},
	}
	if k == hazardLayer {
		return counts
	}
	return append(counts,
		pointCount{"open", "hazards", func(y *safety.Symbol) int64 { return y.Open }},
		pointCount{"overdue", "hazards", func(y *safety.Symbol) int64 { return y.Overdue }},
	)
}

// metaFields describes a layer of class breaks in a TileJSON.
func metaFields() map[string]string {
	fields := map[string]string{
		"attribute": "of the layer, that is classed", "unit": "of the attribute", "min": "least value at this zoom", "max": "greatest value at this zoom",
		"classes": "number of classes; class 1 is break_0 ≤ value < break_1",
	}
	for i := range defaultClasses + 1 {
		fields[fmt.Sprintf("break_%d", i)] = "break between classes"
	}
	return fields
}
