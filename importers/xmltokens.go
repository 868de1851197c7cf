package importers

import (
	"bufio"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"hazgrid/safety"
)

// Bounds of XML: encoding/xml holds a tag, or the text between two, in memory, and each attribute twice.
const (
	maxXMLText  = 32 << 20
	maxXMLTag   = 1 << 20
	maxXMLDepth = 100
)

// An xmlTokens walks over the elements of an XML text. It knows the entities of XML and HTML and no others: what a
// document type declares is not used, so nothing grows by itself.
type xmlTokens struct {
	in    *xmlMeter
	dec   *xml.Decoder
	depth int
}

// newXMLTokens reads text that is UTF-8, whatever its first line says.
func newXMLTokens(text io.Reader) *xmlTokens {
	m := &xmlMeter{in: bufio.NewReaderSize(text, 64<<10)}
	d := xml.NewDecoder(m)
	d.Entity = xml.HTMLEntity
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	return &xmlTokens{in: m, dec: d}
}

// next returns the next token, valid until the one after.
func (x *xmlTokens) next() (xml.Token, error) {
	x.in.begin()
	t, err := x.dec.Token()
	var bad *xml.SyntaxError
	switch {
	case err == nil || errors.Is(err, io.EOF) || errors.Is(err, safety.ErrInvalid):
		return t, err
	case errors.As(err, &bad) && strings.Contains(bad.Msg, "EOF"):
		return nil, fmt.Errorf("%w: the XML is cut off in line %d", safety.ErrInvalid, bad.Line)
	case errors.As(err, &bad):
		return nil, fmt.Errorf("%w: not XML in line %d: %s", safety.ErrInvalid, bad.Line, clip(bad.Msg))
	}
	return nil, err
}

// root calls f with the outermost element, which f must use up, and reads on to the end.
func (x *xmlTokens) root(f func(xml.StartElement) error) error {
	seen := false
	for {
		t, err := x.next()
		if errors.Is(err, io.EOF) {
			if !seen {
				return fmt.Errorf("%w: the XML is cut off before its first element", safety.ErrInvalid)
			}
			return nil
		}
		if err != nil {
			return err
		}
		e, ok := t.(xml.StartElement)
		switch {
		case ok && seen:
			return fmt.Errorf("%w: not XML: <%s> after the end", safety.ErrInvalid, clip(e.Name.Local))
		case ok:
			seen = true
			if err := f(e); err != nil {
				return err
			}
		}
	}
}

// children calls f for each child of the element that is open, and f must use it up.
func (x *xmlTokens) children(f func(xml.StartElement) error) error {
	if x.depth++; x.depth > maxXMLDepth {
		return fmt.Errorf("%w: XML nested more than %d deep", safety.ErrInvalid, maxXMLDepth)
	}
	defer func() { x.depth-- }()
	for {
		t, err := x.next()
		if err != nil {
			return x.cut(err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			if err := f(t); err != nil {
				return err
			}
		case xml.EndElement:
			return nil
		}
	}
}

// skip uses up the element that is open.
func (x *xmlTokens) skip() error {
	return x.children(func(xml.StartElement) error { return x.skip() })
}

// text uses up the element that is open and returns its text, without that of its children.
func (x *xmlTokens) text() (string, error) {
	var b strings.Builder
	for {
		t, err := x.next()
		if err != nil {
			return "", x.cut(err)
		}
		switch t := t.(type) {
		case xml.CharData:
			if b.Len()+len(t) > maxXMLText {
				return "", errXMLLong
			}
			b.Write(t)
		case xml.StartElement:
			if err := x.skip(); err != nil {
				return "", err
			}
		case xml.EndElement:
			return b.String(), nil
		}
	}
}

// cut is what the end of the text means inside an element.
func (x *xmlTokens) cut(err error) error {
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: the XML is cut off", safety.ErrInvalid)
	}
	return err
}

var errXMLLong = fmt.Errorf("%w: a text of more than %d MB, or a tag of more than %d MB, in the XML", safety.ErrInvalid, maxXMLText>>20, maxXMLTag>>20)

// An xmlMeter hands bytes to the decoder and ends when a tag or a text gets too long. In CDATA it may take for a tag
// what is none; nobody writes a "<" there and a megabyte without ">" behind it.
type xmlMeter struct {
	in    *bufio.Reader
	total int64 // bytes read
	token int   // bytes since the token began
	tag   int   // bytes since a "<" that no ">" has followed; 0 outside
	quote byte
}

func (m *xmlMeter) begin() { m.token = 0 }

// Read implements io.Reader; the decoder reads byte by byte.
func (m *xmlMeter) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	c, err := m.ReadByte()
	if err != nil {
		return 0, err
	}
	p[0] = c
	return 1, nil
}

// ReadByte implements io.ByteReader.
func (m *xmlMeter) ReadByte() (byte, error) {
	c, err := m.in.ReadByte()
	if err != nil {
		return 0, err
	}
	m.token++
	m.total++
	switch {
	case m.tag == 0 && c == '<':
		m.tag = 1
	case m.tag == 0:
	case m.tag == 1 && c == '!', m.quote == 0 && c == '>':
		m.tag, m.quote = 0, 0
	default:
		m.tag++
		if m.quote == c {
			m.quote = 0
		} else if m.quote == 0 && (c == '"' || c == '\'') {
			m.quote = c
		}
	}
	if m.token > maxXMLText || m.tag > maxXMLTag {
		return 0, errXMLLong
	}
	return c, nil
}

// xmlCharset returns the charset of XML that begins with head: a byte order mark's or the user's, else that of its first
// line, else what the bytes look like.
func xmlCharset(head []byte, detected charset, o Options) (charset, error) {
	if asked, _ := charsetOf(o.Encoding); detected.skip > 0 || asked.name != "" {
		return detected, nil
	}
	name := declaredEncoding(string(head[:min(len(head), 1024)]))
	if name == "" {
		return detected, nil
	}
	declared, err := charsetOf(name)
	if err != nil || declared.enc == nil || strings.HasPrefix(declared.name, "utf-16") { // the head has been read as it is
		return detected, err
	}
	return declared, nil
}

// declaredEncoding finds encoding="…" in an XML declaration.
func declaredEncoding(head string) string {
	line, ok := strings.CutPrefix(strings.TrimLeft(head, blanks), "<?xml")
	if !ok {
		return ""
	}
	line, _, _ = strings.Cut(line, "?>")
	_, rest, ok := strings.Cut(line, "encoding")
	rest = strings.TrimLeft(strings.TrimPrefix(strings.TrimLeft(rest, blanks), "="), blanks)
	if !ok || rest == "" || rest[0] != '"' && rest[0] != '\'' {
		return ""
	}
	name, _, _ := strings.Cut(rest[1:], rest[:1])
	return name
}
