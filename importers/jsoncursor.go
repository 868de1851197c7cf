package importers

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// A cursor walks over JSON that is whole in memory.
type cursor struct {
	b []byte
	i int
}

// A syntaxError says at which byte of a cursor the text is not JSON.
type syntaxError struct {
	at   int
	what string
}

func (e *syntaxError) Error() string { return "byte " + strconv.Itoa(e.at+1) + ": " + e.what }

func (c *cursor) fail(what string) error { return &syntaxError{at: c.i, what: what} }

// peek returns the next byte that is not white space, 0 at the end.
func (c *cursor) peek() byte {
	for ; c.i < len(c.b); c.i++ {
		switch x := c.b[c.i]; x {
		case ' ', '\t', '\r', '\n':
		default:
			return x
		}
	}
	return 0
}

// maxDepth bounds how deep values may be nested, as encoding/json does.
const maxDepth = 1000

// members calls f for each member of an object, with the cursor at its value, which f must use up.
// The name is valid until f returns.
func (c *cursor) members(f func(name []byte) error) error {
	return c.list('{', '}', func() error {
		if c.peek() != '"' {
			return c.fail("want a name in quotes")
		}
		name, err := c.text()
		if err != nil {
			return err
		}
		if c.peek() != ':' {
			return c.fail("want ':'")
		}
		c.i++
		return f(name)
	})
}

// list calls f for each part of an array or object.
func (c *cursor) list(opens, closes byte, f func() error) error {
	if c.peek() != opens {
		return c.fail("want '" + string(rune(opens)) + "'")
	}
	c.i++
	if c.peek() == closes {
		c.i++
		return nil
	}
	for {
		if err := f(); err != nil {
			return err
		}
		switch c.peek() {
		case ',':
			c.i++
		case closes:
			c.i++
			return nil
		default:
			return c.fail("want ',' or '" + string(rune(closes)) + "'")
		}
	}
}

// skip checks a value and passes over it; it returns the value as it stands.
func (c *cursor) skip(depth int) ([]byte, error) {
	x := c.peek()
	start := c.i
	err := error(nil)
	switch {
	case depth > maxDepth:
		err = c.fail("nested too deep")
	case x == '{':
		err = c.members(func([]byte) error { _, err := c.skip(depth + 1); return err })
	case x == '[':
		err = c.list('[', ']', func() error { _, err := c.skip(depth + 1); return err })
	case x == '"':
		_, err = c.text()
	default:
		err = c.word()
	}
	return c.b[start:c.i], err
}

// words are what may stand for a value besides numbers. NaN and Infinity are not
// JSON, but programs write them; they are passed on as text and refused as values.
var words = []string{"null", "true", "false", "NaN", "Infinity", "-Infinity", "nan", "inf", "-inf"}

func (c *cursor) word() error {
	if n := numberLen(c.b[c.i:]); n > 0 {
		c.i += n
		return nil
	}
	for _, w := range words {
		if rest := c.b[c.i:]; len(rest) >= len(w) && string(rest[:len(w)]) == w {
			c.i += len(w)
			return nil
		}
	}
	return c.fail("want a value")
}

// text reads a string. The result is part of the text, or new where there were escapes.
func (c *cursor) text() ([]byte, error) {
	c.i++ // the quote, which the caller has seen
	start := c.i
	for ; c.i < len(c.b); c.i++ {
		switch c.b[c.i] {
		case '"':
			c.i++
			return c.b[start : c.i-1], nil
		case '\\':
			return c.escaped(start)
		}
	}
	return nil, c.fail("a string without end")
}

// escaped goes on with a string that began at start, from the first backslash on.
func (c *cursor) escaped(start int) ([]byte, error) {
	out := append([]byte(nil), c.b[start:c.i]...)
	for c.i < len(c.b) {
		x := c.b[c.i]
		c.i++
		switch x {
		case '"':
			return out, nil
		case '\\':
			r, err := c.escape()
			if err != nil {
				return nil, err
			}
			out = utf8.AppendRune(out, r)
		default:
			out = append(out, x)
		}
	}
	return nil, c.fail("a string without end")
}

// escape reads what follows a backslash.
func (c *cursor) escape() (rune, error) {
	if c.i >= len(c.b) {
		return 0, c.fail("a string without end")
	}
	x := c.b[c.i]
	c.i++
	switch x {
	case '"', '\\', '/':
		return rune(x), nil
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'u':
		return c.unicode()
	}
	return 0, c.fail("an unknown escape in a string")
}

// unicode reads the four digits after \u, and the second half of a surrogate pair.
func (c *cursor) unicode() (rune, error) {
	r, ok := c.hex()
	if !ok {
		return 0, c.fail("want four hexadecimal digits after \\u")
	}
	if !utf16.IsSurrogate(r) {
		return r, nil
	}
	if c.i+6 <= len(c.b) && c.b[c.i] == '\\' && c.b[c.i+1] == 'u' {
		back := c.i
		c.i += 2
		if low, ok := c.hex(); ok {
			if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
				return pair, nil
			}
		}
		c.i = back
	}
	return utf8.RuneError, nil
}

func (c *cursor) hex() (rune, bool) {
	if c.i+4 > len(c.b) {
		return 0, false
	}
	v, err := strconv.ParseUint(string(c.b[c.i:c.i+4]), 16, 32)
	if err != nil {
		return 0, false
	}
	c.i += 4
	return rune(v), true
}
