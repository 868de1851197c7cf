package gpkg

import (
	"database/sql"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paulmach/orb"

	"hazgrid/safety"
)

// row is a record by field names.
type row map[string]any

func record(k safety.Kind, n int64, values row, g orb.Geometry) safety.Record {
	r := safety.Record{Number: n, Geometry: g}
	for _, f := range safety.Fields(k) {
		v, ok := values[f.Name]
		if !ok {
			v = f.Default
		}
		r.Values = append(r.Values, v)
	}
	return r
}

func batch(k safety.Kind, records ...safety.Record) safety.Batch {
	return safety.Batch{Kind: k, Records: func(yield func(safety.Record, error) bool) {
		for i, r := range records {
			r.Number = int64(i + 1)
			if !yield(r, nil) {
				return
			}
		}
	}}
}

// made yields n records of a batch without holding them.
func made(k safety.Kind, n int, make func(i int) safety.Record) safety.Batch {
	var records iter.Seq2[safety.Record, error] = func(yield func(safety.Record, error) bool) {
		for i := range n {
			r := make(i)
			r.Number = int64(i + 1)
			if !yield(r, nil) {
				return
			}
		}
	}
	return safety.Batch{Kind: k, Records: records}
}

func box(w, s, e, n float64) orb.MultiPolygon {
	return orb.MultiPolygon{{{{w, s}, {e, s}, {e, n}, {w, n}, {w, s}}}}
}

// small is a district of two grids on two levels, three enterprises, four hazards, an inspection and a line.
func small() []safety.Batch {
	g := func(code, parent string, level int64, mp orb.MultiPolygon) safety.Record {
		v := row{"code": code, "name": "网格" + code, "level": level}
		if parent != "" {
			v["parent"] = parent
		}
		return record(safety.Grids, 0, v, mp)
	}
	found, due := at("2014-12-01"), at("2014-12-20")
	return []safety.Batch{
		batch(safety.Grids, g("A", "", 1, box(120, 27, 122, 28)), g("A1", "A", 2, box(120, 27, 121, 28)), g("A2", "A", 2, box(121, 27, 122, 28))),
		batch(
			safety.Enterprises,
			record(safety.Enterprises, 0, row{"id": "e1", "name": "一厂"}, orb.Point{120.5, 27.5}),
			record(safety.Enterprises, 0, row{"id": "e2"}, orb.Point{121.5, 27.5}),
			record(safety.Enterprises, 0, row{"id": "e3"}, nil),
		),
		batch(
			safety.Hazards,
			record(safety.Hazards, 0, row{"id": "h1", "enterprise": "e1", "found_at": found, "due_at": due, "severity": "major"}, nil),
			record(safety.Hazards, 0, row{"id": "h2", "enterprise": "e2", "found_at": found, "rectified_at": due}, nil),
			record(safety.Hazards, 0, row{"id": "h3", "enterprise": "e3", "found_at": found}, nil),
			record(safety.Hazards, 0, row{"id": "h4", "found_at": found}, orb.Point{10, 10}),
		),
		batch(safety.Inspections, record(safety.Inspections, 0, row{"id": "i1", "enterprise": "e1", "at": due, "officers": int64(3), "order": "rectify"}, nil)),
		batch(safety.Lines, record(safety.Lines, 0, row{"id": "l1", "name": "gas", "protection_m": 5.0}, orb.MultiLineString{{{120, 27}, {121, 28}}})),
	}
}

func at(s string) safety.Time {
	t, err := safety.ParseTime(s+"T00:00:00Z", nil, safety.Opens)
	if err != nil {
		panic(err)
	}
	return t
}

func tempStore(t *testing.T, batches ...safety.Batch) (*Store, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "district.gpkg")
	s, err := Open(t.Context(), path, "0", true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, b := range batches {
		apply(t, s, b)
	}
	return s, path
}

func apply(t *testing.T, s *Store, b safety.Batch) safety.Receipt {
	t.Helper()
	r, err := s.Apply(t.Context(), b)
	if err != nil {
		t.Fatalf("apply %s: %v", b.Kind, err)
	}
	return r
}

func load(t *testing.T, s *Store, since int64) safety.Records {
	t.Helper()
	r, err := s.Load(t.Context(), since)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// query runs a statement on the writer and returns the first column of the first row as text.
func query(t *testing.T, s *Store, statement string, args ...any) string {
	t.Helper()
	var v sql.NullString
	if err := s.writer.QueryRowContext(t.Context(), statement, args...).Scan(&v); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return v.String
}

// need returns the path of a program, or skips the test; under CI it fails.
func need(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		absent(t, program)
	}
	return path
}

func absent(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is not installed, and CI must not go without it", what)
	}
	t.Skipf("SKIPPED, NOT CHECKED: %s is not installed (Debian: gdal-bin, python3-gdal, sqlite3)", what)
}

// command runs another program and returns what it says; its failure fails the test.
func command(t *testing.T, program string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), need(t, program), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
	}
	return string(out)
}
