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
func (b *gridBatch) warn(grids []safety.Grid, r *safety.Receipt) error {
	b.warnDissolved(r)
	current := newest(grids)
	if err := b.warnOverlap(current, r); err != nil {
		return err
	}
	return b.warnOutsideParent(current, r)
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

// layerKey names a level of a scheme.
type layerKey struct {
	scheme string
	level  int
}

func (b *gridBatch) warnOverlap(current map[codeKey]*safety.Grid, r *safety.Receipt) error {
	in, layers := b.batched(), map[layerKey][]*safety.Grid{}
	wanted := map[layerKey]bool{}
	for _, key := range sortedCodes(current) {
		g := current[key]
		layer := layerKey{g.Scheme, g.Level}
		layers[layer] = append(layers[layer], g)
		wanted[layer] = wanted[layer] || in[key]
	}
	warning := safety.Warning{Code: "overlap"}
	for _, layer := range slices.SortedFunc(maps.Keys(layers), compareLayers) {
		if !wanted[layer] {
			continue
		}
		if err := overlaps(layers[layer], in, &warning); err != nil {
			return fmt.Errorf("level %d of scheme %s: %w", layer.level, layer.scheme, err)
		}
	}
	addWarning(r, warning)
	return nil
}

// overlaps counts the overlaps of one level that a grid of the batch takes part in.
func overlaps(grids []*safety.Grid, in map[codeKey]bool, warning *safety.Warning) error {
	cells := make([]orb.MultiPolygon, len(grids))
	for i, g := range grids {
		cells[i] = g.Boundary
	}
	coverage, err := geo.NewCoverage(cells)
	if err != nil {
		return err
	}
	for _, o := range coverage.Overlaps() {
		x, y := grids[o.A], grids[o.B]
		if !in[codeKey{x.Scheme, x.Code}] && !in[codeKey{y.Scheme, y.Code}] {
			continue
		}
		if warning.Count++; warning.Count == 1 {
			warning.Example = fmt.Sprintf("%s and %s share %.0f m² at %.6f,%.6f", x.Code, y.Code, o.AreaM2, o.At[0], o.At[1])
		}
	}
	return nil
}

func (b *gridBatch) warnOutsideParent(current map[codeKey]*safety.Grid, r *safety.Receipt) error {
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
		out, err := sticksOut(child.Boundary, parent.Boundary)
		if err != nil {
			return fmt.Errorf("grid %s: %w", child.Code, err)
		}
		if out <= max(1, dust*child.AreaKm2*1e6) {
			continue
		}
		if warning.Count++; warning.Count == 1 {
			warning.Example = fmt.Sprintf("%s lies outside %s with %.0f m²", child.Code, parent.Code, out)
		}
	}
	addWarning(r, warning)
	return nil
}

// sticksOut returns the area of child outside parent, in square metres.
func sticksOut(child, parent orb.MultiPolygon) (float64, error) {
	pair, err := geo.NewCoverage([]orb.MultiPolygon{child, parent})
	if err != nil {
		return 0, err
	}
	out := geo.Area(child)
	for _, o := range pair.Overlaps() {
		out -= o.AreaM2
	}
	return out, nil
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

func compareLayers(x, y layerKey) int {
	return compareKeys(versionKey{codeKey{x.scheme, ""}, safety.Time(x.level)}, versionKey{codeKey{y.scheme, ""}, safety.Time(y.level)})
}
