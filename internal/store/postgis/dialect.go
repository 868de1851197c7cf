package postgis

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"time"

	"hazgrid/geo"
	"hazgrid/internal/store/merge"
	"hazgrid/safety"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/paulmach/orb"
)

// outboxKept is how many versions of a division the outbox keeps. Readers follow the division's
// version, which forgets nothing; the outbox is for whoever wants to see each commit.
const outboxKept = 10_000

// dialect is what the engine must know about PostgreSQL.
func dialect() merge.Dialect {
	return merge.Dialect{
		BeginRead:   "begin isolation level repeatable read read only",
		BeginWrite:  "begin isolation level read committed", // whatever the database's own default is: the row lock orders writers
		Lock:        "select version, boundaries, clock from division where division = $1 for update",
		Column:      column,
		Geometry:    "geometry",
		Bytes:       "bytea",
		Time:        func(t safety.Time) any { return t.In(time.UTC) },
		ReadTime:    readTime,
		Encode:      func(g orb.Geometry) (any, error) { return geo.EncodeEWKB(g) },
		Decode:      geo.DecodeEWKB,
		GeometryOut: "st_asewkb(%s)",
		TimeOut:     "%s",
		Stage:       stage,
		Append:      appender,
		Copy:        copyBinary,
		Staged:      []string{"analyze " + merge.StageTable + " (id)"},
		Analyze:     "analyze %s",
		Bulk:        bulk,
		Announce:    announce,
	}
}

func column(t safety.Type) string {
	switch t {
	case safety.Integer:
		return "bigint"
	case safety.Real:
		return "double precision"
	case safety.Boolean:
		return "boolean"
	case safety.Instant, safety.Deadline:
		return "timestamptz"
	}
	return `text collate "C"`
}

func readTime(src any) (safety.Time, error) {
	t, ok := src.(time.Time)
	if !ok {
		return 0, fmt.Errorf("want a time, got %T", src)
	}
	return safety.TimeOf(t), nil
}

// stage copies rows with COPY. An error of the rows is returned as it is: the server would make a text of it.
func stage(ctx context.Context, c *sql.Conn, to merge.Target, rows iter.Seq2[[]any, error]) error {
	next, stop := iter.Pull2(rows)
	defer stop()
	var broken error
	source := pgx.CopyFromFunc(func() ([]any, error) {
		row, err, ok := next()
		if !ok {
			return nil, nil
		}
		broken = err
		return row, err
	})
	return c.Raw(func(driver any) error {
		conn, ok := driver.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("want a pgx connection, got %T", driver)
		}
		_, err := conn.Conn().CopyFrom(ctx, pgx.Identifier{to.Table}, to.Columns, source)
		if broken != nil {
			return broken
		}
		return err
	})
}

// announce writes the outbox row that goes with a version. The NOTIFY comes after the commit: inside
// the transaction it would make all commits of the server queue for one lock.
func announce(ctx context.Context, c *sql.Conn, division string, version int64) error {
	if _, err := c.ExecContext(ctx, "insert into outbox (division, version) values ($1, $2)", division, version); err != nil {
		return err
	}
	_, err := c.ExecContext(ctx, "delete from outbox where division = $1 and version <= $2", division, version-outboxKept)
	return err
}
