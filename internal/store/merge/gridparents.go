package merge

import (
	"context"
	"strings"

	"hazgrid/safety"
)

// prefixes are, longest first, the codes that may be those of the grids above one, by the rules that number
// grids within communities, communities within streets and streets within districts: 15 digits (6 + 3 + 3 + 3,
// DB11), 14 (6 + 3 + 3 + 2, CJ/T 213), 20 (class 6 + 6 + 3 + 3 + 2, CJ/T 349, whose parents may be named with the
// class or without it), and the statistical codes of communities (12) and streets (9) themselves.
// Other codes have none.
func prefixes(code string) []string {
	if strings.Trim(code, "0123456789") != "" {
		return nil
	}
	switch len(code) {
	case 14, 15:
		return []string{code[:12], code[:9], code[:6]}
	case 12:
		return []string{code[:9], code[:6]}
	case 9:
		return []string{code[:6]}
	case 20:
		return []string{code[:18], code[6:18], code[:15], code[6:15], code[:12], code[6:12]}
	}
	return nil
}

// parentByPrefix is the code of the grid above that a grid's own code names, "" when none is there: the longest
// prefix that has a level above.
func parentByPrefix(key codeKey, level int, levels map[codeKey][]int) string {
	for _, code := range prefixes(key.code) {
		found := levels[codeKey{key.scheme, code}]
		above := len(found) > 0
		for _, l := range found {
			above = above && l < level
		}
		if above {
			return code
		}
	}
	return ""
}

// adopt gives the groups that declare no parent the one that their code names.
func (b *gridBatch) adopt() {
	levels := b.levels()
	for _, g := range b.groups {
		if !g.alive() || g.parent != "" {
			continue
		}
		if g.parent = parentByPrefix(g.key.codeKey, g.level, levels); g.parent != "" {
			g.record.Values[b.column["parent"]] = g.parent
			b.adopted.add(g.key.code, g.parent)
		}
	}
}

// adoptStored does so for grids of the store that this batch does not write, so that the order in which
// levels are imported makes no difference.
func (b *gridBatch) adoptStored(ctx context.Context, w *write, changed []*group) error {
	written := map[versionKey]bool{}
	for _, g := range changed {
		written[g.key] = true
	}
	levels := b.levels()
	for _, code := range b.stored.sortedCodes() {
		for _, key := range b.stored.codes[code] {
			v := b.stored.versions[key]
			if written[key] || v.deleted || v.parent != "" {
				continue
			}
			parent := parentByPrefix(code, v.level, levels)
			if parent == "" {
				continue
			}
			if err := b.alter(ctx, w, key, "parent = $6", parent); err != nil {
				return err
			}
			if g := b.byKey[key]; g == nil || !g.alive() {
				b.adopted.add(code.code, parent) // else it is counted already
			}
		}
	}
	return nil
}

// An adoption counts the grids whose parent is derived.
type adoption struct {
	count   int64
	example string
}

func (a *adoption) add(code, parent string) {
	if a.count++; a.count == 1 {
		a.example = code + ": " + parent
	}
}

func (b *gridBatch) warnParents(r *safety.Receipt) {
	addWarning(r, safety.Warning{Code: "parent_by_prefix", Count: b.adopted.count, Example: b.adopted.example})
}
