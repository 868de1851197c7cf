package gpkg

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"hazgrid/internal/store/merge"
	"hazgrid/safety"
)

// A plan says how the table of a kind, its indexes and the list of features in its R-tree lie in the file.
type plan struct {
	kind     safety.Kind
	columns  []string // of the table, in its order
	fields   []int    // of each column, its place in Record.Values, −1 for those that are no fields
	root     uint32   // of the table
	indexes  []groundIndex
	rowid    uint32 // root of the R-tree's list of features
	versions [2]int // where version and batch begin, in bytes from the end of a record
	place    int    // the same of place, 0 for kinds that have none
	after    int    // columns after place
}

// A groundIndex is an index over the division and one column more.
type groundIndex struct {
	root   uint32
	column string // "version" or a field
}

// groundPlan looks at a layer. It is nil when the layer has rows, or anything that this package did not put there.
func groundPlan(ctx context.Context, c *sql.Conn, k safety.Kind) (*plan, error) {
	p := &plan{kind: k}
	var usual bool
	err := c.QueryRowContext(ctx, `SELECT NOT EXISTS (SELECT 1 FROM "`+string(k)+`") AND (SELECT auto_vacuum FROM pragma_auto_vacuum) = 0
		AND (SELECT encoding FROM pragma_encoding) = 'UTF-8' AND (SELECT journal_mode FROM pragma_journal_mode) = 'wal' AND (SELECT count(*) FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?) = ?`,
		string(k), len(triggers(k))).Scan(&usual)
	if err != nil || !usual {
		return nil, err
	}
	for _, step := range []func(context.Context, *sql.Conn) (bool, error){p.readColumns, p.readIndexes, p.readRoots} {
		if ok, err := step(ctx, c); err != nil || !ok {
			return nil, err
		}
	}
	return p, nil
}

// readColumns wants the row number, the geometry, the division, then fields, then what this package knows.
func (p *plan) readColumns(ctx context.Context, c *sql.Conn) (bool, error) {
	var err error
	p.columns, err = texts(ctx, c, `SELECT name FROM pragma_table_xinfo(?) ORDER BY cid`, string(p.kind))
	if err != nil {
		return false, err
	}
	fields, found := safety.Fields(p.kind), 0
	for _, name := range p.columns {
		i := slices.IndexFunc(fields, func(f safety.Field) bool { return f.Name == name })
		p.fields = append(p.fields, i)
		if i >= 0 {
			found++
		}
	}
	own := []string{"digest", "version", "deleted_at", "batch"}
	if merge.Located(p.kind) {
		own = append([]string{"lon", "lat", "place"}, own...)
		p.place = 8 + 16 + 4 + 4
	}
	p.versions, p.after = [2]int{8, 4}, 4
	want := append(append([]string{"fid", "geom", "division"}, fieldsIn(p.columns, fields)...), own...)
	return found == len(fields) && slices.Equal(p.columns, want), nil
}

// fieldsIn are the names of columns that are fields.
func fieldsIn(columns []string, fields []safety.Field) (names []string) {
	for _, name := range columns {
		if slices.ContainsFunc(fields, func(f safety.Field) bool { return f.Name == name }) {
			names = append(names, name)
		}
	}
	return names
}

func (p *plan) readIndexes(ctx context.Context, c *sql.Conn) (bool, error) {
	names, err := texts(ctx, c, `SELECT name FROM pragma_index_list(?) ORDER BY name`, string(p.kind))
	if err != nil {
		return false, err
	}
	for _, name := range names {
		columns, err := texts(ctx, c, `SELECT name FROM pragma_index_info(?) ORDER BY seqno`, name)
		if err != nil {
			return false, err
		}
		var plain bool
		const query = `SELECT NOT partial AND NOT EXISTS (SELECT 1 FROM pragma_index_xinfo(?2) WHERE "desc" OR coll <> 'BINARY')
			FROM pragma_index_list(?1) WHERE name = ?2`
		if err := c.QueryRowContext(ctx, query, string(p.kind), name).Scan(&plain); err != nil {
			return false, err
		}
		if !plain || len(columns) != 2 || columns[0] != "division" || !slices.Contains([]string{"id", "version", "enterprise"}, columns[1]) {
			return false, nil
		}
		root, err := rootOf(ctx, c, name)
		if err != nil {
			return false, err
		}
		p.indexes = append(p.indexes, groundIndex{root, columns[1]})
	}
	return true, nil
}

// readRoots wants every root to be a page without anything on it.
func (p *plan) readRoots(ctx context.Context, c *sql.Conn) (ok bool, err error) {
	if p.root, err = rootOf(ctx, c, string(p.kind)); err != nil {
		return false, err
	}
	if p.rowid, err = rootOf(ctx, c, "rtree_"+string(p.kind)+"_geom_rowid"); err != nil {
		return false, err
	}
	for _, root := range p.roots() {
		page, err := readPage(ctx, c, root)
		if err != nil {
			return false, fmt.Errorf("page %d: %w", root, err)
		}
		if len(page) == 0 || page[0] != tableLeaf && page[0] != indexLeaf || page[3] != 0 || page[4] != 0 {
			return false, nil
		}
	}
	return true, nil
}

// like tells whether what was kept under one plan fits another.
func (p *plan) like(o *plan) bool {
	return slices.Equal(p.columns, o.columns) && slices.EqualFunc(p.indexes, o.indexes, func(a, b groundIndex) bool { return a.column == b.column })
}

func (p *plan) roots() []uint32 {
	all := []uint32{p.root, p.rowid}
	for _, i := range p.indexes {
		all = append(all, i.root)
	}
	return all
}

func rootOf(ctx context.Context, c *sql.Conn, name string) (root uint32, err error) {
	err = c.QueryRowContext(ctx, `SELECT rootpage FROM sqlite_schema WHERE name = ?`, name).Scan(&root)
	if err != nil {
		err = fmt.Errorf("root of %s: %w", name, err)
	}
	return root, err
}

// texts returns the first column of a query.
func texts(ctx context.Context, c *sql.Conn, query string, args ...any) (all []string, err error) {
	rows, err := c.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // Err says it
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, rows.Err()
}
