package merge

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"

	"hazgrid/safety"
)

// A reversal puts back what one batch changed: rows that it replaced get their former values,
// rows that were not there before get a tombstone. It is a batch itself, and can be put back.
type reversal struct {
	write *write
	batch safety.Applied
	now   safety.Time
}

// revert is Apply of a batch that puts another back.
func (e *Engine) revert(ctx context.Context, c *sql.Conn, b safety.Batch) (r safety.Receipt, err error) {
	o := origin(b)
	if !o.At.IsSet() {
		return r, fmt.Errorf("a batch that ends records has a time: %w", safety.ErrInvalid)
	}
	r.Version, err = e.write(ctx, c, func(w *write) error {
		v := reversal{write: w, now: o.At}
		if v.batch, err = e.batch(ctx, c, b.Revert); err != nil {
			return err
		}
		if err := v.run(ctx, &r); err != nil {
			return err
		}
		if err := w.confirm(b, &r); err != nil {
			return err
		}
		return w.record(ctx, safety.Applied{
			Op: safety.OpRevert, Kind: v.batch.Kind, Reverts: b.Revert, Origin: o,
			Inserted: r.Inserted, Updated: r.Updated, Ended: r.Ended,
		})
	})
	return r, err
}

func (v *reversal) run(ctx context.Context, r *safety.Receipt) error {
	if v.batch.Op == safety.OpEdit {
		return fmt.Errorf("batch %d is an edit by another program: what it replaced was not kept: %w", v.batch.Batch, safety.ErrConflict)
	}
	if err := v.analyze(ctx); err != nil {
		return err
	}
	if err := v.refuseChanged(ctx); err != nil {
		return err
	}
	if err := v.count(ctx, r); err != nil {
		return fmt.Errorf("count: %w", err)
	}
	rows := r.Inserted + r.Updated + r.Ended
	if rows == 0 {
		return fmt.Errorf("nothing is left of batch %d: %w", v.batch.Batch, safety.ErrConflict)
	}
	v.write.change.Rows = true
	v.write.change.Boundaries = v.batch.Kind == safety.Grids
	if err := v.restore(ctx, rows); err != nil {
		return err
	}
	if err := v.refuseMissed(ctx); err != nil {
		return err
	}
	return v.place(ctx)
}

// analyze looks at the tables that are to be joined: an import may have filled them a moment ago.
func (v *reversal) analyze(ctx context.Context) error {
	statement := v.write.engine.dialect.Analyze
	if statement == "" {
		return nil
	}
	for _, name := range []string{table(v.batch.Kind), historyOf(v.batch.Kind)} {
		if _, err := v.write.exec(ctx, strings.ReplaceAll(statement, "%s", name)); err != nil {
			return fmt.Errorf("analyze %s: %w", name, err)
		}
	}
	return nil
}

// exec runs a statement whose parameters are $1, the division, $2, the batch to put back, and args.
func (v *reversal) exec(ctx context.Context, query string, args ...any) error {
	_, err := v.write.exec(ctx, query, append([]any{v.write.engine.division, v.batch.Batch}, args...)...)
	return err
}

// replacedRows is the SQL after "from KIND t" of the rows that the batch replaced, h being what they were.
func (v *reversal) replacedRows(batch string) string {
	k := v.batch.Kind
	return "join " + historyOf(k) + " h on h.division = t.division and " + sameKey(k, "h", "t") +
		" where t.division = $1 and h.replaced = " + batch
}

// newRows is the SQL after "from KIND t" of the rows that were not there before the batch.
func (v *reversal) newRows(batch string) string {
	k := v.batch.Kind
	return "where t.division = $1 and t.batch = " + batch + " and not exists (select 1 from " + historyOf(k) +
		" h where h.division = $1 and h.replaced = " + batch + " and " + sameKey(k, "h", "t") + ")"
}

// count tells the rows that will be alive again, have other values, and be no more.
func (v *reversal) count(ctx context.Context, r *safety.Receipt) error {
	k := v.batch.Kind
	query := `select count(*) filter (where t.deleted_at is not null and h.deleted_at is null),
		count(*) filter (where t.deleted_at is null and h.deleted_at is not null), count(*)
		from ` + table(k) + " t " + v.replacedRows("$2")
	var all, fresh int64
	row := v.write.conn.QueryRowContext(ctx, query, v.write.engine.division, v.batch.Batch)
	if err := row.Scan(&r.Inserted, &r.Ended, &all); err != nil {
		return err
	}
	r.Updated = all - r.Inserted - r.Ended
	row = v.write.conn.QueryRowContext(ctx, "select count(*) from "+table(k)+" t "+v.newRows("$2"), v.write.engine.division, v.batch.Batch)
	if err := row.Scan(&fresh); err != nil {
		return err
	}
	r.Ended += fresh
	return nil
}

// restore writes the former rows and the tombstones, having kept what is there now.
func (v *reversal) restore(ctx context.Context, rows int64) error {
	w, k := v.write, v.batch.Kind
	for _, r := range []replaced{
		{kind: k, rows: v.replacedRows("$3"), became: "h.batch", args: []any{v.batch.Batch}},
		{kind: k, rows: v.newRows("$3"), became: "0", args: []any{v.batch.Batch}},
	} {
		if _, err := w.remember(ctx, r); err != nil {
			return err
		}
	}
	return w.bulk(ctx, Work{Kind: k, Rows: rows, Geometry: true}, func() error {
		if err := v.exec(ctx, v.buriesSQL(), w.next(), w.engine.time(v.now)); err != nil {
			return fmt.Errorf("take back what was new: %w", err)
		}
		if err := v.exec(ctx, v.restoresSQL(), w.next()); err != nil {
			return fmt.Errorf("put back what was replaced: %w", err)
		}
		return nil
	})
}

func (v *reversal) buriesSQL() string {
	return "update " + table(v.batch.Kind) + " as t set deleted_at = $4, batch = 0, version = $3 " + v.newRows("$2")
}

// restoresSQL leaves out the place, and the location of what has none of its own: place finds them.
func (v *reversal) restoresSQL() string {
	k := v.batch.Kind
	set := list(keptColumns(k), `"%" = h."%"`)
	switch {
	case follows(k):
		set += ", place = null, geom = case when h.lon is null then null else h.shape end"
	case Located(k):
		set += ", place = null, geom = h.shape"
	default:
		set += ", geom = h.shape"
	}
	return "update " + table(k) + " as t set version = $3, batch = h.batch, " + set + " from " + historyOf(k) + " h where t.division = $1" +
		" and h.division = $1 and h.replaced = $2 and " + sameKey(k, "h", "t")
}

// place finds the grids of the rows put back, which may be others than they were, and moves what follows them.
func (v *reversal) place(ctx context.Context) error {
	w, k := v.write, v.batch.Kind
	if !Located(k) {
		return nil
	}
	p, err := w.engine.placerOf(ctx, w.conn, w.boundaries)
	if err != nil {
		return err
	}
	r := relocation{engine: w.engine, conn: w.conn, placer: p.Placer, sites: map[safety.PlaceID][]safety.Site{}}
	r.query = "select id, " + w.engine.geometryOut("geom") + ", place from " + table(k) +
		" where id > $1 and division = $2 and version = $3 and lon is not null order by id limit " + strconv.Itoa(pageSize)
	r.args, r.first, r.key = []any{w.engine.division, w.next()}, "", safety.Text
	r.update = func(ctx context.Context, rows int64) error { return w.moveRows(ctx, k, rows) }
	if err := r.run(ctx); err != nil {
		return fmt.Errorf("place: %w", err)
	}
	if err := w.insertPlaces(ctx, p.Placer, r.sites); err != nil {
		return err
	}
	if k != safety.Enterprises {
		return w.follow(ctx, k, 0)
	}
	return w.moveFollowers(ctx)
}
