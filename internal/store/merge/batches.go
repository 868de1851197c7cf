package merge

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"hazgrid/safety"
)

const batchColumns = `batch, op, kind, reverts, file, author, frame, encoding,
	read, inserted, updated, unchanged, superseded, rejected, ended`

// record enters a batch that changed something into the list of batches.
func (w *write) record(ctx context.Context, a safety.Applied) error {
	if w.change == (Change{}) {
		return nil
	}
	const insert = `insert into batches (division, at, ` + batchColumns + `)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`
	_, err := w.exec(ctx, insert, w.engine.division, w.engine.time(a.At), w.next(), string(a.Op), orNull(string(a.Kind)), reverts(a.Reverts),
		orNull(a.File), orNull(a.By), orNull(a.Frame), orNull(a.Encoding),
		a.Read, a.Inserted, a.Updated, a.Unchanged, a.Superseded, a.Rejected, a.Ended)
	if err != nil {
		return fmt.Errorf("enter batch %d: %w", w.next(), err)
	}
	return nil
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func reverts(batch int64) any {
	if batch == 0 {
		return nil
	}
	return batch
}

// origin asks the batch where it comes from.
func origin(b safety.Batch) safety.Origin {
	if b.Origin == nil {
		return safety.Origin{}
	}
	return b.Origin()
}

// imported is what the list of batches says of an import.
func imported(b safety.Batch, o safety.Origin, r *safety.Receipt) safety.Applied {
	return safety.Applied{
		Op: safety.OpImport, Kind: b.Kind, Origin: o,
		Read:     r.Inserted + r.Updated + r.Unchanged + r.Superseded + r.Rejected + o.LeftOut,
		Inserted: r.Inserted, Updated: r.Updated, Unchanged: r.Unchanged, Superseded: r.Superseded,
		Rejected: r.Rejected + o.LeftOut, Ended: r.Ended,
	}
}

// Batches is store.Store's Batches on connection c.
func (e *Engine) Batches(ctx context.Context, c *sql.Conn) ([]safety.Applied, error) {
	return e.batches(ctx, c, "", e.division)
}

// batch returns one batch; ErrNotFound when there is none of that number.
func (e *Engine) batch(ctx context.Context, c *sql.Conn, number int64) (safety.Applied, error) {
	found, err := e.batches(ctx, c, " and batch = $2", e.division, number)
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("batch %d: %w", number, safety.ErrNotFound)
	}
	if err != nil {
		return safety.Applied{}, err
	}
	return found[0], nil
}

func (e *Engine) batches(ctx context.Context, c *sql.Conn, where string, args ...any) (all []safety.Applied, err error) {
	var batch, undone, read, inserted, updated, unchanged, superseded, rejected, ended integer
	var op, kind, file, author, frame, encoding text
	at := instant{read: e.dialect.ReadTime}
	query := scanned{
		query: "select " + e.timeOut("at") + ", " + batchColumns + " from batches where division = $1" + where + " order by batch desc",
		args:  args,
		dest: []any{
			&at, &batch, &op, &kind, &undone, &file, &author, &frame, &encoding,
			&read, &inserted, &updated, &unchanged, &superseded, &rejected, &ended,
		},
	}
	err = scan(ctx, c, query, func() error {
		all = append(all, safety.Applied{
			Batch: batch.n, Op: safety.Op(op.s), Kind: safety.Kind(kind.s), Reverts: undone.n,
			Origin: safety.Origin{File: file.s, By: author.s, At: at.t, Frame: frame.s, Encoding: encoding.s},
			Read:   read.n, Inserted: inserted.n, Updated: updated.n, Unchanged: unchanged.n,
			Superseded: superseded.n, Rejected: rejected.n, Ended: ended.n,
		})
		return nil
	})
	if err != nil && !errors.Is(err, safety.ErrNotFound) {
		err = fmt.Errorf("read the batches: %w", err)
	}
	return all, err
}
