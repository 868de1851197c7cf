package district

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"hazgrid/safety"
)

var update = flag.Bool("update", false, "write testdata/district anew")

// A file is one of testdata/district, and what writes it.
type file struct {
	name  string
	write func(d *District, w io.Writer) error
}

func files() []file {
	level := func(n int) func(*District, io.Writer) error {
		return func(d *District, w io.Writer) error { return d.WriteLevel(w, n) }
	}
	csv := func(k safety.Kind) func(*District, io.Writer) error {
		return func(d *District, w io.Writer) error { return d.WriteCSV(w, k) }
	}
	return []file{
		{"grids-1.geojson", level(1)},
		{"grids-2.geojson", level(2)},
		{"grids-3.geojson", level(3)},
		{"enterprises.csv", csv(safety.Enterprises)},
		{"hazards.csv", csv(safety.Hazards)},
		{"inspections.csv", csv(safety.Inspections)},
		{"lines.geojson", func(d *District, w io.Writer) error { return d.WriteGeoJSON(w, safety.Lines) }},
	}
}

// The committed files are what the generator writes. `go test ./internal/district -run Files -update` renews them.
func TestFiles(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("other processors fuse multiplication and addition, which may move a border by a cell: the files are made on amd64")
	}
	dir, total := filepath.Join("..", "..", "testdata", "district"), 0
	for _, f := range files() {
		var b bytes.Buffer
		if err := f.write(demo(), &b); err != nil {
			t.Fatal(err)
		}
		total += b.Len()
		name := filepath.Join(dir, f.name)
		if *update {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, b.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		was, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(was, b.Bytes()) {
			t.Errorf("%s is not what the generator writes: run with -update", f.name)
		}
	}
	if total > 12_000_000 {
		t.Errorf("the files have %d bytes, want at most 12 MB", total)
	}
}
