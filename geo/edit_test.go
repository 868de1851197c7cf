package geo_test

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/paulmach/orb"
	"go.uber.org/goleak"

	"hazgrid/geo"
	"hazgrid/internal/coverages"
)

// An editor changes a mesh as planners do.
type editor struct {
	*rand.Rand
	cells []orb.MultiPolygon
}

// edit is one change: mostly a vertex that all faces around it share is moved, sometimes a face gives
// its ground away, vanishes, comes back or lands on top of others.
func (e *editor) edit() []geo.Change {
	switch i := e.IntN(len(e.cells)); e.IntN(10) {
	case 0:
		return []geo.Change{{Face: i}}
	case 1:
		return []geo.Change{{Face: i, Cell: e.cells[e.IntN(len(e.cells))]}}
	case 2:
		j := e.IntN(len(e.cells))
		if i == j {
			return nil
		}
		return []geo.Change{{Face: i, Cell: e.cells[j]}, {Face: j, Cell: e.cells[i]}}
	default:
		return e.moveVertex(i)
	}
}

// moveVertex moves some vertex of face i, and that of every face that has it, by a little.
func (e *editor) moveVertex(i int) (changes []geo.Change) {
	if len(e.cells[i]) == 0 {
		return nil
	}
	ring := e.cells[i][0][0]
	from := ring[e.IntN(len(ring))]
	by := 0.2 * math.Hypot(ring[1][0]-ring[0][0], ring[1][1]-ring[0][1])
	to := orb.Point{from[0] + by*(e.Float64()-0.5), from[1] + by*(e.Float64()-0.5)}
	for k, cell := range e.cells {
		if moved, changed := move(cell, from, to); changed {
			changes = append(changes, geo.Change{Face: k, Cell: moved})
		}
	}
	return changes
}

func move(cell orb.MultiPolygon, from, to orb.Point) (moved orb.MultiPolygon, changed bool) {
	moved = cell.Clone()
	for _, polygon := range moved {
		for _, ring := range polygon {
			for k := range ring {
				if ring[k] == from {
					ring[k], changed = to, true
				}
			}
		}
	}
	return moved, changed
}

func (e *editor) apply(changes []geo.Change) {
	e.cells = slices.Clone(e.cells)
	for _, ch := range changes {
		e.cells[ch.Face] = ch.Cell
	}
}

// After any edits the coverage answers as one made from the shapes afresh, and the one before as before.
func TestWithIsAsMadeAfresh(t *testing.T) {
	for name, cells := range meshes() {
		t.Run(name, func(t *testing.T) {
			e := &editor{rand.New(rand.NewPCG(31, 32)), cells}
			c := newCoverage(t, cells)
			for n := range 60 {
				changes := e.edit()
				before, points := ownersAt(c, scattered(cells, 50)), scattered(cells, 50)
				next, err := c.With(changes...)
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(before, ownersAt(c, points)) {
					t.Fatalf("edit %d changed the coverage before it", n)
				}
				e.apply(changes)
				for _, ch := range changes {
					points = append(points, corners([]orb.MultiPolygon{ch.Cell, cells[ch.Face]})...)
				}
				points = append(points, scattered(e.cells, 300)...)
				fresh := newCoverage(t, e.cells)
				if got, want := ownersAt(next, points), ownersAt(fresh, points); !slices.Equal(got, want) {
					t.Fatalf("edit %d of %d faces: owners differ from those of a new coverage", n, len(changes))
				}
				if next.Bound() != fresh.Bound() {
					t.Fatalf("edit %d: bound %v, want %v", n, next.Bound(), fresh.Bound())
				}
				c = next
			}
			sameSearches(t, c, newCoverage(t, e.cells))
		})
	}
}

// ownersAt are all owners of each point, one list after the other.
func ownersAt(c *geo.Coverage, points []orb.Point) (all []int) {
	for _, p := range points {
		all = append(c.LocateAll(p, all), -1)
	}
	return all
}

func sameSearches(t *testing.T, a, b *geo.Coverage) {
	t.Helper()
	for i := range b.Len() {
		box := b.Cell(i).Bound()
		if got, want := a.Search(box, nil), b.Search(box, nil); !slices.Equal(got, want) {
			t.Errorf("search %v: %v, want %v", box, got, want)
		}
		if got, want := a.Intersects(b.Cell(i), nil), b.Intersects(b.Cell(i), nil); !slices.Equal(got, want) {
			t.Errorf("faces that meet face %d: %v, want %v", i, got, want)
		}
		if got, want := a.Nearest(box.Max, 4, 1e7, nil), b.Nearest(box.Max, 4, 1e7, nil); !slices.Equal(got, want) {
			t.Errorf("nearest %v: %v, want %v", box.Max, got, want)
		}
	}
}

func TestWithRefuses(t *testing.T) {
	c := newCoverage(t, []orb.MultiPolygon{box(0, 0, 1, 1)})
	for name, changes := range map[string][]geo.Change{
		"no such face":   {{Face: 1}},
		"below zero":     {{Face: -1}},
		"twice":          {{Face: 0}, {Face: 0, Cell: box(0, 0, 1, 2)}},
		"not a number":   {{Face: 0, Cell: box(0, 0, 1, math.NaN())}},
		"without an end": {{Face: 0, Cell: box(0, 0, math.Inf(1), 1)}},
		"too far away":   {{Face: 0, Cell: box(0, 0, 1e308, 1)}},
	} {
		if _, err := c.With(changes...); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if same, err := c.With(); err != nil || !slices.Equal(ownersAt(same, corners([]orb.MultiPolygon{c.Cell(0)})), ownersAt(c, corners([]orb.MultiPolygon{c.Cell(0)}))) {
		t.Errorf("no change: %v", err)
	}
}

// Eight readers ask at full speed while a writer publishes edits: every answer is that of a version alive
// at the time, and a batch is of one version.
func TestReadersWhileEditing(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	cells := mesh{wide: 12, high: 10, lon: 120.3, lat: 22.6, size: 0.006, jitter: 0.2, jags: 6, seed: 41}.cells()
	edits := 100
	if testing.Short() {
		edits = 30
	}
	versions, points := chainOf(t, cells, edits)
	right := make([][]int32, edits+1)
	for v, c := range versions {
		right[v] = batchOf(c, points)
	}
	var alive atomic.Int64 // versions[alive] is the newest
	var current atomic.Pointer[geo.Coverage]
	current.Store(versions[0])
	var readers sync.WaitGroup
	stop := make(chan struct{})
	for range 8 {
		readers.Go(func() { readAll(t, reading{&current, &alive, points, right, stop}) })
	}
	c := versions[0]
	e := &editor{rand.New(rand.NewPCG(42, 43)), cells}
	for v := 1; v <= edits; v++ { // made again, beside the readers
		changes := e.moveVertex(e.IntN(len(e.cells)))
		next, err := c.With(changes...)
		if err != nil {
			t.Error(err)
			break
		}
		e.apply(changes)
		alive.Store(int64(v))
		current.Store(next)
		c = next
	}
	close(stop)
	readers.Wait()
}

// chainOf is the coverage of cells and those after each of n edits, and points near what changes.
func chainOf(t *testing.T, cells []orb.MultiPolygon, n int) (versions []*geo.Coverage, points []orb.Point) {
	t.Helper()
	e := &editor{rand.New(rand.NewPCG(42, 43)), cells}
	versions, points = []*geo.Coverage{newCoverage(t, cells)}, scattered(cells, 500)
	for range n {
		changes := e.moveVertex(e.IntN(len(e.cells)))
		e.apply(changes)
		versions = append(versions, newCoverage(t, e.cells))
		for _, ch := range changes {
			points = append(points, ch.Cell[0][0][:3]...)
		}
	}
	return versions, points
}

func batchOf(c *geo.Coverage, points []orb.Point) []int32 {
	faces := make([]int32, len(points))
	c.LocateBatch(points, faces)
	return faces
}

type reading struct {
	current *atomic.Pointer[geo.Coverage]
	alive   *atomic.Int64
	points  []orb.Point
	right   [][]int32
	stop    chan struct{}
}

func readAll(t *testing.T, r reading) {
	for {
		oldest := int(r.alive.Load())
		got := batchOf(r.current.Load(), r.points)
		newest := min(int(r.alive.Load())+1, len(r.right)-1)
		oldest = max(0, oldest-1) // alive is told before the pointer
		if !slices.ContainsFunc(r.right[oldest:newest+1], func(want []int32) bool { return slices.Equal(got, want) }) {
			t.Errorf("a batch is right for none of the versions %d to %d", oldest, newest)
			return
		}
		select {
		case <-r.stop:
			return
		default:
		}
	}
}

// An edit takes memory for what it changes and for lists of pages, far less than for the list of all faces, 24 bytes each.
func TestWithTakesLittleMemory(t *testing.T) {
	const faces, edits = 20_000, 20
	e := &editor{rand.New(rand.NewPCG(3, 4)), coverages.Grids(faces)}
	c := newCoverage(t, e.cells)
	var all [][]geo.Change
	for range edits {
		all = append(all, e.moveVertex(e.IntN(len(e.cells))))
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, changes := range all {
		if _, err := c.With(changes...); err != nil {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	if bytes := (after.TotalAlloc - before.TotalAlloc) / edits; bytes > 24*faces/2 {
		t.Errorf("%d bytes an edit", bytes)
	}
}

// A border between two of a city's grids is moved.
func BenchmarkWith(b *testing.B) {
	cells := coverages.Grids(1888)
	e := &editor{rand.New(rand.NewPCG(1, 2)), cells}
	c := newCoverage(b, cells)
	var all [][]geo.Change
	for range 200 {
		all = append(all, e.moveVertex(e.IntN(len(cells))))
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if _, err := c.With(all[i%len(all)]...); err != nil {
			b.Fatal(err)
		}
		i++
	}
}
