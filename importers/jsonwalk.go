package importers

import "errors"

// members uses up an object and calls f for each member, whose value f must use up.
func (s *jsonStream) members(f func(name string) error) error {
	return s.list('{', '}', func() error {
		raw, at, err := s.value()
		if err != nil {
			return err
		}
		c := cursor{b: raw}
		if c.peek() != '"' {
			return broken(at, "want a name in quotes")
		}
		name, err := c.text()
		if err != nil {
			return placed(err, at)
		}
		key := string(name)
		switch b, err := s.next(); {
		case err != nil:
			return err
		case b != ':':
			return broken(s.at()-1, "%q where ':' should be", b)
		}
		return f(key)
	})
}

// elements uses up an array and calls f for each element, which f must use up.
func (s *jsonStream) elements(f func() error) error { return s.list('[', ']', f) }

// list uses up what stands in brackets, separated by commas.
func (s *jsonStream) list(opens, closes byte, f func() error) error {
	switch b, err := s.next(); {
	case err != nil:
		return err
	case b != opens:
		return broken(s.at()-1, "%q where '%c' should be", b, opens)
	}
	if b, err := s.peek(); err == nil && b == closes {
		s.pos++
		return nil
	}
	for {
		if err := f(); err != nil {
			return err
		}
		switch b, err := s.next(); {
		case err != nil:
			return err
		case b == closes:
			return nil
		case b != ',':
			return broken(s.at()-1, "%q where ',' or '%c' should be", b, closes)
		}
	}
}

// pass uses up a value, however long, without looking into it.
func (s *jsonStream) pass() error {
	if _, _, err := s.value(); !errors.Is(err, errTooLong) {
		return err
	}
	return nil
}

// placed gives the error of a cursor its place in the text, where the cursor's begins at an offset.
func placed(err error, at int64) error {
	var s *syntaxError
	if errors.As(err, &s) {
		return broken(at+int64(s.at), "%s", s.what)
	}
	return err
}
