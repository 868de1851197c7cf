package geo_test

import (
	"runtime"
	"slices"
	"testing"

	"github.com/paulmach/orb"

	"hazgrid/geo"
	"hazgrid/internal/coverages"
)

// Faces that lie on one another have sides that no finer square tells apart: memory stays in proportion.
func TestManyFacesOnOneAnother(t *testing.T) {
	cells := make([]orb.MultiPolygon, 40)
	for i := range cells {
		cells[i] = orb.MultiPolygon{{{{120, 22}, {120.5, 22.1}, {120.4, 22.6}, {119.9, 22.4}, {120, 22}}}}
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	c := newCoverage(t, cells)
	runtime.ReadMemStats(&after)
	if kB := (after.TotalAlloc - before.TotalAlloc) >> 10; kB > 10_000 {
		t.Errorf("%d kB for %d faces", kB, len(cells))
	}
	v := judgeBlock(c, coverages.NewOracle(cells), slices.Collect(coverages.NewCorpus(cells, c.RasterCorners(), 1).Points(500)))
	if len(v.differ) > 0 {
		t.Error(v.differ[0])
	}
}

// A spike is no part of a face, whoever else has a side there and whichever of them came last.
func TestSpikesAreNothing(t *testing.T) {
	plain, beside, at := box(2, 0, 3, 1), box(0, 0, 2, 1), orb.Point{1, 1}
	for _, ring := range []orb.Ring{
		{{2, 1}, {2, 0}, {3, 0}, {3, 1}, {2, 1}, {0, 1}, {2, 1}},
		{{2, 1}, {0, 1}, {2, 1}, {3, 1}, {3, 0}, {2, 0}, {2, 1}},
	} {
		spiked := orb.MultiPolygon{{ring}}
		edited, err := newCoverage(t, []orb.MultiPolygon{plain, beside}).With(geo.Change{Face: 0, Cell: spiked})
		if err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]*geo.Coverage{"fresh": newCoverage(t, []orb.MultiPolygon{spiked, beside}), "edited": edited} {
			if face, ok := c.Locate(at); !ok || face != 1 {
				t.Errorf("%s: face %d, %v; want 1", name, face, ok)
			}
		}
	}
}

// A ring without a side widens no box.
func TestBoundAfterAnEdit(t *testing.T) {
	odd := append(box(0, 0, 1, 1)[0], orb.Ring{{50, 50}, {50, 50}})
	c := newCoverage(t, []orb.MultiPolygon{{odd}, box(0, 0, 1, 1)})
	next, err := c.With(geo.Change{Face: 1, Cell: box(0, 0, 1, 0.5)})
	if err != nil || next.Bound() != c.Bound() {
		t.Errorf("bound %v, %v; want %v", next.Bound(), err, c.Bound())
	}
}
