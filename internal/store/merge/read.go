package merge

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"hazgrid/safety"

	"github.com/paulmach/orb"
)

// errEnough ends a reading whose reader wants no more; it does not leave this package.
var errEnough = errors.New("the reader wants no more")

// Records is store.Store's Records on the connection that lend lends.
func (e *Engine) Records(ctx context.Context, q safety.Reading, lend func(func(*sql.Conn) error) error) iter.Seq2[safety.Stored, error] {
	return func(yield func(safety.Stored, error) bool) {
		err := lend(func(c *sql.Conn) error {
			return transaction(ctx, c, e.dialect.BeginRead, func() error {
				r := reading{loader: loader{engine: e, conn: c, pool: pool{}}, q: q}
				return r.run(ctx, func(s safety.Stored) error {
					if !yield(s, nil) {
						return errEnough
					}
					return nil
				})
			})
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(safety.Stored{}, fmt.Errorf("read %s of division %s: %w", q.Kind, e.division, err))
		}
	}
}

// A reading is one pass over the records of a kind.
type reading struct {
	loader
	q     safety.Reading
	depth int                         // deepest level of the scheme
	codes map[safety.PlaceID][]string // of each place, level 1 first
	cells []cell                      // destinations of the fields
	own   struct{ lon, lat real }     // a record's own coordinates
	place placeID                     // of a located record
	area  real                        // of a grid
	geom  *shape                      // effective location, or shape
	each  func(r safety.Stored) error // is called for each record
}

// A cell is a destination with its value: nil, or a value of the field's Type.
type cell struct {
	dest  any
	value func() any
}

func (r *reading) run(ctx context.Context, each func(safety.Stored) error) error {
	if safety.Fields(r.q.Kind) == nil {
		return fmt.Errorf("kind %q: %w", r.q.Kind, safety.ErrInvalid)
	}
	r.each = each
	if Located(r.q.Kind) {
		if err := r.placeCodes(ctx); err != nil {
			return err
		}
	}
	var n int64
	query, dest := r.query()
	err := scan(ctx, r.conn, scanned{query, r.args(), dest}, func() error {
		n++
		return r.each(r.stored(n))
	})
	if err == nil && n == 0 && r.filtered() {
		return fmt.Errorf("no grids%s: %w", r.which(), safety.ErrNotFound)
	}
	return err
}

// filtered tells whether only some of the grids are asked for.
func (r *reading) filtered() bool {
	return r.q.Kind == safety.Grids && (r.q.Scheme != "" || r.q.Level != 0)
}

// which says which grids are asked for.
func (r *reading) which() (out string) {
	if r.q.Scheme != "" {
		out = " of scheme " + strconv.Quote(r.q.Scheme)
	}
	if r.q.Kind == safety.Grids && r.q.Level != 0 {
		out += " of level " + strconv.Itoa(r.q.Level)
	}
	return out
}

// query returns the statement that reads the records, by key, and where its columns go.
func (r *reading) query() (text string, dest []any) {
	var columns []string
	for _, f := range safety.Fields(r.q.Kind) {
		column, c := quote(f.Name), r.cell(f.Type)
		if f.Type == safety.Instant || f.Type == safety.Deadline {
			column = r.engine.timeOut(column)
		}
		columns, dest = append(columns, column), append(dest, c.dest)
		r.cells = append(r.cells, c)
	}
	r.geom = r.shape()
	columns, dest = append(columns, r.engine.geometryOut("geom")), append(dest, r.geom)
	order, where := "id", ""
	switch {
	case r.q.Kind == safety.Grids:
		order, where = "scheme, code, valid_from", " and ($2 = '' or scheme = $2) and ($3 = 0 or level = $3)"
		columns, dest = append(columns, "area_km2"), append(dest, &r.area)
	case Located(r.q.Kind):
		columns, dest = append(columns, "lon", "lat", "place"), append(dest, &r.own.lon, &r.own.lat, &r.place)
	}
	return "select " + strings.Join(columns, ", ") + " from " + table(r.q.Kind) +
		" where division = $1 and deleted_at is null" + where + " order by " + order, dest
}

// args are the parameters of the statement.
func (r *reading) args() []any {
	if r.q.Kind == safety.Grids {
		return []any{r.engine.division, r.q.Scheme, r.q.Level}
	}
	return []any{r.engine.division}
}

// cell makes a destination for values of a type.
func (r *reading) cell(t safety.Type) cell {
	switch t {
	case safety.Integer:
		i := new(integer)
		return cell{i, func() any { return orNil(i.n, i.valid) }}
	case safety.Real:
		f := new(real)
		return cell{f, func() any { return orNil(f.f, f.valid) }}
	case safety.Boolean:
		b := new(boolean)
		return cell{b, func() any { return orNil(b.b, b.valid) }}
	case safety.Instant, safety.Deadline:
		at := r.instant()
		return cell{at, func() any { return orNil(at.t, at.t.IsSet()) }}
	}
	s := new(text)
	return cell{s, func() any { return orNil(s.s, s.s != "") }}
}

// orNil is v, or nil when it is not there.
func orNil[T any](v T, there bool) any {
	if !there {
		return nil
	}
	return v
}

// stored makes record number n of what was scanned last.
func (r *reading) stored(n int64) safety.Stored {
	s := safety.Stored{Record: safety.Record{Number: n, Values: make([]any, len(r.cells))}}
	for i, c := range r.cells {
		s.Values[i] = c.value()
	}
	switch {
	case r.q.Kind == safety.Grids:
		boundary, _ := r.geom.g.(orb.MultiPolygon) // one without area is empty in the one store and null in the other
		s.Geometry, s.AreaKm2 = boundary, r.area.f
		return s
	case !Located(r.q.Kind):
		s.Geometry = r.geom.g
		return s
	}
	if s.Location = r.geom.g; r.own.lon.valid && r.own.lat.valid {
		s.Geometry = orb.Point{r.own.lon.f, r.own.lat.f}
	}
	if s.Grids = r.codes[r.place.id]; s.Grids == nil {
		s.Grids = make([]string, r.depth)
	}
	return s
}

// placeCodes reads which grids each place lies in, in the boundaries valid at the time asked for.
func (r *reading) placeCodes(ctx context.Context) error {
	scheme := r.q.Scheme
	if scheme == "" {
		scheme = safety.DefaultScheme
	}
	const deepest = "select coalesce(max(level), 0) from grids where division = $1 and scheme = $2 and deleted_at is null"
	if err := r.conn.QueryRowContext(ctx, deepest, r.engine.division, scheme).Scan(&r.depth); err != nil {
		return fmt.Errorf("levels: %w", err)
	}
	if r.depth == 0 && r.q.Scheme != "" {
		return fmt.Errorf("no grids%s: %w", r.which(), safety.ErrNotFound)
	}
	r.codes = map[safety.PlaceID][]string{}
	var place, level integer
	code := r.shared()
	const query = `select place, level, code from places where division = $1 and scheme = $2
		and epoch <= $3 and (until is null or until > $3) order by place, level`
	args := []any{r.engine.division, scheme, r.engine.dialect.Time(r.q.At)}
	err := scan(ctx, r.conn, scanned{query, args, []any{&place, &level, code}}, func() error {
		codes := r.codes[safety.PlaceID(place.n)]
		if codes == nil {
			codes = make([]string, r.depth)
			r.codes[safety.PlaceID(place.n)] = codes
		}
		if level.n >= 1 && level.n <= int64(r.depth) {
			codes[level.n-1] = code.s
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("places: %w", err)
	}
	return nil
}
