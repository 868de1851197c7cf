package district

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"

	"hazgrid/safety"
)

// A hazard is one defect found at a firm (an index); its location is the firm's.
type hazard struct {
	id   string
	firm int

	aspect, item, responsible, severity, source, outcome, previous, description string

	found, reported, ordered, due, rectified, reviewed, closed safety.Time
	round                                                      int64
}

// value returns the value of a field of safety.Hazards.
func (h *hazard) value(field string) any {
	switch field {
	case "id":
		return h.id
	case "enterprise":
		return firmID(h.firm)
	case "round":
		return h.round
	case "aspect":
		return h.aspect
	case "item":
		return h.item
	case "responsible":
		return text(h.responsible)
	case "severity":
		return h.severity
	case "source":
		return h.source
	case "outcome":
		return text(h.outcome)
	case "previous":
		return text(h.previous)
	case "description":
		return h.description
	}
	return h.when(field)
}

// when returns the value of a field that says when something happened, or of a common one.
func (h *hazard) when(field string) any {
	switch field {
	case "found_at":
		return h.found
	case "reported_at":
		return instant(h.reported)
	case "ordered_at":
		return instant(h.ordered)
	case "due_at":
		return instant(h.due)
	case "rectified_at":
		return instant(h.rectified)
	case "reviewed_at":
		return instant(h.reviewed)
	case "closed_at":
		return instant(h.closed)
	}
	return common(field)
}

func hazardID(i int) string { return fmt.Sprintf("H%05d", i+1) }

// A ledger is what was found where, and who looked.
type ledger struct {
	*census
	fate    []float64 // by grid: how readily hazards are put right there, about 0 to 1
	hazards []hazard
	visits  []visit
}

// writeLedger fills the year 2014.
func (l *ledger) writeLedger() {
	l.foresee()
	l.combinedUse()
	l.market()
	l.rounds()
	l.recur()
	l.campaign()
	for i := range l.hazards {
		l.hazards[i].id = hazardID(i)
	}
	for i := range l.visits {
		l.visits[i].id = fmt.Sprintf("V%05d", i+1)
	}
}

// pilot reports whether a town is one of those in which combined-use premises were put right first (塘下, 锦湖, 莘塍).
func pilot(town int) bool { return town == marketTown || town == 1 || town == 2 }

// foresee draws the fate of each grid: better in the pilot towns, extreme in many grids.
func (l *ledger) foresee() {
	l.fate = make([]float64, len(l.grids))
	for g := range l.fate {
		l.fate[g] = 0.25 + 0.33*l.r.NormFloat64()
		if pilot(l.grids[g].town) {
			l.fate[g] += 0.22
		}
	}
}

// spotted begins a hazard found at a firm on a day, in office hours.
func (l *ledger) spotted(firm, day int, source string) hazard {
	return hazard{firm: firm, found: moment(day, 8*60+30+l.r.IntN(9*60)), source: source, severity: "general", round: 1}
}

// order gives a hazard its papers: reported the same day, ordered at once or a day later,
// due by the end of a day 7 to 30 days after that.
func (l *ledger) order(h *hazard) {
	h.reported = h.found + minutes(10+l.r.IntN(360))
	h.ordered = h.found + minutes(20)
	if l.r.IntN(3) == 0 {
		h.ordered = moment(dayOf(h.found)+1, 9*60+l.r.IntN(120))
	}
	h.ordered = min(h.ordered, moment(lastDay, lastMinute))
	h.reported = min(h.reported, moment(lastDay, lastMinute))
	h.due = endOf(dayOf(h.ordered) + 7 + l.r.IntN(24))
}

// mend rectifies a hazard before the year is over, three times in four by its deadline, and
// strikes it off after a review if there is time left.
func (l *ledger) mend(h *hazard) {
	from, by := dayOf(h.ordered)+1, dayOf(h.due)
	if l.r.IntN(4) == 0 {
		from, by = by+1, by+21
	}
	by = min(by, lastDay)
	from = min(from, by)
	h.rectified = max(moment(from+l.r.IntN(by-from+1), 9*60+l.r.IntN(7*60)), h.ordered)
	if day := dayOf(h.rectified) + 1 + l.r.IntN(6); day <= lastDay {
		h.reviewed = moment(day, 9*60+l.r.IntN(7*60))
		h.closed = h.reviewed
	}
}

// linger leaves a hazard open; now and then a review has failed and set a new deadline.
func (l *ledger) linger(h *hazard) {
	if day := dayOf(h.due) - 1; l.r.IntN(16) == 0 && day < lastDay {
		h.round, h.reviewed = 2, moment(day, 10*60+l.r.IntN(300))
		h.due = endOf(day + 7 + l.r.IntN(24))
	}
}

// rectifiedCount is the number of combined-use premises with all their hazards rectified.
const rectifiedCount = 2_232

// combinedUse screens every combined-use premises: one to four of the four checks fail, and
// exactly rectifiedCount premises have all of it put right.
func (l *ledger) combinedUse() {
	done := l.done()
	for i, f := range l.firms {
		if f.kind != "combined_use" {
			continue
		}
		n := 1
		for n < 4 && l.r.IntN(20) < 9-n {
			n++
		}
		l.screen(i, n, done[i])
	}
}

// done picks the premises that have everything put right.
func (l *ledger) done() map[int]bool {
	var order []int
	marks := make([]float64, len(l.firms))
	for i, f := range l.firms {
		if f.kind == "combined_use" {
			order = append(order, i)
			marks[i] = -l.fate[f.grid] + 0.3*l.r.NormFloat64()
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(marks[a], marks[b]) })
	done := map[int]bool{}
	for _, i := range order[:rectifiedCount] {
		done[i] = true
	}
	return done
}

// screen finds n of the four checks wanting at a combined-use premises on one day.
func (l *ledger) screen(firm, n int, done bool) {
	checks := []string{"wires", "open_flame", "partitions", "exits"}
	source := pick(l.r, "patrol patrol patrol joint self")
	first := l.spotted(firm, 30+l.r.IntN(310), source)
	left := l.r.IntN(n)
	for k, c := range l.r.Perm(4)[:n] {
		h := first
		h.aspect, h.item, h.description = checks[c], checks[c], remark(l.r, checks[c])
		l.order(&h)
		if done || k != left && l.r.Float64() < l.fate[l.firms[firm].grid]+0.2 {
			l.mend(&h)
		} else {
			l.linger(&h)
		}
		if l.r.IntN(40) == 0 {
			h.severity = "major"
		}
		l.hazards = append(l.hazards, h)
	}
	if l.r.IntN(5) == 0 {
		l.see(firm, first.found, source, "rectify")
	}
}

// market finds one hazard at each tenant of the market: a quarter for each kind of responsible unit.
func (l *ledger) market() {
	units := []string{"authority", "owner", "manager", "tenant"}
	items := []string{"exits", "electrical", "storage", "signage", "sprinklers"}
	tenant := 0
	for i, f := range l.firms {
		if f.kind != "multi_tenant" {
			continue
		}
		h := l.spotted(i, 250+tenant/100, "joint")
		h.aspect, h.item, h.responsible = "multi_tenant", items[l.r.IntN(len(items))], units[tenant%len(units)]
		h.description = remark(l.r, h.item)
		l.order(&h)
		if l.r.IntN(5) < 2 {
			l.mend(&h)
		}
		l.hazards = append(l.hazards, h)
		l.see(i, h.found, "joint", "none")
		tenant++
	}
}

// remark describes what was found, in words of nobody.
func remark(r *rand.Rand, item string) string {
	where := pick(r, "一层 二层 楼梯口 后间 门面 阁楼 仓间")
	what := map[string]string{
		"wires": "电线未穿管 插座无保护", "open_flame": "明火未集中 煤气瓶混放", "partitions": "隔板非阻燃 住宿未分隔", "exits": "通道堆物 出口上锁",
	}[item]
	if what == "" {
		what = "防护缺失 台账未更新 设备未检修 标识不清 培训无记录"
	}
	return Mark + where + pick(r, what)
}
