package main

import (
	"context"
	"errors"
	"runtime"
	"time"

	"github.com/paulmach/orb"

	"hazgrid/internal/coverages"
	"hazgrid/internal/store/gpkg"
	"hazgrid/safety"
)

// which measures the grid of a point: as the service asks for it, and the index beside others'.
func (b *bench) which(ctx context.Context) error {
	for _, measure := range []func(context.Context) error{b.whichService, b.whichFields, b.whichLevels, b.whichEdits, b.whichCities} {
		if err := measure(ctx); err != nil {
			return err
		}
	}
	return nil
}

// whichService measures one level and all three of the district, from a snapshot.
func (b *bench) whichService(ctx context.Context) error {
	s, err := b.snapshot(ctx)
	if err != nil {
		return err
	}
	layer, err := s.Layer("", s.Depth(""), 0)
	if err != nil {
		return err
	}
	points := coverages.Scatter(layer.Coverage.Bound(), 200_000, 3)
	var one, three []float64
	for range b.rounds {
		one = append(one, each(points, func(p orb.Point) { layer.Coverage.Locate(p) }))
		three = append(three, each(points, func(p orb.Point) { _, err = s.Which(p, safety.WhichOptions{}) }))
	}
	if err != nil {
		return err
	}
	row := func(name string, ns []float64) []string {
		m := median(ns)
		return []string{name, nanoseconds(m), times(m / median(one))}
	}
	b.table("Which grid of the district, random points in its box, one core",
		[]string{"question", "per point", "ratio to one level"},
		row("the deepest level's index alone", one), row("a snapshot's three levels, with names and all", three))
	return nil
}

// snapshot makes the district and returns its snapshot.
func (b *bench) snapshot(ctx context.Context) (*safety.Snapshot, error) {
	path, err := b.geoPackage(ctx, "which.gpkg", safety.Grids)
	if err != nil {
		return nil, err
	}
	s, err := gpkg.Open(ctx, path, division, false)
	if err != nil {
		return nil, err
	}
	r, err := s.Load(ctx, 0)
	if err := errors.Join(err, s.Close()); err != nil {
		return nil, err
	}
	return safety.NewSnapshot(r, safety.TimeOf(time.Now()))
}

// each runs f on every point and returns the nanoseconds for one, of the thread's own time.
func each(points []orb.Point, f func(orb.Point)) float64 {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	n := 0
	start := busy()
	for ; n == 0 || busy()-start < enough; n += len(points) {
		for _, p := range points {
			f(p)
		}
	}
	return float64(busy()-start) / float64(n)
}
