package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"

	"github.com/golang/geo/s2"
	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"
	"github.com/tidwall/geojson"
	"github.com/tidwall/geojson/geometry"
	"github.com/tidwall/rtree"

	"hazgrid/geo"
)

// systems builds ours, the peers in this process and the servers, one after the other. stop ends the servers.
func (b *bench) systems(ctx context.Context, f field, cells []orb.MultiPolygon) (all []system, stop func() error, err error) {
	stop = func() error { return nil }
	makers := []func([]orb.MultiPolygon) ([]system, error){ours, withOrb, withGeoJSON}
	if f.s2 {
		makers = append(makers, withS2)
	}
	for _, build := range makers {
		more, err := build(cells)
		if err != nil {
			return nil, stop, err
		}
		all = append(all, more...)
	}
	if f.servers {
		var more []system
		more, stop, err = b.servers(ctx, cells)
		all = append(all, more...)
	}
	return all, stop, err
}

// ours are the ways to ask the index, and the floor: dependent random reads of as much memory as it takes.
func ours(cells []orb.MultiPolygon) ([]system, error) {
	all, _, err := alone(cells)
	if err != nil {
		return nil, err
	}
	bytes := all[0].cost.bytes
	return append(all, system{name: fmt.Sprintf("one dependent random read of %.1f MB", float64(bytes)/1e6), answer: chase(bytes), floor: true}), nil
}

// alone asks the index point by point and in batches.
func alone(cells []orb.MultiPolygon) ([]system, *geo.Coverage, error) {
	c, cost, err := built(func() (*geo.Coverage, error) { return geo.NewCoverage(cells) })
	if err != nil {
		return nil, nil, err
	}
	batch := func(points []orb.Point, faces []int32) error { c.LocateBatch(points, faces); return nil }
	return []system{
		{name: "hazgrid", answer: singly(c), cost: cost},
		{name: "hazgrid, unsorted batch", answer: batch},
		{name: "hazgrid, Morton-ordered batch", answer: batch, ordered: true},
	}, c, nil
}

// singly asks an index point by point.
func singly(c *geo.Coverage) func([]orb.Point, []int32) error {
	return func(points []orb.Point, faces []int32) error {
		for i, p := range points {
			faces[i] = -1
			if face, ok := c.Locate(p); ok {
				faces[i] = int32(face)
			}
		}
		return nil
	}
}

// read keeps the compiler from leaving out what nobody looks at.
var read atomic.Uint32

// chase walks a cycle through an array, each number saying where the next one is (Sattolo's
// shuffle makes one cycle of all).
func chase(bytes int64) func([]orb.Point, []int32) error {
	next := make([]uint32, max(2, bytes/4))
	for i := range next {
		next[i] = uint32(i)
	}
	r := rand.New(rand.NewPCG(5, 6))
	for i := len(next) - 1; i > 0; i-- {
		j := r.IntN(i)
		next[i], next[j] = next[j], next[i]
	}
	at := uint32(0)
	return func(points []orb.Point, _ []int32) error {
		for range points {
			at = next[at]
		}
		read.Store(at)
		return nil
	}
}

// inTree is what every R-tree peer does: the boxes that hold the point, and the first face of them
// that claims it.
func inTree(tree *rtree.RTreeGN[float64, int32], claims func(face int32, p orb.Point) bool) func([]orb.Point, []int32) error {
	return func(points []orb.Point, faces []int32) error {
		for i, p := range points {
			faces[i] = -1
			tree.Search(p, p, func(_, _ [2]float64, face int32) bool {
				if claims(face, p) {
					faces[i] = face
				}
				return faces[i] < 0
			})
		}
		return nil
	}
}

func boxes(cells []orb.MultiPolygon) *rtree.RTreeGN[float64, int32] {
	var tree rtree.RTreeGN[float64, int32]
	for i, cell := range cells {
		box := cell.Bound()
		tree.Insert(box.Min, box.Max, int32(i))
	}
	return &tree
}

// withOrb is what one builds first: an R-tree of boxes over orb's polygons.
func withOrb(cells []orb.MultiPolygon) ([]system, error) {
	tree, cost, err := built(func() (*rtree.RTreeGN[float64, int32], error) { return boxes(cells), nil })
	claims := func(face int32, p orb.Point) bool { return planar.MultiPolygonContains(cells[face], p) }
	return []system{{name: "rtree + orb planar", answer: inTree(tree, claims), cost: cost}}, err
}

// withGeoJSON is Tile38's engine: an R-tree of boxes over tidwall/geojson objects, each with the
// segment index it makes by default.
func withGeoJSON(cells []orb.MultiPolygon) ([]system, error) {
	type index struct {
		tree    *rtree.RTreeGN[float64, int32]
		objects []geojson.Object
	}
	x, cost, err := built(func() (index, error) {
		x := index{tree: boxes(cells), objects: make([]geojson.Object, len(cells))}
		for i, cell := range cells {
			x.objects[i] = geoJSON(cell)
		}
		return x, nil
	})
	claims := func(face int32, p orb.Point) bool {
		return x.objects[face].Spatial().IntersectsPoint(geometry.Point{X: p[0], Y: p[1]})
	}
	answer := inTree(x.tree, claims)
	return []system{
		{name: "rtree + tidwall/geojson", answer: answer, cost: cost},
		{name: "rtree + tidwall/geojson, Morton-ordered", answer: answer, ordered: true},
	}, err
}

func geoJSON(cell orb.MultiPolygon) geojson.Object {
	polygons := make([]*geometry.Poly, len(cell))
	for i, polygon := range cell {
		rings := make([][]geometry.Point, len(polygon))
		for k, ring := range polygon {
			for _, p := range ring {
				rings[k] = append(rings[k], geometry.Point{X: p[0], Y: p[1]})
			}
		}
		polygons[i] = geometry.NewPoly(rings[0], rings[1:], geometry.DefaultIndexOptions)
	}
	if len(polygons) == 1 {
		return geojson.NewPolygon(polygons[0])
	}
	return geojson.NewMultiPolygon(polygons)
}

// An s2Face is a face's loops, their inside on the left.
type s2Face struct {
	*s2.LaxPolygon
	face int32
}

// withS2 is golang/geo's ShapeIndex with half-open vertices. Its sides are geodesics: between distant vertices
// they run elsewhere than straight ones.
func withS2(cells []orb.MultiPolygon) ([]system, error) {
	index, cost, err := built(func() (*s2.ShapeIndex, error) {
		index := s2.NewShapeIndex()
		for i, cell := range cells {
			index.Add(s2Face{s2.LaxPolygonFromPoints(loops(cell)), int32(i)})
		}
		index.Build()
		return index, nil
	})
	query := s2.NewContainsPointQuery(index, s2.VertexModelSemiOpen)
	answer := func(points []orb.Point, faces []int32) error {
		for i, p := range points {
			faces[i] = -1
			if found := query.ContainingShapes(s2Point(p)); len(found) > 0 {
				faces[i] = found[0].(s2Face).face
			}
		}
		return nil
	}
	return []system{{name: "golang/geo S2 ShapeIndex, semi-open", answer: answer, cost: cost}}, err
}

func s2Point(p orb.Point) s2.Point { return s2.PointFromLatLng(s2.LatLngFromDegrees(p[1], p[0])) }

// loops are a face's rings without their closing points: shells anticlockwise, holes clockwise.
func loops(cell orb.MultiPolygon) (all [][]s2.Point) {
	for _, polygon := range cell {
		for i, ring := range polygon {
			var loop []s2.Point
			for _, p := range ring[:len(ring)-1] {
				loop = append(loop, s2Point(p))
			}
			if (ring.Orientation() == orb.CCW) != (i == 0) {
				slices.Reverse(loop)
			}
			all = append(all, loop)
		}
	}
	return all
}
