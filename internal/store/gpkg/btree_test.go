package gpkg

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hazgrid/safety"
)

// laidRow is a row of the tables that TestTreesAreSQLites fills.
type laidRow struct {
	id   int64
	text string
	n    int64
}

// TestTreesAreSQLites lays rows of all lengths and fillings of pages, has SQLite check and read the file, change it and check it again.
func TestTreesAreSQLites(t *testing.T) {
	for _, size := range []int{512, 4096, 65536} {
		for _, n := range []int{0, 1, 10, 500, 20_000} {
			t.Run(fmt.Sprintf("%d/%d", size, n), func(t *testing.T) {
				r := rand.New(rand.NewPCG(uint64(size), uint64(n)))
				rows := make([]laidRow, n)
				id := int64(0)
				for i := range rows {
					id += 1 + r.Int64N(1<<r.Int64N(40))
					rows[i] = laidRow{id, strings.Repeat("x", 1+r.IntN(20)) + fmt.Sprint(r.Int64()), r.Int64() >> r.IntN(64)}
					if r.IntN(50*max(1, size/4096)) == 0 { // some that need pages of their own
						rows[i].text += strings.Repeat("long", r.IntN(3*size))
					}
				}
				checkLaid(t, size, rows)
			})
		}
	}
}

// TestEveryEnd ends trees of small pages at every entry, so that each kind of last page is met.
func TestEveryEnd(t *testing.T) {
	for n := range 150 {
		rows := make([]laidRow, n)
		for i := range rows {
			rows[i] = laidRow{int64(i + 1), fmt.Sprintf("%0*d", 60+i%50, i), int64(i)}
		}
		checkLaid(t, 512, rows)
	}
}

func checkLaid(t *testing.T, size int, rows []laidRow) {
	t.Helper()
	ctx := t.Context()
	db, err := open(filepath.Join(t.TempDir(), "laid.db"), creating, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // a test
	c, err := db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // a test
	do := func(statements ...string) {
		t.Helper()
		for _, s := range statements {
			if _, err := c.ExecContext(ctx, s); err != nil {
				t.Fatalf("%s: %v", s, err)
			}
		}
	}
	do(fmt.Sprintf("PRAGMA page_size = %d", size), "PRAGMA journal_mode = WAL", "PRAGMA synchronous = OFF",
		"CREATE TABLE before (a)", "INSERT INTO before VALUES (1)",
		"CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT, n INTEGER)", "CREATE INDEX i ON t (text)",
		"INSERT INTO t VALUES (1, 'gone', 1)", "DELETE FROM t", "BEGIN IMMEDIATE")
	layRows(t, ctx, c, rows)
	do("INSERT INTO before VALUES (2)", "CREATE TABLE after (a)", "INSERT INTO after SELECT text FROM t LIMIT 100")
	expectRows(t, c, rows)
	do("COMMIT")
	expectRows(t, c, rows)
	do("INSERT INTO t (text, n) SELECT text, n FROM t", "UPDATE t SET text = text || 'y' WHERE n % 3 = 0", "DELETE FROM t WHERE n % 2 = 0")
	if got := one(t, c, "PRAGMA integrity_check"); got != "ok" {
		t.Errorf("%d rows, pages of %d, changed: %s", len(rows), size, got)
	}
}

func layRows(t *testing.T, ctx context.Context, c *sql.Conn, rows []laidRow) {
	t.Helper()
	var roots []uint32
	for _, name := range []string{"t", "i"} {
		root, err := rootOf(ctx, c, name)
		if err != nil {
			t.Fatal(err)
		}
		roots = append(roots, root)
	}
	p, err := newPages(ctx, c, roots)
	if err != nil {
		t.Fatal(err)
	}
	table, index := &btree{pages: p, root: roots[0], table: true}, &btree{pages: p, root: roots[1]}
	var w recorder
	for _, r := range rows {
		w.reset()
		w.null()
		w.text(r.text)
		w.integer(r.n)
		if err := table.row(r.id, w.appendTo(nil)); err != nil {
			t.Fatal(err)
		}
	}
	keys := slices.Clone(rows)
	slices.SortFunc(keys, func(a, b laidRow) int { return strings.Compare(a.text, b.text) })
	for _, r := range keys {
		w.reset()
		w.text(r.text)
		w.integer(r.id)
		if err := index.key(w.appendTo(nil)); err != nil {
			t.Fatal(err)
		}
	}
	err = table.finish()
	if err == nil {
		err = index.finish()
	}
	if err := p.close(err); err != nil {
		t.Fatal(err)
	}
}

func expectRows(t *testing.T, c *sql.Conn, rows []laidRow) {
	t.Helper()
	if got := one(t, c, "PRAGMA integrity_check"); got != "ok" {
		t.Fatalf("%d rows: %s", len(rows), got)
	}
	found, err := c.QueryContext(t.Context(), "SELECT id, text, n FROM t NOT INDEXED ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close() //nolint:errcheck // Err says it
	i := 0
	for ; found.Next(); i++ {
		var got laidRow
		if err := found.Scan(&got.id, &got.text, &got.n); err != nil {
			t.Fatal(err)
		}
		if i < len(rows) && got != rows[i] {
			t.Fatalf("row %d of %d is %v, want %v", i, len(rows), got, rows[i])
		}
	}
	if err := found.Err(); err != nil || i != len(rows) {
		t.Fatalf("%d rows, want %d: %v", i, len(rows), err)
	}
	if n := one(t, c, "SELECT count(*) FROM (SELECT text FROM t INDEXED BY i WHERE text > '')"); n != fmt.Sprint(len(rows)) {
		t.Errorf("the index has %s of %d", n, len(rows))
	}
}

func one(t *testing.T, c *sql.Conn, query string) (s string) {
	t.Helper()
	if err := c.QueryRowContext(t.Context(), query).Scan(&s); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return s
}

func TestVarints(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Uint64().Draw(t, "v") >> rapid.IntRange(0, 63).Draw(t, "shift")
		b := appendVarint(nil, v)
		if got, n := varint(b); got != v || n != len(b) || n > 9 {
			t.Fatalf("%d is % x, read as %d, %d bytes", v, b, got, n)
		}
	})
}

// TestSorter compares sorting through files with sorting in memory.
func TestSorter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, 12), 0, 300).Draw(t, "keys")
		type entry struct {
			key string
			n   uint32
		}
		var want, got []entry
		s := &sorter{limit: rapid.SampledFrom([]int{1, 500, 1 << 20}).Draw(t, "limit")}
		defer s.close()
		for i, k := range keys {
			want = append(want, entry{string(k), uint32(i)})
			if err := s.add(k, uint32(i)); err != nil {
				t.Fatal(err)
			}
		}
		slices.SortStableFunc(want, func(a, b entry) int { return strings.Compare(a.key, b.key) })
		for range 2 {
			got = got[:0]
			if err := s.each(func(k []byte, n uint32) error { got = append(got, entry{string(k), n}); return nil }); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, want) {
				t.Fatalf("got %v, want %v", got, want)
			}
		}
	})
}

// TestRecords reads back what recorder wrote.
func TestRecords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64().Draw(t, "n") >> rapid.IntRange(0, 63).Draw(t, "shift")
		text, f := rapid.String().Draw(t, "text"), rapid.Float64().Draw(t, "f")
		blob := binary.BigEndian.AppendUint64(nil, uint64(n))
		var w recorder
		w.integer(n)
		w.text(text)
		w.null()
		w.real(f)
		w.blob(blob)
		for range rapid.IntRange(0, 200).Draw(t, "nulls") {
			w.null()
		}
		v := make([]value, 5)
		if err := columns(w.appendTo(nil), v); err != nil {
			t.Fatal(err)
		}
		if v[0].integer() != n || string(v[1].bytes) != text || !v[2].isNull() || v[3].real() != f || string(v[4].bytes) != string(blob) {
			t.Fatalf("%d %q %v is %v", n, text, f, v)
		}
	})
}

func TestTimes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := safety.Time(rapid.Int64Range(1, 315_537_897_599_999).Draw(t, "at"))
		got := string(appendTime(nil, at))
		if want := at.String(); got != want {
			t.Fatalf("%d is %s, want %s", at, got, want)
		}
		if back, err := readTime(got); err != nil || back != at {
			t.Fatalf("%s is read as %d, %v", got, back, err)
		}
	})
	last, err := safety.ParseTime("9999-12-31T23:59:59.999Z", nil, safety.Opens)
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []safety.Time{1, last, last - 1} {
		if got := string(appendTime(nil, at)); got != at.String() {
			t.Errorf("%d is %s, want %s", at, got, at)
		}
	}
}
