package importers

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"

	"hazgrid/safety"
)

// A dbfText decodes the texts of a dBase table.
type dbfText struct {
	charset charset
	said    string // who says that this is the encoding, for a message; "" when the bytes did
	decoder *encoding.Decoder
}

func newDBFText(cs charset, said string) *dbfText {
	t := &dbfText{charset: cs, said: said}
	switch {
	case cs.enc == simplifiedchinese.GBK:
		t.decoder = simplifiedchinese.GB18030.NewDecoder() // which holds GBK: rare names are written with its four bytes
	case cs.enc != nil:
		t.decoder = cs.enc.NewDecoder()
	}
	return t
}

// append decodes a value, without the spaces that fill its field. cut says that its last character was cut
// off by the end of the field, and is left out; why is what is wrong with it else.
func (t *dbfText) append(out, field []byte) (_ []byte, cut bool, why string) {
	b := field
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	b = bytes.TrimRight(b, " ")
	if ascii(b) {
		return append(out, b...), false, ""
	}
	full := len(b) == len(field)
	from := len(out)
	if t.decoder == nil {
		whole := wholeRunes(b)
		if cut = len(whole) < len(b) && full; cut {
			b = whole
		}
		out = append(out, b...)
		if !utf8.Valid(b) {
			why = t.invalid(fmt.Sprintf("byte %d", firstInvalid(b)+1))
		}
		return out, cut, why
	}
	out, n := t.decode(out, b)
	switch {
	case n < len(b) && full:
		cut = true
	case n < len(b):
		out = utf8.AppendRune(out, utf8.RuneError)
	}
	if i := bytes.IndexRune(out[from:], utf8.RuneError); i >= 0 {
		why = t.invalid(fmt.Sprintf("character %d", utf8.RuneCount(out[from:from+i])+1))
	}
	return out, cut, why
}

// decode appends the characters of b that are whole, and says how many bytes they are.
func (t *dbfText) decode(out, b []byte) (_ []byte, n int) {
	t.decoder.Reset()
	from := len(out)
	out = append(out, make([]byte, utf8.UTFMax*len(b))...)
	made, n, _ := t.decoder.Transform(out[from:], b, false)
	return out[:from+made], n
}

func (t *dbfText) invalid(from string) string {
	why := fmt.Sprintf("not %s from %s on", t.charset.name, from)
	if t.said != "" {
		why += ", though " + t.said + " says so"
	}
	return why + " (another encoding? see --encoding)"
}

func ascii(b []byte) bool {
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

// name decodes the name of a column, as far as it is whole. cut says that it was, or may have been, longer.
func (t *dbfText) name(raw []byte) (name string, cut bool, why string) {
	field := raw
	if len(raw) < dbfNameCut {
		field = append(slices.Clone(raw), 0) // not full: nothing of it can have been cut off
	}
	b, broken, why := t.append(nil, field)
	next := 1 // bytes of a character that would not have had room
	switch {
	case ascii(raw):
	case t.decoder == nil:
		next = 3
	default:
		next = 2
	}
	return strings.TrimSpace(string(b)), broken || len(raw)+next > dbfNameCut, why
}

// dbfEncoding finds what the text of a table is in: what the user says, else the .cpg, else the language driver, else
// UTF-8 when all of it is, else GB18030. again reads the table from its start once more.
func dbfEncoding(s *source, t *dbfTable, cpg string, again func() (io.ReadCloser, error)) (*dbfText, error) {
	asked, err := charsetOf(s.o.Encoding)
	if err != nil || asked.name != "" {
		return newDBFText(asked, "--encoding"), err
	}
	text := claimedEncoding(s, t, cpg)
	if text != nil && text.decoder == nil {
		return text, nil
	}
	in, err := again()
	if err != nil {
		return nil, err
	}
	all, some := isUTF8(in)
	switch {
	case text != nil && all && some:
		s.warn("encoding", fmt.Sprintf("%s says %s, but all of the text would be good UTF-8; is it? (--encoding utf-8)", text.said, text.charset.name))
	case text == nil && all:
		text = newDBFText(charset{name: "utf-8"}, "")
	case text == nil:
		cs, _ := charsetOf("gb18030")
		text = newDBFText(cs, "")
	}
	return text, in.Close()
}

// claimedEncoding is what the files say, nil when they say nothing that is known.
func claimedEncoding(s *source, t *dbfTable, cpg string) *dbfText {
	if cpg != "" {
		if cs, ok := codePage(cpg); ok {
			return newDBFText(cs, "the .cpg")
		}
		s.warn("encoding", fmt.Sprintf("the .cpg says %q, which is not known", clip(cpg)))
	}
	if cs, ok := codePage(driverPage(t.driver)); ok {
		return newDBFText(cs, fmt.Sprintf("the language byte 0x%02X of the .dbf", t.driver))
	}
	return nil
}

// isUTF8 reads a table as far as its text is UTF-8. some says that it is not ASCII alone.
func isUTF8(in io.Reader) (all, some bool) {
	t, err := newDBFTable(in)
	if err != nil {
		return true, false // said when the table is read
	}
	text := newDBFText(charset{name: "utf-8"}, "")
	for _, f := range t.fields {
		if _, _, why := text.name(f.raw); why != "" {
			return false, true
		}
		some = some || !ascii(f.raw)
	}
	var buf []byte
	for {
		if ok, err := t.next(); err != nil || !ok {
			return true, some
		}
		for _, f := range t.fields {
			b := t.raw[f.from:f.to]
			if f.kind != 'C' || ascii(b) {
				continue
			}
			var why string
			if buf, _, why = text.append(buf[:0], b); why != "" {
				return false, true
			}
			some = true
		}
	}
}

// header decodes the names of the columns. cut holds those that were cut off.
func (t *dbfText) header(fields []dbfField) (names []string, cut map[string]bool, err error) {
	cut = map[string]bool{}
	for i, f := range fields {
		name, short, why := t.name(f.raw)
		if why != "" {
			return nil, nil, fmt.Errorf("%w: the name of column %d is %s", safety.ErrInvalid, i+1, why)
		}
		if names = append(names, name); short {
			cut[name] = true
		}
	}
	return names, cut, nil
}

// codePage returns the charset of a name as .cpg files have it: UTF-8, CP936, 936, GBK, ANSI 1252, OEM 437,
// 8859-1, ISO 88591, LDID/77.
func codePage(name string) (charset, bool) {
	s := strings.ToLower(strings.Trim(name, " \t\r\n\x00\ufeff"))
	if driver, ok := strings.CutPrefix(s, "ldid/"); ok {
		var n byte
		if _, err := fmt.Sscan(driver, &n); err != nil {
			return charset{}, false
		}
		return codePage(driverPage(n))
	}
	for _, p := range []string{"ansi", "oem", "windows", "ibm", "cp", "ms", "x"} {
		if rest, ok := strings.CutPrefix(s, p); ok && strings.Trim(rest, " -_0123456789") == "" {
			s = strings.Trim(rest, " -_")
			break
		}
	}
	switch s {
	case "", "system", "acp":
		return charset{}, false
	case "65001":
		s = "utf-8"
	case "54936":
		s = "gb18030"
	case "950":
		s = "big5"
	case "932":
		s = "shift_jis"
	case "949":
		s = "euc-kr"
	case "437", "850", "852", "855", "858", "860", "862", "863", "865":
		return oemPage(s), true
	case "866":
		s = "ibm866"
	case "874", "1250", "1251", "1252", "1253", "1254", "1255", "1256", "1257", "1258":
		s = "windows-" + s
	}
	digits := strings.Trim(strings.TrimPrefix(strings.TrimPrefix(s, "iso"), "-"), " -_")
	if part, ok := strings.CutPrefix(digits, "8859"); ok {
		s = "iso-8859-" + strings.Trim(part, " -_")
	}
	cs, err := charsetOf(s)
	return cs, err == nil && cs.name != "" && !strings.HasPrefix(cs.name, "utf-16")
}

// oemPage returns a code page of DOS that the WHATWG Encoding Standard does not have.
func oemPage(n string) charset {
	pages := map[string]*charmap.Charmap{
		"437": charmap.CodePage437, "850": charmap.CodePage850, "852": charmap.CodePage852, "855": charmap.CodePage855, "858": charmap.CodePage858,
		"860": charmap.CodePage860, "862": charmap.CodePage862, "863": charmap.CodePage863, "865": charmap.CodePage865,
	}
	return charset{name: "ibm" + n, enc: pages[n]}
}

// driverPage returns the code page of a language driver id, "" of one that says nothing; among those is
// 0x57, "the ANSI of this computer", which ArcGIS writes wherever it runs.
func driverPage(id byte) string {
	pages := map[byte]string{
		0x01: "437", 0x02: "850", 0x03: "1252", 0x08: "865", 0x09: "437", 0x0a: "850", 0x0b: "437", 0x0d: "437", 0x0e: "850", 0x0f: "437",
		0x10: "850", 0x11: "437", 0x12: "850", 0x13: "932", 0x14: "850", 0x15: "437", 0x16: "850", 0x17: "865", 0x18: "437", 0x19: "437",
		0x1a: "850", 0x1b: "437", 0x1c: "863", 0x1d: "850", 0x1f: "852", 0x22: "852", 0x23: "852", 0x24: "860", 0x25: "850", 0x26: "866",
		0x37: "850", 0x40: "852", 0x4d: "936", 0x4e: "949", 0x4f: "950", 0x50: "874", 0x58: "1252", 0x59: "1252", 0x64: "852", 0x65: "866",
		0x66: "865", 0x6c: "863", 0x78: "950", 0x79: "949", 0x7a: "936", 0x7b: "932", 0x7c: "874", 0x7d: "1255", 0x7e: "1256",
		0x87: "852", 0xc8: "1250", 0xc9: "1251", 0xca: "1254", 0xcb: "1253", 0xcc: "1257",
	}
	return pages[id]
}
