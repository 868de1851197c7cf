package safety

// The lifecycle of a hazard follows from its timestamps alone (domain.md 1.3): state at any
// past time can be computed, and nothing about it is stored.

// ActiveAt reports whether e is open for business at t.
func (e *Enterprise) ActiveAt(t Time) bool {
	return e.OpenedAt <= t && (!e.EndedAt.IsSet() || e.EndedAt > t)
}

// A State is a step in the life of a hazard.
type State string

// The states of a hazard; overdue is not one of them but follows from its deadline.
const (
	Registered  State = "registered"  // found and reported
	Ordered     State = "ordered"     // to be rectified by a deadline
	Review      State = "review"      // said to be rectified, awaiting re-inspection
	Closed      State = "closed"      // struck off
	Transferred State = "transferred" // passed to another authority
	Void        State = "void"        // not a hazard: counts in no figure
)

// State returns the state of h at t. A review that did not close the hazard sends it back to Ordered.
func (h *Hazard) State(t Time) State {
	by := func(x Time) bool { return x.IsSet() && x <= t }
	switch {
	case h.Outcome == "void":
		return Void
	case h.Outcome == "transferred":
		return Transferred
	case by(h.ClosedAt):
		return Closed
	case by(h.RectifiedAt) && by(h.ReviewedAt) && h.ReviewedAt > h.RectifiedAt:
		return Ordered
	case by(h.RectifiedAt):
		return Review
	case by(h.OrderedAt):
		return Ordered
	}
	return Registered
}

// fixedAt is when h was rectified as claimed, or else struck off; unset if neither.
func (h *Hazard) fixedAt() Time {
	if h.RectifiedAt.IsSet() {
		return h.RectifiedAt
	}
	return h.ClosedAt
}

// Rectified reports whether h is rectified at t.
func (h *Hazard) Rectified(t Time) bool { f := h.fixedAt(); return f.IsSet() && f <= t }

// Overdue reports whether h is open at t after its deadline.
func (h *Hazard) Overdue(t Time) bool { return !h.Rectified(t) && h.DueAt.IsSet() && h.DueAt < t }

// nextChange returns the first instant after t at which a figure about h changes, forever if none.
func (h *Hazard) nextChange(t Time) Time {
	next := forever
	if h.Outcome == "void" {
		return next
	}
	for _, x := range [...]Time{h.FoundAt, h.OrderedAt, h.RectifiedAt, h.ReviewedAt, h.ClosedAt} {
		if x > t {
			next = min(next, x)
		}
	}
	if due := h.DueAt + 1; h.DueAt.IsSet() && due > t && !h.Rectified(due) {
		next = min(next, due)
	}
	return next
}

func (e *Enterprise) nextChange(t Time) Time {
	next := forever
	for _, x := range [...]Time{e.OpenedAt, e.EndedAt} {
		if x > t {
			next = min(next, x)
		}
	}
	return next
}

func (i *Inspection) nextChange(t Time) Time {
	if i.At > t {
		return i.At
	}
	return forever
}
