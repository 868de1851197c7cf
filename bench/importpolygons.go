package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"

	"github.com/paulmach/orb"

	"hazgrid/internal/coverages"
	"hazgrid/internal/store/gpkg"
	"hazgrid/safety"
)

// importPolygons measures a Shapefile of grids that fit together, of about 65 vertices each as drawn grids have.
func (b *bench) importPolygons(ctx context.Context) error {
	file, vertices, err := b.polygonFile(ctx)
	if err != nil {
		return err
	}
	title := fmt.Sprintf("%d polygons of %d vertices from a Shapefile into ", b.polygons, vertices/b.polygons)
	if err := b.compete(ctx, title+"PostGIS", b.polygons, b.few(), b.ours("PostGIS", safety.Grids, file),
		b.ogr2ogr("PostGIS", "grids", file, "-nlt", "PROMOTE_TO_MULTI"), b.shp2pgsql(file)); err != nil {
		return err
	}
	return b.compete(ctx, title+"a GeoPackage", b.polygons, b.few(), b.ours("GeoPackage", safety.Grids, file),
		b.ogr2ogr("GeoPackage", "grids", file, "-nlt", "PROMOTE_TO_MULTI"))
}

// shp2pgsql is PostGIS' own loader, by COPY and with a spatial index.
func (b *bench) shp2pgsql(file string) runner {
	return runner{name: "shp2pgsql -D -I into psql", absent: needs("shp2pgsql"), run: func(ctx context.Context) (toll, error) {
		url, err := b.database(ctx)
		if err != nil {
			return toll{}, err
		}
		t, err := measured(ctx, "sh", "-c", `shp2pgsql -D -I -s 4326 "$1" loaded | psql -qX -v ON_ERROR_STOP=1 "$2"`, "sh", file, url)
		t.peak = 0 // the shell's
		return t, err
	}}
}

// polygonFile writes Voronoi cells as a Shapefile, by way of a store, and returns how many vertices they have.
func (b *bench) polygonFile(ctx context.Context) (path string, vertices int, err error) {
	cells, _ := coverages.Voronoi{N: b.polygons, Seed: 1, Jags: 10}.Cells()
	db := filepath.Join(b.dir, b.newName("cells", ".gpkg"))
	s, err := gpkg.Open(ctx, db, division, true)
	if err != nil {
		return "", 0, err
	}
	_, err = s.Apply(ctx, safety.Batch{Kind: safety.Grids, Records: gridRecords(cells)})
	if err := errors.Join(err, s.Close()); err != nil {
		return "", 0, err
	}
	path = filepath.Join(b.dir, "cells.shp")
	_, err = measured(ctx, b.program, "export", "grids", "--db", db, "-o", path)
	return path, coverages.Vertices(cells), err
}

// gridRecords are the cells as grids of level 1.
func gridRecords(cells []orb.MultiPolygon) iter.Seq2[safety.Record, error] {
	return func(yield func(safety.Record, error) bool) {
		for i, cell := range cells {
			r := safety.Record{Number: int64(i + 1), Values: make([]any, len(safety.Fields(safety.Grids))), Geometry: cell}
			for k, f := range safety.Fields(safety.Grids) {
				switch f.Name {
				case "code":
					r.Values[k] = fmt.Sprintf("c%07d", i)
				case "name":
					r.Values[k] = fmt.Sprintf("cell %d", i)
				case "level":
					r.Values[k] = int64(1)
				}
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}
