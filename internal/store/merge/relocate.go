package merge

import (
	"context"
	"database/sql"
	"iter"

	"hazgrid/safety"
)

// pageSize is how many rows are read, placed and written at a time.
const pageSize = 20_000

// A relocation gives the rows of one table the places that a placer says, a page at a time:
// PostgreSQL cannot write on a connection that is still reading.
type relocation struct {
	engine *Engine
	conn   *sql.Conn
	placer *safety.Placer
	sites  map[safety.PlaceID][]safety.Site // gathers every place met

	query  string                                      // yields key, shape and place of at most pageSize rows after key $1, in order of key
	args   []any                                       // its parameters after $1
	first  any                                         // a key before all
	key    safety.Type                                 // of the key
	update func(ctx context.Context, rows int64) error // gives the rows of movedTable (key, place) their place
}

// move is the place that a row gets.
type move struct {
	key   any
	place safety.PlaceID
}

func (r *relocation) run(ctx context.Context) error {
	d := r.engine.dialect
	if err := createTemporary(ctx, r.conn, movedTable, "key "+d.Column(r.key), "place "+d.Column(safety.Integer)); err != nil {
		return err
	}
	defer func() { _ = dropTemporary(context.WithoutCancel(ctx), r.conn, movedTable) }()
	for key := r.first; key != nil; {
		last, moves, err := r.page(ctx, key)
		if err != nil {
			return err
		}
		if err := r.apply(ctx, moves); err != nil {
			return err
		}
		key = last
	}
	return nil
}

// page reads the rows after key and returns the last key, nil after the last page, and the rows whose place is another now.
func (r *relocation) page(ctx context.Context, key any) (last any, moves []move, err error) {
	var at any
	var place placeID
	shape := shape{decode: r.engine.dialect.Decode}
	n := 0
	query := scanned{r.query, append([]any{key}, r.args...), []any{&at, &shape, &place}}
	err = scan(ctx, r.conn, query, func() error {
		n++
		last = at
		id, sites := r.placer.Place(shape.point())
		r.sites[id] = sites
		if id != place.id {
			moves = append(moves, move{at, id})
		}
		return nil
	})
	if n < pageSize {
		last = nil
	}
	return last, moves, err
}

func (r *relocation) apply(ctx context.Context, moves []move) error {
	if len(moves) == 0 {
		return nil
	}
	if _, err := r.conn.ExecContext(ctx, "delete from "+movedTable); err != nil {
		return err
	}
	if err := r.engine.dialect.Stage(ctx, r.conn, Target{movedTable, []string{"key", "place"}}, movesAsRows(moves)); err != nil {
		return err
	}
	return r.update(ctx, int64(len(moves)))
}

func movesAsRows(moves []move) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		row := make([]any, 2)
		for _, m := range moves {
			row[0], row[1] = m.key, int64(m.place)
			if !yield(row, nil) {
				return
			}
		}
	}
}
