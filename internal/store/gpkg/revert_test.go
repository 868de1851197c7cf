package gpkg

import (
	"errors"
	"strings"
	"testing"

	"github.com/paulmach/orb"

	"hazgrid/safety"
)

func undo(number int64) safety.Batch {
	return safety.Batch{Revert: number, Origin: func() safety.Origin { return safety.Origin{By: "undoer", At: at("2014-12-31")} }}
}

// What another program wrote over is gone for good: its edits are listed, they cannot be reverted, and
// neither can the batches whose records they changed. Other batches can.
func TestRevertAfterEdits(t *testing.T) {
	need(t, "ogrinfo")
	s, path := tempStore(t)
	apply(t, s, batch(safety.Enterprises, record(safety.Enterprises, 0, row{"id": "a"}, orb.Point{120.5, 27.5}), record(safety.Enterprises, 0, row{"id": "b"}, nil)))
	apply(t, s, batch(safety.Enterprises, record(safety.Enterprises, 0, row{"id": "b", "name": "二"}, nil)))
	apply(t, s, batch(safety.Enterprises, record(safety.Enterprises, 0, row{"id": "c"}, nil)))
	gdalSQL(t, path, "UPDATE enterprises SET risk = 'red' WHERE id = 'a'")
	gdalSQL(t, path, "INSERT INTO enterprises (division, id, batch) SELECT division, 'pasted', batch FROM enterprises WHERE id = 'c'")
	all, err := s.Batches(t.Context())
	if err != nil || len(all) < 4 || all[0].Op != safety.OpEdit || all[len(all)-3].Batch != 3 {
		t.Fatalf("got %+v, %v, want edits after the three imports", all, err)
	}
	for number, says := range map[int64]string{1: "changed since by batch", all[0].Batch: "edit by another program"} {
		if _, err := s.Apply(t.Context(), undo(number)); !errors.Is(err, safety.ErrConflict) || !strings.Contains(err.Error(), says) {
			t.Errorf("revert %d: got %v, want a conflict: %s", number, err, says)
		}
	}
	apply(t, s, undo(3))
	apply(t, s, undo(2))
	var ids []string
	for _, e := range load(t, s, 0).Enterprises {
		ids = append(ids, e.ID+e.Risk)
	}
	if got := strings.Join(ids, " "); got != "ared b pasted" {
		t.Errorf("got %q, want a as edited, b, and the pasted row", got)
	}
	gdalSQL(t, path, "DELETE FROM enterprises WHERE id = 'b'")
	if _, err := s.Apply(t.Context(), undo(all[0].Batch+2)); !errors.Is(err, safety.ErrConflict) || !strings.Contains(err.Error(), "another program") {
		t.Errorf("revert of the revert of a row that is gone: got %v, want a conflict with another program", err)
	}
}
