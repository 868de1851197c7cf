package server

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hazgrid/internal/store"
	"hazgrid/safety"
)

// writer is a store as the serving process writes into it: what it acknowledges is served.
type writer struct {
	store.Store
	srv *Server
}

func (w writer) Apply(ctx context.Context, b safety.Batch) (safety.Receipt, error) {
	return w.srv.Apply(ctx, b)
}

// running counts the goroutines that are in a function of the server.
func running(function string) (n int) {
	for _, stack := range bytes.Split(allStacks(), []byte("\n\n")) {
		if bytes.Contains(stack, []byte("server.(*Server)."+function+"(")) {
			n++
		}
	}
	return n
}

// heard is one event as it came.
type heard struct {
	version int64
	at      time.Time
}

// follow reads the events of a stream until ctx ends, and hands over what it heard.
func (s *service) attend(ctx context.Context, t *testing.T, newest *atomic.Int64) <-chan []heard {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/api/v1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	out := make(chan []heard, 1)
	go func() {
		defer func() { _ = resp.Body.Close() }()
		var all []heard
		for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
			if id, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
				h := heard{at: time.Now()}
				_, _ = fmt.Sscan(id, &h.version)
				all = append(all, h)
				newest.Store(h.version)
			}
		}
		out <- all
	}()
	return out
}

// A thousand listen while ten commits a second are written: each hears of every version, or of a newer one, in order and soon.
func TestThousandListeners(t *testing.T) {
	const listeners, commits = 1000, 20
	s := start(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	newest := make([]atomic.Int64, listeners)
	streams := make([]<-chan []heard, listeners)
	for i := range streams {
		streams[i] = s.attend(ctx, t, &newest[i])
	}
	w := writer{s.store, s.srv}
	var written []heard
	for i := range commits {
		next := time.Now().Add(100 * time.Millisecond)
		v := apply(t, w, safety.Hazards, hazard(fmt.Sprint("T", i), "E3", nil)).Version
		written = append(written, heard{v, time.Now()})
		time.Sleep(time.Until(next))
	}
	last := written[commits-1].version
	eventually(t, "the last version at every listener", func() bool {
		for i := range newest {
			if newest[i].Load() != last {
				return false
			}
		}
		return true
	})
	cancel()
	var late []time.Duration
	for _, stream := range streams {
		late = append(late, delays(t, written, <-stream)...)
	}
	slices.Sort(late)
	t.Logf("from the acknowledgement to the listener: p50 %v, p99 %v", late[len(late)/2], late[len(late)*99/100])
	eventually(t, "the end of all streams", func() bool { return running("events") == 0 })
}

// delays returns how long after each write a listener heard of it, or of a newer one.
func delays(t *testing.T, written, heard []heard) (late []time.Duration) {
	t.Helper()
	for i := range heard {
		if i > 0 && heard[i].version <= heard[i-1].version {
			t.Fatalf("version %d after %d", heard[i].version, heard[i-1].version)
		}
	}
	k := 0
	for _, w := range written {
		for heard[k].version < w.version {
			k++ // the last was waited for
		}
		late = append(late, heard[k].at.Sub(w.at))
	}
	return late
}

// narrow is a listener whose connections hold little that was not read.
type narrow struct{ net.Listener }

func (n narrow) Accept() (net.Conn, error) {
	c, err := n.Listener.Accept()
	if tcp, ok := c.(*net.TCPConn); ok {
		err = tcp.SetWriteBuffer(4096)
	}
	return c, err
}

// Who reads nothing costs no queue: when it reads again it hears of the newest version and all that changed, in one event; and
// it is let go when it takes nothing for too long.
func TestSlowListener(t *testing.T) {
	if testing.Short() {
		t.Skip("it is about seconds, which the race detector makes too short")
	}
	s := start(t)
	s.srv.sendWithin = 4 * time.Second
	web := httptest.NewUnstartedServer(s.srv)
	web.Listener = narrow{web.Listener}
	web.Start()
	t.Cleanup(web.Close) // after its listeners are gone
	slow := stuck(t, web.Listener.Addr().String())
	stuck(t, web.Listener.Addr().String())
	w := writer{s.store, s.srv}
	i := 0
	write := func() int64 {
		i++
		return apply(t, w, safety.Hazards, hazard(fmt.Sprint("S", i), fmt.Sprint("E", 1+i%3), nil)).Version
	}
	for !writing() {
		for range 20 {
			write()
		}
		if i > 2000 {
			t.Fatal("2,000 events do not fill the connection")
		}
	}
	missed := write() // while nobody reads
	last := write()
	text := readUntil(t, slow, fmt.Sprintf("id: %d\n", last))
	if strings.Contains(text, fmt.Sprintf("id: %d\n", missed)) || !strings.Contains(text[strings.LastIndex(text, "id: "):], `"A"`) {
		t.Errorf("versions %d and %d are told as %q", missed, last, text[max(0, len(text)-300):])
	}
	t.Logf("%d events", i)
	eventually(t, "the end of the listener that still takes nothing", func() bool { return running("events") == 1 })
}

// stuck asks for events and reads nothing more than it is told to.
func stuck(t *testing.T, address string) net.Conn {
	t.Helper()
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.(*net.TCPConn).SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(conn, "GET /api/v1/events HTTP/1.1\r\nHost: test\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	return conn
}

// writing reports whether the service waits for two listeners to take what is sent.
func writing() bool {
	for range 2 { // not only passing by
		if bytes.Count(allStacks(), []byte("server.eventStream.send(")) != 2 {
			return false
		}
		time.Sleep(50 * time.Millisecond)
	}
	return true
}

func allStacks() []byte {
	stacks := make([]byte, 16<<20)
	return stacks[:runtime.Stack(stacks, true)]
}

// readUntil reads until the event that has a text has come.
func readUntil(t *testing.T, conn net.Conn, want string) string {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	part := make([]byte, 4096)
	for {
		n, err := conn.Read(part)
		if text.Write(part[:n]); strings.Contains(text.String(), want) {
			_, after, _ := strings.Cut(text.String(), want)
			if strings.Contains(after, "\n\n") {
				return text.String()
			}
		}
		if err != nil {
			t.Fatalf("%v before %q", err, want)
		}
	}
}
