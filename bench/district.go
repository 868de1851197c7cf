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

	"hazgrid/internal/district"
	"hazgrid/internal/store"
	"hazgrid/internal/store/gpkg"
	"hazgrid/internal/store/postgis"
	"hazgrid/safety"
)

// division is the one the benchmarks use.
const division = "0"

// fill writes the first kinds of records of the invented district into a store.
func fill(ctx context.Context, s store.Store, kinds ...safety.Kind) error {
	d := district.Generate(district.Seed)
	for _, k := range kinds {
		if _, err := s.Apply(ctx, safety.Batch{Kind: k, Records: d.Records(k)}); err != nil {
			return err
		}
	}
	return nil
}

// geoPackage and postGIS make a store with the district's grids and enterprises, and close it.
func (b *bench) geoPackage(ctx context.Context, name string, kinds ...safety.Kind) (string, error) {
	path := filepath.Join(b.dir, name)
	s, err := gpkg.Open(ctx, path, division, true)
	if err != nil {
		return "", err
	}
	return path, errors.Join(fill(ctx, s, kinds...), s.Close())
}

func (b *bench) postGIS(ctx context.Context, kinds ...safety.Kind) (string, error) {
	url, err := b.database(ctx)
	if err != nil {
		return "", err
	}
	s, err := postgis.Open(ctx, url, division, true)
	if err != nil {
		return "", err
	}
	return url, errors.Join(fill(ctx, s, kinds...), s.Close())
}

// premises are the ids and coordinates of the district's enterprises.
func premises() (ids []string, at []orb.Point, err error) {
	for r, err := range district.Generate(district.Seed).Records(safety.Enterprises) {
		if err != nil {
			return nil, nil, err
		}
		ids = append(ids, r.Values[0].(string))
		at = append(at, r.Geometry.(orb.Point))
	}
	return ids, at, nil
}

// hazardFile writes b.hazards hazards of the district's enterprises as CSV: half of them with coordinates of their own.
func (b *bench) hazardFile() (path string, err error) {
	ids, at, err := premises()
	if err != nil {
		return "", err
	}
	path = filepath.Join(b.dir, "hazards.csv")
	f, err := os.Create(path)
	if err != nil {
		return "", err
	}
	w := bufio.NewWriter(f)
	rng := rand.New(rand.NewPCG(1, 2))
	fmt.Fprintln(w, "id,enterprise,lon,lat,severity,source,aspect,found_at,due_at,rectified_at,description")
	for i := range b.hazards {
		n, point, fixed, severity := rng.IntN(len(ids)), "", "", "general"
		if i%10 == 0 {
			severity = "major"
		}
		if i%2 == 0 {
			point = fmt.Sprintf("%.6f,%.6f", at[n][0]+rng.Float64()*1e-4, at[n][1]+rng.Float64()*1e-4)
		} else {
			point = ","
		}
		if rng.IntN(3) > 0 {
			fixed = fmt.Sprintf("2014-%02d-%02d", 6+rng.IntN(6), 1+rng.IntN(28))
		}
		fmt.Fprintf(w, "h%07d,%s,%s,%s,patrol,wires,2014-%02d-%02d,2014-%02d-%02d,%s,cable across the corridor\n",
			i, ids[n], point, severity, 1+rng.IntN(5), 1+rng.IntN(28), 6+rng.IntN(6), 1+rng.IntN(28), fixed)
	}
	return path, errors.Join(w.Flush(), f.Close())
}
