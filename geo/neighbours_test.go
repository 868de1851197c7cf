package geo_test

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/paulmach/orb"
)

func box(x0, y0, x1, y1 float64) orb.MultiPolygon {
	return orb.MultiPolygon{{{{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}, {x0, y0}}}}
}

func TestNeighbours(t *testing.T) {
	hole := orb.Ring{{1, 1}, {2, 1}, {2, 2}, {1, 2}, {1, 1}}
	tests := []struct {
		name  string
		cells []orb.MultiPolygon
		want  [][]int
	}{
		{"none", nil, nil},
		{"alone", []orb.MultiPolygon{box(0, 0, 1, 1), nil}, [][]int{nil, nil}},
		{"a side", []orb.MultiPolygon{box(1, 0, 2, 1), box(0, 0, 1, 1)}, [][]int{{1}, {0}}},
		{"a corner", []orb.MultiPolygon{box(0, 0, 1, 1), box(1, 1, 2, 2)}, [][]int{nil, nil}},
		{"half a side", []orb.MultiPolygon{box(0, 0, 1, 2), box(1, 0, 2, 1), box(1, 1, 2, 3), box(1, 3, 2, 4)}, [][]int{{1, 2}, {0, 2}, {0, 1, 3}, {2}}},
		{"corner to corner on one line", []orb.MultiPolygon{box(0, 0, 1, 1), box(1, 1, 2, 2), box(1, -1, 2, 0)}, [][]int{nil, nil, nil}},
		{"an island", []orb.MultiPolygon{{{box(0, 0, 3, 3)[0][0], hole}}, {{hole}}}, [][]int{{1}, {0}}},
		{"two parts", []orb.MultiPolygon{append(box(0, 0, 1, 1), box(2, 0, 3, 1)...), box(1, 0, 2, 1)}, [][]int{{1}, {0}}},
		{"twice the same", []orb.MultiPolygon{box(0, 0, 1, 1), box(0, 0, 1, 1), box(0, 0, 1, 1)}, [][]int{{1, 2}, {0, 2}, {0, 1}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newCoverage(t, tt.cells)
			for i := range tt.cells {
				if diff := cmp.Diff(tt.want[i], slices.Clone(c.Neighbours(i))); diff != "" && len(tt.want[i])+len(c.Neighbours(i)) > 0 {
					t.Errorf("of %d: %s", i, diff)
				}
			}
		})
	}
}

// TestNeighboursAgainstPostGIS: neighbours are the faces whose boundaries share a line, exactly
// (ST_Relate) or, where rounding moved a vertex off the other's side, within sameLine.
func TestNeighboursAgainstPostGIS(t *testing.T) {
	for name, cells := range map[string][]orb.MultiPolygon{
		"villages": villages(t),
		"mesh":     withIslands(mesh{wide: 9, high: 8, lon: 120, lat: 22, size: 0.01, jitter: 0.2, jags: 4, seed: 8}.cells()),
	} {
		t.Run(name, func(t *testing.T) {
			db := postgis(t)
			loadCells(t, db, cells)
			exact := collectPairs(t, db, `ST_Relate(a.geom, b.geom, '****1****')`)
			close := collectPairs(t, db, `ST_Length(ST_Intersection(ST_Boundary(a.geom), ST_Buffer(ST_Boundary(b.geom), 2e-9))) > 2e-8`)
			c := newCoverage(t, cells)
			for _, p := range exact {
				if !slices.Contains(c.Neighbours(p.A), p.B) {
					t.Errorf("%d is not among the neighbours of %d", p.B, p.A)
				}
			}
			for i := range c.Len() {
				for _, j := range c.Neighbours(i) {
					if p := (pair{i, j}); !slices.Contains(exact, p) && !slices.Contains(close, p) {
						t.Errorf("%d is among the neighbours of %d", j, i)
					}
				}
			}
		})
	}
}

type pair struct{ A, B int }

func collectPairs(t *testing.T, db *pgx.Conn, condition string) []pair {
	t.Helper()
	rows, err := db.Query(context.Background(), `select a.face, b.face from cells a join cells b
		on a.face <> b.face and a.geom && b.geom and `+condition)
	if err != nil {
		t.Fatal(err)
	}
	pairs, err := pgx.CollectRows(rows, pgx.RowToStructByPos[pair])
	if err != nil {
		t.Fatal(err)
	}
	return pairs
}
