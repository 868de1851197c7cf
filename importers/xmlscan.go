package importers

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"hazgrid/safety"
)

// maxToken bounds one tag, or the text between two tags, of XML: a cell holds at most 32,767 characters.
const maxToken = 4 << 20

// An xmlScanner reads XML tag by tag, without a tree and without copies. It knows elements, attributes, text, comments and
// CDATA; no entity but the five of XML and numbers, so nothing can grow by itself. name, attrs and text are valid until the next tag.
type xmlScanner struct {
	src      io.Reader
	buf      []byte
	pos, end int
	srcErr   error

	text    []byte // character data before the tag, not unescaped
	name    []byte // local name of the tag
	attrs   []byte
	closing bool // </name>
	empty   bool // <name/>
	aside   []byte
}

func newXMLScanner(src io.Reader) *xmlScanner {
	return &xmlScanner{src: src, buf: make([]byte, 64<<10)}
}

// next goes to the next tag; io.EOF is the end between tags, where only blanks are left.
func (x *xmlScanner) next() error {
	x.aside = x.aside[:0]
	for {
		n, err := x.until('<')
		if err != nil {
			if errors.Is(err, io.EOF) && len(bytes.TrimSpace(x.buf[x.pos:x.end])) > 0 {
				return cutXML()
			}
			return err
		}
		skipped, err := x.special(n)
		if err != nil || !skipped {
			return err
		}
	}
}

func cutXML() error { return fmt.Errorf("%w: the XML is cut off", safety.ErrInvalid) }

func tooLongXML() error {
	return fmt.Errorf("%w: a tag or text of more than %d MB in the XML", safety.ErrInvalid, maxToken>>20)
}

// special reads what begins with '<' after n bytes of text: a tag, or something that is none, which is skipped and its text put aside.
func (x *xmlScanner) special(n int) (skipped bool, err error) {
	if err := x.need(2, n); err != nil {
		return false, cutXML()
	}
	c := x.buf[x.pos+1]
	if c != '!' && c != '?' {
		return false, x.tag(n)
	}
	x.aside = append(x.aside, x.buf[x.pos-n:x.pos]...)
	mark, cdata := ">", false
	switch {
	case c == '?':
		mark = "?>"
	case x.starts("<!--"):
		mark = "-->"
	case x.starts("<![CDATA["):
		mark, cdata = "]]>", true
	}
	inner, err := x.through(mark)
	if cdata && err == nil {
		raw := inner[min(len("<![CDATA["), len(inner)-len(mark)) : len(inner)-len(mark)]
		x.aside = append(x.aside, bytes.ReplaceAll(raw, []byte("&"), []byte("&amp;"))...)
	}
	if err == nil && len(x.aside) > maxToken {
		err = tooLongXML()
	}
	return true, err
}

// tag reads the tag at pos, before which n bytes of text lie.
func (x *xmlScanner) tag(n int) error {
	length, err := x.tagLength(n)
	if err != nil {
		return err
	}
	x.text = x.buf[x.pos-n : x.pos]
	if len(x.aside) > 0 {
		x.aside = append(x.aside, x.text...)
		x.text = x.aside
	}
	body := x.buf[x.pos+1 : x.pos+length-1]
	x.pos += length
	x.closing = len(body) > 0 && body[0] == '/'
	if x.closing {
		body = body[1:]
	}
	x.empty = len(body) > 0 && body[len(body)-1] == '/'
	if x.empty {
		body = body[:len(body)-1]
	}
	x.name, x.attrs = splitTag(body)
	return nil
}

// splitTag cuts a tag into its local name and its attributes, which begin behind the first blank.
func splitTag(body []byte) (name, attrs []byte) {
	from := 0
	for i, c := range body {
		switch {
		case c <= ' ':
			return body[from:i], body[i+1:]
		case c == ':' && from == 0:
			from = i + 1
		}
	}
	return body[from:], nil
}

// local cuts the prefix of a qualified name.
func local(name []byte) []byte { return name[bytes.IndexByte(name, ':')+1:] }

// tagLength returns the length of the tag at pos, which ends at the first '>' outside quotes. The keep
// bytes before pos stay in the buffer.
func (x *xmlScanner) tagLength(keep int) (int, error) {
	var quote byte
	for n := 1; ; {
		for i, c := range x.buf[x.pos+n : x.end] {
			switch {
			case quote != 0:
				if c == quote {
					quote = 0
				}
			case c == '>':
				return n + i + 1, nil
			case c == '"' || c == '\'':
				quote = c
			}
		}
		n = x.end - x.pos
		if err := x.fill(keep); err != nil {
			return 0, cutAt(err)
		}
	}
}

// cutAt says what the end of the text means where more must follow.
func cutAt(err error) error {
	if errors.Is(err, io.EOF) {
		return cutXML()
	}
	return err
}

// until goes to the next c and returns how much stands before it.
func (x *xmlScanner) until(c byte) (int, error) {
	if x.pos < x.end && x.buf[x.pos] == c { // most tags follow another
		return 0, nil
	}
	for n := 0; ; {
		if i := bytes.IndexByte(x.buf[x.pos+n:x.end], c); i >= 0 {
			x.pos += n + i
			return n + i, nil
		}
		n = x.end - x.pos
		if err := x.fill(0); err != nil {
			return n, err
		}
	}
}

// between returns the text between two runs of tags and goes behind them, if they are all that comes, and are in the buffer already.
// It spares looking at one tag after the other where they are always the same; where it finds nothing it does nothing.
func (x *xmlScanner) between(open, end string) ([]byte, bool) {
	text, ok := bytes.CutPrefix(x.buf[x.pos:x.end], []byte(open))
	if !ok {
		return nil, false
	}
	n := bytes.IndexByte(text, '<')
	if n < 0 || n > maxToken || !bytes.HasPrefix(text[n:], []byte(end)) {
		return nil, false
	}
	x.pos += len(open) + n + len(end)
	return text[:n], true
}

// through returns all up to and with mark, and goes behind it.
func (x *xmlScanner) through(mark string) ([]byte, error) {
	for {
		if i := bytes.Index(x.buf[x.pos:x.end], []byte(mark)); i >= 0 {
			from := x.pos
			x.pos += i + len(mark)
			return x.buf[from:x.pos], nil
		}
		if err := x.fill(0); err != nil {
			return nil, cutAt(err)
		}
	}
}

// discard goes behind the next mark, whatever lies between.
func (x *xmlScanner) discard(mark string) error {
	for {
		if i := bytes.Index(x.buf[x.pos:x.end], []byte(mark)); i >= 0 {
			x.pos += i + len(mark)
			return nil
		}
		x.pos = max(x.pos, x.end-len(mark)+1)
		if err := x.fill(0); err != nil {
			return err
		}
	}
}

func (x *xmlScanner) starts(s string) bool {
	return x.need(len(s), 0) == nil && string(x.buf[x.pos:x.pos+len(s)]) == s
}

// need reads until n bytes are there, with keep before them.
func (x *xmlScanner) need(n, keep int) error {
	for x.end-x.pos < n {
		if err := x.fill(keep); err != nil {
			return err
		}
	}
	return nil
}

// fill reads more; all from pos−keep on stays, at a place that may be new.
func (x *xmlScanner) fill(keep int) error {
	if x.srcErr != nil {
		return x.srcErr
	}
	from := x.pos - keep
	if x.end-from > maxToken {
		return tooLongXML()
	}
	if from > 0 && x.end == len(x.buf) {
		copy(x.buf, x.buf[from:x.end])
		x.pos, x.end = keep, x.end-from
	}
	if x.end == len(x.buf) {
		x.buf = append(x.buf, make([]byte, len(x.buf))...)
	}
	n, err := x.src.Read(x.buf[x.end:])
	x.end += n
	if x.srcErr = err; n > 0 {
		return nil
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	return err
}
