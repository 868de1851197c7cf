package crs

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Bounds of a definition in WKT. Real ones have 400 to 4,000 bytes and nest six deep.
const (
	wktBytes = 64 << 10
	wktDepth = 24
)

// A node is one KEYWORD[…] of well-known text, of WKT 1 (OGC 01-009, ESRI) or WKT 2 (ISO 19162).
type node struct {
	keyword string   // upper case
	values  []string // its texts, without quotes, numbers and bare words, in order
	nodes   []node
}

// child returns the first node of any of these keywords inside n, nil when there is none.
func (n *node) child(keywords ...string) *node {
	for i := range n.nodes {
		for _, k := range keywords {
			if n.nodes[i].keyword == k {
				return &n.nodes[i]
			}
		}
	}
	return nil
}

// value returns the i-th value of n, "" when there is none or no n.
func (n *node) value(i int) string {
	if n == nil || i >= len(n.values) {
		return ""
	}
	return n.values[i]
}

// number returns the i-th value of n as a finite number of a size that lengths, angles and scales on the earth have.
func (n *node) number(i int) (float64, error) {
	v, err := strconv.ParseFloat(n.value(i), 64)
	if err != nil || !(v >= -1e9 && v <= 1e9) {
		return 0, fmt.Errorf("%s: want a number, got %q", n.keyword, n.value(i))
	}
	return v, nil
}

// A wktReader reads nodes.
type wktReader struct {
	text string
	i    int
}

// readWKT reads one node that is the whole text.
func readWKT(text string) (node, error) {
	text = strings.TrimSpace(strings.TrimPrefix(text, "\ufeff"))
	switch {
	case text == "":
		return node{}, errors.New("it is empty")
	case len(text) > wktBytes:
		return node{}, fmt.Errorf("it is longer than %d kB", wktBytes>>10)
	case strings.HasPrefix(text, "<"):
		return node{}, errors.New("it is HTML or XML, not WKT")
	case !utf8.ValidString(text):
		text = strings.ToValidUTF8(text, "\ufffd")
	}
	r := wktReader{text: text}
	n, err := r.node(0)
	if err == nil && r.peek() != 0 {
		err = r.fail("more after the end")
	}
	return n, err
}

func (r *wktReader) fail(what string) error {
	return fmt.Errorf("not WKT at byte %d: %s", r.i+1, what)
}

// peek passes over space and returns the next byte, 0 at the end.
func (r *wktReader) peek() byte {
	for ; r.i < len(r.text); r.i++ {
		if c := r.text[r.i]; c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return c
		}
	}
	return 0
}

// word reads letters, digits and what numbers and keywords have besides.
func (r *wktReader) word() string {
	r.peek()
	from := r.i
	for ; r.i < len(r.text); r.i++ {
		c := r.text[r.i]
		if letter := c|0x20 >= 'a' && c|0x20 <= 'z'; !letter && (c < '0' || c > '9') && !strings.ContainsRune("_.+-:", rune(c)) {
			break
		}
	}
	return r.text[from:r.i]
}

// node reads a keyword and its list in brackets of either form.
func (r *wktReader) node(depth int) (node, error) {
	n := node{keyword: strings.ToUpper(r.word())}
	open := r.peek()
	switch {
	case depth > wktDepth:
		return n, r.fail("nested too deep")
	case n.keyword == "":
		return n, r.fail("a keyword should be here")
	case open != '[' && open != '(':
		return n, r.fail("a bracket should follow " + clip(n.keyword))
	}
	r.i++
	if c := r.peek(); c == ']' || c == ')' {
		r.i++
		return n, nil
	}
	for {
		if err := r.item(&n, depth); err != nil {
			return n, err
		}
		switch r.peek() {
		case ',':
			r.i++
		case ']', ')':
			r.i++
			return n, nil
		case 0:
			return n, r.fail("cut off")
		default:
			return n, r.fail("a comma or a bracket should be here")
		}
	}
}

// item reads one member of the list of n.
func (r *wktReader) item(n *node, depth int) error {
	if r.peek() == '"' {
		text, err := r.quoted()
		n.values = append(n.values, text)
		return err
	}
	from := r.i
	word := r.word()
	if c := r.peek(); c == '[' || c == '(' {
		r.i = from
		child, err := r.node(depth + 1)
		n.nodes = append(n.nodes, child)
		return err
	}
	if word == "" {
		return r.fail("a value should be here")
	}
	n.values = append(n.values, word)
	return nil
}

// quoted reads a text in quotes; a quote in it is doubled.
func (r *wktReader) quoted() (string, error) {
	var b strings.Builder
	for r.i++; r.i < len(r.text); r.i++ {
		if c := r.text[r.i]; c != '"' {
			b.WriteByte(c)
		} else if r.i+1 < len(r.text) && r.text[r.i+1] == '"' {
			b.WriteByte(c)
			r.i++
		} else {
			r.i++
			return b.String(), nil
		}
	}
	return b.String(), r.fail("a quote is never closed")
}

// clip shortens what is quoted in a message or becomes a name.
func clip(s string) string {
	if r := []rune(s); len(r) > 80 {
		return string(r[:80]) + "…"
	}
	return s
}
