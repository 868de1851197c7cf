package gpkg

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"sync"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Everything that knows the SQLite driver is in this file.

// A mode says what a pool of connections may do with the file.
type mode string

const (
	creating mode = "rwc"
	writing  mode = "rw"
	reading  mode = "ro"
)

// busyMillis is how long a statement waits for another program's lock. An import of another
// process holds it while it merges; a context that ends also ends the wait.
const busyMillis = "120000"

// A connector opens connections that know the functions the R-tree triggers call.
type connector struct {
	driver *sqlite.Driver
	dsn    string
}

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return c.driver.Open(c.dsn)
}

func (c connector) Driver() driver.Driver { return c.driver }

// registered is our own driver with our own functions, made once: the driver keeps what is
// registered for good.
var registered = sync.OnceValues(newDriver)

func newDriver() (*sqlite.Driver, error) {
	d := &sqlite.Driver{}
	for name, f := range functions() {
		err := d.RegisterFunction(name, &sqlite.FunctionImpl{NArgs: 1, Deterministic: true, VolatileArgs: true, Scalar: scalar(f)})
		if err != nil {
			return nil, fmt.Errorf("register %s: %w", name, err)
		}
	}
	return d, nil
}

// scalar adapts a function of a geometry blob. What is no blob gives NULL, as GDAL does.
func scalar(f func(blob []byte) any) func(*sqlite.FunctionContext, []driver.Value) (driver.Value, error) {
	return func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
		if blob, ok := args[0].([]byte); ok {
			return f(blob), nil
		}
		return nil, nil
	}
}

// cacheSize is how much of the file a connection remembers, KiB, and smallCacheSize while pages are written once and in order. A page
// takes nearly twice its size in memory.
const (
	cacheSize      = "cache_size(-65536)"
	smallCacheSize = "cache_size(-8192)"
)

// open returns a pool over the file. At most n connections; busy_timeout comes before
// anything that could meet a lock.
func open(path string, m mode, n int) (*sql.DB, error) {
	d, err := registered()
	if err != nil {
		return nil, err
	}
	path, err = filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	q := url.Values{
		"mode": {string(m)}, "_txlock": {"immediate"}, "_busy_timeout": {busyMillis}, "_synchronous": {"FULL"}, "_dqs": {"0"},
		// the writer's caches: a merge touches pages of several trees in turn (KiB, given as negative numbers)
		"_pragma": {cacheSize, "temp.cache_size(-16384)", "journal_size_limit(67108864)"},
	}
	if m == reading {
		q["_pragma"] = []string{cacheSize}
		q["_query_only"] = []string{"1"}
		q["_txlock"] = []string{"deferred"}
	}
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: q.Encode()}
	db := sql.OpenDB(connector{driver: d, dsn: u.String()})
	db.SetMaxOpenConns(n)
	return db, nil
}

// sqliteCode returns SQLite's primary result code, 0 when err is not SQLite's.
func sqliteCode(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code() & 0xff
	}
	return 0
}

// isNotDatabase reports whether SQLite found the file to be something else.
func isNotDatabase(err error) bool { return sqliteCode(err) == sqlite3.SQLITE_NOTADB }

// isReadOnly reports whether SQLite could not write the file or the folder it lies in.
func isReadOnly(err error) bool {
	switch sqliteCode(err) {
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		return true
	}
	return err != nil && strings.Contains(err.Error(), "readonly database")
}

// isLocked reports whether SQLite gave up waiting for another program.
func isLocked(err error) bool {
	code := sqliteCode(err)
	return code == sqlite3.SQLITE_BUSY || code == sqlite3.SQLITE_LOCKED
}

// isConstraint reports whether a row broke a unique key.
func isConstraint(err error) bool { return sqliteCode(err) == sqlite3.SQLITE_CONSTRAINT }
