package main

import (
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"

	"hazgrid/geo"
)

// An editor publishes one coverage after the other.
type editor struct {
	current atomic.Pointer[geo.Coverage]
	moves   []move        // yet to come
	spent   time.Duration // on all that were published, with the waits between
}

// A move takes a vertex that grids share elsewhere.
type move struct {
	from, to orb.Point
	faces    []int32
}

// newEditor draws n vertices inside the coverage's box. Each goes a tenth of the way to the next one of some grid.
func newEditor(cells []orb.MultiPolygon, n int) (*editor, error) {
	c, err := geo.NewCoverage(cells)
	if err != nil {
		return nil, err
	}
	e := &editor{moves: make([]move, 0, n)}
	e.current.Store(c)
	box, r := c.Bound(), rand.New(rand.NewPCG(7, 8))
	at := make(map[orb.Point]*move, n)
	for len(e.moves) < n {
		ring := cells[r.IntN(len(cells))][0][0]
		i := r.IntN(len(ring) - 1)
		p, q := ring[i], ring[i+1]
		inside := box.Min[0] < p[0] && p[0] < box.Max[0] && box.Min[1] < p[1] && p[1] < box.Max[1]
		if inside && at[p] == nil {
			e.moves = append(e.moves, move{from: p, to: orb.Point{p[0] + 0.1*(q[0]-p[0]), p[1] + 0.1*(q[1]-p[1])}})
			at[p] = &e.moves[len(e.moves)-1]
		}
	}
	for face, cell := range cells {
		for _, p := range cell[0][0][1:] {
			if m := at[p]; m != nil {
				m.faces = append(m.faces, int32(face))
			}
		}
	}
	return e, nil
}

// changes gives the faces around a vertex their new shapes.
func (m *move) changes(c *geo.Coverage) (changes []geo.Change) {
	for _, face := range m.faces {
		cell := c.Cell(int(face)).Clone()
		for i, p := range cell[0][0] {
			if p == m.from {
				cell[0][0][i] = m.to
			}
		}
		changes = append(changes, geo.Change{Face: int(face), Cell: cell})
	}
	return changes
}

// publish makes the next n moves, at their times, and tells how long each took from the start of With until readers had it.
func (e *editor) publish(n int) (took []time.Duration, err error) {
	began := time.Now()
	defer func() { e.spent += time.Since(began) }()
	for i := range n {
		time.Sleep(time.Until(began.Add(time.Duration(i) * time.Second / editsASecond)))
		c := e.current.Load()
		changes := e.moves[i].changes(c)
		start := time.Now()
		next, err := c.With(changes...)
		if err != nil {
			return nil, err
		}
		e.current.Store(next)
		took = append(took, time.Since(start))
	}
	e.moves = e.moves[n:]
	return took, nil
}

// A crowd is readers of what an editor publishes, each with a share of the points.
type crowd []*reader

// A reader looks up block after block of its points, and notes how long each block took.
type reader struct {
	editor        *editor
	points        []orb.Point
	took          []time.Duration
	looked, wrong int
}

// together is how many lookups are timed together, lookAt of how many such blocks one answer is looked at.
const (
	together = 100
	lookAt   = 64
)

func (e *editor) readers(n int, points []orb.Point) (all crowd) {
	for i := range n {
		from, to := i*len(points)/n, (i+1)*len(points)/n
		all = append(all, &reader{editor: e, points: points[from:to], took: make([]time.Duration, 0, 1<<20)})
	}
	return all
}

// read lets all read while something else is done, and returns what they needed for a block.
func (all crowd) read(meanwhile func()) (took []time.Duration) {
	heap() // each reading begins with the garbage of those before it gone
	var stop atomic.Bool
	var wait sync.WaitGroup
	for _, r := range all {
		wait.Go(func() { r.read(&stop) })
	}
	meanwhile()
	stop.Store(true)
	wait.Wait()
	for _, r := range all {
		took = append(took, r.took...)
	}
	return took
}

func (r *reader) read(stop *atomic.Bool) {
	r.took = r.took[:0]
	for n := 0; !stop.Load(); n++ {
		from := n * together % (len(r.points) - together)
		points := r.points[from : from+together]
		c, face, ok := r.editor.current.Load(), 0, false
		start := time.Now()
		for _, p := range points {
			face, ok = c.Locate(p)
		}
		r.took = append(r.took, time.Since(start))
		if n%lookAt == 0 {
			r.look(c, points[together-1], face, ok)
		}
	}
}

// look holds an answer against the shape that the face has in the coverage that gave it: the coverages fill their box.
func (r *reader) look(c *geo.Coverage, p orb.Point, face int, ok bool) {
	r.looked++
	if !ok || !planar.MultiPolygonContains(c.Cell(face), p) {
		r.wrong++
	}
}

func (all crowd) verdict() (wrong, looked int) {
	for _, r := range all {
		wrong, looked = wrong+r.wrong, looked+r.looked
	}
	return wrong, looked
}

// Quantiles are those of several readings, in nanoseconds.
type quantiles struct{ p50, p99 []float64 }

func (q *quantiles) add(took []time.Duration) {
	slices.Sort(took)
	q.p50 = append(q.p50, float64(took[len(took)/2]))
	q.p99 = append(q.p99, float64(took[len(took)*99/100]))
}
