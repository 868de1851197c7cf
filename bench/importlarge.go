package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/paulmach/orb"

	"hazgrid/safety"
)

// jsonPointBytes is about how long a feature of jsonPoint is.
const jsonPointBytes = 190

var jsonPoint = pointForm{begin: `{"type":"FeatureCollection","features":[` + "\n", between: ",\n", end: "\n]}\n", write: func(w *bufio.Writer, i int, at orb.Point) {
	fmt.Fprintf(w, `{"type":"Feature","properties":{"id":"p%08d","name":"Shop number %d","kind":"enterprise","address":"%d Harbour Road"},"geometry":{"type":"Point","coordinates":[%.7f,%.7f]}}`,
		i, i, i%900, at[0], at[1])
}}

// importLarge measures one large GeoJSON of enterprises: memory must not grow with it.
func (b *bench) importLarge(ctx context.Context) error {
	n := b.megabytes * 1_000_000 / jsonPointBytes
	file, err := b.pointFile("large.geojson", n, jsonPoint)
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file) }() // the folder goes in the end
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	for _, store := range []string{"PostGIS", "GeoPackage"} {
		title := fmt.Sprintf("%d enterprises from a GeoJSON of %d MB into %s", n, info.Size()/1_000_000, store)
		if err := b.compete(ctx, title, n, 1, b.ours(store, safety.Enterprises, file, safety.Grids), b.ogr2ogr(store, "points", file)); err != nil {
			return err
		}
	}
	return nil
}

// importSheet measures a workbook, which an export wrote.
func (b *bench) importSheet(ctx context.Context) error {
	points, err := b.pointFile("sheet.csv", b.sheetRows, csvPoint)
	if err != nil {
		return err
	}
	db, err := b.geoPackage(ctx, b.newName("sheet", ".gpkg"), safety.Grids)
	if err != nil {
		return err
	}
	if _, err := measured(ctx, b.program, "import", "enterprises", "--db", db, points); err != nil {
		return err
	}
	file := filepath.Join(b.dir, "sheet.xlsx")
	if _, err := measured(ctx, b.program, "export", "enterprises", "--db", db, "-o", file); err != nil {
		return err
	}
	for _, store := range []string{"PostGIS", "GeoPackage"} {
		title := fmt.Sprintf("%d enterprises from XLSX into %s", b.sheetRows, store)
		if err := b.compete(ctx, title, b.sheetRows, b.few(), b.ours(store, safety.Enterprises, file, safety.Grids),
			b.ogr2ogr(store, "points", file)); err != nil {
			return err
		}
	}
	return nil
}
