package postgis

import (
	"context"
	"database/sql"
	"fmt"

	"hazgrid/internal/store/merge"
)

// bulkRows is from how many rows on an index is cheaper made than kept.
const bulkRows = 10_000

// An index is an index of a fact table, and the statements that drop it and make it again.
type index struct{ name, drop, create string }

// roomToSort lets the rest of the transaction sort a million index entries in memory: the server's own 64 MB are a little less.
const roomToSort = `select set_config('maintenance_work_mem', '128MB', true)
	where pg_size_bytes(current_setting('maintenance_work_mem')) < pg_size_bytes('128MB')`

// bulk runs write. The first large import into an empty table does without its indexes, and
// makes them afterwards: two to three times as fast. That needs the table for itself
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
	if _, err := c.ExecContext(ctx, roomToSort); err != nil {
		return fmt.Errorf("room to sort: %w", err)
	}
	indexes, err := dropIndexes(ctx, c, w)
	if err != nil {
		return fmt.Errorf("drop indexes of %s: %w", w.Kind, err)
	}
	if err := write(); err != nil {
		return err
	}
	for _, i := range indexes {
		if _, err := c.ExecContext(ctx, i.create); err != nil {
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

// dropIndexes drops the indexes of the table that the write can do without, and returns them.
func dropIndexes(ctx context.Context, c *sql.Conn, w merge.Work) ([]index, error) {
	indexes, err := readIndexes(ctx, c, string(w.Kind), plainIndexes)
	if err != nil {
		return nil, err
	}
	for _, i := range indexes {
		if _, err := c.ExecContext(ctx, i.drop); err != nil {
			return nil, err
		}
	}
	if !w.Fresh {
		return indexes, nil // conflicts are looked for in the key
	}
	keys, err := readIndexes(ctx, c, string(w.Kind), keyConstraints)
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		dropped, err := dropKey(ctx, c, key)
		if err != nil {
			return nil, err
		}
		if dropped {
			indexes = append(indexes, key)
		}
	}
	return indexes, nil
}

// dropKey drops a key of the table, unless something of the database's owner stands on it.
func dropKey(ctx context.Context, c *sql.Conn, key index) (bool, error) {
	if _, err := c.ExecContext(ctx, "savepoint keyed"); err != nil {
		return false, err
	}
	if _, err := c.ExecContext(ctx, key.drop); err != nil {
		_, err := c.ExecContext(ctx, "rollback to savepoint keyed")
		return false, err
	}
	_, err := c.ExecContext(ctx, "release savepoint keyed")
	return true, err
}

// Queries for the indexes of table $1: name, and how to drop it and make it again.
const (
	plainIndexes = `select indexrelid::regclass::text, 'drop index ' || indexrelid::regclass, pg_get_indexdef(indexrelid)
		from pg_index where indrelid = to_regclass($1) and not indisunique order by 1`
	keyConstraints = `select quote_ident(conname), 'alter table ' || conrelid::regclass || ' drop constraint ' || quote_ident(conname),
		'alter table ' || conrelid::regclass || ' add constraint ' || quote_ident(conname) || ' ' || pg_get_constraintdef(oid)
		from pg_constraint where conrelid = to_regclass($1) and contype in ('p', 'u') order by contype, conname`
)

func readIndexes(ctx context.Context, c *sql.Conn, table, query string) (indexes []index, err error) {
	rows, err := c.QueryContext(ctx, query, table)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // Err tells what Close would
	for rows.Next() {
		var i index
		if err := rows.Scan(&i.name, &i.drop, &i.create); err != nil {
			return nil, err
		}
		indexes = append(indexes, i)
	}
	return indexes, rows.Err()
}
