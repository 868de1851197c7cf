package geo_test

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/paulmach/orb"

	"hazgrid/geo"
	"hazgrid/internal/coverages"
)

// hole is an interior ring of ST_Union of all cells, by its area and a point in it.
type hole struct{ AreaM2, Lon, Lat float64 }

// TestGapsAgainstPostGIS compares with the interior rings of the union.
func TestGapsAgainstPostGIS(t *testing.T) {
	clean, sites := coverages.Voronoi{N: 200, Jags: 3, Seed: 3}.Cells()
	for name, cells := range map[string][]orb.MultiPolygon{
		"clean":     clean,
		"lakes":     coverages.WithIslands(clean, sites),
		"a few out": append(append([]orb.MultiPolygon{}, clean[:100]...), clean[120:]...),
		"perturbed": perturbed(clean, 2e-5, 11),
		"villages":  villages(t),
	} {
		t.Run(name, func(t *testing.T) {
			db := postgis(t)
			loadCells(t, db, cells)
			rows, err := db.Query(context.Background(), `with u as (select (ST_Dump(ST_Union(geom))).geom g from cells),
				holes as (select ST_MakePolygon(ST_InteriorRingN(g, n)) h from u, generate_series(1, ST_NumInteriorRings(g)) n),
				gaps as (select ST_Area(h::geography) - coalesce((select sum(ST_Area(g::geography)) from u where ST_Within(g, h)), 0) area,
					ST_PointOnSurface(ST_Difference(h, coalesce((select ST_Union(g) from u where ST_Within(g, h)), 'SRID=4326;POINT EMPTY'))) p from holes)
				select area, ST_X(p), ST_Y(p) from gaps where area > 0.9`)
			if err != nil {
				t.Fatal(err)
			}
			want, err := pgx.CollectRows(rows, pgx.RowToStructByPos[hole])
			if err != nil {
				t.Fatal(err)
			}
			got, err := newCoverage(t, cells).Gaps()
			if err != nil {
				t.Fatal(err)
			}
			compareGaps(t, got, want)
		})
	}
}

// compareGaps finds the gap at each hole of PostGIS' and the other way round.
func compareGaps(t *testing.T, got []geo.Gap, want []hole) {
	t.Helper()
	found := map[int]bool{}
	for _, w := range want {
		at, ok := -1, false
		for i, g := range got {
			if geo.NewShape(g.Shape).Covers(orb.Point{w.Lon, w.Lat}) {
				at, ok = i, math.Abs(g.AreaM2-w.AreaM2) <= 1e-3+1e-6*w.AreaM2
			}
		}
		if found[at] = true; !ok && w.AreaM2 > 1.001 {
			t.Errorf("PostGIS has a hole of %v m² at %v %v, here it is gap %d", w.AreaM2, w.Lon, w.Lat, at)
		}
	}
	for i, g := range got {
		if !found[i] {
			t.Errorf("PostGIS has no hole at %v (%v m²)", g.At, g.AreaM2)
		}
		if len(g.Beside) == 0 || g.WidthM <= 0 || !geo.NewShape(g.Shape).Covers(g.At) {
			t.Errorf("gap %d: beside %v, %v m wide, at %v", i, g.Beside, g.WidthM, g.At)
		}
	}
	t.Logf("%d gaps", len(want))
}

// perturbed moves every vertex of every ring by up to by degrees either way, each ring on its own, so
// that borders which were one are two. Rings stay valid where their sides are longer than that.
func perturbed(cells []orb.MultiPolygon, by float64, seed uint64) []orb.MultiPolygon {
	r := rand.New(rand.NewPCG(seed, 12))
	out := make([]orb.MultiPolygon, len(cells))
	for i, cell := range cells {
		out[i] = cell.Clone()
		for _, polygon := range out[i] {
			for _, ring := range polygon {
				for k := range ring[1:] {
					ring[k] = orb.Point{ring[k][0] + by*(2*r.Float64()-1), ring[k][1] + by*(2*r.Float64()-1)}
				}
				ring[len(ring)-1] = ring[0]
			}
		}
		if mended, err := geo.Repair(out[i]); err == nil {
			out[i] = mended
		}
	}
	return out
}

// TestGapsOfKnownArea takes a cell of known area out of a lattice.
func TestGapsOfKnownArea(t *testing.T) {
	cells := mesh{wide: 5, high: 4, lon: 120.6, lat: 27.7, size: 0.01, jitter: 0.2, jags: 3, seed: 5}.cells()
	missing := cells[7]
	cells = append(append([]orb.MultiPolygon{}, cells[:7]...), cells[8:]...)
	gaps, err := newCoverage(t, cells).Gaps()
	if err != nil || len(gaps) != 1 {
		t.Fatal(gaps, err)
	}
	if want := geo.Area(missing); math.Abs(gaps[0].AreaM2-want) > 1e-6*want {
		t.Errorf("%v m², want %v", gaps[0].AreaM2, want)
	}
	if got := gaps[0].Beside; len(got) != 4 {
		t.Errorf("beside %v, want the four around it", got)
	}
}
