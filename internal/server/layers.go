package server

import (
	"fmt"
	"strconv"
	"strings"

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
	seen := map[string]bool{}
	for id := range strings.SplitSeq(list, ",") {
		l, err := parseLayer(id, depth)
		if err != nil {
			return nil, err
		}
		if !seen[id] {
			layers = append(layers, l)
		}
		seen[id] = true
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

// draw makes the layer's part of a tile.
func (s *Server) draw(snapshot *safety.Snapshot, l layer, t tileRequest) (tiles.Layer, error) {
	switch l.kind {
	case enterpriseLayer:
		return t.points(l, snapshot.EnterpriseSymbols(t.query))
	case hazardLayer:
		return t.points(l, snapshot.HazardSymbols(t.query))
	case lineLayer:
		return t.lines(l, snapshot.Lines())
	}
	return s.drawGrids(snapshot, l, t)
}

func (s *Server) drawGrids(snapshot *safety.Snapshot, l layer, t tileRequest) (tiles.Layer, error) {
	table, err := snapshot.Tallies(l.level, t.query)
	if err != nil {
		return tiles.Layer{}, err
	}
	grids, err := snapshot.Layer(t.query.Scheme, l.level, table.Query.At)
	if err != nil {
		return tiles.Layer{}, err
	}
	shapes, err := s.shapes.get(shapeKey{grids, l.kind, t.address, t.frame}, func() ([]tiles.Shape, error) {
		return t.gridShapes(grids, l.kind)
	})
	if err != nil {
		return tiles.Layer{}, err
	}
	out := tiles.Layer{Name: l.id}
	for i, shape := range shapes {
		if shape.Empty() {
			continue
		}
		out.Features = append(out.Features, tiles.Feature{
			ID: uint64(grids.Grids[i].ID), HasID: true, Shape: shape, Tags: gridTags(&table.Rows[i], t.bare),
		})
	}
	return out, nil
}

// shapeKey names the shapes of the grids of a level in a tile. A snapshot shares its Layer with the next
// one while the boundaries stay the same, so shapes are made once per geometry.
type shapeKey struct {
	grids   *safety.Layer
	kind    layerKind
	address tiles.Address
	frame   crs.Frame
}

func shapesSize(shapes []tiles.Shape) int {
	n := 64
	for _, s := range shapes {
		n += 32 + s.Len()
	}
	return n
}

// gridShapes returns the shape of each grid, by its number; those beyond the tile are empty.
func (t tileRequest) gridShapes(l *safety.Layer, kind layerKind) ([]tiles.Shape, error) {
	shapes := make([]tiles.Shape, len(l.Grids))
	if kind == gridLayer {
		return shapes, t.boundaryShapes(l, shapes)
	}
	for _, i := range l.Coverage.Search(t.bound(), nil) {
		var err error
		if shapes[i], err = t.shape(geo.InteriorPoint(l.Grids[i].Boundary)); err != nil {
			return nil, fmt.Errorf("grid %s: %w", l.Grids[i].Code, err)
		}
	}
	return shapes, nil
}

// boundaryShapes fills in the shapes of the grids as areas: all together, so that neighbours neither gap nor overlap.
func (t tileRequest) boundaryShapes(l *safety.Layer, shapes []tiles.Shape) error {
	numbers := l.Coverage.Search(t.bound(), nil)
	cells := make([]orb.MultiPolygon, len(numbers))
	for k, i := range numbers {
		cells[k] = l.Grids[i].Boundary
		if t.frame == crs.WGS84 {
			continue
		}
		cells[k] = cells[k].Clone()
		if err := move(cells[k], t.frame.FromWGS84); err != nil {
			return fmt.Errorf("grid %s: %w", l.Grids[i].Code, err)
		}
	}
	for k, shape := range tiles.ProjectCoverage(t.address, cells) {
		shapes[numbers[k]] = shape
	}
	return nil
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
