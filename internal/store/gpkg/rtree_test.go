package gpkg

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/paulmach/orb"
	"pgregory.net/rapid"

	"hazgrid/safety"
)

// checkIndexes wants SQLite's own checks content, each R-tree to hold exactly the features of its
// layer, and the counts that GDAL trusts to be right.
func checkIndexes(t *testing.T, s *Store) {
	t.Helper()
	if got := query(t, s, "PRAGMA integrity_check"); got != "ok" {
		t.Errorf("integrity_check: %s", got)
	}
	for _, k := range safety.Kinds() {
		tree := "rtree_" + string(k) + "_geom"
		if got := query(t, s, "SELECT rtreecheck('"+tree+"')"); got != "ok" {
			t.Errorf("%s: %s", tree, got)
		}
		stray := query(t, s, `SELECT count(*) FROM "`+string(k)+`" t LEFT JOIN `+tree+` r ON r.id = t.fid
			WHERE (t.geom IS NULL) <> (r.id IS NULL) OR r.minx > ST_MinX(geom) OR r.maxx < ST_MaxX(geom) OR r.miny > ST_MinY(geom) OR r.maxy < ST_MaxY(geom)`)
		if stray != "0" {
			t.Errorf("%s: %s features are not where the index says", k, stray)
		}
		if n := query(t, s, "SELECT (SELECT count(*) FROM "+tree+") - (SELECT count(*) FROM "+string(k)+" WHERE geom IS NOT NULL)"); n != "0" {
			t.Errorf("%s has %s entries too many", tree, n)
		}
		if n := query(t, s, "SELECT feature_count - (SELECT count(*) FROM "+string(k)+") FROM gpkg_ogr_contents WHERE table_name = '"+string(k)+"'"); n != "0" {
			t.Errorf("feature_count of %s is off by %s", k, n)
		}
		if n := query(t, s, "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = '"+string(k)+"'"); n != "11" {
			t.Errorf("%s has %s triggers, want 11", k, n)
		}
	}
}

// TestBulkIndex loads sizes around the capacities of nodes, then more into an index that is
// there, and compares queries with scans.
func TestBulkIndex(t *testing.T) {
	for _, n := range []int{1, 51, 52, 2000, 2602, 7000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, uint64(n)))
			some := func(from, n int) safety.Batch {
				return made(safety.Enterprises, n, func(i int) safety.Record {
					var g orb.Geometry = orb.Point{120 + r.Float64(), 27.5 + r.Float64()/2}
					if i%97 == 1 {
						g = nil
					}
					return record(safety.Enterprises, 0, row{"id": fmt.Sprintf("e%06d", from+i)}, g)
				})
			}
			s, _ := tempStore(t)
			if n == 51 || n == 52 || n == 2602 { // small batches go through the triggers: force the builder
				apply(t, s, some(0, n))
				c, err := s.writer.Conn(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if err := buildTree(t.Context(), c, "enterprises"); err != nil {
					t.Fatal(err)
				}
				if err := c.Close(); err != nil {
					t.Fatal(err)
				}
			} else {
				apply(t, s, some(0, n))
			}
			checkIndexes(t, s)
			compareQueries(t, s, r)
			apply(t, s, some(n, 10))
			apply(t, s, some(n/2, 2500)) // moves some, adds some
			if n == 7000 {
				apply(t, s, some(20_000, 30_000))
				apply(t, s, some(25_000, 2100)) // few of many: one by one
			}
			checkIndexes(t, s)
			compareQueries(t, s, r)
		})
	}
}

func compareQueries(t *testing.T, s *Store, r *rand.Rand) {
	t.Helper()
	for range 20 {
		w, b := 120+r.Float64(), 27.5+r.Float64()/2
		e, n := w+r.Float64()/4, b+r.Float64()/4
		indexed := query(t, s, `SELECT count(*) || ' ' || total(t.fid) FROM enterprises t JOIN rtree_enterprises_geom r ON r.id = t.fid
			WHERE r.maxx >= ? AND r.minx <= ? AND r.maxy >= ? AND r.miny <= ? AND ST_MinX(geom) BETWEEN ? AND ? AND ST_MinY(geom) BETWEEN ? AND ?`, w, e, b, n, w, e, b, n)
		scanned := query(t, s, `SELECT count(*) || ' ' || total(fid) FROM enterprises WHERE ST_MinX(geom) BETWEEN ? AND ? AND ST_MinY(geom) BETWEEN ? AND ?`, w, e, b, n)
		if indexed != scanned {
			t.Fatalf("box %v %v %v %v: index %s, scan %s", w, b, e, n, indexed, scanned)
		}
	}
}

// TestExtent wants gpkg_contents to have the exact box.
func TestExtent(t *testing.T) {
	s, _ := tempStore(t)
	apply(t, s, batch(safety.Enterprises,
		record(safety.Enterprises, 0, row{"id": "a"}, orb.Point{120.123456789, 27.987654321}),
		record(safety.Enterprises, 0, row{"id": "b"}, orb.Point{120.123456799, 27.5})))
	const extent = "SELECT printf('%.9f %.9f %.9f %.9f', min_x, min_y, max_x, max_y) FROM gpkg_contents WHERE table_name = 'enterprises'"
	if got := query(t, s, extent); got != "120.123456789 27.500000000 120.123456799 27.987654321" {
		t.Errorf("extent is %s", got)
	}
	apply(t, s, batch(safety.Enterprises, record(safety.Enterprises, 0, row{"id": "a"}, nil)))
	if got := query(t, s, extent); got != "120.123456799 27.500000000 120.123456799 27.500000000" {
		t.Errorf("extent after one left is %s", got)
	}
}

func TestRounding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Float64Range(-180, 180).Draw(t, "v")
		lo, hi := below(v), above(v)
		if float64(lo) > v || float64(hi) < v || hi > math.Nextafter32(lo, float32(math.Inf(1))) {
			t.Fatalf("%v is not tightly between %v and %v", v, lo, hi)
		}
	})
}

// TestHilbert walks the first cells of the curve: each is a neighbour of the one before.
func TestHilbert(t *testing.T) {
	const n = 64
	at := make(map[uint64][2]int)
	for x := range n {
		for y := range n {
			at[hilbert(uint32(x), uint32(y))] = [2]int{x, y}
		}
	}
	for d := uint64(1); d < n*n; d++ {
		a, b := at[d-1], at[d]
		if abs(a[0]-b[0])+abs(a[1]-b[1]) != 1 {
			t.Fatalf("step %d goes from %v to %v", d, a, b)
		}
	}
}

func abs(v int) int { return max(v, -v) }
