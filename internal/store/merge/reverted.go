package merge

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"hazgrid/safety"
)

// namedFor is how many records in the way are looked at to name the batches that put them there.
const namedFor = 1000

// refuseChanged refuses when a row that the batch changed is not as it left it: putting it back
// would undo what came later too.
func (v *reversal) refuseChanged(ctx context.Context) error {
	k := v.batch.Kind
	key, row := list(keyColumns(k), "h.%"), table(k)+" t on t.division = h.division and "+sameKey(k, "h", "t")
	other := "select " + key + " from " + historyOf(k) + " h left join " + row +
		" where h.division = $1 and h.replaced = $2 and (t.division is null or t.batch is distinct from h.became)" +
		" union select " + key + " from " + historyOf(k) + " h join " + row +
		" where h.division = $1 and h.replaced > $2 and h.batch = $2 and t.batch is distinct from $2"
	var changed int64
	err := v.write.conn.QueryRowContext(ctx, "select count(*) from ("+other+") o", v.write.engine.division, v.batch.Batch).Scan(&changed)
	if err != nil || changed == 0 {
		return err
	}
	last := "with other as (" + other + fmt.Sprintf(" limit %d", namedFor) + ") select max(l.replaced) as batch from other left join " + historyOf(k) +
		" l on l.division = $1 and l.replaced > $2 and " + sameKey(k, "l", "other") + " group by " + list(keyColumns(k), "other.%")
	batches, err := v.batches(ctx, "select distinct batch from ("+last+") l order by batch")
	if err != nil {
		return err
	}
	return v.refuse(fmt.Sprintf("%d of its %s were changed since by", changed, k), batches)
}

// refuseMissed refuses when a record that came later refers to one that is to be no more.
func (v *reversal) refuseMissed(ctx context.Context) error {
	var later []string
	refers := func(k safety.Kind, gone string) {
		later = append(later, "select r.batch from "+table(k)+" r where r.division = $1 and r.deleted_at is null and r.batch > $2 and "+gone)
	}
	// A subquery that is one value cannot be turned round: each record looks up what it refers to, by its key.
	const gone = "(select e.deleted_at from enterprises e where e.division = $1 and e.version = $3 and e.id = r.%s) is not null"
	switch v.batch.Kind {
	case safety.Enterprises:
		refers(safety.Hazards, fmt.Sprintf(gone, "enterprise"))
		refers(safety.Inspections, fmt.Sprintf(gone, "enterprise"))
		refers(safety.Enterprises, fmt.Sprintf(gone, "parent"))
	case safety.Grids:
		refers(safety.Grids, "r.parent in (select e.code from grids e where e.division = $1 and e.version = $3 and e.deleted_at is not null and e.scheme = r.scheme)"+
			" and not exists (select 1 from grids o where o.division = $1 and o.scheme = r.scheme and o.code = r.parent and o.deleted_at is null)")
	default:
		return nil
	}
	from := " from (" + strings.Join(later, " union all ") + ") r"
	var missed int64
	args := []any{v.write.engine.division, v.batch.Batch, v.write.next()}
	if err := v.write.conn.QueryRowContext(ctx, "select count(*)"+from, args...).Scan(&missed); err != nil || missed == 0 {
		return err
	}
	batches, err := v.batches(ctx, "select distinct batch"+from+" order by batch", v.write.next())
	if err != nil {
		return err
	}
	return v.refuse(fmt.Sprintf("%d later records refer to its %s, from", missed, v.batch.Kind), batches)
}

// batches runs a query that yields numbers of batches; null, which is another program's hand, is left out.
func (v *reversal) batches(ctx context.Context, query string, args ...any) (found []string, err error) {
	var batch integer
	args = append([]any{v.write.engine.division, v.batch.Batch}, args...)
	err = scan(ctx, v.write.conn, scanned{query, args, []any{&batch}}, func() error {
		if batch.valid {
			found = append(found, strconv.FormatInt(batch.n, 10))
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for later batches: %w", err)
	}
	return found, nil
}

// refuse says what is in the way, and in which batches.
func (v *reversal) refuse(what string, batches []string) error {
	by := "another program"
	switch len(batches) {
	case 0:
	case 1:
		by = "batch " + batches[0] + ": revert that first"
	default:
		by = "batches " + strings.Join(batches, ", ") + ": revert those first, the last of them first"
	}
	return fmt.Errorf("%s %s: %w", what, by, safety.ErrConflict)
}
