package export

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/paulmach/orb"
	"github.com/xuri/excelize/v2"

	"hazgrid/safety"
)

// given yields stored records as they are.
func given(records ...safety.Stored) iter.Seq2[safety.Stored, error] {
	return func(yield func(safety.Stored, error) bool) {
		for _, r := range records {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// one is a record of k that has only a key and some values by name.
func one(k safety.Kind, key string, values map[string]any) safety.Stored {
	s := safety.Stored{}
	for _, f := range safety.Fields(k) {
		v := values[f.Name]
		if f.Name == safety.KeyField(k) {
			v = key
		}
		s.Values = append(s.Values, v)
	}
	return s
}

func newLayer(k safety.Kind, records iter.Seq2[safety.Stored, error]) *Layer {
	return &Layer{Kind: k, Records: records, Location: time.UTC}
}

// TestRecordWarnings wants each format to tell what it cannot hold, and to hold the rest.
func TestRecordWarnings(t *testing.T) {
	long := strings.Repeat("长", 32_768)
	for _, c := range []struct {
		format, text, want string // want: what is read back
		warning            safety.Warning
	}{
		{"csv", "a\r\nb", "a\nb", safety.Warning{Code: "signs_lost", Count: 1, Example: "L: name: CR LF is read back as LF"}},
		{"csv", "a\rb\x01", "a\rb\x01", safety.Warning{}},
		{"xlsx", "_x000D_ a\r\nb", "_x000D_ a\r\nb", safety.Warning{}},
		{"xlsx", "a\x0bb", "a\ufffdb", safety.Warning{Code: "signs_lost", Count: 1, Example: "L: name: a control character is replaced by U+FFFD"}},
		{"xlsx", long, long[:3*32_767], safety.Warning{Code: "text_cut", Count: 1, Example: "L: name: longer than the 32767 characters of a cell"}},
		{"xlsx", strings.Repeat("𠮷", 16_384), strings.Repeat("𠮷", 16_383), safety.Warning{Code: "text_cut", Count: 1, Example: "L: name: longer than the 32767 characters of a cell"}},
		{"xlsx", long[:3*32_767], long[:3*32_767], safety.Warning{}},
	} {
		var out bytes.Buffer
		l := newLayer(safety.Lines, given(one(safety.Lines, "L", map[string]any{"name": c.text})))
		warnings, err := l.Write(&out, c.format)
		if err != nil {
			t.Fatalf("%s: %v", c.format, err)
		}
		var want []safety.Warning
		if c.warning.Code != "" {
			want = append(want, c.warning)
		}
		if diff := cmp.Diff(want, warnings, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s of %.20q: warnings (-want +got):\n%s", c.format, c.text, diff)
		}
		if got := nameIn(t, c.format, &out); got != c.want {
			t.Errorf("%s of %.20q: got %.20q (%d bytes), want %.20q (%d bytes)", c.format, c.text, got, len(got), c.want, len(c.want))
		}
	}
}

// nameIn reads the name of the only record of a table.
func nameIn(t *testing.T, format string, r io.Reader) string {
	t.Helper()
	var rows [][]string
	var err error
	if format == "csv" {
		rows, err = csv.NewReader(r).ReadAll()
	} else {
		var f *excelize.File
		if f, err = excelize.OpenReader(r); err == nil {
			rows, err = f.GetRows("lines")
		}
	}
	if err != nil || len(rows) != 2 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	return rows[1][2]
}

// TestRecordWithoutArea wants a grid without area told of and written without geometry.
func TestRecordWithoutArea(t *testing.T) {
	grid := one(safety.Grids, "A", map[string]any{"level": int64(1)})
	grid.Geometry = orb.MultiPolygon{}
	var out bytes.Buffer
	warnings, err := newLayer(safety.Grids, given(grid)).Write(&out, "geojson")
	if err != nil || len(warnings) != 1 || warnings[0] != (safety.Warning{Code: "no_area", Count: 1, Example: "A"}) {
		t.Errorf("got %v, %v, want one warning no_area", warnings, err)
	}
	if !strings.Contains(out.String(), `"geometry":null`) {
		t.Errorf("got %s, want a null geometry", out.String())
	}
}

// TestRecordsFollow wants points without a location of their own where their enterprise is, when asked for.
func TestRecordsFollow(t *testing.T) {
	hazard := one(safety.Hazards, "h", nil)
	hazard.Location = orb.Point{120.5, 27.5}
	for follow, want := range map[bool]string{false: `"geometry":null`, true: `"coordinates":[120.5,27.5]`} {
		l := newLayer(safety.Hazards, given(hazard))
		l.Follow = follow
		var out bytes.Buffer
		if _, err := l.Write(&out, "geojson"); err != nil || !strings.Contains(out.String(), want) {
			t.Errorf("follow %v: got %s, %v, want %s", follow, out.String(), err, want)
		}
	}
}

// TestEmptyLayers wants every format to be a file that says what its columns are.
func TestEmptyLayers(t *testing.T) {
	for _, format := range RecordFormats() {
		path := filepath.Join(t.TempDir(), "lines."+format)
		if _, err := newLayer(safety.Lines, given()).WriteFile(t.Context(), path, format); err != nil {
			t.Errorf("%s: %v", format, err)
			continue
		}
		if info, err := os.Stat(path); err != nil || info.Size() == 0 {
			t.Errorf("%s: got %v, %v, want a file", format, info, err)
		}
	}
}

// TestRecordsEnd wants an error of the store, first or later, to be that of the export.
func TestRecordsEnd(t *testing.T) {
	broken := errors.New("the store is gone")
	for _, before := range []int{0, 1, 3} {
		for _, format := range RecordFormats() {
			l := newLayer(safety.Lines, func(yield func(safety.Stored, error) bool) {
				for range before {
					if !yield(one(safety.Lines, "L", nil), nil) {
						return
					}
				}
				yield(safety.Stored{}, broken)
			})
			if _, err := l.WriteFile(t.Context(), filepath.Join(t.TempDir(), "lines."+format), format); !errors.Is(err, broken) {
				t.Errorf("%s after %d records: got %v, want the store's error", format, before, err)
			}
		}
	}
}

// TestSheetIsFull wants more records than a worksheet has rows refused.
func TestSheetIsFull(t *testing.T) {
	if testing.Short() {
		t.Skip("writes a million rows")
	}
	line := one(safety.Lines, "L", nil)
	l := newLayer(safety.Lines, func(yield func(safety.Stored, error) bool) {
		for range excelize.TotalRows {
			if !yield(line, nil) {
				return
			}
		}
	})
	_, err := l.Write(io.Discard, "xlsx")
	if !errors.Is(err, safety.ErrInvalid) || !strings.Contains(err.Error(), "1048575 records") {
		t.Errorf("got %v, want a refusal that names the limit", err)
	}
}

// TestShapefileIsFull wants a file that would be more than 2 GB refused.
func TestShapefileIsFull(t *testing.T) {
	l := newLayer(safety.Lines, given())
	table, err := newDBF(l, l.attributes(0), filepath.Join(t.TempDir(), "lines.dbf"))
	if err != nil {
		t.Fatal(err)
	}
	defer table.close() //nolint:errcheck // a test
	table.rows = 300_000_000
	if err := table.finish("nowhere"); !errors.Is(err, safety.ErrInvalid) {
		t.Errorf("table: got %v, want a refusal", err)
	}
	part := shapePart{size: fileMost - 10}
	if err := part.write(make([]byte, 11)); !errors.Is(err, safety.ErrInvalid) {
		t.Errorf("shapes: got %v, want a refusal", err)
	}
}
