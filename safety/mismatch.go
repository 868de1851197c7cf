package safety

import (
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/paulmach/orb"

	"hazgrid/geo"
)

// A Reason says how a declared grid is not the computed one.
type Reason string

// The reasons of a Mismatch.
const (
	Elsewhere Reason = "elsewhere" // another grid of that level owns the point
	Beyond    Reason = "outside"   // no grid of that level does
	Unknown   Reason = "unknown"   // no grid has that code or name
)

// A Mismatch is a located record whose declared grid is not the one that was computed.
type Mismatch struct {
	Kind     Kind
	ID       string
	Declared string // as it was given: a code or a name
	Reason   Reason
	Level    int   // of the declared grid; where that is unknown, of Computed, 0 outside
	Computed *Grid // the owner of the point at that level (declared grid unknown: the deepest one); nil outside

	at    orb.Point
	grids []*Grid // that Declared may mean, several when it is a name
}

// Mismatches are a list of them, by kind and id. The zero value is empty; it is safe for concurrent use.
type Mismatches struct {
	Rows  []Mismatch
	Query Query // At and Scheme that were asked
	Level int
	Of    int64 // version of the snapshot

	mu     sync.Mutex
	shapes map[*Grid]outline
}

// An outline is a boundary made ready for points to be asked about.
type outline struct {
	inside *geo.Shape
	rim    *geo.Path
}

// MismatchKinds lists the kinds of record that declare a grid.
func MismatchKinds() []Kind { return []Kind{Enterprises, Hazards} }

// Mismatches lists the records of a kind ("": of all that declare one) whose declared grid, a code or
// a name in the scheme of q, is not the one that their point lies in, in the boundaries valid at
// its time: enterprises and hazards that q counts. With level > 0 only grids declared at that
// level are compared, and those that are unknown. Unlocated records are not in it. It is ErrNotFound for an
// unknown scheme, ErrInvalid for a kind that declares none.
func (s *Snapshot) Mismatches(kind Kind, level int, q Query) (*Mismatches, error) {
	q = s.resolve(q)
	if _, err := ParseKind(string(kind)); err != nil {
		return nil, err
	}
	e, err := s.epoch(q.Scheme, q.At)
	if err != nil {
		return nil, err
	}
	m := &Mismatches{Rows: []Mismatch{}, Query: q, Level: level, Of: s.version, shapes: map[*Grid]outline{}}
	c := comparison{snapshot: s, scheme: q.scheme(), epoch: e, level: level, named: e.named()}
	if kind != Hazards {
		for _, r := range s.enterprises.all() {
			if q.counts(r) {
				m.add(c.compare(r.Place, Mismatch{Kind: Enterprises, ID: r.ID, Declared: r.Grid, at: r.At}))
			}
		}
	}
	if kind != Enterprises {
		for i, r := range s.hazards.all() {
			if q.found(r, s.enterpriseAt(s.hazards.owner(i))) {
				m.add(c.compare(r.Place, Mismatch{Kind: Hazards, ID: r.ID, Declared: r.Grid, at: r.At}))
			}
		}
	}
	return m, nil
}

func (m *Mismatches) add(row Mismatch) {
	if row.Reason != "" {
		m.Rows = append(m.Rows, row)
	}
}

// named lists the grids of the epoch by code, and by name where no code is the same.
func (e *epoch) named() map[string][]*Grid {
	names, codes := map[string][]*Grid{}, map[string][]*Grid{}
	for _, l := range e.levels {
		for _, g := range l.layer.Grids {
			codes[g.Code] = append(codes[g.Code], g)
			if g.Name != "" {
				names[g.Name] = append(names[g.Name], g)
			}
		}
	}
	for code, grids := range codes {
		names[code] = grids
	}
	return names
}

// A comparison is of declared grids with those of one epoch.
type comparison struct {
	snapshot *Snapshot
	scheme   string
	epoch    *epoch
	level    int
	named    map[string][]*Grid
}

// compare completes m, the beginnings of it; it has no reason where there is nothing to say.
func (c *comparison) compare(place PlaceID, m Mismatch) Mismatch {
	text := strings.TrimSpace(m.Declared)
	if text == "" || place == NoPlace {
		return Mismatch{}
	}
	owners := c.owners(place)
	grids, known := c.named[text]
	if !known {
		m.Reason = Unknown
		for _, g := range owners {
			m.Computed, m.Level = g, g.Level // by level, the deepest last
		}
		return m
	}
	for _, g := range grids {
		if c.level > 0 && g.Level != c.level {
			continue
		}
		m.grids = append(m.grids, g)
		if slices.Contains(owners, g) {
			return Mismatch{}
		}
	}
	if len(m.grids) == 0 {
		return Mismatch{}
	}
	m.Level, m.Reason = m.grids[0].Level, Beyond
	for _, g := range owners {
		if g.Level == m.Level {
			m.Computed, m.Reason = g, Elsewhere
		}
	}
	return m
}

// owners are the grids that own a place in the epoch, by level.
func (c *comparison) owners(place PlaceID) (owners []*Grid) {
	for _, site := range c.snapshot.sitesOf(place) {
		if site.Scheme != c.scheme || site.Epoch != c.epoch.from || site.Level > len(c.epoch.levels) {
			continue
		}
		layer := &c.epoch.levels[site.Level-1].layer
		if i, ok := layer.index(site.Code); ok {
			owners = append(owners, layer.Grids[i])
		}
	}
	return owners
}

// DistanceM is how far row i is from the boundary of the grid it declares, or the nearest of those
// of that name, in geodesic metres; 0 inside it. There is none when that grid is unknown. See [geo.Path.Distance].
func (m *Mismatches) DistanceM(i int) (metres float64, ok bool) {
	r := &m.Rows[i]
	metres = math.Inf(1)
	for _, g := range r.grids {
		o := m.outline(g)
		if o.inside.Covers(r.at) {
			return 0, true
		}
		if d, near := o.rim.Distance(r.at, math.MaxFloat64); near {
			metres, ok = min(metres, d), true
		}
	}
	return metres, ok
}

func (m *Mismatches) outline(g *Grid) outline {
	m.mu.Lock()
	defer m.mu.Unlock()
	o, known := m.shapes[g]
	if !known {
		var rings orb.MultiLineString
		for _, polygon := range g.Boundary {
			for _, ring := range polygon {
				rings = append(rings, orb.LineString(ring))
			}
		}
		o = outline{geo.NewShape(g.Boundary), geo.NewPath(rings)}
		m.shapes[g] = o
	}
	return o
}

// ParseKind reads a kind of record that declares a grid; "" is all of them.
func ParseKind(text string) (Kind, error) {
	if k := Kind(text); text == "" || slices.Contains(MismatchKinds(), k) {
		return k, nil
	}
	return "", wrong("kind", "want enterprises or hazards, got %q", text)
}
