package importers

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"hazgrid/safety"
)

// How a file of SQLite's is opened without touching it.

const sqliteMagic = "SQLite format 3\x00"

// cutSQLite finds a file that ends before the size its header gives (fileformat2.html, 1.3: the size in pages at 28
// counts when the counters at 24 and 92 agree). SQLite itself notices only when it comes to a page that is not there.
func cutSQLite(s *source) error {
	if len(s.head) < 100 {
		return fmt.Errorf("%w: the SQLite file is cut off in its header", safety.ErrInvalid)
	}
	if logged(s.path) {
		return nil
	}
	number := func(at int) int64 { return int64(binary.BigEndian.Uint32(s.head[at:])) }
	page := int64(binary.BigEndian.Uint16(s.head[16:]))
	if page == 1 {
		page = 65536
	}
	if want := number(28) * page; number(24) == number(92) && want > s.size {
		return fmt.Errorf("%w: the SQLite file is cut off: it has %d of %d bytes", safety.ErrInvalid, s.size, want)
	}
	return nil
}

// logged reports whether a log stands beside a file, from which SQLite completes it.
func logged(path string) bool {
	_, err := os.Stat(path + "-wal")
	return !errors.Is(err, fs.ErrNotExist)
}

// dsn says how SQLite is to open the file: to read only. A file in WAL mode whose log is not there is complete by
// itself, and SQLite must be told so (immutable), or it would make a log beside it; alone says that this is so. With a
// log there, some of the rows may be in it alone, and it is read with it.
func (g *gpkgReader) dsn() (dsn string, alone bool, err error) {
	path, err := filepath.Abs(g.src.path)
	if err != nil {
		return "", false, err
	}
	q := url.Values{"mode": {"ro"}, "_busy_timeout": {"10000"}, "_dqs": {"0"}, "_pragma": {
		"query_only(1)", "trusted_schema(0)", "cell_size_check(1)", "cache_size(-16384)", "mmap_size(0)",
	}}
	head := g.src.head
	if alone = !logged(path) && (head[18] == 2 || head[19] == 2); alone {
		q.Set("immutable", "1")
	}
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: q.Encode()}
	return u.String(), alone, nil
}

// unchanged returns what tells whether a file is still as it is now, if that is to be watched.
func unchanged(path string, watch bool) func() error {
	look := func() (size int64, changed time.Time) {
		info, err := os.Stat(path)
		if err != nil {
			return -1, time.Time{}
		}
		return info.Size(), info.ModTime()
	}
	size, changed := look()
	return func() error {
		if s, c := look(); watch && (s != size || !c.Equal(changed)) {
			return errors.New("the file was changed while it was read; import it again")
		}
		return nil
	}
}

// limit sees that SQLite makes no value longer than a record may be.
func (g *gpkgReader) limit() error {
	conn, err := g.db.Conn(g.ctx)
	if err != nil {
		return err
	}
	_, err = sqlite.Limit(conn, sqlite3.SQLITE_LIMIT_LENGTH, max(g.src.o.maxBytes(), 1<<20))
	return errors.Join(err, conn.Close())
}

// explain gives SQLite's words the kind of error they are.
func (g *gpkgReader) explain(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FORMAT:
		return fmt.Errorf("%w: not a GeoPackage, or a damaged one: %w", safety.ErrInvalid, err)
	case sqlite3.SQLITE_TOOBIG:
		return fmt.Errorf("%w: a value is longer than %d MB: %w", safety.ErrInvalid, g.src.o.maxBytes()>>20, err)
	case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY:
		return fmt.Errorf("it was not closed by the program that wrote it, and its log cannot be read here; open and close it once with that program: %w", err)
	}
	return err
}
