package export

import (
	"context"

	"hazgrid/internal/store/gpkg"
)

// geoPackage makes a GeoPackage of one layer, named like the kind.
func (l *Layer) geoPackage(ctx context.Context, path string) error {
	as, records, stop, err := l.open()
	if err != nil {
		return err
	}
	defer stop()
	out := gpkg.Layer{Kind: l.Kind, Changed: l.At}
	for _, a := range as {
		out.Columns = append(out.Columns, gpkg.Column{Name: a.name, Type: a.kind})
	}
	return gpkg.WriteLayer(ctx, path, out, func(yield func(gpkg.Feature, error) bool) {
		for r, err := range records {
			if !yield(gpkg.Feature{Values: r.values, Shape: r.shape}, err) {
				return
			}
		}
	})
}
