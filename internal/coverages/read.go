package coverages

import (
	"cmp"
	"fmt"
	"os"
	"slices"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/geojson"
)

// Read reads the areas of a GeoJSON file as cells in the order of their codes: the property of
// that name, or the feature's id where code is "".
func Read(path, code string) ([]orb.MultiPolygon, error) {
	cells, _, err := ReadCoded(path, code)
	return cells, err
}

// ReadCoded is [Read] with the cells' codes.
func ReadCoded(path, code string) (cells []orb.MultiPolygon, codes []string, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	file, err := geojson.UnmarshalFeatureCollection(text)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	type coded struct {
		code string
		cell orb.MultiPolygon
	}
	all := make([]coded, len(file.Features))
	for i, f := range file.Features {
		key := any(f.Properties[code])
		if code == "" {
			key = f.ID
		}
		all[i].code = fmt.Sprint(key)
		switch g := f.Geometry.(type) {
		case orb.Polygon:
			all[i].cell = orb.MultiPolygon{g}
		case orb.MultiPolygon:
			all[i].cell = g
		default:
			return nil, nil, fmt.Errorf("%s: feature %d is a %T, not an area", path, i, g)
		}
	}
	slices.SortStableFunc(all, func(a, b coded) int { return cmp.Compare(a.code, b.code) })
	for _, c := range all {
		cells, codes = append(cells, c.cell), append(codes, c.code)
	}
	return cells, codes, nil
}
