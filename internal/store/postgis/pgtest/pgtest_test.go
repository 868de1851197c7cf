package pgtest_test

import (
	"path/filepath"
	"testing"

	"hazgrid/internal/store/postgis/pgtest"

	"github.com/jackc/pgx/v5"
)

func TestEveryDatabaseIsEmptyAndHasPostGIS(t *testing.T) {
	for range 3 {
		conn, err := pgx.Connect(t.Context(), pgtest.DB(t))
		if err != nil {
			t.Fatal(err)
		}
		var version string
		if err := conn.QueryRow(t.Context(), "select postgis_lib_version()").Scan(&version); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Exec(t.Context(), "create table mine()"); err != nil {
			t.Fatal(err)
		}
		if err := conn.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAKeptClusterKeepsItsData(t *testing.T) {
	pgtest.DB(t) // skips when there is no PostgreSQL
	dir := filepath.Join(shortDir(t), "pg")
	for run, sql := range []string{"create table kept(n int)", "insert into kept values (1)"} {
		url, stop, err := pgtest.Start(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatalf("run %d: %v", run, err)
		}
		if err := conn.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		stop()
	}
}
