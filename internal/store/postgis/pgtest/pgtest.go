package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
)

// template is the database every test's own is copied from.
const template = "hazgrid_template"

// Env names the environment variable with the URL of a server to use in place of a throw-away
// one. Its user must be allowed to make databases and the extension postgis.
const Env = "HAZGRID_TEST_PG"

// DB returns the URL of a new, empty database with the extension postgis, dropped when t ends.
// Without PostgreSQL t is skipped, and fails when the environment says CI=true.
func DB(t testing.TB) string { return create(t, template) }

// Bare is DB without the extension postgis.
func Bare(t testing.TB) string { return create(t, "template0") }

// server is the cluster of this process: its URL, started when first asked for.
var server = sync.OnceValues(func() (string, error) {
	ctx := context.Background()
	base := os.Getenv(Env)
	if base == "" {
		var err error
		if base, _, err = Start(ctx, ""); err != nil {
			return "", err
		}
	}
	return base, makeTemplate(ctx, base)
})

// databases counts those made by this process, to name them.
var databases atomic.Int64

// makeTemplate makes the template on the server at base unless it is there. A named server
// serves several test processes at once, so one at a time looks.
func makeTemplate(ctx context.Context, base string) error {
	conn, err := pgx.Connect(ctx, base)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }() // gives the lock back
	if _, err := conn.Exec(ctx, "select pg_advisory_lock(20141217)"); err != nil {
		return err
	}
	var there bool
	err = conn.QueryRow(ctx, "select exists (select from pg_database where datname = $1)", template).Scan(&there)
	if err != nil || there {
		return err
	}
	if _, err := conn.Exec(ctx, "create database "+template+" template template0"); err != nil {
		return err
	}
	if err := execute(ctx, with(base, template), "create extension postgis"); err != nil {
		_, dropped := conn.Exec(ctx, "drop database "+template)
		return errors.Join(fmt.Errorf("PostgreSQL is here, PostGIS is not: %w", err), dropped)
	}
	return nil
}

func create(t testing.TB, from string) string {
	t.Helper()
	base, err := server()
	if err != nil {
		refuse(t, err)
	}
	name := fmt.Sprintf("hazgrid_%d_%d", os.Getpid(), databases.Add(1))
	if err := execute(t.Context(), base, "create database "+name+" template "+from); err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() {
		if err := execute(context.Background(), base, "drop database if exists "+name+" with (force)"); err != nil {
			t.Logf("pgtest: %v", err)
		}
	})
	return with(base, name)
}

// refuse ends t: a machine without PostgreSQL may skip, a machine that decides may not.
func refuse(t testing.TB, err error) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("pgtest: PostGIS is required under CI=true: %v", err)
	}
	t.Skipf("SKIPPED, NOT TESTED: this test needs PostgreSQL with PostGIS: %v", err)
}

// with returns base with its database replaced.
func with(base, database string) string {
	u, err := url.Parse(base)
	if err != nil {
		return base
	}
	u.Path = "/" + database
	return u.String()
}

func execute(ctx context.Context, url, sql string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, sql)
	return errors.Join(err, conn.Close(ctx))
}
