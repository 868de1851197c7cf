package geo_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/wkb"

	"hazgrid/geo"
)

// askedCells are the cells that shape queries are held against PostGIS with, by name.
func askedCells(t testing.TB) map[string][]orb.MultiPolygon {
	jagged := withIslands(mesh{wide: 9, high: 7, lon: 120.3, lat: 22.6, size: 0.01, jitter: 0.2, jags: 5, seed: 31}.cells())
	return map[string][]orb.MultiPolygon{
		"villages":     villages(t),
		"multipart":    slices.Delete(inPairs(jagged), 2, 4),
		"rounded":      withIslands(mesh{wide: 9, high: 7, lon: 120.3, lat: 22.6, size: 0.01, jitter: 0.2, jags: 4, places: 1e4, seed: 32}.cells()),
		"high north":   mesh{wide: 5, high: 5, lon: 20, lat: 79, size: 0.02, jitter: 0.2, jags: 3, seed: 33}.cells(),
		"antimeridian": {box(179.5, -17, 179.99, -16), box(-179.99, -17, -179.5, -16)},
	}
}

// questions are polygons of all sizes over the cells, and ones that have vertices and sides of theirs.
func questions(cells []orb.MultiPolygon, n int) (shapes []orb.MultiPolygon) {
	r := rand.New(rand.NewPCG(34, 35))
	for i := range n {
		cell := cells[r.IntN(len(cells))]
		ring := cell[0][0]
		p, size := ring[r.IntN(len(ring))], math.Pow(10, -4+3*r.Float64())
		if i%2 == 0 {
			p = orb.Point{p[0] + size*(r.Float64()-0.5), p[1] + size*(r.Float64()-0.5)}
		}
		shape := blob(p, size, 3+r.IntN(30), uint64(i))
		switch i % 6 {
		case 1: // a vertex of a cell is a vertex of the shape
			shape[0][0][0], shape[0][0][len(shape[0][0])-1] = p, p
		case 2: // two holes
			shape[0] = append(shape[0], blob(p, size/4, 8, uint64(i))[0][0])
		case 3: // a side of a cell is a side of the shape
			k := r.IntN(len(ring) - 1)
			a, b := ring[k], ring[k+1]
			c := orb.Point{a[0] + (b[1] - a[1]), a[1] - (b[0] - a[0])}
			shape = orb.MultiPolygon{{{a, b, c, a}}}
		case 4: // all of a cell
			shape = cell
		case 5: // two polygons
			shape = append(shape, blob(orb.Point{p[0] + 3*size, p[1]}, size, 9, uint64(i))...)
		}
		if geo.Validate(shape) == nil {
			shapes = append(shapes, shape)
		}
	}
	return shapes
}

func TestIntersectsAgainstPostGIS(t *testing.T) {
	for name, cells := range askedCells(t) {
		t.Run(name, func(t *testing.T) {
			db := postgis(t)
			loadCells(t, db, cells)
			c := newCoverage(t, cells)
			shapes, touching := questions(cells, 400), 0
			for _, shape := range shapes {
				want := faces(t, db, `select face from cells where ST_Intersects(geom, ST_GeomFromWKB($1, 4326)) order by face`, wkb.MustMarshal(shape))
				if got := c.Intersects(shape, nil); !slices.Equal(got, want) {
					t.Errorf("%v: %v, PostGIS %v", shape, got, want)
				}
				touching += len(faces(t, db, `select face from cells where ST_Touches(geom, ST_GeomFromWKB($1, 4326))`, wkb.MustMarshal(shape)))
			}
			t.Logf("%d shapes; %d times a face only touched", len(shapes), touching)
			if len(shapes) < 200 || touching < 20 && len(cells) > 2 {
				t.Errorf("%d shapes, %d touching: too few to tell", len(shapes), touching)
			}
		})
	}
}

func faces(t testing.TB, db *pgx.Conn, sql string, args ...any) []int {
	t.Helper()
	rows, err := db.Query(context.Background(), sql, args...)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// farthest is the greatest distance in metres that lines are asked with.
const farthest = 1000

// TestAlongAgainstPostGIS compares faces and distances with ST_DWithin and ST_Distance on
// geography, and with ST_Intersects on geometry for what touches.
func TestAlongAgainstPostGIS(t *testing.T) {
	for name, cells := range askedCells(t) {
		t.Run(name, func(t *testing.T) {
			db := postgis(t)
			loadCells(t, db, cells)
			lines := wriggles(cells, 120)
			if name == "villages" {
				lines = append(lines, pipelines(t)...)
			}
			loadLines(t, db, lines)
			c := newCoverage(t, cells)
			want := linePairs(t, db)
			for i, line := range lines {
				for _, d := range []float64{0, 0.5, 10, 100, 500, farthest} {
					got := c.Within(line, d, nil)
					compareAlong(t, fmt.Sprintf("line %d within %v m", i, d), d, got, want[i])
				}
			}
			t.Logf("%d lines, %d pairs within %d m", len(lines), countPairs(want), farthest)
		})
	}
}

// A linePair is a line and a face as PostGIS sees them.
type linePair struct {
	Line, Face int
	Metres     float64
	Touch      bool
	Within     []bool // of the distances asked
}

func linePairs(t testing.TB, db *pgx.Conn) map[int][]linePair {
	t.Helper()
	rows, err := db.Query(context.Background(), `select line, face, ST_Distance(l.geom::geography, c.geom::geography),
			ST_Intersects(l.geom, c.geom), array[
			ST_DWithin(l.geom::geography, c.geom::geography, 0.5), ST_DWithin(l.geom::geography, c.geom::geography, 10),
			ST_DWithin(l.geom::geography, c.geom::geography, 100), ST_DWithin(l.geom::geography, c.geom::geography, 500)]
		from lines l join cells c on ST_DWithin(l.geom::geography, c.geom::geography, $1) or ST_Intersects(l.geom, c.geom) order by line, face`, farthest*1.01)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[linePair])
	if err != nil {
		t.Fatal(err)
	}
	byLine := map[int][]linePair{}
	for _, p := range all {
		byLine[p.Line] = append(byLine[p.Line], p)
	}
	return byLine
}

func countPairs(pairs map[int][]linePair) (n int) {
	for _, p := range pairs {
		n += len(p)
	}
	return n
}

// compareAlong holds one answer against PostGIS; a face may be in or out where its distance is
// the limit within a millionth, and touches are told by ST_Intersects.
func compareAlong(t *testing.T, what string, d float64, got []geo.Near, pairs []linePair) {
	t.Helper()
	metres := map[int]float64{}
	for _, n := range got {
		metres[n.Face] = n.Metres
	}
	for _, p := range pairs {
		m, in := metres[p.Face]
		delete(metres, p.Face)
		want := p.Touch || p.Metres <= d && d > 0
		atLimit := math.Abs(p.Metres-d) <= 1e-6*d+2e-8
		if in != want && !atLimit {
			t.Errorf("%s: face %d %v; PostGIS: %v m, touches %v", what, p.Face, in, p.Metres, p.Touch)
		}
		if k := slices.Index([]float64{0.5, 10, 100, 500}, d); k >= 0 && !atLimit && in != (p.Within[k] || p.Touch) {
			t.Errorf("%s: face %d %v; ST_DWithin %v, %v m", what, p.Face, in, p.Within[k], p.Metres)
		}
		if in && !p.Touch && math.Abs(m-p.Metres) > 1e-6*p.Metres+2e-8 && !footBeyondEnd(m, p.Metres) {
			t.Errorf("%s: face %d at %v m; PostGIS: %v m", what, p.Face, m, p.Metres)
		}
	}
	for face, m := range metres {
		t.Errorf("%s: face %d at %v m; PostGIS: not within %v m", what, face, m, farthest)
	}
}

// footBeyondEnd tells a distance that PostGIS gives too short: its edge_point_in_cone compares
// cosines to 2e-16, so that the foot of a perpendicular may lie up to 2e-8 rad, 13 cm, beyond the
// end of an edge and still be taken for a point of it.
func footBeyondEnd(metres, postgis float64) bool {
	return metres > postgis && math.Sqrt(metres*metres-postgis*postgis) < 0.13
}

// wriggles are random lines near the cells; every fifth has two pieces.
func wriggles(cells []orb.MultiPolygon, n int) (lines []orb.MultiLineString) {
	r := rand.New(rand.NewPCG(36, 37))
	for i, p := range around(cells, n) {
		step := math.Pow(10, -4+2*r.Float64())
		walk := func() (line orb.LineString) {
			for range 2 + r.IntN(12) {
				line = append(line, p)
				p = orb.Point{p[0] + step*(r.Float64()-0.5), p[1] + step*(r.Float64()-0.5)}
			}
			return line
		}
		lines = append(lines, orb.MultiLineString{walk()})
		if i%5 == 0 {
			lines[i] = append(lines[i], walk())
		}
	}
	return lines
}

// pipelines are real lines, for which `../../shared` must be there.
func pipelines(t testing.TB) (lines []orb.MultiLineString) {
	t.Helper()
	data, err := os.ReadFile(filepath.FromSlash("../../shared/data/kaohsiung_ng_pipelines_wgs84.geojson"))
	if err != nil {
		t.Skipf("the real pipelines are not in this checkout: %v", err)
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
		line := make(orb.MultiLineString, 1)
		var into any = &line
		if f.Geometry.Type == "LineString" {
			into = &line[0]
		}
		if err := json.Unmarshal(f.Geometry.Coordinates, into); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	if len(lines) != 609 { // data/README.md
		t.Fatalf("%d pipelines, not 609", len(lines))
	}
	return lines
}

// TestPathsAgainstPostGIS compares how far lines are from lines with ST_Distance(geography), and
// with ST_Intersects where they touch.
func TestPathsAgainstPostGIS(t *testing.T) {
	db, pipes := postgis(t), pipelines(t)
	loadCells(t, db, nil)
	loadLines(t, db, pipes)
	near, touching := 0, 0
	for _, line := range append(wriggles(villages(t), 60), pipes[:40]...) {
		want := nears(t, db, `select line, case when ST_Intersects(geom, l) then 0 else ST_Distance(geom::geography, l::geography) end
			from lines, ST_GeomFromWKB($1, 4326) l where ST_DWithin(geom::geography, l::geography, $2) order by line`, wkb.MustMarshal(line), 300)
		var got []geo.Near
		path := geo.NewPath(line)
		for i, pipe := range pipes {
			if m, ok := path.DistanceTo(pipe, 300); ok {
				got = append(got, geo.Near{Face: i, Metres: m})
			}
			if m, ok := path.DistanceTo(pipe, 0); ok {
				touching++
				if m != 0 {
					t.Errorf("%v m from what it touches", m)
				}
			}
		}
		if near += len(got); !sameNears(got, want) {
			t.Errorf("%v: %v, PostGIS %v", line, got, want)
		}
	}
	t.Logf("%d pairs within 300 m, %d touch", near, touching)
}

func loadLines(t testing.TB, db *pgx.Conn, lines []orb.MultiLineString) {
	t.Helper()
	ctx := context.Background()
	if _, err := db.Exec(ctx, `create table lines (line int primary key, geom geometry(MultiLineString, 4326))`); err != nil {
		t.Fatal(err)
	}
	for i, line := range lines {
		if _, err := db.Exec(ctx, `insert into lines values ($1, ST_GeomFromWKB($2, 4326))`, i, wkb.MustMarshal(line)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Exec(ctx, `create index on cells using gist ((geom::geography)); analyze`); err != nil {
		t.Fatal(err)
	}
}

// TestNearestManyAgainstPostGIS compares the five nearest with ST_Distance(geography): the same
// distances, and the same faces where no two distances are as good as equal.
func TestNearestManyAgainstPostGIS(t *testing.T) {
	const k = 5
	for name, cells := range askedCells(t) {
		t.Run(name, func(t *testing.T) {
			db := postgis(t)
			loadCells(t, db, cells)
			c := newCoverage(t, cells)
			for _, p := range around(cells, 100) {
				rows, err := db.Query(context.Background(), `select face, ST_Distance(geom::geography, ST_MakePoint($1, $2)::geography) d
					from cells order by d, face limit $3`, p[0], p[1], k)
				if err != nil {
					t.Fatal(err)
				}
				want, err := pgx.CollectRows(rows, pgx.RowToStructByPos[geo.Near])
				if err != nil {
					t.Fatal(err)
				}
				got := c.Nearest(p, k, math.Inf(1), nil)
				if len(got) != len(want) {
					t.Fatalf("%v: %v, PostGIS %v", p, got, want)
				}
				for i, w := range want {
					// Whether p is inside is told by straight edges here and by great circles there.
					rim := min(w.Metres, got[i].Metres) == 0 && max(w.Metres, got[i].Metres) < 20
					if math.Abs(got[i].Metres-w.Metres) > 1e-6*w.Metres+2e-8 && !rim {
						t.Errorf("%v: %v, PostGIS %v", p, got, want)
					}
				}
			}
		})
	}
}
