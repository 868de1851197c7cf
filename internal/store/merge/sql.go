package merge

import (
	"strings"

	"hazgrid/safety"
)

// quote makes an identifier of a name: "order" is a word of SQL.
func quote(name string) string { return `"` + name + `"` }

// table is the quoted name of k's table.
func table(k safety.Kind) string { return quote(string(k)) }

// list joins parts with commas, each in the form of format with every % replaced by the part.
func list(parts []string, format string) string {
	out := make([]string, len(parts))
	for i, p := range parts {
		out[i] = strings.ReplaceAll(format, "%", p)
	}
	return strings.Join(out, ", ")
}

// names returns the names of k's fields.
func names(k safety.Kind) []string {
	var out []string
	for _, f := range safety.Fields(k) {
		out = append(out, f.Name)
	}
	return out
}
