package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/paulmach/orb"
	"github.com/paulmach/orb/maptile"

	"hazgrid/safety"
)

// tileColumns are what a tile of grids says about each of them, beside its shape and id.
const tileColumns = "code, name, parent, level, area_km2, enterprises, found, rectified, open, overdue, density, rate"

// martin is the statement that Martin prepares for a table, over geometry kept in EPSG:3857.
const martin = `select ST_AsMVT(t, 'grids', 4096, 'geom') from (
	select id, ` + tileColumns + `, ST_AsMVTGeom(g3857, ST_TileEnvelope($1, $2, $3), 4096, 64, true) as geom
	from grids3857 where g3857 && ST_TileEnvelope($1, $2, $3, margin => 64.0 / 4096)) t`

// tileConns is how many clients ask for tiles at the same time.
const tileConns = 16

// A tileField is what the tables of tiles measure: the district in a GeoPackage, and its grids with their figures as a table of
// EPSG:3857, ready for those who ask PostGIS for tiles: they need not count.
type tileField struct {
	db    string // path of the GeoPackage
	table string // URL of the database with grids3857
	conn  *pgx.Conn
	all   []maptile.Tile // those of zooms 0 to 14 that hold a grid
	list  []maptile.Tile // those of zooms 8 to 14, shuffled
}

// tiles measures tiles beside other servers. What there is of those is found on PATH.
func (b *bench) tiles(ctx context.Context) error {
	f, err := b.tileField(ctx)
	if err != nil {
		return err
	}
	for _, part := range []struct {
		name    string
		measure func(context.Context, *tileField) error
	}{
		{"cold", b.tilesCold},
		{"warm", b.tilesWarm},
		{"live", b.tilesLive},
		{"asked", b.tilesAsked},
		{"bytes", b.tileBytes},
		{"pyramid", b.tilePyramid},
	} {
		if b.tileParts != "" && !slices.Contains(strings.Split(b.tileParts, ","), part.name) {
			continue
		}
		if err := part.measure(ctx, f); err != nil {
			return errors.Join(fmt.Errorf("%s: %w", part.name, err), f.conn.Close(ctx))
		}
	}
	return f.conn.Close(ctx)
}

func (b *bench) tileField(ctx context.Context) (*tileField, error) {
	f := new(tileField)
	var err error
	if f.db, err = b.geoPackage(ctx, "tiles.gpkg", safety.Kinds()...); err != nil {
		return nil, err
	}
	if f.table, f.conn, err = b.martin(ctx); err != nil {
		return nil, err
	}
	if f.all, err = inhabited(ctx, f.conn); err != nil {
		return nil, errors.Join(err, f.conn.Close(ctx))
	}
	for _, t := range f.all {
		if t.Z >= 8 {
			f.list = append(f.list, t)
		}
	}
	rng := rand.New(rand.NewPCG(5, 8))
	rng.Shuffle(len(f.list), func(i, k int) { f.list[i], f.list[k] = f.list[k], f.list[i] })
	return f, nil
}

// upTo returns the tiles of the list at zooms up to z.
func (f *tileField) upTo(z maptile.Zoom) (list []maptile.Tile) {
	for _, t := range f.list {
		if t.Z <= z {
			list = append(list, t)
		}
	}
	return list
}

// gridTiles is a running serve, asked for the grids of the district.
func (b *bench) gridTiles(ctx context.Context, name, db string, flags ...string) (*tileServer, error) {
	s, stop, err := b.serve(ctx, db, flags...)
	return &tileServer{name: name, addr: strings.TrimPrefix(s.url, "http://"), path: "/tiles/grids-3/%d/%d/%d.mvt", stop: stop}, err
}

// A contender is one line of a race.
type contender struct {
	name   string
	absent string
	count  int // features in all tiles, 0 if nobody looked
	run    func(context.Context) (pace, error)
	paces  []pace
}

// asking is a contender that is asked by many clients for the tiles of a list.
func (b *bench) asking(s *tileServer, list []maptile.Tile) *contender {
	if s.absent != "" {
		return &contender{name: s.name, absent: s.absent}
	}
	l := load{addr: s.addr, requests: s.requests(list), conns: tileConns, span: b.span, status: 200}
	return &contender{name: s.name, run: l.run}
}

// race lets contenders take turns and shows the medians; the first is ours.
func (b *bench) race(ctx context.Context, heading string, all ...*contender) error {
	before := busyness()
	for range b.rounds {
		for _, c := range all {
			if c.absent != "" {
				continue
			}
			p, err := c.run(ctx)
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			c.paces = append(c.paces, p)
		}
	}
	rows := [][]string{{"system", "answers/s", "p50", "p99", "bytes an answer", "features in all tiles", "answers/s of ours to its", "p99 of ours to its"}}
	ours := medianPace(all[0].paces)
	for _, c := range all {
		rows = append(rows, c.row(ours))
	}
	b.table(fmt.Sprintf("%s; %d rounds of %v, load average %s to %s", heading, b.rounds, b.span, before, busyness()), rows...)
	return nil
}

func (c *contender) row(ours pace) []string {
	if c.absent != "" {
		return []string{c.name, c.absent, "", "", "", "", "", ""}
	}
	p := medianPace(c.paces)
	size, count := "", ""
	if p.bytes > 0 {
		size = fmt.Sprintf("%.0f", p.bytes)
	}
	if c.count > 0 {
		count = fmt.Sprint(c.count)
	}
	return []string{
		c.name, fmt.Sprintf("%.0f", p.rate), ms(p.p50), ms(p.p99), size, count,
		fmt.Sprintf("%.2f", ours.rate/p.rate), fmt.Sprintf("1/%.3g", float64(p.p99)/float64(ours.p99)),
	}
}

// medianPace is the median of each.
func medianPace(all []pace) (m pace) {
	pick := func(of func(pace) float64) float64 {
		values := make([]float64, len(all))
		for i, p := range all {
			values[i] = of(p)
		}
		return median(values)
	}
	m.rate, m.bytes = pick(func(p pace) float64 { return p.rate }), pick(func(p pace) float64 { return p.bytes })
	m.p50 = time.Duration(pick(func(p pace) float64 { return float64(p.p50) }))
	m.p99 = time.Duration(pick(func(p pace) float64 { return float64(p.p99) }))
	return m
}

// busyness is the load average of the last minute, "unknown" where the system does not tell.
func busyness() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	one, _, _ := strings.Cut(string(text), " ")
	return one
}

// districtBox holds the district, degrees.
var districtBox = orb.Bound{Min: orb.Point{120.17, 27.5}, Max: orb.Point{121.23, 28.0}}

// inhabited lists the tiles of the district's box that hold a grid.
func inhabited(ctx context.Context, pg *pgx.Conn) (tiles []maptile.Tile, err error) {
	for z := maptile.Zoom(0); z <= 14; z++ {
		a, b := maptile.At(districtBox.LeftTop(), z), maptile.At(districtBox.RightBottom(), z)
		for x := a.X; x <= b.X; x++ {
			for y := a.Y; y <= b.Y; y++ {
				var tile []byte
				if err := pg.QueryRow(ctx, "tile", int32(z), int32(x), int32(y)).Scan(&tile); err != nil {
					return nil, err
				}
				if len(tile) > 0 {
					tiles = append(tiles, maptile.New(x, y, z))
				}
			}
		}
	}
	return tiles, nil
}

// martin loads the grids with their figures into PostGIS as EPSG:3857 and prepares Martin's statement.
func (b *bench) martin(ctx context.Context) (string, *pgx.Conn, error) {
	url, err := b.postGIS(ctx, safety.Kinds()...)
	if err != nil {
		return "", nil, err
	}
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return "", nil, err
	}
	for _, sql := range []string{
		`create table grids3857 as select g.id, t.*, ST_Transform(g.geom, 3857)::geometry(MultiPolygon, 3857) as g3857
			from grids g join (select ` + tileColumns + ` from grid_tally where level = 3) t using (code) where g.level = 3`,
		"alter table grids3857 add primary key (id)", "create index on grids3857 using gist (g3857)", "vacuum analyze grids3857",
	} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return "", nil, errors.Join(err, conn.Close(ctx))
		}
	}
	_, err = conn.Prepare(ctx, "tile", martin)
	return url, conn, err
}

// freeAddr returns a loopback address whose port is free.
func freeAddr(ctx context.Context) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
