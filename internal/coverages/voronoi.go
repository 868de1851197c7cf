package coverages

import (
	"math"
	"math/rand/v2"
	"runtime"
	"sync"

	"github.com/paulmach/orb"
)

// A Voronoi describes a coverage of a box by the Voronoi cells of random sites.
type Voronoi struct {
	N    int       // how many cells
	Jags int       // vertices on each side between two cells; 0: straight
	Seed uint64    // of the sites and the jags
	Box  orb.Bound // degrees; empty: a city of 40 by 35 km at (120.3, 22.6)
}

// City is 40 by 35 km in degrees: at 22.6° north a degree of longitude is 102.8 km and one of
// latitude 110.7 km (WGS 84).
func City() orb.Bound {
	return orb.Bound{Min: orb.Point{120.3, 22.6}, Max: orb.Point{120.3 + 40/102.8, 22.6 + 35/110.7}}
}

// Grids is the coverage with n cells that the benchmarks use: 1,888 cells have about 90,000
// vertices, 100,000 about 2.5 million, more than that straight sides, about seven a cell.
func Grids(n int) []orb.MultiPolygon {
	v := Voronoi{N: n, Seed: 1}
	switch {
	case n <= 10_000:
		v.Jags = 7
	case n <= 200_000:
		v.Jags = 3
	}
	cells, _ := v.Cells()
	return cells
}

// Cells draws the cells and the sites they belong to, both along a [Morton] curve, as codes given
// out town by town would be. A vertex is computed from its three sites in an order of their
// own and a side from its two ends, so that neighbours have the same vertices to the last bit.
func (v Voronoi) Cells() ([]orb.MultiPolygon, []orb.Point) {
	if v.Box.IsZero() {
		v.Box = City()
	}
	r := rand.New(rand.NewPCG(v.Seed, 5))
	sites := make([]orb.Point, v.N)
	for i := range sites {
		sites[i] = within(r, v.Box)
	}
	SortMorton(sites, v.Box)
	d := &diagram{Voronoi: v, sites: sites, buckets: newBuckets(v.Box, len(sites)/2+1)}
	d.buckets.fill(len(sites), func(i int) orb.Bound { return sites[i].Bound() })
	cells := make([]orb.MultiPolygon, v.N)
	var wait sync.WaitGroup
	workers := runtime.NumCPU()
	for w := range workers {
		wait.Go(func() {
			for i := w * v.N / workers; i < (w+1)*v.N/workers; i++ {
				cells[i] = orb.MultiPolygon{{d.ring(int32(i))}}
			}
		})
	}
	wait.Wait()
	return cells, sites
}

func within(r *rand.Rand, b orb.Bound) orb.Point {
	return orb.Point{b.Min[0] + r.Float64()*(b.Max[0]-b.Min[0]), b.Min[1] + r.Float64()*(b.Max[1]-b.Min[1])}
}

// A diagram knows the sites by place. The box' sides count as neighbours with numbers below zero.
type diagram struct {
	Voronoi
	sites   []orb.Point
	buckets *buckets
}

const (
	south = -1 - iota
	east
	north
	west
)

// A corner is where a cell's boundary turns, and the neighbour beside the side that follows.
type corner struct {
	at   orb.Point
	next int32
}

// ring is the boundary of site i's cell, anticlockwise.
func (d *diagram) ring(i int32) orb.Ring {
	corners := d.cell(i)
	var ring orb.Ring
	for k, c := range corners {
		end := corners[(k+1)%len(corners)].at
		if c.at == end {
			continue
		}
		ring = append(ring, c.at)
		if c.next >= 0 {
			ring = d.jag(ring, i, c, end)
		}
	}
	return append(ring, ring[0])
}

// cell cuts the box down by the bisectors with the sites around i, nearest buckets first, until
// no site further out can reach a corner: one beyond twice the farthest corner's distance cannot.
func (d *diagram) cell(i int32) []corner {
	p, b := d.sites[i], d.Box
	cell := []corner{{b.Min, south}, {orb.Point{b.Max[0], b.Min[1]}, east}, {b.Max, north}, {orb.Point{b.Min[0], b.Max[1]}, west}}
	var spare []corner
	for ring := 0; ; ring++ {
		if near := float64(ring-1) * d.buckets.least(); ring > 0 && near > 0 && near*near > 4*farthest(cell, p) {
			return cell
		}
		more := d.buckets.around(p, ring, func(j int32) {
			if j != i {
				spare = d.cut(spare[:0], cell, i, j)
				cell, spare = spare, cell
			}
		})
		if !more {
			return cell
		}
	}
}

func farthest(cell []corner, p orb.Point) (most float64) {
	for _, c := range cell {
		most = max(most, square(c.at, p))
	}
	return most
}

// cut appends to kept what of i's cell is nearer to i than to j.
func (d *diagram) cut(kept, cell []corner, i, j int32) []corner {
	p, q := d.sites[i], d.sites[j]
	for k, c := range cell {
		following := cell[(k+1)%len(cell)]
		in, nextIn := square(c.at, p) <= square(c.at, q), square(following.at, p) <= square(following.at, q)
		switch {
		case in && nextIn:
			kept = append(kept, c)
		case in:
			kept = append(kept, c, corner{d.vertex(i, j, c.next), j})
		case nextIn:
			kept = append(kept, corner{d.vertex(i, j, c.next), c.next})
		}
	}
	return kept
}

// vertex is where the cells of i, j and k meet; k may be a side of the box.
func (d *diagram) vertex(i, j, k int32) orb.Point {
	if i > j {
		i, j = j, i
	}
	if k < 0 {
		return d.onSide(d.sites[i], d.sites[j], k)
	}
	if k < i {
		i, j, k = k, i, j
	} else if k < j {
		j, k = k, j
	}
	return circumcentre(d.sites[i], d.sites[j], d.sites[k])
}

// onSide is where the bisector of p and q meets a side of the box.
func (d *diagram) onSide(p, q orb.Point, side int32) orb.Point {
	along, across, level := 0, 1, d.Box.Min[1]
	switch side {
	case north:
		level = d.Box.Max[1]
	case west:
		along, across, level = 1, 0, d.Box.Min[0]
	case east:
		along, across, level = 1, 0, d.Box.Max[0]
	}
	m := orb.Point{(p[0] + q[0]) / 2, (p[1] + q[1]) / 2}
	var at orb.Point
	at[across] = level
	at[along] = m[along] - (level-m[across])*(q[across]-p[across])/(q[along]-p[along])
	return at
}

func circumcentre(a, b, c orb.Point) orb.Point {
	bx, by, cx, cy := b[0]-a[0], b[1]-a[1], c[0]-a[0], c[1]-a[1]
	bb, cc, det := bx*bx+by*by, cx*cx+cy*cy, 2*(bx*cy-by*cx)
	return orb.Point{a[0] + (cy*bb-by*cc)/det, a[1] + (bx*cc-cx*bb)/det}
}

// square is the squared distance.
func square(a, b orb.Point) float64 {
	dx, dy := a[0]-b[0], a[1]-b[1]
	return dx*dx + dy*dy
}

// jag appends the vertices between the side's ends. They stay in a rhombus about the side that
// reaches less than a third of the way to either site: the triangles that sides make with their
// sites do not meet, so no two jagged lines do.
func (d *diagram) jag(ring orb.Ring, i int32, from corner, to orb.Point) orb.Ring {
	a, b, site := from.at, to, d.sites[min(i, from.next)]
	turned := b[0] < a[0] || b[0] == a[0] && b[1] < a[1]
	if turned {
		a, b = b, a
	}
	x, y := b[0]-a[0], b[1]-a[1]
	length := math.Hypot(x, y)
	if length < 1e-9 { // 0.1 mm: the middle would not be clear of rounding
		return ring
	}
	foot := ((site[0]-a[0])*x + (site[1]-a[1])*y) / (length * length)
	height := math.Abs((site[0]-a[0])*y-(site[1]-a[1])*x) / length
	reach := 0.3 * min(1, height/length/max(foot, 1-foot))
	r := rand.New(rand.NewPCG(d.Seed, uint64(min(i, from.next))<<32|uint64(max(i, from.next))))
	first := len(ring)
	for k := range d.Jags {
		t := float64(k+1) / float64(d.Jags+1)
		off := reach * min(t, 1-t) * (2*r.Float64() - 1)
		ring = append(ring, orb.Point{a[0] + t*x - off*y, a[1] + t*y + off*x})
	}
	if turned {
		reverse(ring[first:])
	}
	return ring
}

func reverse(points []orb.Point) {
	for i, j := 0, len(points)-1; i < j; i, j = i+1, j-1 {
		points[i], points[j] = points[j], points[i]
	}
}
