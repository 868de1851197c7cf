package gpkg

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"hazgrid/internal/store/merge"
	"hazgrid/safety"
)

// A trigger is one trigger of a layer.
type trigger struct {
	name string
	rule string // from AFTER on
}

// triggers lists what hangs on the layer of k: the six that keep its R-tree (GeoPackage 1.3,
// F.3), GDAL's two that keep its count, and our three that note the edits of others. update1 removes the
// entry before it writes it: inside INSERT … ON CONFLICT DO UPDATE, SQLite turns a trigger's OR REPLACE into
// OR ABORT (GeoPackage 1.4 has other triggers for that reason).
func triggers(k safety.Kind) []trigger {
	return slices.Concat(indexTriggers(k), editTriggers(k))
}

func indexTriggers(k safety.Kind) []trigger {
	const (
		filled = ` (NEW."geom" NOTNULL AND NOT ST_IsEmpty(NEW."geom"))`
		empty  = ` (NEW."geom" ISNULL OR ST_IsEmpty(NEW."geom"))`
	)
	tree := `"rtree_` + string(k) + `_geom"`
	put := `INSERT OR REPLACE INTO ` + tree +
		` VALUES (NEW."fid", ST_MinX(NEW."geom"), ST_MaxX(NEW."geom"), ST_MinY(NEW."geom"), ST_MaxY(NEW."geom")); `
	drop := `DELETE FROM ` + tree + ` WHERE id = OLD."fid"; `
	on := ` ON "` + string(k) + `" `
	name := "rtree_" + string(k) + "_geom_"
	count := func(sign string) string {
		return on + `BEGIN UPDATE gpkg_ogr_contents SET feature_count = feature_count ` + sign +
			` 1 WHERE lower(table_name) = lower('` + string(k) + `'); END`
	}
	return []trigger{
		{name + "insert", `AFTER INSERT` + on + `WHEN` + filled + ` BEGIN ` + put + `END`},
		{name + "update1", `AFTER UPDATE OF "geom"` + on + `WHEN OLD."fid" = NEW."fid" AND` + filled + ` BEGIN ` + drop + put + `END`},
		{name + "update2", `AFTER UPDATE OF "geom"` + on + `WHEN OLD."fid" = NEW."fid" AND` + empty + ` BEGIN ` + drop + `END`},
		{name + "update3", `AFTER UPDATE` + on + `WHEN OLD."fid" != NEW."fid" AND` + filled + ` BEGIN ` + drop + put + `END`},
		{name + "update4", `AFTER UPDATE` + on + `WHEN OLD."fid" != NEW."fid" AND` + empty +
			` BEGIN DELETE FROM ` + tree + ` WHERE id IN (OLD."fid", NEW."fid"); END`},
		{name + "delete", `AFTER DELETE` + on + `WHEN OLD."geom" NOT NULL BEGIN ` + drop + `END`},
		{"trigger_insert_feature_count_" + string(k), `AFTER INSERT` + count("+")},
		{"trigger_delete_feature_count_" + string(k), `AFTER DELETE` + count("-")},
	}
}

// editTriggers note what others do. A write of ours gives the row the version after the
// division's, which it raises last; another program leaves the version as it was, or brings one from elsewhere.
func editTriggers(k safety.Kind) []trigger {
	on := ` ON "` + string(k) + `" `
	foreign := `WHEN NEW.version IS NULL OR NEW.version IS NOT (SELECT version + 1 FROM division WHERE division = NEW.division) `
	key := func(row string) string {
		if k == safety.Grids {
			return row + ".scheme, " + row + ".code, " + row + ".valid_from"
		}
		return "NULL, " + row + ".id, NULL"
	}
	note := func(row, op, moved string) string {
		return `INSERT INTO change_log (division, kind, op, feature, scheme, key, valid_from, moved) SELECT ` +
			row + `.division, '` + string(k) + `', '` + op + `', ` + row + `.fid, ` + key(row) + `, ` + moved
	}
	renamed := ` WHERE (NEW.division, ` + strings.ReplaceAll(key("NEW"), "NULL", "0") + `) IS NOT (OLD.division, ` +
		strings.ReplaceAll(key("OLD"), "NULL", "0") + `) AND OLD.version IS NOT NULL; `
	return []trigger{
		{string(k) + "_edit_insert", `AFTER INSERT` + on + foreign + `BEGIN ` + note("NEW", "insert", moved(k, true)) + `; END`},
		{string(k) + "_edit_update", `AFTER UPDATE OF ` + editable(k) + on + foreign + `BEGIN ` +
			note("OLD", "delete", "NULL") + renamed + note("NEW", "update", moved(k, false)) + `; END`},
		{string(k) + "_edit_delete", `AFTER DELETE` + on + `WHEN OLD.version IS NOT NULL BEGIN ` + note("OLD", "delete", "NULL") + `; END`},
	}
}

// moved says which of a point's two locations an edit changed: what was not touched follows.
// The comparison is by coordinates: GDAL may write the same point with other bytes.
func moved(k safety.Kind, inserted bool) string {
	switch {
	case !merge.Located(k):
		return "NULL"
	case inserted:
		return `CASE WHEN NEW.geom IS NOT NULL THEN 'geom' ELSE 'lonlat' END`
	}
	return `CASE WHEN (ST_MinX(NEW.geom), ST_MinY(NEW.geom)) IS NOT (ST_MinX(OLD.geom), ST_MinY(OLD.geom)) THEN 'geom' ` +
		`WHEN (NEW.lon, NEW.lat) IS NOT (OLD.lon, OLD.lat) THEN 'lonlat' END`
}

// editable lists the columns whose change by others matters: not those that are computed.
func editable(k safety.Kind) string {
	columns := []string{"division", "geom", "deleted_at"}
	for _, f := range safety.Fields(k) {
		columns = append(columns, quoted(f.Name))
	}
	if merge.Located(k) {
		columns = append(columns, "lon", "lat")
	}
	return strings.Join(columns, ", ")
}

// An execer runs statements: a pool or a connection.
type execer func(ctx context.Context, query string, args ...any) (sql.Result, error)

func createTriggers(ctx context.Context, db *sql.DB) error {
	for _, k := range safety.Kinds() {
		if err := raise(ctx, db.ExecContext, k); err != nil {
			return err
		}
	}
	return nil
}

// raise puts up the triggers of k that are not there.
func raise(ctx context.Context, exec execer, k safety.Kind) error {
	for _, t := range triggers(k) {
		if _, err := exec(ctx, `CREATE TRIGGER IF NOT EXISTS "`+t.name+`" `+t.rule); err != nil {
			return fmt.Errorf("trigger %s: %w", t.name, err)
		}
	}
	return nil
}

// lower takes down the triggers of k.
func lower(ctx context.Context, exec execer, k safety.Kind) error {
	for _, t := range triggers(k) {
		if _, err := exec(ctx, `DROP TRIGGER IF EXISTS "`+t.name+`"`); err != nil {
			return fmt.Errorf("trigger %s: %w", t.name, err)
		}
	}
	return nil
}
