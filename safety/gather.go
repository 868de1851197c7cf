package safety

import (
	"cmp"
	"fmt"
	"slices"
	"sync"

	"github.com/paulmach/orb"

	"hazgrid/geo"
	"hazgrid/geo/crs"
)

// Symbols are the symbols of one layer along a curve over the map. They do not change.
type Symbols struct {
	all   []Symbol
	curve geo.Curve
	sums  [][2]uint64 // of columns and rows of what is gathered in each; nil: each is one coordinate

	zoom   int // all are gathered in tiles of this zoom; 0: they are not
	once   sync.Once
	levels []*Symbols // ever coarser, each of at most half as many

	frames  memo[crs.Frame, shifted]
	derived memo[any, any]
}

type shifted struct {
	symbols *Symbols
	err     error
}

// along returns the places of a table's records with its curve.
func (t *table[T]) along(spot func(*T) (orb.Point, PlaceID)) *spots {
	t.spots.sorted.Do(func() {
		at := make([]uint64, t.len())
		order := make([]int32, 0, t.len())
		for i, r := range t.all() {
			if p, place := spot(r); place != NoPlace {
				order = append(order, i)
				at[i] = geo.CurveAt(p)
			}
		}
		slices.SortFunc(order, func(i, j int32) int {
			if c := cmp.Compare(at[i], at[j]); c != 0 {
				return c
			}
			p, _ := spot(t.at(i))
			q, _ := spot(t.at(j))
			return cmp.Or(cmp.Compare(p[0], q[0]), cmp.Compare(p[1], q[1]), cmp.Compare(i, j))
		})
		t.spots.order, t.spots.curve = order, make(geo.Curve, len(order))
		for k, i := range order {
			t.spots.curve[k] = at[i]
		}
	})
	return t.spots
}

// picked are entries of a curve, and at how many coordinates they are.
type picked struct {
	entries     []int32
	coordinates int
}

// pick returns the entries whose record, by its number, is wanted.
func (p *spots) pick(wanted func(record int32) (orb.Point, bool)) picked {
	var out picked
	var last orb.Point
	for k, i := range p.order {
		at, ok := wanted(i)
		if !ok {
			continue
		}
		if len(out.entries) == 0 || at != last {
			out.coordinates++
		}
		out.entries, last = append(out.entries, int32(k)), at
	}
	return out
}

// symbols returns none, with room for those that are picked.
func (p picked) symbols() *Symbols {
	return &Symbols{all: make([]Symbol, 0, p.coordinates), curve: make(geo.Curve, 0, p.coordinates)}
}

// put adds the next symbol along the curve; one at the coordinate of the last becomes part of it.
func (y *Symbols) put(code uint64, s Symbol) {
	if n := len(y.all); n > 0 && y.all[n-1].At == s.At {
		y.all[n-1].absorb(&s)
		return
	}
	y.all = append(y.all, s)
	y.curve = append(y.curve, code)
}

// Len returns the number of symbols.
func (y *Symbols) Len() int { return len(y.all) }

// Curve returns where the symbols are, in their order. It must not be changed.
func (y *Symbols) Curve() geo.Curve { return y.curve }

// Bound returns the box of all symbols, degrees; ok is false when there is none.
func (y *Symbols) Bound() (box orb.Bound, ok bool) {
	for i := range y.all {
		if i == 0 {
			box = y.all[i].At.Bound()
		}
		box = box.Extend(y.all[i].At)
	}
	return box, len(y.all) > 0
}

// In returns the symbols of y, whose places are WGS 84, along a curve over a map in frame f: in longitude and latitude.
func (y *Symbols) In(f crs.Frame) (*Symbols, error) {
	if f == crs.WGS84 {
		return y, nil
	}
	in := y.frames.get(f, func() shifted {
		s, err := y.shift(f)
		return shifted{s, err}
	})
	return in.symbols, in.err
}

func (y *Symbols) shift(f crs.Frame) (*Symbols, error) {
	all, at := slices.Clone(y.all), make([]uint64, len(y.all))
	order := make([]int32, len(all))
	for i := range all {
		p, err := f.FromWGS84(all[i].At)
		if err != nil {
			return nil, fmt.Errorf("symbol of %q in %s: %w", all[i].ID, f, err)
		}
		all[i].At, at[i], order[i] = p, geo.CurveAt(p), int32(i)
	}
	slices.SortFunc(order, func(i, j int32) int { return cmp.Or(cmp.Compare(at[i], at[j]), cmp.Compare(i, j)) })
	out := &Symbols{all: make([]Symbol, len(all)), curve: make(geo.Curve, len(all))}
	for k, i := range order {
		out.all[k], out.curve[k] = all[i], at[i]
	}
	return out, nil
}

// Gathered returns the symbols for a map that gathers them in tiles of a zoom, or of any less: the same ones, or fewer, those that lie
// in one such tile being one already. What is kept for it has no more symbols than y.
func (y *Symbols) Gathered(zoom int) *Symbols {
	y.once.Do(func() {
		for last := y; ; {
			next := last.halve()
			if next == nil {
				return
			}
			y.levels = append(y.levels, next)
			last = next
		}
	})
	best := y
	for _, l := range y.levels {
		if l.zoom >= zoom {
			best = l
		}
	}
	return best
}

// halve gathers symbols in the smallest tiles that leave at most half of them; nil where none do.
func (y *Symbols) halve() *Symbols {
	if len(y.all) == 0 {
		return nil
	}
	cells := y.curve.Cells()
	zoom := len(cells) - 1
	for zoom > 0 && cells[zoom] > len(y.all)/2 {
		zoom--
	}
	if zoom == 0 {
		return nil
	}
	out := &Symbols{zoom: zoom, all: make([]Symbol, 0, cells[zoom]), curve: make(geo.Curve, 0, cells[zoom]), sums: make([][2]uint64, 0, cells[zoom])}
	for from, to := 0, 1; from < len(y.all); from, to = to, to+1 {
		for to < len(y.all) && y.curve.Same(to) >= zoom {
			to++
		}
		s, sum := y.fold(from, to)
		out.all, out.sums, out.curve = append(out.all, s), append(out.sums, sum), append(out.curve, y.curve[from])
	}
	return out
}

// Fold returns one symbol for those from ≤ i < to, which lie together. Where they are several coordinates it stands in
// their middle: the mean of the records' places on the map, so it lies in every tile that holds them all.
func (y *Symbols) Fold(from, to int) Symbol {
	s, _ := y.fold(from, to)
	return s
}

func (y *Symbols) fold(from, to int) (Symbol, [2]uint64) {
	s, sum := y.all[from], y.sum(from)
	if to-from == 1 {
		return s, sum
	}
	for i := from + 1; i < to; i++ {
		s.absorb(&y.all[i])
		one := y.sum(i)
		sum[0] += one[0]
		sum[1] += one[1]
	}
	s.ID = ""
	const side = 1 << geo.CurveZoom
	n := uint64(s.Count)
	s.At = geo.FromMercator((float64(sum[0]/n)+0.5)/side, (float64(sum[1]/n)+0.5)/side)
	return s, sum
}

// sum returns the columns and the rows of the records of symbol i, summed: whole numbers, so the order does not matter.
func (y *Symbols) sum(i int) [2]uint64 {
	if y.sums != nil {
		return y.sums[i]
	}
	column, row := geo.CurvePlace(y.curve[i])
	n := uint64(y.all[i].Count)
	return [2]uint64{n * uint64(column), n * uint64(row)}
}

// Derive returns what compute makes of y, and remembers it as long as y lives. The type of key tells one matter from another.
func Derive[V any](y *Symbols, key any, compute func() V) V {
	return y.derived.get(key, func() any { return compute() }).(V)
}
