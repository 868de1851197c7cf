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

// references takes out of the batch the records that refer to what does not exist.
func (s *staging) references(ctx context.Context, w *write) (err error) {
	switch k := s.batch.Kind; {
	case !s.facts.refers:
	case follows(k):
		err = s.refuseFollowers(ctx, w)
	case k == safety.Enterprises:
		err = s.refuseChildren(ctx, w)
	}
	if err != nil {
		return fmt.Errorf("find unknown enterprises: %w", err)
	}
	return nil
}

// refuseFollowers looks up the enterprises of the batch's records: whether all are there, and what
// places the records get from them. Only if some are not there it looks for those.
func (s *staging) refuseFollowers(ctx context.Context, w *write) error {
	const look = `select count(*) filter (where s.enterprise is not null and e.id is null), count(*) filter (where s.lon is null and e.place = 0),
		count(*) filter (where s.lon is null and e.place is null)
		from ` + StageTable + ` s left join enterprises e on e.division = $1 and e.id = s.enterprise and e.deleted_at is null`
	var unknown, outside, unlocated int64
	if err := w.conn.QueryRowContext(ctx, look, s.engine.division).Scan(&unknown, &outside, &unlocated); err != nil {
		return err
	}
	if unknown == 0 {
		s.facts.outside += outside
		s.facts.unlocated = unlocated
		return nil
	}
	_, err := s.refuse(ctx, w, unknownEnterprise("enterprise"), s.engine.division)
	return err
}

// refuseChildren takes out the records whose parent is neither in the store nor in the batch. A record taken
// out may have been what another refers to, so parents are looked for until all are found.
func (s *staging) refuseChildren(ctx context.Context, w *write) error {
	if err := s.makeReady(ctx); err != nil {
		return err
	}
	find := unknownEnterprise("parent") + " and not exists (select 1 from " + StageTable + " b where b.id = s.parent)"
	for {
		if n, err := s.refuse(ctx, w, find, s.engine.division); err != nil || n == 0 {
			return err
		}
	}
}

// unknownEnterprise is the SQL that refuses records whose field names no enterprise of division $1.
func unknownEnterprise(field string) string {
	return `insert into ` + refusedTable + ` (number, key, field, reason, superseded)
		select s.number, s.id, '` + field + `', 'unknown enterprise ' || s.` + field + `, 0 from ` + StageTable + ` s
		where s.` + field + ` is not null and not exists (
			select 1 from enterprises e where e.division = $1 and e.id = s.` + field + ` and e.deleted_at is null)`
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

// declarable is the SQL of what a record may declare as its grid: ledgers name one by its code or by its
// name, as [safety.Snapshot.Mismatches] reads it. Spaces around it do not count.
const declarable = `select g.code from grids g where g.division = $1 and g.deleted_at is null
	union all select g.name from grids g where g.division = $1 and g.deleted_at is null and g.name is not null`

// countUnknownGrids warns of declared grids that the division does not have.
func (s *staging) countUnknownGrids(ctx context.Context, w *write, r *safety.Receipt) error {
	if !s.facts.declares {
		return nil
	}
	const unknown = ` from ` + StageTable + ` s where s.grid is not null and trim(s.grid) not in (` + declarable + `)`
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
