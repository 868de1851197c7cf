package importers

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"hazgrid/safety"
)

// A charset is how the bytes of a file become text.
type charset struct {
	name string            // "utf-8", "gb18030", …
	enc  encoding.Encoding // nil for UTF-8, which is read as it is and checked row by row
	skip int               // bytes of the byte order mark
}

var boms = []struct {
	mark, name string
}{{"\xef\xbb\xbf", "utf-8"}, {"\xff\xfe", "utf-16le"}, {"\xfe\xff", "utf-16be"}}

// CheckEncoding reports whether name is auto, utf-8, utf-16le, utf-16be, gb18030, gbk, big5 or
// another name of the WHATWG Encoding Standard; the error is a safety.ErrInvalid.
func CheckEncoding(name string) error {
	_, err := charsetOf(name)
	return err
}

// charsetOf returns the charset of a name; that of "auto" is the zero charset.
func charsetOf(name string) (charset, error) {
	name = strings.ToLower(strings.TrimSpace(name))
	switch name {
	case "", "auto":
		return charset{}, nil
	case "utf-8", "utf8":
		return charset{name: "utf-8"}, nil
	case "utf-16le", "utf-16", "utf16":
		return charset{name: "utf-16le", enc: unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)}, nil
	case "utf-16be":
		return charset{name: name, enc: unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)}, nil
	case "cp936", "936", "windows-936":
		name = "gbk"
	}
	enc, err := htmlindex.Get(name)
	if err != nil || enc == encoding.Replacement {
		return charset{}, fmt.Errorf("%w: encoding %q is not known (want auto, utf-8, gb18030, gbk, big5, utf-16le, utf-16be, …)", safety.ErrInvalid, name)
	}
	canonical, err := htmlindex.Name(enc)
	if err != nil {
		canonical = name
	}
	if canonical == "utf-8" {
		enc = nil
	}
	return charset{name: canonical, enc: enc}, nil
}

// detect returns the charset of a file that begins with head. A byte order mark decides, whatever the
// user says; then the user; then head is UTF-8 when all of it is, and GB18030 (which holds GBK and
// GB 2312) when not: the two encodings in which Chinese spreadsheets save text without a mark.
func detect(head []byte, asked charset) charset {
	for _, b := range boms {
		if bytes.HasPrefix(head, []byte(b.mark)) {
			cs, _ := charsetOf(b.name)
			cs.skip = len(b.mark)
			return cs
		}
	}
	if asked.name != "" {
		return asked
	}
	if utf8.Valid(wholeRunes(head)) {
		return charset{name: "utf-8"}
	}
	cs, _ := charsetOf("gb18030")
	return cs
}

// wholeRunes cuts a rune that the end of b has split.
func wholeRunes(b []byte) []byte {
	for i := len(b) - 1; i >= 0 && i >= len(b)-utf8.UTFMax; i-- {
		if utf8.RuneStart(b[i]) {
			if !utf8.FullRune(b[i:]) {
				return b[:i]
			}
			break
		}
	}
	return b
}

// reader returns the text of r, which stands at the start of the file.
func (c charset) reader(r io.Reader) (io.Reader, error) {
	if _, err := io.CopyN(io.Discard, r, int64(c.skip)); err != nil {
		return nil, err
	}
	if c.enc == nil {
		return r, nil
	}
	return transform.NewReader(r, c.enc.NewDecoder()), nil
}

// text returns the text of the head of a file.
func (c charset) text(head []byte) []byte {
	head = head[min(c.skip, len(head)):]
	if c.enc == nil {
		return head
	}
	b, _, _ := transform.Bytes(c.enc.NewDecoder(), head) // what is cut at the end does not matter here
	return b
}

// fault says what is wrong with the bytes of a row: text that is not of the charset.
func (c charset) fault(text []byte) *fault {
	if c.enc == nil {
		if utf8.Valid(text) {
			return nil
		}
		return &fault{reason: fmt.Sprintf("not UTF-8 from byte %d of the record on (another encoding? see --encoding)", firstInvalid(text)+1)}
	}
	if i := bytes.IndexRune(text, utf8.RuneError); i >= 0 {
		return &fault{reason: fmt.Sprintf("not %s from character %d of the record on (another encoding? see --encoding)", c.name, utf8.RuneCount(text[:i])+1)}
	}
	return nil
}

func firstInvalid(b []byte) int {
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(b)
}
