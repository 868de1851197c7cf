package server

import (
	"fmt"
	"math"

	"github.com/paulmach/orb"

	"hazgrid/analytics"
	"hazgrid/geo"
	"hazgrid/geo/crs"
	"hazgrid/safety"
	"hazgrid/tiles"
)

// finePixels is how many pixels of the lattice the bandwidth has at least, and coarsePixels how many it may have where a large
// ground leaves no more. Reading between them is then off by at most 1/144, or 1/36, of what the hazards around would make if all
// were at one place.
const (
	finePixels   = 12
	coarsePixels = 6
)

// mostGroundTiles bounds the lattice: 128 tiles are 8.4 million pixels, of four bytes in a field and five in its ground.
const mostGroundTiles = 128

// A ground is the study area on the lattice: what changes with the boundaries only.
type ground struct {
	zoom    uint32
	x, y    uint32 // tile in the north-west
	lattice analytics.Lattice
	covered []uint8 // samples of each pixel that lie in a grid
	shares  []float32
}

func (g *ground) size() int { return 5*len(g.covered) + 16*len(g.lattice.North) + 256 }

type groundKey struct {
	grids     *safety.Layer
	frame     crs.Frame
	bandwidth float64
}

func (h *heat) ground(k groundKey) (*ground, error) {
	return h.grounds.get(k, func() (*ground, error) {
		area, err := areaOf(k)
		if err != nil {
			return nil, err
		}
		g := &ground{zoom: area.zoom, x: area.x, y: area.y, lattice: area.lattice()}
		if g.covered, err = h.cover(k, area); err != nil {
			return nil, err
		}
		g.shares = g.lattice.Shares(g.covered, tiles.PixelSamples, k.bandwidth)
		return g, nil
	})
}

// An area is a block of tiles.
type area struct{ zoom, x, y, columns, rows uint32 }

// areaAt returns the tiles of a zoom that hold a box (degrees) with a pixel around it.
func areaAt(zoom uint32, box orb.Bound) area {
	n := math.Exp2(float64(zoom))
	place := func(world, pixels float64) uint32 { return uint32(min(max(math.Floor(world*n+pixels/256), 0), n-1)) }
	low, high := tiles.World(orb.Point{box.Min[0], box.Max[1]}), tiles.World(orb.Point{box.Max[0], box.Min[1]})
	x, y := place(low[0], -1), place(low[1], -1)
	return area{zoom, x, y, place(high[0], 1) - x + 1, place(high[1], 1) - y + 1}
}

// fits reports whether the lattice may be as large.
func (a area) fits() bool { return uint64(a.columns)*uint64(a.rows) <= mostGroundTiles }

// areaOf returns the tiles whose pixels are the lattice.
func areaOf(k groundKey) (area, error) {
	box := k.grids.Coverage.Bound()
	if least, most := bandwidths(box); k.bandwidth < least || k.bandwidth > most {
		return area{}, &safety.FieldError{Field: "bandwidth", Reason: fmt.Sprintf("want %.0f to %.0f m on ground of this size", least, most)}
	}
	zoom := zoomFor(k.bandwidth, box)
	if k.frame != crs.WGS84 {
		box = shifted(box, k.frame)
	}
	return areaAt(zoom, box), nil
}

// zoomFor returns the least zoom whose pixels are fine enough for a bandwidth everywhere in a box, or the deepest for which the
// lattice is not too large.
func zoomFor(bandwidth float64, box orb.Bound) (zoom uint32) {
	for zoom < tiles.MaxZoom && finePixels*widestPixel(zoom, box) > bandwidth && areaAt(zoom+1, box).fits() {
		zoom++
	}
	return zoom
}

// widestPixel is the side of a pixel where it is largest in a box, metres.
func widestPixel(zoom uint32, box orb.Bound) float64 {
	return tiles.PixelSpan(zoom, min(max(0, box.Min[1]), box.Max[1]))
}

// bandwidths returns the least and the greatest bandwidth for a box, whole metres. A kernel wider than the ground would show
// nothing but the number of hazards.
func bandwidths(box orb.Bound) (least, most float64) {
	least = math.Ceil(coarsePixels * widestPixel(zoomFor(0, box), box))
	middle := box.Center()
	width := 2 * geo.Distance(orb.Point{box.Min[0], middle[1]}, middle) // half of the earth is as far as it gets
	height := geo.Distance(orb.Point{0, box.Min[1]}, orb.Point{0, box.Max[1]})
	return least, max(least, math.Floor(max(width, height)))
}

// bandwidthFor returns the default for a box, metres.
func bandwidthFor(box orb.Bound) float64 {
	least, most := bandwidths(box)
	for scale := float64(defaultBandwidth); ; scale *= 10 {
		for _, h := range []float64{scale, 2 * scale, 5 * scale} {
			if h >= least {
				return min(h, most)
			}
		}
	}
}

// lattice returns the middles of the pixels of an area.
func (a area) lattice() analytics.Lattice {
	pixels := 256 * math.Exp2(float64(a.zoom))
	l := analytics.Lattice{Columns: 256 * int(a.columns)}
	for j := range 256 * a.rows {
		at := tiles.FromWorld(orb.Point{0.5, (float64(256*a.y+j) + 0.5) / pixels})
		l.North = append(l.North, math.Copysign(geo.Distance(orb.Point{0, 0}, orb.Point{0, at[1]}), at[1]))
		l.Step = append(l.Step, geo.Distance(orb.Point{0, at[1]}, orb.Point{360 / pixels, at[1]}))
	}
	return l
}

// cover returns how many samples of each pixel of an area lie in a grid.
func (h *heat) cover(k groundKey, a area) ([]uint8, error) {
	width := 256 * int(a.columns)
	out := make([]uint8, width*256*int(a.rows))
	for row := range a.rows {
		for column := range a.columns {
			m, err := h.mosaic(mosaicKey{k.grids, tiles.Address{Z: a.zoom, X: a.x + column, Y: a.y + row}, k.frame})
			if err != nil {
				return nil, err
			}
			covered := m.Covered()
			for y := range 256 {
				copy(out[(256*int(row)+y)*width+256*int(column):], covered[256*y:256*(y+1)])
			}
		}
	}
	return out, nil
}

// column and row turn places on the map of the world into those of the lattice.
func (g *ground) column(x float64) float64 { return x*g.pixels() - 0.5 - float64(256*g.x) }
func (g *ground) row(y float64) float64    { return y*g.pixels() - 0.5 - float64(256*g.y) }

// pixels is how many pixels the map of the world has along each side at the zoom of the lattice.
func (g *ground) pixels() float64 { return 256 * math.Exp2(float64(g.zoom)) }

// areaKm2 is how much of a pixel lies in a grid.
func (g *ground) areaKm2(pixel int) float64 {
	return g.lattice.Area(pixel/g.lattice.Columns) * float64(g.covered[pixel]) / tiles.PixelSamples / 1e6
}
