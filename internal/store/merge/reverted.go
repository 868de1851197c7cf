package merge

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"hazgrid/safety"
)

// refuseChanged refuses when a row that the batch changed is not as it left it: putting it back
// would undo what came later too.
func (v *reversal) refuseChanged(ctx context.Context) error {
	k := v.batch.Kind
	h := list(keyColumns(k), "h.%")
	row := table(k) + " t on t.division = h.division and " + sameKey(k, "h", "t")
	other := "select " + h + " from " + historyOf(k) + " h left join " + row +
		" where h.division = $1 and h.replaced = $2 and (t.division is null or t.batch is distinct from h.became)" +
		" union select " + h + " from " + historyOf(k) + " h join " + row +
		" where h.division = $1 and h.replaced > $2 and h.batch = $2 and t.batch is distinct from $2"
	query := "with other as (" + other + "), last as (select max(l.replaced) as batch from other left join " + historyOf(k) +
		" l on l.division = $1 and l.replaced > $2 and " + sameKey(k, "l", "other") + " group by " + list(keyColumns(k), "other.%") +
		") select batch, count(*) from last group by batch order by batch"
	return v.refuseFor(ctx, query, "were changed since")
}

// refuseMissed refuses when a record that came later refers to one that is to be no more.
func (v *reversal) refuseMissed(ctx context.Context) error {
	var queries []string
	const gone = " join enterprises e on e.division = $1 and e.version = $3 and e.deleted_at is not null and "
	switch v.batch.Kind {
	case safety.Enterprises:
		for _, k := range []safety.Kind{safety.Hazards, safety.Inspections} {
			queries = append(queries, "select r.batch from "+table(k)+" r"+gone+"e.id = r.enterprise")
		}
		queries = append(queries, "select r.batch from enterprises r"+gone+"e.id = r.parent")
	case safety.Grids:
		queries = append(queries, "select r.batch from grids r join grids e on e.division = $1 and e.version = $3 and e.deleted_at is not null"+
			" and e.scheme = r.scheme and e.code = r.parent and not exists (select 1 from grids o"+
			" where o.division = $1 and o.scheme = e.scheme and o.code = e.code and o.deleted_at is null)")
	default:
		return nil
	}
	for i := range queries {
		queries[i] += " where r.division = $1 and r.deleted_at is null and r.batch > $2"
	}
	query := "select batch, count(*) from (" + strings.Join(queries, " union all ") + ") r group by batch order by batch"
	return v.refuseFor(ctx, query, "are referred to by records that came later", v.write.next())
}

// refuseFor runs a query that yields the batches in the way, with how many records of each, null
// being another program's hand, and refuses when there are any.
func (v *reversal) refuseFor(ctx context.Context, query, why string, args ...any) error {
	var in []string
	var batch, count integer
	var records int64
	args = append([]any{v.write.engine.division, v.batch.Batch}, args...)
	err := scan(ctx, v.write.conn, scanned{query, args, []any{&batch, &count}}, func() error {
		records += count.n
		if batch.valid {
			in = append(in, strconv.FormatInt(batch.n, 10))
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("look for later batches: %w", err)
	}
	if records == 0 {
		return nil
	}
	return fmt.Errorf("%d of its %s %s %s: %w", records, v.batch.Kind, why, later(in), safety.ErrConflict)
}

func later(batches []string) string {
	switch len(batches) {
	case 0:
		return "by another program"
	case 1:
		return "by batch " + batches[0] + ": revert that first"
	}
	return "by batches " + strings.Join(batches, ", ") + ": revert those first, the last of them first"
}
