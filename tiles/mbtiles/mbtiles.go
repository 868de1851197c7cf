// Package mbtiles writes MBTiles 1.3 (https://github.com/mapbox/mbtiles-spec), vector tiles in a SQLite file. It is apart from
// tiles so that who only makes tiles has no SQLite in the program.
package mbtiles

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	_ "modernc.org/sqlite" // the driver

	"hazgrid/tiles"
)

// A Writer makes an MBTiles file of vector tiles packed with gzip. What is at its path is no file to be read
// until Finish has returned: whoever needs it whole or not at all lets it write beside and renames.
type Writer struct {
	db   *sql.DB
	conn *sql.Conn
	add  *sql.Stmt
}

// The schema of the specification. Nothing reads along and nothing has to be undone, so no log is kept.
const schema = `
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA application_id = 0x4d504258;
CREATE TABLE metadata (name text, value text);
CREATE TABLE tiles (zoom_level integer, tile_column integer, tile_row integer, tile_data blob);
BEGIN;`

// Create begins a file at path, where there is none yet.
func Create(ctx context.Context, path string) (*Writer, error) {
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath())
	if err != nil {
		return nil, err
	}
	w := &Writer{db: db}
	if err := w.begin(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("mbtiles: %w", err), w.Close())
	}
	return w, nil
}

func (w *Writer) begin(ctx context.Context) (err error) {
	if w.conn, err = w.db.Conn(ctx); err != nil {
		return err
	}
	if _, err = w.conn.ExecContext(ctx, schema); err != nil {
		return err
	}
	w.add, err = w.conn.PrepareContext(ctx, "INSERT INTO tiles VALUES (?, ?, ?, ?)")
	return err
}

// Add adds a tile. Rows are counted from the south in the file.
func (w *Writer) Add(ctx context.Context, a tiles.Address, tile []byte) error {
	_, err := w.add.ExecContext(ctx, a.Z, a.X, 1<<a.Z-1-a.Y, tile)
	return err
}

// Finish completes and closes the file: the index, and as metadata what d says.
func (w *Writer) Finish(ctx context.Context, d tiles.TileJSON) error {
	err := w.describe(ctx, d)
	if err == nil {
		_, err = w.conn.ExecContext(ctx, "COMMIT; CREATE UNIQUE INDEX tile_index ON tiles (zoom_level, tile_column, tile_row)")
	}
	return errors.Join(err, w.Close())
}

func (w *Writer) describe(ctx context.Context, d tiles.TileJSON) error {
	layers, err := json.Marshal(map[string]any{"vector_layers": d.VectorLayers})
	if err != nil {
		return err
	}
	rows := [][2]string{
		{"name", d.Name},
		{"format", "pbf"},
		{"type", "overlay"},
		{"version", "1"},
		{"description", d.Description},
		{"attribution", d.Attribution},
		{"minzoom", strconv.Itoa(d.MinZoom)},
		{"maxzoom", strconv.Itoa(d.MaxZoom)},
		{"json", string(layers)},
	}
	if d.Bounds != nil {
		rows = append(rows, [2]string{"bounds", numbers(d.Bounds[:])})
	}
	if d.Center != nil {
		rows = append(rows, [2]string{"center", numbers(d.Center[:])})
	}
	for _, row := range rows {
		if row[1] == "" {
			continue
		}
		if _, err := w.conn.ExecContext(ctx, "INSERT INTO metadata VALUES (?, ?)", row[0], row[1]); err != nil {
			return err
		}
	}
	return nil
}

// numbers joins numbers with commas.
func numbers(vs []float64) string {
	texts := make([]string, len(vs))
	for i, v := range vs {
		texts[i] = strconv.FormatFloat(v, 'f', -1, 64)
	}
	return strings.Join(texts, ",")
}

// Close gives the file up, unless it is finished.
func (w *Writer) Close() (err error) {
	if w.add != nil {
		err = w.add.Close()
	}
	if w.conn != nil {
		err = errors.Join(err, w.conn.Close())
	}
	w.add, w.conn = nil, nil
	return errors.Join(err, w.db.Close())
}
