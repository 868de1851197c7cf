package server

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/paulmach/orb"

	"hazgrid/safety"
)

// columnsAnswer is live columns as the service tells them.
type columnsAnswer struct {
	Version int64            `json:"version"`
	Since   *int64           `json:"since"`
	Grids   string           `json:"grids"`
	ID      []int64          `json:"id"`
	Columns map[string][]any `json:"columns"`
}

func (s *service) columnsAt(t testing.TB, path string) (a columnsAnswer) {
	t.Helper()
	_, b := s.get(t, path)
	if err := json.Unmarshal(b, &a); err != nil {
		t.Fatalf("%s: %v in %s", path, err, b)
	}
	return a
}

// byID are live columns as a client keeps them.
type byID map[int64]map[string]any

// with returns what is held after an answer.
func (held byID) with(a columnsAnswer) byID {
	if a.Since == nil {
		held = byID{}
	}
	for i, id := range a.ID {
		held[id] = map[string]any{}
		for name, values := range a.Columns {
			held[id][name] = values[i]
		}
	}
	return held
}

// Who adds up what changed has what is told whole, whatever is asked and written, and while time goes by.
func TestColumnsAddUp(t *testing.T) {
	s := start(t)
	queries := []string{
		"from=", "at=2014-12-15", "at=2015-03-01", "from=2014-12-02", "to=2014-12-20&severity=major", "source=campaign&at=2014-12-31",
		"kind=construction", "floor_area_max=100", "columns=found,rate&from=2014-12-02",
	}
	held, since, parts := make([]byID, len(queries)), int64(0), 0
	random := rand.New(rand.NewPCG(1, 1))
	now := noon
	for range 40 {
		now = now.AddDate(0, 0, random.IntN(3))
		s.clock.set(now)
		s.get(t, "/api/v1/district") // lets the time in
		v := writeSomething(t, s, random)
		eventually(t, "the version", func() bool { return s.srv.current().Version() >= v })
		for i, q := range queries {
			path := "/api/v1/columns/grids-2?" + q
			a := s.columnsAt(t, fmt.Sprintf("%s&since=%d", path, since))
			if a.Since != nil {
				parts++
			}
			held[i] = held[i].with(a)
			if want := (byID{}).with(s.columnsAt(t, path)); !reflect.DeepEqual(held[i], want) {
				t.Fatalf("%s since %d: %v\nwant %v", q, since, held[i], want)
			}
		}
		since = s.srv.current().Version()
	}
	if parts < 200 { // of 39 × 7
		t.Errorf("only %d answers told what changed, and no more", parts)
	}
}

// writeSomething changes a hazard or an enterprise and returns the version.
func writeSomething(t *testing.T, s *service, random *rand.Rand) int64 {
	t.Helper()
	some := func(values ...any) any { return values[random.IntN(len(values))] }
	enterprise := fmt.Sprint("E", 1+random.IntN(4))
	day := func() any {
		return safety.TimeOf(noon.AddDate(0, 0, random.IntN(90)-30))
	}
	at := orb.Point{120.5 + 0.2*random.Float64(), 27.75}
	if random.IntN(3) == 0 {
		return apply(t, s.store, safety.Enterprises, record(safety.Enterprises, 0, row{
			"id": enterprise, "kind": some("enterprise", "construction"), "floor_area_m2": some(nil, 50.0, 500.0), "ended_at": some(nil, day()),
		}, at)).Version
	}
	h := hazard(fmt.Sprint("R", random.IntN(12)), enterprise, row{
		"found_at": day(), "due_at": some(nil, day()), "rectified_at": some(nil, day()), "severity": some("general", "major"), "source": some(nil, "campaign"),
	})
	if random.IntN(2) == 0 {
		h.Geometry = at
	}
	return apply(t, s.store, safety.Hazards, h).Version
}

func TestColumnsWithoutIDs(t *testing.T) {
	s := start(t)
	whole, bare := s.columnsAt(t, "/api/v1/columns/grids-2"), s.columnsAt(t, "/api/v1/columns/grids-2?ids=none&columns=rate,found")
	if bare.ID != nil || bare.Grids != whole.Grids || bare.Grids == s.columnsAt(t, "/api/v1/columns/grids-1").Grids {
		t.Errorf("ids %v of %q, with ids %q", bare.ID, bare.Grids, whole.Grids)
	}
	want := map[string][]any{"found": whole.Columns["found"], "rate": whole.Columns["rate"]}
	if !reflect.DeepEqual(bare.Columns, want) {
		t.Errorf("columns %v, want %v", bare.Columns, want)
	}
	before := whole.Version
	v := apply(t, s.store, safety.Hazards, hazard("H9", "E3", nil)).Version
	eventually(t, "the version", func() bool { return s.srv.current().Version() == v })
	if part := s.columnsAt(t, fmt.Sprintf("/api/v1/columns/grids-2?ids=none&since=%d", before)); len(part.ID) != 1 || part.Grids != whole.Grids {
		t.Errorf("what changed comes with ids: %v of %q", part.ID, part.Grids)
	}
	for path, field := range map[string]string{"columns=found,x": "columns", "columns=,": "columns", "ids=some": "ids"} {
		resp, b := s.get(t, "/api/v1/columns/grids-1?"+path)
		checkProblem(t, path, resp, b, field)
	}
}
