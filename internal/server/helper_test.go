package server

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/paulmach/orb"

	"hazgrid/internal/store"
	"hazgrid/internal/store/gpkg"
	"hazgrid/safety"
)

// noon is when the tests happen unless they turn the clock.
var noon = time.Date(2014, 12, 31, 12, 0, 0, 0, shanghai())

func shanghai() *time.Location { return time.FixedZone("Asia/Shanghai", 8*3600) }

// clock is a clock that a test turns.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

// row is a record by names of fields.
type row map[string]any

func record(k safety.Kind, n int, r row, g orb.Geometry) safety.Record {
	rec := safety.Record{Number: int64(n), Geometry: g}
	for _, f := range safety.Fields(k) {
		v, ok := r[f.Name]
		if !ok {
			v = f.Default
		}
		rec.Values = append(rec.Values, v)
	}
	return rec
}

func apply(t testing.TB, st store.Store, k safety.Kind, records ...safety.Record) safety.Receipt {
	t.Helper()
	for i := range records {
		records[i].Number = int64(i + 1)
	}
	r, err := st.Apply(t.Context(), safety.Batch{
		Kind: k, Records: func(yield func(safety.Record, error) bool) {
			for _, rec := range records {
				if !yield(rec, nil) {
					return
				}
			}
		},
		Rejected: func(r safety.Reject) error { t.Logf("rejected: %v", r.Error()); return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	if r.Rejected > 0 {
		t.Fatalf("%d %s rejected", r.Rejected, k)
	}
	return r
}

func day(s string) safety.Time {
	t, err := safety.ParseTime(s, shanghai(), safety.Opens)
	if err != nil {
		panic(err)
	}
	return t
}

func box(w, s, e, n float64) orb.MultiPolygon {
	return orb.MultiPolygon{{{{w, s}, {e, s}, {e, n}, {w, n}, {w, s}}}}
}

// fill writes two towns side by side, each of two villages, four premises and five hazards.
func fill(t testing.TB, st store.Store) {
	t.Helper()
	grid := func(code, name, parent string, level int, g orb.MultiPolygon) safety.Record {
		r := row{"code": code, "name": name, "level": int64(level), "leader": "张三丰", "inspectors": "李四光"}
		if parent != "" {
			r["parent"] = parent
		}
		return record(safety.Grids, 0, r, g)
	}
	apply(t, st, safety.Grids,
		grid("A", "塘下", "", 1, box(120.5, 27.7, 120.6, 27.8)), grid("B", "莘塍", "", 1, box(120.6, 27.7, 120.7, 27.8)),
		grid("A1", "甲", "A", 2, box(120.5, 27.7, 120.55, 27.8)), grid("A2", "乙", "A", 2, box(120.55, 27.7, 120.6, 27.8)),
		grid("B1", "丙", "B", 2, box(120.6, 27.7, 120.65, 27.8)), grid("B2", "丁", "B", 2, box(120.65, 27.7, 120.7, 27.8)),
	)
	premises := func(id, kind string, p orb.Point) safety.Record {
		return record(safety.Enterprises, 0, row{"id": id, "kind": kind, "name": "秘密公司", "address": "解放路1号"}, p)
	}
	apply(t, st, safety.Enterprises,
		premises("E1", "enterprise", orb.Point{120.52, 27.75}), premises("E2", "combined_use", orb.Point{120.52, 27.75}),
		premises("E3", "construction", orb.Point{120.62, 27.75}), premises("E4", "enterprise", orb.Point{120.9, 27.75}),
	)
	apply(t, st, safety.Hazards,
		hazard("H1", "E1", row{"rectified_at": day("2014-12-02")}), hazard("H2", "E1", row{"due_at": day("2015-01-01") - 1}),
		hazard("H3", "E2", row{"severity": "major"}), hazard("H4", "E3", row{"source": "campaign"}), hazard("H5", "E4", nil),
	)
	apply(t, st, safety.Lines, record(safety.Lines, 0, row{"id": "L1", "kind": "gas", "name": "管道", "operator": "王五"},
		orb.MultiLineString{{{120.5, 27.71}, {120.7, 27.79}}}))
}

func hazard(id, enterprise string, more row) safety.Record {
	r := row{"id": id, "enterprise": enterprise, "found_at": day("2014-12-01"), "description": "电线私拉"}
	for k, v := range more {
		r[k] = v
	}
	return record(safety.Hazards, 0, r, nil)
}

// service is a server over a GeoPackage, with its clock.
type service struct {
	*httptest.Server
	store *gpkg.Store
	path  string
	srv   *Server
	clock *clock
	stop  func()
}

// start serves a filled GeoPackage and follows it until the test ends.
func start(t testing.TB) *service {
	t.Helper()
	path := filepath.Join(t.TempDir(), "district.gpkg")
	st, err := gpkg.Open(t.Context(), path, "330381", true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	fill(t, st)
	s := serve(t, st)
	s.path = path
	return s
}

func serve(t testing.TB, st *gpkg.Store) *service {
	t.Helper()
	c := &clock{now: noon}
	s, err := New(t.Context(), Config{
		Store: st, Location: shanghai(), Clock: c.Now, Division: "330381", OpensAt: "2014-12-31",
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { s.Run(ctx) })
	web := httptest.NewServer(s)
	stop := sync.OnceFunc(func() {
		cancel()
		wg.Wait()
		web.Close()
	})
	t.Cleanup(stop)
	return &service{Server: web, store: st, srv: s, clock: c, stop: stop}
}

// header is what a request says beyond its path.
type header map[string]string

func (s *service) do(t testing.TB, method, path string, h header) (*http.Response, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range h {
		r.Header.Set(k, v)
	}
	if _, ok := h["Accept-Encoding"]; !ok {
		r.Header.Set("Accept-Encoding", "identity")
	}
	client := http.Client{Transport: &http.Transport{DisableCompression: true, DisableKeepAlives: true}}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, b
}

func (s *service) get(t testing.TB, path string) (*http.Response, []byte) {
	t.Helper()
	return s.do(t, http.MethodGet, path, nil)
}

// json gets a path that has to be there and reads its JSON.
func (s *service) json(t testing.TB, path string) map[string]any {
	t.Helper()
	resp, b := s.get(t, path)
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %s", path, resp.Status, b)
	}
	var v map[string]any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return v
}

// eventually waits up to a few seconds for ok.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for range 500 {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%s did not come about", what)
}
