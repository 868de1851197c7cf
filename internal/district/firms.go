package district

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/paulmach/orb"

	"hazgrid/safety"
)

// How many premises there are of each kind, and how many share a coordinate with others.
const (
	firmCount     = 21_500
	combinedCount = 9_775
	tenantCount   = 200 // all in one market
	projectCount  = 16  // construction
	stackedCount  = firmCount / 10
	quietCount    = 130 // grids in which nobody finds anything
)

// A firm is one located premises; grid is an index into the grids of level 3.
type firm struct {
	id, name, credit, declared, kind, parent, industry, size, risk, address string

	floorM2 float64 // 0: unknown
	opened  safety.Time
	at      orb.Point
	grid    int
}

// value returns the value of a field of safety.Enterprises.
func (f *firm) value(field string) any {
	switch field {
	case "id":
		return f.id
	case "name":
		return f.name
	case "credit_code":
		return text(f.credit)
	case "grid":
		return text(f.declared)
	case "kind":
		return f.kind
	case "parent":
		return text(f.parent)
	case "industry":
		return text(f.industry)
	case "size":
		return text(f.size)
	case "risk":
		return text(f.risk)
	case "address":
		return f.address
	case "floor_area_m2":
		if f.floorM2 > 0 {
			return f.floorM2
		}
		return nil
	case "opened_at":
		return instant(f.opened)
	}
	return common(field)
}

// A census is the people's side of the district in the making.
type census struct {
	*lattice
	r     *rand.Rand
	grids []grid // of level 3, in order of code
	quiet []bool // by grid
	taken map[orb.Point]bool
	firms []firm
}

// settleFirms puts all premises into the grids.
func (c *census) settleFirms() {
	c.taken = map[orb.Point]bool{}
	c.hush()
	counts := c.counts()
	stacks := c.stacks(counts)
	for g, n := range counts {
		c.fill(g, n, stacks[g])
	}
	c.combine()
	c.addMarket()
	c.addProjects()
	for i := range c.firms {
		c.describe(&c.firms[i], i)
	}
}

// hush picks the quiet grids, most of them in the hills.
func (c *census) hush() {
	c.quiet = make([]bool, len(c.grids))
	order := c.ranked(func(g int) float64 { return c.r.Float64() + 1.5*c.grids[g].crowd })
	for _, g := range order[:quietCount] {
		c.quiet[g] = true
	}
}

// ranked returns the grids by rising mark.
func (c *census) ranked(mark func(g int) float64) []int {
	order, marks := make([]int, len(c.grids)), make([]float64, len(c.grids))
	for g := range order {
		order[g], marks[g] = g, mark(g)
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(marks[a], marks[b]) })
	return order
}

// counts says how many premises each grid holds, apart from the market and the projects.
func (c *census) counts() []int {
	weights := make([]float64, len(c.grids))
	for g := range weights {
		weights[g] = (3.2 + 16*c.grids[g].crowd) * math.Exp(0.5*c.r.NormFloat64())
		if c.quiet[g] {
			weights[g] *= 0.3
		}
	}
	return share(weights, firmCount-tenantCount-projectCount-1, 0)
}

// stacks says how many premises of each grid share one building; with the market's tenants they are stackedCount.
func (c *census) stacks(counts []int) []int {
	left, stacks := stackedCount-tenantCount, make([]int, len(counts))
	for _, g := range c.ranked(func(int) float64 { return c.r.Float64() }) {
		n := min(3+c.r.IntN(22), counts[g]/2, left)
		if left-n == 1 {
			n++
		}
		if n >= 3 && c.grids[g].crowd > 0.2 || n == left && n > 1 {
			stacks[g] = n
			left -= n
		}
		if left == 0 {
			break
		}
	}
	return stacks
}

// fill puts n premises into a grid around a few hubs; the first stacked of them share one spot.
func (c *census) fill(g, n, stacked int) {
	hubs := make([]point, 1+c.r.IntN(3))
	for i := range hubs {
		hubs[i] = c.anywhere(g)
	}
	var building orb.Point
	for i := range n {
		f := firm{grid: g, at: building}
		if i >= max(stacked, 1) || i == 0 {
			f.at = c.spot(g, hubs[c.r.IntN(len(hubs))])
			building = f.at
		}
		c.firms = append(c.firms, f)
	}
}

// anywhere returns a point of a cell of the grid.
func (c *census) anywhere(g int) point {
	cells := c.grids[g].cells
	p := c.center(cells[c.r.IntN(len(cells))])
	return p.plus(point{c.r.Float64() - 0.5, c.r.Float64() - 0.5}.times(c.side))
}

// spot returns a coordinate of its own near the hub, at least two metres inside the grid.
func (c *census) spot(g int, hub point) orb.Point {
	spread := 0.16 * math.Sqrt(float64(len(c.grids[g].cells))*c.cellArea())
	for try := 0; ; try++ {
		p := hub.plus(point{c.r.NormFloat64(), c.r.NormFloat64()}.times(spread))
		if try > 5 {
			p = c.anywhere(g)
		}
		at := p.rounded()
		if !c.taken[at] && c.grids[g].room(onBoard(at[0], at[1])) > 0.002 {
			c.taken[at] = true
			return at
		}
	}
}

// combine makes combinedCount of the premises combined-use, more in some grids than in others.
func (c *census) combine() {
	lean := make([]float64, len(c.grids))
	for g := range lean {
		lean[g] = 0.35 * c.r.NormFloat64()
	}
	order, marks := make([]int, 0, len(c.firms)), make([]float64, len(c.firms))
	for i, f := range c.firms {
		c.firms[i].kind = "enterprise"
		if c.r.IntN(10) == 0 {
			c.firms[i].kind = "other"
		}
		marks[i] = c.r.Float64() + lean[f.grid]
		if !c.quiet[f.grid] {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(marks[a], marks[b]) })
	for _, i := range order[:combinedCount] {
		c.firms[i].kind = "combined_use"
	}
}
