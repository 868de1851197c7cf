package importers

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/width"

	"hazgrid/safety"
)

// Targets beside the fields of a kind: they make the geometry of a record, or say what its fields do not.
const (
	lonTarget      = "lon"
	latTarget      = "lat"
	lonLatTarget   = "lonlat" // both in one cell
	geometryTarget = "geometry"
	firmTarget     = "enterprise_name" // where a record names its enterprise, not the enterprise's id
	firmCodeTarget = "credit_code"
	statusTarget   = "status" // of a hazard, which has dates instead
	// sourceTarget is a column of files that hazgrid exported: the frame in which the coordinates came in once,
	// which are WGS 84 in the file.
	sourceTarget = "source_frame"
)

// dbfName is how many bytes of a column's name a Shapefile keeps.
const dbfName = 10

// targetNames lists what a column may hold: the fields of k, then what makes its geometry, then the rest.
func targetNames(k safety.Kind) []string {
	var out []string
	for _, f := range safety.Fields(k) {
		out = append(out, f.Name)
	}
	switch {
	case hasShape(k):
		return append(out, geometryTarget, sourceTarget)
	case k == safety.Enterprises:
		return append(out, lonTarget, latTarget, lonLatTarget, sourceTarget)
	}
	out = append(out, lonTarget, latTarget, lonLatTarget, firmTarget, firmCodeTarget, sourceTarget)
	if k == safety.Hazards {
		return append(out, statusTarget)
	}
	return out
}

// hasShape tells kinds that are an area or a line from those that are a point.
func hasShape(k safety.Kind) bool { return k == safety.Grids || k == safety.Lines }

// How well a column's name fits a target; a better one displaces a worse one.
const (
	weak      = iota + 1 // a word that means the target only where nothing else does
	synonym              // a word for it
	canonical            // its own name
	mapped               // named by the user
)

// A claim is a target that a column may be.
type claim struct{ target, fit int }

// columns finds the columns of rows.
type columns struct {
	targets []string
	mapped  []Column
	words   map[string][]claim // by folded name
	traps   map[string]string  // folded names that are not used because they mean two things
	cache   map[string][]claim // by name as it stands in the file
	seen    []bool             // of mapped: some row has that column
	noted   map[string]bool
	cut     map[string]bool // names that the file's format has cut off, as they stand there; nil when none is
	warn    func(code, example string)

	last  []string // the names that found is for
	found []int    // column of each target, -1 for none
}

// newColumns prepares for rows of k. warn is told of columns that nobody can be sure about.
func newColumns(k safety.Kind, m []Column, warn func(code, example string)) *columns {
	c := &columns{
		targets: targetNames(k), mapped: m, warn: warn, seen: make([]bool, len(m)),
		words: map[string][]claim{}, traps: traps(k), cache: map[string][]claim{}, noted: map[string]bool{},
	}
	for i, t := range c.targets {
		if n := slices.Index(m, Column{Field: t}); n >= 0 {
			c.seen[n] = true // no column is meant
			continue
		}
		c.add(t, claim{i, canonical})
		if len(t) > dbfName && !slices.Contains(c.targets, t[:dbfName]) {
			c.add(t[:dbfName], claim{i, synonym})
		}
		s := synonyms(k, t)
		c.add(s.strong, claim{i, synonym})
		c.add(s.weak, claim{i, weak})
	}
	return c
}

// add enters words that are separated by spaces.
func (c *columns) add(list string, cl claim) {
	for _, w := range strings.Fields(list) {
		w = foldName(w)
		if !slices.ContainsFunc(c.words[w], func(o claim) bool { return o.target == cl.target }) {
			c.words[w] = append(c.words[w], cl)
		}
	}
}

// find returns the column of each target in rows with these names, -1 for none. The result is valid
// until the next call.
func (c *columns) find(names []string) []int {
	if c.found != nil && sameSlice(names, c.last) {
		return c.found
	}
	c.last = names
	if c.found == nil {
		c.found = make([]int, len(c.targets))
	}
	fits := make([]int, len(c.targets))
	for i := range c.found {
		c.found[i] = -1
	}
	for col, name := range names {
		for _, cl := range c.claims(name) {
			c.settle(names, fits, col, cl)
		}
	}
	return c.found
}

func sameSlice(a, b []string) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

// settle gives a target to a column, unless one that fits better has it; among equals the first.
func (c *columns) settle(names []string, fits []int, col int, cl claim) {
	was := fits[cl.target]
	loser := col
	if cl.fit > was {
		loser = c.found[cl.target]
		c.found[cl.target], fits[cl.target] = col, cl.fit
	}
	if loser < 0 || max(was, cl.fit) == mapped || was != cl.fit && min(was, cl.fit) == weak {
		return
	}
	note := fmt.Sprintf("%s: column %q is used, %q is not", c.targets[cl.target], names[c.found[cl.target]], names[loser])
	c.note("ambiguous_column", note)
}

// note warns once of each thing, of a bounded number of things.
func (c *columns) note(code, example string) {
	if !c.noted[example] && len(c.noted) < 1000 {
		c.noted[example] = true
		c.warn(code, example)
	}
}

// claims returns what a column of this name may be. A column that the user has mapped is nothing
// else, except by its own canonical name.
func (c *columns) claims(name string) []claim {
	if cls, ok := c.cache[name]; ok {
		return cls
	}
	folded := foldName(name)
	var cls []claim
	for i, m := range c.mapped {
		if m.Name == "" {
			continue
		}
		if m.Name == strings.TrimSpace(name) || foldName(m.Name) == folded && folded != "" || c.isCutOff(name, m.Name) {
			c.seen[i] = true
			cls = append(cls, claim{slices.Index(c.targets, m.Field), mapped})
		}
	}
	isMapped := len(cls) > 0
	words := c.words[folded]
	means, trap := c.traps[folded]
	if len(words) == 0 && !trap && c.cut[name] {
		words, means, trap = c.whole(name)
	}
	for _, cl := range words {
		if !isMapped || cl.fit == canonical {
			cls = append(cls, cl)
		}
	}
	if trap && !isMapped {
		c.note("ambiguous_column", fmt.Sprintf("%q is not used: %s", name, means))
	}
	if len(c.cache) < 10000 {
		c.cache[name] = cls
	}
	return cls
}

// missing returns an error that names the first column that the user has mapped and no row has had.
func (c *columns) missing(names []string) error {
	for i, ok := range c.seen {
		if !ok {
			return fmt.Errorf("%w: --map %s=%s: the file has no column %q (it has: %s)", safety.ErrInvalid,
				c.mapped[i].Field, c.mapped[i].Name, c.mapped[i].Name, clipList(names))
		}
	}
	return nil
}

// clipList joins names for a message.
func clipList(names []string) string {
	const most = 30
	if len(names) > most {
		return strings.Join(names[:most], ", ") + ", …"
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// foldName brings a header to the form in which it is compared: half-width, lower case, simplified, without
// spaces, asterisks and notes in brackets.
func foldName(s string) string {
	depth := 0
	var b strings.Builder
	for _, r := range width.Fold.String(s) {
		switch {
		case strings.ContainsRune("([{【〔", r):
			depth++
		case strings.ContainsRune(")]}】〕", r):
			depth = max(0, depth-1)
		case depth > 0 || r == '*' || r == '\ufeff' || unicode.IsSpace(r):
		default:
			b.WriteRune(simplified(unicode.ToLower(r)))
		}
	}
	return b.String()
}

// simplified turns the traditional characters of the words in synonyms.go into simplified ones.
func simplified(r rune) rune {
	const traditional = "經緯編號稱單業網類別發現間檢點複覆驗銷備註級責員長風險風層屬規營場點區線權運聯繫詳細實際創建築積開關閉終處來問題項幹鄉鎮街東護圍範執務報驗時標準術統機構代碼協調樓內"
	const simple = "经纬编号称单业网类别发现间检点复复验销备注级责员长风险风层属规营场点区线权运联系详细实际创建筑积开关闭终处来问题项干乡镇街东护围范执务报验时标准术统机构代码协调楼内"
	if r < 0x3400 {
		return r
	}
	i := strings.IndexRune(traditional, r)
	if i < 0 {
		return r
	}
	return []rune(simple)[len([]rune(traditional[:i]))]
}
