package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"
	"github.com/tidwall/rtree"

	"hazgrid/internal/store/gpkg"
	"hazgrid/safety"
)

// which measures the grid of a point at the deepest level, and at all three levels in one go.
func (b *bench) which(ctx context.Context) error {
	s, err := b.snapshot(ctx)
	if err != nil {
		return err
	}
	layer, err := s.Layer("", s.Depth(""), 0)
	if err != nil {
		return err
	}
	points := scatter(layer.Coverage.Bound(), 200_000)
	tree := naive(layer)
	pg, err := b.postGISWhich(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = pg.Close(ctx) }()
	var locate, all, peer, server []time.Duration
	for range b.rounds {
		locate = append(locate, each(points, func(p orb.Point) { layer.Coverage.Locate(p) }))
		all = append(all, each(points, func(p orb.Point) { _, _ = s.Which(p, safety.WhichOptions{}) }))
		peer = append(peer, each(points, func(p orb.Point) { naiveLocate(tree, p) }))
		server = append(server, each(points[:2000], func(p orb.Point) { err = errors.Join(err, ask(ctx, pg, p)) }))
	}
	if err != nil {
		return err
	}
	row := func(name string, d []time.Duration) []string {
		m := median(d)
		return []string{name, fmt.Sprintf("%d ns", m.Nanoseconds()), fmt.Sprintf("%.0f", 1/m.Seconds()), fmt.Sprintf("%.2f", float64(m)/float64(median(locate)))}
	}
	b.table(fmt.Sprintf("Which grid, %d grids, random points in their box, one core", layer.Coverage.Len()),
		[]string{"system", "per point", "points/s", "ratio to ours"},
		row("hazgrid, one level", locate), row("hazgrid, three levels, names and all", all),
		row("rtree + orb planar", peer), row("PostGIS, single ST_Covers by pgx", server))
	return nil
}

// snapshot makes the district and returns its snapshot.
func (b *bench) snapshot(ctx context.Context) (*safety.Snapshot, error) {
	path, err := b.geoPackage(ctx, "which.gpkg", safety.Grids)
	if err != nil {
		return nil, err
	}
	s, err := gpkg.Open(ctx, path, division, false)
	if err != nil {
		return nil, err
	}
	r, err := s.Load(ctx, 0)
	if err := errors.Join(err, s.Close()); err != nil {
		return nil, err
	}
	return safety.NewSnapshot(r, safety.TimeOf(time.Now()))
}

// scatter draws points uniformly from a box.
func scatter(box orb.Bound, n int) []orb.Point {
	rng := rand.New(rand.NewPCG(3, 4))
	points := make([]orb.Point, n)
	for i := range points {
		points[i] = orb.Point{
			box.Min[0] + rng.Float64()*(box.Max[0]-box.Min[0]),
			box.Min[1] + rng.Float64()*(box.Max[1]-box.Min[1]),
		}
	}
	return points
}

// each runs f on every point and returns the time for one.
func each(points []orb.Point, f func(orb.Point)) time.Duration {
	start := time.Now()
	for _, p := range points {
		f(p)
	}
	return time.Since(start) / time.Duration(len(points))
}

// naive is what one builds first: an R-tree of boxes over orb's polygons.
func naive(l *safety.Layer) *rtree.RTreeG[orb.MultiPolygon] {
	var tree rtree.RTreeG[orb.MultiPolygon]
	for _, g := range l.Grids {
		box := g.Boundary.Bound()
		tree.Insert(box.Min, box.Max, g.Boundary)
	}
	return &tree
}

func naiveLocate(tree *rtree.RTreeG[orb.MultiPolygon], p orb.Point) (found bool) {
	tree.Search(p, p, func(_, _ [2]float64, g orb.MultiPolygon) bool {
		found = planar.MultiPolygonContains(g, p)
		return !found
	})
	return found
}

// postGISWhich loads the district into PostGIS and prepares the question.
func (b *bench) postGISWhich(ctx context.Context) (*pgx.Conn, error) {
	url, err := b.postGIS(ctx, safety.Grids)
	if err != nil {
		return nil, err
	}
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return nil, err
	}
	_, err = conn.Prepare(ctx, "which", "select code from grids where level = 3 and ST_Covers(geom, ST_SetSRID(ST_MakePoint($1, $2), 4326)) order by code limit 1")
	return conn, err
}

func ask(ctx context.Context, conn *pgx.Conn, p orb.Point) error {
	var code string
	err := conn.QueryRow(ctx, "which", p[0], p[1]).Scan(&code)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	return err
}
