package server

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"hazgrid/internal/export"
)

// points is a body of the form for machines.
func points(lonlat ...float64) []byte {
	b, _ := binary.Append(nil, binary.LittleEndian, lonlat) // float64 has a binary form
	return b
}

// answers decodes the numbers of an answer for machines whose header says two levels.
func answers(t testing.TB, b string) []int32 {
	t.Helper()
	le := binary.LittleEndian
	if len(b) < 24 || b[:8] != "hazgrids" || le.Uint32([]byte(b[12:])) != 2 {
		t.Fatalf("header %q", b[:min(len(b), 24)])
	}
	rest := []byte(b[le.Uint64([]byte(b[16:])):])
	numbers := make([]int32, len(rest)/4)
	if _, err := binary.Decode(rest, le, numbers); err != nil {
		t.Fatal(err)
	}
	return numbers
}

func TestWhichManyForMachines(t *testing.T) {
	s := start(t)
	status, got := s.post(t, export.PointsMedia, bytes.NewReader(points(120.51, 27.75, 120.69, 27.75, 121, 27, math.NaN(), 0, 0, 91)))
	if want := "[0 0 1 3 -1 -1 -2 -2 -2 -2]"; status != 200 || fmt.Sprint(answers(t, got)) != want {
		t.Errorf("%d %v, want %s", status, answers(t, got), want)
	}
	status, got = s.post(t, export.PointsMedia, bytes.NewReader(points(1, 2)[:15]))
	var p problem
	if err := json.Unmarshal([]byte(got), &p); err != nil || status != 400 || !strings.Contains(p.Detail, "point 1") {
		t.Errorf("a torn body: %d %s", status, got)
	}
	if status, got := s.post(t, export.PointsMedia, bytes.NewReader(nil)); status != 200 || len(answers(t, got)) != 0 {
		t.Errorf("no points: %d", status)
	}
	// the bytes of a byte order mark are a number like others
	mark := points(120.51, 27.75)
	copy(mark, "\ufeff")
	if _, got := s.post(t, export.PointsMedia, bytes.NewReader(mark)); len(answers(t, got)) != 2 {
		t.Errorf("a point that begins like a byte order mark: %v", answers(t, got))
	}
}

// A body that turns out torn after the answer has begun breaks the connection off: half an answer is not taken for a whole one.
func TestWhichManyTornLate(t *testing.T) {
	s := start(t)
	for media, body := range map[string][]byte{
		export.PointsMedia: append(points(make([]float64, 400_000)...), 1),
		"text/csv":         []byte("lon,lat\n" + strings.Repeat("120.51,27.75\n", 100_000) + "\"x\"y,1\n"),
		"application/json": []byte("[" + strings.Repeat("[120.51,27.75],", 100_000) + "[1,"),
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/api/v1/which", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", media)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			continue // it broke off before the client had sent all
		}
		if _, err = io.Copy(io.Discard, resp.Body); err == nil {
			t.Errorf("%s: %s, and the answer ends as if it were whole", media, resp.Status)
		}
		_ = resp.Body.Close()
	}
}

// The lines of Python in the OpenAPI document read the answer.
func TestPythonOfTheDocument(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3 here")
	}
	s := start(t)
	_, text := s.get(t, "/openapi.json")
	var doc struct {
		Paths map[string]map[string]struct{ Description string }
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	_, lines, _ := strings.Cut(doc.Paths["/api/v1/which"]["post"].Description, "In Python:\n\n")
	lines = strings.ReplaceAll("\n"+lines, "\n    ", "\n")
	lines = strings.Replace(lines, "(120.65, 27.78)", "(120.66, 27.78)", 1)
	script := filepath.Join(t.TempDir(), "which.py")
	if err := os.WriteFile(script, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), python, script, s.URL).CombinedOutput()
	if want := "['B', 'B2']\n[None, None]\n"; err != nil || string(out) != want {
		t.Errorf("%v: got %s, want %s", err, out, want)
	}
}

// A client that goes away in the middle leaves nothing running, whichever way it was going.
func TestWhichManyGivenUp(t *testing.T) {
	s := start(t)
	for _, reads := range []bool{false, true} {
		var d net.Dialer
		conn, err := d.DialContext(t.Context(), "tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "POST /api/v1/which HTTP/1.1\r\nHost: test\r\nContent-Type: text/csv\r\nContent-Length: 1000000000\r\n\r\nlon,lat\n")
		row := bytes.Repeat([]byte("120.51,27.75\n"), 20_000)
		if reads {
			go func() { _, _ = io.Copy(io.Discard, conn) }() // until it is closed
		}
		for range 40 {
			if _, err := conn.Write(row); err != nil {
				t.Fatal(err)
			}
		}
		if answering() == 0 {
			t.Error("nothing works on the request")
		}
		_ = conn.Close()
	}
	eventually(t, "the end of what the requests had started", func() bool { return answering() == 0 })
}

// answering counts the goroutines that work on an answer for many points.
func answering() (n int) {
	stacks := make([]byte, 4<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	for _, stack := range bytes.Split(stacks, []byte("\n\n")) {
		if bytes.Contains(stack, []byte(".whichMany(")) || bytes.Contains(stack, []byte("whichMany.func")) || bytes.Contains(stack, []byte("export.(*flow).")) {
			n++
		}
	}
	return n
}

// A client that reads slower than it is answered costs bounded memory: what waits lies in a file.
func TestWhichManyMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("3,000,000 points")
	}
	s := start(t)
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	before, most := stats.HeapInuse, uint64(0)
	body := &rowsOf{text: []byte("120.51,27.75\n"), left: 3_000_000, told: func() {
		runtime.ReadMemStats(&stats)
		most = max(most, stats.HeapInuse)
	}}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/api/v1/which", io.MultiReader(strings.NewReader("lon,lat\n"), body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "text/csv")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond)
	n, err := io.Copy(io.Discard, resp.Body)
	if want := int64(len("120.51,27.75,A1,A,A1,0,\n")) * 3_000_000; err != nil || n < want {
		t.Errorf("%d bytes, want %d: %v", n, want, err)
	}
	_ = resp.Body.Close()
	if most > before+64<<20 {
		t.Errorf("%d MB beyond the %d MB before", (most-before)>>20, before>>20)
	}
}

// rowsOf reads as one row many times over.
type rowsOf struct {
	text []byte
	left int
	told func()
	n    int
}

func (r *rowsOf) Read(b []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	if r.n++; r.n%100 == 0 {
		r.told()
	}
	n := 0
	for r.left > 0 && n+len(r.text) <= len(b) {
		n += copy(b[n:], r.text)
		r.left--
	}
	return n, nil
}

// Spools give back what was written, whoever is faster.
func TestSpoolKeepsOrder(t *testing.T) {
	const longest = 200_000
	pieces := 400
	if testing.Short() { // as with the race detector; still four times what memory is to hold
		pieces = 160
	}
	for _, slow := range []bool{false, true} {
		out, rng, random := newSpool(), rand.New(rand.NewPCG(1, 2)), rand.NewChaCha8([32]byte{1})
		var want, got bytes.Buffer
		want.Grow(pieces * longest) // to grow by and by takes the race detector minutes
		got.Grow(pieces * longest)
		done := make(chan error)
		go func() {
			for {
				b, err := out.next(1)
				if slow {
					time.Sleep(2 * time.Millisecond)
				}
				got.Write(b)
				if err != nil || len(b) == 0 {
					out.leave()
					done <- err
					return
				}
			}
		}()
		for range pieces {
			b := make([]byte, rng.IntN(longest))
			_, _ = random.Read(b)
			want.Write(b)
			if _, err := out.Write(b); err != nil {
				t.Fatal(err)
			}
		}
		out.finish(nil)
		if err := <-done; err != nil || !bytes.Equal(got.Bytes(), want.Bytes()) {
			t.Errorf("slow reader %v: %d bytes of %d, %v", slow, got.Len(), want.Len(), err)
		}
	}
}
