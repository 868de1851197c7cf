package merge

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"hazgrid/geo"
	"hazgrid/safety"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"
)

// Dust is what a child may stick out of its parent without a word: less than a square metre,
// or than this part of its own area. Independent digitising leaves as much.
const dust = 1e-6

// warn looks at the newest boundaries of the batch's grids and reports what is strange.
func (b *gridBatch) warn(grids []safety.Grid, grounds []*ground, r *safety.Receipt) error {
	b.warnDissolved(r)
	b.warnParents(r)
	b.warnOutsideParent(newest(grids), r)
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

// newest returns the last version of each grid that is valid when the newest boundaries of its
// scheme come into force. Grids are in order of scheme, code and time.
func newest(grids []safety.Grid) map[codeKey]*safety.Grid {
	start := map[string]safety.Time{}
	last := map[codeKey]*safety.Grid{}
	for i := range grids {
		g := &grids[i]
		start[g.Scheme] = max(start[g.Scheme], g.ValidFrom)
		last[codeKey{g.Scheme, g.Code}] = g
	}
	maps.DeleteFunc(last, func(k codeKey, g *safety.Grid) bool {
		return g.ValidTo.IsSet() && g.ValidTo < start[k.scheme]
	})
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
func (b *gridBatch) warnOutsideParent(current map[codeKey]*safety.Grid, r *safety.Receipt) {
	in := b.batched()
	warning := safety.Warning{Code: "outside_parent"}
	vertices := map[*safety.Grid]map[orb.Point]bool{}
	for _, key := range sortedCodes(current) {
		child, above := current[key], codeKey{key.scheme, current[key].Parent}
		parent := current[above]
		if parent == nil || !in[key] && !in[above] {
			continue
		}
		if vertices[parent] == nil {
			vertices[parent] = corners(parent.Boundary)
		}
		if inside(child.Boundary, parent.Boundary, vertices[parent]) {
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
}

// note keeps a finding about the layer of g, and returns it as it is kept.
func (b *gridBatch) note(r *safety.Receipt, g *safety.Grid, f safety.Finding) safety.Finding {
	f.Scheme, f.Level = g.Scheme, g.Level
	f.At = geo.InteriorPoint(f.Shape)
	f.Sliver = f.WidthM < b.toleranceM
	r.Findings.Add(f)
	return f
}

// corners returns the set of vertices of m.
func corners(m orb.MultiPolygon) map[orb.Point]bool {
	set := map[orb.Point]bool{}
	for _, polygon := range m {
		for _, ring := range polygon {
			for _, p := range ring {
				set[p] = true
			}
		}
	}
	return set
}

// inside is the cheap test: every vertex of child is a vertex of parent or lies within it. An
// edge that leaves parent and comes back between two vertices goes unseen.
func inside(child, parent orb.MultiPolygon, vertices map[orb.Point]bool) bool {
	for _, polygon := range child {
		for _, ring := range polygon {
			for _, p := range ring {
				if !vertices[p] && !planar.MultiPolygonContains(parent, p) {
					return false
				}
			}
		}
	}
	return true
}

func sortedCodes(grids map[codeKey]*safety.Grid) []codeKey {
	return slices.SortedFunc(maps.Keys(grids), func(x, y codeKey) int {
		return compareKeys(versionKey{codeKey: x}, versionKey{codeKey: y})
	})
}
