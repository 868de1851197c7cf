package server

import (
	"net/http"
	"strings"
	"testing"

	"github.com/paulmach/orb"

	"hazgrid/safety"
)

// The list is paged, has public columns only, follows the store, and keeps its tag while nothing in it changes.
func TestMismatches(t *testing.T) {
	s := start(t)
	const path = "/api/v1/mismatches?kind=enterprises"
	if got := s.json(t, path); got["matched"] != 0.0 || len(got["mismatches"].([]any)) != 0 {
		t.Fatalf("nothing declares a grid, got %v", got)
	}
	declared := func(id, grid string, p orb.Point) safety.Record {
		return record(safety.Enterprises, 0, row{"id": id, "name": "秘密公司", "address": "解放路1号", "grid": grid}, p)
	}
	version := apply(t, s.store, safety.Enterprises, declared("M1", "A1", orb.Point{120.52, 27.75}), declared("M2", "A2", orb.Point{120.52, 27.75}),
		declared("M3", "莘塍", orb.Point{120.52, 27.75}), declared("M4", "nowhere", orb.Point{120.9, 27.75})).Version
	eventually(t, "the new version", func() bool { return s.json(t, "/api/v1/district")["version"] == float64(version) })
	page := s.json(t, path+"&limit=2")
	if page["matched"] != 3.0 || page["returned"] != 2.0 || page["next"] != 2.0 {
		t.Errorf("first page: %v", page)
	}
	first := page["mismatches"].([]any)[0].(map[string]any)
	for column, want := range map[string]any{
		"kind": "enterprises", "id": "M2", "declared": "A2", "level": 2.0, "computed": "A1", "computed_name": "甲", "reason": "elsewhere",
	} {
		if first[column] != want {
			t.Errorf("%s: got %v, want %v", column, first[column], want)
		}
	}
	if d := first["distance_m"].(float64); d < 2940 || d > 2970 { // 0.03° of longitude at 27.75° are 2,956 m
		t.Errorf("distance_m: got %v", d)
	}
	last := s.json(t, path+"&limit=2&offset=2")
	row := last["mismatches"].([]any)[0].(map[string]any)
	if last["next"] != nil || row["id"] != "M4" || row["reason"] != "unknown" || row["distance_m"] != nil || row["computed"] != nil || row["level"] != nil {
		t.Errorf("last page: %v", last)
	}
	if got := s.json(t, path+"&level=1"); got["matched"] != 2.0 {
		t.Errorf("level 1: %v", got)
	}
	_, body := s.get(t, path)
	if strings.Contains(string(body), "秘密") || strings.Contains(string(body), "解放") {
		t.Errorf("internal columns: %s", body)
	}
	for path, status := range map[string]int{"?kind=lines": 400, "?level=9": 400, "?limit=0": 400, "?scheme=none": 400, "?at=soon": 400} {
		if resp, _ := s.get(t, "/api/v1/mismatches"+path); resp.StatusCode != status {
			t.Errorf("%s: got %d, want %d", path, resp.StatusCode, status)
		}
	}
	resp, _ := s.get(t, path)
	if resp, _ := s.do(t, http.MethodGet, path, header{"If-None-Match": resp.Header.Get("ETag")}); resp.StatusCode != http.StatusNotModified {
		t.Errorf("the same again: got %d", resp.StatusCode)
	}
}
