package importers

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"hazgrid/safety"
)

// errTooLong says that a value was longer than a record may be; it has been passed over.
var errTooLong = errors.New("too long")

// A jsonStream cuts a stream of JSON into values and holds one of them at a time.
type jsonStream struct {
	src      io.Reader
	buf      []byte
	pos, end int   // what is read and not yet used is buf[pos:end]
	base     int64 // offset of buf[0] in the text, in bytes
	max      int   // bytes of a value
	err      error // of src, io.EOF at its end
}

func newJSONStream(src io.Reader, maxBytes int) *jsonStream {
	return &jsonStream{src: src, buf: make([]byte, 256<<10), max: maxBytes}
}

// at is the offset in the text of the next byte.
func (s *jsonStream) at() int64 { return s.base + int64(s.pos) }

// broken is the error of text that is not JSON at an offset.
func broken(at int64, format string, a ...any) error {
	return fmt.Errorf("%w: not JSON at byte %d: %s", safety.ErrInvalid, at+1, fmt.Sprintf(format, a...))
}

// ended is why there are no more bytes in the middle of something.
func (s *jsonStream) ended() error {
	if errors.Is(s.err, io.EOF) {
		return fmt.Errorf("%w: the JSON is cut off at byte %d: the end of the file comes inside a value", safety.ErrInvalid, s.base+int64(s.end))
	}
	return s.err
}

// more reads on, keeping buf[pos:end]; false at the end of the text.
func (s *jsonStream) more() bool {
	if s.err != nil {
		return false
	}
	if s.pos > 0 {
		copy(s.buf, s.buf[s.pos:s.end])
		s.base += int64(s.pos)
		s.end -= s.pos
		s.pos = 0
	}
	if s.end == len(s.buf) {
		s.buf = append(s.buf, make([]byte, len(s.buf))...)
	}
	for s.err == nil {
		n, err := s.src.Read(s.buf[s.end:])
		s.end += n
		s.err = err
		if n > 0 {
			return true
		}
	}
	return false
}

// peek returns the first byte that is not white space, and io.EOF when there is none.
func (s *jsonStream) peek() (byte, error) {
	for {
		for ; s.pos < s.end; s.pos++ {
			switch c := s.buf[s.pos]; c {
			case ' ', '\t', '\r', '\n':
			default:
				return c, nil
			}
		}
		if !s.more() {
			return 0, s.err
		}
	}
}

// next returns the first byte that is not white space and uses it up.
func (s *jsonStream) next() (byte, error) {
	c, err := s.peek()
	if errors.Is(err, io.EOF) {
		return 0, s.ended()
	}
	if err == nil {
		s.pos++
	}
	return c, err
}

// value returns the next value as it stands, valid until the next call, and its offset. What is
// inside is not checked beyond brackets and quotes. A value over max bytes is passed over: errTooLong.
func (s *jsonStream) value() (raw []byte, at int64, err error) {
	c, err := s.peek()
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = s.ended()
		}
		return nil, 0, err
	}
	at = s.at()
	switch c {
	case '{', '[', '"':
		raw, err = s.cut((&extent{}).advance)
	case '}', ']', ',', ':':
		err = broken(at, "%q where a value should be", c)
	default:
		raw, err = s.cut(scalar)
		if errors.Is(s.err, io.EOF) && err != nil {
			err = broken(at, "%q", c)
		}
	}
	return raw, at, err
}

// cut uses up what advance says belongs to the value.
func (s *jsonStream) cut(advance func([]byte) (int, bool)) ([]byte, error) {
	seen, long := 0, false
	for {
		n, done := advance(s.buf[s.pos+seen : s.end])
		seen += n
		if seen > s.max {
			long = true
		}
		switch {
		case done && long:
			s.pos += seen
			return nil, errTooLong
		case done:
			s.pos += seen
			return s.buf[s.pos-seen : s.pos], nil
		case long:
			s.pos, seen = s.pos+seen, 0
		}
		if !s.more() {
			return nil, s.ended()
		}
	}
}

// record uses up the text before the next record separator, and the separator, or before the end of the text: then it is the
// last. It returns the text, valid until the next call, and its offset; one over max bytes is passed over: errTooLong.
func (s *jsonStream) record() (raw []byte, at int64, last bool, err error) {
	at = s.at()
	for seen, long := 0, false; ; {
		n := bytes.IndexByte(s.buf[s.pos+seen:s.end], 0x1e)
		last = n < 0 && s.err != nil
		switch {
		case n >= 0:
			seen += n
		default:
			seen = s.end - s.pos
		}
		if long = long || seen > s.max; n >= 0 || last || long {
			raw = s.buf[s.pos : s.pos+seen]
			s.pos, seen = s.pos+seen, 0
		}
		switch {
		case last && !errors.Is(s.err, io.EOF):
			return nil, at, true, s.err
		case n >= 0:
			s.pos++
			fallthrough
		case last:
			if long {
				return nil, at, last, errTooLong
			}
			return raw, at, last, nil
		}
		s.more()
	}
}

// An extent follows brackets and quotes to the end of a value.
type extent struct {
	depth         int
	text, escaped bool
}

// advance reads b; it returns how much of it belongs to the value, and whether the value ends there.
func (e *extent) advance(b []byte) (n int, done bool) {
	for i, c := range b {
		if e.text {
			switch {
			case e.escaped:
				e.escaped = false
			case c == '\\':
				e.escaped = true
			case c == '"':
				e.text = false
				if e.depth == 0 {
					return i + 1, true
				}
			}
			continue
		}
		switch c {
		case '"':
			e.text = true
		case '{', '[':
			e.depth++
		case '}', ']':
			if e.depth--; e.depth == 0 {
				return i + 1, true
			}
		}
	}
	return len(b), false
}

// scalar is the advance of numbers and words.
func scalar(b []byte) (n int, done bool) {
	for i, c := range b {
		switch c {
		case ' ', '\t', '\r', '\n', ',', ':', '}', ']', '{', '[', '"':
			return i, true
		}
	}
	return len(b), false
}
