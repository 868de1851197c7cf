package importers

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"
)

// attr returns the value of an attribute by its local name, "" when there is none.
func (x *xmlScanner) attr(name string) string {
	for rest := x.attrs; ; {
		key, value, after, ok := cutAttr(rest)
		if !ok {
			return ""
		}
		if string(local(key)) == name {
			return unescape(value)
		}
		rest = after
	}
}

// cutAttr cuts the first name="value".
func cutAttr(b []byte) (key, value, rest []byte, ok bool) {
	for len(b) > 0 && b[0] <= ' ' {
		b = b[1:]
	}
	i := bytes.IndexByte(b, '=')
	if i < 0 {
		return nil, nil, nil, false
	}
	key, b = b[:i], b[i+1:]
	for len(key) > 0 && key[len(key)-1] <= ' ' {
		key = key[:len(key)-1]
	}
	for len(b) > 0 && b[0] <= ' ' {
		b = b[1:]
	}
	if len(b) == 0 || b[0] != '"' && b[0] != '\'' {
		return nil, nil, nil, false
	}
	j := bytes.IndexByte(b[1:], b[0])
	if j < 0 {
		return nil, nil, nil, false
	}
	return key, b[1 : j+1], b[j+2:], true
}

// unescape resolves the references of XML text; what is no reference stands for itself.
func unescape(b []byte) string {
	if bytes.IndexByte(b, '&') < 0 {
		return string(b)
	}
	return string(appendUnescaped(nil, b))
}

// appendUnescaped appends text with its references resolved.
func appendUnescaped(dst, b []byte) []byte {
	for {
		i := bytes.IndexByte(b, '&')
		if i < 0 {
			return append(dst, b...)
		}
		dst, b = append(dst, b[:i]...), b[i:]
		end := bytes.IndexByte(b[:min(len(b), 12)], ';')
		r := rune(-1)
		if end > 0 {
			r = reference(string(b[1:end]))
		}
		if r < 0 {
			dst, b = append(dst, '&'), b[1:]
			continue
		}
		dst, b = utf8.AppendRune(dst, r), b[end+1:]
	}
}

// reference returns the character of a reference, -1 when it is none.
func reference(name string) rune {
	switch name {
	case "amp":
		return '&'
	case "lt":
		return '<'
	case "gt":
		return '>'
	case "quot":
		return '"'
	case "apos":
		return '\''
	}
	digits, ok := strings.CutPrefix(name, "#")
	base := 10
	if hex, isHex := strings.CutPrefix(digits, "x"); isHex {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	if !ok || err != nil || n > utf8.MaxRune {
		return -1
	}
	return rune(n)
}
