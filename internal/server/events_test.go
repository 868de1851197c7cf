package server

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"hazgrid/safety"
)

// event is one event as a client reads it.
type event struct {
	version int64 // of its id
	name    string
	Version int64    `json:"version"`
	Grids   []string `json:"grids"`
	whole   bool     // grids is null
}

// listener is an event stream that is being read.
type listener struct {
	events chan event // closed when the stream ends
}

func (s *service) listen(t testing.TB, lastID string) *listener {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/api/v1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	if lastID != "" {
		r.Header.Set("Last-Event-ID", lastID)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("events: %s %v", resp.Status, resp.Header)
	}
	l := &listener{make(chan event, 100)}
	go func() {
		defer close(l.events)
		defer func() { _ = resp.Body.Close() }()
		var e event
		for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
			field, value, _ := strings.Cut(lines.Text(), ": ")
			switch field {
			case "id":
				_, _ = fmt.Sscan(value, &e.version)
			case "event":
				e.name = value
			case "data":
				_ = json.Unmarshal([]byte(value), &e)
				e.whole = strings.Contains(value, `"grids":null`)
			case "":
				if e.name == "change" {
					l.events <- e
				}
				e = event{}
			}
		}
	}()
	return l
}

func (l *listener) next(t testing.TB) event {
	t.Helper()
	select {
	case e, ok := <-l.events:
		if !ok {
			t.Fatal("the stream ended")
		}
		return e
	case <-time.After(5 * time.Second):
		t.Fatal("no event came")
	}
	return event{}
}

func TestEvents(t *testing.T) {
	s := start(t)
	first := s.srv.current().Version()
	l := s.listen(t, "")
	r := apply(t, s.store, safety.Hazards, hazard("H6", "E3", nil))
	e := l.next(t)
	if e.version != r.Version || e.Version != r.Version || strings.Join(e.Grids, " ") != "B B1" || e.whole {
		t.Errorf("event %+v, want version %d of B and B1", e, r.Version)
	}
	if c := s.json(t, fmt.Sprintf("/api/v1/columns/grids-1?since=%d", first)); len(c["id"].([]any)) != 1 || c["since"] != float64(first) {
		t.Errorf("columns since %d: %v", first, c)
	}
	if c := s.json(t, fmt.Sprintf("/api/v1/columns/grids-1?since=%d", r.Version)); len(c["id"].([]any)) != 0 {
		t.Errorf("columns since now: %v", c)
	}
	// Who was away is told what it missed, or "all" when that is not known.
	if e := s.listen(t, fmt.Sprint(first)).next(t); e.version != r.Version || e.whole || len(e.Grids) != 2 {
		t.Errorf("resumed: %+v", e)
	}
	for _, id := range []string{"1", "999999", "nonsense"} {
		if e := s.listen(t, id).next(t); e.version != r.Version || !e.whole {
			t.Errorf("resumed from %s: %+v", id, e)
		}
	}
}

// A write in this process or another is served without being asked for; a request that asks for its version waits for it.
func TestMinVersion(t *testing.T) {
	s := start(t)
	for i := range 20 {
		r := apply(t, s.store, safety.Hazards, hazard(fmt.Sprintf("N%02d", i), "E3", nil))
		resp, b := s.do(t, http.MethodGet, "/api/v1/tallies?level=1", header{"Hazgrid-Min-Version": fmt.Sprint(r.Version)})
		if resp.StatusCode != 200 || !strings.Contains(string(b), fmt.Sprintf(`"found":%d`, 2+i)) {
			t.Fatalf("after write %d: %s %s", i, resp.Status, b)
		}
	}
	resp, b := s.do(t, http.MethodGet, "/api/v1/tallies?level=1", header{"Hazgrid-Min-Version": "x"})
	checkProblem(t, "min version x", resp, b, "Hazgrid-Min-Version")
	resp, b = s.do(t, http.MethodGet, "/api/v1/tallies?level=1", header{"Hazgrid-Min-Version": "1000000"})
	if resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" {
		t.Errorf("a version that never comes: %s", resp.Status)
	}
	checkProblem(t, "min version", resp, b, "")
}

// A batch changes the tags of the tiles that show it, and of no others; a restart changes none.
func TestTagsFollowContent(t *testing.T) {
	s := start(t)
	tag := func(s *service, path string) string {
		resp, _ := s.get(t, path)
		return resp.Header.Get("ETag")
	}
	touched, other := "/tiles/grids-2/13/6840/3437.mvt", "/tiles/grids-2/13/6838/3437.mvt" // around E3 in B1, and in A1
	before, same := tag(s, touched), tag(s, other)
	r := apply(t, s.store, safety.Hazards, hazard("H7", "E3", nil))
	eventually(t, "the new version", func() bool { return s.srv.current().Version() == r.Version })
	after := tag(s, touched)
	if after == before || tag(s, other) != same {
		t.Errorf("touched %s → %s, other %s → %s", before, after, same, tag(s, other))
	}
	s.stop()
	again := serve(t, s.store)
	if tag(again, touched) != after || tag(again, other) != same {
		t.Error("a restart changed the tags")
	}
}

func TestStreamsEndAtShutdown(t *testing.T) {
	s := start(t)
	l := s.listen(t, "")
	done := make(chan struct{})
	go func() { s.stop(); close(done) }()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		t.Fatal("the service does not end")
	}
	if _, ok := <-l.events; ok {
		t.Error("an event at shutdown")
	}
}

// A client that never reads keeps nobody waiting.
func TestSlowReadersBlockNobody(t *testing.T) {
	s := start(t)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/api/v1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	slow, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = slow.Body.Close() }()
	l := s.listen(t, "")
	var last int64
	for i := range 30 {
		last = apply(t, s.store, safety.Hazards, hazard(fmt.Sprintf("S%02d", i), "E3", nil)).Version
	}
	for e := l.next(t); e.version < last; e = l.next(t) {
	}
}
