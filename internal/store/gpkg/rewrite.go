package gpkg

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/paulmach/orb"

	"hazgrid/geo"
	"hazgrid/internal/store/merge"
	"hazgrid/safety"
)

// refers looks for what the record refers to.
func (t *settlement) refers(ctx context.Context, e *edit, r safety.Record) (*safety.FieldError, error) {
	text := func(name string) string {
		i := slices.IndexFunc(safety.Fields(e.kind), func(f safety.Field) bool { return f.Name == name })
		s, _ := r.Values[i].(string)
		return s
	}
	switch e.kind {
	case safety.Grids:
		return t.refersGrid(ctx, e, text("scheme"), text("code"), text("parent"))
	case safety.Enterprises:
		return t.refersEnterprise(ctx, "parent", text("id"), text("parent"))
	case safety.Hazards, safety.Inspections:
		return t.refersEnterprise(ctx, "enterprise", text("id"), text("enterprise"))
	}
	return nil, nil
}

func (t *settlement) refersEnterprise(ctx context.Context, field, id, to string) (*safety.FieldError, error) {
	const known = `SELECT EXISTS (SELECT 1 FROM enterprises WHERE division = $1 AND id = $2 AND deleted_at IS NULL)`
	var ok bool
	if to != "" {
		if err := t.conn.QueryRowContext(ctx, known, t.division, to).Scan(&ok); err != nil {
			return nil, err
		}
	}
	if to == "" || ok {
		return nil, nil
	}
	return &safety.FieldError{Key: id, Field: field, Reason: "unknown enterprise " + to}, nil
}

// refersGrid wants level 1 or deeper, one level for a code, and a parent that exists.
func (t *settlement) refersGrid(ctx context.Context, e *edit, scheme, code, parent string) (*safety.FieldError, error) {
	var level int64
	v, _ := typed(safety.Integer, e.value("level"))
	if level, _ = v.(int64); level < 1 || level > safety.DeepestLevel {
		return &safety.FieldError{Key: code, Field: "level", Reason: fmt.Sprintf("want 1 to %d, got %d", safety.DeepestLevel, level)}, nil
	}
	var clash, orphan bool
	const query = `SELECT EXISTS (SELECT 1 FROM grids WHERE division = $1 AND scheme = $2 AND code = $3 AND deleted_at IS NULL AND fid <> $4 AND level <> $5),
		$6 <> '' AND NOT EXISTS (SELECT 1 FROM grids WHERE division = $1 AND scheme = $2 AND code = $6 AND deleted_at IS NULL)`
	if err := t.conn.QueryRowContext(ctx, query, t.division, scheme, code, e.fid, level, parent).Scan(&clash, &orphan); err != nil {
		return nil, err
	}
	switch {
	case clash:
		return &safety.FieldError{Key: code, Field: "level", Reason: "another version of this code has another level"}, nil
	case orphan:
		return &safety.FieldError{Key: code, Field: "parent", Reason: "unknown grid " + parent}, nil
	}
	return nil, nil
}

// write puts the record back into its row, complete; taken tells that its key belongs to another row.
func (t *settlement) write(ctx context.Context, e *edit, r safety.Record) (taken bool, err error) {
	u := update{}
	digest := safety.Digest(e.kind, r)
	u.set("division", t.division)
	u.set("digest", digest[:])
	u.set("version", t.version)
	u.set("deleted_at", nil)
	for i, f := range safety.Fields(e.kind) {
		u.set(f.Name, columnValue(e.kind, f, r.Values[i]))
	}
	switch {
	case e.kind == safety.Grids:
		err = t.setGrid(ctx, e, r, &u)
	case merge.Located(e.kind):
		err = t.setPoint(e, r, &u)
	default:
		err = u.setShape(r.Geometry)
	}
	if err != nil {
		return false, err
	}
	t.note(e)
	if taken, err = u.exec(ctx, t.conn, e); taken || err != nil {
		return taken, err
	}
	if e.deletedAt != "" {
		return false, t.forgive(ctx, e)
	}
	return false, nil
}

// columnValue is a field's value as its column has it.
func columnValue(k safety.Kind, f safety.Field, v any) any {
	if at, ok := v.(safety.Time); ok {
		return timeText(at)
	}
	if v == nil && k == safety.Grids && f.Name == "valid_from" {
		return merge.Always
	}
	return v
}

// setGrid sets what is computed for a grid. A code keeps its integer id; a row that was pasted or
// renamed may carry that of another code.
func (t *settlement) setGrid(ctx context.Context, e *edit, r safety.Record, u *update) error {
	mp, _ := r.Geometry.(orb.MultiPolygon)
	u.set("area_km2", geo.Area(mp)/1e6)
	scheme, _ := r.Values[0].(string)
	code, _ := r.Values[1].(string)
	id, err := t.gridID(ctx, e, scheme, code)
	if err != nil {
		return err
	}
	u.set("id", id)
	return u.setShape(mp)
}

func (t *settlement) gridID(ctx context.Context, e *edit, scheme, code string) (int64, error) {
	var id sql.NullInt64
	const known = `SELECT max(id) FROM grids WHERE division = $1 AND scheme = $2 AND code = $3 AND (fid <> $4 OR NOT $5)`
	err := t.conn.QueryRowContext(ctx, known, t.division, scheme, code, e.fid, e.inserted).Scan(&id)
	if err != nil || id.Valid {
		return id.Int64, err
	}
	for id.Int64 = safety.GridID(t.division, scheme, code); ; id.Int64++ {
		var used bool
		const query = `SELECT EXISTS (SELECT 1 FROM grids WHERE division = $1 AND id = $2 AND fid <> $3)`
		err := t.conn.QueryRowContext(ctx, query, t.division, id.Int64, e.fid).Scan(&used)
		if err != nil || !used {
			return id.Int64, err
		}
	}
}

// setPoint sets own coordinates and effective location; the place follows when all are placed.
func (t *settlement) setPoint(e *edit, r safety.Record, u *update) error {
	p, ok := r.Geometry.(orb.Point)
	if ok {
		u.set("lon", p[0])
		u.set("lat", p[1])
		if e.moved != "" || e.inserted || e.deletedAt != "" {
			return u.setShape(p)
		}
		return nil
	}
	u.set("lon", nil)
	u.set("lat", nil)
	if e.kind == safety.Enterprises {
		u.set("place", nil)
		return u.setShape(nil)
	}
	const from = `(SELECT e.%s FROM enterprises e WHERE e.division = ? AND e.id = ? AND e.deleted_at IS NULL)`
	for _, column := range []string{"geom", "place"} {
		u.expressions = append(u.expressions, column+" = "+fmt.Sprintf(from, column))
		u.args = append(u.args, t.division, e.value("enterprise"))
	}
	return nil
}

// An update gathers the columns of one row.
type update struct {
	expressions []string
	args        []any
}

func (u *update) set(column string, v any) {
	u.expressions = append(u.expressions, quoted(column)+" = ?")
	u.args = append(u.args, v)
}

func (u *update) setShape(g orb.Geometry) error {
	if g == nil {
		u.set("geom", nil)
		return nil
	}
	blob, err := geo.EncodeGPKG(g)
	if err != nil {
		return err
	}
	u.set("geom", blob)
	return nil
}

func (u *update) exec(ctx context.Context, c *sql.Conn, e *edit) (taken bool, err error) {
	query := `UPDATE "` + string(e.kind) + `" SET ` + strings.Join(u.expressions, ", ") + ` WHERE fid = ?`
	_, err = c.ExecContext(ctx, query, append(u.args, e.fid)...)
	return isConstraint(err), unlessConstraint(err)
}

func unlessConstraint(err error) error {
	if isConstraint(err) {
		return nil
	}
	return err
}
