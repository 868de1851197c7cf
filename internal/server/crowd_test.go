package server

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"
)

// crowd is how many addresses and slow clients the tests of memory take: HAZGRID_CROWD=ADDRESSES,CLIENTS asks for many.
func crowd(t *testing.T) (addresses, clients int) {
	t.Helper()
	asked := os.Getenv("HAZGRID_CROWD")
	if asked == "" {
		return 20_000, 300
	}
	if _, err := fmt.Sscanf(asked, "%d,%d", &addresses, &clients); err != nil {
		t.Fatalf("HAZGRID_CROWD=%s: want ADDRESSES,CLIENTS", asked)
	}
	return addresses, clients
}

// heap is what is in use after a collection, bytes.
func heap() int64 {
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// Addresses by the thousand, most of them of no use, are answered without a fault of ours, and memory stays within what caches may hold.
func TestRandomAddresses(t *testing.T) {
	s := start(t)
	n, _ := crowd(t)
	random := rand.New(rand.NewPCG(3, 3))
	before, codes := heap(), map[int]int{}
	for range n {
		path, query := anAddress(random)
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.URL = &url.URL{Path: path, RawQuery: query}
		r.Header.Set("Accept-Encoding", pick(random, "", "gzip", "br", "zstd;q=0.5", "*;q=0", "gzip;q=2", strings.Repeat("x,", random.IntN(300))))
		w := httptest.NewRecorder()
		s.srv.ServeHTTP(w, r)
		if codes[w.Code]++; w.Code >= 500 {
			t.Fatalf("%q?%q: %d %s", path, query, w.Code, w.Body)
		}
	}
	grown := heap() - before
	t.Logf("%d addresses, by status %v: heap from %d to %d kB", n, codes, before>>10, (before+grown)>>10)
	if grown > 64<<20+int64(n)*2048 && grown > 1_000_000*tileMB+cutBytes+figureBytes {
		t.Errorf("the heap has grown by %d MB", grown>>20)
	}
	for _, code := range []int{200, 204, 400, 404, 406} {
		if codes[code] == 0 {
			t.Errorf("no answer %d", code)
		}
	}
}

func pick(random *rand.Rand, of ...string) string { return of[random.IntN(len(of))] }

// anAddress makes a path and a query: those of a tile, most of the time spoilt in some way.
func anAddress(random *rand.Rand) (path, query string) {
	z := random.IntN(23)
	x, y := random.Int64N(1<<z), random.Int64N(1<<z)
	if random.IntN(3) == 0 { // in the district
		x, y = int64((120.5+0.2*random.Float64()+180)/360*float64(int64(1)<<z)), int64(0.4197*float64(int64(1)<<z))
	}
	layers := pick(random, "grids-1", "grids-2", "grid-labels-2", "enterprises", "hazards", "lines", "grids-1,hazards", "lines,grids-2,lines")
	path = fmt.Sprintf("/tiles/%s/%d/%d/%d.mvt", layers, z, x, y)
	odd := []string{"..", "%2f", "\x00", "%00", "\xff\xfe", "//", "/", "-1", "1e9", " ", "99999999999999999999", strings.Repeat("9", 5000), strings.Repeat("a,", 500), "网格", ".mvt", "?", "#", "%"}
	if random.IntN(3) == 0 {
		at := random.IntN(len(path))
		path = path[:at] + pick(random, odd...) + path[at+random.IntN(len(path)-at):]
	}
	switch random.IntN(4) {
	case 0:
		query = pick(random, "columns=none", "frame=gcj02", "frame=bd09&columns=none", "at=2014-12-31", "severity=major", "columns=x", "frame=x")
	case 1:
		query = pick(random, "at", "from", "kind", "item", "aspect", "floor_area_max", "scheme", "x", "%zz") + "=" + url.QueryEscape(strings.Repeat(pick(random, odd...), 1+random.IntN(3))) + strconv.Itoa(random.IntN(50))
	}
	return path, query
}

// What is asked for may be as long as a header: caches count it, and keep no more of it than they need.
func TestLongRequests(t *testing.T) {
	s := start(t)
	for what, query := range map[string]string{"filters": "item=%s%d", "names of no use": "%s=1&item=%d"} {
		before := heap()
		for i := range 600 {
			path := fmt.Sprintf(pick(rand.New(rand.NewPCG(uint64(i), 1)), "/tiles/grids-2/12/%d/1718.mvt?", "/tiles/hazards/12/%d/0.mvt?", "/api/v1/columns/grids-2?%d&", "/api/v1/tallies?%d&"), i)
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path+fmt.Sprintf(query, strings.Repeat("x", 200<<10), i%8), nil)
			s.srv.ServeHTTP(httptest.NewRecorder(), r)
		}
		grown, counted := heap()-before, int64(s.srv.tiles.used+s.srv.paint.figuresOf.used)
		t.Logf("600 %s of 200 kB leave %d kB; counted are %d kB", what, grown>>10, counted>>10)
		if grown > counted+8<<20 {
			t.Errorf("600 %s of 200 kB leave %d kB, %d kB are counted", what, grown>>10, counted>>10)
		}
	}
}

// settled returns the number of goroutines once it has stayed the same: a service that has just begun still starts some.
func settled() int {
	n, same := runtime.NumGoroutine(), 0
	for range 500 {
		time.Sleep(10 * time.Millisecond)
		if now := runtime.NumGoroutine(); now != n {
			n, same = now, 0
		} else if same++; same == 30 {
			break
		}
	}
	return n
}

// Clients that take their time cost little, keep nobody waiting, and leave nothing behind.
func TestSlowClients(t *testing.T) {
	s := start(t)
	_, n := crowd(t)
	s.get(t, "/tiles/grids-1/8/213/107.mvt")
	goroutines, before := settled(), heap()
	conns := make([]net.Conn, n)
	var d net.Dialer
	for i := range conns {
		conn, err := d.DialContext(t.Context(), "tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		conns[i] = conn
		asks := []string{
			"GET /tiles/grids-1/12/34", // and never the rest
			"GET /openapi.json HTTP/1.1\r\nHost: test\r\n\r\n",
			"GET /api/v1/events HTTP/1.1\r\nHost: test\r\n\r\n",
			"POST /api/v1/which HTTP/1.1\r\nHost: test\r\nContent-Type: text/csv\r\nContent-Length: 1000000\r\n\r\nlon,lat\n120.5",
		}
		if _, err := io.WriteString(conn, asks[i%len(asks)]); err != nil {
			t.Fatal(err)
		}
	}
	start := time.Now()
	if resp, _ := s.get(t, "/tiles/grids-1/8/213/107.mvt"); resp.StatusCode != 200 || time.Since(start) > 2*time.Second {
		t.Errorf("beside %d slow clients: %s after %v", n, resp.Status, time.Since(start))
	}
	each := (heap() - before) / int64(n)
	t.Logf("%d slow clients: %d kB of heap each, both ends", n, each>>10)
	if each > 256<<10 {
		t.Errorf("a slow client takes %d kB", each>>10)
	}
	for _, conn := range conns {
		_ = conn.Close()
	}
	ended := func() bool { return runtime.NumGoroutine() <= goroutines+2 }
	for range 500 {
		if ended() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%d goroutines before, now %d:\n%s", goroutines, runtime.NumGoroutine(), allStacks())
}
