package district

import "hazgrid/safety"

// A visit is one inspection of a firm (an index).
type visit struct {
	id                string
	firm              int
	kind, order       string
	inspector, result string
	at                safety.Time
	officers          int64
}

// value returns the value of a field of safety.Inspections.
func (v *visit) value(field string) any {
	switch field {
	case "id":
		return v.id
	case "enterprise":
		return firmID(v.firm)
	case "kind":
		return v.kind
	case "at":
		return v.at
	case "inspector":
		return v.inspector
	case "officers":
		return v.officers
	case "result":
		return v.result
	case "order":
		return v.order
	}
	return common(field)
}

// see notes a visit; the officers are as many as such a visit takes.
func (l *ledger) see(firm int, at safety.Time, kind, order string) {
	officers := map[string]int64{"self": 1, "patrol": 1, "joint": 2}[kind]
	if kind != "self" {
		officers += int64(l.r.IntN(2))
	}
	result := pick(l.r, "现场检查完毕 已告知负责人 资料齐全")
	if order != "none" {
		result = "当场开具文书"
	}
	l.visits = append(l.visits, visit{
		firm: firm, at: at, kind: kind, order: order, officers: officers,
		inspector: Mark + person(l.r), result: Mark + result,
	})
}

// ordinary reports whether the rounds of the year lead to the firm: it is no combined-use
// premises, no tenant of the market and no project.
func (f *firm) ordinary() bool { return f.kind == "enterprise" || f.kind == "other" }

// rounds are the patrols, self-inspections and joint visits of the year at the ordinary firms.
func (l *ledger) rounds() {
	care := make([]float64, len(l.grids)) // how often a visit finds something, by grid
	for g := range care {
		care[g] = min(0.75, 0.30*l.r.ExpFloat64())
	}
	for i, f := range l.firms {
		if !f.ordinary() {
			continue
		}
		for l.r.IntN(10) < 4 {
			l.round(i, care[f.grid])
		}
	}
}

// round is one visit; with probability care it finds one to three hazards. Quiet grids stay quiet.
func (l *ledger) round(firm int, care float64) {
	day, kind, order := l.r.IntN(352), pick(l.r, "patrol patrol patrol self self joint"), "none"
	first := l.spotted(firm, day, kind)
	if !l.quiet[l.firms[firm].grid] && l.r.Float64() < care {
		order = "rectify"
		for n := 1 + l.r.IntN(3); n > 0; n-- {
			h := first
			if l.ordinary(&h); h.severity == "major" && l.r.IntN(4) == 0 {
				order = "suspend"
			}
			l.hazards = append(l.hazards, h)
		}
	}
	if kind == "self" {
		order = "none"
	}
	l.see(firm, first.found, kind, order)
}

// aspects are aspects of safety and what may be wanting in each.
func aspects() [][2]string {
	return [][2]string{
		{"basic_management", "ledger training plan duty"},
		{"equipment", "guards pressure_vessel lifting maintenance"},
		{"site_operation", "hot_work confined_space protection stacking"},
		{"fire", "exits extinguishers hydrant separation"},
		{"electrical", "wires switchboard earthing"},
		{"chemicals", "storage labels leakage"},
		{"health", "dust noise ventilation"},
	}
}

// ordinary makes of h one of the things a round finds, with what became of it.
func (l *ledger) ordinary(h *hazard) {
	list := aspects()
	a := list[l.r.IntN(len(list))]
	h.aspect, h.item = a[0], pick(l.r, a[1])
	h.description = remark(l.r, h.item)
	if l.r.IntN(22) == 0 {
		h.severity = "major"
	}
	if l.r.IntN(3) == 0 {
		h.responsible = pick(l.r, "owner manager tenant")
	}
	switch n := l.r.IntN(100); {
	case n < 2:
		h.outcome, h.reported = "void", h.found+minutes(60)
		return
	case n < 4:
		h.outcome, h.reported = "transferred", h.found+minutes(60)
		return
	case n < 14 && h.severity == "general":
		h.reported = h.found + minutes(5)
		h.closed = h.found + minutes(30+l.r.IntN(60))
		if n < 11 {
			h.rectified = h.closed
		}
		return
	}
	l.order(h)
	if l.r.Float64() < l.fate[l.firms[h.firm].grid]+0.35 {
		l.mend(h)
	} else {
		l.linger(h)
	}
}

// recur lets some closed hazards of the rounds come back: a new record that names the old one.
func (l *ledger) recur() {
	for i, n := 0, len(l.hazards); i < n; i++ {
		old := l.hazards[i]
		day := dayOf(old.closed) + 15 + l.r.IntN(60)
		if !l.firms[old.firm].ordinary() || !old.closed.IsSet() || day > 350 || l.r.IntN(25) != 0 {
			continue
		}
		h := l.spotted(old.firm, day, old.source)
		h.aspect, h.item, h.severity, h.description = old.aspect, old.item, old.severity, old.description
		h.previous = hazardID(i)
		l.order(&h)
		l.linger(&h)
		l.hazards = append(l.hazards, h)
	}
}

// minutes returns n minutes as a difference of two instants.
func minutes(n int) safety.Time { return safety.Time(n) * 60_000 }
