package server

import (
	"fmt"

	"hazgrid/safety"
	"hazgrid/tiles"
)

// pointBytes is the most that a layer of points takes in a tile, before compression: the two of them and the grids together stay
// below the 500 kB that makers of maps hold for the limit of a tile.
const pointBytes = 200_000

// points appends enterprises or hazards to a tile: each by itself, or, where a tile of the zoom would have too many, gathered in cells. A cell is
// a tile of a deeper zoom on the map asked for, whatever its frame, so no cell lies in two tiles and nothing is counted twice. Only where
// texts are so long that the tile is too large all the same are its own cells larger.
func (t tileRequest) points(tile []byte, l layer, all *safety.Symbols) ([]byte, error) {
	all, err := all.In(t.frame)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", l.id, err)
	}
	depth := depthOf(all, int(t.address.Z))
	for {
		drawn := tiles.Encode([]tiles.Layer{t.cells(l, all, depth)})
		if depth == 0 || len(drawn) <= pointBytes {
			return append(tile, drawn...), nil
		}
		depth = tiles.Shallower(depth)
	}
}

// cells draws symbols gathered at a depth of cells.
func (t tileRequest) cells(l layer, all *safety.Symbols, depth int) tiles.Layer {
	tags := hazardTags
	if l.kind == enterpriseLayer {
		tags = enterpriseTags
	}
	out := tiles.Layer{Name: l.id}
	all = all.Gathered(int(t.address.Z) + depth)
	for from, to := range t.address.Cells(all.Curve(), depth) {
		y := all.Fold(from, to)
		f := tiles.Feature{Shape: tiles.Project(t.address, y.At)}
		if f.Shape.Empty() {
			continue
		}
		if !t.bare {
			f.Tags = tags(&y)
		}
		out.Features = append(out.Features, f)
	}
	return out
}

type depthKey struct{ zoom int }

// depthOf returns the depth of cells of all tiles of a zoom.
func depthOf(all *safety.Symbols, zoom int) int {
	return safety.Derive(all, depthKey{zoom}, func() int { return tiles.Depth(all.Curve(), zoom) })
}

// eachShown visits what a whole map shows of symbols at a zoom.
func eachShown(all *safety.Symbols, zoom int, visit func(*safety.Symbol)) {
	depth := depthOf(all, zoom)
	all = all.Gathered(zoom + depth)
	curve := all.Curve()
	for from, to := 0, 1; from < len(curve); from, to = to, to+1 {
		for to < len(curve) && depth != tiles.Apart && curve.Same(to) >= zoom+depth {
			to++
		}
		y := all.Fold(from, to)
		visit(&y)
	}
}
