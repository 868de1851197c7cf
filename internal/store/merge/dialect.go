package merge

import (
	"context"
	"database/sql"
	"iter"

	"hazgrid/safety"

	"github.com/paulmach/orb"
)

// A Dialect is what the engine must be told about a database. The rest is one SQL for both:
// parameters are $1, $2 … (SQLite's driver takes them too), identifiers are quoted, and the
// tables have the columns that Tables describes.
type Dialect struct {
	BeginRead  string // starts a read-only transaction that sees one state: "begin" for SQLite
	BeginWrite string // starts a write transaction: "begin immediate" for SQLite, "begin" for PostGIS

	// Lock selects version, boundaries and clock of division $1 from table division and, where
	// the database lets writers run side by side, locks that row: "… for update".
	Lock string

	Column   func(safety.Type) string // type of a staging column for values of a field
	Geometry string                   // type of a staging column for what Encode returns
	Bytes    string                   // type of a staging column for a []byte

	Time     func(safety.Time) any              // a time as the driver takes it; unset is the instant Always
	ReadTime func(src any) (safety.Time, error) // a time as the driver gives it, never nil
	Encode   func(orb.Geometry) (any, error)    // a geometry as the driver takes it, never nil
	Decode   func([]byte) (orb.Geometry, error) // a geometry as selected through GeometryOut
	// GeometryOut is the SQL expression that turns the named column into the bytes Decode reads,
	// "%s" being the column: "%s" where it is bytes already.
	GeometryOut string
	// TimeOut is the SQL expression that turns the named time column into what ReadTime reads.
	TimeOut string

	// Stage writes rows (values as Time and Encode return them, else nil, string, int64,
	// float64, bool or []byte) into the columns of a temporary table, as fast as the database
	// can. It is called inside a transaction.
	Stage func(ctx context.Context, c *sql.Conn, to Target, rows iter.Seq2[[]any, error]) error

	// Append and Copy, when set, stage the records of a batch in place of Stage. What Append(kind)
	// returns appends a record to b in the database's own form for StageTable, its columns in the order of Target, and
	// is called on several goroutines at once. Copy fills the table with what next returns, until that is io.EOF; any
	// other error of next it returns as it is. It is called inside a transaction.
	Append func(k safety.Kind) func(b []byte, r *Staged) ([]byte, error)
	Copy   func(ctx context.Context, c *sql.Conn, to Target, next func() ([]byte, error)) error

	// Staged is run before a batch staged in the temporary table StageTable (key column "id") is joined with
	// its kind's table: statistics or an index, whatever such joins need.
	Staged []string

	// Analyze lets the database look at how the table "%s" is filled before it is joined in ways
	// that imports do not join it; "" when it knows without.
	Analyze string

	// Bulk, when set, runs write, which is about to write that many rows of kind's table: the place
	// to drop triggers and indexes before, and to rebuild them after. It must return write's error.
	Bulk func(ctx context.Context, c *sql.Conn, w Work, write func() error) error

	// Lay, when set, begins a batch that is to be the first rows of k's table, in all divisions. It returns nil when
	// there are rows, or the table is not one that it knows.
	Lay func(ctx context.Context, c *sql.Conn, division string, k safety.Kind) (*Ground, error)

	// Announce is the last act of a write before its commit: the outbox, a NOTIFY, the
	// GeoPackage's table of contents. It is not called for a write that changed nothing.
	Announce func(ctx context.Context, c *sql.Conn, division string, version int64) error
}

// A Target is the temporary table and columns that rows are staged into.
type Target struct {
	Table   string
	Columns []string
}

// Work is a piece of writing that is about to happen.
type Work struct {
	Kind     safety.Kind // the table
	Rows     int64       // how many rows at most
	Geometry bool        // whether column geom may change
	Fresh    bool        // all rows are new: none has the key of one that is there
}
