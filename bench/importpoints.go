package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/paulmach/orb"

	"hazgrid/safety"
)

// importPoints measures a CSV of enterprises, each with a position of its own, with the district's grids in the store.
func (b *bench) importPoints(ctx context.Context) error {
	file, err := b.pointFile("points.csv", b.points, csvPoint)
	if err != nil {
		return err
	}
	title := fmt.Sprintf("%d enterprises from CSV into ", b.points)
	if err := b.compete(ctx, title+"PostGIS", b.points, b.few(), b.ours("PostGIS", safety.Enterprises, file, safety.Grids),
		b.bareCopy(safety.Enterprises, file, safety.Grids), b.ogr2ogr("PostGIS", "points", file, lonLat()...)); err != nil {
		return err
	}
	return b.compete(ctx, title+"a GeoPackage", b.points, b.few(), b.ours("GeoPackage", safety.Enterprises, file, safety.Grids),
		b.ogr2ogr("GeoPackage", "points", file, lonLat()...))
}

// importHazards measures a CSV of hazards, half of which are where their enterprise is.
func (b *bench) importHazards(ctx context.Context) error {
	file, err := b.hazardFile()
	if err != nil {
		return err
	}
	has := []safety.Kind{safety.Grids, safety.Enterprises}
	title := fmt.Sprintf("%d hazards from CSV into ", b.hazards)
	if err := b.compete(ctx, title+"PostGIS", b.hazards, b.few(), b.ours("PostGIS", safety.Hazards, file, has...),
		b.bareCopy(safety.Hazards, file, has...), b.ogr2ogr("PostGIS", "hazards", file, lonLat()...)); err != nil {
		return err
	}
	return b.compete(ctx, title+"a GeoPackage", b.hazards, b.few(), b.ours("GeoPackage", safety.Hazards, file, has...),
		b.ogr2ogr("GeoPackage", "hazards", file, lonLat()...))
}

// few is how often an import is measured.
func (b *bench) few() int { return min(b.rounds, 3) }

// A pointForm is a file format for points: its beginning and end, and how it writes point i.
type pointForm struct {
	begin, between, end string
	write               func(w *bufio.Writer, i int, at orb.Point)
}

var csvPoint = pointForm{begin: "id,name,kind,address,lon,lat\n", write: func(w *bufio.Writer, i int, at orb.Point) {
	fmt.Fprintf(w, "p%07d,Shop number %d,enterprise,%d Harbour Road,%.6f,%.6f\n", i, i, i%900, at[0], at[1])
}}

// pointFile writes n points near the premises of the district, each with the id of its number.
func (b *bench) pointFile(name string, n int, form pointForm) (path string, err error) {
	_, near, err := premises()
	if err != nil {
		return "", err
	}
	path = filepath.Join(b.dir, name)
	f, err := os.Create(path)
	if err != nil {
		return "", err
	}
	w := bufio.NewWriter(f)
	rng := rand.New(rand.NewPCG(5, 6))
	_, _ = w.WriteString(form.begin) // Flush tells
	for i := range n {
		if i > 0 {
			_, _ = w.WriteString(form.between)
		}
		p := near[rng.IntN(len(near))]
		form.write(w, i, orb.Point{p[0] + (rng.Float64()-0.5)*1e-3, p[1] + (rng.Float64()-0.5)*1e-3})
	}
	_, _ = w.WriteString(form.end)
	return path, errors.Join(w.Flush(), f.Close())
}
