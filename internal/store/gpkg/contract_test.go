package gpkg

import (
	"path/filepath"
	"testing"

	"hazgrid/internal/store"
	"hazgrid/internal/store/storetest"
	"hazgrid/safety"
)

// TestContract runs what both stores must do.
func TestContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Opener {
		path := filepath.Join(t.TempDir(), "contract.gpkg")
		handle := func(t *testing.T, division string) *Store {
			t.Helper()
			s, err := Open(t.Context(), path, division, true)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
			return s
		}
		handle(t, "")
		foreign, err := open(path, writing, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := foreign.Close(); err != nil {
				t.Error(err)
			}
		})
		return storetest.Opener{
			Open: func(t *testing.T, division string) store.Store { return handle(t, division) },
			DB:   foreign,
			Delete: func(t *testing.T, division string, k safety.Kind, id string) {
				t.Helper()
				if _, err := foreign.ExecContext(t.Context(), `DELETE FROM "`+string(k)+`" WHERE division = ? AND id = ?`, division, id); err != nil {
					t.Fatal(err)
				}
				if err := handle(t, division).settle(t.Context()); err != nil {
					t.Fatal(err)
				}
			},
		}
	})
}
