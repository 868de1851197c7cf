package gpkg

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"hazgrid/safety"
)

// bury adds to a delta the tombstones of rows that another program removed altogether, unless a
// row has the key again.
func (s *Store) bury(ctx context.Context, c *sql.Conn, r *safety.Records, since int64) error {
	for _, k := range safety.Kinds()[1:] { // without a grid, everything is loaded anew
		ids, err := s.removed(ctx, c, k, since, r.Version)
		if err != nil {
			return fmt.Errorf("removed %s: %w", k, err)
		}
		for _, id := range ids {
			bury(r, k, id)
		}
	}
	tidy(r)
	return nil
}

func (s *Store) removed(ctx context.Context, c *sql.Conn, k safety.Kind, since, until int64) (ids []string, err error) {
	rows, err := c.QueryContext(ctx, `SELECT DISTINCT key FROM change_log l WHERE division = $1 AND version > $2 AND version <= $3
		AND kind = $4 AND op = 'delete' AND key IS NOT NULL
		AND NOT EXISTS (SELECT 1 FROM "`+string(k)+`" t WHERE t.division = $1 AND t.id = l.key)`, s.division, since, until, string(k))
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // Err says it
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

func bury(r *safety.Records, k safety.Kind, id string) {
	switch k {
	case safety.Enterprises:
		r.Enterprises = append(r.Enterprises, safety.Enterprise{ID: id, Place: safety.NoPlace, Deleted: true})
	case safety.Hazards:
		r.Hazards = append(r.Hazards, safety.Hazard{ID: id, Place: safety.NoPlace, Deleted: true})
	case safety.Inspections:
		r.Inspections = append(r.Inspections, safety.Inspection{ID: id, Place: safety.NoPlace, Deleted: true})
	case safety.Lines:
		r.Lines = append(r.Lines, safety.Line{ID: id, Deleted: true})
	}
}

// tidy drops tombstones of rows that never had an id, and puts all in order of id again.
func tidy(r *safety.Records) {
	r.Enterprises = tidied(r.Enterprises, func(e *safety.Enterprise) string { return e.ID })
	r.Hazards = tidied(r.Hazards, func(h *safety.Hazard) string { return h.ID })
	r.Inspections = tidied(r.Inspections, func(i *safety.Inspection) string { return i.ID })
	r.Lines = tidied(r.Lines, func(l *safety.Line) string { return l.ID })
}

func tidied[T any](rows []T, id func(*T) string) []T {
	rows = slices.DeleteFunc(rows, func(r T) bool { return id(&r) == "" })
	slices.SortStableFunc(rows, func(a, b T) int { return strings.Compare(id(&a), id(&b)) })
	return rows
}
