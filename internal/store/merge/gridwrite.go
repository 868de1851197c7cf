package merge

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"hazgrid/safety"

	"github.com/paulmach/orb"
)

// first tells that the division has never had a grid: nothing can be in the way of the batch.
func (b *gridBatch) first() bool { return len(b.stored.versions) == 0 }

// mergeFirst writes the first grids of a division, which are then all there are: they need not be read back, so that they are
// looked at while the database writes.
func (b *gridBatch) mergeFirst(ctx context.Context, w *write, groups []*group, r *safety.Receipt) error {
	var grids []safety.Grid
	var current latest
	var grounds []*ground
	looked := make(chan struct{})
	go func() {
		defer close(looked)
		grids = b.asGrids(groups)
		current = newest(grids)
		grounds = b.grounds(current)
		lookAll(grounds)
	}()
	err := b.insert(ctx, w, groups)
	<-looked
	if err != nil {
		return fmt.Errorf("write: %w", err)
	}
	w.grids = grids
	return b.warn(current, grounds, r)
}

// insert writes groups of which none is there.
func (b *gridBatch) insert(ctx context.Context, w *write, groups []*group) error {
	if len(groups) == 0 {
		return nil
	}
	w.change.Rows, w.change.Boundaries = true, true
	to := Target{"grids", append(gridColumns(), "division", "version", "batch")}
	return w.bulk(ctx, Work{Kind: safety.Grids, Rows: int64(len(groups)), Geometry: true, Fresh: true}, func() error {
		return b.engine.dialect.Stage(ctx, b.conn, to, b.rows(groups, b.engine.division, w.next(), w.next()))
	})
}

// asGrids are the groups as they would be read back.
func (b *gridBatch) asGrids(groups []*group) []safety.Grid {
	grids := make([]safety.Grid, len(groups))
	for i, g := range groups {
		grid := safety.Grid{
			ID: g.id, Scheme: g.key.scheme, Code: g.key.code, Level: g.level, ValidFrom: g.key.from,
			Name: b.text(g.record, "name"), Parent: b.text(g.record, "parent"), Kind: b.text(g.record, "kind"), AreaKm2: g.areaKm2,
		}
		grid.ValidTo, _ = g.record.Values[b.column["valid_to"]].(safety.Time)
		grid.Synthetic, _ = g.record.Values[b.column["synthetic"]].(bool)
		grid.Boundary, _ = g.record.Geometry.(orb.MultiPolygon)
		grids[i] = grid
	}
	return grids
}

// gridColumns are the columns of rows: the fields of a grid and what is made of them.
func gridColumns() []string { return append(names(safety.Grids), "geom", "id", "area_km2", "digest") }

// upsert writes groups by way of a temporary table.
func (b *gridBatch) upsert(ctx context.Context, w *write, groups []*group) error {
	w.change.Rows, w.change.Boundaries = true, true
	d := b.engine.dialect
	var columns []string
	for _, f := range safety.Fields(safety.Grids) {
		columns = append(columns, quote(f.Name)+" "+d.Column(f.Type))
	}
	columns = append(columns, "geom "+d.Geometry, "id "+d.Column(safety.Integer), "area_km2 "+d.Column(safety.Real), "digest "+d.Bytes)
	if err := createTemporary(ctx, b.conn, StageTable, columns...); err != nil {
		return err
	}
	defer func() { _ = dropTemporary(context.WithoutCancel(ctx), b.conn, StageTable) }()
	all := gridColumns()
	if err := d.Stage(ctx, b.conn, Target{StageTable, all}, b.rows(groups)); err != nil {
		return err
	}
	if _, err := w.remember(ctx, replaced{
		kind: safety.Grids, became: thisBatch,
		rows: "join " + StageTable + " s on " + sameKey(safety.Grids, "s", "t") + " where t.division = $1",
	}); err != nil {
		return err
	}
	quoted := list(all, `"%"`)
	upsert := "insert into grids (division, version, batch, " + quoted + ") select $1, " + thisBatch + ", " + thisBatch + ", " + quoted + " from " + StageTable +
		" where true on conflict (division, scheme, code, valid_from) do update set deleted_at = null, version = excluded.version, batch = excluded.batch, " +
		list(slices.DeleteFunc(all, isGridKey), `"%" = excluded."%"`)
	return w.bulk(ctx, Work{Kind: safety.Grids, Rows: int64(len(groups)), Geometry: true}, func() error {
		_, err := w.exec(ctx, upsert, b.engine.division, w.next())
		return err
	})
}

func isGridKey(column string) bool {
	return slices.Contains(strings.Fields("scheme code valid_from"), column)
}

// rows yields groups in the form of gridColumns and more, the same for each.
func (b *gridBatch) rows(groups []*group, more ...any) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		var row []any
		for _, g := range groups {
			shape, err := b.engine.dialect.Encode(g.record.Geometry)
			row = b.engine.values(row[:0], g.record)
			row[b.column["scheme"]] = g.key.scheme
			row[b.column["valid_from"]] = b.engine.dialect.Time(g.key.from)
			row = append(append(row, shape, g.id, g.areaKm2, g.digest[:]), more...)
			if err != nil {
				err = fmt.Errorf("grid %s: geometry: %w", g.key.code, err)
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}
