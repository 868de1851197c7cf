package server

import (
	"bytes"
	"testing"

	"hazgrid/geo/crs"
	"hazgrid/safety"
	"hazgrid/tiles"
)

// A tile whose grids are counted alone is, byte for byte, the one made of the whole table.
func TestFewGridsAsAll(t *testing.T) {
	s := start(t)
	st := s.srv.state.Load()
	l := layer{id: "grids-2", kind: gridLayer, level: 2}
	queries := []safety.Query{{At: day("2014-12-01")}, {At: day("2014-12-20")}, {Severity: "major"}, {Kind: "construction"}, {Source: "campaign", At: day("2014-12-31")}}
	for _, q := range queries {
		for x := uint32(6839); x <= 6842; x++ {
			r := tileRequest{address: tiles.Address{Z: 13, X: x, Y: 3437}, query: q, frame: crs.WGS84}
			f, err := s.srv.paint.figures(st, 2, q)
			if err != nil {
				t.Fatal(err)
			}
			cut, err := s.srv.paint.cut(cutKey{f.grids, gridLayer, r.address, r.frame})
			if err != nil {
				t.Fatal(err)
			}
			few, err := s.srv.paint.fewColumns(st, 2, q, cut)
			if err != nil {
				t.Fatal(err)
			}
			got, want := few.Append(nil, l.id, cut.Renumbered()), f.values.Append(nil, l.id, cut)
			if !bytes.Equal(got, want) || len(want) == 0 {
				t.Errorf("%+v %s: % x, want % x", q, r.address, got, want)
			}
			tile := new(tiles.Drawing)
			if err := s.srv.paint.draw(tile, st, l, r); err != nil || !bytes.Equal(tile.Bytes(), want) {
				t.Errorf("%+v %s: drawn % x, %v, want % x", q, r.address, tile.Bytes(), err, want)
			}
		}
	}
}
