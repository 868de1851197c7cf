package merge

import (
	"context"
	"database/sql"
	"fmt"
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
	sites  map[safety.PlaceID][]safety.Site
	fields int   // number of the kind's fields
	read   int64 // records the batch yielded
	origin safety.Origin

	replaces bool // rows that are there already, tombstones too, will be written
}

// stage reads the whole batch into the temporary table. Only the batch's own source and the
// temporary table are touched: no lock that others could wait for.
func (e *Engine) stage(ctx context.Context, c *sql.Conn, b safety.Batch) (*staging, error) {
	s := &staging{engine: e, conn: c, batch: b, fields: len(safety.Fields(b.Kind)), sites: map[safety.PlaceID][]safety.Site{}}
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
		return s.engine.dialect.Stage(ctx, s.conn, to, s.rows(ctx))
	})
	if err != nil {
		return err
	}
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
	integer, number, word := d.Column(safety.Integer), d.Column(safety.Real), d.Column(safety.Text)
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
func (s *staging) rows(ctx context.Context) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		var row []any
		for r, err := range s.batch.Records {
			if err == nil {
				err = ctx.Err()
			}
			if err == nil {
				s.read++
				row, err = s.row(row[:0], r)
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}

// row appends the staged form of r.
func (s *staging) row(row []any, r safety.Record) ([]any, error) {
	k, e := s.batch.Kind, s.engine
	if len(r.Values) != s.fields {
		return nil, fmt.Errorf("record %d: want %d values, got %d: %w", r.Number, s.fields, len(r.Values), safety.ErrInvalid)
	}
	row = e.values(append(row, r.Number), r)
	var err error
	digest := safety.Digest(k, r)
	row = append(row, nil, digest[:])
	if r.Geometry != nil {
		if row[len(row)-2], err = e.dialect.Encode(r.Geometry); err != nil {
			return nil, fmt.Errorf("record %d: geometry: %w", r.Number, err)
		}
	}
	if Located(k) {
		return s.located(row, r)
	}
	return row, nil
}

// located appends lon, lat and place.
func (s *staging) located(row []any, r safety.Record) ([]any, error) {
	if r.Geometry == nil {
		return append(row, nil, nil, nil), nil
	}
	p, ok := r.Geometry.(orb.Point)
	if !ok {
		return nil, fmt.Errorf("record %d: geometry: want a point, got a %s: %w", r.Number, r.Geometry.GeoJSONType(), safety.ErrInvalid)
	}
	return append(row, p[0], p[1], s.place(p)), nil
}

// place returns the place of p as a column and keeps its sites, to be stored with the batch.
func (s *staging) place(p orb.Point) int64 {
	id, sites := s.placer.Place(p)
	if _, known := s.sites[id]; !known {
		s.sites[id] = sites
	}
	return int64(id)
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
