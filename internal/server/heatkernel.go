package server

import (
	"fmt"
	"math"
	"strconv"

	"github.com/paulmach/orb"

	"hazgrid/analytics"
	"hazgrid/geo"
	"hazgrid/geo/crs"
	"hazgrid/safety"
	"hazgrid/tiles"
)

// The kernel density is computed at the middles of the pixels of one zoom, the lattice, and read between them on the map, so
// that a place has one value at all zooms. The study area is what the grids of the level cover. Hazards elsewhere do not count.

// defaultBandwidth is the kernel's when none is asked for, metres: about the width of a few grids. It does not depend on the
// hazards, so that days can be compared. Where the ground is too large it is the least of 2, 5, 10… km that will do, where it is too
// small the length of the ground.
const defaultBandwidth = 1000

// finePixels is how many pixels of the lattice the bandwidth has at least, and coarsePixels how many it may have where a large
// ground leaves no more. Reading between them is then off by at most 1/144, or 1/36, of what the hazards around would make if all
// were at one place.
const (
	finePixels   = 12
	coarsePixels = 6
)

// mostGroundTiles bounds the lattice: 128 tiles are 8.4 million pixels, of four bytes in a field and five in its ground.
const mostGroundTiles = 128

func parseBandwidth(text string) (float64, error) {
	if text == "" {
		return 0, nil
	}
	h, err := strconv.ParseFloat(text, 64)
	if err != nil || !(h > 0 && h <= 1e6) {
		return 0, &safety.FieldError{Field: "bandwidth", Reason: fmt.Sprintf("want metres, more than 0 and at most 1000000, got %q", text)}
	}
	return h, nil
}

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

// A field is the density of hazards per km² at the pixels of a ground.
type field struct {
	*ground
	values []float32
	events []analytics.Event // that it was made from, with the numbers of hazards as weights
}

func (f *field) size() int { return 4*len(f.values) + 24*len(f.events) + 64 }

type fieldKey struct {
	ground  groundKey
	query   safety.Query
	version int64
}

// bandwidthOf returns the bandwidth that a heatmap asks for on some grids, metres.
func (m heatmap) bandwidthOf(grids *safety.Layer) float64 {
	if m.bandwidth > 0 || len(grids.Grids) == 0 {
		return m.bandwidth
	}
	return bandwidthFor(grids.Coverage.Bound())
}

func (h *heat) field(snapshot *safety.Snapshot, m heatmap, frame crs.Frame) (*field, error) {
	grids, err := snapshot.Layer(m.query.Scheme, m.level, m.query.At)
	if err != nil {
		return nil, err
	}
	k := fieldKey{groundKey{grids, frame, m.bandwidthOf(grids)}, m.query, snapshot.Version()}
	if !k.query.At.IsSet() {
		k.query.At = snapshot.At()
	}
	return h.fields.get(k, func() (*field, error) {
		g, err := h.ground(k.ground)
		if err != nil {
			return nil, err
		}
		events, err := g.events(snapshot.HazardSymbols(k.query), k.ground)
		if err != nil {
			return nil, err
		}
		values := analytics.Corrected(g.lattice.Density(events, k.ground.bandwidth), g.shares)
		for i := range values {
			values[i] *= 1e6 // m² in a km²
		}
		return &field{g, values, events}, nil
	})
}

// events places the hazards that lie in a grid on the lattice.
func (g *ground) events(all *safety.Symbols, k groundKey) ([]analytics.Event, error) {
	var out []analytics.Event
	for y := range all.Search(k.grids.Coverage.Bound()) {
		if _, in := k.grids.Coverage.Locate(y.At); !in {
			continue
		}
		at, err := k.frame.FromWGS84(y.At)
		if err != nil {
			return nil, fmt.Errorf("hazard %s: %w", y.ID, err)
		}
		w := tiles.World(at)
		out = append(out, analytics.Event{Column: g.column(w[0]), Row: g.row(w[1]), Weight: float64(y.Count)})
	}
	return out, nil
}

// column and row turn places on the map of the world into those of the lattice.
func (g *ground) column(x float64) float64 { return x*g.pixels() - 0.5 - float64(256*g.x) }
func (g *ground) row(y float64) float64    { return y*g.pixels() - 0.5 - float64(256*g.y) }

// pixels is how many pixels the map of the world has along each side at the zoom of the lattice.
func (g *ground) pixels() float64 { return 256 * math.Exp2(float64(g.zoom)) }

// read fills values with the densities at the samples of row y of a tile, from a column on.
func (f *field) read(a tiles.Address, y, from int, values []float64) {
	samples := tiles.Samples * math.Exp2(float64(a.Z)) // of the world
	place := func(tile uint32, sample int) float64 {
		return (float64(tile)*tiles.Samples + float64(sample) + 0.5) / samples
	}
	f.lattice.Along(f.values, f.row(place(a.Y, y)), f.column(place(a.X, from)), f.pixels()/samples, values)
}

// shadeKernel classes the kernel density of the ground, whatever the base map is.
func (h *heat) shadeKernel(snapshot *safety.Snapshot, m heatmap) (*shading, error) {
	grids, err := snapshot.Layer(m.query.Scheme, m.level, m.query.At)
	if err != nil {
		return nil, err
	}
	what, err := measureOf(kernelMeasure)
	if err != nil {
		return nil, err
	}
	if len(grids.Grids) == 0 {
		return newShading(what, m.level, m.classing.of(nil), m.classing.ramp), nil
	}
	f, err := h.field(snapshot, m, crs.WGS84)
	if err != nil {
		return nil, err
	}
	s := newShading(what, m.level, m.classing.of(f.classed()), m.classing.ramp)
	s.legend.BandwidthM = m.bandwidthOf(grids)
	for i := range f.events {
		s.legend.Classes[analytics.Step(s.limits, f.at(&f.events[i]))].Count += int(f.events[i].Weight)
	}
	for i, v := range f.values {
		if f.covered[i] > 0 {
			s.legend.Classes[analytics.Step(s.limits, float64(v))].AreaKm2 += f.areaKm2(i)
		}
	}
	return s, nil
}

// areaKm2 is how much of a pixel lies in a grid.
func (g *ground) areaKm2(pixel int) float64 {
	return g.lattice.Area(pixel/g.lattice.Columns) * float64(g.covered[pixel]) / tiles.PixelSamples / 1e6
}

// at is the density at a hazard.
func (f *field) at(e *analytics.Event) float64 {
	var v [1]float64
	f.lattice.Along(f.values, e.Row, e.Column, 0, v[:])
	return v[0]
}

// mostClassed is how many densities are classed at most. More would find the same breaks, only later.
const mostClassed = 100_000

// classed returns what the classes are made from: the densities at the hazards, so that quantiles part the ground into
// classes with as many hazards each (by area, a town would be one class), and the least and the greatest of the ground.
func (f *field) classed() []float64 {
	low, high := math.Inf(1), 0.0
	for i, v := range f.values {
		if f.covered[i] > 0 {
			low, high = min(low, float64(v)), max(high, float64(v))
		}
	}
	var total float64
	for i := range f.events {
		total += f.events[i].Weight
	}
	values, every := []float64{min(low, high), high}, max(1, total/mostClassed)
	next := 0.0 // hazards until the next that is taken
	for i := range f.events {
		v := min(max(f.at(&f.events[i]), low), high)
		for next -= f.events[i].Weight; next < 0; next += every {
			values = append(values, v)
		}
	}
	return values
}
