package server

import (
	"math"

	"hazgrid/safety"
	"hazgrid/tiles"
)

// gridFigures are the grids of one level under one query as tiles show them: geometry apart from values.
type gridFigures struct {
	grids   *safety.Layer
	since   int64          // of the state from which on the grids have been these
	values  *tiles.Columns // all attributes
	fixed   int            // how many of these, the first, records cannot change
	names   *tiles.Columns // those that records cannot change: columns=none
	changed []int64        // by grid: the state at which its values changed last; nil when that is not known
	texts   int            // of its key, bytes
}

// textSize is what the texts of a query take, as long as clients like.
func textSize(q safety.Query) int { return len(q.Kind) + len(q.Aspect) + len(q.Item) }

// figuresKey names figures: of a state, by its number.
type figuresKey struct {
	seq   int64
	level int
	query safety.Query
}

// levelKey names a level of a scheme.
type levelKey struct {
	scheme string
	level  int
}

// latestFigures are the newest figures of a level as of now, and the state they are of.
type latestFigures struct {
	seq int64
	*gridFigures
}

// asOfNow is a query that nothing narrows.
func asOfNow(q safety.Query) bool { return q == safety.Query{Scheme: q.Scheme} }

// figures returns the grids of a level with their values, made once for each state and query.
func (p *painter) figures(st *state, level int, q safety.Query) (*gridFigures, error) {
	key := figuresKey{st.seq, level, q}
	if f, ok := p.figuresOf.have(key); ok {
		return f, nil
	}
	return p.figuresOf.get(key, func() (*gridFigures, error) {
		table, err := st.snapshot.Tallies(level, q)
		if err != nil {
			return nil, err
		}
		grids, err := st.snapshot.Layer(q.Scheme, level, table.Query.At)
		if err != nil {
			return nil, err
		}
		names, err := p.namesOf(grids)
		if err != nil {
			return nil, err
		}
		f := &gridFigures{
			grids: grids, since: st.seq, names: names.bare, values: withValues(names.all, table.Rows[:len(grids.Grids)]), fixed: names.all.Len(), texts: textSize(q),
		}
		if asOfNow(q) {
			p.follow(f, st.seq, levelKey{q.Scheme, level})
		}
		return f, nil
	})
}

// fewColumns returns the columns of the grids of a cut alone.
func (p *painter) fewColumns(st *state, level int, q safety.Query, cut *tiles.Cut) (*tiles.Columns, error) {
	rows, err := st.snapshot.FigureRows(level, q, cut.Features())
	if err != nil {
		return nil, err
	}
	grids, err := st.snapshot.Layer(q.Scheme, level, q.At)
	if err != nil {
		return nil, err
	}
	names, err := p.namesOf(grids)
	if err != nil {
		return nil, err
	}
	return withValues(names.all.Rows(cut.Features()), rows), nil
}

func (p *painter) namesOf(l *safety.Layer) (*gridNames, error) {
	return p.names.get(l, func() (*gridNames, error) { return newGridNames(l), nil })
}

// follow notes since when the figures of a state are what they are, by comparing them with the newest there were. Those of a
// state that is older than these stay without: what was between, or after, is not known of them.
func (p *painter) follow(f *gridFigures, seq int64, key levelKey) {
	p.mu.Lock()
	defer p.mu.Unlock()
	was, known := p.latest[key]
	if known && was.seq > seq {
		return
	}
	p.latest[key] = latestFigures{seq, f}
	f.changed = make([]int64, len(f.grids.Grids))
	known = known && was.grids == f.grids
	if known {
		f.since = was.since
	}
	for i := range f.changed {
		if f.changed[i] = seq; known && !f.values.Differs(was.values, i) {
			f.changed[i] = was.changed[i]
		}
	}
}

// sameSince reports whether what a tile shows of the grids, cut, has been as it is since a state: with values, or without.
func (f *gridFigures) sameSince(seq int64, cut *tiles.Cut, bare bool) bool {
	if f.since > seq || f.changed == nil {
		return false
	}
	if bare {
		return true
	}
	for _, i := range cut.Features() {
		if f.changed[i] > seq {
			return false
		}
	}
	return true
}

func (f *gridFigures) size() int { return 128 + f.texts + f.values.Size() + 8*len(f.changed) }

// gridNames are the attributes of the grids of a level that records cannot change.
type gridNames struct{ all, bare *tiles.Columns }

func newGridNames(l *safety.Layer) *gridNames {
	n := len(l.Grids)
	ids, codes, names, parents := make([]uint64, n), make([]string, n), make([]string, n), make([]string, n)
	plain, levels, areas := make([]int64, n), make([]int64, n), make([]float64, n)
	for i, g := range l.Grids {
		ids[i], plain[i], codes[i], names[i], parents[i] = uint64(g.ID), g.ID, g.Code, g.Name, g.Parent
		levels[i], areas[i] = int64(g.Level), g.AreaKm2
	}
	all := tiles.NewColumns(ids).With(tiles.Counts("id", plain)).
		WithTexts(tiles.TextColumn{Key: "code", Values: codes}, tiles.TextColumn{Key: "name", Values: names}, tiles.TextColumn{Key: "parent", Values: parents}).
		With(tiles.Counts("level", levels), tiles.Doubles("area_km2", areas))
	return &gridNames{all, all.Only("code", "name", "parent", "level")}
}

func (n *gridNames) size() int { return 2 * n.all.Size() }

// withValues adds the live columns of rows, one for each of the grids.
func withValues(names *tiles.Columns, rows []safety.Row) *tiles.Columns {
	for _, c := range liveColumns() {
		counts, doubles := make([]int64, 0, len(rows)), make([]float64, 0, len(rows))
		for i := range rows {
			v, ok := c.value(&rows[i])
			switch {
			case c.whole:
				counts = append(counts, max(int64(v), 0))
			case ok:
				doubles = append(doubles, v)
			default:
				doubles = append(doubles, math.NaN())
			}
		}
		if c.whole {
			names = names.With(tiles.Counts(c.name, counts))
		} else {
			names = names.With(tiles.Doubles(c.name, doubles))
		}
	}
	return names
}
