package merge

import (
	"context"
	"fmt"

	"hazgrid/safety"
)

// supersede takes out of the batch every record that a later one with the same key replaces.
func (s *staging) supersede(ctx context.Context, w *write) error {
	if !s.keys.same {
		return nil
	}
	if err := s.makeReady(ctx); err != nil {
		return fmt.Errorf("find doubles: %w", err)
	}
	const find = `insert into ` + refusedTable + ` (number, key, field, reason, superseded)
		select s.number, s.id, 'id', 'replaced by record ' || d.last, 1 from ` + StageTable + ` s
		join (select id, max(number) as last from ` + StageTable + ` group by id having count(*) > 1) d on d.id = s.id and s.number < d.last`
	_, err := s.refuse(ctx, w, find)
	if err != nil {
		return fmt.Errorf("find doubles: %w", err)
	}
	return nil
}

// refuse runs a statement that adds to the refused records, and takes those out of the batch.
func (s *staging) refuse(ctx context.Context, w *write, find string, args ...any) (int64, error) {
	n, err := w.exec(ctx, find, args...)
	if err != nil || n == 0 {
		return n, err
	}
	s.refused = true
	_, err = w.exec(ctx, "delete from "+StageTable+" where number in (select number from "+refusedTable+")")
	return n, err
}

// references takes out of the batch the records that refer to what does not exist. A record taken
// out may have been what another refers to, so parents are looked for until all are found.
func (s *staging) references(ctx context.Context, w *write) error {
	if !s.facts.refers {
		return nil
	}
	field, inBatch := reference(s.batch.Kind), ""
	if s.batch.Kind == safety.Enterprises {
		inBatch = " and not exists (select 1 from " + StageTable + " b where b.id = s.parent)"
		if err := s.makeReady(ctx); err != nil {
			return fmt.Errorf("find unknown enterprises: %w", err)
		}
	}
	find := `insert into ` + refusedTable + ` (number, key, field, reason, superseded)
		select s.number, s.id, '` + field + `', 'unknown enterprise ' || s.` + field + `, 0 from ` + StageTable + ` s
		where s.` + field + ` is not null and not exists (
			select 1 from enterprises e where e.division = $1 and e.id = s.` + field + ` and e.deleted_at is null)` + inBatch
	for {
		n, err := s.refuse(ctx, w, find, s.engine.division)
		if err != nil {
			return fmt.Errorf("find unknown enterprises: %w", err)
		}
		if n == 0 || inBatch == "" {
			return nil
		}
	}
}

// reference is the field by which a record of k names an enterprise, "" when it names none.
func reference(k safety.Kind) string {
	switch {
	case follows(k):
		return "enterprise"
	case k == safety.Enterprises:
		return "parent"
	}
	return ""
}

// countUnknownGrids warns of declared grids that the division does not have: ledgers name a grid by
// its code or by its name, as [safety.Snapshot.Mismatches] reads it.
func (s *staging) countUnknownGrids(ctx context.Context, w *write, r *safety.Receipt) error {
	if !s.facts.declares {
		return nil
	}
	const unknown = ` from ` + StageTable + ` s where s.grid is not null and trim(s.grid) not in (
		select g.code from grids g where g.division = $1 and g.deleted_at is null
		union all select g.name from grids g where g.division = $1 and g.deleted_at is null and g.name is not null)`
	warning := safety.Warning{Code: "unknown_grid"}
	row := w.conn.QueryRowContext(ctx, "select count(*)"+unknown, s.engine.division)
	if err := row.Scan(&warning.Count); err != nil || warning.Count == 0 {
		return err
	}
	var id, grid string
	row = w.conn.QueryRowContext(ctx, "select s.id, s.grid"+unknown+" order by s.number limit 1", s.engine.division)
	if err := row.Scan(&id, &grid); err != nil {
		return err
	}
	warning.Example = id + ": " + grid
	r.Warnings = append(r.Warnings, warning)
	return nil
}

// report hands on what was refused, by number.
func (s *staging) report(ctx context.Context, r *safety.Receipt) error {
	if s.batch.Rejected == nil || r.Superseded+r.Rejected == 0 {
		return nil
	}
	var number, superseded integer
	var key, field, reason text
	query := scanned{
		query: "select number, key, field, reason, superseded from " + refusedTable + " order by number",
		dest:  []any{&number, &key, &field, &reason, &superseded},
	}
	return scan(ctx, s.conn, query, func() error {
		return s.batch.Rejected(safety.Reject{
			FieldError: safety.FieldError{Number: number.n, Key: key.s, Field: field.s, Reason: reason.s},
			Superseded: superseded.n == 1,
		})
	})
}
