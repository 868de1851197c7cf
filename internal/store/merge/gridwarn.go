package merge

import (
	"fmt"
	"strconv"
	"strings"

	"hazgrid/geo"
	"hazgrid/safety"

	"github.com/paulmach/orb"
)

// Dust is what a child may stick out of its parent without a word: less than a square metre,
// or than this part of its own area. Independent digitising leaves as much.
const dust = 1e-6

// warn looks at the newest boundaries of the batch's grids and reports what is strange.
func (b *gridBatch) warn(current latest, grounds []*ground, r *safety.Receipt) error {
	b.warnDissolved(r)
	b.warnParents(r)
	if err := b.warnOutsideParent(current, r); err != nil {
		return err
	}
	return b.warnGround(grounds, r)
}

func (b *gridBatch) warnDissolved(r *safety.Receipt) {
	warning := safety.Warning{Code: "dissolved"}
	for _, g := range b.groups {
		if !g.alive() || len(g.numbers) == 1 {
			continue
		}
		if warning.Count == 0 {
			numbers := make([]string, len(g.numbers))
			for i, n := range g.numbers {
				numbers[i] = strconv.FormatInt(n, 10)
			}
			warning.Example = g.key.code + ": records " + strings.Join(numbers, ", ")
		}
		warning.Count += int64(len(g.numbers) - 1)
	}
	addWarning(r, warning)
}

func addWarning(r *safety.Receipt, w safety.Warning) {
	if w.Count > 0 {
		r.Warnings = append(r.Warnings, w)
	}
}

// A latest is the newest boundaries: one version of each grid, also in order of scheme and code.
type latest struct {
	grids map[codeKey]*safety.Grid
	order []codeKey
}

// newest returns the last version of each grid that is valid when the newest boundaries of its
// scheme come into force. Grids are in order of scheme, code and time.
func newest(grids []safety.Grid) latest {
	start := map[string]safety.Time{}
	for i := range grids {
		start[grids[i].Scheme] = max(start[grids[i].Scheme], grids[i].ValidFrom)
	}
	last := latest{grids: make(map[codeKey]*safety.Grid, len(grids))}
	for i := range grids {
		g := &grids[i]
		if next := i + 1; next < len(grids) && grids[next].Scheme == g.Scheme && grids[next].Code == g.Code {
			continue
		}
		if g.ValidTo.IsSet() && g.ValidTo < start[g.Scheme] {
			continue
		}
		key := codeKey{g.Scheme, g.Code}
		last.grids[key] = g
		last.order = append(last.order, key)
	}
	return last
}

// batched tells which grids the batch holds.
func (b *gridBatch) batched() map[codeKey]bool {
	in := map[codeKey]bool{}
	for _, g := range b.groups {
		if g.alive() {
			in[g.key.codeKey] = true
		}
	}
	return in
}

// warnOutsideParent finds the grids that stick out of their declared parent, and by what share.
func (b *gridBatch) warnOutsideParent(current latest, r *safety.Receipt) error {
	in := b.batched()
	warning := safety.Warning{Code: "outside_parent"}
	holders := map[*safety.Grid]func(orb.Point) bool{}
	for _, key := range current.order {
		child, above := current.grids[key], codeKey{key.scheme, current.grids[key].Parent}
		parent := current.grids[above]
		if parent == nil || !in[key] && !in[above] {
			continue
		}
		if holders[parent] == nil {
			holder, err := geo.Holder(parent.Boundary)
			if err != nil {
				return fmt.Errorf("grid %s: %w", parent.Code, err)
			}
			holders[parent] = holder
		}
		if inside(child.Boundary, holders[parent]) {
			continue
		}
		out, err := geo.Difference(child.Boundary, parent.Boundary)
		if err != nil {
			addWarning(r, safety.Warning{Code: "unchecked", Count: 1, Example: fmt.Sprintf("whether %s lies in %s: %v", child.Code, parent.Code, err)})
			continue
		}
		f := safety.FindingOf(safety.FoundOutsideParent, out, geo.Area(out), geo.Width(out))
		if f.AreaM2 <= max(1, dust*child.AreaKm2*1e6) {
			continue
		}
		f.Share, f.Codes = f.AreaM2/(child.AreaKm2*1e6), []string{child.Code, parent.Code}
		f.Reason = fmt.Sprintf("%s lies outside %s with %.0f m², %.2g %% of it", child.Code, parent.Code, f.AreaM2, 100*f.Share)
		b.note(r, child, f)
		if warning.Count++; warning.Count == 1 {
			warning.Example = f.Reason
		}
	}
	addWarning(r, warning)
	return nil
}

// note keeps a finding about the layer of g, and returns it as it is kept.
func (b *gridBatch) note(r *safety.Receipt, g *safety.Grid, f safety.Finding) safety.Finding {
	f.Scheme, f.Level = g.Scheme, g.Level
	f.At = geo.InteriorPoint(f.Shape)
	f.Sliver = f.WidthM < b.toleranceM
	r.Findings.Add(f)
	return f
}

// inside is the cheap test: every vertex of child lies within its parent or on its boundary. An
// edge that leaves the parent and comes back between two vertices goes unseen.
func inside(child orb.MultiPolygon, parent func(orb.Point) bool) bool {
	for _, polygon := range child {
		for _, ring := range polygon {
			for _, p := range ring {
				if !parent(p) {
					return false
				}
			}
		}
	}
	return true
}
