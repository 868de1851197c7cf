package gpkg

import (
	"context"
	"database/sql"
	"strings"
)

// batchRows is how many rows an inserter writes with one statement.
const batchRows = 32

// An inserter appends rows to a table, several with one statement: calls cost more than rows.
type inserter struct {
	table   string
	columns int
	names   string // "(a, b)", or "" for all columns

	full *sql.Stmt
	args []any
}

func (i *inserter) add(ctx context.Context, c *sql.Conn, values ...any) error {
	i.args = append(i.args, values...)
	if len(i.args) < i.columns*batchRows {
		return nil
	}
	if i.full == nil {
		stmt, err := c.PrepareContext(ctx, i.statement(batchRows))
		if err != nil {
			return err
		}
		i.full = stmt
	}
	_, err := i.full.ExecContext(ctx, i.args...)
	i.args = i.args[:0]
	return err
}

// flush writes what is left and releases the statement.
func (i *inserter) flush(ctx context.Context, c *sql.Conn) error {
	defer i.close()
	if len(i.args) == 0 {
		return nil
	}
	_, err := c.ExecContext(ctx, i.statement(len(i.args)/i.columns), i.args...)
	i.args = i.args[:0]
	return err
}

// close releases the statement; nothing is lost when that fails.
func (i *inserter) close() {
	if i.full != nil {
		_ = i.full.Close()
		i.full = nil
	}
}

func (i *inserter) statement(rows int) string {
	row := "(?" + strings.Repeat(",?", i.columns-1) + ")"
	return `INSERT INTO "` + i.table + `" ` + i.names + ` VALUES ` + row + strings.Repeat(","+row, rows-1)
}
