package postgis_test

import (
	"context"
	"database/sql"
	"fmt"
	"testing"
	"time"

	"hazgrid/internal/store"
	"hazgrid/internal/store/postgis"
	"hazgrid/internal/store/postgis/pgtest"
	"hazgrid/internal/store/storetest"
	"hazgrid/safety"

	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib"
)

func TestStoreContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Opener {
		url := pgtest.DB(t)
		db := connect(t, url)
		return storetest.Opener{
			DB:     db,
			Window: true,
			Open: func(t *testing.T, division string) store.Store {
				return open(t, url, division)
			},
			Delete: func(t *testing.T, division string, k safety.Kind, id string) { remove(t, db, division, k, id) },
		}
	})
}

func open(t *testing.T, url, division string) *postgis.Store {
	t.Helper()
	s, err := postgis.Open(t.Context(), url, division, true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func connect(t *testing.T, url string) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// remove does in SQL what someone at a psql prompt would do by design rule 14.
func remove(t *testing.T, db *sql.DB, division string, k safety.Kind, id string) {
	t.Helper()
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	statement := fmt.Sprintf(`with d as (select version + 1 as next from division where division = $1 for update)
		update %s set deleted_at = now(), version = d.next from d where division = $1 and id = $2`, k)
	if _, err := tx.ExecContext(t.Context(), statement, division, id); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(t.Context(), "update division set version = version + 1 where division = $1", division); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

// listen returns a function that counts the wake-ups since.
func listen(t *testing.T, url string) func() int {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	if _, err := conn.Exec(t.Context(), "listen hazgrid"); err != nil {
		t.Fatal(err)
	}
	return func() (n int) {
		for {
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			_, err := conn.WaitForNotification(ctx)
			cancel()
			if err != nil {
				return n
			}
			n++
		}
	}
}
