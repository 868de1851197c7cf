package district

import "hazgrid/safety"

// The campaign of 17 to 20 December 2014.
const (
	campaignDay     = 350 // 17 December, counted from 1 January
	campaignHazards = 42
	campaignRectify = 6 // units ordered to rectify; the next one is suspended
)

// campaign inspects the construction projects on four days: every one once, two of them
// twice, with two officers, three times with three: 39 person-times.
func (l *ledger) campaign() {
	var projects []int
	for i, f := range l.firms {
		if f.kind == "construction" {
			projects = append(projects, i)
		}
	}
	for k, firm := range append(projects, projects[3], projects[campaignRectify]) {
		day, minute := campaignDay+k%4, 9*60+k*23
		if k == 0 {
			minute = 7*60 + 20 // still 16 December in UTC
		}
		order := "none"
		switch {
		case k < campaignRectify:
			order = "rectify"
		case k == campaignRectify:
			order = "suspend"
		}
		l.see(firm, moment(day, minute), "campaign", order)
		v := &l.visits[len(l.visits)-1]
		v.officers = 2
		if k%7 == 0 {
			v.officers = 3
		}
		if k < len(projects) {
			l.siteHazards(firm, v.at, k)
		}
	}
}

// siteHazards are those found at the k-th project: two, and one more until there are 42.
func (l *ledger) siteHazards(firm int, at safety.Time, k int) {
	n := 2
	if k < campaignHazards-2*projectCount {
		n++
	}
	for range n {
		h := hazard{firm: firm, found: at, source: "campaign", severity: "general", round: 1, aspect: "construction"}
		h.item = pick(l.r, "scaffold edge_protection tower_crane excavation temporary_power gas_pipe")
		h.description = remark(l.r, h.item)
		if k >= campaignRectify-1 && k <= campaignRectify+1 && l.r.IntN(2) == 0 {
			h.severity = "major"
		}
		l.order(&h)
		if h.severity == "general" && l.r.IntN(5) < 2 {
			l.mend(&h)
		}
		l.hazards = append(l.hazards, h)
	}
}
