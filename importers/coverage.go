package importers

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"

	"hazgrid/geo"
	"hazgrid/safety"

	"github.com/paulmach/orb"
)

// A yielded is a record on its way out, or why there is none.
type yielded struct {
	rec safety.Record
	err error
}

// A gridLayer is the grids of a file that lie beside each other: those of one scheme, level and beginning.
type gridLayer struct {
	scheme    string
	level     int
	validFrom safety.Time
}

// mended holds all records back, makes one coverage of the grids of each layer ([geo.Mend]) and yields
// them in their order. A file that cannot be read to its end yields nothing but its error.
func (f *File) mended(records iter.Seq2[safety.Record, error]) iter.Seq2[safety.Record, error] {
	return func(yield func(safety.Record, error) bool) {
		var all []yielded
		for rec, err := range records {
			var rejected *safety.FieldError
			if err != nil && !errors.As(err, &rejected) {
				yield(rec, err)
				return
			}
			all = append(all, yielded{rec, err})
		}
		if err := f.mapper.mendLayers(all); err != nil {
			yield(safety.Record{}, fmt.Errorf("%s: %w", f.src.path, err))
			return
		}
		for _, y := range all {
			if !yield(y.rec, y.err) {
				return
			}
		}
	}
}

// mendLayers mends the records in place, layer after layer.
func (m *mapper) mendLayers(all []yielded) error {
	members := map[gridLayer][]*safety.Record{}
	var layers []gridLayer
	for i := range all {
		if all[i].err != nil {
			continue
		}
		rec := &all[i].rec
		l := gridLayer{}
		l.scheme, l.level = m.layerOf(*rec)
		l.validFrom, _ = m.fieldOf(*rec, "valid_from").(safety.Time)
		if members[l] == nil {
			layers = append(layers, l)
		}
		members[l] = append(members[l], rec)
	}
	for _, l := range layers {
		if err := m.mendLayer(l, members[l]); err != nil {
			return fmt.Errorf("level %d of scheme %s cannot be mended as a coverage: %w", l.level, l.scheme, err)
		}
	}
	return nil
}

// mendLayer gives the grids their mended polygons. Ties are the lowest code's, whatever the order of the file.
func (m *mapper) mendLayer(l gridLayer, grids []*safety.Record) error {
	code := func(r *safety.Record) string { return r.Values[m.key].(string) }
	slices.SortStableFunc(grids, func(x, y *safety.Record) int { return strings.Compare(code(x), code(y)) })
	cells, codes := make([]orb.MultiPolygon, len(grids)), make([]string, len(grids))
	for i, g := range grids {
		cells[i], codes[i] = g.Geometry.(orb.MultiPolygon), code(g)
	}
	mending, err := geo.Mend(cells, m.o.ToleranceM)
	if err != nil {
		return err
	}
	for _, i := range mending.Changed {
		before, after := geo.Area(cells[i]), geo.Area(mending.Cells[i])
		grids[i].Geometry = mending.Cells[i]
		m.tell(l, safety.Finding{
			Kind: safety.FoundMended, Codes: codes[i : i+1 : i+1], At: geo.InteriorPoint(mending.Cells[i]),
			Reason:   fmt.Sprintf("%s has %+.3g m² by mending", codes[i], after-before),
			BeforeM2: before, AfterM2: after, AreaM2: math.Abs(after - before),
		})
	}
	for _, p := range mending.Patches {
		m.tell(l, patchFinding(p, codes))
	}
	return nil
}

// patchFinding describes narrow ground that was given to one grid.
func patchFinding(p geo.Patch, codes []string) safety.Finding {
	width := geo.Width(p.Shape)
	f := safety.FindingOf(safety.FoundFilled, p.Shape, p.AreaM2, width)
	f.Codes, f.At, f.Sliver = []string{codes[p.To]}, geo.InteriorPoint(p.Shape), true
	what := "that no grid covered"
	switch len(p.From) {
	case 0:
	case 1:
		f.Kind, what = safety.FoundAssigned, "cut off from "+codes[p.From[0]]
	default:
		f.Kind, what = safety.FoundAssigned, "that several grids claimed"
	}
	for _, i := range p.From {
		if i != p.To {
			f.Codes = append(f.Codes, codes[i])
		}
	}
	f.Reason = fmt.Sprintf("%.3g m² %s, %.2g m wide, went to %s", p.AreaM2, what, width, codes[p.To])
	return f
}

// tell keeps a finding about a layer, and counts it as a warning.
func (m *mapper) tell(l gridLayer, f safety.Finding) {
	f.Scheme, f.Level = l.scheme, l.level
	m.findings.Add(f)
	m.warn(f.Kind, fmt.Sprintf("%s at %.6f,%.6f", f.Reason, f.At[0], f.At[1]))
}
