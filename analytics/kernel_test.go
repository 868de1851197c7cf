package analytics_test

import (
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"

	"hazgrid/analytics"
)

func ExampleLattice_Density() {
	l := plane(5, 5, 100)
	d := l.Density([]analytics.Event{{Column: 2, Row: 2, Weight: 4}}, 250)
	fmt.Printf("%.1f per km² at the place, %.1f 100 m from it\n", d[12]*1e6, d[13]*1e6)
	// Output:
	// 61.1 per km² at the place, 43.1 100 m from it
}

// plane is a lattice in a plane with nodes step metres apart, the first at (0, 0), rows to the north.
func plane(columns, rows int, step float64) analytics.Lattice {
	l := analytics.Lattice{Columns: columns}
	for j := range rows {
		l.North = append(l.North, float64(j)*step)
		l.Step = append(l.Step, step)
	}
	return l
}

// judge is what spatstat, in R, makes of some points: testdata/oracle/kernel.R.
type judge struct {
	Bandwidth            float64
	Window               [][2]float64
	X, Y, Density, Share []float64
}

func kernelJudge(t *testing.T) judge {
	t.Helper()
	var j judge
	oracle(t, "kernel.json", &j)
	if len(j.X) != 106 || len(j.Share) != 106 {
		t.Fatalf("%d points", len(j.X))
	}
	return j
}

func (j judge) events(step float64) (events []analytics.Event) {
	for i := range j.X {
		events = append(events, analytics.Event{Column: j.X[i] / step, Row: j.Y[i] / step, Weight: 1})
	}
	return events
}

// Coordinates of the points are whole, so on a lattice of 1 m each point is a node.
func TestDensityOfSpatstat(t *testing.T) {
	j := kernelJudge(t)
	for i := range j.X {
		l := analytics.Lattice{Columns: 1, North: []float64{0, 1}, Step: []float64{1, 1}} // around the point
		events := j.events(1)
		for k := range events {
			events[k].Column -= j.X[i]
			events[k].Row -= j.Y[i]
		}
		if got := float64(l.Density(events, j.Bandwidth)[0]); math.Abs(got/j.Density[i]-1) > 1e-6 {
			t.Errorf("at %v, %v: %v, spatstat %v", j.X[i], j.Y[i], got, j.Density[i])
		}
	}
}

// The lattice is as coarse as any that is served: twelve nodes to the bandwidth. The window's sides run along its rows and
// columns, which is the worst for counting 4 × 4 places around each node, as the service does: all are off to one side.
func TestSharesOfSpatstat(t *testing.T) {
	j := kernelJudge(t)
	step := j.Bandwidth / 12
	l := plane(int(4000/step)+3, int(3000/step)+3, step)
	for places, most := range map[int]float64{15: 0.007, 4: 0.011} {
		values := l.Shares(insides(l, j.Window, places), places*places, j.Bandwidth)
		for i := range j.X {
			var got [1]float64
			l.Along(values, j.Y[i]/step, j.X[i]/step, 0, got[:])
			if math.Abs(got[0]-j.Share[i]) > most {
				t.Errorf("by %d² places, at %v, %v: %v, spatstat %v", places, j.X[i], j.Y[i], got[0], j.Share[i])
			}
		}
	}
}

// insides is how much of the square around each node of a plane lies in a polygon, by n² places in it.
func insides(l analytics.Lattice, window [][2]float64, n int) []uint8 {
	out := make([]uint8, l.Columns*len(l.North))
	place := func(node, k int) float64 { return (float64(node) + (float64(k)+0.5)/float64(n) - 0.5) * l.Step[0] }
	for at := range out {
		for k := range n * n {
			if holds(window, place(at%l.Columns, k%n), place(at/l.Columns, k/n)) {
				out[at]++
			}
		}
	}
	return out
}

func holds(ring [][2]float64, x, y float64) (in bool) {
	for i, p := range ring {
		q := ring[(i+1)%len(ring)]
		if (p[1] > y) != (q[1] > y) && x < p[0]+(y-p[1])/(q[1]-p[1])*(q[0]-p[0]) {
			in = !in
		}
	}
	return in
}

// Without an edge, as much lies under the density as there are events, wherever they are and however the nodes lie.
func TestDensitySumsToEvents(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const bandwidth = 1200
		l := analytics.Lattice{Columns: 80}
		falling := rapid.Bool().Draw(t, "falling")
		for j := range 80 { // the step changes as it does on 40 km of ground at 60°
			north := float64(j) * 100
			if falling {
				north = -north
			}
			l.North, l.Step = append(l.North, north), append(l.Step, 100*(1-north*2.7e-7))
		}
		var events []analytics.Event
		var want, got float64
		for range rapid.IntRange(1, 5).Draw(t, "events") {
			e := analytics.Event{
				Column: rapid.Float64Range(13, 66).Draw(t, "column"), Row: rapid.Float64Range(13, 66).Draw(t, "row"),
				Weight: float64(rapid.IntRange(1, 9).Draw(t, "weight")),
			}
			events, want = append(events, e), want+e.Weight
		}
		for i, v := range l.Density(events, bandwidth) {
			got += float64(v) * l.Area(i/80)
		}
		if math.Abs(got/want-1) > 1e-3 {
			t.Fatalf("%v of %v", got, want)
		}
	})
}

// Evenly spread events are evenly dense up to the edge, once it is corrected.
func TestCorrectedIsEvenToTheEdge(t *testing.T) {
	const n, bandwidth = 60, 12
	l := plane(n, n, 1)
	inside := make([]uint8, n*n)
	var events []analytics.Event
	for i := range inside {
		if column, row := i%n, i/n; column >= 10 && row >= 20 && column+row < 90 {
			inside[i] = 1
			events = append(events, analytics.Event{Column: float64(column), Row: float64(row), Weight: 3})
		}
	}
	shares := l.Shares(inside, 1, bandwidth)
	for i, v := range analytics.Corrected(l.Density(events, bandwidth), shares) {
		if inside[i] == 1 && math.Abs(float64(v)-3) > 0.03 {
			t.Errorf("column %d, row %d: %v, want 3 (share %v)", i%n, i/n, v, shares[i])
		}
		if s := shares[i]; s < 0 || s > 1+1e-6 {
			t.Errorf("share %v", s)
		}
	}
	if got := shares[33*n+23]; got != 1 {
		t.Errorf("far from the edge the share is %v", got)
	}
	if got := shares[0]; got != 0 {
		t.Errorf("far outside the share is %v", got)
	}
}

// Between nodes the density is off by step²/h² of what the events would make at one place, at most.
func TestAlongIsNear(t *testing.T) {
	const step, bandwidth = 75., 900.
	j := kernelJudge(t)
	l := plane(80, 60, step)
	values := l.Density(j.events(step), bandwidth)
	finer := plane(80*5, 60*5, step/5)
	exact := finer.Density(j.events(step/5), bandwidth)
	row := make([]float64, finer.Columns-5)
	var worst float64
	for y := range 60*5 - 5 {
		l.Along(values, float64(y)/5, 0, 0.2, row)
		for x, v := range row {
			worst = max(worst, math.Abs(v-float64(exact[y*finer.Columns+x])))
		}
	}
	one := 3 / (math.Pi * bandwidth * bandwidth)
	if bound := float64(len(j.X)) * one * step * step / bandwidth / bandwidth; worst > bound {
		t.Errorf("off by %v, at most %v", worst, bound)
	}
	if most := 0.02 * one * 20; worst > most { // some twenty events are around the densest place
		t.Errorf("off by %v, want at most %v", worst, most)
	}
}

func TestAlongBeyondTheNodes(t *testing.T) {
	l := plane(2, 2, 1)
	var got [4]float64
	l.Along([]float32{1, 2, 3, 4}, -5, -1, 1, got[:])
	if got != [4]float64{1, 1, 2, 2} {
		t.Errorf("north: %v", got)
	}
	l.Along([]float32{1, 2, 3, 4}, 9, 0.5, 0, got[:])
	if got != [4]float64{3.5, 3.5, 3.5, 3.5} {
		t.Errorf("south: %v", got)
	}
}

func BenchmarkDensity(b *testing.B) {
	l := plane(1024, 512, 1000./15)
	var events []analytics.Event
	for i := range 20_000 {
		x := math.Mod(float64(i)*math.Phi, 1)
		events = append(events, analytics.Event{Column: x * 1024, Row: math.Mod(x*977, 1) * 512, Weight: 1})
	}
	for b.Loop() {
		l.Density(events, 1000)
	}
}
