package postgis

import (
	"context"
	"database/sql"
	"fmt"

	"hazgrid/internal/store/merge"
)

// bulkRows is from how many rows on an index is cheaper made than kept.
const bulkRows = 10_000

// index is an index of a fact table and the statement that makes it.
type index struct{ name, definition string }

// bulk runs write. The first large import into an empty table does without its indexes, but
// for the unique ones, and makes them afterwards: two to three times as fast. That needs the table for itself
// until the commit; when anybody else is using it, write runs with the indexes as they are.
func bulk(ctx context.Context, c *sql.Conn, w merge.Work, write func() error) error {
	if w.Rows < bulkRows {
		return write()
	}
	alone, err := seize(ctx, c, string(w.Kind))
	switch {
	case err != nil:
		return fmt.Errorf("lock %s: %w", w.Kind, err)
	case !alone:
		return write()
	}
	indexes, err := dropIndexes(ctx, c, string(w.Kind))
	if err != nil {
		return fmt.Errorf("drop indexes of %s: %w", w.Kind, err)
	}
	if err := write(); err != nil {
		return err
	}
	for _, i := range indexes {
		if _, err := c.ExecContext(ctx, i.definition); err != nil {
			return fmt.Errorf("make index %s again: %w", i.name, err)
		}
	}
	return nil
}

// seize locks the table for this transaction if it is empty and nobody is using it. It never waits.
func seize(ctx context.Context, c *sql.Conn, table string) (bool, error) {
	var full bool
	if err := c.QueryRowContext(ctx, "select exists (select from "+table+")").Scan(&full); err != nil || full {
		return false, err
	}
	if _, err := c.ExecContext(ctx, "savepoint alone"); err != nil {
		return false, err
	}
	if _, err := c.ExecContext(ctx, "lock table "+table+" in access exclusive mode nowait"); err != nil {
		_, err := c.ExecContext(ctx, "rollback to savepoint alone")
		return false, err
	}
	if err := c.QueryRowContext(ctx, "select exists (select from "+table+")").Scan(&full); err != nil {
		return false, err
	}
	if full { // somebody committed in between: let readers in again
		_, err := c.ExecContext(ctx, "rollback to savepoint alone")
		return false, err
	}
	_, err := c.ExecContext(ctx, "release savepoint alone")
	return err == nil, err
}

// dropIndexes drops the indexes of the table that no key needs, and returns them.
func dropIndexes(ctx context.Context, c *sql.Conn, table string) ([]index, error) {
	indexes, err := readIndexes(ctx, c, table)
	if err != nil {
		return nil, err
	}
	for _, i := range indexes {
		if _, err := c.ExecContext(ctx, "drop index "+i.name); err != nil {
			return nil, err
		}
	}
	return indexes, nil
}

func readIndexes(ctx context.Context, c *sql.Conn, table string) (indexes []index, err error) {
	const query = `select indexrelid::regclass::text, pg_get_indexdef(indexrelid) from pg_index
		where indrelid = to_regclass($1) and not indisunique order by 1`
	rows, err := c.QueryContext(ctx, query, table)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // Err tells what Close would
	for rows.Next() {
		var i index
		if err := rows.Scan(&i.name, &i.definition); err != nil {
			return nil, err
		}
		indexes = append(indexes, i)
	}
	return indexes, rows.Err()
}
