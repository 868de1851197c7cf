package importers

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// isCutOff reports that a name in the file is what its format has left of a longer one.
func (c *columns) isCutOff(name, of string) bool {
	short := foldName(name)
	return c.cut[name] && short != "" && strings.HasPrefix(foldName(of), short)
}

// whole returns the claims of the words that a name may have been before it was cut off, as 统一社会信 may be
// 统一社会信用代码. When they are of different targets, or a word is a trap, means says so and the name is not used.
func (c *columns) whole(name string) (found []claim, means string, trap bool) {
	var words []string
	same := true
	for _, w := range slices.Sorted(maps.Keys(c.words)) {
		if !c.isCutOff(name, w) {
			continue
		}
		cls := fits(c.words[w])
		if words = append(words, w); len(words) > 1 && !slices.EqualFunc(found, cls, func(a, b claim) bool { return a.target == b.target }) {
			same = false
		}
		if found == nil || cls[0].fit > found[0].fit {
			found = cls
		}
	}
	for _, w := range slices.Sorted(maps.Keys(c.traps)) {
		if c.isCutOff(name, w) {
			return nil, fmt.Sprintf("it may be %s cut off, and %s", w, c.traps[w]), true
		}
	}
	if !same {
		return nil, fmt.Sprintf("it is cut off and may be any of %s; say --map", strings.Join(words, ", ")), true
	}
	return found, "", false
}

// fits are claims in which the name of a field, cut off, counts as a word for it.
func fits(cls []claim) []claim {
	out := slices.Clone(cls)
	for i := range out {
		out[i].fit = min(out[i].fit, synonym)
	}
	return out
}
