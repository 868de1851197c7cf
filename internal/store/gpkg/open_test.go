package gpkg

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hazgrid/safety"
)

func wantError(t *testing.T, want error, path string, create bool) {
	t.Helper()
	s, err := Open(t.Context(), path, "0", create)
	if err == nil {
		_ = s.Close()
	}
	if !errors.Is(err, want) {
		t.Errorf("Open(%s, create %v) = %v, want %v", filepath.Base(path), create, err, want)
		return
	}
	if !strings.Contains(err.Error(), path) {
		t.Errorf("Open(%s) does not name the file: %v", path, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string, perm os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), perm); err != nil {
			t.Fatal(err)
		}
		return path
	}
	text := file("text.gpkg", "lon,lat\n1,2\n", 0o600)
	damaged := file("damaged.gpkg", "SQLite format 3\x00"+strings.Repeat("?", 5000), 0o600)
	wantError(t, safety.ErrNotFound, filepath.Join(dir, "absent.gpkg"), false)
	wantError(t, safety.ErrNotFound, filepath.Join(dir, "nowhere", "x.gpkg"), true)
	wantError(t, safety.ErrInvalid, text, false)
	wantError(t, safety.ErrInvalid, text, true)
	wantError(t, safety.ErrInvalid, damaged, true)
	wantError(t, safety.ErrInvalid, file("empty.gpkg", "", 0o600), false)
	wantError(t, safety.ErrInvalid, dir, true)
	if _, err := os.Stat(filepath.Join(dir, "absent.gpkg")); !errors.Is(err, os.ErrNotExist) {
		t.Error("an absent file was made")
	}
}

func TestOpenReadOnly(t *testing.T) {
	s, path := tempStore(t, small()...)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o400); err != nil {
		t.Fatal(err)
	}
	wantError(t, safety.ErrDenied, path, false)
	wantError(t, safety.ErrDenied, path, true)
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(path)
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	wantError(t, safety.ErrDenied, path, false)
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
}

// TestOpenNewer wants a file of a later program left alone, and an odd name to work.
func TestOpenNewer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "瑞安 50%?#&.gpkg")
	s, err := Open(t.Context(), path, "0", true)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
	_, err = s.writer.ExecContext(t.Context(), "INSERT INTO "+historyTable+" (version_id, is_applied) VALUES (9999, 1)")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	wantError(t, safety.ErrInvalid, path, true)
	wantError(t, safety.ErrInvalid, path, false)
}

// TestReopen wants a second Open to find all, and create to be harmless.
func TestReopen(t *testing.T) {
	s, path := tempStore(t, small()...)
	before := load(t, s, 0)
	for _, create := range []bool{false, true} {
		again, err := Open(t.Context(), path, "0", create)
		if err != nil {
			t.Fatal(err)
		}
		after := load(t, again, 0)
		if len(after.Hazards) != 4 || after.Version != before.Version || !after.Whole {
			t.Errorf("create %v: version %d with %d hazards", create, after.Version, len(after.Hazards))
		}
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for pragma, want := range map[string]string{"application_id": "1196444487", "user_version": "10300", "journal_mode": "wal", "synchronous": "2"} {
		if got := query(t, s, "PRAGMA "+pragma); got != want {
			t.Errorf("%s is %s, want %s", pragma, got, want)
		}
	}
}

// TestOpenAtOnce lets several make the same file.
func TestOpenAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new.gpkg")
	errs := make(chan error)
	for range 5 {
		go func() {
			s, err := Open(t.Context(), path, "0", true)
			if err == nil {
				err = s.Close()
			}
			errs <- err
		}()
	}
	for range 5 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}
