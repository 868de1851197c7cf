package merge

import (
	"context"
	"database/sql"
	"fmt"
	"hash/maphash"
	"iter"
	"strings"

	"hazgrid/safety"

	"github.com/paulmach/orb"
)

// Temporary tables: the batch on its way in, what was taken out of it again and why, keys that a
// sync leaves alone, and new places on their way to the rows they belong to.
const (
	StageTable   = "hazgrid_stage"
	refusedTable = "hazgrid_refused"
	keptTable    = "hazgrid_kept"
	movedTable   = "hazgrid_moved"
)

// indexStage lets rows of the store look themselves up in the batch. Without it a database that
// knows nothing yet of a table that was just filled reads the whole batch for each of its rows.
const indexStage = "create index if not exists hazgrid_stage_id on " + StageTable + " (id)"

// A staging is a batch of records of one located or line kind, read but not yet merged.
type staging struct {
	engine *Engine
	conn   *sql.Conn
	batch  safety.Batch
	placer placer // that placed the staged records; unset for lines
	facts  facts
	keys   keySet
	seed   maphash.Seed // of the hashes in keys
	origin safety.Origin

	ready    bool // the statements of Dialect.Staged were run
	again    bool // the records were placed again since facts counted them
	first    bool // the division has no row of the kind
	refused  bool // some records were taken out of the batch
	fresh    bool // the division has no row of any key of the batch
	replaces bool // rows that are there already, tombstones too, will be written
}

// stage reads the whole batch into the temporary table. Only the batch's own source and the
// temporary table are touched: no lock that others could wait for.
func (e *Engine) stage(ctx context.Context, c *sql.Conn, b safety.Batch) (*staging, error) {
	s := &staging{engine: e, conn: c, batch: b, seed: maphash.MakeSeed(), facts: facts{sites: map[safety.PlaceID][]safety.Site{}}}
	if Located(b.Kind) {
		var err error
		if s.placer, err = e.currentPlacer(ctx, c); err != nil {
			return nil, err
		}
	}
	err := s.fill(ctx)
	if err == nil {
		err = s.fillKept(ctx)
	}
	if err != nil {
		s.drop(ctx)
		return nil, fmt.Errorf("stage: %w", err)
	}
	return s, nil
}

func (s *staging) fill(ctx context.Context) error {
	if err := s.create(ctx); err != nil {
		return err
	}
	err := transaction(ctx, s.conn, "begin", func() error {
		to := Target{Table: StageTable, Columns: stageColumns(s.batch.Kind)}
		if s.engine.dialect.Copy != nil {
			return s.stream(ctx, to)
		}
		b := s.newBuilder()
		err := s.engine.dialect.Stage(ctx, s.conn, to, s.rows(ctx, b))
		s.facts.add(b.facts)
		return err
	})
	if err != nil {
		return err
	}
	// Whether it is so is asked again when the division is locked; here it saves making ready what is not joined.
	if err := s.look(ctx); err != nil || s.first {
		return err
	}
	return s.makeReady(ctx)
}

// look sees whether the division has any row of the kind.
func (s *staging) look(ctx context.Context) error {
	query := "select not exists (select 1 from " + table(s.batch.Kind) + " where division = $1)"
	return s.conn.QueryRowContext(ctx, query, s.engine.division).Scan(&s.first)
}

// makeReady readies the staged batch for joins.
func (s *staging) makeReady(ctx context.Context) error {
	if s.ready {
		return nil
	}
	s.ready = true
	for _, statement := range s.engine.dialect.Staged {
		if _, err := s.conn.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// stageColumns are the columns of the staging table, in the order of staging.row.
func stageColumns(k safety.Kind) []string {
	columns := []string{"number"}
	for _, f := range safety.Fields(k) {
		columns = append(columns, f.Name)
	}
	columns = append(columns, "geom", "digest")
	if Located(k) {
		columns = append(columns, "lon", "lat", "place")
	}
	return columns
}

func (s *staging) create(ctx context.Context) error {
	d := s.engine.dialect
	integer, number := d.Column(safety.Integer), d.Column(safety.Real)
	columns := []string{"number " + integer + " not null"}
	for _, f := range safety.Fields(s.batch.Kind) {
		columns = append(columns, quote(f.Name)+" "+d.Column(f.Type))
	}
	columns = append(columns, "geom "+d.Geometry, "digest "+d.Bytes)
	if Located(s.batch.Kind) {
		columns = append(columns, "lon "+number, "lat "+number, "place "+integer)
	}
	if err := createTemporary(ctx, s.conn, StageTable, columns...); err != nil {
		return err
	}
	return s.createRefused(ctx)
}

func (s *staging) createRefused(ctx context.Context) error {
	integer, word := s.engine.dialect.Column(safety.Integer), s.engine.dialect.Column(safety.Text)
	return createTemporary(ctx, s.conn, refusedTable, "number "+integer+" primary key",
		"key "+word, "field "+word, "reason "+word, "superseded "+integer+" not null")
}

// createTemporary makes an empty temporary table; one of that name may have survived on the connection.
func createTemporary(ctx context.Context, c *sql.Conn, table string, columns ...string) error {
	if err := dropTemporary(ctx, c, table); err != nil {
		return err
	}
	_, err := c.ExecContext(ctx, "create temporary table "+table+" ("+strings.Join(columns, ", ")+")")
	return err
}

func dropTemporary(ctx context.Context, c *sql.Conn, table string) error {
	_, err := c.ExecContext(ctx, "drop table if exists "+table)
	return err
}

// drop removes the temporary tables. A connection that cannot do that any more takes them with it.
func (s *staging) drop(ctx context.Context) {
	ctx = context.WithoutCancel(ctx)
	_ = dropTemporary(ctx, s.conn, StageTable)
	_ = dropTemporary(ctx, s.conn, refusedTable)
	_ = dropTemporary(ctx, s.conn, keptTable)
}

// rows yields the batch in the form of stageColumns.
func (s *staging) rows(ctx context.Context, b *builder) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		var row []any
		for r, err := range s.batch.Records {
			if err == nil {
				err = ctx.Err()
			}
			if err == nil {
				row, err = s.row(row[:0], b, r)
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}

// row appends the staged form of r.
func (s *staging) row(row []any, b *builder, r safety.Record) ([]any, error) {
	staged, hash, err := b.build(r)
	if err != nil {
		return nil, err
	}
	s.keys.add(hash)
	row = s.engine.values(append(row, r.Number), r)
	row = append(row, nil, staged.Digest[:])
	if r.Geometry != nil {
		if row[len(row)-2], err = s.engine.dialect.Encode(r.Geometry); err != nil {
			return nil, fmt.Errorf("record %d: geometry: %w", r.Number, err)
		}
	}
	switch p, ok := r.Geometry.(orb.Point); {
	case !Located(b.kind):
		return row, nil
	case ok:
		return append(row, p[0], p[1], int64(staged.Place)), nil
	}
	return append(row, nil, nil, nil), nil
}

// values appends the values of r's fields as the driver takes them.
func (e *Engine) values(row []any, r safety.Record) []any {
	for _, v := range r.Values {
		if t, ok := v.(safety.Time); ok {
			v = e.time(t)
		}
		row = append(row, v)
	}
	return row
}
