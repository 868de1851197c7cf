package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// How an event stream keeps its connection.
const (
	heartbeatEvery = 15 * time.Second
	sendWithin     = 30 * time.Second // a client that takes nothing for so long is let go
)

// namedAtMost is how many grids a change names; of more it says that all may have changed. It bounds what the history takes.
const namedAtMost = 4096

// changedSince returns the codes, sorted, of the grids that changed after version n; all is true when any may have.
func (st *state) changedSince(n int64) (codes []string, all bool) {
	if n == st.snapshot.Version() {
		return nil, false
	}
	missed, ok := st.missed(n)
	if !ok {
		return nil, true
	}
	for _, c := range missed {
		if c.All {
			return nil, true
		}
		codes = append(codes, c.Codes...)
	}
	slices.Sort(codes)
	codes = slices.Compact(codes)
	if len(codes) > namedAtMost {
		return nil, true
	}
	return codes, false
}

// missed returns the changes after version n, one after the other; not ok when the history does not reach back to n.
func (st *state) missed(n int64) ([]change, bool) {
	i := slices.IndexFunc(st.history, func(c change) bool { return c.Version > n })
	if i < 0 || n > st.snapshot.Version() {
		return nil, n == st.snapshot.Version()
	}
	// Versions that came while the snapshot was made are told as one, so the one before must be known too.
	if i == 0 && st.history[0].Version != n+1 {
		return nil, false
	}
	return st.history[i:], true
}

// events streams changes. Each stream sleeps until there is a newer state and then looks what it has
// missed, so the one who publishes never waits for the one who reads.
func (s *Server) events(w http.ResponseWriter, r *http.Request, st *state) error {
	last := st.snapshot.Version()
	if id := r.Header.Get("Last-Event-ID"); id != "" {
		if n, err := strconv.ParseInt(id, 10, 64); err == nil && n >= 0 {
			last = n
		} else {
			last = -1 // never one of ours: everything may have changed
		}
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil
	}
	stream := eventStream{w, http.NewResponseController(w), s.sendWithin}
	if stream.send("retry: 1000\n\n") != nil {
		return nil
	}
	beat := time.NewTicker(heartbeatEvery)
	defer beat.Stop()
	for {
		text := st.tell(last)
		last = st.snapshot.Version()
		if text != "" && stream.send(text) != nil {
			return nil // the client is gone
		}
		select {
		case <-st.superseded:
			st = s.state.Load()
		case <-beat.C:
			if stream.send(": alive\n\n") != nil {
				return nil
			}
		case <-s.closing:
			return nil
		case <-r.Context().Done():
			return nil
		}
	}
}

// tell writes what changed after version n, in one event: who missed several versions is told the newest and all grids of them.
func (st *state) tell(n int64) string {
	switch {
	case n == st.snapshot.Version():
		return ""
	case n == st.before:
		return st.told
	}
	codes, all := st.changedSince(n)
	return change{st.snapshot.Version(), codes, all}.event()
}

func (c change) event() string {
	data := struct {
		Version int64    `json:"version"`
		Grids   []string `json:"grids"` // null: all
	}{c.Version, c.Codes}
	if c.All {
		data.Grids = nil
	} else if data.Grids == nil {
		data.Grids = []string{}
	}
	b, _ := json.Marshal(data) // numbers and strings always have a JSON form
	return fmt.Sprintf("id: %d\nevent: change\ndata: %s\n\n", c.Version, b)
}

type eventStream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	within  time.Duration
}

func (e eventStream) send(text string) error {
	_ = e.control.SetWriteDeadline(time.Now().Add(e.within)) // not every connection has deadlines
	if _, err := e.w.Write([]byte(text)); err != nil {
		return err
	}
	return e.control.Flush()
}
