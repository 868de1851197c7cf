package merge

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"

	"hazgrid/safety"
)

// supersede takes out of the batch every record that a later one with the same key replaces.
func (l *laying) supersede(ctx context.Context, w *write) error {
	var key []byte
	var same []int64 // numbers of the records with key
	end := func() error {
		for _, number := range same[:max(0, len(same)-1)] {
			l.ground.Refuse(number)
			reason := "replaced by record " + strconv.FormatInt(same[len(same)-1], 10)
			if err := l.refuse(ctx, w, number, string(key), "id", reason, 1); err != nil {
				return err
			}
		}
		return nil
	}
	err := l.ground.Keys("id", func(value []byte, number int64) error {
		if len(same) > 0 && bytes.Equal(value, key) {
			same = append(same, number)
			return nil
		}
		err := end()
		key, same = append(key[:0], value...), append(same[:0], number)
		return err
	})
	return errors.Join(err, end())
}

// refuse notes a record that is not written.
func (l *laying) refuse(ctx context.Context, w *write, number int64, key, field, reason string, superseded int64) error {
	_, err := w.exec(ctx, "insert into "+refusedTable+" (number, key, field, reason, superseded) values ($1, $2, $3, $4, $5)",
		number, key, field, reason, superseded)
	return err
}

// checkParents returns ErrNoGround unless each parent is in the batch: a parent that is not takes others with it, maybe
// its own children.
func (l *laying) checkParents() error {
	next, stop := iter.Pull2(l.keys("id"))
	defer stop()
	id, err, more := next()
	return errors.Join(err, l.ground.Keys("parent", func(parent []byte, _ int64) error {
		for more && err == nil && bytes.Compare(id, parent) < 0 {
			id, err, more = next()
		}
		switch {
		case err != nil:
			return err
		case !more || !bytes.Equal(id, parent):
			return ErrNoGround
		}
		return nil
	}))
}

// keys yields the values of a field; they are valid until the next.
func (l *laying) keys(field string) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		err := l.ground.Keys(field, func(value []byte, _ int64) error {
			if !yield(value, nil) {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(nil, err)
		}
	}
}

// known reads what records may refer to: enterprises and grids.
func (l *laying) known(ctx context.Context, w *write) error {
	if follows(l.batch.Kind) {
		if err := l.readFirms(ctx, w); err != nil {
			return fmt.Errorf("read the enterprises: %w", err)
		}
	}
	if !Located(l.batch.Kind) || l.batch.Kind == safety.Inspections { // these declare no grid
		return nil
	}
	l.grids = map[string]bool{}
	var name text
	query := scanned{query: declarable, args: []any{w.engine.division}, dest: []any{&name}}
	return scan(ctx, w.conn, query, func() error {
		l.grids[name.s] = true
		return nil
	})
}

func (l *laying) readFirms(ctx context.Context, w *write) error {
	l.firms = map[string]premise{}
	var id text
	var geom raw
	var place integer
	query := scanned{
		query: "select e.id, e.geom, e.place from enterprises e where e.division = $1 and e.deleted_at is null",
		args:  []any{w.engine.division}, dest: []any{&id, &geom, &place},
	}
	return scan(ctx, w.conn, query, func() error {
		if len(l.firms) == groundPremises {
			return ErrNoGround
		}
		l.firms[id.s] = premise{slices.Clone(geom.b), place.n, place.valid}
		return nil
	})
}

// raw reads bytes as they are, valid until the next row.
type raw struct{ b []byte }

func (r *raw) Scan(src any) error {
	var ok bool
	if r.b, ok = src.([]byte); !ok && src != nil {
		return unexpected("bytes", src)
	}
	return nil
}
