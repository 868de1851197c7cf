package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/paulmach/orb"

	"hazgrid/geo"
	"hazgrid/internal/coverages"
)

// A field is a coverage that the systems are measured on.
type field struct {
	name, title string
	cells       func() ([]orb.MultiPolygon, error)
	servers     bool // also PostGIS and Tile38
	s2          bool // its index takes a minute from a million grids on
}

// fields are the coverages by the names that -fields takes.
func fields() []field {
	read := func(path, code string) func() ([]orb.MultiPolygon, error) {
		return func() ([]orb.MultiPolygon, error) {
			cells, err := coverages.Read(filepath.Join("testdata", filepath.FromSlash(path)), code)
			return repaired(cells), err
		}
	}
	drawn := func(n int) func() ([]orb.MultiPolygon, error) {
		return func() ([]orb.MultiPolygon, error) { return coverages.Grids(n), nil }
	}
	return []field{
		{"district", "the district's grids", read("district/grids-3.geojson", "code"), true, true},
		{"taiwan", "Taiwan's villages", read("atlas/taiwan-villages.geojson", "VILLCODE"), false, true},
		{"v1888", "Voronoi cells", drawn(1888), true, true},
		{"v100k", "Voronoi cells", drawn(100_000), false, true},
		{"v1m", "Voronoi cells", drawn(1_000_000), false, false},
	}
}

// repaired mends the cells that are not valid: an area that crosses itself has no one winding, and S2 would
// take the rest of the world for its inside.
func repaired(cells []orb.MultiPolygon) []orb.MultiPolygon {
	for i, cell := range cells {
		if geo.Validate(cell) == nil {
			continue
		}
		if mended, err := geo.Repair(cell); err == nil {
			cells[i] = mended
		}
	}
	return cells
}

// A sample is points of one sort and the faces that own them, -1 for none.
type sample struct {
	name   string
	points []orb.Point
	want   []int32
}

// first is the first n points, all for 0.
func (s sample) first(n int) sample {
	if n == 0 || n >= len(s.points) {
		return s
	}
	return sample{s.name, s.points[:n], s.want[:n]}
}

// ordered is the sample along a Morton curve.
func (s sample) ordered(box orb.Bound) sample {
	order := make([]int, len(s.points))
	keys := make([]uint64, len(s.points))
	for i, p := range s.points {
		order[i], keys[i] = i, coverages.Morton(p, box)
	}
	slices.SortStableFunc(order, func(i, j int) int {
		return cmp.Compare(keys[i], keys[j])
	})
	out := sample{name: s.name, points: make([]orb.Point, len(order)), want: make([]int32, len(order))}
	for k, i := range order {
		out.points[k], out.want[k] = s.points[i], s.want[i]
	}
	return out
}

// samples draws n points each that hit a face, that miss all of them, and that are within a metre of a
// boundary, on either side. The oracle says in exact fractions whose they are.
func samples(cells []orb.MultiPolygon, n int) []sample {
	oracle := coverages.NewOracle(cells)
	box := coverages.Bound(cells)
	padded := box.Pad((box.Max[1] - box.Min[1]) / 20)
	r := rand.New(rand.NewPCG(3, 4))
	var hits, misses sample
	for len(hits.points) < n || len(misses.points) < n {
		points := coverages.Scatter(padded, n, r.Uint64())
		for i, face := range owners(oracle, points) {
			s := &hits
			if face < 0 {
				s = &misses
			}
			if len(s.points) < n {
				s.points, s.want = append(s.points, points[i]), append(s.want, face)
			}
		}
	}
	hits.name, misses.name = "hits", "misses"
	near := sample{name: "within 1 m of a border", points: nearBorders(r, cells, n)}
	near.want = owners(oracle, near.points)
	return []sample{hits, misses, near}
}

// nearBorders are points beside random sides of random faces, up to 10⁻⁵ degrees away.
func nearBorders(r *rand.Rand, cells []orb.MultiPolygon, n int) []orb.Point {
	points := make([]orb.Point, n)
	for i := range points {
		cell := cells[r.IntN(len(cells))]
		polygon := cell[r.IntN(len(cell))]
		ring := polygon[r.IntN(len(polygon))]
		k := r.IntN(len(ring) - 1)
		a, b, t := ring[k], ring[k+1], r.Float64()
		points[i] = orb.Point{
			a[0] + t*(b[0]-a[0]) + 1e-5*(2*r.Float64()-1),
			a[1] + t*(b[1]-a[1]) + 1e-5*(2*r.Float64()-1),
		}
	}
	return points
}

// owners asks the oracle on all cores.
func owners(oracle *coverages.Oracle, points []orb.Point) []int32 {
	faces := make([]int32, len(points))
	workers := runtime.NumCPU()
	var wait sync.WaitGroup
	for w := range workers {
		wait.Go(func() {
			for i := w; i < len(points); i += workers {
				faces[i] = int32(oracle.Owner(points[i]))
			}
		})
	}
	wait.Wait()
	return faces
}

// whichFields measures every field that was asked for.
func (b *bench) whichFields(ctx context.Context) error {
	for _, f := range fields() {
		if !slices.Contains(strings.Split(b.fields, ","), f.name) {
			continue
		}
		cells, err := f.cells()
		if errors.Is(err, fs.ErrNotExist) {
			b.table("Which grid, "+f.title, []string{"absent"}, []string{"run `make atlas` first"})
			continue
		}
		if err != nil {
			return err
		}
		if err := b.whichField(ctx, f, cells); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return nil
}

func (b *bench) whichField(ctx context.Context, f field, cells []orb.MultiPolygon) error {
	drawn := samples(cells, 200_000)
	systems, stop, err := b.systems(ctx, f, cells)
	if err != nil {
		return errors.Join(err, stop())
	}
	results, err := compare(ctx, systems, drawn, b.rounds)
	if err := errors.Join(err, stop()); err != nil {
		return err
	}
	title := fmt.Sprintf("Which of %d grids: %s, %d vertices, %d points of each sort, one thread: its own time, for servers the clock's (ratio: their time / ours)",
		len(cells), f.title, coverages.Vertices(cells), len(drawn[0].points))
	b.whichTable(title, len(cells), drawn, systems, results)
	return nil
}
