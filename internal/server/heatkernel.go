package server

import (
	"fmt"
	"math"
	"strconv"

	"hazgrid/analytics"
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
	for i := range all.Len() {
		y := all.Fold(i, i+1)
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
