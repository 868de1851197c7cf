package importers

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/paulmach/orb"

	"hazgrid/geo"
	"hazgrid/safety"
)

// A gpkgReader yields the rows of one layer of a GeoPackage that any program has made. All is read in one
// transaction, so both passes see the same.
type gpkgReader struct {
	src   *source
	ctx   context.Context
	db    *sql.DB
	tx    *sql.Tx
	still func() error // fails when the file has changed under a connection that takes no locks

	layer  string
	geom   string   // name of the geometry column; "" for a table without
	srs    int      // of that column
	names  []string // of the other columns
	values []string
	cells  []any // of a row, the geometry last
	noted  []bool
}

// readGeoPackage is the reader of GeoPackages.
func readGeoPackage(s *source) (table, error) {
	g := &gpkgReader{src: s, ctx: s.o.context()}
	if err := g.open(); err != nil {
		return table{}, errors.Join(g.explain(err), g.close())
	}
	return table{encoding: "utf-8", header: g.names, rows: g.rows(), again: true, close: g.close}, nil
}

func (g *gpkgReader) open() (err error) {
	if err := cutSQLite(g.src); err != nil {
		return err
	}
	dsn, alone, err := g.dsn()
	if err != nil {
		return err
	}
	g.still = unchanged(g.src.path, alone)
	if g.db, err = sql.Open("sqlite", dsn); err != nil {
		return err
	}
	g.db.SetMaxOpenConns(1)
	if err := g.limit(); err != nil {
		return err
	}
	if g.tx, err = g.db.BeginTx(g.ctx, nil); err != nil {
		return err
	}
	if err := g.choose(); err != nil {
		return err
	}
	return g.describe()
}

func (g *gpkgReader) close() (err error) {
	if g.tx != nil {
		err = g.tx.Rollback()
	}
	if g.db != nil {
		err = errors.Join(err, g.db.Close())
	}
	return err
}

// choose finds the layer. Without --layer it is the only one with features, or the only table where there is none.
func (g *gpkgReader) choose() error {
	var contents, ours bool
	const look = `SELECT count(*) FILTER (WHERE lower(name) = 'gpkg_contents') > 0, count(*) FILTER (WHERE name = 'hazgrid_migrations') > 0 FROM sqlite_schema`
	switch err := g.tx.QueryRowContext(g.ctx, look).Scan(&contents, &ours); {
	case err != nil:
		return err
	case !contents:
		return fmt.Errorf("%w: a SQLite file, but not a GeoPackage (it has no table gpkg_contents)", safety.ErrInvalid)
	case ours:
		return fmt.Errorf("%w: a store of hazgrid itself, with rows that count no more; let `hazgrid export` write its records and import those", safety.ErrInvalid)
	}
	features, err := g.layers("features")
	if err != nil {
		return err
	}
	tables, err := g.layers("attributes")
	if err != nil {
		return err
	}
	if g.src.o.Layer != "" || len(features) == 0 {
		features = append(features, tables...)
	}
	i, err := pickLayer(g.src.o.Layer, features)
	if err == nil {
		g.layer = features[i]
	}
	return err
}

// layers lists the tables of a type.
func (g *gpkgReader) layers(kind string) ([]string, error) {
	return g.strings("SELECT table_name FROM gpkg_contents WHERE data_type = $1 ORDER BY 1 LIMIT $2", kind, maxLayers)
}

func (g *gpkgReader) strings(query string, args ...any) (out []string, err error) {
	rows, err := g.tx.QueryContext(g.ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // Err says it
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

// describe reads the columns of the layer and the frame of its geometry.
func (g *gpkgReader) describe() error {
	const where = "SELECT column_name, srs_id FROM gpkg_geometry_columns WHERE lower(table_name) = lower($1)"
	err := g.tx.QueryRowContext(g.ctx, where, g.layer).Scan(&g.geom, &g.srs)
	tables, _ := g.strings("SELECT name FROM sqlite_schema WHERE lower(name) = 'gpkg_geometry_columns'")
	if err != nil && !errors.Is(err, sql.ErrNoRows) && len(tables) > 0 {
		return err
	}
	if err := g.columns(); err != nil {
		return err
	}
	if g.geom == "" {
		return nil
	}
	var organisation, definition string
	var code int64
	const srs = "SELECT organization, organization_coordsys_id, coalesce(definition, '') FROM gpkg_spatial_ref_sys WHERE srs_id = $1"
	err = g.tx.QueryRowContext(g.ctx, srs, g.srs).Scan(&organisation, &code, &definition)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return fmt.Errorf("%w: layer %q is in srs_id %d, which the file does not describe", safety.ErrInvalid, g.layer, g.srs)
	case err == nil && g.srs != 0 && g.srs != -1:
		claimCRS(g.src, organisation, code, definition)
	}
	return err
}

// columns lists the columns; those of bytes are not read.
func (g *gpkgReader) columns() error {
	all, err := g.strings("SELECT name FROM pragma_table_info($1)", g.layer)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return fmt.Errorf("%w: the GeoPackage lists a layer %q and does not have it", safety.ErrInvalid, g.layer)
	}
	bytes, err := g.strings("SELECT name FROM pragma_table_info($1) WHERE upper(type) LIKE 'BLOB%'", g.layer)
	for _, name := range all {
		switch {
		case strings.EqualFold(name, g.geom):
		case slices.Contains(bytes, name):
			g.src.warn("binary_column", fmt.Sprintf("column %q holds bytes: it is not read", clip(name)))
		default:
			g.names = append(g.names, name)
		}
	}
	g.values = make([]string, len(g.names))
	g.cells = make([]any, len(g.names)+1)
	g.noted = make([]bool, len(g.names))
	return err
}

// query reads every value as it is stored: the + keeps the driver from making times of text.
func (g *gpkgReader) query() string {
	var b strings.Builder
	b.WriteString("SELECT ")
	for _, name := range g.names {
		b.WriteString("+" + identifier(name) + ", ")
	}
	if g.geom == "" {
		b.WriteString("NULL")
	} else {
		b.WriteString("+" + identifier(g.geom))
	}
	return b.String() + " FROM " + identifier(g.layer)
}

// identifier is a name in SQL.
func identifier(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func (g *gpkgReader) rows() rows {
	return func(yield func(row, error) bool) {
		if err := g.each(func(r row) bool { return yield(r, nil) }); err != nil {
			yield(row{}, g.explain(err))
		}
	}
}

// each calls f for each row until it says no.
func (g *gpkgReader) each(f func(row) bool) error {
	rows, err := g.tx.QueryContext(g.ctx, g.query())
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // Err says it
	into := make([]any, len(g.cells))
	for i := range into {
		into[i] = &g.cells[i]
	}
	for n := int64(1); rows.Next(); n++ {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		if !f(g.row(n)) {
			return nil
		}
	}
	return errors.Join(rows.Err(), g.still())
}

// row turns the cells into a row.
func (g *gpkgReader) row(n int64) row {
	r := row{number: n, names: g.names, values: g.values}
	size := 0
	for i := range g.names {
		text, isText := cellText(g.cells[i])
		if !isText && !g.noted[i] {
			g.noted[i] = true
			g.src.warn("binary_column", fmt.Sprintf("column %q holds bytes in record %d: they are not read", clip(g.names[i]), n))
		}
		if !utf8.ValidString(text) {
			r.fault = &fault{field: g.names[i], reason: "not UTF-8"}
		}
		g.values[i] = text
		size += len(text)
	}
	if blob, ok := g.cells[len(g.names)].([]byte); ok {
		size += len(blob)
		r.geometry, r.fault = g.geometry(blob, r.fault)
	} else if g.cells[len(g.names)] != nil && r.fault == nil {
		r.fault = &fault{geometryTarget, "not the bytes of a GeoPackage geometry"}
	}
	g.src.told(size)
	return r
}

// cellText is the text of a value of SQLite; bytes are none.
func cellText(v any) (text string, isText bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		return decimal(v, 64), true
	}
	return "", v == nil
}

// geometry reads a blob, unless the row is wrong already.
func (g *gpkgReader) geometry(blob []byte, before *fault) (orb.Geometry, *fault) {
	if before != nil {
		return nil, before
	}
	shape, srs, err := geo.ReadGPKG(blob)
	switch {
	case err != nil:
		return nil, &fault{geometryTarget, err.Error()}
	case srs != g.srs && srs != 0 && srs != -1:
		return nil, &fault{geometryTarget, fmt.Sprintf("it is in srs_id %d, the layer in %d", srs, g.srs)}
	}
	return shape, nil
}
