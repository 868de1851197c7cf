package server

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paulmach/orb/encoding/mvt"

	"hazgrid/internal/store"
	"hazgrid/internal/store/gpkg"
	"hazgrid/internal/store/postgis"
	"hazgrid/internal/store/postgis/pgtest"
	"hazgrid/safety"
)

// staleReads is how many reads TestNoStaleAnswer makes over each store: HAZGRID_STALE asks for many (make stale).
func staleReads(t *testing.T) int64 {
	t.Helper()
	text := os.Getenv("HAZGRID_STALE")
	if text == "" {
		return 10_000
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatalf("HAZGRID_STALE=%q is not a number of reads", text)
	}
	return n
}

// While one writes, sixteen read: in the writing process nobody gets older content than what was acknowledged before he asked, and
// of another process nobody who says which version he has heard of. Every write adds one hazard, so content tells its age.
func TestNoStaleAnswer(t *testing.T) {
	homes := map[string]func(t *testing.T) (here, there store.Store){
		"gpkg": func(t *testing.T) (here, there store.Store) {
			path := filepath.Join(t.TempDir(), "district.gpkg")
			return opened(t, "gpkg", path, true), opened(t, "gpkg", path, false)
		},
		"postgis": func(t *testing.T) (here, there store.Store) {
			url := pgtest.DB(t)
			return opened(t, "postgis", url, true), opened(t, "postgis", url, false)
		},
	}
	for name, home := range homes {
		t.Run(name, func(t *testing.T) {
			here, there := home(t)
			fill(t, here)
			a := age{writing: following(t, here), another: following(t, there), acknowledged: new(atomic.Pointer[acknowledged])}
			a.acknowledged.Store(&acknowledged{a.writing.current().Version(), a.foundNow(t)})
			a.run(t, staleReads(t))
		})
	}
}

func opened(t *testing.T, home, at string, create bool) (s store.Store) {
	t.Helper()
	var err error
	if home == "gpkg" {
		s, err = gpkg.Open(t.Context(), at, "330381", create)
	} else {
		s, err = postgis.Open(t.Context(), at, "330381", create)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// following is a server that follows a store until the test ends.
func following(t *testing.T, st store.Store) *Server {
	t.Helper()
	s, err := New(t.Context(), Config{Store: st, Location: shanghai(), Clock: func() time.Time { return noon }, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { s.Run(ctx) })
	t.Cleanup(func() { cancel(); wg.Wait() })
	return s
}

// acknowledged is what the writer knows to be written: a version, and how many hazards grid B has in it.
type acknowledged struct{ version, found int64 }

// age compares answers with what was acknowledged before they were asked for.
type age struct {
	writing, another *Server
	acknowledged     *atomic.Pointer[acknowledged]
}

func (a age) foundNow(t *testing.T) int64 {
	_, found := ask(t, a.writing, "/api/v1/tallies?level=1", 0)
	return found
}

func (a age) run(t *testing.T, reads int64) {
	var read, written atomic.Int64
	done := make(chan struct{})
	var readers sync.WaitGroup
	for i := range 16 {
		readers.Go(func() {
			random := rand.New(rand.NewPCG(uint64(i), 7))
			for !t.Failed() && (read.Load() < reads || written.Load() < 50) {
				a.read(t, random)
				read.Add(1)
				time.Sleep(rand.N(2 * time.Millisecond)) // the writer shall get on, too
			}
		})
	}
	go func() { readers.Wait(); close(done) }()
	for w := (writer{a.writing.cfg.Store, a.writing}); ; written.Add(1) {
		select {
		case <-done:
			t.Logf("%d reads of two servers while %d versions were written", read.Load(), written.Load())
			return
		default:
		}
		before := a.acknowledged.Load()
		r := apply(t, w, safety.Hazards, hazard(fmt.Sprint("N", written.Load()), "E3", nil))
		a.acknowledged.Store(&acknowledged{r.Version, before.found + 1})
		time.Sleep(rand.N(40 * time.Millisecond))
	}
}

// read asks one of the servers for a tile, a tally or columns.
func (a age) read(t *testing.T, random *rand.Rand) {
	paths := []string{
		"/api/v1/tallies?level=1", "/tiles/grids-1/12/3420/1718.mvt", "/api/v1/columns/grids-1", "/tiles/grids-1/12/3420/1718.mvt?at=2014-12-31",
	}
	path := paths[random.IntN(len(paths))]
	known := a.acknowledged.Load()
	s, least := a.writing, int64(0)
	if random.IntN(2) == 0 {
		s, least = a.another, known.version
	}
	version, found := ask(t, s, path, least)
	if version < known.version || found < known.found {
		t.Errorf("%s (at least %d): version %d with %d found; %d with %d was acknowledged before", path, least, version, found, known.version, known.found)
	}
}

// ask returns the version of an answer and what it says of the hazards found in grid B.
func ask(t *testing.T, s *Server, path string, least int64) (version, found int64) {
	r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, path, nil)
	if least > 0 {
		r.Header.Set(minVersionHeader, fmt.Sprint(least))
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Errorf("%s: %d %s", path, w.Code, w.Body)
		return 0, 0
	}
	version, err := strconv.ParseInt(w.Header().Get(versionHeader), 10, 64)
	if err != nil {
		t.Error(err)
	}
	return version, foundIn(t, path, w.Body.Bytes())
}

// foundIn reads what an answer says of grid B, the second.
func foundIn(t *testing.T, path string, body []byte) int64 {
	if path[:7] == "/tiles/" {
		layers, err := mvt.Unmarshal(body)
		if err != nil || len(layers) != 1 {
			t.Errorf("%s: %d layers, %v", path, len(layers), err)
			return 0
		}
		for _, f := range layers[0].Features {
			if f.Properties["code"] == "B" {
				return int64(f.Properties.MustFloat64("found", 0))
			}
		}
		t.Errorf("%s: no grid B", path)
		return 0
	}
	var v struct {
		Rows []struct {
			Code  string
			Found int64
		}
		Columns struct{ Found []int64 }
	}
	if err := json.Unmarshal(body, &v); err != nil {
		t.Error(err)
	}
	for _, r := range v.Rows {
		if r.Code == "B" {
			return r.Found
		}
	}
	total := int64(0)
	for _, n := range v.Columns.Found {
		total += n
	}
	return total - 3 // those in A stay as they are
}
