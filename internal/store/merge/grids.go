package merge

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"iter"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"hazgrid/geo"
	"hazgrid/safety"

	"github.com/paulmach/orb"
)

// A codeKey names a grid through all its versions.
type codeKey struct{ scheme, code string }

// A versionKey names one version of a grid.
type versionKey struct {
	codeKey
	from safety.Time
}

// A group is the features of a batch that are one grid version.
type group struct {
	key     versionKey
	level   int
	parent  string
	numbers []int64 // of its features, rising
	record  safety.Record
	parts   []orb.MultiPolygon
	digest  [16]byte // of the parts as given
	id      int64    // of the grid; this and the next of the groups that are to be written
	areaKm2 float64  // geodesic, of the record's geometry
	field   string   // of the rejection
	reason  string   // "" unless rejected
}

func (g *group) alive() bool { return g.reason == "" }

func (g *group) reject(field, reason string) { g.field, g.reason = field, reason }

// A gridBatch is a batch of grids, read and dissolved but not yet compared with the store.
type gridBatch struct {
	engine     *Engine
	conn       *sql.Conn
	column     map[string]int // place of each field in Record.Values
	groups     []*group       // by key
	byKey      map[versionKey]*group
	stored     storedVersions
	toleranceM float64  // ground that is thinner is a sliver
	adopted    adoption // of grids without a declared parent, by their codes
	sync       *safety.Sync
	now        safety.Time     // of the batch
	kept       map[string]bool // codes that a sync leaves alone
}

// applyGrids writes a batch of grids. They are few enough to be held, as every snapshot does:
// their checks need them all at once.
func (e *Engine) applyGrids(ctx context.Context, c *sql.Conn, b safety.Batch) (r safety.Receipt, err error) {
	g := &gridBatch{engine: e, conn: c, sync: b.Sync, column: map[string]int{}, byKey: map[versionKey]*group{}, toleranceM: cmp.Or(b.ToleranceM, 1)}
	for i, name := range names(safety.Grids) {
		g.column[name] = i
	}
	if err := g.read(ctx, b.Records); err != nil {
		return r, err
	}
	if g.kept, err = keptCodes(b.Sync); err != nil {
		return r, err
	}
	from := origin(b)
	g.now = from.At
	r.Version, err = e.write(ctx, c, func(w *write) error {
		if err := g.merge(ctx, w, &r); err != nil {
			return err
		}
		if err := g.report(b, &r); err != nil {
			return err
		}
		if err := w.confirm(b, &r); err != nil {
			return err
		}
		return w.record(ctx, imported(b, from, &r))
	})
	return r, err
}

// read gathers the features into groups and makes each group one record.
func (b *gridBatch) read(ctx context.Context, records iter.Seq2[safety.Record, error]) error {
	for r, err := range records {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		if len(r.Values) != len(b.column) {
			return fmt.Errorf("record %d: want %d values, got %d: %w", r.Number, len(b.column), len(r.Values), safety.ErrInvalid)
		}
		b.add(r)
	}
	b.groups = slices.SortedFunc(maps.Values(b.byKey), func(x, y *group) int { return compareKeys(x.key, y.key) })
	eachGroup(b.groups, (*group).dissolve)
	return ctx.Err()
}

// eachGroup calls f for all groups, on all cores.
func eachGroup(groups []*group, f func(*group)) {
	const some = 64 // at a time
	var next atomic.Int64
	var working sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		working.Go(func() {
			for {
				from := int(next.Add(some)) - some
				if from >= len(groups) {
					return
				}
				for _, g := range groups[from:min(from+some, len(groups))] {
					f(g)
				}
			}
		})
	}
	working.Wait()
}

func compareKeys(x, y versionKey) int {
	return cmp.Or(cmp.Compare(x.scheme, y.scheme), cmp.Compare(x.code, y.code), cmp.Compare(x.from, y.from))
}

// text returns a text field of r, "" when it is not there.
func (b *gridBatch) text(r safety.Record, field string) string {
	s, _ := r.Values[b.column[field]].(string)
	return s
}

func (b *gridBatch) level(r safety.Record) int {
	n, _ := r.Values[b.column["level"]].(int64)
	return int(n)
}

func (b *gridBatch) add(r safety.Record) {
	from, _ := r.Values[b.column["valid_from"]].(safety.Time)
	key := versionKey{codeKey{cmp.Or(b.text(r, "scheme"), safety.DefaultScheme), b.text(r, "code")}, from}
	g := b.byKey[key]
	if g == nil {
		g = &group{key: key, level: b.level(r), parent: b.text(r, "parent"), record: r}
		g.record.Values = slices.Clone(r.Values)
		b.byKey[key] = g
	}
	g.numbers = append(g.numbers, r.Number)
	shape, ok := r.Geometry.(orb.MultiPolygon)
	switch {
	case !ok:
		g.reject("geometry", "missing")
	case g.level < 1 || g.level > safety.DeepestLevel:
		g.reject("level", fmt.Sprintf("want 1 to %d, got %d", safety.DeepestLevel, g.level))
	}
	g.parts = append(g.parts, shape)
	b.agree(g, r)
}

// agree rejects the whole group when its features do not describe one grid.
func (b *gridBatch) agree(g *group, r safety.Record) {
	for _, field := range []string{"name", "parent", "level"} {
		i := b.column[field]
		if first, this := g.record.Values[i], r.Values[i]; g.alive() && first != this {
			g.reject(field, fmt.Sprintf("features of one grid differ: record %d has %v, record %d has %v",
				g.record.Number, shown(first), r.Number, shown(this)))
		}
	}
}

func shown(v any) any {
	if v == nil {
		return "none"
	}
	return v
}

// dissolve makes the parts of g one geometry. The digest is that of the parts as given, so
// that the same file is recognised however dissolving is done.
func (g *group) dissolve() {
	if !g.alive() {
		return
	}
	given := g.record
	given.Geometry = slices.Concat(g.parts...)
	g.digest = safety.Digest(safety.Grids, given)
	g.record.Geometry = given.Geometry
	if len(g.parts) == 1 {
		return
	}
	whole, err := geo.Dissolve(g.parts)
	if err != nil {
		g.reject("geometry", "cannot dissolve the features of one grid: "+err.Error())
		return
	}
	g.record.Geometry = whole
}

// merge checks the groups against the store, writes what is new, and fills r.
func (b *gridBatch) merge(ctx context.Context, w *write, r *safety.Receipt) (err error) {
	if b.stored, err = b.engine.storedVersions(ctx, b.conn); err != nil {
		return fmt.Errorf("read stored grids: %w", err)
	}
	b.check()
	b.adopt()
	var changed []*group
	for _, g := range b.groups {
		if b.count(g, r) {
			changed = append(changed, g)
		}
	}
	if err := b.end(ctx, w, r); err != nil {
		return fmt.Errorf("end: %w", err)
	}
	for _, g := range changed {
		g.id = b.stored.id(b.engine.division, g.key.codeKey)
	}
	eachGroup(changed, func(g *group) { g.areaKm2 = geo.Area(g.record.Geometry) / 1e6 })
	if b.first() {
		return b.mergeFirst(ctx, w, changed, r)
	}
	if len(changed) > 0 {
		if err := b.upsert(ctx, w, changed); err != nil {
			return fmt.Errorf("write: %w", err)
		}
		if err := b.adoptStored(ctx, w, changed); err != nil {
			return fmt.Errorf("parents by prefix: %w", err)
		}
	}
	if w.grids, err = b.engine.storedGrids(ctx, b.conn); err != nil {
		return err
	}
	current := newest(w.grids)
	grounds := b.grounds(current)
	lookAll(grounds)
	return b.warn(current, grounds, r)
}

// count enters g into the receipt and tells whether it is to be written.
func (b *gridBatch) count(g *group, r *safety.Receipt) (changed bool) {
	if !g.alive() {
		r.Rejected += int64(len(g.numbers))
		return false
	}
	r.Superseded += int64(len(g.numbers) - 1)
	old, there := b.stored.versions[g.key]
	switch {
	case !there || old.deleted:
		r.Inserted++
	case old.digest == g.digest:
		r.Unchanged++
		return false
	default:
		r.Updated++
	}
	return true
}

// report hands on the refused features, by number.
func (b *gridBatch) report(batch safety.Batch, r *safety.Receipt) error {
	if batch.Rejected == nil || r.Rejected+r.Superseded == 0 {
		return nil
	}
	var rejects []safety.Reject
	for _, g := range b.groups {
		for i, number := range g.numbers {
			reject := safety.Reject{FieldError: safety.FieldError{Number: number, Key: g.key.code, Field: g.field, Reason: g.reason}}
			if g.alive() {
				reject.Field, reject.Superseded = "code", true
				reject.Reason = fmt.Sprintf("dissolved into record %d", g.numbers[0])
			}
			if i > 0 || !g.alive() {
				rejects = append(rejects, reject)
			}
		}
	}
	slices.SortFunc(rejects, func(x, y safety.Reject) int { return cmp.Compare(x.Number, y.Number) })
	for _, reject := range rejects {
		if err := batch.Rejected(reject); err != nil {
			return err
		}
	}
	return nil
}
