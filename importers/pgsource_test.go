package importers

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/paulmach/orb"

	"hazgrid/internal/store/postgis/pgtest"
	"hazgrid/safety"
)

// filled returns the URL of a database in which these statements have been run.
func filled(t testing.TB, statements ...string) string {
	t.Helper()
	at := pgtest.DB(t)
	conn, err := pgx.Connect(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	for _, s := range statements {
		if _, err := conn.Exec(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	return at
}

// asking adds a parameter to a URL.
func asking(at, name, value string) string {
	sep := "?"
	if strings.Contains(at, "?") {
		sep = "&"
	}
	return at + sep + name + "=" + value
}

// ogrDatabase is a URL in the words of ogr2ogr.
func ogrDatabase(t testing.TB, at string) string {
	t.Helper()
	c, err := pgx.ParseConfig(at)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("PG:host=%s port=%d user=%s dbname=%s password='%s'", c.Host, c.Port, c.User, c.Database, c.Password)
}

// TestForeignPostGIS reads the tables that ogr2ogr fills from GeoJSON: by name, by query, as it stands and encoded.
func TestForeignPostGIS(t *testing.T) {
	at := pgtest.DB(t)
	for kind := range foreignFixtures {
		original, _ := foreignFile(t, kind, "unused.geojson", "-f", "GeoJSON")
		ogr2ogr(t, "-f", "PostgreSQL", ogrDatabase(t, at), original, "-nln", "表 "+string(kind), "-lco", "SCHEMA=public", "-lco", "LAUNDER=NO")
		ogr2ogr(t, "-f", "PostgreSQL", ogrDatabase(t, at), original, "-nln", string(kind), "-nlt", "GEOMETRY", "-lco", "GEOM_TYPE=geography")
		o := Options{Kind: kind, Repair: true}
		want := readPath(t, original, o)
		query := fmt.Sprintf(`SELECT * FROM "表 %s" ORDER BY ogc_fid`, kind)
		for _, path := range []string{
			asking(at, "table", url.QueryEscape("public.表 "+string(kind))),
			asking(at, "table", string(kind)),
			asking(at, "table", strings.ToUpper(string(kind))),
			asking(at, "sql", query+";"),
			asking(at, "sql", url.QueryEscape(query)) + "&application_name=x",
			asking(at, "sql", strings.Replace(query, "*", "*, 1+1 AS \"a&b=c\", '%41#' AS \"d\"", 1)),
		} {
			got := readPath(t, path, o)
			sameRecords(t, got, want)
			if got.file.Format != "PostGIS" || got.file.Encoding != "utf-8" || got.file.Frame != "wgs84" {
				t.Errorf("%+v", got.file)
			}
		}
		sameRecords(t, readPath(t, at, Options{Kind: kind, Repair: true, Layer: string(kind)}), want)
	}
}

func TestPostGISTypes(t *testing.T) {
	at := filled(t, `create table 台账 (id bigint, name varchar, floor_area_m2 numeric, synthetic boolean, opened_at timestamptz, ended_at date,
		photo bytea, address text[], g geometry, h geometry, lon float8, lat real)`,
		`insert into 台账 values (1, '甲', 12.50, true, '2014-11-03 10:00:00.123456+08', '2015-01-31', '\x00', '{a,b}', null, null, null, null),
		(2, '乙', 1e20, false, '2014-11-03 04:30:00+02:30', null, null, null, st_setsrid(st_makepoint(120.5, 27.5, 9), 4326), st_makepoint(1, 2), 1, 1),
		(3, '丙', null, null, null, null, null, null, st_setsrid(st_makepoint(120.5, 27.5), 3857), null, null, null),
		(4, '丁', null, null, null, null, null, null, 'POINT EMPTY', null, 120.25, 0.1)`)
	got := readPath(t, asking(at, "sql", "select * from 台账 order by id"), Options{Kind: safety.Enterprises})
	if got.err != nil || len(got.records) != 2 || len(got.rejects) != 2 {
		t.Fatalf("%+v %v", got, got.rejects)
	}
	first, second := got.records[0], got.records[1]
	for name, want := range map[string]any{
		"id": "1", "name": "甲", "floor_area_m2": 12.5, "synthetic": true, "address": "{a,b}",
		"opened_at": safety.TimeOf(time.Date(2014, 11, 3, 2, 0, 0, 123e6, time.UTC)), "frame": "wgs84",
	} {
		if v := value(t, safety.Enterprises, first, name); v != want {
			t.Errorf("%s is %v, want %v", name, v, want)
		}
	}
	if second.Geometry != (orb.Point{120.5, 27.5}) || first.Geometry != nil || value(t, safety.Enterprises, second, "opened_at") != value(t, safety.Enterprises, first, "opened_at").(safety.Time)-123 {
		t.Errorf("%v %v", first, second)
	}
	for i, want := range []string{"its SRID is 3857, that of the others 4326", "its SRID is 0"} {
		if !strings.Contains(got.rejects[i].Reason, want) {
			t.Errorf("%v, want %s", got.rejects[i], want)
		}
	}
	if w := got.file.Warnings(); len(w) != 2 || w[0].Code != "ambiguous_column" || w[1].Code != "binary_column" {
		t.Errorf("warnings %v", w)
	}
	var texts []string
	for text, err := range got.file.Originals(slices.Values([]int64{3, 4})) {
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, text)
	}
	if len(texts) != 2 || !strings.Contains(texts[0], `"丙"`) || !strings.Contains(texts[1], `"丁"`) {
		t.Errorf("originals %q", texts)
	}
}

// TestPostGISMany reads more rows than one batch, twice, in the same order.
func TestPostGISMany(t *testing.T) {
	at := filled(t, "create table many as select 'e' || i as id, i / 100.0 as lon, 27 as lat from generate_series(1, 12345) i")
	got := readPath(t, asking(at, "table", "many"), Options{Kind: safety.Enterprises})
	if got.err != nil || len(got.records) != 12345 {
		t.Fatalf("%d records, %v %v", len(got.records), got.err, got.rejects[:min(3, len(got.rejects))])
	}
	for text, err := range got.file.Originals(slices.Values([]int64{12345})) {
		if err != nil || !strings.Contains(text, `"e12345"`) {
			t.Error(text, err)
		}
	}
}

func TestPostGISFaults(t *testing.T) {
	at := filled(t, "create table t (id text, g geometry(Point, 3857))", "insert into t values ('a', st_setsrid(st_makepoint(1, 2), 3857))", "create table q (n int)", "create sequence counter", "insert into q values (1)",
		`insert into spatial_ref_sys (srid, auth_name, auth_srid, srtext) values (910001, 'city', 1, 'LOCAL_CS["x"]')`,
		"create table far (id text, g geometry(Point, 910001))", "create table odd (id text, g geometry(Point, 910002))")
	for name, c := range map[string]struct{ path, want string }{
		"nothing asked":   {at, "names no table (?table=schema.name) and no query"},
		"both":            {asking(asking(at, "table", "t"), "sql", "select 1"), "both a table and a query"},
		"no table":        {asking(at, "table", "nowhere"), `no table "nowhere"`},
		"no table name":   {asking(at, "table", url.QueryEscape(`a"; drop table t; --`)), "no table"},
		"bad SQL":         {asking(at, "sql", "selec id from t"), `syntax error at or near "selec"`},
		"no such column":  {asking(at, "sql", "select idd from t"), `column "idd" does not exist`},
		"two statements":  {asking(at, "sql", "select 1; drop table t"), "cannot insert multiple commands"},
		"parameters":      {asking(at, "sql", "select $1::text as id"), "has parameters"},
		"no query":        {asking(at, "sql", "create table x (y int)"), "want a SELECT"},
		"writes":          {asking(at, "sql", "with d as (delete from t returning *) select * from d"), "DECLARE CURSOR"},
		"writes hidden":   {asking(at, "sql", "select nextval('counter')::text as id"), "read-only transaction"},
		"fails later":     {asking(at, "sql", "select id, 1/(n-1) as lon from t, q"), "division by zero"},
		"no columns ours": {asking(at, "table", "q"), "no column of the PostGIS is a field of enterprises (there are: n)"},
		"city frame":      {asking(at, "table", "far"), "LOCAL_CS"},
		"unknown frame":   {asking(at, "table", "odd"), "SRID 910002, which spatial_ref_sys does not describe"},
		"nobody there":    {"postgres://u:hush@127.0.0.1:1/x?table=t", "failed to connect"},
		"bad URL":         {"postgres://u:hu#sh@127.0.0.1:1/x?table=t", "not the URL of a database"},
		"another scheme":  {"postgress://u:hush@h/x?table=t", "want a file or a postgres:// URL, not postgress://"},
		"bad setting":     {"postgres://u:hush@127.0.0.1:1/x?table=t&sslmode=maybe", "not the URL of a PostgreSQL database"},
	} {
		t.Run(name, func(t *testing.T) {
			got := readPath(t, c.path, Options{Kind: safety.Enterprises})
			if got.err == nil || !strings.Contains(got.err.Error(), c.want) || strings.ContainsAny(got.err.Error(), "\n") {
				t.Errorf("error %v, want %q", got.err, c.want)
			}
			if got.err != nil && strings.Contains(got.err.Error(), "hu") {
				t.Errorf("the password is shown: %v", got.err)
			}
		})
	}
	if got := readPath(t, asking(at, "table", "t"), Options{Kind: safety.Enterprises, Frame: "wgs84"}); got.err != nil || len(got.records) != 1 {
		t.Errorf("with --frame, and after all that was tried: %v", got.err)
	}
	long := readPath(t, asking(at, "sql", "select repeat('x', 3000000) as id"), Options{Kind: safety.Enterprises, MaxBytes: 1 << 20})
	if long.err == nil || !strings.Contains(long.err.Error(), "a row is longer than 1 MB") {
		t.Errorf("a long row: %v", long.err)
	}
}

// TestPostGISEnds stops a query that takes long when the context ends.
func TestPostGISEnds(t *testing.T) {
	at := pgtest.DB(t)
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	start := time.Now()
	got := readPath(t, asking(at, "sql", "select pg_sleep(600)::text as id"), Options{Kind: safety.Enterprises, Context: ctx})
	if !errors.Is(got.err, context.DeadlineExceeded) || time.Since(start) > 20*time.Second {
		t.Errorf("%v after %v", got.err, time.Since(start))
	}
}

func TestName(t *testing.T) {
	for path, want := range map[string]string{
		"a?b.csv": "a?b.csv",
		"postgres://u:hush@h:5433/d?table=s.t&sslmode=disable&password=hush":  "postgres://u@h:5433/d?table=s.t",
		"postgresql://h/d?user=u&password=hush&sql=select 1 where '%'='&x=#'": "postgresql://h/d?sql=select 1 where '%'='&x=#'",
		"postgres://u:hush@h/d?sql=select%201%3B":                             "postgres://u@h/d?sql=select 1",
		"postgres://u:hu#sh@h/d":                                              "postgres://…",
		"postgres://u:hu%zzsh@h/d":                                            "postgres://…",
		"postgress://u:hush@h/d":                                              "postgress://…",
	} {
		if got := Name(path); got != want {
			t.Errorf("%s is called %s, want %s", path, got, want)
		}
	}
}

func FuzzPostgresURL(f *testing.F) {
	f.Add("postgres://u:hush@h:5433/d?table=s.t&sslmode=disable")
	f.Add("postgres://h/d?user=u&password=hush&sql=select 1 where '%'='&x=#'")
	f.Fuzz(func(t *testing.T, path string) {
		u, err := url.Parse(path)
		if err != nil || u.User == nil || !isDatabase(path) {
			return
		}
		secret, ok := u.User.Password()
		if q, err := parsePGURL(path); ok && err == nil && len(secret) > 3 && !strings.Contains(strings.Replace(path, secret, "", 1), secret) && strings.Contains(q.name, secret) {
			t.Errorf("%q is called %q", path, q.name)
		}
	})
}
