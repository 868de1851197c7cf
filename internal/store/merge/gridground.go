package merge

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"hazgrid/geo"
	"hazgrid/safety"

	"github.com/paulmach/orb"
)

// layerKey names a level of a scheme.
type layerKey struct {
	scheme string
	level  int
}

func compareLayers(x, y layerKey) int {
	return compareKeys(versionKey{codeKey{x.scheme, ""}, safety.Time(x.level)}, versionKey{codeKey{y.scheme, ""}, safety.Time(y.level)})
}

// A ground is the grids of one level, looked at for what is strange where a grid of the batch takes part.
type ground struct {
	batch  *gridBatch
	in     map[codeKey]bool // the batch's grids
	layer  layerKey
	grids  []*safety.Grid // by code
	counts map[string]*safety.Warning
	r      *safety.Receipt

	holes    []geo.Gap
	shared   []geo.Overlap
	holesErr error // why holes are not all
	err      error // why it could not be looked at
}

// grounds are the levels that the batch has grids of, in order.
func (b *gridBatch) grounds(current latest) (grounds []*ground) {
	in, layers := b.batched(), map[layerKey][]*safety.Grid{}
	wanted := map[layerKey]bool{}
	for _, key := range current.order {
		g := current.grids[key]
		layer := layerKey{g.Scheme, g.Level}
		layers[layer] = append(layers[layer], g)
		wanted[layer] = wanted[layer] || in[key]
	}
	for _, layer := range slices.SortedFunc(maps.Keys(layers), compareLayers) {
		if wanted[layer] {
			grounds = append(grounds, &ground{batch: b, in: in, layer: layer, grids: layers[layer]})
		}
	}
	return grounds
}

// lookAll looks at grounds. It needs no database.
func lookAll(grounds []*ground) {
	for _, g := range grounds {
		g.look()
	}
}

func (g *ground) look() {
	cells := make([]orb.MultiPolygon, len(g.grids))
	for i, grid := range g.grids {
		cells[i] = grid.Boundary
	}
	borders, err := geo.NewBorders(cells)
	if err != nil {
		g.err = err
		return
	}
	g.holes, g.holesErr = borders.Gaps()
	g.shared = borders.Overlaps()
}

// warnGround reports gaps, overlaps and slivers of the levels that the batch has grids of.
func (b *gridBatch) warnGround(grounds []*ground, r *safety.Receipt) error {
	counts := map[string]*safety.Warning{}
	for _, g := range grounds {
		if g.err != nil {
			return fmt.Errorf("level %d of scheme %s: %w", g.layer.level, g.layer.scheme, g.err)
		}
		g.counts, g.r = counts, r
		g.gaps()
		g.overlaps()
		g.slivers()
	}
	for _, code := range slices.Sorted(maps.Keys(counts)) {
		addWarning(r, *counts[code])
	}
	return nil
}

// gaps finds what the level's grids enclose and none covers.
func (g *ground) gaps() {
	if g.holesErr != nil {
		g.count("unchecked", fmt.Sprintf("whether level %d has gaps: %v", g.layer.level, g.holesErr))
	}
	for _, gap := range g.holes {
		f := safety.FindingOf(safety.FoundGap, gap.Shape, gap.AreaM2, gap.WidthM)
		if f.Codes = g.codes(gap.Beside); f.Codes == nil {
			continue
		}
		f.Reason = fmt.Sprintf("%.0f m² that no grid covers between %s", gap.AreaM2, some(f.Codes))
		g.add(f)
	}
}

// overlaps finds the ground that two grids claim.
func (g *ground) overlaps() {
	for _, o := range g.shared {
		f := safety.FindingOf(safety.FoundOverlap, o.Shape, o.AreaM2, o.WidthM)
		if f.Codes = g.codes([]int{o.A, o.B}); f.Codes == nil {
			continue
		}
		f.Reason = fmt.Sprintf("%s share %.0f m²", strings.Join(f.Codes, " and "), o.AreaM2)
		g.add(f)
	}
}

// slivers finds the polygons of the batch's grids that are thin.
func (g *ground) slivers() {
	for _, grid := range g.grids {
		if !g.in[codeKey{grid.Scheme, grid.Code}] {
			continue
		}
		for _, polygon := range grid.Boundary {
			part := orb.MultiPolygon{polygon}
			width := geo.Width(part)
			if width >= g.batch.toleranceM {
				continue
			}
			f := safety.FindingOf(safety.FoundThinParts, part, geo.Area(part), width)
			f.Codes = []string{grid.Code}
			f.Reason = fmt.Sprintf("%s has a part of %.3g m², %.2g m wide", grid.Code, f.AreaM2, width)
			g.add(f)
		}
	}
}

// codes are those of faces, rising; none when no grid of the batch is among them.
func (g *ground) codes(faces []int) (codes []string) {
	ours := false
	for _, face := range faces {
		grid := g.grids[face]
		ours = ours || g.in[codeKey{grid.Scheme, grid.Code}]
		codes = append(codes, grid.Code)
	}
	if !ours {
		return nil
	}
	return codes
}

// add counts a finding under its kind, and once more as a sliver where it is thin.
func (g *ground) add(f safety.Finding) {
	f = g.batch.note(g.r, g.grids[0], f)
	example := fmt.Sprintf("%s at %.6f,%.6f", f.Reason, f.At[0], f.At[1])
	g.count(f.Kind, example)
	if f.Kind != safety.FoundThinParts && f.Sliver {
		g.count(safety.FoundThinParts, example)
	}
}

func (g *ground) count(code, example string) {
	if g.counts[code] == nil {
		g.counts[code] = &safety.Warning{Code: code, Example: example}
	}
	g.counts[code].Count++
}

// some are the first codes of a list, for a sentence.
func some(codes []string) string {
	const most = 4
	if len(codes) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(codes[:most], ", "), len(codes)-most)
	}
	return strings.Join(codes, ", ")
}
