package gpkg

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"math"
	"math/bits"

	"github.com/paulmach/orb"

	"hazgrid/geo"
	"hazgrid/internal/store/merge"
	"hazgrid/safety"
)

// A ground is a batch that becomes the first rows of a layer: it is laid into the pages of the file directly. Rows have
// their record's number as fid. Memory: for each number up to the last 4 bytes and a bit; the rest is in temporary files.
type ground struct {
	plan     *plan
	division string
	rows     spool
	sorted   map[string]*sorter // by the field: keys of indexes, and parents
	there    []uint64           // bit n%64 of word n/64: record n is to be written
	added    int64
	odd      bool   // something was added that cannot be laid, only read again
	last     uint32 // number
	recorder recorder
	values   []value
}

// lay is merge.Dialect's Lay.
func lay(ctx context.Context, c *sql.Conn, division string, k safety.Kind) (*merge.Ground, error) {
	p, err := groundPlan(ctx, c, k)
	if p == nil || err != nil {
		return nil, err
	}
	g := &ground{plan: p, division: division, sorted: map[string]*sorter{}, values: make([]value, len(p.columns))}
	for _, i := range p.indexes {
		if i.column != "version" {
			g.sorted[i.column] = &sorter{}
		}
	}
	if k == safety.Enterprises {
		g.sorted["parent"] = &sorter{}
	}
	return &merge.Ground{
		Add: g.add, Records: g.records(), Keys: g.keys, Refuse: g.refuse, Fill: g.fill, Close: g.close,
		Still: func(ctx context.Context, c *sql.Conn) (bool, error) {
			now, err := groundPlan(ctx, c, k)
			if now != nil {
				g.plan = now
			}
			return !g.odd && now != nil && now.like(p), err
		},
	}, nil
}

// sparse is how much larger than their count the numbers of records may be: some tables have a place for each.
const sparse = 16

// add keeps a record.
func (g *ground) add(r *merge.Staged) error {
	g.added++
	g.odd = g.odd || r.Number <= int64(g.last) || r.Number > min(sparse*g.added+1<<20, math.MaxInt32)
	if !g.odd {
		g.note(uint32(r.Number))
	}
	w := &g.recorder
	w.reset()
	w.null()
	if err := g.addShape(r.Geometry); err != nil {
		return fmt.Errorf("record %d: geometry: %w", r.Number, err)
	}
	w.text(g.division)
	for i, name := range g.plan.columns {
		if g.plan.fields[i] < 0 {
			continue
		}
		v := r.Values[g.plan.fields[i]]
		if err := g.addValue(v); err != nil {
			return fmt.Errorf("record %d: %s: %w", r.Number, name, err)
		}
		if err := g.addKey(name, v); err != nil {
			return err
		}
	}
	if g.plan.place > 0 {
		g.addPlace(r)
	}
	w.blob(r.Digest[:])
	w.int32(0) // version
	w.null()   // deleted_at
	w.int32(0) // batch
	return g.rows.add(r.Number, w)
}

// note says that a record is there.
func (g *ground) note(number uint32) {
	for int(number/64) >= len(g.there) {
		g.there = append(g.there, 0)
	}
	g.there[number/64] |= 1 << (number % 64)
	g.last = number
}

func (g *ground) addShape(shape orb.Geometry) error {
	if shape == nil {
		g.recorder.null()
		return nil
	}
	blob, err := geo.EncodeGPKG(shape)
	if err == nil {
		g.recorder.blob(blob)
	}
	return err
}

func (g *ground) addValue(v any) error {
	w := &g.recorder
	switch v := v.(type) {
	case nil:
		w.null()
	case string:
		w.text(v)
	case int64:
		w.integer(v)
	case float64:
		w.real(v)
	case bool:
		if v {
			w.integer(1)
		} else {
			w.integer(0)
		}
	case safety.Time:
		if v.IsSet() {
			at := len(w.values)
			w.values = appendTime(w.values, v)
			w.types = appendVarint(w.types, serialText+2*uint64(len(w.values)-at))
		} else { // no text, which a time never is: its digest is not that of nil
			w.text("")
			g.odd = true
		}
	default:
		return fmt.Errorf("a %T: %w", v, safety.ErrInvalid)
	}
	return nil
}

// addKey keeps a value that is the key of an index, NULL as an empty one, and a parent.
func (g *ground) addKey(field string, v any) error {
	s := g.sorted[field]
	if s == nil || g.odd {
		return nil
	}
	key, _ := v.(string)
	g.odd = v != nil && key == "" || v == nil && field == "id"
	if g.odd || v == nil && field == "parent" {
		return nil
	}
	return s.add([]byte(key), g.last)
}

func (g *ground) addPlace(r *merge.Staged) {
	w := &g.recorder
	p, ok := r.Geometry.(orb.Point)
	if !ok {
		w.null()
		w.null()
		w.null()
		return
	}
	w.real(p[0])
	w.real(p[1])
	w.int64(int64(r.Place))
}

// records yields what was added.
func (g *ground) records() iter.Seq2[safety.Record, error] {
	return func(yield func(safety.Record, error) bool) {
		err := g.rows.each(func(number int64, row []byte) error {
			r, err := g.record(row)
			r.Number = number
			if !yield(r, err) {
				return errEnough
			}
			return err
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(safety.Record{}, err)
		}
	}
}

// errEnough ends a reading whose reader wants no more; it does not leave this file.
var errEnough = errors.New("the reader wants no more")

func (g *ground) record(row []byte) (r safety.Record, err error) {
	if err := columns(row, g.values); err != nil {
		return r, err
	}
	fields := safety.Fields(g.plan.kind)
	r.Values = make([]any, len(fields))
	for i, at := range g.plan.fields {
		if at < 0 || g.values[i].isNull() {
			continue
		}
		if r.Values[at], err = storedValue(fields[at].Type, g.values[i]); err != nil {
			return r, err
		}
	}
	if shape := g.values[1]; !shape.isNull() {
		r.Geometry, err = geo.DecodeGPKG(shape.bytes)
	}
	return r, err
}

func storedValue(t safety.Type, v value) (any, error) {
	switch t {
	case safety.Integer:
		return v.integer(), nil
	case safety.Boolean:
		return v.integer() != 0, nil
	case safety.Real:
		return v.real(), nil
	case safety.Instant, safety.Deadline:
		if len(v.bytes) == 0 {
			return safety.Time(0), nil
		}
		return readTime(string(v.bytes))
	}
	return string(v.bytes), nil
}

// keys calls f with the values of a field in order.
func (g *ground) keys(field string, f func(value []byte, number int64) error) error {
	return g.sorted[field].each(func(key []byte, number uint32) error { return f(key, int64(number)) })
}

func (g *ground) refuse(number int64) { g.there[number/64] &^= 1 << (number % 64) }

func (g *ground) has(number uint32) bool { return g.there[number/64]>>(number%64)&1 != 0 }

// numbers calls f with the numbers of all records that are to be written, rising.
func (g *ground) numbers(f func(number uint32) error) error {
	for i, word := range g.there {
		for ; word != 0; word &= word - 1 {
			if err := f(uint32(64*i + bits.TrailingZeros64(word))); err != nil {
				return err
			}
		}
	}
	return nil
}

func (g *ground) close() {
	g.rows.close()
	for _, s := range g.sorted {
		s.close()
	}
}

// fill writes all that is not refused: rows, indexes, R-tree and count. Meanwhile SQLite remembers little: what is written is not read again.
func (g *ground) fill(ctx context.Context, c *sql.Conn, version int64, see func(*merge.Laid) error) (err error) {
	if version > math.MaxInt32 {
		return merge.ErrNoGround
	}
	if _, err := c.ExecContext(ctx, "PRAGMA "+smallCacheSize); err != nil {
		return err
	}
	defer func() { // the connection is used again, also after an error and when the context has ended
		_, cacheErr := c.ExecContext(context.WithoutCancel(ctx), "PRAGMA "+cacheSize)
		err = errors.Join(err, cacheErr)
	}()
	f := &filling{ground: g, version: int32(version), see: see, cells: &sorter{}}
	defer f.cells.close()
	f.locateColumns()
	p, err := newPages(ctx, c, g.plan.roots())
	if err != nil {
		return err
	}
	f.pages = p
	if err := p.close(f.lay()); err != nil {
		return err
	}
	if err := f.nodes(ctx, c); err != nil {
		return fmt.Errorf("index: %w", err)
	}
	_, err = c.ExecContext(ctx, `UPDATE gpkg_ogr_contents SET feature_count = ? WHERE table_name = ?`, f.rows, string(g.plan.kind))
	return err
}

// patch puts version and batch into a row.
func (g *ground) patch(row []byte, version int32) {
	for _, at := range g.plan.versions {
		binary.BigEndian.PutUint32(row[len(row)-at:], uint32(version))
	}
}
