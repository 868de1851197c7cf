package merge

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/maphash"
	"iter"

	"hazgrid/safety"
)

// ErrNoGround says that a batch cannot be laid as a ground, and is to be merged like any other.
var ErrNoGround = errors.New("not to be laid from the ground up")

// A Ground is a batch that becomes the first rows of a table. With nothing there to compare it with, a database may
// write it without statements. Records are known by their Number. Keys and Fill may return ErrNoGround.
type Ground struct {
	// Add keeps a record.
	Add func(r *Staged) error
	// Records yields what Add kept.
	Records iter.Seq2[safety.Record, error]
	// Still tells, under the lock of a write, whether the table is as it was when Lay looked, and what was kept fits it.
	Still func(ctx context.Context, c *sql.Conn) (bool, error)
	// Keys calls f with the values of field id or, of enterprises, parent, in order of their bytes and then of number.
	Keys func(field string, f func(value []byte, number int64) error) error
	// Refuse takes a record out.
	Refuse func(number int64)
	// Fill writes what was not taken out, in order of number, with version and batch. see is shown each record before.
	// c must not be used for the table meanwhile.
	Fill func(ctx context.Context, c *sql.Conn, version int64, see func(*Laid) error) error
	// Close releases what the ground holds.
	Close func()
}

// Laid is a record on its way into the table. Its bytes are valid while see runs.
type Laid struct {
	Number              int64
	ID, Reference, Grid []byte // the last two nil where there is none; Reference is field enterprise

	Own     bool   // it has a location of its own
	Geom    []byte // set by see: the location of what it refers to, as the database has it
	Located bool   // whether Place is set: by the record, or with Geom by see
	Place   int64
	Refused bool // set by see: it is not written
}

// groundRows is the number of records from which laying pays.
const groundRows = 2000

// groundPremises is the largest number of enterprises that are held in memory to be referred to: some 100 MB.
const groundPremises = 500_000

// A laying is a batch being laid as a ground.
type laying struct {
	staging
	ground *Ground
	grids  map[string]bool    // that may be declared, by code and by name
	firms  map[string]premise // that may be referred to
	stray  safety.Warning     // declared grids that are unknown
}

// A premise is where an enterprise is.
type premise struct {
	geom    []byte
	place   int64
	located bool
}

// lay reads a batch that may be laid as a ground. It returns nil when there is no such way, and then nothing is read.
func (e *Engine) lay(ctx context.Context, c *sql.Conn, b safety.Batch) (*laying, error) {
	if e.dialect.Lay == nil || b.Sync != nil {
		return nil, nil
	}
	g, err := e.dialect.Lay(ctx, c, e.division, b.Kind)
	if g == nil || err != nil {
		return nil, err
	}
	l := &laying{ground: g, staging: staging{engine: e, conn: c, batch: b, seed: maphash.MakeSeed(), facts: facts{sites: map[safety.PlaceID][]safety.Site{}}}}
	if Located(b.Kind) {
		if l.placer, err = e.currentPlacer(ctx, c); err != nil {
			g.Close()
			return nil, err
		}
	}
	if err := l.take(ctx); err != nil {
		g.Close()
		return nil, fmt.Errorf("stage: %w", err)
	}
	return l, nil
}

// take keeps the whole batch, in a goroutine beside its source.
func (l *laying) take(ctx context.Context) (err error) {
	chunks, done := make(chan *chunk, chunksAhead), make(chan error, 1)
	go func() {
		done <- l.keepAll(chunks)
		for range chunks { // after an error: who sends must not wait
		}
	}()
	next := &chunk{}
	defer func() {
		if err == nil {
			chunks <- next
		}
		close(chunks)
		err = errors.Join(err, <-done)
	}()
	for r, err := range l.batch.Records {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		if next.add(r); len(next.records) < chunkRecords && next.size < chunkBytes {
			continue
		}
		select {
		case chunks <- next:
			next = &chunk{}
		case err := <-done:
			done <- nil
			return err
		}
	}
	return nil
}

// keepAll keeps the records of chunks until there are no more, or one cannot be kept.
func (l *laying) keepAll(chunks <-chan *chunk) error {
	b := l.newBuilder()
	defer func() { l.facts.add(b.facts) }()
	for c := range chunks {
		for _, r := range c.records {
			staged, _, err := b.build(r)
			if err == nil {
				err = l.ground.Add(&staged)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// apply is mergeRecords for a batch that was taken.
func (l *laying) apply(ctx context.Context) (r safety.Receipt, err error) {
	if l.facts.read < groundRows {
		return r, ErrNoGround
	}
	if err := l.createRefused(ctx); err != nil {
		return r, err
	}
	defer l.drop(ctx)
	l.origin = origin(l.batch)
	r.Version, err = l.engine.write(ctx, l.conn, func(w *write) error {
		if err := l.check(ctx, w); err != nil {
			return err
		}
		if err := l.write(ctx, w, &r); err != nil {
			return err
		}
		if err := w.confirm(l.batch, &r); err != nil {
			return err
		}
		return w.record(ctx, imported(l.batch, l.origin, &r))
	})
	return r, err
}

// check returns ErrNoGround when something is not as it was when the batch was taken, or too large.
func (l *laying) check(ctx context.Context, w *write) error {
	still, err := l.ground.Still(ctx, w.conn)
	if err != nil {
		return err
	}
	if !still || Located(l.batch.Kind) && w.boundaries != l.placer.boundaries {
		return ErrNoGround
	}
	if l.batch.Kind == safety.Enterprises {
		return l.checkParents()
	}
	return nil
}

// write takes out of the batch what may not be written, writes the rest, and fills r.
func (l *laying) write(ctx context.Context, w *write, r *safety.Receipt) error {
	if err := l.supersede(ctx, w); err != nil {
		return fmt.Errorf("find doubles: %w", err)
	}
	if err := l.known(ctx, w); err != nil {
		return err
	}
	err := l.ground.Fill(ctx, w.conn, w.next(), func(x *Laid) error { return l.see(ctx, w, x, r) })
	if err != nil {
		return fmt.Errorf("write: %w", err)
	}
	if l.stray.Count > 0 {
		r.Warnings = append(r.Warnings, l.stray)
	}
	const refused = "select count(*) filter (where superseded = 1), count(*) filter (where superseded = 0) from " + refusedTable
	if err := w.conn.QueryRowContext(ctx, refused).Scan(&r.Superseded, &r.Rejected); err != nil {
		return fmt.Errorf("count: %w", err)
	}
	if r.Inserted > 0 {
		w.change.Rows = true
		if err := l.settle(ctx, w); err != nil {
			return err
		}
	}
	return l.report(ctx, r)
}

// settle writes the places, and lets records that are there already follow enterprises.
func (l *laying) settle(ctx context.Context, w *write) error {
	if l.placer.Placer != nil {
		if err := w.insertPlaces(ctx, l.placer.Placer, l.facts.sites); err != nil {
			return err
		}
	}
	if l.batch.Kind != safety.Enterprises {
		return nil
	}
	return w.moveFollowers(ctx)
}

// see decides what becomes of a record, and counts it.
func (l *laying) see(ctx context.Context, w *write, x *Laid, r *safety.Receipt) error {
	if x.Reference != nil {
		firm, ok := l.firms[string(x.Reference)]
		if !ok {
			x.Refused = true
			return l.refuse(ctx, w, x.Number, string(x.ID), "enterprise", "unknown enterprise "+string(x.Reference), 0)
		}
		if !x.Own {
			x.Geom, x.Place, x.Located = firm.geom, firm.place, firm.located
		}
	}
	r.Inserted++
	if !Located(l.batch.Kind) {
		return nil
	}
	switch {
	case !x.Located:
		r.Unlocated++
	case x.Place == 0:
		r.Outside++
	}
	if x.Grid != nil && !l.grids[string(bytes.Trim(x.Grid, " "))] {
		if l.stray.Count++; l.stray.Count == 1 {
			l.stray.Code, l.stray.Example = "unknown_grid", string(x.ID)+": "+string(x.Grid)
		}
	}
	return nil
}
