package postgis_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"hazgrid/internal/store/postgis"
	"hazgrid/internal/store/postgis/pgtest"
	"hazgrid/safety"
)

func TestOpenWithoutAStoreIsNotFound(t *testing.T) {
	for what, url := range map[string]string{"with PostGIS": pgtest.DB(t), "without PostGIS": pgtest.Bare(t)} {
		_, err := postgis.Open(t.Context(), url, "0", false)
		if !errors.Is(err, safety.ErrNotFound) || !strings.Contains(err.Error(), "hazgrid import") {
			t.Errorf("%s: got error %v, want ErrNotFound that names the commands that make one", what, err)
		}
	}
}

func TestOpenAddsPostGISOnlyToMakeAStore(t *testing.T) {
	s, err := postgis.Open(t.Context(), pgtest.Bare(t), "0", true)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestOpenSaysThatPostGISIsMissing(t *testing.T) {
	url := pgtest.Bare(t)
	db := connect(t, url)
	if _, err := db.ExecContext(t.Context(), "create role guest login; alter database "+database(url)+" owner to guest"); err != nil {
		t.Logf("role guest: %v", err) // another test made it
	}
	_, err := postgis.Open(t.Context(), strings.Replace(url, "postgres@", "guest:hunter2@", 1), "0", true)
	if err == nil || !strings.Contains(err.Error(), "no PostGIS") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got error %v, want one that names PostGIS and keeps the password", err)
	}
}

// database is the name in a URL of pgtest.
func database(url string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(url, "postgres://postgres@/"), "?")
	return name
}

func TestOpenOfAWrongURLIsAClearErrorWithoutThePassword(t *testing.T) {
	for _, url := range []string{
		"postgres://me:hunter2@127.0.0.1:1/x", "postgres://me:hunter2@127.0.0.1:notaport/x", "postgres:///x?host=/nonexistent&password=hunter2",
		"postgres://me:hunter2@%zz/x", "postgres://me:hunter2@127.0.0.1:1/x?sslmode=nonsense",
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		_, err := postgis.Open(ctx, url, "0", true)
		cancel()
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got error %v, want one without the password", url, err)
		}
	}
}

func TestOpenRefusesANewerSchema(t *testing.T) {
	url := pgtest.DB(t)
	open(t, url, "0")
	if _, err := connect(t, url).ExecContext(t.Context(), "insert into hazgrid_schema (version_id, is_applied) values (9999, true)"); err != nil {
		t.Fatal(err)
	}
	for _, create := range []bool{true, false} {
		_, err := postgis.Open(t.Context(), url, "0", create)
		if !errors.Is(err, safety.ErrConflict) || !strings.Contains(err.Error(), "newer") {
			t.Errorf("create %v: got error %v, want a conflict that asks for a newer program", create, err)
		}
	}
}
