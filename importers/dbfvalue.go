package importers

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"
	"time"
)

// A dbfReader turns the records of a dBase table into texts. Its memory is used again.
type dbfReader struct {
	*dbfTable
	text   *dbfText
	names  []string
	buf    []byte // the texts of a record, one after the other
	ends   []int
	values []string
	cut    func(name string) // told of a value that was cut off in the middle of a character
}

// record returns the texts of the last record, valid until the next one is read.
func (r *dbfReader) record() ([]string, *fault) {
	var bad *fault
	r.buf, r.ends, r.values = r.buf[:0], r.ends[:0], r.values[:0]
	for i, f := range r.fields {
		if why := r.field(f, r.raw[f.from:f.to], r.names[i]); why != "" && bad == nil {
			bad = &fault{r.names[i], why}
		}
		r.ends = append(r.ends, len(r.buf))
	}
	all := string(r.buf) // one piece of memory for all values
	from := 0
	for _, to := range r.ends {
		r.values = append(r.values, all[from:to])
		from = to
	}
	return r.values, bad
}

// field appends the text of a value, and says what is wrong with it.
func (r *dbfReader) field(f dbfField, b []byte, name string) (why string) {
	switch f.kind {
	case 'C':
		var cut bool
		if r.buf, cut, why = r.text.append(r.buf, b); cut {
			r.cut(name)
		}
	case 'N', 'F':
		r.buf = append(r.buf, plainNumber(b)...)
	case 'D':
		r.buf = appendDate(r.buf, bytes.Trim(b, " \x00"))
	case 'L':
		r.buf = append(r.buf, logical(b)...)
	case 'I':
		if len(b) == 4 {
			r.buf = strconv.AppendInt(r.buf, int64(int32(binary.LittleEndian.Uint32(b))), 10)
		}
	case 'T', '@':
		r.buf = appendMoment(r.buf, b)
	}
	return why
}

// readKinds are the types of fields whose values are read.
const readKinds = "CNFDLIT@"

// plainNumber takes off a number what is no part of it: spaces, the zeros that fill its decimals, and the
// asterisks that stand for one that did not fit.
func plainNumber(b []byte) []byte {
	b = bytes.Trim(b, " \x00")
	if bytes.IndexByte(b, '*') >= 0 {
		return nil
	}
	if bytes.IndexByte(b, '.') > 0 && !bytes.ContainsAny(b, "eE") {
		b = bytes.TrimRight(bytes.TrimRight(b, "0"), ".")
	}
	return b
}

// appendDate writes YYYYMMDD as YYYY-MM-DD; zeros are no date.
func appendDate(out, b []byte) []byte {
	switch {
	case len(b) == 8 && digits(b) == 8 && string(b) != "00000000":
		return fmt.Appendf(out, "%s-%s-%s", b[:4], b[4:6], b[6:])
	case len(bytes.Trim(b, "0")) == 0:
		return out
	}
	return append(out, b...)
}

func logical(b []byte) string {
	if len(b) > 0 {
		switch b[0] {
		case 'T', 't', 'Y', 'y':
			return "true"
		case 'F', 'f', 'N', 'n':
			return "false"
		}
	}
	return ""
}

// appendMoment writes a day and time of FoxPro: a Julian day number and milliseconds since midnight.
func appendMoment(out, b []byte) []byte {
	if len(b) != 8 {
		return out
	}
	const epoch = 2440588 // Julian day of 1970-01-01
	day, ms := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
	if day == 0 || day > 5373484 || ms >= 86400000 { // after the year 9999
		return out
	}
	t := time.Unix((int64(day)-epoch)*86400, 0).UTC().Add(time.Duration(ms) * time.Millisecond)
	return t.AppendFormat(out, "2006-01-02 15:04:05.000")
}
