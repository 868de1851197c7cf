package merge

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"hazgrid/safety"
)

// applyRecords writes a batch of any kind but grids.
func (e *Engine) applyRecords(ctx context.Context, c *sql.Conn, b safety.Batch) (safety.Receipt, error) {
	l, err := e.lay(ctx, c, b)
	if err != nil {
		return safety.Receipt{}, err
	}
	if l == nil {
		return e.mergeRecords(ctx, c, b)
	}
	defer l.ground.Close()
	r, err := l.apply(ctx)
	if errors.Is(err, ErrNoGround) {
		b.Records = l.ground.Records
		return e.mergeRecords(ctx, c, b)
	}
	return r, err
}

// mergeRecords stages a batch and merges it with the rows that are there.
func (e *Engine) mergeRecords(ctx context.Context, c *sql.Conn, b safety.Batch) (safety.Receipt, error) {
	s, err := e.stage(ctx, c, b)
	if err != nil {
		return safety.Receipt{}, err
	}
	defer s.drop(ctx)
	s.origin = origin(b)
	var r safety.Receipt
	r.Version, err = e.write(ctx, c, func(w *write) error {
		if err := s.merge(ctx, w, &r); err != nil {
			return err
		}
		if err := w.confirm(b, &r); err != nil {
			return err
		}
		return w.record(ctx, imported(b, s.origin, &r))
	})
	return r, err
}

// confirm shows the receipt, with the version there would be, to whom it concerns.
func (w *write) confirm(b safety.Batch, r *safety.Receipt) error {
	r.Version = w.version
	if w.change != (Change{}) {
		r.Version = w.next()
	}
	if b.Confirm == nil {
		return nil
	}
	return b.Confirm(*r)
}

// merge takes out of the staged batch what may not be written, writes the rest, and fills r.
func (s *staging) merge(ctx context.Context, w *write, r *safety.Receipt) error {
	steps := []func(context.Context, *write) error{s.prepare, s.freshen, s.supersede, s.references}
	for _, step := range steps {
		if err := step(ctx, w); err != nil {
			return err
		}
	}
	if err := s.count(ctx, w, r); err != nil {
		return fmt.Errorf("count: %w", err)
	}
	ends, err := s.ends(ctx, w)
	if err != nil {
		return err
	}
	if r.Inserted+r.Updated > 0 {
		w.change.Rows = true
		if err := s.upsert(ctx, w, r.Inserted+r.Updated); err != nil {
			return fmt.Errorf("write: %w", err)
		}
	}
	if err := s.end(ctx, w, ends, r); err != nil {
		return fmt.Errorf("end: %w", err)
	}
	return s.report(ctx, r)
}

// prepare sees, now that nobody else writes, what the batch will have to be compared with.
func (s *staging) prepare(ctx context.Context, _ *write) error {
	err := s.look(ctx)
	if err == nil && !s.first {
		err = s.makeReady(ctx)
	}
	if err != nil {
		return fmt.Errorf("look for rows: %w", err)
	}
	return nil
}

// freshen places the staged records anew when the boundaries changed since they were placed.
func (s *staging) freshen(ctx context.Context, w *write) error {
	if !Located(s.batch.Kind) || w.boundaries == s.placer.boundaries {
		return nil
	}
	p, err := s.engine.placerOf(ctx, s.conn, w.boundaries)
	if err != nil {
		return fmt.Errorf("place again: %w", err)
	}
	s.placer, s.facts.sites, s.again = p, map[safety.PlaceID][]safety.Site{}, true
	r := relocation{
		engine: s.engine, conn: s.conn, placer: p.Placer, sites: s.facts.sites, first: int64(-1), key: safety.Integer,
		query: "select number, " + s.engine.geometryOut("geom") + ", place from " + StageTable +
			fmt.Sprintf(" where number > $1 and geom is not null order by number limit %d", pageSize),
		update: func(ctx context.Context, _ int64) error {
			_, err := w.exec(ctx, "update "+StageTable+" set place = m.place from "+movedTable+" m where "+StageTable+".number = m.key")
			return err
		},
	}
	if err := r.run(ctx); err != nil {
		return fmt.Errorf("place again: %w", err)
	}
	return nil
}

// count compares what is left of the batch with the store.
func (s *staging) count(ctx context.Context, w *write, r *safety.Receipt) error {
	if s.refused {
		query := "select count(*) filter (where superseded = 1), count(*) filter (where superseded = 0) from " + refusedTable
		if err := w.conn.QueryRowContext(ctx, query).Scan(&r.Superseded, &r.Rejected); err != nil {
			return err
		}
	}
	if err := s.compare(ctx, w, r); err != nil {
		return err
	}
	if err := s.countUnknownGrids(ctx, w, r); err != nil {
		return err
	}
	return s.countPlaces(ctx, w, r)
}

// compare counts what will be inserted and updated.
func (s *staging) compare(ctx context.Context, w *write, r *safety.Receipt) error {
	left := s.facts.read - r.Superseded - r.Rejected
	if s.first {
		r.Inserted, s.fresh = left, true
		return nil
	}
	var fresh int64
	query := `select count(*) filter (where t.id is null or t.deleted_at is not null),
		count(*) filter (where t.digest = s.digest and t.deleted_at is null), count(*) filter (where t.id is null)
		from ` + StageTable + ` s left join ` + table(s.batch.Kind) + ` t on t.division = $1 and t.id = s.id`
	if err := w.conn.QueryRowContext(ctx, query, s.engine.division).Scan(&r.Inserted, &r.Unchanged, &fresh); err != nil {
		return err
	}
	r.Updated = left - r.Inserted - r.Unchanged
	s.fresh, s.replaces = fresh == left, left-r.Unchanged > fresh
	return nil
}

// countPlaces counts what is left of the batch and in no grid, or nowhere.
func (s *staging) countPlaces(ctx context.Context, w *write, r *safety.Receipt) error {
	switch {
	case !Located(s.batch.Kind):
		return nil
	case !s.refused && !s.again:
		r.Outside, r.Unlocated = s.facts.outside, s.facts.unlocated
		return nil
	}
	query := "select count(*) filter (where " + s.placeOf() + " = 0), count(*) filter (where " + s.placeOf() + " is null) from " + s.from()
	return w.conn.QueryRowContext(ctx, query, s.engine.division).Scan(&r.Outside, &r.Unlocated)
}

// placeOf is the SQL of the effective place of a row of joined, shapeOf that of its location.
func (s *staging) placeOf() string {
	if follows(s.batch.Kind) {
		return "case when s.lon is null then e.place else s.place end"
	}
	return "s.place"
}

func (s *staging) shapeOf() string {
	if follows(s.batch.Kind) {
		return "case when s.lon is null then e.geom else s.geom end"
	}
	return "s.geom"
}

// from is the SQL of the staged batch s, with the enterprise e that a record without a location
// follows. Parameter $1, which is the division, is used in any case.
func (s *staging) from() string {
	if !follows(s.batch.Kind) {
		return StageTable + " s join (select cast($1 as text) as division) d on true"
	}
	return StageTable + " s left join enterprises e on e.division = $1 and e.id = s.enterprise and s.lon is null"
}

// upsert writes what is left of the batch and differs from the store.
func (s *staging) upsert(ctx context.Context, w *write, rows int64) error {
	k := s.batch.Kind
	if err := w.insertPlaces(ctx, s.placer.Placer, s.facts.sites); err != nil {
		return err
	}
	if s.replaces {
		if _, err := w.exec(ctx, indexStage); err != nil {
			return err
		}
		rows := "join " + StageTable + " s on s.id = t.id where t.division = $1 and (t.digest is distinct from s.digest or t.deleted_at is not null)"
		if _, err := w.remember(ctx, replaced{kind: k, rows: rows, became: thisBatch}); err != nil {
			return err
		}
	}
	err := w.bulk(ctx, Work{Kind: k, Rows: rows, Geometry: true, Fresh: s.fresh}, func() error {
		_, err := w.exec(ctx, s.upsertSQL(), s.engine.division, w.next())
		return err
	})
	if err != nil || k != safety.Enterprises {
		return err
	}
	return w.moveFollowers(ctx)
}

func (s *staging) upsertSQL() string {
	k := s.batch.Kind
	var columns, values []string
	for _, name := range names(k) {
		columns, values = append(columns, quote(name)), append(values, "s."+quote(name))
	}
	columns, values = append(columns, "digest", "version", "batch", "geom"), append(values, "s.digest", thisBatch, thisBatch, s.shapeOf())
	if Located(k) {
		columns, values = append(columns, "lon", "lat", "place"), append(values, "s.lon", "s.lat", s.placeOf())
	}
	insert := "insert into " + table(k) + " (division, " + strings.Join(columns, ", ") + ") select $1, " + strings.Join(values, ", ") + " from " + s.from()
	if s.fresh {
		return insert
	}
	return insert + " left join " + table(k) + " t on t.division = $1 and t.id = s.id" +
		" where t.id is null or t.digest is distinct from s.digest or t.deleted_at is not null" +
		" on conflict (division, id) do update set deleted_at = null, " + list(columns[1:], "% = excluded.%")
}
