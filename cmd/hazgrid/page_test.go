package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"hazgrid/internal/web"
)

// The page over the real program in a real browser: all of it on the GeoPackage, the live
// refresh after another process's import on PostGIS too.
func TestPage(t *testing.T) {
	if testing.Short() {
		t.Skip("the page takes a browser and a minute")
	}
	folder := filepath.Join("..", "..", "internal", "web")
	if _, err := os.Stat(filepath.Join(folder, "node_modules", "playwright-core")); err != nil || !web.Built() {
		lacking(t, "the page is not built: run `make web`")
	}
	if _, err := exec.LookPath("chromium"); err != nil {
		lacking(t, "chromium is not here")
	}
	t.Parallel() // browsers wait more than they work
	suites := map[string][]string{"gpkg": {"test/e2e.test.mjs", "test/live.test.mjs", "test/states.test.mjs"}, "postgis": {"test/live.test.mjs"}}
	stores(t, func(t *testing.T, db string) {
		t.Parallel()
		base := serving(t, "demo", "--db", db, "--addr", "127.0.0.1:0", "--log-level", "error")
		suite := suites["gpkg"]
		if filepath.Ext(db) != ".gpkg" {
			suite = suites["postgis"]
		}
		cmd := exec.CommandContext(t.Context(), "node", append([]string{"--test", "--test-concurrency=1"}, suite...)...)
		cmd.Dir = folder
		cmd.Env = append(os.Environ(), "HAZGRID_URL="+base, "HAZGRID_CHANGE="+change(t, db))
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		t.Logf("%s", out[max(0, len(out)-600):])
	})
}

// change is a shell command that imports a hazard as another process; each try imports another.
func change(t *testing.T, db string) string {
	t.Helper()
	dir := t.TempDir()
	for n := 1; n <= 4; n++ {
		text := fmt.Sprintf("id,enterprise,found_at\nlive-%d,%s,2014-12-30\n", n, someEnterprise(t))
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.csv", n)), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return fmt.Sprintf("%s import hazards --db '%s' %s/$HAZGRID_TRY.csv", program(t), db, dir)
}
