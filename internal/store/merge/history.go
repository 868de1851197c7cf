package merge

import (
	"context"
	"fmt"
	"strings"

	"hazgrid/safety"
)

// historyOf is the name of the table that keeps rows of k as they were.
func historyOf(k safety.Kind) string { return string(k) + "_history" }

// keyColumns are the columns that, with the division, are the key of k's table.
func keyColumns(k safety.Kind) []string {
	if k == safety.Grids {
		return []string{"scheme", "code", "valid_from"}
	}
	return []string{"id"}
}

// sameKey is the SQL that rows a and b of k's table, or of tables with its key, are one record.
func sameKey(k safety.Kind, a, b string) string {
	var parts []string
	for _, c := range keyColumns(k) {
		parts = append(parts, a+"."+c+" = "+b+"."+c)
	}
	return strings.Join(parts, " and ")
}

// keptColumns are the columns that fact table and history of k share, without division and batch.
// The geometry is not among them: it has another name in the history.
func keptColumns(k safety.Kind) []string {
	columns := append(names(k), "digest", "deleted_at")
	switch {
	case k == safety.Grids:
		return append(columns, "id", "area_km2")
	case Located(k):
		return append(columns, "lon", "lat")
	}
	return columns
}

// A replaced set is the rows t of a kind that a write is about to change.
type replaced struct {
	kind   safety.Kind
	rows   string // SQL after "from KIND t": joins and conditions, $1 being the division and $2 the version
	became string // SQL of the batch whose rows they will be
	args   []any  // after $2
}

// remember keeps rows as they are before they are changed.
func (w *write) remember(ctx context.Context, r replaced) (int64, error) {
	kept := keptColumns(r.kind)
	query := "insert into " + historyOf(r.kind) + " (division, replaced, became, batch, shape, " + list(kept, `"%"`) +
		") select t.division, cast($2 as bigint), " + r.became + ", t.batch, t.geom, " + list(kept, `t."%"`) +
		" from " + table(r.kind) + " t " + r.rows
	n, err := w.exec(ctx, query, append([]any{w.engine.division, w.next()}, r.args...)...)
	if err != nil {
		return n, fmt.Errorf("keep what is replaced: %w", err)
	}
	return n, nil
}

// thisBatch is the SQL of the batch that a write's rows are of, where it puts nothing back.
const thisBatch = "cast($2 as bigint)"
