package gpkg

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/paulmach/orb"

	"hazgrid/geo"
	"hazgrid/safety"
)

//go:embed layer.sql
var layerTables string

// A Layer is a plain layer in a file of its own, to be given away: not a store.
type Layer struct {
	Kind    safety.Kind // its name, and its type of geometry
	Columns []Column
	Changed safety.Time // when the file says it was changed last
}

// A Column is an attribute of a layer.
type Column struct {
	Name string
	Type safety.Type
}

// A Feature is one row of a layer: a value for each column, as in safety.Record, and a geometry, nil where there is none.
type Feature struct {
	Values []any
	Shape  orb.Geometry
}

// WriteLayer makes a GeoPackage 1.3 of one layer at path, where no file may be, with a spatial index. Times are in UTC.
// After an error the file is good for nothing. Memory does not grow with the features.
func WriteLayer(ctx context.Context, path string, l Layer, features iter.Seq2[Feature, error]) error {
	db, err := open(path, creating, 1)
	if err != nil {
		return err
	}
	c, err := db.Conn(ctx)
	if err == nil {
		err = errors.Join(l.write(ctx, c, features), c.Close())
	}
	return errors.Join(err, db.Close())
}

// write makes all in one transaction: the file appears on disk once.
func (l Layer) write(ctx context.Context, c *sql.Conn, features iter.Seq2[Feature, error]) error {
	for _, statement := range []string{
		fmt.Sprintf("PRAGMA application_id = %d", applicationID), fmt.Sprintf("PRAGMA user_version = %d", userVersion), "BEGIN", layerTables, l.table(),
	} {
		if _, err := c.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	n, err := l.fill(ctx, c, features)
	if err != nil {
		return err
	}
	if err := l.register(ctx, c, n); err != nil {
		return err
	}
	_, err = c.ExecContext(ctx, "COMMIT")
	return err
}

// table is the statement that makes the layer's table and its index.
func (l Layer) table() string {
	name := string(l.Kind)
	columns := []string{"fid INTEGER PRIMARY KEY NOT NULL", "geom " + shapeType(l.Kind)}
	for _, c := range l.Columns {
		columns = append(columns, quoted(c.Name)+" "+declared(c.Type))
	}
	return "CREATE TABLE " + quoted(name) + " (" + strings.Join(columns, ", ") + ");" +
		"CREATE VIRTUAL TABLE rtree_" + name + "_geom USING rtree(id, minx, maxx, miny, maxy)"
}

func shapeType(k safety.Kind) string {
	switch k {
	case safety.Grids:
		return "MULTIPOLYGON"
	case safety.Lines:
		return "MULTILINESTRING"
	}
	return "POINT"
}

// declared is the type of a column in the words of GeoPackage 1.3, table 1.
func declared(t safety.Type) string {
	switch t {
	case safety.Integer:
		return "INTEGER"
	case safety.Real:
		return "DOUBLE"
	case safety.Boolean:
		return "BOOLEAN"
	case safety.Instant, safety.Deadline:
		return "DATETIME"
	}
	return "TEXT"
}

// fill writes the features and returns how many there are.
func (l Layer) fill(ctx context.Context, c *sql.Conn, features iter.Seq2[Feature, error]) (n int64, err error) {
	in := &inserter{table: string(l.Kind), columns: len(l.Columns) + 2}
	defer in.close()
	for f, err := range features {
		if err != nil {
			return n, err
		}
		n++
		row, err := f.row(n)
		if err != nil {
			return n, err
		}
		if err := in.add(ctx, c, row...); err != nil {
			return n, err
		}
	}
	return n, in.flush(ctx, c)
}

// row is a feature as the driver takes it.
func (f Feature) row(fid int64) ([]any, error) {
	row := append(make([]any, 0, len(f.Values)+2), fid, nil)
	if f.Shape != nil {
		blob, err := geo.EncodeGPKG(f.Shape)
		if err != nil {
			return nil, err
		}
		row[1] = blob
	}
	for _, v := range f.Values {
		switch x := v.(type) {
		case safety.Time:
			v = x.String()
		case bool:
			v = int64(0)
			if x {
				v = int64(1)
			}
		}
		row = append(row, v)
	}
	return row, nil
}

// register enters the layer into the GeoPackage's tables, builds its index and puts up what keeps that right.
func (l Layer) register(ctx context.Context, c *sql.Conn, features int64) error {
	name := string(l.Kind)
	for _, s := range []struct {
		query string
		args  []any
	}{
		{`INSERT INTO gpkg_contents (table_name, data_type, identifier, last_change, srs_id) VALUES (?, 'features', ?, ?, 4326)`, []any{name, name, l.Changed.String()}},
		{`INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', ?, 4326, 0, 0)`, []any{name, shapeType(l.Kind)}},
		{`INSERT INTO gpkg_extensions VALUES (?, 'geom', 'gpkg_rtree_index', 'http://www.geopackage.org/spec120/#extension_rtree', 'write-only')`, []any{name}},
		{`INSERT INTO gpkg_ogr_contents VALUES (?, ?)`, []any{name, features}},
	} {
		if _, err := c.ExecContext(ctx, s.query, s.args...); err != nil {
			return err
		}
	}
	if err := buildTree(ctx, c, name); err != nil {
		return fmt.Errorf("index: %w", err)
	}
	if err := setExtent(ctx, c, name); err != nil {
		return fmt.Errorf("extent: %w", err)
	}
	for _, t := range indexTriggers(l.Kind) {
		if _, err := c.ExecContext(ctx, `CREATE TRIGGER "`+t.name+`" `+t.rule); err != nil {
			return fmt.Errorf("trigger %s: %w", t.name, err)
		}
	}
	return nil
}
