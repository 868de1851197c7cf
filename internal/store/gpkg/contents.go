package gpkg

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"math"

	"hazgrid/safety"
)

// announce brings gpkg_contents up to date for what the version that is about to be changed.
func announce(ctx context.Context, c *sql.Conn, division string, version int64) error {
	const touch = `UPDATE gpkg_contents SET last_change = strftime('%Y-%m-%dT%H:%M:%fZ','now') WHERE table_name IN `
	if _, err := c.ExecContext(ctx, touch+`('division', 'places', 'batches', 'grid_tally', 'grids_history', 'enterprises_history',
		'hazards_history', 'inspections_history', 'lines_history')`); err != nil {
		return fmt.Errorf("contents: %w", err)
	}
	for _, k := range safety.Kinds() {
		layer := string(k)
		var changed bool
		query := `SELECT EXISTS (SELECT 1 FROM "` + layer + `" WHERE division = ? AND version = ?)`
		if err := c.QueryRowContext(ctx, query, division, version).Scan(&changed); err != nil {
			return fmt.Errorf("contents of %s: %w", layer, err)
		}
		if !changed {
			continue
		}
		if _, err := c.ExecContext(ctx, touch+`(?)`, layer); err != nil {
			return fmt.Errorf("contents of %s: %w", layer, err)
		}
		if err := setExtent(ctx, c, layer); err != nil {
			return fmt.Errorf("extent of %s: %w", layer, err)
		}
	}
	return nil
}

// setExtent writes the box of a layer. The root of its R-tree has it to a float32; the features at
// that edge have it exactly.
func setExtent(ctx context.Context, c *sql.Conn, layer string) error {
	tree := `"rtree_` + layer + `_geom`
	var root []byte
	if err := c.QueryRowContext(ctx, `SELECT data FROM `+tree+`_node" WHERE nodeno = 1`).Scan(&root); err != nil {
		return err
	}
	n := int(binary.BigEndian.Uint16(root[2:]))
	if n == 0 {
		_, err := c.ExecContext(ctx, `UPDATE gpkg_contents SET min_x = NULL, min_y = NULL, max_x = NULL, max_y = NULL WHERE table_name = ?`, layer)
		return err
	}
	cover := appendCover(nil, 0, root[4:4+n*cellSize])
	side := func(i int) float64 {
		return float64(math.Float32frombits(binary.BigEndian.Uint32(cover[8+4*i:])))
	}
	edge := func(pick, of, where string) string {
		return `(SELECT ` + pick + `(` + of + `(t.geom)) FROM ` + tree + `" r JOIN "` + layer + `" t ON t.fid = r.id WHERE ` + where + ` ?)`
	}
	_, err := c.ExecContext(ctx, `UPDATE gpkg_contents SET min_x = `+edge("min", "ST_MinX", "r.minx <=")+
		`, max_x = `+edge("max", "ST_MaxX", "r.maxx >=")+`, min_y = `+edge("min", "ST_MinY", "r.miny <=")+
		`, max_y = `+edge("max", "ST_MaxY", "r.maxy >=")+` WHERE table_name = ?`, side(0), side(1), side(2), side(3), layer)
	return err
}
