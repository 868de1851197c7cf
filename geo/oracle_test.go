package geo_test

import (
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/paulmach/orb"

	"hazgrid/geo"
	"hazgrid/internal/coverages"
)

// A judged coverage is one the oracle is asked about.
type judged struct {
	name  string
	cells func(testing.TB) []orb.MultiPolygon
	long  bool // only when there is time: `make oracle`
	apart bool // no two faces share ground
}

// judgedCoverages are the coverages of issue and research: real ones, and every kind of trouble.
func judgedCoverages() []judged {
	file := func(name, path, code string) judged {
		return judged{name: name, cells: func(t testing.TB) []orb.MultiPolygon { return readCells(t, path, code) }}
	}
	drawn := func(name string, cells func() []orb.MultiPolygon) judged {
		return judged{name: name, cells: func(testing.TB) []orb.MultiPolygon { return cells() }, apart: !strings.Contains(name, "overlaps")}
	}
	voronoi := func(n, jags int) (cells []orb.MultiPolygon, sites []orb.Point) {
		return coverages.Voronoi{N: n, Jags: jags, Seed: 11}.Cells()
	}
	all := []judged{
		file("district, level 1", "district/grids-1.geojson", "code"),
		file("district, level 2", "district/grids-2.geojson", "code"),
		file("district, level 3", "district/grids-3.geojson", "code"),
		file("us-atlas states", "atlas/states.geojson", ""),
		file("us-atlas counties", "atlas/counties.geojson", ""),
		file("Taiwan's counties", "atlas/taiwan-counties.geojson", "COUNTYCODE"),
		file("Taiwan's towns", "atlas/taiwan-towns.geojson", "TOWNCODE"),
		file("Taiwan's villages", "atlas/taiwan-villages.geojson", "VILLCODE"),
		drawn("Voronoi, 1,888", func() []orb.MultiPolygon { return coverages.Grids(1888) }),
		drawn("Voronoi, 50 straight", func() []orb.MultiPolygon { cells, _ := voronoi(50, 0); return cells }),
		drawn("holes and islands", func() []orb.MultiPolygon { return coverages.WithIslands(voronoi(600, 5)) }),
		drawn("multi-part", func() []orb.MultiPolygon { return coverages.InGroups(coverages.WithIslands(voronoi(900, 3)), 5) }),
		drawn("overlaps", func() []orb.MultiPolygon { return coverages.WithOverlaps(coverages.WithIslands(voronoi(300, 4))) }),
		drawn("slivers", func() []orb.MultiPolygon { cells, _ := voronoi(800, 0); return coverages.WithSlivers(cells, 1) }),
		drawn("fan", func() []orb.MultiPolygon { return coverages.Fan(coverages.City(), 250) }),
		drawn("squares, 2⁻⁸ degrees", func() []orb.MultiPolygon { return coverages.Squares(120, 22, 0x1p-8, 40, 30) }),
		drawn("squares, 0.1 degrees", func() []orb.MultiPolygon { return coverages.Squares(-1.5, -1.1, 0.1, 32, 24) }),
		drawn("world", func() []orb.MultiPolygon { return coverages.Squares(-180, -90, 15, 24, 12) }),
		{name: "Voronoi, 100,000", long: true, apart: true, cells: func(testing.TB) []orb.MultiPolygon { return coverages.Grids(100_000) }},
	}
	for _, name := range []string{"jagged", "islands", "multipart", "overlaps", "square", "rounded", "far apart", "zero"} {
		all = append(all, drawn("mesh, "+name, func() []orb.MultiPolygon { return meshes()[name] }))
	}
	return all
}

// readCells reads areas of testdata, of which the atlas is made by `make atlas` and not kept.
func readCells(t testing.TB, path, code string) []orb.MultiPolygon {
	t.Helper()
	cells, err := coverages.Read(filepath.Join("..", "testdata", filepath.FromSlash(path)), code)
	if os.IsNotExist(err) {
		lacking(t, "run `make atlas` first: "+err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	return cells
}

// lacking ends a test for which the machine has not what it takes; a machine that decides must have it.
func lacking(t testing.TB, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip("SKIPPED, NOT TESTED: " + why)
}

// oraclePoints is how many points HAZGRID_ORACLE asks for in all, 0 without.
func oraclePoints(t testing.TB) int {
	text := os.Getenv("HAZGRID_ORACLE")
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil || n <= 0 {
		t.Fatalf("HAZGRID_ORACLE=%q is not a number of points", text)
	}
	return n
}

// TestOracle holds Locate, LocateAll and LocateBatch against exact fractions on hard points: a few
// thousand for each coverage, or, when `make oracle` asks, as many as it says in all. Then
// coverages get points by how many it takes until all vertices, middles and neighbours have come,
// but the small ones a hundred thousand and the largest at most five million.
func TestOracle(t *testing.T) {
	total := oraclePoints(t)
	type ready struct {
		judged
		corpus *coverages.Corpus
		index  *geo.Coverage
		oracle *coverages.Oracle
		points int
	}
	var sets []ready
	want := 0
	for _, j := range judgedCoverages() {
		if j.long && total == 0 {
			continue
		}
		t.Run("reading "+j.name, func(t *testing.T) {
			cells := j.cells(t)
			index := newCoverage(t, cells)
			s := ready{j, coverages.NewCorpus(cells, index.RasterCorners(), 1), index, coverages.NewOracle(cells), 4000}
			if total > 0 {
				s.points = min(max(100_000, s.corpus.All()), 5_000_000)
			}
			want += s.points
			sets = append(sets, s)
		})
	}
	tried, wrong := 0, 0
	for _, s := range sets {
		if total > 0 {
			s.points = int(float64(s.points) * float64(total) / float64(want))
		}
		t.Run(s.name, func(t *testing.T) {
			v := judge(s.index, s.oracle, s.corpus.Points(s.points))
			t.Logf("%-22s %9d points, %9d owned, %7d by several, %d differ", s.name, v.asked, v.owned, v.several, len(v.differ))
			for _, d := range v.differ[:min(len(v.differ), 5)] {
				t.Error(d)
			}
			if v.owned == 0 || s.apart && v.several > 0 {
				t.Errorf("%d points have owners, %d several", v.owned, v.several)
			}
			tried, wrong = tried+v.asked, wrong+len(v.differ)
		})
	}
	t.Logf("%d points in all, %d differ", tried, wrong)
}

// A verdict counts points, those that a face owns, those that several hold, and describes the wrong answers.
type verdict struct {
	asked, owned, several int
	differ                []string
}

// judge asks index and oracle about every point, on all cores.
func judge(index *geo.Coverage, oracle *coverages.Oracle, points iter.Seq[orb.Point]) (sum verdict) {
	blocks := make(chan []orb.Point)
	var wait sync.WaitGroup
	var lock sync.Mutex
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			for block := range blocks {
				v := judgeBlock(index, oracle, block)
				lock.Lock()
				sum.asked, sum.owned, sum.several = sum.asked+v.asked, sum.owned+v.owned, sum.several+v.several
				sum.differ = append(sum.differ, v.differ...)
				lock.Unlock()
			}
		})
	}
	var block []orb.Point
	for p := range points {
		if block = append(block, p); len(block) == 4096 {
			blocks <- block
			block = nil
		}
	}
	blocks <- block
	close(blocks)
	wait.Wait()
	slices.Sort(sum.differ)
	return sum
}

func judgeBlock(index *geo.Coverage, oracle *coverages.Oracle, block []orb.Point) verdict {
	v := verdict{asked: len(block)}
	batch := make([]int32, len(block))
	index.LocateBatch(block, batch)
	var want, got []int
	for i, p := range block {
		want, got = oracle.All(p, want[:0]), index.LocateAll(p, got[:0])
		owner := -1
		if len(want) > 0 {
			owner = want[0]
			v.owned++
		}
		if len(want) > 1 {
			v.several++
		}
		one, ok := index.Locate(p)
		if !ok {
			one = -1
		}
		if one != owner || int(batch[i]) != owner || !slices.Equal(got, want) {
			v.differ = append(v.differ, describe(p, want, one, got, batch[i]))
		}
	}
	return v
}

func describe(p orb.Point, want []int, one int, all []int, batch int32) string {
	return fmt.Sprintf("(%x, %x): exactly %v; Locate %d, LocateAll %v, LocateBatch %d", p[0], p[1], want, one, all, batch)
}
