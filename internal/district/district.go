// Package district makes an invented district of the size and shape of Rui'an: grids of three
// levels, premises, hazards, inspections and a gas line. The names of the 15 towns are real;
// borders, villages, firms, people and events are not, and every record says so (synthetic).
//
// The same seed gives the same bytes. Coordinates have seven decimals and times whole minutes
// (deadlines: whole days), so the files written here hold exactly what Records yields.
package district

import (
	"fmt"
	"iter"
	"math/rand/v2"

	"github.com/paulmach/orb"

	"hazgrid/safety"
)

// Seed is the seed of the district that `hazgrid demo` shows and testdata/district holds.
const Seed = 330381

// OpensAt is the day as of which the district is meant to be looked at: nothing is found or
// rectified after it, only deadlines go on passing.
const OpensAt = "2014-12-31"

// A District is a set of records of every kind. It is not changed after Generate.
type District struct {
	grids   []grid // by level, then code
	firms   []firm
	hazards []hazard
	visits  []visit
	lines   []line
}

// Generate makes the district of a seed, in a second or two.
func Generate(seed uint64) *District {
	dice := func(topic uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, topic)) }
	w := draw(divide(newLand(seed), dice(1)))
	grids := nameGrids(w, dice(2))
	c := &census{lattice: &w.lattice, r: dice(3), grids: grids[level1Count+level2Count:]}
	c.settleFirms()
	l := &ledger{census: c}
	c.r = dice(4)
	l.writeLedger()
	return &District{grids: grids, firms: c.firms, hazards: l.hazards, visits: l.visits, lines: []line{gasLine(dice(5))}}
}

// A row is a record before its values are put in order: the value of each field, by name.
type row struct {
	value    func(field string) any
	geometry orb.Geometry
}

// Records yields the records of a kind, numbered from 1: parents before what names them,
// values in the order of safety.Fields(kind). It fails on an unknown kind.
func (d *District) Records(kind safety.Kind) iter.Seq2[safety.Record, error] {
	fields := safety.Fields(kind)
	return func(yield func(safety.Record, error) bool) {
		if fields == nil {
			yield(safety.Record{}, fmt.Errorf("%w: the district has no %q", safety.ErrInvalid, kind))
			return
		}
		number := int64(0)
		for r := range d.rows(kind) {
			number++
			values := make([]any, len(fields))
			for i, f := range fields {
				values[i] = r.value(f.Name)
			}
			if !yield(safety.Record{Number: number, Values: values, Geometry: r.geometry}, nil) {
				return
			}
		}
	}
}

// rows yields the rows of a kind.
func (d *District) rows(kind safety.Kind) iter.Seq[row] {
	switch kind {
	case safety.Grids:
		return each(d.grids, func(g *grid) row { return row{g.value, g.boundary} })
	case safety.Enterprises:
		return each(d.firms, func(f *firm) row { return row{f.value, f.at} })
	case safety.Hazards:
		return each(d.hazards, func(h *hazard) row { return row{h.value, nil} })
	case safety.Inspections:
		return each(d.visits, func(v *visit) row { return row{v.value, nil} })
	default:
		return each(d.lines, func(l *line) row { return row{l.value, l.path} })
	}
}

func each[T any](list []T, as func(*T) row) iter.Seq[row] {
	return func(yield func(row) bool) {
		for i := range list {
			if !yield(as(&list[i])) {
				return
			}
		}
	}
}

// common returns the values that records of every kind share.
func common(field string) any {
	switch field {
	case "synthetic":
		return true
	case "frame":
		return "wgs84"
	}
	return nil
}

// text is nil when there is none.
func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// instant is nil when unset.
func instant(t safety.Time) any {
	if !t.IsSet() {
		return nil
	}
	return t
}
