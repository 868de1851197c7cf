package merge

import (
	"context"
	"fmt"
	"iter"

	"hazgrid/safety"
)

// fillKept gathers the keys of records that the source has and the batch has not.
func (s *staging) fillKept(ctx context.Context) error {
	if s.batch.Sync == nil {
		return nil
	}
	d := s.engine.dialect
	if err := createTemporary(ctx, s.conn, keptTable, "key "+d.Column(safety.Text)); err != nil {
		return err
	}
	if s.batch.Sync.Keep == nil {
		return nil
	}
	return transaction(ctx, s.conn, "begin", func() error {
		return d.Stage(ctx, s.conn, Target{keptTable, []string{"key"}}, keysAsRows(s.batch.Sync.Keep))
	})
}

func keysAsRows(keys iter.Seq2[string, error]) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		row := make([]any, 1)
		for key, err := range keys {
			row[0] = key
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}

// goneRows is the SQL after "from KIND t" of the rows that a sync ends. It is the same before and
// after the batch is written.
func goneRows() string {
	return "where t.division = $1 and t.deleted_at is null and not exists (select 1 from " + StageTable +
		" s where s.id = t.id) and not exists (select 1 from " + keptTable + " q where q.key = t.id)"
}

// ends counts the rows that the sync is to end, and refuses when they are too many to be believed.
func (s *staging) ends(ctx context.Context, w *write) (gone int64, err error) {
	if s.batch.Sync == nil {
		return 0, nil
	}
	for _, statement := range []string{
		"insert into " + keptTable + " select key from " + refusedTable,
		"create index hazgrid_kept_key on " + keptTable + " (key)", indexStage,
	} {
		if _, err := w.exec(ctx, statement); err != nil {
			return 0, fmt.Errorf("keys to keep: %w", err)
		}
	}
	var live int64
	k := s.batch.Kind
	query := "select (select count(*) from " + table(k) + " where division = $1 and deleted_at is null), (select count(*) from " + table(k) + " t " + goneRows() + ")"
	if err := w.conn.QueryRowContext(ctx, query, s.engine.division).Scan(&live, &gone); err != nil {
		return 0, fmt.Errorf("count what is gone: %w", err)
	}
	return gone, s.batch.Sync.Believe(k, gone, live)
}

// end gives the rows that the sync ends their tombstones.
func (s *staging) end(ctx context.Context, w *write, gone int64, r *safety.Receipt) error {
	if gone == 0 {
		return nil
	}
	if !s.origin.At.IsSet() {
		return fmt.Errorf("a batch that ends records has a time: %w", safety.ErrInvalid)
	}
	k := s.batch.Kind
	w.change.Rows = true
	if _, err := w.remember(ctx, replaced{kind: k, rows: goneRows(), became: thisBatch}); err != nil {
		return err
	}
	err := w.bulk(ctx, Work{Kind: k, Rows: gone}, func() (err error) {
		r.Ended, err = w.exec(ctx, "update "+table(k)+" as t set deleted_at = $3, version = $2, batch = $2 "+goneRows(),
			s.engine.division, w.next(), s.engine.time(s.origin.At))
		return err
	})
	if err != nil || k != safety.Enterprises {
		return err
	}
	return w.warnMissed(ctx, r)
}

// warnMissed counts the ended enterprises that records which stay refer to: those keep their
// location and are still counted in their grids, but under no kind of enterprise.
func (w *write) warnMissed(ctx context.Context, r *safety.Receipt) error {
	const from = ` from (
		select e.id from enterprises e where e.division = $1 and e.version = $2 and e.deleted_at is not null
			and (exists (select 1 from hazards r where r.division = $1 and r.deleted_at is null and r.enterprise = e.id)
			or exists (select 1 from inspections r where r.division = $1 and r.deleted_at is null and r.enterprise = e.id))
		union select r.parent from enterprises r where r.division = $1 and r.deleted_at is null and r.parent is not null
			and (select e.deleted_at from enterprises e where e.division = $1 and e.id = r.parent and e.version = $2) is not null) e`
	var first text
	warning := safety.Warning{Code: "ended_in_use"}
	row := w.conn.QueryRowContext(ctx, "select count(*), min(e.id)"+from, w.engine.division, w.next())
	if err := row.Scan(&warning.Count, &first); err != nil {
		return fmt.Errorf("look for records that refer to them: %w", err)
	}
	warning.Example = first.s
	addWarning(r, warning)
	return nil
}
