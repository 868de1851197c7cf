package merge

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"hazgrid/safety"
)

// storedVersion is what the checks need to know of a grid version in the store.
type storedVersion struct {
	level   int
	parent  string
	to      safety.Time // valid_to as it is stored
	digest  [16]byte
	deleted bool
}

// storedVersions are all grid versions of the division, those deleted too, and the ids given away.
type storedVersions struct {
	versions map[versionKey]storedVersion
	codes    map[codeKey][]versionKey
	ids      map[codeKey]int64
	taken    map[int64]bool
}

func (e *Engine) storedVersions(ctx context.Context, c *sql.Conn) (storedVersions, error) {
	s := storedVersions{map[versionKey]storedVersion{}, map[codeKey][]versionKey{}, map[codeKey]int64{}, map[int64]bool{}}
	var scheme, code, parent, digest text
	var level, id integer
	var gone present
	from, to := instant{read: e.dialect.ReadTime}, instant{read: e.dialect.ReadTime}
	query := scanned{
		query: "select scheme, code, " + e.timeOut("valid_from") + ", " + e.timeOut("valid_to") + ", level, parent, id, digest, deleted_at from grids where division = $1 order by scheme, code, valid_from",
		args:  []any{e.division}, dest: []any{&scheme, &code, &from, &to, &level, &parent, &id, &digest, &gone},
	}
	err := scan(ctx, c, query, func() error {
		key := versionKey{codeKey{scheme.s, code.s}, from.t}
		v := storedVersion{level: int(level.n), parent: parent.s, to: to.t, deleted: gone.yes}
		copy(v.digest[:], digest.s)
		s.versions[key] = v
		s.codes[key.codeKey] = append(s.codes[key.codeKey], key)
		if id.valid {
			s.ids[key.codeKey], s.taken[id.n] = id.n, true
		}
		return nil
	})
	return s, err
}

// sortedCodes returns the codes of all versions, in order.
func (s *storedVersions) sortedCodes() []codeKey {
	return slices.SortedFunc(maps.Keys(s.codes), func(x, y codeKey) int {
		return compareKeys(versionKey{codeKey: x}, versionKey{codeKey: y})
	})
}

// id returns the integer id of a grid, a new one if it has none.
func (s *storedVersions) id(division string, key codeKey) int64 {
	id, ok := s.ids[key]
	if ok {
		return id
	}
	for id = safety.GridID(division, key.scheme, key.code); s.taken[id]; {
		id++
	}
	s.ids[key], s.taken[id] = id, true
	return id
}

// check rejects the groups that cannot stand beside the others and the store. Each rejection
// may take away what another group leaned on, so it looks again until none is rejected.
func (b *gridBatch) check() {
	for again := true; again; {
		again = false
		levels := b.levels()
		for _, g := range b.groups {
			if g.alive() {
				b.checkLevel(g, levels)
				b.checkParent(g, levels)
				again = again || !g.alive()
			}
		}
	}
}

// levels returns the levels each code has in the versions that would be in force: those of the
// batch, and those of the store that the batch does not correct. More than one is a conflict.
func (b *gridBatch) levels() map[codeKey][]int {
	levels := map[codeKey][]int{}
	add := func(key codeKey, level int) {
		for _, known := range levels[key] {
			if known == level {
				return
			}
		}
		levels[key] = append(levels[key], level)
	}
	for _, g := range b.groups {
		if g.alive() {
			add(g.key.codeKey, g.level)
		}
	}
	for code, keys := range b.stored.codes {
		for _, key := range keys {
			corrected := b.byKey[key]
			if v := b.stored.versions[key]; !v.deleted && (corrected == nil || !corrected.alive()) {
				add(code, v.level)
			}
		}
	}
	return levels
}

func (b *gridBatch) checkLevel(g *group, levels map[codeKey][]int) {
	for _, level := range levels[g.key.codeKey] {
		if level != g.level {
			g.reject("level", fmt.Sprintf("got %d, another version of grid %s has %d: a code has one level within a scheme", g.level, g.key.code, level))
			return
		}
	}
}

func (b *gridBatch) checkParent(g *group, levels map[codeKey][]int) {
	if g.parent == "" || !g.alive() {
		return
	}
	found := levels[codeKey{g.key.scheme, g.parent}]
	if len(found) == 0 {
		g.reject("parent", "unknown grid "+g.parent)
		return
	}
	for _, level := range found {
		if level >= g.level {
			g.reject("parent", fmt.Sprintf("grid %s has level %d, want one above level %d", g.parent, level, g.level))
			return
		}
	}
}
