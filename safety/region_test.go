package safety_test

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/paulmach/orb"

	"hazgrid/geo"
	"hazgrid/safety"
)

func ids[T any](hits []safety.Hit[T], id func(*T) string) (out []string) {
	for _, h := range hits {
		out = append(out, id(h.Of))
	}
	return out
}

func gridCodes(hits []safety.Hit[safety.Grid]) []string {
	return ids(hits, func(g *safety.Grid) string { return g.Code })
}

func TestGridsIn(t *testing.T) {
	s := snapshot(t, safety.Records{Grids: twoLevels()}, day("2014-06-01"))
	p := orb.Point{1.5, 0.5}
	for name, c := range map[string]struct {
		level  int
		region safety.Region
		want   []string
	}{
		"in a box, all levels":        {0, safety.BoxRegion(orb.Bound{Min: orb.Point{0.1, 0.1}, Max: orb.Point{0.2, 0.2}}), []string{"A", "A1"}},
		"a box that touches":          {1, safety.BoxRegion(orb.Bound{Min: orb.Point{3, 1}, Max: orb.Point{4, 2}}), []string{"B"}},
		"a box that is a point":       {1, safety.BoxRegion(orb.Bound{Min: orb.Point{2, 0.5}, Max: orb.Point{2, 0.5}}), []string{"A", "B"}},
		"a box round the other way":   {0, safety.BoxRegion(orb.Bound{Min: orb.Point{2.5, 0}, Max: orb.Point{-1, 1}}), []string{"B"}},
		"in a polygon":                {2, safety.Region{Shape: orb.MultiPolygon{{{{0.5, 0.5}, {1.5, 2}, {1.5, 0.9}, {0.5, 0.5}}}}}, []string{"A1", "A2"}},
		"touched by a line":           {2, safety.Region{Line: orb.MultiLineString{{{2, 1}, {3, 2}}}}, []string{"A2"}},
		"within metres of a line":     {2, safety.Region{Line: orb.MultiLineString{{{-0.0001, 0.5}, {-0.0002, 0.5}}}, WithinM: 12}, []string{"A1"}},
		"not within metres of a line": {2, safety.Region{Line: orb.MultiLineString{{{-0.0001, 0.5}, {-0.0002, 0.5}}}, WithinM: 11}, nil},
		"nearest, of all levels":      {0, safety.Region{Near: &p, K: 3, WithinM: math.Inf(1)}, []string{"A", "A2", "B"}},
		"nearest of one":              {2, safety.Region{Near: &p, K: 3, WithinM: math.Inf(1)}, []string{"A2", "A1"}},
		"nearest within":              {2, safety.Region{Near: &p, K: 3, WithinM: 1000}, []string{"A2"}},
	} {
		hits, err := s.GridsIn(c.level, safety.Query{}, c.region)
		if got := gridCodes(hits); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v, want %v", name, got, err, c.want)
		}
	}
	if _, err := s.GridsIn(7, safety.Query{}, safety.Region{}); !errors.Is(err, safety.ErrNotFound) {
		t.Errorf("level 7: %v, want ErrNotFound", err)
	}
}

// sown are records scattered over the unit square; every tenth has no place, some lie on others.
func sown(n int) (r safety.Records) {
	rnd := rand.New(rand.NewPCG(1, 50))
	for i := range n {
		e := safety.Enterprise{
			ID: fmt.Sprintf("e%05d", i), Kind: []string{"enterprise", "other"}[i%2], OpenedAt: safety.Time(i % 7),
			At: orb.Point{math.Round(rnd.Float64()*500) / 500, rnd.Float64()}, Place: safety.Outside,
		}
		h := safety.Hazard{
			ID: fmt.Sprintf("h%05d", i), Enterprise: e.ID, Severity: []string{"major", "general", "general"}[i%3],
			FoundAt: safety.Time(1 + i%11), At: orb.Point{rnd.Float64(), rnd.Float64()}, Place: safety.Outside,
		}
		if i%10 == 0 {
			e.Place, h.Outcome = safety.NoPlace, "void"
		}
		r.Enterprises, r.Hazards = append(r.Enterprises, e), append(r.Hazards, h)
	}
	return r
}

// Records in a region are those that a look at each record finds.
func TestRecordsIn(t *testing.T) {
	r := sown(2000)
	s := snapshot(t, r, 100)
	q := safety.Query{At: 5, Kind: "other"}
	shape := orb.MultiPolygon{{{{0.2, 0.2}, {0.8, 0.3}, {0.5, 0.9}, {0.2, 0.2}}}}
	line := orb.MultiLineString{orb.LineString(shape[0][0][:3])}
	p := orb.Point{0.5, 0.5}
	covers, path := geo.NewShape(shape), geo.NewPath(line)
	type want struct {
		id     string
		metres float64
	}
	var inside, along, near []want
	for i, e := range r.Enterprises {
		if e.Place == safety.NoPlace || e.Kind != "other" || e.OpenedAt > 5 {
			continue
		}
		if covers.Covers(e.At) {
			inside = append(inside, want{e.ID, 0})
		}
		if m, ok := path.Distance(e.At, 3000); ok {
			along = append(along, want{e.ID, m})
		}
		near = append(near, want{r.Enterprises[i].ID, math.Round(geo.Distance(p, e.At)*1e8) / 1e8})
	}
	slices.SortStableFunc(near, func(a, b want) int { return cmp.Compare(a.metres, b.metres) })
	for name, c := range map[string]struct {
		region safety.Region
		want   []want
	}{
		"polygon": {safety.Region{Shape: shape}, inside},
		"line":    {safety.Region{Line: line, WithinM: 3000}, along},
		"nearest": {safety.Region{Near: &p, K: 25, WithinM: math.Inf(1)}, near[:25]},
		"near":    {safety.Region{Near: &p, K: 25, WithinM: near[9].metres}, near[:10]},
	} {
		got := s.EnterprisesIn(q, c.region)
		if !slices.EqualFunc(got, c.want, func(h safety.Hit[safety.Enterprise], w want) bool {
			return h.Of.ID == w.id && h.DistanceM == w.metres
		}) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	hazards := s.HazardsIn(safety.Query{At: 5, Severity: "major"}, safety.Region{Shape: shape})
	var found []string
	for _, h := range r.Hazards {
		if h.Outcome != "void" && h.FoundAt <= 5 && h.Severity == "major" && covers.Covers(h.At) {
			found = append(found, h.ID)
		}
	}
	if got := ids(hazards, func(h *safety.Hazard) string { return h.ID }); len(found) == 0 || !slices.Equal(got, found) {
		t.Errorf("hazards: %v, want %v", got, found)
	}
}

// A record that moves is found where it lies now, in the next snapshot and not before.
func TestRecordsInTheNextSnapshot(t *testing.T) {
	s := snapshot(t, sown(100), 100)
	all := safety.BoxRegion(orb.Bound{Max: orb.Point{1, 1}})
	far := safety.BoxRegion(orb.Bound{Min: orb.Point{9, 9}, Max: orb.Point{10, 10}})
	before := len(s.EnterprisesIn(safety.Query{}, all))
	n, err := s.Next(safety.Records{Version: 2, Enterprises: []safety.Enterprise{{ID: "e00001", At: orb.Point{9.5, 9.5}, Place: safety.Outside}}}, 100)
	if err != nil {
		t.Fatal(err)
	}
	if got := len(n.EnterprisesIn(safety.Query{}, all)); got != before-1 {
		t.Errorf("%d are left of %d", got, before)
	}
	if got := n.EnterprisesIn(safety.Query{}, far); len(got) != 1 || got[0].Of.ID != "e00001" {
		t.Errorf("moved: %v", got)
	}
	if got := s.EnterprisesIn(safety.Query{}, far); len(got) != 0 {
		t.Errorf("moved in the past: %v", got)
	}
}

func TestLinesIn(t *testing.T) {
	s := snapshot(t, safety.Records{Lines: []safety.Line{
		{ID: "a", Path: orb.MultiLineString{{{0, 0}, {1, 0}}}},
		{ID: "b", Path: orb.MultiLineString{{{5, 5}, {6, 6}}, {{0.5, -1}, {0.5, 1}}}},
		{ID: "c", Path: orb.MultiLineString{{{2, 2}, {3, 2}}}},
	}}, 100)
	p := orb.Point{2, 1.9}
	for name, c := range map[string]struct {
		region safety.Region
		want   []string
	}{
		"box":         {safety.BoxRegion(orb.Bound{Min: orb.Point{0.9, -1}, Max: orb.Point{3, 0}}), []string{"a"}},
		"inside":      {safety.BoxRegion(orb.Bound{Min: orb.Point{1, 1}, Max: orb.Point{4, 4}}), []string{"c"}},
		"crosses":     {safety.Region{Line: orb.MultiLineString{{{0.2, -0.5}, {0.7, 0.1}}}}, []string{"a", "b"}},
		"near a line": {safety.Region{Line: orb.MultiLineString{{{1.001, 0}, {1.002, 0}}}, WithinM: 112}, []string{"a"}}, // 0.001° at the equator: 111.3 m
		"nearest":     {safety.Region{Near: &p, K: 2, WithinM: math.Inf(1)}, []string{"c", "b"}},
		"near":        {safety.Region{Near: &p, K: 2, WithinM: 12_000}, []string{"c"}},
	} {
		if got := ids(s.LinesIn(c.region), func(l *safety.Line) string { return l.ID }); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestGridOf(t *testing.T) {
	placer, err := safety.NewPlacer(twoLevels())
	if err != nil {
		t.Fatal(err)
	}
	place, sites := placer.Place(orb.Point{0.5, 0.5})
	s := snapshot(t, safety.Records{Grids: twoLevels(), Sites: sites}, 100)
	for p, want := range map[safety.PlaceID]string{place: "A1", safety.Outside: "", safety.NoPlace: ""} {
		if got := s.GridOf(p, safety.Query{}); got != want {
			t.Errorf("place %d: %q, want %q", p, got, want)
		}
	}
	if got := s.GridOf(place, safety.Query{Scheme: "police"}); got != "" {
		t.Errorf("of another scheme: %q", got)
	}
}

func BenchmarkHazardsIn(b *testing.B) {
	r := sown(1_000_000)
	s := snapshot(b, r, 100)
	p := orb.Point{0.5, 0.5}
	s.HazardsIn(safety.Query{}, safety.Region{Near: &p, K: 1})
	for name, region := range map[string]safety.Region{
		"box of 100":  safety.BoxRegion(orb.Bound{Min: p, Max: orb.Point{0.51, 0.51}}),
		"box of 1e5":  safety.BoxRegion(orb.Bound{Min: p, Max: orb.Point{0.82, 0.82}}),
		"nearest 10":  {Near: &p, K: 10, WithinM: math.Inf(1)},
		"line, 100 m": {Line: orb.MultiLineString{{p, {0.6, 0.6}}}, WithinM: 100},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				s.HazardsIn(safety.Query{}, region)
			}
		})
	}
}
