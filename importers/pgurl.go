package importers

import (
	"fmt"
	"net/url"
	"os"
	"strings"

	"hazgrid/safety"
)

// isDatabase reports whether a path is the URL of a database.
func isDatabase(path string) bool {
	return strings.HasPrefix(path, "postgres://") || strings.HasPrefix(path, "postgresql://")
}

// urlOfOther returns the scheme of what looks like a URL that is not read; "" for a path.
func urlOfOther(path string) string {
	if scheme, _, is := strings.Cut(path, "://"); is && !isDatabase(path) {
		if _, err := os.Stat(path); err != nil {
			return scheme
		}
	}
	return ""
}

// Name is what messages and reports call a source: the path of a file, the URL of a database without
// its password and its settings.
func Name(path string) string {
	if scheme := urlOfOther(path); scheme != "" {
		return scheme + "://…" // it may hold a password
	}
	if !isDatabase(path) {
		return path
	}
	q, err := parsePGURL(path)
	if err != nil {
		return "postgres://…" // it may hold a password where none should be
	}
	return q.name
}

// A pgURL is the URL of a table or query: postgres://user:password@host/database?table=schema.name, or
// ?sql=SELECT…. Other parameters are those of the connection.
type pgURL struct {
	connect    string // URL without table and query
	table, sql string
	name       string // for messages
}

// parsePGURL reads a URL. A query is percent-encoded, or stands last and as it is: one with a space in it is taken so.
func parsePGURL(path string) (out pgURL, err error) {
	bad := fmt.Errorf("%w: not the URL of a database (want postgres://user:password@host/database?table=schema.name, or ?sql=SELECT…)", safety.ErrInvalid)
	if i := max(strings.Index(path, "?sql="), strings.Index(path, "&sql=")); i >= 0 && strings.ContainsAny(path[i:], " \t\n") {
		path, out.sql = path[:i], strings.TrimSpace(path[i+len("?sql="):])
	}
	u, err := url.Parse(path)
	if err != nil || u.Fragment != "" {
		return pgURL{}, bad
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return pgURL{}, bad
	}
	out.table = q.Get("table")
	if out.sql == "" {
		out.sql = q.Get("sql")
	}
	out.sql = strings.TrimRight(out.sql, "; \t\n")
	q.Del("table")
	q.Del("sql")
	u.RawQuery = q.Encode()
	out.connect = u.String()
	if u.RawQuery = ""; u.User != nil {
		u.User = url.User(u.User.Username())
	}
	switch out.name = u.String(); {
	case out.sql != "":
		out.name += "?sql=" + out.sql
	case out.table != "":
		out.name += "?table=" + out.table
	}
	return out, nil
}

// what returns the table or query to read; layer is that of --layer.
func (p pgURL) what(layer string) (table, sql string, err error) {
	table = p.table
	if table == "" && p.sql == "" {
		table = layer
	}
	switch {
	case table != "" && p.sql != "":
		return "", "", fmt.Errorf("%w: both a table and a query; want one of them", safety.ErrInvalid)
	case table == "" && p.sql == "":
		return "", "", fmt.Errorf("%w: the URL names no table (?table=schema.name) and no query (?sql=SELECT…)", safety.ErrInvalid)
	}
	return table, p.sql, nil
}
