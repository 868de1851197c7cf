package merge

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"hazgrid/safety"
)

// keptCodes reads the codes of grids that the source has and the batch has not.
func keptCodes(s *safety.Sync) (map[string]bool, error) {
	if s == nil || s.Keep == nil {
		return nil, nil
	}
	codes := map[string]bool{}
	for code, err := range s.Keep {
		if err != nil {
			return nil, err
		}
		codes[code] = true
	}
	return codes, nil
}

// A gridEnd is what a sync does to one grid version.
type gridEnd struct {
	key versionKey
	to  safety.Time // its new valid_to; unset: it gets a tombstone
}

// end ends the grids of the batch's schemes that the batch has not, when it is to.
func (b *gridBatch) end(ctx context.Context, w *write, r *safety.Receipt) error {
	if b.sync == nil {
		return nil
	}
	gone, live := b.gone()
	if err := b.sync.Believe(safety.Grids, int64(len(gone)), int64(live)); err != nil || len(gone) == 0 {
		return err
	}
	if !b.now.IsSet() {
		return fmt.Errorf("a batch that ends records has a time: %w", safety.ErrInvalid)
	}
	if err := b.parentless(gone); err != nil {
		return err
	}
	w.change.Rows, w.change.Boundaries = true, true
	r.Ended = int64(len(gone))
	for _, code := range slices.SortedFunc(maps.Keys(gone), compareCodes) {
		for _, end := range gone[code] {
			if err := b.endVersion(ctx, w, end); err != nil {
				return fmt.Errorf("grid %s: %w", code.code, err)
			}
		}
	}
	return nil
}

func compareCodes(x, y codeKey) int {
	return cmp.Or(cmp.Compare(x.scheme, y.scheme), cmp.Compare(x.code, y.code))
}

// starts is when the earliest of the batch's grids begin, by scheme.
func (b *gridBatch) starts() map[string]safety.Time {
	starts := map[string]safety.Time{}
	for _, g := range b.groups {
		if from, ok := starts[g.key.scheme]; !ok || g.key.from < from {
			starts[g.key.scheme] = g.key.from
		}
	}
	return starts
}

// gone returns what is to be done to the grids that the batch does not have, and how many grids
// there are in the store of which it might have been that.
func (b *gridBatch) gone() (gone map[codeKey][]gridEnd, live int) {
	here := map[codeKey]bool{}
	for _, g := range b.groups {
		here[g.key.codeKey] = true
	}
	starts := b.starts()
	gone = map[codeKey][]gridEnd{}
	for code, keys := range b.stored.codes {
		from, ok := starts[code.scheme]
		ends := b.ends(keys, from)
		if !ok || len(ends) == 0 {
			continue
		}
		live++
		if !here[code] && !b.kept[code.code] {
			gone[code] = ends
		}
	}
	return gone, live
}

// ends says how the versions of one grid would end at from: what began before keeps that time.
// There are none for a grid of another level or one that has ended by then.
func (b *gridBatch) ends(keys []versionKey, from safety.Time) (ends []gridEnd) {
	for _, key := range keys {
		v := b.stored.versions[key]
		switch {
		case v.deleted || b.sync.Level > 0 && v.level != b.sync.Level:
		case key.from >= from:
			ends = append(ends, gridEnd{key: key})
		case !v.to.IsSet() || v.to >= from:
			ends = append(ends, gridEnd{key: key, to: from - 1})
		}
	}
	return ends
}

// parentless refuses to end a grid that grids which stay name as their parent.
func (b *gridBatch) parentless(gone map[codeKey][]gridEnd) error {
	inUse := func(child, parent codeKey) error {
		if _, ends := gone[parent]; !ends || parent.code == "" {
			return nil
		}
		return fmt.Errorf("the source has no grid %s, but it is the parent of %s, which stays: %w", parent.code, child.code, safety.ErrConflict)
	}
	for _, g := range b.groups {
		if err := inUse(g.key.codeKey, codeKey{g.key.scheme, g.parent}); err != nil && g.alive() {
			return err
		}
	}
	for _, code := range slices.SortedFunc(maps.Keys(b.stored.codes), compareCodes) {
		for _, key := range b.stored.codes[code] {
			v := b.stored.versions[key]
			_, ends := gone[code]
			if next := b.byKey[key]; ends || v.deleted || next != nil && next.alive() {
				continue
			}
			if err := inUse(code, codeKey{code.scheme, v.parent}); err != nil {
				return err
			}
		}
	}
	return nil
}

// endVersion writes one end. A version that gets a valid_to is no longer the record it was given
// as, so that the same record, imported again, opens it again.
func (b *gridBatch) endVersion(ctx context.Context, w *write, end gridEnd) error {
	if end.to.IsSet() {
		return b.alter(ctx, w, end.key, "valid_to = $6, digest = null", b.engine.time(end.to))
	}
	return b.alter(ctx, w, end.key, "deleted_at = $6", b.engine.time(b.now))
}

// alter sets columns of one stored version; value is $6 in set. What was there is kept, for a revert of the batch.
func (b *gridBatch) alter(ctx context.Context, w *write, key versionKey, set string, value any) error {
	const this = "where t.division = $1 and t.scheme = $3 and t.code = $4 and t.valid_from = $5"
	args := []any{key.scheme, key.code, b.engine.dialect.Time(key.from)}
	if _, err := w.remember(ctx, replaced{kind: safety.Grids, rows: this, became: thisBatch, args: args}); err != nil {
		return err
	}
	_, err := w.exec(ctx, "update grids as t set version = $2, batch = $2, "+set+" "+this,
		append([]any{b.engine.division, w.next()}, append(args, value)...)...)
	return err
}
