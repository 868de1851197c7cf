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

// draw draws a layer into a tile.
func (p *painter) draw(tile *tiles.Drawing, st *state, l layer, t tileRequest) error {
	var drawn []byte
	var err error
	switch l.kind {
	case enterpriseLayer:
		drawn, err = t.points(nil, l, st.snapshot.EnterpriseSymbols(t.query))
	case hazardLayer:
		drawn, err = t.points(nil, l, st.snapshot.HazardSymbols(t.query))
	case lineLayer:
		var lines tiles.Layer
		lines, err = t.lines(l, st.snapshot.Lines())
		drawn = tiles.Encode([]tiles.Layer{lines})
	default:
		return p.drawGrids(tile, st, l, t)
	}
	if err != nil {
		return err
	}
	tile.Add(drawn)
	return nil
}

// fewGrids is the share of a level's grids up to which the figures of a tile at another time than now, or of filtered
// records, are counted for that tile alone: there are as many such tables as there are questions.
const fewGrids = 1.0 / 3

// drawGrids joins the geometry of the grids in a tile with their values.
func (p *painter) drawGrids(tile *tiles.Drawing, st *state, l layer, t tileRequest) error {
	grids, err := st.snapshot.Layer(t.query.Scheme, l.level, t.query.At)
	if err != nil {
		return err
	}
	key := cutKey{grids, l.kind, t.address, t.frame}
	cut, err := p.cut(key)
	if err != nil {
		return err
	}
	if few := fewGrids * float64(len(grids.Grids)); !t.bare && !asOfNow(t.query) && float64(len(cut.Features())) < few {
		columns, err := p.fewColumns(st, l.level, t.query, cut)
		if err != nil {
			return err
		}
		tile.Add(columns.Append(nil, l.id, cut.Renumbered()))
		return nil
	}
	f, err := p.figures(st, l.level, t.query)
	if err != nil {
		return err
	}
	columns, fixed := f.values, f.fixed
	if t.bare {
		columns, fixed = f.names, f.names.Len()
	}
	if asOfNow(t.query) && len(cut.Features()) <= platedGrids {
		plate, err := p.plate(plateKey{key, t.bare}, plateOf{l.id, cut, columns, fixed, st.seq})
		if err != nil {
			return err
		}
		tile.AddPlate(plate, columns)
		return nil
	}
	if len(cut.Features()) >= manyGrids {
		p.heavy.Lock()
		defer p.heavy.Unlock()
	}
	tile.Add(columns.Append(nil, l.id, cut))
	return nil
}

// platedGrids is up to how many grids a tile has a plate. Larger ones take long to pack, and a tenth more bytes.
const platedGrids = 10_000

// plateKey names a plate: that of a cut, with all columns or those that records cannot change.
type plateKey struct {
	cut  cutKey
	bare bool
}

// A plateSlot holds a plate. When another live value begins or ceases to exist it is made anew.
type plateSlot struct{ newest atomic.Pointer[fitted] }

// fitted is a plate that fits the values of a state, by its number.
type fitted struct {
	*tiles.Plate
	seq int64
}

// plateOf is what a plate is made of: the id of a layer, a cut, columns and how many of them are fixed.
type plateOf struct {
	id      string
	cut     *tiles.Cut
	columns *tiles.Columns
	fixed   int
	seq     int64 // of the state that the columns are of
}

func (o plateOf) make() (*tiles.Plate, error) { return tiles.NewPlate(o.id, o.cut, o.columns, o.fixed) }

// plate returns a plate that fits the columns.
func (p *painter) plate(key plateKey, of plateOf) (*tiles.Plate, error) {
	slot, ok := p.plates.have(key)
	if !ok {
		var err error
		if slot, err = p.newPlateSlot(key, of); err != nil {
			return nil, err
		}
	}
	newest := slot.newest.Load()
	if newest.seq == of.seq {
		return newest.Plate, nil
	}
	plate := newest.Plate
	if !plate.Fits(of.columns) {
		var err error
		if plate, err = of.make(); err != nil {
			return nil, err
		}
	}
	slot.newest.Store(&fitted{plate, of.seq})
	return plate, nil
}

func (p *painter) newPlateSlot(key plateKey, of plateOf) (*plateSlot, error) {
	return p.plates.get(key, func() (*plateSlot, error) {
		plate, err := of.make()
		slot := new(plateSlot)
		slot.newest.Store(&fitted{plate, of.seq})
		return slot, err
	})
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
func (p *painter) cut(key cutKey) (*tiles.Cut, error) {
	if cut, ok := p.cuts.have(key); ok {
		return cut, nil
	}
	return p.cuts.get(key, func() (*tiles.Cut, error) {
		if len(key.grids.Grids) >= manyGrids {
			p.heavy.Lock()
			defer p.heavy.Unlock()
		}
		t := tileRequest{address: key.address, frame: key.frame}
		if key.kind == labelLayer {
			return p.labelCut(key.grids, t)
		}
		return p.gridCut(key.grids, t)
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
