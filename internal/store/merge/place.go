package merge

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"hazgrid/safety"
)

// placer is a safety.Placer and the version of the boundaries it knows.
type placer struct {
	*safety.Placer
	boundaries int64
}

// currentPlacer returns a placer over the boundaries as they are now, outside any lock.
func (e *Engine) currentPlacer(ctx context.Context, c *sql.Conn) (p placer, err error) {
	err = transaction(ctx, c, e.dialect.BeginRead, func() error {
		var boundaries int64
		row := c.QueryRowContext(ctx, "select coalesce(max(boundaries), 0) from division where division = $1", e.division)
		if err := row.Scan(&boundaries); err != nil {
			return err
		}
		p, err = e.placerOf(ctx, c, boundaries)
		return err
	})
	if err != nil {
		return placer{}, fmt.Errorf("read the boundaries: %w", err)
	}
	return p, nil
}

// placerOf returns the placer over the boundaries of a version, which is the one c now sees.
func (e *Engine) placerOf(ctx context.Context, c *sql.Conn, boundaries int64) (placer, error) {
	e.mu.Lock()
	known := e.placer
	e.mu.Unlock()
	if known.Placer != nil && known.boundaries == boundaries {
		return known, nil
	}
	grids, err := e.storedGrids(ctx, c)
	if err != nil {
		return placer{}, err
	}
	p, err := safety.NewPlacer(grids)
	if err != nil {
		return placer{}, err
	}
	fresh := placer{p, boundaries}
	e.keep(fresh)
	return fresh, nil
}

// keep remembers p for the next batch.
func (e *Engine) keep(p placer) {
	e.mu.Lock()
	e.placer = p
	e.mu.Unlock()
}

// storedGrids reads every grid version, without those deleted.
func (e *Engine) storedGrids(ctx context.Context, c *sql.Conn) ([]safety.Grid, error) {
	l := loader{engine: e, conn: c, pool: pool{}, records: safety.Records{Whole: true}}
	err := l.grids(ctx)
	return l.records.Grids, err
}

// placeAll places every located record of the division anew and writes all places.
func (w *write) placeAll(ctx context.Context) error {
	if any, err := w.anyLocated(ctx); err != nil || !any {
		return err
	}
	if w.grids == nil {
		var err error
		if w.grids, err = w.engine.storedGrids(ctx, w.conn); err != nil {
			return err
		}
	}
	p, err := safety.NewPlacer(w.grids)
	if err != nil {
		return err
	}
	w.placer = p
	sites := map[safety.PlaceID][]safety.Site{}
	for _, k := range []safety.Kind{safety.Enterprises, safety.Hazards, safety.Inspections} {
		if err := w.placeTable(ctx, k, relocation{engine: w.engine, conn: w.conn, placer: p, sites: sites}); err != nil {
			return fmt.Errorf("place %s: %w", k, err)
		}
	}
	if _, err := w.exec(ctx, "delete from places where division = $1", w.engine.division); err != nil {
		return fmt.Errorf("places: %w", err)
	}
	return w.insertPlaces(ctx, p, sites)
}

// anyLocated tells whether the division has a record or a place that boundaries could move: its first grids find none.
func (w *write) anyLocated(ctx context.Context) (any bool, err error) {
	var tables []string
	for _, t := range []string{table(safety.Enterprises), table(safety.Hazards), table(safety.Inspections), "places"} {
		tables = append(tables, "exists (select 1 from "+t+" where division = $1)")
	}
	err = w.conn.QueryRowContext(ctx, "select "+strings.Join(tables, " or "), w.engine.division).Scan(&any)
	return any, err
}

// placeTable places the rows of k that have a location of their own, and lets the others follow
// their enterprises, which are placed by then.
func (w *write) placeTable(ctx context.Context, k safety.Kind, r relocation) error {
	r.query = "select id, " + w.engine.geometryOut("geom") + ", place from " + table(k) +
		" where id > $1 and division = $2 and lon is not null order by id limit " + strconv.Itoa(pageSize)
	r.args, r.first, r.key = []any{w.engine.division}, "", safety.Text
	r.update = func(ctx context.Context, rows int64) error { return w.moveRows(ctx, k, rows) }
	if err := r.run(ctx); err != nil || !follows(k) {
		return err
	}
	return w.follow(ctx, k, 0)
}

// moveRows gives the rows of k that a relocation moves their place.
func (w *write) moveRows(ctx context.Context, k safety.Kind, rows int64) error {
	return w.bulk(ctx, Work{Kind: k, Rows: rows}, func() error {
		_, err := w.exec(ctx, "update "+table(k)+" set place = m.place, version = $2 from "+movedTable+" m where "+
			table(k)+".division = $1 and "+table(k)+".id = m.key", w.engine.division, w.next())
		return err
	})
}

// moveFollowers lets hazards and inspections follow the enterprises that this write wrote.
func (w *write) moveFollowers(ctx context.Context) error {
	for _, k := range []safety.Kind{safety.Hazards, safety.Inspections} {
		if err := w.follow(ctx, k, w.next()); err != nil {
			return fmt.Errorf("move %s: %w", k, err)
		}
	}
	return nil
}

// follow gives the rows of k without a location of their own the location and place of their
// enterprise, where that was written in version since or later.
func (w *write) follow(ctx context.Context, k safety.Kind, since int64) error {
	from := " from enterprises e where e.division = $1 and e.version >= $2 and " + table(k) + ".division = $1 and " +
		table(k) + ".enterprise = e.id and " + table(k) + ".lon is null and (" + table(k) + ".place is distinct from e.place or " +
		table(k) + ".geom is distinct from e.geom)"
	var rows int64
	var any bool
	look := "select exists (select 1 from " + table(k) + " where division = $1)" // the join would find that out the long way
	if err := w.conn.QueryRowContext(ctx, look, w.engine.division).Scan(&any); err != nil || !any {
		return err
	}
	count := "select count(*) from " + table(k) + strings.Replace(from, " from enterprises e where", ", enterprises e where", 1)
	if err := w.conn.QueryRowContext(ctx, count, w.engine.division, since).Scan(&rows); err != nil || rows == 0 {
		return err
	}
	return w.bulk(ctx, Work{Kind: k, Rows: rows, Geometry: true}, func() error {
		_, err := w.exec(ctx, "update "+table(k)+" set geom = e.geom, place = e.place, version = $3"+from,
			w.engine.division, since, w.next())
		return err
	})
}

// insertPlaces stores the sites of places that the store does not know yet.
func (w *write) insertPlaces(ctx context.Context, p *safety.Placer, places map[safety.PlaceID][]safety.Site) error {
	e := w.engine
	const insert = `insert into places (division, place, scheme, epoch, until, level, code, valid_from, version)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing`
	stmt, err := w.conn.PrepareContext(ctx, insert)
	if err != nil {
		return fmt.Errorf("places: %w", err)
	}
	defer func() { _ = stmt.Close() }() // nothing is lost when it fails
	for _, id := range slices.Sorted(maps.Keys(places)) {
		for _, s := range places[id] {
			_, err := stmt.ExecContext(ctx, e.division, int64(id), s.Scheme, e.dialect.Time(s.Epoch), e.time(p.Until(s.Scheme, s.Epoch)),
				int64(s.Level), s.Code, e.dialect.Time(s.ValidFrom), w.next())
			if err != nil {
				return fmt.Errorf("places: %w", err)
			}
		}
	}
	return nil
}
