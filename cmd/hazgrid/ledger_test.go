package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// TestLedger imports one ledger as enterprises and as hazards, twice. Its twin in the shared data has the figures of the domain report:
// four hazards in three units, and one unit without a location.
func TestLedger(t *testing.T) {
	for name, want := range map[string][4][6]int64{ // read, inserted, unchanged, superseded, rejected, unlocated
		filepath.Join("..", "..", "importers", "testdata", "ledger.xls"): {
			{4, 3, 0, 1, 0, 1}, {4, 3, 0, 0, 1, 0}, {4, 0, 3, 1, 0, 1}, {4, 0, 3, 0, 1, 0},
		},
		filepath.Join("..", "..", "..", "shared", "data", "fixtures", "ledger_merged.xlsx"): {
			{5, 4, 0, 1, 0, 1}, {5, 4, 0, 0, 1, 0}, {5, 0, 4, 1, 0, 1}, {5, 0, 4, 0, 1, 0},
		},
	} {
		t.Run(filepath.Base(name), func(t *testing.T) {
			if _, err := os.Stat(name); err != nil {
				t.Skip("the shared data are not beside this checkout:", err)
			}
			db := filepath.Join(t.TempDir(), "x.gpkg")
			for i, kind := range []string{"enterprises", "hazards", "enterprises", "hazards"} {
				out, errs, _ := hazgrid(t, "import", kind, "--db", db, "--report", "-", name)
				var r importReport
				if err := json.Unmarshal([]byte(out), &r); err != nil {
					t.Fatal(err, out, errs)
				}
				if got := [6]int64{r.Read, r.Inserted, r.Unchanged, r.Superseded, r.Rejected, r.Unlocated}; got != want[i] {
					t.Errorf("%s, import %d: %v, want %v\n%s", kind, i+1, got, want[i], errs)
				}
			}
			if n := count(t, db, "hazards"); n != int(want[1][1]) {
				t.Errorf("%d hazards, want %d", n, want[1][1])
			}
		})
	}
}
