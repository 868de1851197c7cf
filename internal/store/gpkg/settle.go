package gpkg

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"hazgrid/internal/store/merge"
	"hazgrid/safety"
)

// aside is the deleted_at of a row that another program wrote and that cannot be used as it is.
const aside = "9999-12-31T23:59:59.999Z"

// ours picks the log lines of division $1: its own, and those of rows without a division when
// there is only one that they can belong to.
const ours = `(division = $1 OR division IS NULL AND NOT EXISTS (SELECT 1 FROM division WHERE division <> $1))`

const pendingQuery = `SELECT EXISTS (SELECT 1 FROM change_log WHERE version IS NULL AND ` + ours + `)`

// pending tells whether other programs did something that is not settled.
func (s *Store) pending(ctx context.Context) (yes bool, err error) {
	err = s.read(ctx, func(c *sql.Conn) error {
		return c.QueryRowContext(ctx, pendingQuery, s.division).Scan(&yes)
	})
	return yes, err
}

// settle takes in what other programs did, as one version.
func (s *Store) settle(ctx context.Context) error {
	return s.read(ctx, func(c *sql.Conn) error { return s.settleSeen(ctx, c) })
}

// settleSeen is settle for who holds a connection to look with.
func (s *Store) settleSeen(ctx context.Context, look *sql.Conn) error {
	var pending bool
	if err := look.QueryRowContext(ctx, pendingQuery, s.division).Scan(&pending); err != nil {
		return fmt.Errorf("settle: %w", explain(err))
	}
	if !pending {
		return nil
	}
	c, err := s.settler.Conn(ctx)
	if err != nil {
		return fmt.Errorf("settle: %w", err)
	}
	defer c.Close() //nolint:errcheck // back to the pool
	_, err = s.engine.Write(ctx, c, safety.TimeOf(time.Now()), func(version int64) (merge.Change, error) {
		t := settlement{conn: c, division: s.division, version: version}
		err := t.run(ctx)
		return t.change, err
	})
	if err != nil {
		return fmt.Errorf("settle the edits of other programs: %w", explain(err))
	}
	s.news.tell()
	return nil
}

// A settlement is one write that takes in what the log says. Its own writes carry its version, so
// the triggers do not note them.
type settlement struct {
	conn     *sql.Conn
	division string
	version  int64
	change   merge.Change
}

func (t *settlement) run(ctx context.Context) error {
	var pending bool
	if err := t.conn.QueryRowContext(ctx, pendingQuery, t.division).Scan(&pending); err != nil || !pending {
		return err // another process was quicker
	}
	t.change.Rows = true
	if err := t.removals(ctx); err != nil {
		return fmt.Errorf("removals: %w", err)
	}
	for _, k := range safety.Kinds() {
		if err := t.kind(ctx, k); err != nil {
			return fmt.Errorf("%s: %w", k, err)
		}
	}
	return t.clear(ctx)
}

// removals lets go what hung on rows that are no more, or have another key.
func (t *settlement) removals(ctx context.Context) error {
	const gone = `SELECT 1 FROM change_log WHERE version IS NULL AND op = 'delete' AND ` + ours + ` AND kind = `
	var grids, premises bool
	query := `SELECT EXISTS (` + gone + `'grids'), EXISTS (` + gone + `'enterprises')`
	if err := t.conn.QueryRowContext(ctx, query, t.division).Scan(&grids, &premises); err != nil {
		return err
	}
	t.change.Boundaries = t.change.Boundaries || grids
	t.change.Locations = t.change.Locations || premises
	return nil
}

// orphans takes the location from rows of k that had it from an enterprise that was removed. One
// that is set aside or marked as deleted keeps lending it.
func (t *settlement) orphans(ctx context.Context, k safety.Kind) error {
	if !t.change.Locations {
		return nil
	}
	const located = `lon IS NULL AND geom IS NOT NULL AND NOT EXISTS (SELECT 1 FROM enterprises e
		WHERE e.division = $1 AND e.id = enterprise)`
	_, err := t.conn.ExecContext(ctx, `UPDATE "`+string(k)+`" SET geom = NULL, place = NULL, version = $2 WHERE division = $1 AND `+located,
		t.division, t.version)
	return err
}

// pageRows is how many edited rows are held in memory at a time.
const pageRows = 2000

// kind settles the rows of k that were edited, and tries those set aside again.
func (t *settlement) kind(ctx context.Context, k safety.Kind) error {
	if k == safety.Hazards || k == safety.Inspections {
		if err := t.orphans(ctx, k); err != nil {
			return err
		}
	}
	for after := int64(-1 << 63); ; {
		page, err := t.page(ctx, k, after)
		if err != nil || len(page) == 0 {
			return err
		}
		for i := range page {
			if err := t.row(ctx, &page[i]); err != nil {
				return fmt.Errorf("feature %d: %w", page[i].fid, err)
			}
		}
		after = page[len(page)-1].fid
	}
}

// row settles one row.
func (t *settlement) row(ctx context.Context, e *edit) error {
	if e.logged {
		if err := t.remember(ctx, e); err != nil {
			return err
		}
	}
	if e.deletedAt != "" && e.deletedAt != aside {
		return t.tombstone(ctx, e)
	}
	record, reason := e.record()
	if reason == nil {
		var err error
		if reason, err = t.refers(ctx, e, record); err != nil {
			return err
		}
	}
	if reason == nil {
		taken, err := t.write(ctx, e, record)
		if err != nil || !taken {
			return err
		}
		reason = &safety.FieldError{Field: safety.KeyField(e.kind), Reason: "another row has this key"}
	}
	return t.refuse(ctx, e, reason)
}

// remember notes that a row is no longer as its batch left it. What it was before the other
// program wrote is not known: its batch can no more be put back.
func (t *settlement) remember(ctx context.Context, e *edit) error {
	key := "id"
	if e.kind == safety.Grids {
		key = "scheme, code, valid_from"
	}
	layer := string(e.kind)
	_, err := t.conn.ExecContext(ctx, `INSERT INTO "`+layer+`_history" (division, replaced, became, batch, `+key+`)
		SELECT $1, $2, $2, batch, `+key+` FROM "`+layer+`" WHERE fid = $3 AND NOT $4 ON CONFLICT DO NOTHING`,
		t.division, t.version, e.fid, e.inserted) // a row that was pasted has the batch of another
	if err != nil {
		return err
	}
	_, err = t.conn.ExecContext(ctx, `UPDATE "`+layer+`" SET batch = $1, version = $1 WHERE fid = $2`, t.version, e.fid)
	return err
}

// clear empties the log but for what readers of later versions want to know.
func (t *settlement) clear(ctx context.Context) error {
	const done = ` WHERE version IS NULL AND ` + ours
	if _, err := t.conn.ExecContext(ctx, `DELETE FROM change_log`+done+` AND op <> 'delete'`, t.division); err != nil {
		return err
	}
	_, err := t.conn.ExecContext(ctx, `UPDATE change_log SET version = $2, division = $1`+done, t.division, t.version)
	return err
}

// note sets what has to be computed anew because e was settled.
func (t *settlement) note(e *edit) {
	switch {
	case e.kind == safety.Grids:
		t.change.Boundaries = true
	case merge.Located(e.kind) && (e.inserted || e.moved != "" || e.deletedAt != "" || !e.lon.Valid):
		t.change.Locations = true
	}
}

// tombstone settles a row that another program marked as deleted.
func (t *settlement) tombstone(ctx context.Context, e *edit) error {
	t.note(e)
	_, err := t.conn.ExecContext(ctx, `UPDATE "`+string(e.kind)+`" SET version = $1, division = coalesce(division, $2) WHERE fid = $3`,
		t.version, t.division, e.fid)
	if isConstraint(err) { // a row without a division, whose key the division has: it stays without
		_, err = t.conn.ExecContext(ctx, `UPDATE "`+string(e.kind)+`" SET version = $1 WHERE fid = $2`, t.version, e.fid)
	}
	return err
}

// refuse sets a row aside and says why in the log. One that was aside and was not touched stays as it is.
func (t *settlement) refuse(ctx context.Context, e *edit, reason *safety.FieldError) error {
	if !e.logged {
		return nil
	}
	t.note(e)
	set := ""
	if merge.Located(e.kind) {
		t.change.Locations = true
		if _, reason := e.geometry(); reason != "" {
			set = ", place = NULL" // who follows an enterprise must not follow it there
		}
	}
	if _, err := t.conn.ExecContext(ctx, `UPDATE "`+string(e.kind)+`" SET version = $1, deleted_at = $2, digest = NULL`+set+` WHERE fid = $3`,
		t.version, aside, e.fid); err != nil {
		return err
	}
	if err := t.forgive(ctx, e); err != nil {
		return err
	}
	_, err := t.conn.ExecContext(ctx, `INSERT INTO change_log (division, version, kind, op, feature, key, moved, reason) VALUES ($1, $2, $3, 'refuse', $4, $5, $6, $7)`,
		t.division, t.version, string(e.kind), e.fid, e.key(), sql.NullString{String: e.moved, Valid: e.moved != ""}, reason.Error())
	return err
}

// forgive takes back what the log says against a row.
func (t *settlement) forgive(ctx context.Context, e *edit) error {
	_, err := t.conn.ExecContext(ctx, `DELETE FROM change_log WHERE kind = $1 AND feature = $2 AND op = 'refuse'`, string(e.kind), e.fid)
	return err
}
