package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/paulmach/orb/maptile"
)

// TestAWireFindsTheEndOfEachAnswer asks over one connection: a body of a length, one in chunks, none at all.
func TestAWireFindsTheEndOfEachAnswer(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", r.URL.Path)
		switch r.URL.Path {
		case "/chunks":
			for range 3 {
				_, _ = w.Write(make([]byte, 5000))
				w.(http.Flusher).Flush()
			}
		case "/known":
			w.WriteHeader(http.StatusNotModified)
		default:
			_, _ = w.Write(make([]byte, 100))
		}
	}))
	defer s.Close()
	addr := s.Listener.Addr().String()
	w, err := dial(t.Context(), addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.conn.Close() }()
	for _, c := range []struct {
		path         string
		status, size int
	}{{"/whole", 200, 100}, {"/chunks", 200, 15000}, {"/known", 304, 0}, {"/whole", 200, 100}} {
		status, size, err := w.ask(get(addr, c.path))
		if err != nil || status != c.status || size < c.size || size > c.size+400 || w.tag != c.path {
			t.Errorf("%s: got status %d, %d bytes, tag %s, %v; want %d, a little over %d", c.path, status, size, w.tag, err, c.status, c.size)
		}
	}
	p, err := load{addr: addr, requests: [][]byte{get(addr, "/whole")}, conns: 4, span: 50 * time.Millisecond, status: 200}.run(t.Context())
	if err != nil || p.rate <= 0 || p.p50 <= 0 || p.p99 < p.p50 || p.bytes < 100 {
		t.Errorf("got %+v, %v", p, err)
	}
	if _, err := (load{addr: addr, requests: [][]byte{get(addr, "/known")}, conns: 1, span: time.Second, status: 200}).run(t.Context()); err == nil {
		t.Error("an answer of another status was taken")
	}
}

// TestHalvingNamesEachTile walks the decisions as pgbench does.
func TestHalvingNamesEachTile(t *testing.T) {
	var list []maptile.Tile
	for i := range uint32(13) {
		list = append(list, maptile.New(1000+i, 7*i, 14))
	}
	for n, tile := range list {
		words := strings.Fields(halving(list, 0))
		for words[0] == "case" { // case when :n < K then … else … end
			var k int
			if _, err := fmt.Sscan(words[4], &k); err != nil {
				t.Fatal(err)
			}
			then, otherwise := branches(words[6:])
			if words = then; n >= k {
				words = otherwise
			}
		}
		if want := fmt.Sprint(int64(tile.Z)<<40 | int64(tile.X)<<20 | int64(tile.Y)); words[0] != want {
			t.Errorf("tile %d: got %s, want %s", n, words[0], want)
		}
	}
}

// branches splits what follows "then" at the "else" of the same case.
func branches(words []string) (then, otherwise []string) {
	depth := 0
	for i, w := range words {
		switch {
		case w == "case":
			depth++
		case w == "end":
			depth--
		case w == "else" && depth == 0:
			return words[:i], words[i+1:]
		}
	}
	return nil, nil
}

func TestADeafenedClientMissesOnlyNotifications(t *testing.T) {
	message := func(kind byte, body string) []byte {
		return append(binary.BigEndian.AppendUint32([]byte{kind}, uint32(4+len(body))), body...)
	}
	said := bytes.Join([][]byte{message('R', "ok"), message('A', "wake up"), message('Z', "I"), message('A', ""), message('D', "row")}, nil)
	want := bytes.Join([][]byte{message('R', "ok"), message('Z', "I"), message('D', "row")}, nil)
	var heard bytes.Buffer
	_ = deafen(&heard, bytes.NewReader(said)) // ends as the server does
	if !bytes.Equal(heard.Bytes(), want) {
		t.Errorf("got %q, want %q", heard.Bytes(), want)
	}
}
