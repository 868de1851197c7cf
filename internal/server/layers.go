package server

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/paulmach/orb"

	"hazgrid/geo"
	"hazgrid/geo/crs"
	"hazgrid/safety"
	"hazgrid/tiles"
)

// A layer is one id that tiles can be asked for.
type layer struct {
	id    string
	level int // of grids and labels
	kind  layerKind
}

type layerKind string

const (
	gridLayer       layerKind = "grids"
	labelLayer      layerKind = "grid-labels"
	enterpriseLayer layerKind = "enterprises"
	hazardLayer     layerKind = "hazards"
	lineLayer       layerKind = "lines"
)

// parseLayer reads a layer id; a level that the scheme does not have is ErrNotFound like any other unknown id.
func parseLayer(id string, depth int) (layer, error) {
	switch k := layerKind(id); k {
	case enterpriseLayer, hazardLayer, lineLayer:
		return layer{id: id, kind: k}, nil
	}
	for _, k := range []layerKind{gridLayer, labelLayer} {
		text, ok := strings.CutPrefix(id, string(k)+"-")
		if n, err := strconv.Atoi(text); ok && err == nil && n >= 1 && n <= depth && strconv.Itoa(n) == text {
			return layer{id: id, kind: k, level: n}, nil
		}
	}
	return layer{}, fmt.Errorf("layer %q: %w", id, safety.ErrNotFound)
}

// parseLayers reads a comma list of ids; one that is there twice counts once.
func parseLayers(list string, depth int) ([]layer, error) {
	var layers []layer
	for id := range strings.SplitSeq(list, ",") {
		l, err := parseLayer(id, depth)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(layers, l) {
			layers = append(layers, l)
		}
	}
	return layers, nil
}

// tileRequest is what a tile is made from.
type tileRequest struct {
	address tiles.Address
	query   safety.Query
	bare    bool      // columns=none
	meta    bool      // meta=1: class breaks too
	frame   crs.Frame // of the base map the tile is for
}

// draw appends the layer's part of a tile.
func (p *painter) draw(tile []byte, st *state, l layer, t tileRequest) ([]byte, error) {
	switch l.kind {
	case enterpriseLayer:
		return t.points(tile, l, st.snapshot.EnterpriseSymbols(t.query))
	case hazardLayer:
		return t.points(tile, l, st.snapshot.HazardSymbols(t.query))
	case lineLayer:
		drawn, err := t.lines(l, st.snapshot.Lines())
		if err != nil {
			return nil, err
		}
		return append(tile, tiles.Encode([]tiles.Layer{drawn})...), nil
	}
	return p.drawGrids(tile, st, l, t)
}

// fewGrids is the share of a level's grids up to which the figures of a tile at another time than now, or of filtered
// records, are counted for that tile alone: there are as many such tables as there are questions.
const fewGrids = 1.0 / 3

// drawGrids joins the geometry of the grids in a tile with their values.
func (p *painter) drawGrids(tile []byte, st *state, l layer, t tileRequest) ([]byte, error) {
	grids, err := st.snapshot.Layer(t.query.Scheme, l.level, t.query.At)
	if err != nil {
		return nil, err
	}
	cut, err := p.cut(grids, l.kind, t)
	if err != nil {
		return nil, err
	}
	if few := fewGrids * float64(len(grids.Grids)); !t.bare && !asOfNow(t.query) && float64(len(cut.Features())) < few {
		columns, err := p.fewColumns(st, l.level, t.query, cut)
		if err != nil {
			return nil, err
		}
		return columns.Append(tile, l.id, cut.Renumbered()), nil
	}
	f, err := p.figures(st, l.level, t.query)
	if err != nil {
		return nil, err
	}
	columns := f.values
	if t.bare {
		columns = f.names
	}
	if len(cut.Features()) >= manyGrids {
		p.heavy.Lock()
		defer p.heavy.Unlock()
	}
	return columns.Append(tile, l.id, cut), nil
}

// cutKey names the cut of the grids of a level in a tile. A snapshot shares its Layer with the next
// one while the boundaries stay the same, so cuts are made once per geometry.
type cutKey struct {
	grids   *safety.Layer
	kind    layerKind
	address tiles.Address
	frame   crs.Frame
}

// cut returns what a tile shows of grids, or of their labels.
func (p *painter) cut(l *safety.Layer, kind layerKind, t tileRequest) (*tiles.Cut, error) {
	return p.cuts.get(cutKey{l, kind, t.address, t.frame}, func() (*tiles.Cut, error) {
		if len(l.Grids) >= manyGrids {
			p.heavy.Lock()
			defer p.heavy.Unlock()
		}
		if kind == labelLayer {
			return p.labelCut(l, t)
		}
		return p.gridCut(l, t)
	})
}

// gridCut returns the grids as areas: all together, so that neighbours neither gap nor overlap.
func (p *painter) gridCut(l *safety.Layer, t tileRequest) (*tiles.Cut, error) {
	simple, err := p.simplified(l, t.address.Z)
	if err != nil {
		return nil, err
	}
	numbers := l.Coverage.Search(t.bound(), nil)
	cells := make([]orb.MultiPolygon, len(numbers))
	for k, i := range numbers {
		cells[k] = simple[i]
		if t.frame == crs.WGS84 {
			continue
		}
		cells[k] = cells[k].Clone()
		if err := move(cells[k], t.frame.FromWGS84); err != nil {
			return nil, fmt.Errorf("grid %s: %w", l.Grids[i].Code, err)
		}
	}
	return tiles.NewCut(numbers, tiles.ProjectCoverage(t.address, cells)), nil
}

// zoomKey names the grids of a level as a zoom shows them.
type zoomKey struct {
	grids *safety.Layer
	zoom  uint32
}

// simplified returns the boundaries of grids with the corners that a zoom needs.
func (p *painter) simplified(l *safety.Layer, zoom uint32) ([]orb.MultiPolygon, error) {
	zoom = min(zoom, tiles.SimplestZoom+1) // beyond, all zooms show the same
	return p.zooms.get(zoomKey{l, zoom}, func() ([]orb.MultiPolygon, error) {
		cells := make([]orb.MultiPolygon, len(l.Grids))
		for i, g := range l.Grids {
			cells[i] = g.Boundary
		}
		return tiles.Simplify(zoom, cells), nil
	})
}

// cellsSize returns how much memory the corners of cells take, bytes.
func cellsSize(cells []orb.MultiPolygon) int {
	n := 24 * len(cells)
	for _, cell := range cells {
		for _, polygon := range cell {
			for _, ring := range polygon {
				n += 48 + 16*len(ring)
			}
		}
	}
	return n
}

// labelCut returns one point inside each grid.
func (p *painter) labelCut(l *safety.Layer, t tileRequest) (*tiles.Cut, error) {
	places, err := p.labels.get(l, func() (labelPlaces, error) { return make(labelPlaces, len(l.Grids)), nil })
	if err != nil {
		return nil, err
	}
	numbers := l.Coverage.Search(t.bound(), nil)
	shapes := make([]tiles.Shape, len(numbers))
	for k, i := range numbers {
		if shapes[k], err = t.shape(places.of(l, i)); err != nil {
			return nil, fmt.Errorf("grid %s: %w", l.Grids[i].Code, err)
		}
	}
	return tiles.NewCut(numbers, shapes), nil
}

// labelPlaces are the places of the labels of a level's grids, degrees, each found when it is first asked for.
type labelPlaces []atomic.Pointer[orb.Point]

func (p labelPlaces) of(l *safety.Layer, i int) orb.Point {
	if at := p[i].Load(); at != nil {
		return *at
	}
	at := geo.Pole(l.Grids[i].Boundary)
	p[i].Store(&at)
	return at
}

// frameReach is further than any frame lies from WGS 84, degrees: gcj02 and bd09 keep within 0.02.
const frameReach = 0.02

// bound is the box in which a tile has to look for features, degrees.
func (t tileRequest) bound() orb.Bound {
	b := t.address.Bound(tiles.Buffer)
	if t.frame != crs.WGS84 {
		return b.Pad(frameReach)
	}
	return b
}

// shape projects g into the tile, shifted to the frame of the base map.
func (t tileRequest) shape(g orb.Geometry) (tiles.Shape, error) {
	if t.frame == crs.WGS84 {
		return tiles.Project(t.address, g), nil
	}
	g = orb.Clone(g)
	if err := move(g, t.frame.FromWGS84); err != nil {
		return tiles.Shape{}, err
	}
	if p, ok := g.(orb.Point); ok { // a point is a value: it cannot be changed in place
		p, err := t.frame.FromWGS84(p)
		return tiles.Project(t.address, p), err
	}
	return tiles.Project(t.address, g), nil
}

// move brings the vertices of g, in place, to where to puts them: into another frame.
func move(g orb.Geometry, to func(orb.Point) (orb.Point, error)) (err error) {
	points := func(ps []orb.Point) {
		for i := range ps {
			if err == nil {
				ps[i], err = to(ps[i])
			}
		}
	}
	switch g := g.(type) {
	case orb.MultiPolygon:
		for _, p := range g {
			for _, r := range p {
				points(r)
			}
		}
	case orb.MultiLineString:
		for _, l := range g {
			points(l)
		}
	}
	return err
}

func (t tileRequest) lines(l layer, all []safety.Line) (tiles.Layer, error) {
	out := tiles.Layer{Name: l.id}
	b := t.bound()
	for i := range all {
		if !all[i].Path.Bound().Intersects(b) {
			continue
		}
		shape, err := t.shape(all[i].Path)
		if err != nil {
			return out, fmt.Errorf("line %s: %w", all[i].ID, err)
		}
		out.Features = append(out.Features, tiles.Feature{Shape: shape, Tags: lineTags(&all[i], t.bare)})
	}
	return out, nil
}
