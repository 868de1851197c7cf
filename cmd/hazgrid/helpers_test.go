package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paulmach/orb/encoding/mvt"

	"hazgrid/internal/store/postgis/pgtest"
)

// hazgrid runs the program in this process and returns what it said and its exit status.
func hazgrid(t testing.TB, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	err := run(t.Context(), args, func(string) string { return "" }, stdio{strings.NewReader(""), &out, &errs})
	return out.String(), errs.String(), exitCode(err)
}

// must runs the program and fails t unless it exits with 0.
func must(t testing.TB, args ...string) string {
	t.Helper()
	out, errs, code := hazgrid(t, args...)
	if code != 0 {
		t.Fatalf("hazgrid %s: exit status %d\n%s%s", strings.Join(args, " "), code, out, errs)
	}
	return out
}

// another runs the program as another process.
func another(t testing.TB, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program(t), args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("hazgrid %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

var binary = struct {
	once sync.Once
	path string
	err  error
}{}

// program is the built binary, built once.
func program(t testing.TB) string {
	t.Helper()
	binary.once.Do(func() {
		dir, err := os.MkdirTemp("", "hazgrid")
		binary.path, binary.err = filepath.Join(dir, "hazgrid"), err
		if err == nil {
			out, err := exec.Command("go", "build", "-o", binary.path, ".").CombinedOutput()
			if binary.err = err; err != nil {
				t.Logf("%s", out)
			}
		}
	})
	if binary.err != nil {
		t.Fatal(binary.err)
	}
	return binary.path
}

// serving starts demo or serve in this process and returns its URL; it ends with t.
func serving(t testing.TB, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	out, w := io.Pipe()
	ended := make(chan struct{})
	go func() {
		var errs bytes.Buffer
		err := run(ctx, args, func(string) string { return "" }, stdio{strings.NewReader(""), w, &errs})
		if err != nil {
			t.Logf("hazgrid %s: %v\n%s", strings.Join(args, " "), err, errs.String())
		}
		_ = w.CloseWithError(err) // always nil
		close(ended)
	}()
	t.Cleanup(func() { cancel(); <-ended })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("hazgrid %s did not get ready: %v", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(line)
}

// stores are the two homes of a division, fresh.
func stores(t *testing.T, test func(t *testing.T, db string)) {
	t.Helper()
	t.Run("gpkg", func(t *testing.T) { test(t, filepath.Join(t.TempDir(), "city.gpkg")) })
	t.Run("postgis", func(t *testing.T) { test(t, pgtest.DB(t)) })
}

// get fetches url and returns status, body and headers.
func get(t testing.TB, url string) (int, []byte, http.Header) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept-Encoding", "identity")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode, body, res.Header
}

// getJSON fetches url, wants 200, and decodes into v.
func getJSON(t testing.TB, url string, v any) {
	t.Helper()
	code, body, _ := get(t, url)
	if code != http.StatusOK {
		t.Fatalf("GET %s: %d %s", url, code, body)
	}
	if err := json.Unmarshal(body, v); err != nil {
		t.Fatalf("GET %s: %v", url, err)
	}
}

// write puts text into a file of a fresh folder.
func write(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

type tallyRow struct {
	Code           string   `json:"code"`
	Name           string   `json:"name"`
	Parent         *string  `json:"parent"`
	AreaKm2        *float64 `json:"area_km2"`
	Enterprises    int64    `json:"enterprises"`
	Found          int64    `json:"found"`
	Rectified      int64    `json:"rectified"`
	Open           int64    `json:"open"`
	Overdue        int64    `json:"overdue"`
	Density        *float64 `json:"density"`
	Rate           *float64 `json:"rate"`
	UnitsFound     int64    `json:"units_found"`
	UnitsRectified int64    `json:"units_rectified"`
	UnitRate       *float64 `json:"unit_rate"`
	Inspections    int64    `json:"inspections"`
	Officers       int64    `json:"officers"`
	UnitsInspected int64    `json:"units_inspected"`
	OrdersRectify  int64    `json:"orders_rectify"`
	OrdersSuspend  int64    `json:"orders_suspend"`
	Unassigned     int64    `json:"unassigned"`
}

type tallies struct {
	Level   int        `json:"level"`
	At      string     `json:"at"`
	Version int64      `json:"version"`
	Rows    []tallyRow `json:"rows"`
	Total   tallyRow   `json:"total"`
}

// tileCodes decodes a tile, by another's decoder, and returns the codes of a layer's features.
func tileCodes(t testing.TB, url, layer string) []string {
	t.Helper()
	code, body, _ := get(t, url)
	if code == http.StatusNoContent {
		return nil
	}
	if code != http.StatusOK {
		t.Fatalf("GET %s: %d %s", url, code, body)
	}
	layers, err := mvt.Unmarshal(body)
	if err != nil {
		t.Fatalf("GET %s: %v", url, err)
	}
	var codes []string
	for _, l := range layers {
		if l.Name != layer {
			continue
		}
		for _, f := range l.Features {
			codes = append(codes, f.Properties.MustString("code"))
		}
	}
	return codes
}
