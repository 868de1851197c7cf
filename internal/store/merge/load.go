package merge

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"hazgrid/safety"

	"github.com/paulmach/orb"
)

// Load is store.Store's Load on connection c.
func (e *Engine) Load(ctx context.Context, c *sql.Conn, since int64) (safety.Records, error) {
	l := loader{engine: e, conn: c, pool: pool{}}
	err := transaction(ctx, c, e.dialect.BeginRead, func() error { return l.load(ctx, since) })
	if err != nil {
		return safety.Records{}, fmt.Errorf("load division %s since version %d: %w", e.division, since, err)
	}
	return l.records, nil
}

// A loader reads the rows of one version.
type loader struct {
	engine  *Engine
	conn    *sql.Conn
	since   int64
	pool    pool // of texts that rows share
	records safety.Records
}

func (l *loader) load(ctx context.Context, since int64) error {
	var boundaries int64
	clock := instant{read: l.engine.dialect.ReadTime}
	query := "select version, boundaries, " + l.engine.timeOut("clock") + " from division where division = $1"
	row := l.conn.QueryRowContext(ctx, query, l.engine.division)
	err := row.Scan(&l.records.Version, &boundaries, &clock)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	l.records.Clock = clock.t
	l.since = since
	if since <= 0 || boundaries > since || since > l.records.Version {
		l.since, l.records.Whole = 0, true
	}
	for _, read := range []func(context.Context) error{
		l.grids, l.sites, l.enterprises, l.hazards, l.inspections, l.lines,
	} {
		if err := read(ctx); err != nil {
			return err
		}
	}
	return nil
}

// rows runs the query for the columns of k that changed after since, tombstones only in a
// delta, and calls each after every row has been scanned into dest.
func (l *loader) rows(ctx context.Context, k safety.Kind, columns []string, dest []any, each func(deleted bool)) error {
	var gone present
	order, where := "id", "version > $2"
	if k == safety.Grids {
		order = "scheme, code, valid_from"
	}
	if l.records.Whole {
		where = "deleted_at is null and version >= $2" // every one is: the parameter wants a use
	}
	query := "select " + strings.Join(columns, ", ") + ", deleted_at is not null or null from " + table(k) +
		" where division = $1 and " + where + " order by " + order
	err := scan(ctx, l.conn, scanned{query, []any{l.engine.division, l.since}, append(dest, &gone)}, func() error {
		each(gone.yes)
		return nil
	})
	if err != nil {
		return fmt.Errorf("%s: %w", k, err)
	}
	return nil
}

// scanned is a query, its parameters and the destinations of its columns.
type scanned struct {
	query string
	args  []any
	dest  []any
}

// scan calls each after every row of the query has been read into dest.
func scan(ctx context.Context, c *sql.Conn, s scanned, each func() error) error {
	rows, err := c.QueryContext(ctx, s.query, s.args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // Err tells what Close would
	for rows.Next() {
		if err := rows.Scan(s.dest...); err != nil {
			return err
		}
		if err := each(); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (e *Engine) timeOut(column string) string {
	return strings.ReplaceAll(e.dialect.TimeOut, "%s", column)
}

func (e *Engine) geometryOut(column string) string {
	return strings.ReplaceAll(e.dialect.GeometryOut, "%s", column)
}

// instant is a destination for a time column.
func (l *loader) instant() *instant { return &instant{read: l.engine.dialect.ReadTime} }

// shape is a destination for a geometry column.
func (l *loader) shape() *shape { return &shape{decode: l.engine.dialect.Decode} }

// shared is a destination for a text that many rows have in common.
func (l *loader) shared() *text { return &text{pool: l.pool} }

func (l *loader) grids(ctx context.Context) error {
	var id, level integer
	var area real
	var synthetic boolean
	scheme, code, name, parent, kind := l.shared(), l.shared(), l.shared(), l.shared(), l.shared()
	from, to, boundary := l.instant(), l.instant(), l.shape()
	columns := []string{
		"id", "scheme", "code", "name", "level", "parent", "kind",
		l.engine.timeOut("valid_from"), l.engine.timeOut("valid_to"), "area_km2", "synthetic", l.engine.geometryOut("geom"),
	}
	dest := []any{&id, scheme, code, name, &level, parent, kind, from, to, &area, &synthetic, boundary}
	return l.rows(ctx, safety.Grids, columns, dest, func(deleted bool) {
		cells, _ := boundary.g.(orb.MultiPolygon)
		l.records.Grids = append(l.records.Grids, safety.Grid{
			ID: id.n, Scheme: scheme.s, Code: code.s, Name: name.s, Level: int(level.n), Parent: parent.s, Kind: kind.s,
			ValidFrom: from.t, ValidTo: to.t, AreaKm2: area.f, Synthetic: synthetic.b, Boundary: cells, Deleted: deleted,
		})
	})
}

func (l *loader) sites(ctx context.Context) error {
	var place, level integer
	scheme, code := l.shared(), l.shared()
	epoch, from := l.instant(), l.instant()
	query := "select place, scheme, " + l.engine.timeOut("epoch") + ", level, code, " + l.engine.timeOut("valid_from") +
		" from places where division = $1 and version > $2 order by place, scheme, epoch, level"
	dest := []any{&place, scheme, epoch, &level, code, from}
	err := scan(ctx, l.conn, scanned{query, []any{l.engine.division, l.since}, dest}, func() error {
		l.records.Sites = append(l.records.Sites, safety.Site{
			Place: safety.PlaceID(place.n), Scheme: scheme.s, Epoch: epoch.t, Level: int(level.n), Code: code.s, ValidFrom: from.t,
		})
		return nil
	})
	if err != nil {
		return fmt.Errorf("places: %w", err)
	}
	return nil
}

func (l *loader) enterprises(ctx context.Context) error {
	var floor real
	var synthetic boolean
	var place placeID
	id, kind, parent, risk, grid := l.shared(), l.shared(), l.shared(), l.shared(), l.shared()
	opened, ended, at := l.instant(), l.instant(), l.shape()
	columns := []string{
		"id", "kind", "parent", "risk", "grid", "floor_area_m2", l.engine.timeOut("opened_at"), l.engine.timeOut("ended_at"),
		l.engine.geometryOut("geom"), "place", "synthetic",
	}
	dest := []any{id, kind, parent, risk, grid, &floor, opened, ended, at, &place, &synthetic}
	return l.rows(ctx, safety.Enterprises, columns, dest, func(deleted bool) {
		l.records.Enterprises = append(l.records.Enterprises, safety.Enterprise{
			ID: id.s, Kind: kind.s, Parent: parent.s, Risk: risk.s, Grid: grid.s, FloorAreaM2: floor.f, HasFloor: floor.valid,
			OpenedAt: opened.t, EndedAt: ended.t, At: at.point(), Place: place.id, Synthetic: synthetic.b, Deleted: deleted,
		})
	})
}

func (l *loader) hazards(ctx context.Context) error {
	var id text
	var place placeID
	enterprise, aspect, item, responsible := l.shared(), l.shared(), l.shared(), l.shared()
	severity, source, outcome, grid := l.shared(), l.shared(), l.shared(), l.shared()
	found, ordered, due, rectified := l.instant(), l.instant(), l.instant(), l.instant()
	reviewed, closed, at := l.instant(), l.instant(), l.shape()
	columns := []string{"id", "enterprise", "aspect", "item", "responsible", "severity", "source", "outcome", "grid"}
	for _, c := range []string{"found_at", "ordered_at", "due_at", "rectified_at", "reviewed_at", "closed_at"} {
		columns = append(columns, l.engine.timeOut(c))
	}
	columns = append(columns, l.engine.geometryOut("geom"), "place")
	dest := []any{
		&id, enterprise, aspect, item, responsible, severity, source, outcome, grid,
		found, ordered, due, rectified, reviewed, closed, at, &place,
	}
	return l.rows(ctx, safety.Hazards, columns, dest, func(deleted bool) {
		l.records.Hazards = append(l.records.Hazards, safety.Hazard{
			ID: id.s, Enterprise: enterprise.s, Aspect: aspect.s, Item: item.s, Responsible: responsible.s,
			Severity: severity.s, Source: source.s, Outcome: outcome.s, Grid: grid.s,
			FoundAt: found.t, OrderedAt: ordered.t, DueAt: due.t, RectifiedAt: rectified.t, ReviewedAt: reviewed.t, ClosedAt: closed.t,
			At: at.point(), Place: place.id, Deleted: deleted,
		})
	})
}

func (l *loader) inspections(ctx context.Context) error {
	var id text
	var officers integer
	var place placeID
	enterprise, kind, order := l.shared(), l.shared(), l.shared()
	at, where := l.instant(), l.shape()
	columns := []string{
		"id", "enterprise", "kind", `"order"`, l.engine.timeOut(`"at"`), "officers", l.engine.geometryOut("geom"), "place",
	}
	dest := []any{&id, enterprise, kind, order, at, &officers, where, &place}
	return l.rows(ctx, safety.Inspections, columns, dest, func(deleted bool) {
		l.records.Inspections = append(l.records.Inspections, safety.Inspection{
			ID: id.s, Enterprise: enterprise.s, Kind: kind.s, Order: order.s, At: at.t, Officers: officers.n,
			Where: where.point(), Place: place.id, Deleted: deleted,
		})
	})
}

func (l *loader) lines(ctx context.Context) error {
	var id text
	var protection real
	kind, name, path := l.shared(), l.shared(), l.shape()
	columns := []string{"id", "kind", "name", "protection_m", l.engine.geometryOut("geom")}
	dest := []any{&id, kind, name, &protection, path}
	return l.rows(ctx, safety.Lines, columns, dest, func(deleted bool) {
		paths, _ := path.g.(orb.MultiLineString)
		l.records.Lines = append(l.records.Lines, safety.Line{
			ID: id.s, Kind: kind.s, Name: name.s, ProtectionM: protection.f, Path: paths, Deleted: deleted,
		})
	})
}
