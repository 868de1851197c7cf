package gpkg

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"math"
	"strings"

	"github.com/paulmach/orb"

	"hazgrid/geo"
	"hazgrid/internal/store/merge"
	"hazgrid/safety"
)

// dialect tells the merge engine what SQLite and a GeoPackage want.
func dialect() merge.Dialect {
	return merge.Dialect{
		BeginRead:  "BEGIN",
		BeginWrite: "BEGIN IMMEDIATE",
		Lock:       "SELECT version, boundaries, +clock FROM division WHERE division = $1",
		Column:     column,
		Geometry:   "BLOB",
		Bytes:      "BLOB",
		Time:       func(t safety.Time) any { return timeText(t) },
		ReadTime:   readTime,
		Encode:     func(g orb.Geometry) (any, error) { return geo.EncodeGPKG(g) },
		Decode:     decode,
		// The plus makes an expression of the column: the driver would turn a DATETIME column's
		// text into a time.Time.
		GeometryOut: "%s",
		TimeOut:     "+%s",
		Stage:       stage,
		Staged:      []string{"CREATE INDEX temp.hazgrid_stage_id ON " + merge.StageTable + " (id)"},
		Bulk:        bulk,
		Lay:         lay,
		Announce:    announce,
	}
}

func column(t safety.Type) string {
	switch t {
	case safety.Integer, safety.Boolean:
		return "INTEGER"
	case safety.Real:
		return "REAL"
	}
	return "TEXT"
}

// decode reads any GeoPackage blob; nil for an empty geometry. What is no geometry is nil too:
// only other programs write such a thing, its row is set aside with the reason when it is settled, and
// until then one bad blob must not make a whole store unreadable.
func decode(blob []byte) (orb.Geometry, error) {
	if p, ok := point(blob); ok {
		if math.IsNaN(p[0]) || math.IsNaN(p[1]) {
			return nil, nil
		}
		return p, nil
	}
	g, err := geo.DecodeGPKG(blob)
	if err != nil {
		return nil, nil //nolint:nilerr // see above
	}
	return g, nil
}

// stage writes rows into a temporary table, some with each statement.
func stage(ctx context.Context, c *sql.Conn, to merge.Target, rows iter.Seq2[[]any, error]) error {
	names := make([]string, len(to.Columns))
	for i, name := range to.Columns {
		names[i] = quoted(name)
	}
	in := &inserter{table: to.Table, columns: len(names), names: "(" + strings.Join(names, ", ") + ")"}
	for row, err := range rows {
		if err == nil {
			err = in.add(ctx, c, row...)
		}
		if err != nil {
			in.close()
			return err
		}
	}
	return in.flush(ctx, c)
}

// bulkRows is the number of rows from which it pays to write without triggers.
const bulkRows = 2000

// bulk takes the triggers of the layer down for a large write and then brings its index and
// count up to date at once.
func bulk(ctx context.Context, c *sql.Conn, w merge.Work, write func() error) error {
	if w.Rows < bulkRows {
		return write()
	}
	if err := lower(ctx, c.ExecContext, w.Kind); err != nil {
		return err
	}
	indexes, err := dropIndexes(ctx, c, w)
	if err != nil {
		return err
	}
	if err := write(); err != nil {
		return err
	}
	for _, statement := range indexes {
		if _, err := c.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	if w.Geometry {
		if err := index(ctx, c, w); err != nil {
			return fmt.Errorf("index %s: %w", w.Kind, err)
		}
	}
	return raise(ctx, c.ExecContext, w.Kind)
}

// dropIndexes takes down the layer's plain indexes when most of its rows are still to come, and
// returns the statements that make them again: sorting once is cheaper than as many searches.
func dropIndexes(ctx context.Context, c *sql.Conn, w merge.Work) (again []string, err error) {
	layer := string(w.Kind)
	var before int64
	if err := c.QueryRowContext(ctx, `SELECT count(*) FROM "`+layer+`"`).Scan(&before); err != nil || before*4 > w.Rows {
		return nil, err
	}
	rows, err := c.QueryContext(ctx, `SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL ORDER BY name`, layer)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // Err says it
	var drop []string
	for rows.Next() {
		var name, statement string
		if err := rows.Scan(&name, &statement); err != nil {
			return nil, err
		}
		drop, again = append(drop, "DROP INDEX "+quoted(name)), append(again, statement)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, err
	}
	for _, statement := range drop {
		if _, err := c.ExecContext(ctx, statement); err != nil {
			return nil, err
		}
	}
	return again, nil
}

// index brings R-tree and count of a layer up to date after w: from the bottom up when w is
// much of the layer, else row by row.
func index(ctx context.Context, c *sql.Conn, w merge.Work) error {
	layer := string(w.Kind)
	var total int64
	if err := c.QueryRowContext(ctx, `SELECT count(*) FROM "`+layer+`"`).Scan(&total); err != nil {
		return err
	}
	if _, err := c.ExecContext(ctx, `UPDATE gpkg_ogr_contents SET feature_count = ? WHERE table_name = ?`, total, layer); err != nil {
		return err
	}
	if w.Rows*8 >= total {
		return buildTree(ctx, c, layer)
	}
	written := ` FROM "` + layer + `" t JOIN division d ON t.division = d.division AND t.version > d.version`
	tree := `"rtree_` + layer + `_geom"`
	for _, statement := range []string{
		`DELETE FROM ` + tree + ` WHERE id IN (SELECT t.fid` + written + `)`,
		`INSERT INTO ` + tree + ` SELECT t.fid, ST_MinX(geom), ST_MaxX(geom), ST_MinY(geom), ST_MaxY(geom)` + written +
			` WHERE geom IS NOT NULL AND NOT ST_IsEmpty(geom)`,
	} {
		if _, err := c.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}
