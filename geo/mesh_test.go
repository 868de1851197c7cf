package geo_test

import (
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/paulmach/orb"

	"hazgrid/geo"
	"hazgrid/internal/store/postgis/pgtest"
)

// A mesh makes coverages for tests: a lattice of quadrilaterals whose shared sides are the same
// jagged lines, near (lon, lat), each cell about size degrees wide.
type mesh struct {
	wide, high int
	lon, lat   float64
	size       float64
	jitter     float64 // of lattice nodes, in cells
	jags       int     // vertices on each side
	places     float64 // coordinates are rounded to 1/places degrees; 0: not
	seed       uint64
}

// cells are the lattice's quadrilaterals, row by row.
func (m mesh) cells() []orb.MultiPolygon {
	r := rand.New(rand.NewPCG(m.seed, 7))
	nodes := make([]orb.Point, (m.wide+1)*(m.high+1))
	for i := range nodes {
		x, y := float64(i%(m.wide+1)), float64(i/(m.wide+1))
		nodes[i] = m.round(orb.Point{
			m.lon + m.size*(x+m.jitter*(2*r.Float64()-1)),
			m.lat + m.size*(y+m.jitter*(2*r.Float64()-1)),
		})
	}
	sides := make(map[[2]int]orb.LineString)
	side := func(a, b int) orb.LineString {
		if a > b {
			line := slices.Clone(sides[[2]int{b, a}])
			slices.Reverse(line)
			return line[:len(line)-1]
		}
		line, made := sides[[2]int{a, b}]
		if !made {
			line = m.jag(r, nodes[a], nodes[b])
			sides[[2]int{a, b}] = line
		}
		return line[:len(line)-1]
	}
	var cells []orb.MultiPolygon
	for i := range m.wide * m.high {
		a := i/m.wide*(m.wide+1) + i%m.wide
		b, c, d := a+1, a+m.wide+2, a+m.wide+1
		side(d, c) // made from the lesser node, so that its reverse is known
		side(a, d)
		ring := orb.Ring(slices.Concat(side(a, b), side(b, c), side(c, d), side(d, a)))
		cells = append(cells, orb.MultiPolygon{{append(ring, ring[0])}})
	}
	return cells
}

// city is as many cells as a large city has grids: 1,888, with 45 vertices each.
func city() []orb.MultiPolygon {
	return mesh{wide: 59, high: 32, lon: 120.3, lat: 22.6, size: 0.006, jitter: 0.2, jags: 11, seed: 7}.cells()
}

func (m mesh) jag(r *rand.Rand, a, b orb.Point) orb.LineString {
	line := orb.LineString{a}
	for k := range m.jags {
		t := float64(k+1) / float64(m.jags+1)
		off := 0.5 * min(t, 1-t) * (r.Float64() - 0.5)
		line = append(line, m.round(orb.Point{
			a[0] + t*(b[0]-a[0]) - off*(b[1]-a[1]),
			a[1] + t*(b[1]-a[1]) + off*(b[0]-a[0]),
		}))
	}
	return append(line, b)
}

func (m mesh) round(p orb.Point) orb.Point {
	if m.places == 0 {
		return p
	}
	return orb.Point{math.Round(p[0]*m.places) / m.places, math.Round(p[1]*m.places) / m.places}
}

// withIslands cuts a jagged hole into every third cell. Every second of those holes is a face of
// its own, the others are nobody's.
func withIslands(cells []orb.MultiPolygon) []orb.MultiPolygon {
	out := slices.Clone(cells)
	for i := 0; i < len(cells); i += 3 {
		ring := cells[i][0][0]
		hole := make(orb.Ring, len(ring))
		middle := ring.Bound().Center()
		for k, p := range ring {
			hole[k] = orb.Point{middle[0] + (p[0]-middle[0])*0.3, middle[1] + (p[1]-middle[1])*0.3}
		}
		out[i] = orb.MultiPolygon{{ring, hole}}
		if i%2 == 0 {
			out = append(out, orb.MultiPolygon{{hole}})
		}
	}
	return out
}

// inPairs makes one face of each two faces that are a third of the list apart.
func inPairs(cells []orb.MultiPolygon) []orb.MultiPolygon {
	third := len(cells) / 3
	out := slices.Clone(cells[2*third:])
	for i := range third {
		out = append(out, slices.Concat(cells[i], cells[third+i]))
	}
	return out
}

// withOverlaps adds two triangles across the mesh that lie on many cells.
func withOverlaps(cells []orb.MultiPolygon) []orb.MultiPolygon {
	var box orb.Bound
	for i, cell := range cells {
		if i == 0 {
			box = cell.Bound()
		}
		box = box.Union(cell.Bound())
	}
	a, b, c := box.Min, orb.Point{box.Max[0], box.Min[1]}, box.Center()
	return append(slices.Clone(cells),
		orb.MultiPolygon{{{a, b, c, a}}}, orb.MultiPolygon{{{a, c, {box.Min[0], box.Max[1]}, a}}})
}

func newCoverage(t testing.TB, cells []orb.MultiPolygon) *geo.Coverage {
	t.Helper()
	c, err := geo.NewCoverage(cells)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// villages are real neighbouring polygons, for which `../../shared` must be there.
func villages(t testing.TB) (cells []orb.MultiPolygon) {
	t.Helper()
	data, err := os.ReadFile(filepath.FromSlash("../../shared/data/kaohsiung_villages_wgs84.geojson"))
	if err != nil {
		t.Skipf("the real villages are not in this checkout: %v", err)
	}
	var file struct {
		Features []struct {
			Geometry struct {
				Type        string
				Coordinates json.RawMessage
			}
		}
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	for _, f := range file.Features {
		cell := make(orb.MultiPolygon, 1)
		var into any = &cell
		if f.Geometry.Type == "Polygon" {
			into = &cell[0]
		}
		if err := json.Unmarshal(f.Geometry.Coordinates, into); err != nil {
			t.Fatal(err)
		}
		cells = append(cells, cell)
	}
	if len(cells) != 202 { // data/README.md
		t.Fatalf("%d villages, not 202", len(cells))
	}
	return cells
}

// postgis is a connection to a fresh database with PostGIS.
func postgis(t testing.TB) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), pgtest.DB(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// corners are all vertices of the cells, the rounded middles of their sides, and the eight
// nearest float64 neighbours of both.
func corners(cells []orb.MultiPolygon) (points []orb.Point) {
	for _, cell := range cells {
		for _, polygon := range cell {
			for _, ring := range polygon {
				for i := 1; i < len(ring); i++ {
					points = append(points, ring[i], orb.Point{(ring[i-1][0] + ring[i][0]) / 2, (ring[i-1][1] + ring[i][1]) / 2})
				}
			}
		}
	}
	for _, p := range points {
		for i := range 9 {
			q := orb.Point{nudge(p[0], i/3-1), nudge(p[1], i%3-1)}
			if q != p {
				points = append(points, q)
			}
		}
	}
	return points
}

func nudge(x float64, by int) float64 {
	if by == 0 {
		return x
	}
	return math.Nextafter(x, math.Inf(by))
}

// scattered are n points over the cells' box, and a little beyond.
func scattered(cells []orb.MultiPolygon, n int) (points []orb.Point) {
	r := rand.New(rand.NewPCG(3, 4))
	box := cells[0].Bound()
	for _, cell := range cells {
		box = box.Union(cell.Bound())
	}
	box = box.Pad((box.Max[1] - box.Min[1]) / 20)
	for range n {
		points = append(points, orb.Point{
			box.Min[0] + r.Float64()*(box.Max[0]-box.Min[0]),
			box.Min[1] + r.Float64()*(box.Max[1]-box.Min[1]),
		})
	}
	return points
}
