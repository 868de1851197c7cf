package importers

import (
	"slices"
	"strings"
)

const (
	headerRows  = 20 // of the first rows with a value, in which a header is looked for
	headerScore = 2  // columns that must be recognised to take a row other than the first for one
)

// A header is where the names of the columns stand in a table.
type header struct {
	names []string
	last  int // number of its last line
	score int // columns that are recognised
}

// A recogniser tells a header from titles and from data by the columns that a kind has.
type recogniser struct{ columns *columns }

func newRecogniser(o Options) *recogniser {
	return &recogniser{newColumns(o.Kind, o.Map, func(string, string) {})}
}

// header finds the header among the first lines of a table that have a value. Ledgers begin with a title, and some with
// two rows of names: groups over columns. The first row, or the first two together, with at least two columns of the
// kind is the header; where there is none, the first row with any, and then the first row. No lines, no names.
func (r *recogniser) header(top []line) header {
	if len(top) == 0 {
		return header{}
	}
	best := header{}
	for i, l := range top[:min(len(top), headerRows)] {
		one := header{l.cells, l.number, r.score(l.cells)}
		if i+1 < len(top) {
			two := header{names: r.join(l.cells, top[i+1].cells), last: top[i+1].number}
			two.score = r.score(two.names)
			if two.score >= headerScore && two.score > max(one.score, r.score(top[i+1].cells)) {
				return two
			}
		}
		if one.score >= headerScore {
			return one
		}
		if one.score > best.score {
			best = one
		}
	}
	if best.score == 0 {
		best = header{top[0].cells, top[0].number, 0}
	}
	return best
}

// score counts the columns of a row that would be used.
func (r *recogniser) score(names []string) int {
	used := map[int]bool{}
	r.columns.found = nil // the slice may be the same with other names in it
	for _, col := range r.columns.find(names) {
		if col >= 0 {
			used[col] = true
		}
	}
	return len(used)
}

// join makes one header of two rows: of each column the lower name, or group and name together where that says more (发现 over 时间).
func (r *recogniser) join(upper, lower []string) []string {
	out := make([]string, max(len(upper), len(lower)))
	for i := range out {
		up, low := cellAt(upper, i), cellAt(lower, i)
		switch both := up + low; {
		case strings.TrimSpace(low) == "":
			out[i] = up
		case up != low && r.fit(both) > r.fit(low):
			out[i] = both
		default:
			out[i] = low
		}
	}
	return out
}

// fit is how well a name fits what it fits best, 0 for nothing.
func (r *recogniser) fit(name string) (best int) {
	for _, c := range r.columns.claims(name) {
		best = max(best, c.fit)
	}
	return best
}

func cellAt(cells []string, i int) string {
	if i < len(cells) {
		return cells[i]
	}
	return ""
}

// totals are the words that begin a row of sums.
var totals = []string{"合计", "小计", "总计", "共计", "累计", "本页合计", "本页小计"}

// isTotal reports a row of sums: one of its first three values is a word for it and nothing else. It is no record.
func isTotal(cells []string) bool {
	seen := 0
	for _, c := range cells {
		if c = strings.TrimSpace(c); c == "" {
			continue
		}
		if len(c) <= 24 && (strings.Contains(c, "计") || strings.Contains(c, "計")) && slices.Contains(totals, strings.TrimRight(foldName(c), ":：")) {
			return true
		}
		if seen++; seen == 3 {
			break
		}
	}
	return false
}
