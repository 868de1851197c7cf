package postgis_test

import (
	"database/sql"
	"slices"
	"strings"
	"testing"

	"hazgrid/internal/store/merge"
	"hazgrid/internal/store/postgis/pgtest"
	"hazgrid/safety"
)

// own are our tables: not the extension's, not the migrations' bookkeeping.
const own = `c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and c.relname <> 'hazgrid_schema'
	and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')`

// strings1 returns the first column of a query.
func strings1(t *testing.T, db *sql.DB, query string, args ...any) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var out []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestTheSchemaMayBeDistributed reads design rule 13 in the catalogue.
func TestTheSchemaMayBeDistributed(t *testing.T) {
	url := pgtest.DB(t)
	open(t, url, "0")
	db := connect(t, url)
	tables := strings1(t, db, "select c.relname from pg_class c where "+own)
	for _, name := range merge.Tables() {
		if !slices.Contains(tables, name) {
			t.Errorf("there is no table %s", name)
		}
	}
	for rule, query := range map[string]string{
		"a table without a primary key": "select c.relname from pg_class c where " + own +
			" and not exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary)",
		"a primary or unique key that division does not lead": `select i.indexrelid::regclass::text from pg_index i join pg_class c on c.oid = i.indrelid
			join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0] where i.indisunique and a.attname <> 'division' and ` + own,
		"a foreign key that division does not lead": `select k.conname from pg_constraint k join pg_class c on c.oid = k.conrelid
			join pg_attribute a on a.attrelid = c.oid and a.attnum = k.conkey[1] where k.contype = 'f' and a.attname <> 'division' and ` + own,
		"a trigger": "select g.tgname from pg_trigger g join pg_class c on c.oid = g.tgrelid where " + own,
		"a rule":    "select r.rulename from pg_rewrite r join pg_class c on c.oid = r.ev_class where " + own,
		"an identity or serial column": `select c.relname || '.' || a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid
			left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
			where a.attnum > 0 and (a.attidentity <> '' or pg_get_expr(d.adbin, d.adrelid) like '%nextval%') and ` + own,
		"a nullable division": `select c.relname from pg_attribute a join pg_class c on c.oid = a.attrelid
			where a.attname = 'division' and not a.attnotnull and ` + own,
		"an id, code or scheme that does not sort as bytes": `select c.relname || '.' || a.attname from pg_attribute a
			join pg_class c on c.oid = a.attrelid join pg_collation o on o.oid = a.attcollation
			where a.attname in ('division', 'id', 'code', 'scheme', 'enterprise', 'parent') and o.collname <> 'C' and ` + own,
		"a geometry without an index": `select c.relname from pg_attribute a join pg_class c on c.oid = a.attrelid
			where a.attname = 'geom' and not exists (select from pg_index i where i.indrelid = c.oid and i.indkey[0] = a.attnum) and ` + own,
	} {
		if found := strings1(t, db, query); len(found) > 0 {
			t.Errorf("%s: %s", rule, strings.Join(found, ", "))
		}
	}
}

func TestTheSchemaHasEveryField(t *testing.T) {
	url := pgtest.DB(t)
	open(t, url, "0")
	db := connect(t, url)
	for _, k := range safety.Kinds() {
		have := strings1(t, db, "select attname from pg_attribute where attrelid = to_regclass($1) and attnum > 0", string(k))
		want := []string{"division", "geom", "digest", "version", "deleted_at"}
		for _, f := range safety.Fields(k) {
			want = append(want, f.Name)
		}
		if merge.Located(k) {
			want = append(want, "lon", "lat", "place")
		}
		for _, name := range want {
			if !slices.Contains(have, name) {
				t.Errorf("table %s has no column %s", k, name)
			}
		}
	}
}
