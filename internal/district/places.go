package district

import (
	"fmt"
	"math"
)

// marketTown is 塘下镇, in townNames.
const marketTown = 7

// addMarket adds the management office of a market, and its tenants in the hall next to it:
// all of them at one coordinate, which nobody else has.
func (c *census) addMarket() {
	order := c.ranked(func(g int) float64 {
		if c.grids[g].town == marketTown && !c.quiet[g] {
			return -c.grids[g].crowd
		}
		return 1
	})
	g := order[0]
	hall := c.spot(g, c.anywhere(g))
	office := c.spot(g, onBoard(hall[0], hall[1]))
	c.firms = append(c.firms, firm{kind: "other", grid: g, at: office})
	parent := firmID(len(c.firms) - 1)
	for range tenantCount {
		c.firms = append(c.firms, firm{kind: "multi_tenant", parent: parent, grid: g, at: hall})
	}
}

// addProjects adds the construction projects, each in a grid of its own.
func (c *census) addProjects() {
	order := c.ranked(func(g int) float64 {
		if u := c.grids[g].crowd; c.quiet[g] || u < 0.08 || u > 0.7 {
			return 1
		}
		return c.r.Float64()
	})
	for _, g := range order[:projectCount] {
		c.firms = append(c.firms, firm{kind: "construction", grid: g, at: c.spot(g, c.anywhere(g))})
	}
}

func firmID(i int) string { return fmt.Sprintf("E%05d", i+1) }

// A trade is an industry (GB/T 4754 two-digit class) and the word for it in the name of a firm.
type trade struct{ industry, word, form string }

func trades(kind string) []trade {
	switch kind {
	case "combined_use":
		return []trade{
			{"F52", "杂货", "店"}, {"F52", "服装", "店"}, {"H62", "饮食", "店"}, {"C19", "鞋料", "加工点"}, {"C29", "塑料", "加工点"}, {"O80", "修理", "铺"},
		}
	case "construction":
		return []trade{
			{"E47", "住宅", "工程"}, {"E48", "道路", "工程"}, {"E48", "市政管网", "工程"}, {"E48", "水闸", "工程"}, {"E50", "园林", "工程"},
		}
	case "multi_tenant":
		return []trade{{"F51", "面料", "商行"}, {"F51", "五金", "商行"}, {"F51", "鞋材", "商行"}, {"F52", "灯具", "商行"}}
	case "other":
		return []trade{{"G59", "仓储", "仓库"}, {"P83", "培训", "中心"}, {"L72", "物业", "管理处"}}
	}
	return []trade{
		{"C19", "鞋业", "有限公司"},
		{"C36", "汽配", "有限公司"},
		{"C34", "机械", "有限公司"},
		{"C29", "塑胶", "有限公司"},
		{"C26", "化工", "有限公司"},
		{"C18", "针织", "有限公司"},
		{"C33", "金属制品", "厂"},
		{"C23", "印刷", "厂"},
	}
}

// describe fills in what a premises says of itself.
func (c *census) describe(f *firm, i int) {
	r := c.r
	f.id = firmID(i)
	list := trades(f.kind)
	t := list[r.IntN(len(list))]
	f.industry, f.name = t.industry, firmName(r, t.word, t.form)
	f.address = address(r, c.grids[f.grid].name)
	f.declared = c.declare(f.grid)
	f.opened = moment(-r.IntN(15*365)-1, 0)
	switch f.kind {
	case "combined_use":
		f.size, f.floorM2 = "micro", c.floor(130)
		if r.IntN(8) == 0 {
			f.credit = creditCode(r, "92")
		}
	case "enterprise":
		f.size = pick(r, "large medium medium small small small small micro micro")
		f.risk = c.riskColour()
		if r.IntN(2) == 0 {
			f.floorM2 = c.floor(900)
		}
		if r.IntN(5) < 3 {
			f.credit = creditCode(r, "91")
		}
	case "multi_tenant":
		f.size, f.floorM2 = "micro", c.floor(40)
	}
}

// declare returns the grid a premises says it is in: mostly right, sometimes nothing, seldom a wrong one.
func (c *census) declare(g int) string {
	switch n := c.r.IntN(100); {
	case n < 5:
		return ""
	case n == 5:
		return c.grids[(g+1)%len(c.grids)].code
	}
	return c.grids[g].code
}

// riskColour grades about half of the firms.
func (c *census) riskColour() string {
	switch n := c.r.IntN(100); {
	case n < 2:
		return "red"
	case n < 9:
		return "orange"
	case n < 27:
		return "yellow"
	case n < 50:
		return "blue"
	}
	return ""
}

// floor returns a floor area around the median, in m² to one decimal.
func (c *census) floor(median float64) float64 {
	return math.Round(10*median*math.Exp(0.7*c.r.NormFloat64())) / 10
}
